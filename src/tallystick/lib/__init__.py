# SPDX-License-Identifier: Apache-2.0
"""Functions over secrets, written in the operations of a plan and nothing else: an auditor need not trust
them.

``tallystick/__init__.pyi`` lists the functions that ``ts`` offers.  Loading this room enters into tracing the
operators that are functions themselves, and each function's name as what to write instead of NumPy's.
"""

from __future__ import annotations

import importlib
import pkgutil

from .. import __all__ as offered
from .. import tracing
from . import join

__all__ = ["join"]

# All modules at once: some enter operators, and a confined process can load none later.
for _found in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(_found.name)

tracing.INSTEAD.update((name, f"use ts.{name}") for name in offered if name not in tracing.__all__)
