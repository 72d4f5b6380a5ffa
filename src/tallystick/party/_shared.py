# SPDX-License-Identifier: Apache-2.0
"""Authenticated additive shares of vectors, and the linear algebra on them.

[x] = (x_i, m_i) with sum x_i = x and sum m_i = alpha*x, where alpha = sum alpha_i is a MAC key that nobody
knows (SPDZ, Damgard, Pastro, Smart and Zakarias, CRYPTO 2012, in the form of Damgard et al., ESORICS
2013).  Normative text: ``spec/online.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..algebra import Vector
from ..backend import Backend

__all__ = ["MacKey", "Shared"]

_Index: TypeAlias = slice | npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False)
class MacKey:
    """One party's share alpha_i of the MAC key, and what is needed to share a public constant with it."""

    share: int
    index: int

    def __repr__(self) -> str:
        return f"<MacKey of party {self.index}>"

    def constant(self, values: Vector) -> Shared:
        """Share a public vector: party 0 holds the value, everyone alpha_i times it."""
        value = values if self.index == 0 else Vector.zeros(values.backend, len(values))
        return Shared(value, values * self.share)

    def add(self, shared: Shared, values: Vector) -> Shared:
        """Return [x + values] for a public vector."""
        value = shared.value + values if self.index == 0 else shared.value
        return Shared(value, values.axpy(self.share, shared.mac))


@dataclass(frozen=True, slots=True, repr=False)
class Shared:
    """One party's share of a vector and of its MACs; secret, so the repr shows the length alone."""

    value: Vector
    mac: Vector

    def __post_init__(self) -> None:
        if len(self.value) != len(self.mac):
            raise ValueError(f"{len(self.value)} shares with {len(self.mac)} MAC shares")

    def __repr__(self) -> str:
        return f"<Shared vector of {len(self)}>"

    def __len__(self) -> int:
        return len(self.value)

    @property
    def backend(self) -> Backend:
        """The backend that both vectors live on."""
        return self.value.backend

    @classmethod
    def zeros(cls, backend: Backend, n: int) -> Shared:
        """The trivial sharing of n zeros."""
        zeros = Vector.zeros(backend, n)
        return cls(zeros, zeros)

    @classmethod
    def concat(cls, parts: Sequence[Shared]) -> Shared:
        """Join at least one sharing, in order."""
        return cls(Vector.concat([p.value for p in parts]), Vector.concat([p.mac for p in parts]))

    @classmethod
    def linear(cls, f: Callable[..., Vector], *operands: Shared) -> Shared:
        """Apply a public linear map of one or more vectors to value shares and MAC shares alike."""
        return cls(f(*(x.value for x in operands)), f(*(x.mac for x in operands)))

    def __add__(self, other: Shared) -> Shared:
        return Shared(self.value + other.value, self.mac + other.mac)

    def __sub__(self, other: Shared) -> Shared:
        return Shared(self.value - other.value, self.mac - other.mac)

    def __neg__(self) -> Shared:
        return Shared(-self.value, -self.mac)

    def __mul__(self, factor: int | Vector) -> Shared:
        """Scale by a public integer, or element-wise by a public vector."""
        return Shared(self.value * factor, self.mac * factor)

    def __getitem__(self, index: _Index) -> Shared:
        return Shared(self.value[index], self.mac[index])

    def pad(self, n: int) -> Shared:
        """Append public zeros up to length n."""
        return Shared(self.value.pad(n), self.mac.pad(n))
