# SPDX-License-Identifier: Apache-2.0
"""Advice computed on shares: right when all are honest; when not, the run stops before it shows anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest

import tallystick.online._hints as protocols
from support.advice import forgery_is_refused, hint_node, honest_advice, proves
from support.joint_run import Case, audit, case, play
from tallystick import plan as plan_room
from tallystick import tracing
from tallystick.algebra import Vector
from tallystick.backend import FR_MODULUS, Backend, get_backend
from tallystick.cost import estimate
from tallystick.errors import ProgramError, ProtocolAbort
from tallystick.online import Openings
from tallystick.party import Shared
from tallystick.plan import BitsHint, CopyHint, SpanHint, simulate
from tallystick.plan._hint_kind import integers
from tallystick.proofs import span_weights
from tallystick.tracing import Members, Secret, Table, trace

CHEATER = 1
TABLES = {"a": {"x": [3, 0]}, "b": {"x": [-4]}, "c": {"x": [6, -1]}}
LOW, HIGH = -4, 6


def joined(tables: Members[Table]) -> Secret:
    return tracing.concat(t["x"] for t in tables)


@tracing.program
def bits(tables):
    x = joined(tables)
    n = x.size
    found = tracing.hint("bits", x, parameters=(LOW, 4), n=4 * n, boolean=True).reshape(n, 4)
    tracing.assert_zero(found @ [1, 2, 4, 8] - (x - LOW))
    return {"bits": found}


@tracing.program
def wide(tables):
    """Digits of a value whose interval is wider than they are, and reaches below their low."""
    x = joined(tables) * 16
    y = x - x + 5
    n = x.size
    found = tracing.hint("bits", y, parameters=(2, 3), n=3 * n, boolean=True).reshape(n, 3)
    tracing.assert_zero(found @ [1, 2, 4] - (y - 2))
    return {"bits": found}


@tracing.program
def span(tables):
    x = joined(tables)
    n = x.size
    found = tracing.hint("span", x, parameters=(LOW, HIGH), n=4 * n, boolean=True).reshape(n, 4)
    tracing.assert_zero(found @ span_weights(HIGH - LOW) - (x - LOW))
    return {"wires": found}


@tracing.program
def copy(tables):
    x = joined(tables) * 0
    found = tracing.hint("copy", x + 1, parameters=(), n=x.size, boolean=True)
    tracing.assert_zero(found - x - 1)
    return {"ones": found.sum()}


@tracing.program
def inverse(tables):
    x = joined(tables)
    found = tracing.hint("inverse", x, parameters=(), n=x.size, boolean=False)
    tracing.assert_zero(x * (1 - x * found))
    return {"sum": x.sum()}


@tracing.program
def reciprocal(tables):
    x = joined(tables) * 2 + 1
    key = tracing.hint("random", parameters=(1,), n=1, boolean=False, builder=x.builder).reshape(())
    found = tracing.hint("reciprocal", x + key, parameters=(), n=x.size, boolean=False)
    tracing.assert_zero((x + key) * found - 1)
    return {"sum": x.sum()}


@tracing.program
def quotient(tables):
    x = joined(tables)
    n = x.size
    wires = tracing.hint("quotient", x, parameters=(3, -6, 3), n=3 * n, boolean=True)
    found = wires.reshape(n, 3) @ [1, 2, 4]
    rest = tracing.hint("span", x + 6 - found * 3, parameters=(0, 2), n=2 * n, boolean=True)
    tracing.assert_zero(rest.reshape(n, 2) @ span_weights(2) - (x + 6 - found * 3))
    return {"quotients": found}


@tracing.program
def ratio(tables):
    a = joined(tables) + 4
    b = (a[::-1] - 5) * (a[::-1] - 5) + 1
    n = a.size
    found = tracing.hint("ratio", a, b, parameters=(4,), n=4 * n, boolean=True).reshape(n, 4) @ [1, 2, 4, 8]
    rest = a - found * b
    for part in (rest, b - 1 - rest):
        wires = tracing.hint("bits", part, parameters=(0, 7), n=7 * n, boolean=True)
        tracing.assert_zero(wires.reshape(n, 7) @ [1, 2, 4, 8, 16, 32, 64] - part)
    return {"quotients": found}


@tracing.program
def root(tables):
    x = joined(tables) + 4
    n = x.size
    found = tracing.hint("root", x, parameters=(2,), n=2 * n, boolean=True).reshape(n, 2) @ [1, 2]
    rest = x - found * found
    for part in (rest, found * 2 - rest):
        wires = tracing.hint("bits", part, parameters=(0, 3), n=3 * n, boolean=True)
        tracing.assert_zero(wires.reshape(n, 3) @ [1, 2, 4] - part)
    return {"roots": found}


@tracing.program
def near_ratio(tables):
    """Enough digits to be approached."""
    a = (joined(tables) + 4) * 25
    b = (joined(tables)[::-1] - 5) * (joined(tables)[::-1] - 5) + 1
    n, weights = a.size, [1 << i for i in range(8)]
    found = tracing.hint("ratio", a, b, parameters=(8,), n=8 * n, boolean=True).reshape(n, 8) @ weights
    rest = a - found * b
    for part in (rest, b - 1 - rest):
        wires = tracing.hint("bits", part, parameters=(0, 7), n=7 * n, boolean=True)
        tracing.assert_zero(wires.reshape(n, 7) @ weights[:7] - part)
    return {"quotients": found}


@tracing.program
def near_root(tables):
    """Enough digits to be approached."""
    x = (joined(tables) + 4) * 26843545
    n, weights = x.size, [1 << i for i in range(15)]
    found = tracing.hint("root", x, parameters=(14,), n=14 * n, boolean=True).reshape(n, 14) @ weights[:14]
    rest = x - found * found
    for part in (rest, found * 2 - rest):
        wires = tracing.hint("bits", part, parameters=(0, 15), n=15 * n, boolean=True)
        tracing.assert_zero(wires.reshape(n, 15) @ weights - part)
    return {"roots": found}


@tracing.program
def controls(tables):
    x = joined(tables)[:3]
    swaps = tracing.hint("controls", x, parameters=(), n=3, boolean=True)
    at = 0
    values = [x[k] for k in range(3)]
    for layer in plan_room.exchanges(3):
        for i in layer.lower(3):
            moved = swaps[at] * (values[i] - values[i + layer.distance])
            values[i], values[i + layer.distance] = values[i] - moved, values[i + layer.distance] + moved
            at += 1
    out = tracing.stack(values)
    rises = out[1:] - out[:-1]
    wires = tracing.hint("bits", rises, parameters=(0, 4), n=8, boolean=True).reshape(2, 4)
    tracing.assert_zero(wires @ [1, 2, 4, 8] - rises)
    return {"sorted": out}


@tracing.program
def split(tables):
    """The flags alone, with what their numbers must be; that they say the truth is the library's to prove."""
    x = joined(tables)
    n = x.size
    digits = tracing.hint("bits", x, parameters=(LOW, 4), n=4 * n, boolean=True)
    tracing.assert_zero(digits.reshape(n, 4) @ [1, 2, 4, 8] - (x - LOW))
    flags = tracing.hint("split", digits, parameters=(1, 4), n=3 * n, boolean=True).reshape(3, n)
    tracing.assert_zero(flags.sum(axis=1) - np.array([n - 2, 1, 1]))
    return {"flags": flags}


@dataclass(frozen=True)
class Kind:
    """A program that takes one hint, and how its first output may be wrong."""

    program: tracing.Program
    wrong: Callable[[Sequence[int]], list[int]]


def bump(advice: Sequence[int]) -> list[int]:
    return [advice[0] + 1, *advice[1:]]


def flip(advice: Sequence[int]) -> list[int]:
    return [1 - advice[0], *advice[1:]]


KINDS = {
    "bits": Kind(bits, flip),
    "wide": Kind(wide, flip),
    "span": Kind(span, flip),
    "copy": Kind(copy, flip),
    "inverse": Kind(inverse, bump),
    "reciprocal": Kind(reciprocal, bump),
    "quotient": Kind(quotient, flip),
    "ratio": Kind(ratio, flip),
    "root": Kind(root, flip),
    "near ratio": Kind(near_ratio, flip),
    "near root": Kind(near_root, flip),
    "controls": Kind(controls, flip),
    "split": Kind(split, flip),
}


ELSEWHERE = {
    "coins": "test_noise.py; not zeros and ones: test_registry.py",
    "switches": "test_join.py; not zeros and ones: test_registry.py",
    "random": "test_a_key_that_makes_a_tag_impossible",
}
"""Advice that nobody need get right, as any will do, and where it is shown that nothing else passes for it."""


def test_every_kind_of_advice_is_lied_about_here() -> None:
    assert {_kind(name) for name in KINDS} == {
        kind for kind, known in plan_room.HINTS.items() if known.deterministic
    }
    assert set(ELSEWHERE) == {kind for kind, known in plan_room.HINTS.items() if not known.deterministic}


@pytest.mark.parametrize(
    "advice",
    [BitsHint(-4, 4), BitsHint(0, 1), SpanHint(-4, 6), SpanHint(2, 3), SpanHint(0, 127), CopyHint()],
    ids=str,
)
def test_weighted_wires_are_worth_the_value(advice: BitsHint | SpanHint | CopyHint) -> None:
    """What the library asserts of them, for every value that they can make; and they can make no others."""
    weights = advice.weights
    worth = {sum(w for i, w in enumerate(weights) if chosen >> i & 1) for chosen in range(1 << len(weights))}
    values = [advice.least + v for v in sorted(worth)]
    assert values == list(range(values[0], values[-1] + 1))
    wires = advice.compute([integers(values)]).reshape(len(values), len(weights))
    assert advice.outputs([len(values)]) == wires.size
    assert set(wires.reshape(-1)) <= {0, 1}
    assert list(wires @ weights + advice.least) == values


def _kind(name: str) -> str:
    return {"wide": "bits", "near ratio": "ratio", "near root": "root"}.get(name, name)


def test_both_ways_to_a_quotient_and_a_root_are_taken() -> None:
    for name in ("ratio", "root", "near ratio", "near root"):
        plan = _case(name).plan
        node = plan.nodes[hint_node(plan, kind=_kind(name))]
        intervals = [plan.layout.intervals[p] for p in node.arguments]
        advice = plan_room.advice_of(node.kind, node.parameters)
        found = advice.approach if name.endswith("root") else advice.approach(intervals)
        assert (found is not None) == name.startswith("near")


def _case(name: str) -> Case:
    return case(KINDS[name].program, TABLES, LOW, HIGH)


@tracing.program
def together(tables):
    return {name: kind.program.function(tables) for name, kind in KINDS.items()}


def test_all_kinds_work_on_the_pure_backend(pure: Backend) -> None:
    c = case(together, TABLES, LOW, HIGH)
    ran = play(c, [pure] * 3)
    assert audit(c, ran.results[0], pure) == [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]


@pytest.mark.parametrize("name", KINDS)
def test_advice_on_shares_is_that_of_the_simulation(native: Backend, name: str) -> None:
    c = _case(name)
    ran = play(c, [native] * 3)
    assert audit(c, ran.results[0], native) == [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    assert ran.used[0].used == estimate(c.plan).need
    cost = estimate(c.plan)
    sent = [m.size for m in ran.log if m.sender == 0 and not m.label.startswith("insecure-dealer")]
    steps = [s for s in cost.steps if s.phase != "commit"]
    assert sum(s.rounds for s in steps) == len(sent) // 2
    assert sum(s.payload[0] for s in steps) * 2 == sum(sent)


@pytest.mark.parametrize("name", ["bits", "span", "inverse", "near ratio", "near root"])
def test_many_values_are_taken_apart_in_turn(native: Backend, name: str) -> None:
    rows = {"a": [3, 0, -4, 6, -1, 5, 1], "b": [2] * 6, "c": [-3, -2, -1, 0, 4, 6]}
    c = case(KINDS[name].program, {m: {"x": x} for m, x in rows.items()}, LOW, HIGH)
    ran = play(c, [native] * 3)
    assert audit(c, ran.results[0], native) == [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    assert ran.used[0].used == estimate(c.plan).need
    sent = [m for m in ran.log if m.sender == 0 and not m.label.startswith("insecure-dealer")]
    assert sum(s.rounds for s in estimate(c.plan).steps if s.phase != "commit") == len(sent) // 2


@pytest.mark.parametrize("name", KINDS)
def test_wrong_advice_stops_the_run_before_any_output(
    native: Backend, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Advice that is wrong under right MACs, as if all had conspired to compute it wrongly."""
    c = _case(name)
    node = c.plan.nodes[hint_node(c.plan, kind=_kind(name))]
    honest = protocols.answer

    async def lying(advice, arguments, intervals, online):
        right = await honest(advice, arguments, intervals, online)
        if advice.name != node.kind:
            return right
        unit = Vector.from_ints(right.backend, [1, *[0] * (len(right) - 1)])
        return online.key.add(right, unit)

    monkeypatch.setattr(protocols, "answer", lying)
    ran = play(c, [native] * 3)
    checks = {r.check for r in ran.results}
    assert len(checks) == 1
    assert checks <= {"assert-zero", "gate-check", "advice"}
    assert not any(m.label.startswith("outputs") for m in ran.log)


# That of a reciprocal goes with a random element: test_join.py forges it with the element fixed.
@pytest.mark.parametrize("name", [name for name in KINDS if name != "reciprocal"])
def test_forged_advice_is_not_proved(native: Backend, name: str) -> None:
    c = _case(name)
    honest = honest_advice(c, kind=_kind(name))
    forgery_is_refused(native, c, KINDS[name].wrong(honest), kind=_kind(name))
    if any(honest):
        forgery_is_refused(native, c, [0] * len(honest), kind=_kind(name))


def _spoil_masks(native: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the cheater add a fraction, out of everybody's range, to whatever it deals as the upper part of a mask."""
    honest = Openings.broadcast

    async def spoiling(online, label, own):
        if (online.party.index, label) == (CHEATER, "hint/masks"):
            own = own + Vector.constant(native, pow(2, -40, FR_MODULUS), len(own))
        return await honest(online, label, own)

    monkeypatch.setattr(Openings, "broadcast", spoiling)


@pytest.mark.parametrize(
    "name",
    [
        "bits",
        "wide",
        "span",
        "inverse",
        "quotient",
        "ratio",
        "root",
        "near ratio",
        "near root",
        "controls",
        "split",
    ],
)
def test_a_spoiled_mask_stops_the_run_before_the_next_opening(
    native: Backend, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    _spoil_masks(native, monkeypatch)
    ran = play(_case(name), [native] * 3)
    assert [r.check for r in ran.honest(CHEATER)] == ["advice"] * 2
    labels = [m.label for m in ran.log]
    assert not any(label.startswith(("outputs", "hint/inverse")) for label in labels)
    assert labels.count("hint/masked") == 6, "another value was opened under a mask"


MASKED = 6
"""Messages of one opening under masks: three members tell two others."""


def _nth(label: str, number: int, change: Callable[[Vector], Vector]) -> Callable[[int, str, bytes], bytes]:
    """Change the cheater's broadcast of this number under a label."""
    counter = iter(range(1 << 30))

    def corrupt(sender: int, sent: str, payload: bytes) -> bytes:
        if (sender, sent) != (CHEATER, label) or next(counter) != number:
            return payload
        return change(Vector.from_bytes(get_backend("native"), payload)).to_bytes()

    return corrupt


def _shifted(at: int, by: int) -> Callable[[Vector], Vector]:
    def change(v: Vector) -> Vector:
        return v + Vector.from_ints(v.backend, [by * (k == at % len(v)) for k in range(len(v))])

    return change


def _openings(name: str, native: Backend) -> list[str]:
    """The labels of one member's openings of advice, in order."""
    ran = play(_case(name), [native] * 3)
    return [m.label for m in ran.log if (m.sender, m.receiver) == (0, 2) and m.label.startswith("hint/")]


@pytest.mark.parametrize("name", ["near ratio", "near root"])
def test_a_spoiled_mask_of_a_truncation_stops_the_run_before_the_next_opening(
    native: Backend, name: str
) -> None:
    """Half an integer too much makes half of all combinations small; a huge smudge makes one of them too long."""
    labels = [label for label in _openings(name, native) if label in ("hint/masks", "hint/small")]
    truncations = [
        labels[: i + 1].count("hint/masks") - 1 for i, label in enumerate(labels) if label == "hint/small"
    ]
    assert len(truncations) == 3
    half = pow(2, -1, FR_MODULUS)
    for number in truncations:
        for at, by in ((0, half), (3, half), (-1, 1 << 252), (-1, half)):
            ran = play(_case(name), [native] * 3, corrupt=_nth("hint/masks", number, _shifted(at, by)))
            assert [r.check for r in ran.honest(CHEATER)] == ["advice"] * 2
            seen = [m.label for m in ran.log]
            assert seen.count("hint/masked") == MASKED * (number + 1), "another value was opened under a mask"


@pytest.mark.parametrize("name", ["near ratio", "near root"])
@pytest.mark.parametrize("by", [1, 1 << 200])
def test_a_lie_in_any_opening_is_found_before_a_mask_could_show_it(
    native: Backend, name: str, by: int
) -> None:
    labels = _openings(name, native)
    names = (
        "hint/leading",
        "hint/normalised",
        "hint/guess",
        "hint/masked",
        "hint/coin",
        "hint/small",
        "hint/approach",
    )
    assert set(names) < set(labels)
    for label in names:
        for number in range(labels.count(label)):
            corrupt = _nth(label, number, _shifted(number, by))
            ran = play(_case(name), [native] * 3, corrupt=corrupt)
            checks = {r.check for r in ran.honest(CHEATER)}
            assert (
                checks <= {"mac-check", "advice"} if label in ("hint/masked", "hint/small") else {"mac-check"}
            )
            at = [i for i, known in enumerate(labels) if known == label][number]
            masked = labels[: at + 1].count("hint/masked")
            assert [m.label for m in ran.log].count("hint/masked") == MASKED * masked


@tracing.program
def vast(tables):
    """A dividend too wide to be approached, unless its quotient has the few digits that are promised."""
    x = joined(tables)
    a, b, n = x * x * 2**140 + 40, x * x + 1, x.size
    found = tracing.hint("ratio", a, b, parameters=(8,), n=8 * n, boolean=True).reshape(n, 8)
    rest = a - found @ [1 << i for i in range(8)] * b
    for part in (rest, b - 1 - rest):
        wires = tracing.hint("bits", part, parameters=(0, 6), n=6 * n, boolean=True).reshape(n, 6)
        tracing.assert_zero(wires @ [1, 2, 4, 8, 16, 32] - part)
    return {"quotients": found}


def test_a_quotient_longer_than_promised_stops_the_run_before_the_next_opening(native: Backend) -> None:
    zeros = {name: {"x": [0] * len(t["x"])} for name, t in TABLES.items()}
    c = case(vast, zeros, LOW, HIGH)
    node = c.plan.nodes[hint_node(c.plan, kind="ratio")]
    approach = plan_room.RatioHint(8).approach([c.plan.layout.intervals[p] for p in node.arguments])
    assert approach is not None
    assert approach.promised is not None
    ran = play(c, [native] * 3)
    assert audit(c, ran.results[0], native) == [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    ran = play(case(vast, TABLES, LOW, HIGH), [native] * 3)
    assert [r.check for r in ran.results] == ["advice"] * 3
    assert [m.label for m in ran.log].count("hint/masked") == MASKED


@tracing.program
def untrue(tables):
    """A program that promises bits and has none, so that masks for bits would cover little of the values."""
    x = joined(tables)
    bit = tracing.hint("copy", x, parameters=(), n=x.size, boolean=True)
    tracing.hint("bits", bit, parameters=(0, 1), n=x.size, boolean=True)
    tracing.assert_zero(bit - x)
    return {"sum": x.sum()}


def test_what_is_no_bit_is_not_opened_under_a_mask_for_bits(native: Backend) -> None:
    ran = play(case(untrue, TABLES, LOW, HIGH), [native] * 3)
    assert [r.check for r in ran.results] == ["advice"] * 3
    assert {m.label for m in ran.log} >= {"hint/copy"}
    assert not any(m.label.startswith(("hint/masked", "outputs")) for m in ran.log)
    for used in ran.used.values():
        with pytest.raises(ProtocolAbort, match="destroyed"):
            _ = used.key
    bits = {name: {"x": [abs(v) % 2 for v in t["x"]]} for name, t in TABLES.items()}
    assert not any(
        isinstance(r, Exception) for r in play(case(untrue, bits, LOW, HIGH), [native] * 3).results
    )


@tracing.program
def tagged(tables):
    """The tags of a join: reciprocals of x + k under a key k that nobody knows."""
    x = joined(tables)
    key = tracing.hint("random", parameters=(1,), n=1, boolean=False, builder=x.builder)
    shifted = x + key.reshape(())
    found = tracing.hint("reciprocal", shifted, parameters=(), n=x.size, boolean=False)
    tracing.assert_zero(shifted * found - 1)
    return {"sum": x.sum()}


@pytest.mark.parametrize("row", [0, 3])
def test_a_key_that_makes_a_tag_impossible(
    native: Backend, monkeypatch: pytest.MonkeyPatch, row: int
) -> None:
    """Any key will do but the negative of an identifier, which would have no tag: k + x = 0 is never inverted."""
    c = case(tagged, TABLES, LOW, HIGH)
    rows = [x for table in TABLES.values() for x in table["x"]]
    key, tags = hint_node(c.plan, kind="random"), hint_node(c.plan, kind="reciprocal")
    honest = {key: [2**200], tags: [pow(x + 2**200, -1, FR_MODULUS) for x in rows]}
    assert proves(native, c, honest)
    for wrong in (0, 1):
        forged = [pow(x - rows[row], -1, FR_MODULUS) if x != rows[row] else wrong for x in rows]
        assert not proves(native, c, {key: [-rows[row]], tags: forged})

    honest_answer = protocols.answer

    async def known(advice, arguments, intervals, online):
        if not isinstance(advice, plan_room.RandomHint):
            return await honest_answer(advice, arguments, intervals, online)
        return online.key.constant(Vector.from_ints(native, [-rows[row]]))

    monkeypatch.setattr(protocols, "answer", known)
    ran = play(c, [native] * 3)
    assert {r.check for r in ran.results} == {"assert-zero"}
    assert not any(m.label.startswith("outputs") for m in ran.log)


def test_a_key_without_its_mac_stops_the_run(native: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = protocols.answer

    async def shifting(advice, arguments, intervals, online):
        key = await honest(advice, arguments, intervals, online)
        if online.party.index != CHEATER or not isinstance(advice, plan_room.RandomHint):
            return key
        return Shared(key.value + Vector.constant(native, 1, len(key)), key.mac)

    monkeypatch.setattr(protocols, "answer", shifting)
    ran = play(case(tagged, TABLES, LOW, HIGH), [native] * 3)
    assert [r.check for r in ran.honest(CHEATER)] == ["mac-check"] * 2
    assert not any(m.label.startswith("outputs") for m in ran.log)


@tracing.program
def product_bits(tables):
    """Digits of a product: what is opened under the mask depends on an opening before."""
    y = tables["a"]["x"] * tables["b"]["x"][0]
    found = tracing.hint("bits", y, parameters=(-30, 7), n=7 * y.size, boolean=True).reshape(-1, 7)
    tracing.assert_zero(found @ [1 << i for i in range(7)] - (y + 30))
    return {"bits": found}


def test_a_lie_in_a_product_is_found_before_the_mask_could_show_it(native: Backend) -> None:
    """A shift δ of an opened difference adds δ·y to x·y; a large δ would stick out of the mask."""

    def corrupt(sender: int, label: str, payload: bytes) -> bytes:
        if (sender, label) != (CHEATER, "multiply"):
            return payload
        v = Vector.from_bytes(native, payload)
        return (v + Vector.constant(native, 1 << 200, len(v))).to_bytes()

    ran = play(case(product_bits, TABLES, LOW, HIGH), [native] * 3, corrupt=corrupt)
    assert [r.check for r in ran.honest(CHEATER)] == ["mac-check"] * 2
    assert not any(m.label == "hint/masked" for m in ran.log)


def test_a_lie_in_the_inverse_is_found_before_the_product_is_opened(native: Backend) -> None:
    seen: list[str] = []

    def corrupt(sender: int, label: str, payload: bytes) -> bytes:
        if sender == CHEATER and label == "hint/inverse":
            seen.append(label)
            v = Vector.from_bytes(native, payload)
            return (v + Vector.constant(native, 1, len(v))).to_bytes()
        return payload

    ran = play(_case("inverse"), [native] * 3, corrupt=corrupt)
    assert [r.check for r in ran.honest(CHEATER)] == ["mac-check"] * 2
    assert len(seen) == 1, "the product was opened although a factor was wrong"


def test_advice_about_what_nothing_bounds_is_refused() -> None:
    @tracing.program
    def unbounded(tables):
        x = joined(tables)
        free = tracing.hint("inverse", x, parameters=(), n=x.size, boolean=False)
        return {"x": tracing.hint("bits", free, parameters=(0, 4), n=4 * x.size, boolean=True)}

    with pytest.raises(ProgramError, match="a bits hint about a value without interval"):
        case(unbounded, TABLES, LOW, HIGH)


def test_advice_about_what_cannot_be_masked_is_refused() -> None:
    def body(tables: Members[Table]) -> object:
        x = joined(tables) * 2**170
        return {"b": tracing.hint("bits", x, parameters=(0, 1), n=x.size, boolean=True)}

    members = [plan_room.MemberSchema(m, 2, {"x": plan_room.Column(0, 15)}) for m in "abc"]
    with pytest.raises(ProgramError, match="174 bits; 3 parties can mask 171") as raised:
        trace(tracing.Program("body", body), members)
    assert (raised.value.where or "").startswith("tests")


def test_span_weights_reach_every_value_and_no_other() -> None:
    for high in range(70):
        weights = span_weights(high)
        reached = {sum(w for i, w in enumerate(weights) if s >> i & 1) for s in range(1 << len(weights))}
        assert reached == set(range(high + 1))
