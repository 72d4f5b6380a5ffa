"""BGV for the native backend: the pure ring, with plaintexts converted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._protocol import Backend, FrArray
from ._pure_fr import fr_array
from ._pure_ring import PureRing
from ._ring_protocol import Ciphertext, Poly, PublicKey, RingParameters, Small

__all__ = ["NativeRing"]


class NativeRing(PureRing):
    """Implements ``Ring``; the contracts are in ``_ring_protocol``."""

    def __init__(self, backend: Backend, parameters: RingParameters) -> None:
        super().__init__(parameters)
        self._backend = backend

    def _ints(self, a: FrArray) -> FrArray:
        return fr_array(self._backend.fr_to_ints(a))

    def _elements(self, a: FrArray) -> FrArray:
        return self._backend.fr_from_ints(a.tolist())

    def slots(self, coefficients: FrArray) -> FrArray:
        """Evaluate a plaintext polynomial at its N slots."""
        return self._elements(super().slots(self._ints(coefficients)))

    def coefficients(self, slots: FrArray) -> FrArray:
        """Interpolate a plaintext polynomial from its N slots."""
        return self._elements(super().coefficients(self._ints(slots)))

    def encrypt(self, key: PublicKey, m: FrArray, e0: Small, v: Small, e1: Small) -> Ciphertext:
        """Return (b*v + m + r*e0, a*v + r*e1)."""
        return super().encrypt(key, self._ints(m), e0, v, e1)

    def reply(
        self,
        ciphertext: Ciphertext,
        y: FrArray,
        key: PublicKey,
        *,
        v: Small,
        e1: Small,
        u: npt.NDArray[np.uint64],
        mask: FrArray,
    ) -> Ciphertext:
        """Return the switched (y*c_0 + b*v + r*u - mask, y*c_1 + a*v + r*e_1)."""
        return super().reply(ciphertext, self._ints(y), key, v=v, e1=e1, u=u, mask=self._ints(mask))

    def decrypt(self, reply: Ciphertext, s: Poly) -> FrArray:
        """Return the plaintext coefficients of a switched reply."""
        return self._elements(super().decrypt(reply, s))
