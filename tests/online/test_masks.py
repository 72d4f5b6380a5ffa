# SPDX-License-Identifier: Apache-2.0
"""Openings under masks: they take all the room that the field has, and what a plan shows of them is bounded."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest

import tallystick as ts
from support.joint_run import audit, case, play
from support.spec_vectors import ROOT
from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.cost import estimate, require_hidden
from tallystick.errors import ProgramError
from tallystick.limits import STATISTICAL_BITS
from tallystick.online import _digits, _truncate
from tallystick.plan import COMBINATIONS, COMBINED, Column, MemberSchema, Plan, mask_room, simulate
from tallystick.tracing import Program, hint, trace

TABLES = {"a": {"x": [3, 0]}, "b": {"x": [-4, 5]}, "c": {"x": [6, -1]}}
LOW, HIGH = -4, 6


def joined(tables):
    return ts.concat(t["x"] for t in tables)


@ts.program
def digits(tables):
    x = joined(tables)
    return {"less": (x < x[::-1]).sum(), "sorted": ts.sort(x)}


@ts.program
def quotients(tables):
    """Approached, so that values are truncated, too."""
    x = joined(tables)
    return {"q": (x + 4) * 1000 // ((x[::-1] + 5) * 20), "r": ts.sqrt(ts.reveal((x + 4).sum()), places=2)}


PROGRAMS = {"digits": digits, "quotients": quotients}


# ---------------------------------------------------------------------- the argument
@pytest.mark.parametrize(("width", "k", "room"), [(3, 2, 6), (4, 4, 7), (4, 1, 8), (2, 2, 4)])
def test_a_value_of_w_bits_is_hidden_up_to_2_to_the_w_less_room(width: int, k: int, room: int) -> None:
    """c = x + r + 2^k·R for any two x in [0, 2^w), whatever else is added to it."""

    def opened(x: int) -> Counter[int]:
        return Counter(x + r + (part << k) for r in range(1 << k) for part in range(1 << room - k))

    worst = Fraction(0)
    for x in range(1 << width):
        p, q = opened(0), opened(x)
        differences = sum(abs(p[c] - q[c]) for c in p | q)
        worst = max(worst, Fraction(differences, 2 << room))
    # From one that depends on x in its k lowest digits alone, not at all.
    assert Fraction(1, 4 << room - width) < worst <= Fraction(1, 1 << room - width)


@pytest.mark.parametrize("parties", [2, 3, 4, 15, 16, 255, 256])
def test_nothing_that_is_opened_wraps_around(parties: int) -> None:
    room = mask_room(parties)
    for width in range(1, room - STATISTICAL_BITS + 1):
        for k in {1, width // 2 or 1, width}:
            largest = ((1 << width) - 1) + ((1 << k) - 1) + (parties * ((1 << room - k) - 1) << k)
            assert largest < FR_MODULUS
            if width + COMBINED.bit_length() - 1 <= room - STATISTICAL_BITS:
                combined = COMBINED * (1 << width - k) + parties * ((1 << room - k) - 1)
                longest = room - k + parties.bit_length()
                assert combined.bit_length() <= longest
                # An X that is a fraction: the two integers that are congruent are equal.
                assert (1 << longest + k) + (1 << width) + (1 << k) < FR_MODULUS


# ---------------------------------------------------------------------- what a run deals and opens
@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("size", [2, 3])
def test_masks_take_all_the_room_and_may_be_as_long_as_they_can(
    native: Backend, monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    drawn = []

    def longest(_random: Random, backend: Backend, bits: int, n: int) -> Vector:
        drawn.append(bits)
        return Vector.from_ints(backend, [(1 << bits) - 1] * n)

    places = []
    honest = _digits.open_masked

    async def watched(online, values, extra=()):
        if online.party.index == 0:
            places.extend([k for _, k, _ in values] + [k for _, k in extra])
        return await honest(online, values, extra)

    monkeypatch.setattr(Random, "below", longest)
    monkeypatch.setattr(_digits, "open_masked", watched)
    monkeypatch.setattr(_truncate, "open_masked", watched)
    c = case(PROGRAMS[name], dict(list(TABLES.items())[:size]), LOW, HIGH)
    ran = play(c, [native] * size)
    assert audit(c, ran.results[0], native) == [v % FR_MODULUS for v in simulate(c.plan, c.values).outputs]
    assert Counter(drawn) == Counter({mask_room(size) - k: size * n for k, n in Counter(places).items()})


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_plan_counts_what_its_run_opens(
    native: Backend, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    opened = []
    honest = _digits.open_masked

    async def watched(online, values, extra=()):
        if online.party.index == 0:
            groups = -(-len(values[0][0]) // COMBINED)
            assert [n for n, _ in extra] in ([], [COMBINATIONS * groups] * len(values))
            opened.extend((len(x) * (1 + COMBINATIONS * bool(extra)), width) for x, _, width in values)
        return await honest(online, values, extra)

    monkeypatch.setattr(_digits, "open_masked", watched)
    monkeypatch.setattr(_truncate, "open_masked", watched)
    c = case(PROGRAMS[name], TABLES, LOW, HIGH)
    play(c, [native] * 3)
    assert total(opened) == estimate(c.plan).hidden
    assert (1 + COMBINATIONS) * 6 in {n for n, _ in opened} or name == "digits"


def total(openings) -> Counter[int]:
    found: Counter[int] = Counter()
    for n, width in openings:
        found[width] += n
    return found


# ---------------------------------------------------------------------- what a plan may show
def traced(body, n: int, members: int = 2, **columns: tuple[int, int]) -> Plan:
    schema = {name: Column(*ends) for name, ends in columns.items()}
    schemas = [MemberSchema(f"m{k}", n // members, schema) for k in range(members)]
    return trace(Program("body", lambda tables: {"out": body(tables)}), schemas)


def column(tables, name):
    return ts.concat(t[name] for t in tables)


SORT = lambda tables: ts.sort(column(tables, "x"))[:3]  # noqa: E731
DIVIDE = lambda tables: (column(tables, "x") // column(tables, "y")).sum()  # noqa: E731


@pytest.mark.parametrize(
    ("what", "body", "n", "bits", "openings", "bound"),
    [
        ("sort of 10,000 values of 16 bits", SORT, 10_000, 16, 435_694, -215.3),
        ("sort of 10,000 values of 32 bits", SORT, 10_000, 32, 435_694, -199.3),
        ("10,000 quotients of 16 bits", DIVIDE, 10_000, 16, None, -166.4),
        ("10,000 quotients of 32 bits", DIVIDE, 10_000, 32, None, -118.4),
    ],
)
def test_large_runs_show_far_less_than_they_may(what, body, n, bits, openings, bound) -> None:
    plan = traced(body, n, x=(0, (1 << bits) - 1), y=(1, (1 << bits) - 1))
    cost = estimate(plan)
    assert round(cost.shown, 1) == bound
    assert openings is None or sum(cost.hidden.values()) == openings
    require_hidden(cost)
    page = (ROOT / "online.md").read_text(encoding="utf-8")
    assert f"| {what} | 2^{bound} |" in page


def wide(bits: int):
    def body(tables):
        x = column(tables, "x") * (1 << bits - 1)
        return hint("bits", x, parameters=(0, 1), n=x.size, boolean=True).sum()

    return body


def test_a_plan_that_would_show_too_much_is_refused_before_anything_is_prepared() -> None:
    room = mask_room(2) - STATISTICAL_BITS
    assert room == 171
    # One value may be so wide, 2^8 values may have 8 bits less, and not one value more.
    for bits, n, refused in ((171, 2, True), (170, 2, False), (163, 256, False), (163, 258, True)):
        plan = traced(wide(bits), n, x=(0, 1))
        cost = estimate(plan)
        if refused:
            with pytest.raises(
                ProgramError, match=rf"would show 2\^-79\.\d\d of what it opens.*by {n} values of {bits} bits"
            ) as caught:
                require_hidden(cost)
            assert "narrower" in (caught.value.hint or "")
        else:
            require_hidden(cost)
            assert (cost.random_bits, cost.shown) == (n, -80)


def test_members_share_the_room() -> None:
    assert estimate(traced(wide(100), 32, members=2, x=(0, 1))).shown == 100 + 5 - 251
    assert estimate(traced(wide(100), 32, members=16, x=(0, 1))).shown == 100 + 5 - 248
    assert estimate(traced(lambda tables: column(tables, "x").sum(), 4, x=(0, 1))).shown == -float("inf")
