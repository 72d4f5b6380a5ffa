# SPDX-License-Identifier: Apache-2.0
"""Complete programs on bundled data, one file each: what ``tallystick demo`` runs, and examples to start
from.
"""

from __future__ import annotations

from ..errors import UsageError
from . import auction as _auction
from . import diagnosis as _diagnosis
from . import histogram as _histogram
from . import outliers as _outliers
from . import patients as _patients
from . import quartiles as _quartiles
from . import returns as _returns
from . import schooling as _schooling
from . import score as _score
from . import screening as _screening
from . import wages as _wages
from . import wages_report as _wages_report
from ._example import Example, Plain, Tables

__all__ = ["Example", "Plain", "Tables", "examples", "find"]

_EXAMPLES = (
    _wages.EXAMPLE,
    _returns.EXAMPLE,
    _wages_report.EXAMPLE,
    _schooling.EXAMPLE,
    _histogram.EXAMPLE,
    _auction.EXAMPLE,
    _screening.EXAMPLE,
    _diagnosis.EXAMPLE,
    _quartiles.EXAMPLE,
    _score.EXAMPLE,
    _outliers.EXAMPLE,
    _patients.EXAMPLE,
)


def examples() -> tuple[Example, ...]:
    """Return all examples, in the order to show them."""
    return _EXAMPLES


def find(name: str) -> Example:
    """Return the example with this name; ``UsageError`` lists the others."""
    for example in _EXAMPLES:
        if example.name == name:
            return example
    raise UsageError(
        f"there is no example {name!r}", hint=f"choose one of: {', '.join(e.name for e in _EXAMPLES)}"
    )
