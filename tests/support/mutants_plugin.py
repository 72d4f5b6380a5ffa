"""Loaded by pytest in the processes of ``tests/mutants.py``, before the package is: puts the mutant in its place."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_spec = importlib.util.spec_from_file_location("mutants", Path(__file__).parents[1] / "mutants.py")
assert _spec is not None and _spec.loader is not None
_module = importlib.util.module_from_spec(_spec)
sys.modules["mutants"] = _module
_spec.loader.exec_module(_module)
_module.install()
