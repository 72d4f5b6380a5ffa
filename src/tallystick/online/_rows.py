# SPDX-License-Identifier: Apache-2.0
"""Do the published row commitments hold what is shared under MACs?

Each party publishes commitments to its own shares of the rows.  That their sum is as it should be proves
nothing: a cheating party that knows the difference puts it into its own summand.  So a random combination
of the rows, masked by a row that nobody knows, is opened under the MAC check, and must open the same
combination of the commitments, party by party.  Normative text: ``spec/online.md``, "Rows".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add

from ..algebra import Generators, Points, Vector
from ..backend import FR_MODULUS
from ..party import Shared, broadcast_points, broadcast_vector, toss
from ..proofs import commit_rows_var
from ._openings import Openings

__all__ = ["PartyRows", "publish_rows"]


@dataclass(frozen=True, slots=True)
class PartyRows:
    """Every party's commitments to its own shares of the same rows, and their sums."""

    by_party: tuple[Points, ...]
    total: Points


async def publish_rows(
    online: Openings,
    generators: Generators,
    columns: int,
    *,
    rows: Shared,
    gammas: Shared | Vector,
    label: str,
    check: str,
) -> PartyRows:
    """Publish commitments to this party's shares of ``rows``, row-major, and show that they fit.

    ``gammas`` are the shares of the blinding factors: shared ones, which the MACs then cover, or this
    party's own summands.  The caller runs ``online.check`` before it relies on the result.  Raises
    ProtocolAbort under the name ``check``, blaming the party whose commitments differ from what it then
    opened.
    """
    party, n = online.party, len(gammas)
    backend = party.backend
    blinded = isinstance(gammas, Shared)
    mask = await online.preparation.randoms(columns + 1 if blinded else columns)
    own_gammas = gammas.value if isinstance(gammas, Shared) else gammas
    sigma = mask.value[columns:] if blinded else party.random.vector(backend, 1)
    # Shares are uniform.
    own = commit_rows_var(
        generators,
        columns,
        Vector.concat([rows.value, mask.value[:columns]]),
        Vector.concat([own_gammas, sigma]),
    )
    published = await broadcast_points(party, f"{label}/rows", own)

    # The mask row weighs 1 and row i weighs chi**(i+1): were its weight a power that a row has too, a party
    # could hide an error in that row behind the mask.
    seed = await toss(party, f"{label}/coins")
    chi = Vector.expand(backend, seed, bytes(12), 1)[0]
    weights = Vector.powers(backend, chi, n, chi)
    combined = Shared.linear(lambda x, s: x.combine(weights) + s, rows, mask[:columns])
    gamma = Vector.from_ints(backend, [weights.dot(own_gammas) + sigma[0]])
    parts = await broadcast_vector(party, f"{label}/open", Vector.concat([combined.value, gamma]))
    opened = reduce(add, parts)
    mac = combined.mac
    if isinstance(gammas, Shared):
        gamma_mac = weights.dot(gammas.mac) + mask.mac[columns]
        mac = Vector.concat([mac, Vector.from_ints(backend, [gamma_mac])])
    await online.claim(opened[: len(mac)], mac)

    # Only when all parties saw the same coins is a part that does not fit its sender's fault.
    await online.agree(f"{label}/agree")
    total = reduce(add, published)
    if not _fits(generators, columns, total, weights, opened):
        for j, (points, part) in enumerate(zip(published, parts, strict=True)):
            if not _fits(generators, columns, points, weights, part):
                raise online.failed(
                    f"committed to other rows ({label}) than the shares it then opened",
                    check=check,
                    blame=j,
                )
        raise AssertionError("parts that all fit add up to a sum that fits")
    return PartyRows(tuple(points[:n] for points in published), total[:n])


def _fits(generators: Generators, columns: int, points: Points, weights: Vector, opened: Vector) -> bool:
    """Whether Com(opened) = sum of weights[i]*points[i], plus the mask row's commitment, the last point."""
    bases = Points.concat([generators.g[:columns], generators.h, points])
    minus_one = Vector.from_ints(weights.backend, [FR_MODULUS - 1])
    return bases.msm(Vector.concat([opened, -weights, minus_one])).is_identity()
