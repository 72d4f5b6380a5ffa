# SPDX-License-Identifier: Apache-2.0
"""Hints side by side: each as if it were alone, in the rounds of the longest; a lie in one stops all."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

import tallystick as ts
from support.insecure_dealer import InsecureDealer
from support.joint_run import Case, Cheat, audit, play
from support.library import agree_on_shares, cost_of, library_case
from support.memory_mesh import DROP, Message, run
from tallystick.algebra import Random, Vector
from tallystick.backend import FR_MODULUS, Backend
from tallystick.cost import estimate
from tallystick.errors import ProtocolAbort
from tallystick.online import Openings, Proven, _evaluate, _schedule, schedule
from tallystick.online._abreast import abreast
from tallystick.party import Party
from tallystick.plan import HINTS, Hint, Plan, advice_of, simulate
from tallystick.tracing import assert_zero, hint

CHEATER = 1


# ---------------------------------------------------------------------- lanes


async def seated(mesh, backend: Backend, **options: int) -> Openings:
    party = Party(mesh, backend, b"session", Random(bytes([mesh.index + 1]) * 32))
    return Openings(party, await InsecureDealer.start(party), **options)


def power(k: int, *, checks: bool = False):
    """A sub-protocol that finds 3^(k+1) in k rounds, and asks for a check before each if it ``checks``."""

    async def protocol(online):
        x = made = online.key.constant(Vector.from_ints(online.party.backend, [3] * k))
        for _ in range(k):
            if checks:
                await online.check_pending("hint/check")
            made = await online.multiply(made, x, label=f"hint/by-{k}")
        return made

    return protocol


def together(backend: Backend, protocols, **options) -> tuple[list[list[int]], list[str]]:
    log: list[Message] = []

    async def seat(mesh):
        online = await seated(mesh, backend, **options)
        opened = []
        for shared in await abreast(online, protocols):
            opened.append((await online.open(shared, label="result")).to_ints())
        await online.check("end")
        return opened, online.preparation.used

    results = run(seat, log=log)
    assert results[0] == results[1] == results[2]
    labels = [m.label for m in log if (m.sender, m.receiver) == (0, 1)]
    return results[0][0], [label for label in labels if not label.startswith(("insecure", "result", "end"))]


def test_what_is_sent_at_a_step_is_one_message(backend: Backend) -> None:
    found, labels = together(backend, [power(1), power(3), power(2)])
    assert found == [[9], [81] * 3, [27] * 2]
    assert labels == ["hint/several", "hint/several", "hint/by-3"]


def test_a_check_waits_until_all_ask_for_one(backend: Backend) -> None:
    """The first has nothing to check before its first product, the second no check at all."""
    found, labels = together(backend, [power(2, checks=True), power(3)])
    assert found == [[27] * 2, [81] * 3]
    check = [f"hint/check/{name}/{part}" for name in ("coins", "mac-check") for part in ("commit", "open")]
    assert labels == ["hint/by-3"] * 3 + check + ["hint/by-2"] + check + ["hint/by-2"]


def test_too_much_pending_is_checked_at_the_end_of_a_step(backend: Backend) -> None:
    check = [f"check/{name}/{part}" for name in ("coins", "mac-check") for part in ("commit", "open")]
    _, labels = together(backend, [power(1), power(2)], pending_limit=5)
    assert labels == ["hint/several", *check, "hint/by-2", *check]  # The last one with the results.
    _, labels = together(backend, [power(1), power(2)], pending_limit=6)
    assert labels == ["hint/several", "hint/by-2", *check]


def test_nothing_to_run_sends_nothing(backend: Backend) -> None:
    assert together(backend, []) == ([], [])


@pytest.mark.parametrize("at", [0, 1])
def test_what_stops_one_ends_all(native: Backend, at: int) -> None:
    ended = []

    async def patient(online):
        try:
            return await power(3)(online)
        finally:
            ended.append("patient")

    async def failing(online):
        for _ in range(at):
            await power(1)(online)
        raise ProtocolAbort("it cannot go on", check="burnt")

    async def seat(mesh):
        await abreast(await seated(mesh, native), [patient, failing, patient])

    results = run(seat)
    assert [r.check for r in results] == ["burnt"] * 3
    # A third that never started has nothing to end.
    assert ended == ["patient"] * 3 * (2 if at else 1)


def test_a_run_that_is_cancelled_ends_all(native: Backend) -> None:
    """The cancellation meets a sub-protocol that waits for its store, while another waits for its turn."""
    ended = []

    async def main() -> None:
        asleep = asyncio.Event()

        async def sleeping(online):
            try:
                asleep.set()
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                ended.append("sleeping")
                raise

        async def patient(online):
            try:
                return await power(1)(online)
            finally:
                ended.append("patient")

        async def seat(mesh):
            await abreast(await seated(mesh, native), [patient, sleeping])

        task = asyncio.ensure_future(_alone(seat))
        await asleep.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert ended == ["sleeping", "patient"]


async def _alone(seat) -> None:
    """Seat the only party of a network of one."""

    class Alone:
        index, size = 0, 1

        async def broadcast(self, label, payload, sizes=None):
            return [bytes(payload)]

        def broadcast_digests(self):
            return (bytes(32),)

        def state(self, session):
            pass

        async def compare(self):
            pass

    await seat(Alone())


# ---------------------------------------------------------------------- programs


def medians(x: ts.Secret, _y: ts.Secret) -> object:
    return [ts.median(x[2 * k : 2 * k + 4]) for k in range(3)]


def comparisons(x: ts.Secret, y: ts.Secret) -> object:
    """Of different widths, with committed digits and with those of products."""
    bits = [x * x < y * 3, x - y > 2, x * y * 40 > x, x * y > 2]
    return [ts.where(bit, x, y).sum() for bit in bits]


def quotients(x: ts.Secret, y: ts.Secret) -> object:
    """Few values by the tree and many in turn, by divisors of different widths, and roots."""
    divisor = y + 9
    return [
        *((x[k:] * 5 // divisor[k:]).sum() for k in range(3)),
        (x * x // (divisor * divisor)).sum(),
        ts.sqrt((x + 8) * (y + 8), places=0, rounding="floor").sum(),
        (x + 8) // 3,
        x[:4] * x[:4] == y[:4] * y[:4],
        ts.concat([x, x * 2, y])[:20] * 3 // 7,
    ]


def divisions(x: ts.Secret, y: ts.Secret) -> object:
    return [((x[k] + 8) // (y[k] + 9 + 3 * k)) for k in range(2)]


def sorting(x: ts.Secret, y: ts.Secret) -> object:
    return [ts.sort(x)[1], ts.sort(x[:4] * y[:4])[2], ts.argsort(y)[0], (x * y < 7).sum()]


PROGRAMS = {f.__name__: f for f in (medians, comparisons, quotients, divisions, sorting)}
X = [3, -8, 7, 0, 5, 5, -1, 2, 4]
Y = [3, 8, -7, 1, 0, -2, 6, 2, -4]


def _case(name: str) -> Case:
    return library_case(PROGRAMS[name], X, Y, low=-8, high=8, members=3)


def _groups(plan: Plan) -> list[list[str]]:
    """Return the kinds of the hints of every group."""
    found = []
    for layer in schedule(plan):
        for group in layer.hints:
            found.append([node.kind for v in group if isinstance(node := plan.nodes[v], Hint)])
    return found


def test_programs_have_groups_of_several_hints() -> None:
    groups = {name: [Counter(group) for group in _groups(_case(name).plan)] for name in PROGRAMS}
    assert {"split": 3} in groups["medians"]
    assert {"bits": 3} in groups["comparisons"]
    assert {"ratio": 3, "quotient": 2} in groups["quotients"]
    assert {"ratio": 2} in groups["divisions"]
    assert {"ratio": 1, "root": 1, "inverse": 1, "span": 2} in groups["quotients"]
    assert {"controls": 1, "bits": 1} in groups["sorting"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_hints_side_by_side_agree_on_shares(native: Backend, name: str) -> None:
    agree_on_shares(native, PROGRAMS[name], X, Y, low=-8, high=8)


@pytest.mark.parametrize("name", ["medians", "comparisons", "divisions"])
def test_hints_side_by_side_agree_on_shares_in_pure_python(pure: Backend, name: str) -> None:
    agree_on_shares(pure, PROGRAMS[name], X, Y, low=-8, high=8)


def test_a_native_and_a_pure_member_work_together(native: Backend, pure: Backend) -> None:
    case = _case("comparisons")
    assert _right(case, play(case, [native, pure, native]).results, native)


def _right(case: Case, results, backend: Backend) -> bool:
    expected = [v % FR_MODULUS for v in simulate(case.plan, case.values).outputs]
    return all(isinstance(r, Proven) and audit(case, r, backend) == expected for r in results)


@pytest.mark.parametrize("name", ["comparisons", "sorting"])
def test_groups_of_few_outputs_cost_rounds_and_nothing_else(
    native: Backend, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """With room for a single hint in each group, the same material is used in more rounds."""
    case = _case(name)
    need, rounds = estimate(case.plan).need, _rounds(case)
    monkeypatch.setattr(_schedule, "GROUP_LIMIT", 1)
    assert max(len(group) for group in _groups(case.plan)) == 1
    assert estimate(case.plan).need == need
    assert _rounds(case) > rounds
    agree_on_shares(native, PROGRAMS[name], X, Y, low=-8, high=8)


def _rounds(case: Case) -> int:
    return estimate(case.plan).rounds


def _held(plan: Plan, v: int) -> int:
    node, layout = plan.nodes[v], plan.layout
    places = [(layout.lengths[p], layout.intervals[p]) for p in node.arguments]
    return advice_of(node.kind, node.parameters).held(*zip(*places, strict=True))


def test_groups_keep_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = _case("quotients").plan
    hints = [v for v, node in enumerate(plan.nodes) if isinstance(node, Hint)]
    sizes_of = {v: max(plan.layout.lengths[v], _held(plan, v)) for v in hints}
    for limit in (1, 200, 500, 1 << 20):
        monkeypatch.setattr(_schedule, "GROUP_LIMIT", limit)
        layers = [layer.hints for layer in schedule(plan)]
        assert sorted(v for layer in layers for group in layer for v in group) == hints
        for groups in layers:
            sizes = [sum(sizes_of[v] for v in group) for group in groups]
            assert all(size <= limit or len(group) == 1 for size, group in zip(sizes, groups, strict=True))
            # No group could have taken the hint that the next one begins with.
            for size, later in zip(sizes, groups[1:], strict=False):
                assert size + sizes_of[later[0]] > limit


def test_the_size_of_a_hint_is_what_it_holds_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """To find which of 4 values are zero, an inverse multiplies each of 8 borrows with a digit: 64 elements."""

    def body(tables):
        for k in range(2):
            x = tables["a"]["x"] * tables["a"]["x"] - 40 - k
            inverse = hint("inverse", x, parameters=(), n=4, boolean=False)
            assert_zero(x * inverse - 1)
        return {"sum": tables["a"]["x"].sum()}

    plan = ts.trace(ts.Program("p", body), [ts.MemberSchema(m, 4, {"x": ts.Column(0, 16)}) for m in "ab"])
    for limit, groups in ((2 * 64 - 1, [["inverse"]] * 2), (2 * 64, [["inverse"] * 2])):
        monkeypatch.setattr(_schedule, "GROUP_LIMIT", limit)
        assert _groups(plan) == groups


def test_dealt_hints_are_groups_of_their_own() -> None:
    def body(tables):
        return {"size": ts.join.intersection_size(*(t["x"] for t in tables))}

    plan = ts.trace(ts.Program("p", body), [ts.MemberSchema(m, 3, {"x": ts.Column(0, 9)}) for m in "abc"])
    groups = _groups(plan)
    assert ["switches"] * 6 in groups
    assert all(len({HINTS[kind].dealt for kind in group}) == 1 for group in groups)


def test_a_loop_takes_the_rounds_of_its_longest_pass() -> None:
    def sizes(x: ts.Secret, *counts: int) -> list[ts.Secret]:
        return [ts.median(x[:n]) for n in counts]

    def compute_rounds(*counts: int) -> int:
        steps = cost_of(lambda x: sizes(x, *counts), 64, 0, 255).steps
        return sum(s.rounds for s in steps if s.phase == "compute")

    longest = compute_rounds(64)
    assert compute_rounds(64, 48, 62, 40, 60) == longest
    assert compute_rounds(10, 64, 64) == longest  # The second of two equal ones is the same node.


def test_a_store_that_keeps_them_waiting_changes_nothing(native: Backend) -> None:
    """Every request for material is answered by the event loop later on."""

    class Slow:
        def __init__(self, dealer, delay: int) -> None:
            self._dealer, self._delay = dealer, delay

        def __getattr__(self, name):
            found = getattr(self._dealer, name)
            if name not in ("triples", "bits", "randoms", "masks"):
                return found

            async def later(*args):
                for _ in range(self._delay):
                    await asyncio.sleep(0)
                return await found(*args)

            return later

    def slow(online) -> None:
        online.preparation = Slow(online.preparation, online.party.index)

    case = _case("sorting")
    assert _right(case, play(case, [native] * 3, cheat=Cheat(online=slow, everyone=True)).results, native)


# ---------------------------------------------------------------------- lies


MIXED = library_case(
    lambda x, y: [
        (x * y < 7).sum(), ((x + 9) * (y + 9) // (y * y + 9))[0], (x * x == y * y).sum(), (x * y > 40).sum()
    ],
    X[3:6], Y[3:6], low=-8, high=8, members=3,
)  # fmt: skip


def _hint_messages() -> list[tuple[str, int]]:
    log = play(MIXED, [ts.backend.get_backend("native")] * 3).log
    return [
        (m.label, m.size)
        for m in log
        if (m.sender, m.receiver) == (CHEATER, 0) and m.broadcast and m.label.startswith("hint/")
    ]


def test_different_steps_meet_in_one_message() -> None:
    labels = {label for label, _ in _hint_messages()}
    assert {"hint/masks", "hint/masked", "hint/borrow", "hint/approach", "hint/several"} <= labels


@pytest.mark.parametrize("kind", ["raised", "cut", "missing"])
def test_every_message_of_hints_side_by_side(native: Backend, kind: str) -> None:
    """Each of the cheater's broadcasts changed once, in its first or its last entry: the run stops without outputs."""

    def raised(payload: bytes, position: int) -> bytes:
        v = Vector.from_bytes(native, payload)
        shift = [0] * len(v)
        shift[position] = 1
        return (v + Vector.from_ints(native, shift)).to_bytes()

    changes = {
        "raised": raised,
        "cut": lambda p, _position: p[:-32],
        "missing": lambda _p, _position: DROP,
    }
    messages = _hint_messages()
    for number, (label, _size) in enumerate(messages):
        if label.startswith("hint/check"):
            continue
        counter = iter(range(1 << 30))

        def corrupt(sender, found, payload, number=number, counter=counter):
            if sender == CHEATER and found.startswith("hint/") and next(counter) == number:
                return changes[kind](payload, -(number % 2))
            return payload

        ran = play(MIXED, [native] * 3, corrupt=corrupt)
        expected = {"cut": ("malformed-message", CHEATER), "missing": ("deadline", CHEATER)}
        found = {(r.check, r.blame) for r in ran.honest(CHEATER)}
        assert found <= {expected.get(kind, ("mac-check", None)), ("advice", None)}, (label, found)
        assert len(found) == 1
        assert not any(m.label.startswith("outputs") for m in ran.log)
        if kind in expected:
            assert found == {expected[kind]}


def test_different_openings_to_different_members(native: Backend) -> None:
    def tamper(sender, receiver, label, payload):
        if (sender, receiver, label) != (CHEATER, 2, "hint/masked"):
            return payload
        v = Vector.from_bytes(native, payload)
        return (v + Vector.constant(native, 1, len(v))).to_bytes()

    ran = play(MIXED, [native] * 3, tamper=tamper)
    assert [r.check for r in ran.honest(CHEATER)] == ["equivocation"] * 2
    assert ran.results[2].blame == CHEATER
    assert not any(m.label.startswith("outputs") for m in ran.log)


@pytest.mark.parametrize("position", range(4))
def test_wrong_advice_beside_right_advice_stops_the_run(
    native: Backend, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    """Advice that is wrong under right MACs: of any hint of the group, and of it alone."""
    honest = _evaluate.advise
    assert sorted(max(_groups(MIXED.plan), key=len)) == ["bits", "bits", "inverse", "ratio"]

    async def lying(online, questions):
        advice = await honest(online, questions)
        if len(questions) == 4:
            unit = Vector.from_ints(native, [1, *[0] * (len(advice[position]) - 1)])
            advice[position] = online.key.add(advice[position], unit)
        return advice

    monkeypatch.setattr(_evaluate, "advise", lying)
    ran = play(MIXED, [native] * 3)
    assert {r.check for r in ran.results} <= {"assert-zero", "gate-check", "advice"}
    assert not any(m.label.startswith("outputs") for m in ran.log)


def test_a_spoiled_mask_of_one_hint_stops_all_before_the_next_opening(
    native: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last value under a mask belongs to another hint than the first."""
    honest = Openings.broadcast

    async def spoiling(online, label, own):
        if (online.party.index, label) == (CHEATER, "hint/masks"):
            unit = [0] * (len(own) - 1) + [pow(2, -40, FR_MODULUS)]
            own = own + Vector.from_ints(native, unit)
        return await honest(online, label, own)

    monkeypatch.setattr(Openings, "broadcast", spoiling)
    ran = play(MIXED, [native] * 3)
    assert [r.check for r in ran.honest(CHEATER)] == ["advice"] * 2
    labels = [m.label for m in ran.log]
    assert labels.count("hint/masked") == 6, "another value was opened under a mask"
    assert labels[-1].startswith("hint/check/advice"), "something was sent after the check"
    assert not any(label.startswith(("hint/inverse", "outputs")) for label in labels)


def test_a_lie_in_a_product_is_found_before_any_mask_could_show_it(native: Backend) -> None:
    """All hints of the group wait for the check of what came before the layer."""

    def corrupt(sender: int, label: str, payload: bytes) -> bytes:
        if (sender, label) != (CHEATER, "multiply"):
            return payload
        v = Vector.from_bytes(native, payload)
        return (v + Vector.constant(native, 1 << 200, len(v))).to_bytes()

    ran = play(MIXED, [native] * 3, corrupt=corrupt)
    assert [r.check for r in ran.honest(CHEATER)] == ["mac-check"] * 2
    assert not any("hint/masked" in m.label for m in ran.log[_first_product(ran.log) :])


def _first_product(log: list[Message]) -> int:
    return next(k for k, m in enumerate(log) if m.label == "multiply")
