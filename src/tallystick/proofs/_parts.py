"""Checking one party's contributions to a joint opening against its own row commitments.

Normative text: ``spec/opening.md``, "Jointly".  With the announced y_i = <L, X_i> - w_i, party i's contributions
are themselves an opening of its own rows under the challenges of the joint one, up to the response.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..algebra import Generators, Points
from ._equations import Drawn, Opened, Remainder, add_up
from ._gates import LinearClaim
from ._opening import Part

__all__ = ["part_holds"]


def part_holds(
    generators: Generators,
    claim: LinearClaim,
    drawn: Drawn,
    parts: Sequence[Part],
    *,
    rows: Points,
    published: Points,
) -> bool:
    """Whether one party's contributions are right for its rows.

    ``claim`` is the joint one but for its value, which is what the party announced as y_i; ``drawn`` are the
    challenges that all contributions share; ``parts`` the party's contributions in the order of ``open_linear``;
    ``rows`` the commitments of its share rows; ``published`` its shares of the claim's points.
    """
    *cross, mask, response = parts
    none = Points.identity(generators.backend, 0)
    assert mask.points is not None and response.scalars is not None
    opened = Opened(
        claim,
        drawn,
        rows=rows,
        cross=Points.concat([none, *(part.points for part in cross if part.points is not None)]),
        mask=mask.points,
        published=published,
    )
    columns = len(opened.form)
    z, tail = response.scalars[:columns], response.scalars[columns:].to_ints()
    remainder = Remainder(g=z, q=0, scale=1, points=none, scalars=[])
    equations = opened.equations(opened.form.dot(z), tail, 0, remainder)
    return all(add_up(generators, [(1, equation)]).is_identity() for _, equation in equations)
