"""Preparation: authenticated material that depends on no input (``spec/online.md``, "Preparation")."""

from ._insecure import InsecureDealer
from ._preparation import Masks, Need, Preparation, Triples

__all__ = ["InsecureDealer", "Masks", "Need", "Preparation", "Triples"]
