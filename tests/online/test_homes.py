# SPDX-License-Identifier: Apache-2.0
"""Owners that cheat at home: every honest member refuses, and names them, before it sends anything about a share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

import tallystick as ts
from support.joint_run import SESSION, Case, Cheat, Owner, Ran, audit, lying_owner, owner, play
from tallystick.algebra import Generators, Points
from tallystick.backend import FR_MODULUS, Backend
from tallystick.errors import DecodeError, ProtocolAbort
from tallystick.online import OwnInputs, Proven, accept_inputs
from tallystick.plan import (
    Add,
    Hint,
    Home,
    Mul,
    OwnBits,
    OwnInput,
    Sum,
    home_witness,
    simulate,
)
from tallystick.plan._hint_kind import integers
from tallystick.plan._simulate import _home_values
from tallystick.proofs import Proof
from tallystick.tracing import Members, Table, _place, assert_zero, trace

CHEATER = 1
TABLES = {
    "a": {"x": [3, -5], "y": [1, 9], "g": [0, 2]},
    "b": {"x": [7, -8, 0, 2, 5], "y": [2, 4, 4, 1, 9], "g": [1, 1, 0, 2, 2]},
    "c": {"x": [-1], "y": [9], "g": [0]},
}
COLUMNS = {"x": ts.Column(-8, 7), "y": ts.Column(1, 9), "g": ts.Column(0, 2)}


@ts.program
def figures(table: Members[Table]) -> object:
    """Squares, bins, equalities, a comparison of digits, an assertion; all at home but the last product."""
    x, y, g = (ts.concat(t[name] for t in table) for name in ("x", "y", "g"))
    assert_zero((g * g - g) * (g - 2))
    return {
        "variance": ts.variance(x),
        "bins": ts.histogram(y, [1, 4, 7]),
        "groups": ts.group_by(g, [0, 2]).sum(x),
        "less": (x < y).sum(),
        "high": ts.divide(y, x + 9, decimals=1).sum(),
        "together": x.sum() * y.sum(),
    }


def traced(gates: int | None, monkeypatch: pytest.MonkeyPatch | None = None) -> Case:
    """Return the case, with the cheater's table in parts of about so many gates."""
    members = [ts.MemberSchema(m, len(t["x"]), COLUMNS) for m, t in TABLES.items()]
    if monkeypatch is not None:
        monkeypatch.setattr(_place, "_GATES", gates)
    return Case(trace(figures, members), TABLES)


WHOLE = traced(None)


@pytest.fixture
def parted(monkeypatch: pytest.MonkeyPatch) -> Case:
    """The same with two rows to a part, so that the cheater has three parts, of two homes."""
    gates = WHOLE.plan.homes[1].layout.gates
    case = traced(-(-gates // 3), monkeypatch)
    assert [part.member for part in case.plan.parts] == [0, 1, 1, 1, 2]
    assert [home.rows for _, home, _ in case.plan.parts_of(1)] == [2, 2, 1]
    return case


def refused_by_all(ran: Ran) -> None:
    """Assert that the honest stopped at the proof of a home, naming the cheater, and had sent nothing by then."""
    assert [(r.check, r.blame) for r in ran.honest(CHEATER)] == [("home-proof", CHEATER)] * 2
    assert not [m for m in ran.log if m.sender != CHEATER]


def refused(backend: Backend, case: Case, made: Owner) -> bool:
    """Whether this is not accepted beside what the others published."""
    published = [
        part for k in range(3) for part in (made if k == CHEATER else owner(backend, case, k)).committed
    ]
    try:
        accept_inputs(published, Generators(backend, case.plan.most_columns))
    except ProtocolAbort as error:
        assert (error.check, error.blame) == ("home-proof", CHEATER)
        return True
    return False


def home_of(case: Case, part: int) -> Home:
    return case.plan.parts_of(CHEATER)[part][1]


def at_home(case: Case, part: int) -> list[Sequence[int]]:
    """Return the values of the nodes of one of the cheater's parts, as it should compute them."""
    _, home, start = case.plan.parts_of(CHEATER)[part]
    table = case.values["b"]
    rows = {(n.name, n.order): integers(table[n.name][start : start + home.rows]) for n in home.inputs}
    return [[int(x) for x in values] for values in _home_values(home, rows, {})]


# ---------------------------------------------------------------------- honest


@pytest.mark.parametrize("in_parts", [False, True])
def test_an_honest_run_is_right(backend: Backend, parted: Case, in_parts: bool) -> None:
    case = parted if in_parts else WHOLE
    ran = play(case, [backend] * 3, cheat=Cheat())
    expected = [v % FR_MODULUS for v in simulate(case.plan, case.values).outputs]
    for result in ran.results:
        assert isinstance(result, Proven), result
        assert audit(case, result, backend) == expected
    whole = simulate(WHOLE.plan, WHOLE.values)
    assert [r.values for r in simulate(case.plan, case.values).results] == [r.values for r in whole.results]


# ---------------------------------------------------------------------- wrong values


def shifted(kind: type, by: int = 1, last: bool = False) -> Callable[[Case, int], dict[int, list[int]]]:
    """Change an entry of the first node of a kind, or of the last."""

    def lie(case: Case, part: int) -> dict[int, list[int]]:
        nodes = home_of(case, part).nodes
        found = [v for v, n in enumerate(nodes) if isinstance(n, kind)]
        v = found[-1 if last else 0]
        entries = list(at_home(case, part)[v])
        return {v: [entries[0] + by, *entries[1:]]}

    return lie


def flipped(case: Case, part: int) -> dict[int, list[int]]:
    """Change a wire of the first boolean hint: a row then falls in another bin."""
    nodes = home_of(case, part).nodes
    v = next(k for k, n in enumerate(nodes) if isinstance(n, Hint) and n.boolean)
    entries = list(at_home(case, part)[v])
    return {v: [1 - entries[0], *entries[1:]]}


def shared_otherwise(case: Case, part: int) -> dict[int, list[int]]:
    """Share a number that is not what the rows give."""
    v = home_of(case, part).shares[-1]
    entries = list(at_home(case, part)[v])
    return {v: [entries[0] + 1, *entries[1:]]}


LIES = {
    "a wrong square": shifted(Mul),
    "a wrong product": shifted(Mul, -3, last=True),
    "a wrong bin": flipped,
    "a wrong sum": shifted(Sum, last=True),
    "a wrong shared value": shared_otherwise,
    "a value out of its range": shifted(OwnInput, 64),
    "digits of another value": shifted(OwnBits),
    "a wrong difference": shifted(Add),
}


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("name", LIES)
def test_a_wrong_value_at_home_is_refused(native: Backend, parted: Case, name: str, part: int) -> None:
    lies = {part: LIES[name](parted, part)}
    made = lying_owner(native, parted, CHEATER, lies)
    refused_by_all(play(parted, [native] * 3, cheat=Cheat(published=lambda _: made)))


@pytest.mark.parametrize("name", ["a wrong square", "a wrong shared value"])
def test_a_wrong_value_at_home_is_refused_in_pure_python(pure: Backend, name: str) -> None:
    made = lying_owner(pure, WHOLE, CHEATER, {0: LIES[name](WHOLE, 0)})
    refused_by_all(play(WHOLE, [pure] * 3, cheat=Cheat(published=lambda _: made)))


def test_who_tells_no_lie_is_accepted(native: Backend, parted: Case) -> None:
    """So that what refuses the others is their lie."""
    made = lying_owner(native, parted, CHEATER, {})
    assert not refused(native, parted, made)
    honest = owner(native, parted, CHEATER)
    assert [p.slots.to_ints() for p in made.own] == [p.slots.to_ints() for p in honest.own]


@pytest.mark.parametrize("position", [0, -1])
def test_every_slot_at_home_is_proved(native: Backend, position: int) -> None:
    """Products, advice, digits and what is shared; only of the inverse of 0 any will do, and inputs are the owner's."""
    home, values = home_of(WHOLE, 0), at_home(WHOLE, 0)
    for v, node in enumerate(home.nodes):
        chosen = isinstance(node, Mul | Hint | OwnBits) or v in home.shares
        if not chosen or isinstance(node, OwnInput) or not values[v]:
            continue
        entries = list(values[v])
        entries[position] += 1
        idle = isinstance(node, Hint) and not node.boolean and not values[v][position]
        assert refused(native, WHOLE, lying_owner(native, WHOLE, CHEATER, {0: {v: entries}})) != idle, node


def test_an_assertion_that_does_not_hold_is_refused(native: Backend) -> None:
    """A member that proves all the same what its rows do not fulfil."""

    @ts.program
    def booleans(table: Members[Table]) -> object:
        x = ts.concat(t["x"] for t in table)
        assert_zero(x * x - x)
        return {"ones": x.sum()}

    members = [ts.MemberSchema(m, 2, {"x": ts.Column(0, 3)}) for m in "abc"]
    tables = {"a": {"x": [0, 1]}, "b": {"x": [1, 1]}, "c": {"x": [0, 0]}}
    case = Case(trace(booleans, members), tables)
    assert not refused(native, case, lying_owner(native, case, CHEATER, {}))
    case.values = {**tables, "b": {"x": [1, 2]}}
    made = lying_owner(native, case, CHEATER, {})
    home = home_of(case, 0)
    assert home_witness(home, {("x", None): integers([1, 2])}, advice={}).zeros[: home.layout.zeros] == (0, 2)
    assert refused(native, case, made)


# ---------------------------------------------------------------------- rows, parts and sessions


def changed(case: Case, change: Callable[[Owner], Mapping[int, object]]) -> Callable[[Owner], Owner]:
    """Replace fields of the committed parts, by number."""

    def published(made: Owner) -> Owner:
        parts = list(made.committed)
        for k, fields in change(made).items():
            parts[k] = replace(parts[k], **fields)  # type: ignore[arg-type]
        return Owner(made.own, parts)

    return published


def test_rows_that_differ_from_those_proved(backend: Backend) -> None:
    def other(made: Owner) -> Mapping[int, object]:
        rows = made.committed[0].rows
        shift = Points.concat([Generators(backend, 16).g[:1]] * len(rows))
        return {0: {"rows": rows + shift}}

    refused_by_all(play(WHOLE, [backend] * 3, cheat=Cheat(published=changed(WHOLE, other))))


def test_rows_of_which_one_is_left_out(native: Backend) -> None:
    def fewer(made: Owner) -> Mapping[int, object]:
        return {0: {"rows": made.committed[0].rows[:-1]}}

    refused_by_all(play(WHOLE, [native] * 3, cheat=Cheat(published=changed(WHOLE, fewer))))


def swapped(made: Owner) -> Mapping[int, object]:
    """The first two parts of the table, which have one home, in the other order."""
    first, second = made.committed[:2]
    return {
        0: {"rows": second.rows, "proof": second.proof},
        1: {"rows": first.rows, "proof": first.proof},
    }


def repeated(made: Owner) -> Mapping[int, object]:
    """The first part's rows once more in place of the second's."""
    first = made.committed[0]
    return {1: {"rows": first.rows, "proof": first.proof}}


@pytest.mark.parametrize("change", [swapped, repeated])
def test_parts_in_another_place(
    native: Backend, parted: Case, change: Callable[[Owner], Mapping[int, object]]
) -> None:
    refused_by_all(play(parted, [native] * 3, cheat=Cheat(published=changed(parted, change))))


def test_a_part_of_another_home(native: Backend, parted: Case) -> None:
    """The last part has fewer rows: its proof has another shape, and is of another relation."""
    made = owner(native, parted, CHEATER)
    first, last = made.committed[0], made.committed[2]
    assert first.relation.digest != last.relation.digest
    assert last.proof is not None
    with pytest.raises(DecodeError, match="bytes"):
        Proof.from_body(last.proof.to_body(), first.relation.shape)


def test_another_members_part_is_not_ones_own(native: Backend) -> None:
    """Members of as many rows have one home: what one published another cannot publish as its own."""
    tables = {m: {c: v[:1] for c, v in t.items()} for m, t in TABLES.items()}
    members = [ts.MemberSchema(m, 1, COLUMNS) for m in tables]
    case = Case(trace(figures, members), tables)
    assert len(case.plan.homes) == 1
    stolen = owner(native, case, 0).committed[0]

    def copied(made: Owner) -> Mapping[int, object]:
        return {0: {"rows": stolen.rows, "proof": stolen.proof}}

    refused_by_all(play(case, [native] * 3, cheat=Cheat(published=changed(case, copied))))


def test_a_proof_of_another_session(native: Backend) -> None:
    before = owner(native, WHOLE, CHEATER, session=bytes(32)).committed[0]
    assert before.context != owner(native, WHOLE, CHEATER).committed[0].context
    assert owner(native, WHOLE, CHEATER).committed[0].context.startswith(SESSION)

    def replayed(made: Owner) -> Mapping[int, object]:
        return {0: {"rows": before.rows, "proof": before.proof}}

    refused_by_all(play(WHOLE, [native] * 3, cheat=Cheat(published=changed(WHOLE, replayed))))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_shares_of_another_part_than_the_committed(native: Backend, parted: Case, part: int) -> None:
    """Accepted by their proofs, but what is shared is not what was committed to."""

    def shared(own: list[OwnInputs]) -> list[OwnInputs]:
        other = list(own)
        other[part] = OwnInputs(own[part].slots + 1, own[part].gammas)
        return other

    ran = play(parted, [native] * 3, cheat=Cheat(shared=shared))
    assert [(r.check, r.blame) for r in ran.honest(CHEATER)] == [("input-consistency", CHEATER)] * 2
    assert not any(m.label in ("multiply", "outputs/public") for m in ran.log)


def test_shares_in_the_order_of_other_parts(native: Backend, parted: Case) -> None:
    ran = play(parted, [native] * 3, cheat=Cheat(shared=lambda own: [own[1], own[0], *own[2:]]))
    assert [(r.check, r.blame) for r in ran.honest(CHEATER)] == [("input-consistency", CHEATER)] * 2


def test_parts_that_are_not_those_of_the_plan_are_a_mistake_of_the_caller(
    native: Backend, parted: Case
) -> None:
    with pytest.raises(ValueError, match=r"parts with \[\(9, 1\), \(9, 1\)\] slots and rows, not "):
        play(parted, [native] * 3, cheat=Cheat(shared=lambda own: own[:2]))
