"""Functions over secrets, written in the operations of a plan and nothing else: an auditor need not trust
them.

``tallystick/__init__.pyi`` lists the functions that ``ts`` offers.  Loading this room enters into tracing the
operators that are functions themselves, and each function's name as what to write instead of NumPy's.
"""

from __future__ import annotations

from .. import __all__ as offered
from .. import tracing
from . import _choice as _choice
from . import _compare as _compare
from . import _numbers as _numbers
from . import join

__all__ = ["join"]

tracing.INSTEAD.update((name, f"use ts.{name}") for name in offered if name not in tracing.__all__)
