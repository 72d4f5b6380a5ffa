# SPDX-License-Identifier: Apache-2.0
"""The model's auditor, with its group operations on arkworks where that is installed: the same checks, much sooner.

The model computes points with py_ecc, a minute for a file with a few thousand gates.  Arkworks shares no code with the
package either, so that agreement of the two auditors says as much.  Everything else is the model's own.
"""

from __future__ import annotations

import importlib
import sys
import types
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["load_model"]

MODEL = Path(__file__).parents[2] / "spec" / "model"
MODULES = ("algebra", "codec", "hashing", "relations", "proof", "own", "plans", "statement", "audit")


def load_model(*, fast: bool = True) -> ModuleType:
    """Import a copy of the model's auditor of its own; ``fast`` puts arkworks below it if it is there."""
    kept = {name: sys.modules.pop(name, None) for name in MODULES}
    sys.path.insert(0, str(MODEL))
    try:
        if fast and importlib.util.find_spec("py_arkworks_bls12381") is not None:
            slow = importlib.import_module("algebra")
            sys.modules["algebra"] = _quick(slow)
            hashing = importlib.import_module("hashing")
            slowly = hashing.generator
            hashing.generator = cache(lambda letter, index=0: _point(slowly(letter, index)))
        return importlib.import_module("audit")
    finally:
        sys.path.remove(str(MODEL))
        for name, module in kept.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def _point(point: Any) -> Any:
    """Return py_ecc's projective point as one of arkworks; one of arkworks as it is."""
    import py_arkworks_bls12381 as ark
    from py_ecc import optimized_bls12_381 as curve

    if not isinstance(point, tuple):
        return point
    if curve.is_inf(point):
        return ark.G1Point.identity()
    x, y = curve.normalize(point)
    return ark.G1Point.from_xy_bytes_unchecked_be(x.n.to_bytes(48, "big") + y.n.to_bytes(48, "big"))


def _quick(slow: ModuleType) -> ModuleType:
    """Return a module like the model's ``algebra``, of points of arkworks."""
    import py_arkworks_bls12381 as ark

    r, identity = slow.R, ark.G1Point.identity()

    def scalar(k: int) -> Any:
        return ark.Scalar.from_be_bytes((k % r).to_bytes(32, "big"))

    def is_inf(point: Any) -> bool:
        return bool(_point(point) == identity)

    def normalize(point: Any) -> tuple[Any, Any]:
        raw = bytes(_point(point).to_xy_bytes_be())
        return tuple(types.SimpleNamespace(n=int.from_bytes(raw[k : k + 48], "big")) for k in (0, 48))  # type: ignore[return-value]

    def multiply(point: Any, k: int) -> Any:
        if k == r:  # The check of the subgroup: a scalar of arkworks would be 0.
            return identity if _point(point).is_in_subgroup() else point
        return _point(point) * scalar(k)

    def msm(scalars: Any, points: Any) -> Any:
        terms = [(scalar(k), _point(p)) for k, p in zip(scalars, points, strict=True)]
        if not terms:
            return identity
        return ark.G1Point.multiexp_unchecked([p for _, p in terms], [k for k, _ in terms])

    def add(*points: Any) -> Any:
        total = identity
        for point in points:
            total = total + _point(point)
        return total

    quick = ModuleType("algebra")
    quick.__dict__.update(slow.__dict__)
    quick.__dict__.update(
        INFINITY=identity,
        add=add,
        mul=lambda k, point: _point(point) * scalar(k),
        neg=lambda point: -_point(point),
        msm=msm,
        equal=lambda a, b: bool(_point(a) == _point(b)),
        curve=types.SimpleNamespace(is_inf=is_inf, normalize=normalize, multiply=multiply, FQ=slow.curve.FQ),
    )
    return quick
