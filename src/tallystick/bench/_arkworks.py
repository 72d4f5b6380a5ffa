# SPDX-License-Identifier: Apache-2.0
"""The same multi-scalar multiplication by arkworks, where its Python wheel is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from ..backend import FR_BYTES, G1_BYTES, Backend, FrArray, G1Array, get_backend
from ._kernels import elements, points

__all__ = ["arkworks_available", "arkworks_cases", "arkworks_msm", "arkworks_points", "arkworks_scalars"]


@lru_cache(maxsize=1)
def _module() -> Any:
    try:
        return importlib.import_module("py_arkworks_bls12381")
    except ImportError:
        return None


def arkworks_available() -> bool:
    """Whether ``py_arkworks_bls12381`` is installed."""
    return _module() is not None


def arkworks_points(backend: Backend, a: G1Array) -> list[Any]:
    """Return points as arkworks' objects."""
    data = backend.g1_to_bytes(a)
    make = _module().G1Point.from_compressed_bytes_unchecked
    return [make(data[k : k + G1_BYTES]) for k in range(0, len(data), G1_BYTES)]


def arkworks_scalars(backend: Backend, a: FrArray) -> list[Any]:
    """Return field elements as arkworks' objects."""
    data = backend.fr_to_bytes(a)
    make = _module().Scalar.from_le_bytes
    return [make(data[k : k + FR_BYTES]) for k in range(0, len(data), FR_BYTES)]


def arkworks_msm(backend: Backend, a: G1Array, scalars: FrArray) -> bytes:
    """Return the sum of scalars[k] * a[k] by arkworks, compressed."""
    total = _module().G1Point.multiexp_unchecked(
        arkworks_points(backend, a), arkworks_scalars(backend, scalars)
    )
    return bytes(total.to_compressed_bytes())


def arkworks_cases(case: str, n: int) -> Iterator[Callable[[], object]]:
    """Yield arkworks' call for a case, if it offers one: conversions are left out of the time."""
    if case not in ("g1_msm", "g1_mul") or not arkworks_available():
        return
    backend = get_backend()
    a, scalars = arkworks_points(backend, points(backend, n)), arkworks_scalars(backend, elements(backend, n))
    if case == "g1_msm":
        yield partial(_module().G1Point.multiexp_unchecked, a, scalars)
    else:
        yield partial(_multiply, a, scalars)


def _multiply(a: list[Any], scalars: list[Any]) -> list[Any]:
    return [point * scalar for point, scalar in zip(a, scalars, strict=True)]
