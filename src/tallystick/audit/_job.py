# SPDX-License-Identifier: Apache-2.0
"""The auditor's own job: what it pins, and how the terms of a transcript differ from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..plan import Column
from ..record import Consortium, Policy, Table, Terms
from ._program import Source

__all__ = ["JobPin"]

_MOST_DIFFERENCES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPin:
    """What a job file says: exactly these members, columns with ranges and decimals, policy, and program."""

    name: str
    consortium: Consortium
    columns: Mapping[str, Column]
    policy: Policy
    program: Source

    def differences(self, terms: Terms) -> list[str]:
        """Return in words every respect in which the terms are not this job's, but not more than people read."""
        found = [*self._members(terms), *self._tables(terms), *self._policy(terms.policy)]
        if len(found) > _MOST_DIFFERENCES:
            return [*found[:_MOST_DIFFERENCES], f"and {len(found) - _MOST_DIFFERENCES} more"]
        return found

    def _members(self, terms: Terms) -> Iterator[str]:
        agreed = {member.name: member for member in terms.members}
        absent = [name for name in self.consortium.names if name not in agreed]
        strange = [name for name in agreed if name not in self.consortium.names]
        if absent:
            yield f"{', '.join(absent)} took no part"
        if strange:
            yield f"{', '.join(strange)} took part, but not in the job"
        if not absent and not strange and tuple(agreed) != self.consortium.names:
            yield f"its members are in another order: {', '.join(agreed)}"
        for member in self.consortium.members:
            stated = agreed.get(member.name)
            if stated is None:
                continue
            if stated.key != member.public_key:
                yield f"the public key of {member.name} is another"
            elif stated.certificate != member.fingerprint:
                yield f"the certificate of {member.name} is another"

    def _tables(self, terms: Terms) -> Iterator[str]:
        for member, table in zip(terms.members, terms.tables, strict=True):
            yield from (f"{member.name}: {text}" for text in self._columns(table))

    def _columns(self, table: Table) -> Iterator[str]:
        own, stated = self.columns, table.columns
        for name in own.keys() | stated.keys():
            if name not in stated:
                yield f"the column {name!r} is missing"
            elif name not in own:
                yield f"the column {name!r} is not in the job"
        for name, column in own.items():
            other = stated.get(name)
            if other is None or other == column:
                continue
            if (other.low, other.high) != (column.low, column.high):
                yield (
                    f"the column {name!r} ranges from {_short(other.low)} to {_short(other.high)}, in the job from "
                    f"{_short(column.low)} to {_short(column.high)}"
                )
            if other.decimals != column.decimals:
                yield f"the column {name!r} has {other.decimals} decimals, in the job {column.decimals}"
        if own.keys() == stated.keys() and list(own) != list(stated):
            yield "its columns are in another order"

    def _policy(self, policy: Policy) -> Iterator[str]:
        for what, stated, own in (
            ("min_members", policy.min_members, self.policy.min_members),
            ("min_rows", policy.min_rows, self.policy.min_rows),
            ("outputs", policy.outputs, self.policy.outputs),
        ):
            if stated != own:
                yield f"its policy has {what} = {_listed(stated)}, the job {_listed(own)}"


def _short(value: int) -> str:
    """Write a number; one of many digits as its size."""
    text = str(value)
    return text if len(text) <= 24 else f"{text[:6]}... ({len(text.lstrip('-'))} digits)"


def _listed(value: object) -> str:
    if value is None:
        return "any"
    return ", ".join(map(repr, value)) or "none" if isinstance(value, tuple) else str(value)
