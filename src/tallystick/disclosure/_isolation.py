# SPDX-License-Identifier: Apache-2.0
"""Outputs that together say more than each alone: combinations that single out a member, or a few entries.

A combination of outputs in which nothing is left but what one member alone determines shows a value of that member's
data to everybody, as the sum over all members and the sum over all but one do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..plan import Plan
from ._forms import Chosen, Flags, Forms, Seeds, TooMuchError, kernel, own_entries, owners, singles
from ._small_prime import Columns, inverses, prime

__all__ = ["combined_warnings"]

_FEW_ENTRIES = 10
_MAX_PAIRS = 1 << 20
_MAX_LISTED = 20


def combined_warnings(plan: Plan) -> list[str]:
    """Return a warning for every member that a combination of outputs singles out, and for near-equal outputs.

    Coefficients are taken modulo a prime of 31 bits and projected pseudo-randomly: a warning may be wrong with
    negligible probability.  Larger plans are not examined, and the warning says so.
    """
    public = [(k, n) for k, n in enumerate(plan.outputs) if n.to is None]
    numbers = [k for k, n in public for _ in range(plan.layout.lengths[n.a])]
    if len(plan.members) < 2 or len(numbers) < 2:
        return []
    opened = [node.a for _, node in public]
    if not Forms(plan, opened).leaves:
        return []
    found: list[str] = []
    for examined, what in (
        (_members, "which of them together single out a member"),
        (_differences, "which of them differ by a few values only"),
    ):
        try:
            found += examined(Forms(plan, opened), numbers)
        except TooMuchError:
            found.append(f"too many values are opened to examine {what}")
    return found


def _members(forms: Forms, numbers: Sequence[int]) -> list[str]:
    """Return a warning for every member that a combination of outputs singles out."""
    found = []
    of_entries = owners(forms.plan, forms.leaves)
    for m, member in enumerate(forms.plan.members):
        together = _singled_out(forms, {v: of == m for v, of in of_entries.items()})
        if len(together):
            outputs = sorted({numbers[i] for i in together})
            shown = ", ".join(f"[{k + 1}]" for k in outputs)
            who = f"{shown} together show" if len(outputs) > 1 else f"the values of {shown} together show"
            found.append(f"{who} a value that depends on {member.name} alone")
    return found


def _singled_out(forms: Forms, own: Chosen) -> Columns:
    """Return the outputs of a combination that one member alone determines, unless such outputs show it already."""
    foreign = {v: ~mask for v, mask in own.items()}
    with_others = _depending(forms, foreign)
    others = np.flatnonzero(with_others)
    alone = np.flatnonzero(_depending(forms, own) & ~with_others)
    found = kernel(forms, singles(others), foreign)

    def new(k: int) -> bool:
        """Whether the first k combinations, of which one at random stands for all, show more than single outputs do."""
        weights = forms.drawn(k)
        mixed = np.zeros(len(others), dtype=np.int64)
        for w, row in zip(weights, found[:k], strict=True):
            mixed = (mixed + w * row) % prime()
        n = len(alone)
        seeds = Seeds(
            np.concatenate([alone, others]),
            np.concatenate([np.arange(n), np.full(len(others), n)]),
            np.concatenate([np.ones(n, dtype=np.int64), mixed]),
            n + 1,
        )
        return not kernel(forms, seeds, own)[:, n].any()

    if not len(found) or not new(len(found)):
        return others[:0]
    few, many = 0, len(found)
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if new(middle) else (middle, many)
    return others[np.flatnonzero(found[many - 1])]


def _depending(forms: Forms, within: Chosen) -> Flags:
    """Return which opened values have a coefficient other than 0 at a chosen entry."""
    leaves = {v: forms.drawn(len(mask), 2) * mask[:, None] for v, mask in within.items()}
    return np.asarray(forms.pushed(leaves).any(axis=1))


# ---------------------------------------------------------------------------------------- near-equal values


def _differences(forms: Forms, numbers: Sequence[int]) -> list[str]:
    """Return a warning for every two outputs whose forms, of many entries each, differ in a few.

    What has so many entries of its own is near no other.  What differs in fewer is equal on one at least of as many
    random parts of all entries, and only such pairs are looked at.  In how many they differ is the rank of the Hankel
    matrix of the difference's power sums at random points, an entry each.
    """
    sums, parts = _syndromes(forms)
    many = np.flatnonzero((_entries(sums) == _FEW_ENTRIES) & (own_entries(forms) < _FEW_ENTRIES))
    pairs = _candidates(parts, many)
    found: dict[str, None] = {}
    for start in range(0, len(pairs), _MAX_PAIRS >> 5):
        of = pairs[start : start + (_MAX_PAIRS >> 5)]
        entries = _entries((sums[of[:, 0]] - sums[of[:, 1]]) % prime())
        for (i, j), k in zip(
            of[entries < _FEW_ENTRIES].tolist(), entries[entries < _FEW_ENTRIES], strict=True
        ):
            if k:
                a, b = numbers[i] + 1, numbers[j] + 1
                which = f"[{a}] and [{b}]" if a != b else f"two values of [{a}]"
                found[f"{which} differ by {k} values only, which their difference shows the sum of"] = None
    listed = list(found)
    if len(listed) > _MAX_LISTED:
        return [
            *listed[:_MAX_LISTED],
            f"{len(listed) - _MAX_LISTED:,} more pairs of outputs differ by a few values only",
        ]
    return listed


def _syndromes(forms: Forms) -> tuple[Columns, Columns]:
    """Return power sums of every opened value's coefficients, and two random sums of them over each part."""
    p, powers = prime(), 2 * _FEW_ENTRIES - 1
    forms.fits(2 * _FEW_ENTRIES * sum(forms.lengths[v] for v in forms.leaves))
    of_parts: dict[int, Columns] = {}
    of_powers: dict[int, Columns] = {}
    for v in forms.leaves:
        n = forms.lengths[v]
        points = forms.drawn(n)
        columns = [forms.drawn(n)]
        for _ in range(powers - 1):
            columns.append(columns[-1] * points % p)
        of_powers[v] = np.stack(columns, axis=1)
        parts = np.zeros((n, _FEW_ENTRIES, 2), dtype=np.int64)
        parts[np.arange(n), forms.random.integers(0, _FEW_ENTRIES, n)] = forms.drawn(n, 2)
        of_parts[v] = parts.reshape(n, 2 * _FEW_ENTRIES)
    return forms.pushed(of_powers), forms.pushed(of_parts).reshape(forms.count, _FEW_ENTRIES, 2)


def _entries(sums: Columns) -> Columns:
    """Return how many coefficients are not 0, at most ``_FEW_ENTRIES``, from the power sums of each row.

    The leading minors of the Hankel matrix are not 0 up to that number, as they are sums of different products of the
    random points and factors; so elimination finds its rank without exchanging rows.
    """
    p, places = prime(), np.arange(_FEW_ENTRIES)
    m = sums[:, places[:, None] + places]
    found = np.zeros(len(sums), dtype=np.int64)
    going = np.ones(len(sums), dtype=bool)
    for k in range(_FEW_ENTRIES):
        going &= m[:, k, k] != 0
        found[going] += 1
        factors = m[:, k + 1 :, k] * inverses(m[:, k, k])[:, None] % p
        m[:, k + 1 :, k:] = (m[:, k + 1 :, k:] - factors[:, :, None] * m[:, k, None, k:]) % p
    return found


def _candidates(parts: Columns, many: Columns) -> Columns:
    """Return the pairs of these values that are equal on a part, each once and in order."""
    n = len(parts)
    found = [np.zeros(0, dtype=np.int64)]
    total = 0
    for k in range(parts.shape[1]):
        same = parts[many, k, 0] << 31 | parts[many, k, 1]
        order = np.argsort(same, kind="stable")
        ends = np.flatnonzero(np.diff(same[order], append=-1)) + 1
        start = 0
        for end in ends.tolist():
            group = many[order[start:end]]
            total += len(group) * (len(group) - 1) // 2
            if total > _MAX_PAIRS:
                raise TooMuchError
            start = end
            if len(group) > 1:
                i, j = np.triu_indices(len(group), 1)
                found.append(group[i] * n + group[j])
    pairs = np.unique(np.concatenate(found))
    return np.stack([pairs // max(n, 1), pairs % max(n, 1)], axis=1)
