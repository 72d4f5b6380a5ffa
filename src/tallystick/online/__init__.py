"""The online phase: openings, inputs, evaluation and the joint proof (``spec/online.md``)."""

from ._openings import Openings

__all__ = ["Openings"]
