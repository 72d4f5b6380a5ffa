# SPDX-License-Identifier: Apache-2.0
"""Members that cheat in preparation: rings that lie, provers that skip what binds them, and what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.memory_mesh import Corrupt, MemoryMesh, Message, Tamper, run
from support.small_ring import small_scheme
from tallystick.algebra import Random
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import ProtocolAbort
from tallystick.offline import LowGearPreparation, Need, Scheme, Store
from tallystick.offline._parameters import Box, ProofParameters
from tallystick.online import Openings
from tallystick.party import Party, labels

CHEATER = 1
NEED = Need(triples=4, randoms=2, masks=(1, 1, 1))
_R = FR_MODULUS


class LyingRing:
    """A ring of the cheater's own, some of whose operations are replaced; each is given the honest one first."""

    def __init__(self, ring: Any, **lies: Callable[..., Any]) -> None:
        self._ring = ring
        self._lies = lies

    def __getattr__(self, name: str) -> Any:
        honest = getattr(self._ring, name)
        lie = self._lies.get(name)
        return honest if lie is None else lambda *args, **kwargs: lie(honest, *args, **kwargs)


def once(lie: Callable[..., Any], *, at: int = 0) -> Callable[..., Any]:
    """Lie at one call, counted from 0, and be honest at every other."""
    calls = iter(range(1 << 30))
    return lambda honest, *args, **kwargs: (lie if next(calls) == at else _honest)(honest, *args, **kwargs)


def _honest(honest: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return honest(*args, **kwargs)


def lying(backend: Backend, *, parameters: Any = None, **lies: Callable[..., Any]) -> Scheme:
    """The small ring's scheme as the cheater uses it."""
    scheme = small_scheme(backend)
    return replace(
        scheme,
        ring=LyingRing(scheme.ring, **lies),  # type: ignore[arg-type]
        parameters=parameters or scheme.parameters,
    )


def never_rejecting(proof: ProofParameters) -> ProofParameters:
    """Boxes of the same width in bytes whose prover publishes whatever comes out."""

    def wide(box: Box) -> Box:
        bits = 8 * ((box.response.bit_length() + 1 + 7) // 8) - 1
        return Box(bits=box.bits, shift=(1 << box.bits) - (1 << bits))

    return replace(proof, noise=wide(proof.noise), secret=wide(proof.secret))


class Trio:
    """Three members with a store each; member 1 may cheat."""

    def __init__(self, folder: Path, backend: Backend, *, size: int = 3) -> None:
        self.backend = backend
        self.size = size
        self.stores = [
            Store(folder / f"{k}.sqlite", key=bytes(32), binding=b"member %d" % k) for k in range(size)
        ]

    @property
    def honest(self) -> list[int]:
        return [k for k in range(self.size) if k != CHEATER]

    def prepare(
        self,
        *,
        scheme: Scheme | None = None,
        cheat: Callable[[LowGearPreparation], None] = lambda preparation: None,
        then: Callable[[LowGearPreparation, Openings], Any] | None = None,
        need: Need = NEED,
        session: bytes = b"session",
        tamper: Tamper | None = None,
        corrupt: Corrupt | None = None,
    ) -> list[Any]:
        """Prepare ``need``, the cheater with its own scheme and after ``cheat`` changed its side; then go on."""

        async def protocol(mesh: MemoryMesh) -> Any:
            cheating = mesh.index == CHEATER
            used = scheme if cheating and scheme is not None else small_scheme(self.backend)
            party = Party(mesh, self.backend, session, Random.system())
            preparation = await LowGearPreparation.open(party, used, self.stores[mesh.index])
            if cheating:
                cheat(preparation)
            await preparation.reserve(need)
            return None if then is None else await then(preparation, Openings(party, preparation))

        log: list[Message] = []
        results = run(protocol, self.size, tamper=tamper, corrupt=corrupt, log=log)
        # Tests go on with steps of their own, of one word and without a slash.
        unknown = {message.label for message in log if "/" in message.label} - labels()
        assert not unknown, f"messages that no list has: {sorted(unknown)}"
        return results

    def use(self, **options: Any) -> list[Any]:
        """Prepare, then open some of everything under a check; each member's opened values."""

        async def then(preparation: LowGearPreparation, online: Openings) -> list[list[int]]:
            t = await preparation.triples(4)
            x = await preparation.randoms(2)
            masks = [(await preparation.masks(k, 1)).shared for k in range(self.size)]
            opened = [await online.open(s) for s in (t.a, t.b, t.c, x, *masks)]
            await online.check()
            return [v.to_ints() for v in opened]

        need = Need(triples=4, randoms=2, masks=(1,) * self.size)
        return self.prepare(then=then, need=need, **options)

    def expect_burnt(self, results: Sequence[Any], checks: str | set[str], blame: int | None = None) -> None:
        """Every honest member stopped at this check; those that saw it fail hold nothing any more, and know why."""
        names = {checks} if isinstance(checks, str) else checks
        for k in self.honest:
            assert isinstance(results[k], ProtocolAbort), results[k]
            assert results[k].check in names, results[k]
            assert results[k].blame in {blame, None}, results[k]
            if not results[k].heard:
                assert self.stores[k].epoch() is None
                assert self.stores[k].kinds() == []
                assert self.stores[k].burnt()[-1][1].partition(":")[0] in names
        assert any(results[k].blame == blame and not results[k].heard for k in self.honest)

    def expect_nothing_stored(self, results: Sequence[Any], check: str, blame: int | None) -> None:
        """The set-up of an epoch failed, so there is nothing to burn and nothing was kept."""
        for k in self.honest:
            assert isinstance(results[k], ProtocolAbort), results[k]
            assert (results[k].check, results[k].blame) == (check, blame), results[k]
            assert self.stores[k].epoch() is None
            assert self.stores[k].kinds() == []

    def expect_clean_start(self) -> None:
        """The next preparation makes a new epoch, whose material is right."""
        results = self.use(session=b"the next session")
        assert results.count(results[0]) == self.size, results
        a, b, c, *_ = results[0]
        assert [x * y % _R for x, y in zip(a, b, strict=True)] == c
        identifiers = {store.epoch() is not None for store in self.stores}
        assert identifiers == {True}
