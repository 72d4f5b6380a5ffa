# SPDX-License-Identifier: Apache-2.0
"""Owners that cheat at home: whatever an owner shares that does not follow from rows of its own is refused, by name.

Everything else in these files is as it should be: the computation's proof is right for what is shared, and everybody
has signed.  Tables are cut into a part for every row, so that there are parts to change for one another.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from support.genuine import DATA, NAMES, Bodies, Run, forged, genuine, terms_of, traced, traced_in_parts
from tallystick.audit import audit
from tallystick.backend import Backend, get_backend, native_available
from tallystick.encoding import Value, dumps, loads
from tallystick.errors import DecodeError, VerificationError
from tallystick.plan import Hint, Mul, OwnBits, OwnInput, Plan, simulate
from tallystick.plan._simulate import _home_values
from tallystick.record import CommittedPart, read_transcript

FAST = get_backend("native" if native_available() else "pure")
PROGRAMS = ("pay", "bands")
ITEMS = ("item 3 (commitment of north)", "item 4 (commitment of south)", "item 5 (commitment of west)")


def _plan(program: str, parts: bool) -> Plan:
    return traced_in_parts(program) if parts else traced(program)


def _refused(data: bytes) -> tuple[str, str | None]:
    with pytest.raises((VerificationError, DecodeError)) as caught:
        audit(data, backend=FAST)
    error = caught.value
    assert str(error.message).startswith(str(error.item))
    return getattr(error, "check", "decode"), error.item


def _name(plan: Plan, number: int) -> str:
    """What the auditor calls a part."""
    member = plan.parts[number].member
    own = [k for k, _, _ in plan.parts_of(member)]
    of = f", part {own.index(number) + 1} of {len(own)}"
    return ITEMS[member] + (of if len(own) > 1 else "")


def _run(plan: Plan, **changes: Any) -> Run:
    return Run(FAST, plan, terms_of(plan), **changes)


# ---------------------------------------------------------------------- what is genuine
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_table_cut_into_parts_gives_the_same_results(backend: Backend, program: str) -> None:
    plan, whole = traced_in_parts(program), traced(program)
    assert [part.member for part in plan.parts] == [0, 0, 1, 2, 2, 2]
    assert [part.member for part in whole.parts] == [0, 1, 2]
    verdict = audit(_run(plan).transcript(), backend=backend)
    assert verdict.results == simulate(whole, DATA).results
    assert audit(genuine(FAST, program=program), backend=backend).results == verdict.results


# ---------------------------------------------------------------------- wrong values
def _cheats(plan: Plan, number: int) -> dict[int, list[int]]:
    """A wrong value for every node of a part that is more than linear, and for every one that is shared."""
    part = plan.parts[number]
    member, home, name = part.member, plan.homes[part.home], NAMES[part.member]
    start = next(start for k, _, start in plan.parts_of(member) if k == number)
    columns = {
        (n.name, n.order): np.array(DATA[name][n.name][start : start + home.rows], dtype=object)
        for n in home.inputs
    }
    found = {}
    for v, values in enumerate(_home_values(home, columns, {})):
        node, honest = home.nodes[v], [int(x) for x in values]
        if isinstance(node, OwnInput):
            # Another row would be honest, too; one beyond the range is not.
            found[v] = [*honest[:-1], node.high + 1]
        elif isinstance(node, OwnBits | Mul | Hint) or v in home.shares:
            boolean = home.layout.intervals[v] == (0, 1)
            found[v] = [*honest[:-1], 1 - honest[-1] if boolean else honest[-1] + 1]
    return found


@pytest.mark.parametrize(("program", "parts"), [("pay", True), ("bands", False)])
@pytest.mark.parametrize("member", range(len(NAMES)))
def test_wrong_values_at_home_are_refused(program: str, parts: bool, member: int) -> None:
    """Wrong squares, digits, comparisons and sums, and rows out of range: what is shared follows from them."""
    plan = _plan(program, parts)
    honest = _run(plan)
    committed = {k: honest.commit(k) for k in range(len(NAMES)) if k != member}
    kinds = set()
    for number, _, _ in plan.parts_of(member):
        for v, values in _cheats(plan, number).items():
            run = _run(plan, at_home={number: {v: values}})
            own = run.commit(member)
            run.commit = lambda k, own=own: committed.get(k, own)  # type: ignore[method-assign,misc]
            assert _refused(run.transcript()) == ("home", _name(plan, number)), (number, v)
            kinds.add(plan.homes[plan.parts[number].home].nodes[v].op)
    assert {"input", "mul"} <= kinds and ("hint" in kinds) == (program == "bands")


def test_a_wrong_sum_that_is_shared_is_refused() -> None:
    """South's one wage is its sum, so that no gate is wrong: only what is shared is not what is at home."""
    plan = traced("other")
    (home,) = (home for _, home, _ in plan.parts_of(1))
    assert [node.op for node in home.nodes] == ["input"] and home.shares == (0,)
    honest = _run(plan).commit(1)[0]
    run = _run(plan, data={**DATA, "south": {"wage": [8], "years": [0]}})
    (lied,) = run.commit(1)
    assert lied.rows != honest.rows
    own = [CommittedPart(lied.rows, honest.proof)]
    run.commit = lambda k: own if k == 1 else Run.commit(run, k)  # type: ignore[method-assign,misc]
    assert _refused(run.transcript()) == ("home", ITEMS[1])


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("member", range(len(NAMES)))
def test_rows_that_are_not_those_proved_are_refused(program: str, member: int) -> None:
    """A part's proof is about the genuine rows; what it shares, and what was computed with, is of other ones."""
    plan = traced_in_parts(program)
    honest = _run(plan).commit(member)
    other = {
        name: {"wage": [12 - w for w in columns["wage"]], "years": [3 - y for y in columns["years"]]}
        for name, columns in DATA.items()
    }
    run = _run(plan, data=other)
    audit(run.transcript(), backend=FAST)
    lied = run.commit(member)
    for j, (number, _, _) in enumerate(plan.parts_of(member)):
        parts = [*lied[:j], CommittedPart(lied[j].rows, honest[j].proof), *lied[j + 1 :]]
        run.commit = lambda k, parts=parts: parts if k == member else Run.commit(run, k)  # type: ignore[method-assign,misc]
        assert _refused(run.transcript()) == ("home", _name(plan, number))


# ---------------------------------------------------------------------- parts in other places
@pytest.fixture(scope="module")
def in_parts() -> bytes:
    return _run(traced_in_parts()).transcript()


def _parts(change: Callable[[list[list[CommittedPart]]], None]) -> Callable[[Bodies], None]:
    """Change the parts of all members."""

    def changed(bodies: Bodies) -> None:
        parts = [list(c.parts) for c in bodies.commitments]
        change(parts)
        bodies.commitments = [
            dataclasses.replace(c, parts=tuple(own)) for c, own in zip(bodies.commitments, parts, strict=True)
        ]

    return changed


def _swap(a: tuple[int, int], b: tuple[int, int]) -> Callable[[list[list[CommittedPart]]], None]:
    def change(parts: list[list[CommittedPart]]) -> None:
        (i, j), (k, m) = a, b
        parts[i][j], parts[k][m] = parts[k][m], parts[i][j]

    return change


def _put(at: tuple[int, int], of: tuple[int, int]) -> Callable[[list[list[CommittedPart]]], None]:
    def change(parts: list[list[CommittedPart]]) -> None:
        parts[at[0]][at[1]] = parts[of[0]][of[1]]

    return change


MOVED: dict[str, tuple[Callable[[list[list[CommittedPart]]], None], str]] = {
    "swapped": (_swap((2, 0), (2, 1)), f"{ITEMS[2]}, part 1 of 3"),
    "swapped with the last": (_swap((2, 1), (2, 2)), f"{ITEMS[2]}, part 2 of 3"),
    "another part twice": (_put((2, 2), (2, 0)), f"{ITEMS[2]}, part 3 of 3"),
    "another member's": (_put((1, 0), (0, 0)), ITEMS[1]),
    "another member's, of as many": (_put((0, 1), (2, 1)), f"{ITEMS[0]}, part 2 of 2"),
    "two members' swapped": (_swap((0, 0), (2, 0)), f"{ITEMS[0]}, part 1 of 2"),
    "left out": (lambda parts: parts[2].pop(), ITEMS[2]),
    "all left out": (lambda parts: parts[0].clear(), ITEMS[0]),
    "doubled": (lambda parts: parts[0].append(parts[0][1]), ITEMS[0]),
    "one more, of another": (lambda parts: parts[1].append(parts[0][0]), ITEMS[1]),
    "with a proof left out": (
        lambda parts: parts[2].__setitem__(1, CommittedPart(parts[2][1].rows, None)),
        f"{ITEMS[2]}, part 2 of 3",
    ),
    "with a row left out": (
        lambda parts: parts[2].__setitem__(1, CommittedPart(b"", parts[2][1].proof)),
        f"{ITEMS[2]}, part 2 of 3",
    ),
    "with another's proof": (
        lambda parts: parts[2].__setitem__(1, CommittedPart(parts[2][1].rows, parts[2][0].proof)),
        f"{ITEMS[2]}, part 2 of 3",
    ),
}


@pytest.mark.parametrize("how", MOVED)
def test_parts_have_their_places(in_parts: bytes, how: str) -> None:
    change, item = MOVED[how]
    assert _refused(forged(in_parts, _parts(change))) == ("home", item)


def test_all_parts_have_one_home_in_these_files() -> None:
    """So the moved parts fit where they are put, but for what their proofs belong to."""
    assert len({part.home for part in traced_in_parts().parts}) == 1


@pytest.mark.parametrize("number", range(6))
def test_a_part_of_another_session_is_refused(in_parts: bytes, number: int) -> None:
    plan = traced_in_parts()
    old = read_transcript(Run(FAST, plan, terms_of(plan, session=1)).transcript())
    member = plan.parts[number].member
    k = [n for n, _, _ in plan.parts_of(member)].index(number)

    def replay(parts: list[list[CommittedPart]]) -> None:
        parts[member][k] = old.commitments[member].parts[k]

    assert _refused(forged(in_parts, _parts(replay))) == ("home", _name(plan, number))


# ---------------------------------------------------------------------- what the plan says of homes
def _widened(bodies: Bodies, change: Callable[[list[Value]], None], homes: Sequence[int]) -> None:
    """Change the first input of these homes, and agree on that."""
    plan = loads(dumps(bodies.plan), max_size=1 << 20)
    assert isinstance(plan, dict)
    for h in homes:
        change(plan["homes"][h][1][0])  # type: ignore[index,call-overload,arg-type]
    bodies.plan = plan
    bodies.terms = dataclasses.replace(bodies.terms, plan=hashlib.sha256(dumps(plan)).digest())


WIDER: dict[str, Callable[[list[Value]], None]] = {
    "high": lambda node: node.__setitem__(4, 13),
    "low": lambda node: node.__setitem__(3, -1),
    "decimals": lambda node: node.__setitem__(5, 3),
    "name": lambda node: node.__setitem__(1, "pay"),
}


@pytest.mark.parametrize("what", WIDER)
@pytest.mark.parametrize("home", range(3))
def test_a_home_that_reads_another_column_than_agreed_is_refused(what: str, home: int) -> None:
    """Every member's range, though no node of the computation says it."""
    data = genuine(FAST, program="other")
    assert _refused(forged(data, lambda b: _widened(b, WIDER[what], [home]))) == ("schema", "item 2 (plan)")


def test_all_parts_of_a_table_have_the_same_columns(in_parts: bytes) -> None:
    """A wider range for one part's rows alone would be no range of the member's column."""

    def last_part_widened(bodies: Bodies) -> None:
        plan = loads(dumps(bodies.plan), max_size=1 << 20)
        assert isinstance(plan, dict)
        plan["homes"].append(copy.deepcopy(plan["homes"][0]))  # type: ignore[union-attr,index]
        plan["homes"][1][1][0][4] = 13  # type: ignore[index,call-overload]
        plan["parts"][-1][1] = 1  # type: ignore[index,call-overload]
        bodies.plan = plan
        bodies.terms = dataclasses.replace(bodies.terms, plan=hashlib.sha256(dumps(plan)).digest())

    with pytest.raises(DecodeError, match="part 5: its columns are not those of the member's other parts"):
        audit(forged(in_parts, last_part_widened), backend=FAST)
