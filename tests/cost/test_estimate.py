# SPDX-License-Identifier: Apache-2.0
"""The estimate against what a run then took and sent, message by message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

import tallystick as ts
from support.joint_run import Case, case, owner, play
from support.memory_mesh import MemoryMesh, Message, run
from support.small_ring import prepared, small_parameters
from tallystick.backend import Backend
from tallystick.cost import RING, Material, Ring, estimate, render
from tallystick.offline import Need, Parameters, Store, derive
from tallystick.offline._parameters import PRIME_BITS, ProofParameters
from tallystick.party import PENDING_LIMIT
from tallystick.plan import Output, Plan, Result
from tallystick.plan._expressions import PublicOutput
from tallystick.tracing import Members, Table, assert_zero, hint


@ts.program
def moments(table: Members[Table]) -> object:
    x = ts.concat(t["x"] for t in table)
    return {"mean": ts.mean(x), "variance": ts.variance(x), "cubes": (x * x * x).sum()}


@ts.program
def linear(table: Members[Table]) -> object:
    return {"sum": ts.concat(t["x"] for t in table).sum()}


@ts.program
def advised(table: Members[Table]) -> object:
    x = ts.concat(t["x"] for t in table)[:2]
    bits = hint("bits", x, parameters=(-1, 5), n=10, boolean=True).reshape(2, 5)
    assert_zero(bits @ [1, 2, 4, 8, 16] - (x + 1))
    y = x + 20
    inverse = hint("inverse", y, parameters=(), n=2, boolean=False)
    assert_zero(y * inverse - 1)
    shifted = x - 3
    maybe = hint("inverse", shifted, parameters=(), n=2, boolean=False)
    assert_zero(shifted * (shifted * maybe - 1))
    return {"top": bits[:, 4].sum(), "product": (x * y).sum()}


@ts.program
def several(table: Members[Table]) -> object:
    """Hints of one depth: of several kinds and widths, few values and many, some that ask for checks and some not."""
    x = ts.concat(t["x"] for t in table)
    wide = ts.concat([x, x, x * x])[:18]
    for y, k in ((x[:2], 4), (wide, 8), (x[2:3] * 100, 11)):
        bits = hint("bits", y, parameters=(0, k), n=k * y.size, boolean=True).reshape(-1, k)
        assert_zero(bits @ [1 << i for i in range(k)] - y)
    inverse = hint("inverse", x[:3] + 1, parameters=(), n=3, boolean=False)
    assert_zero((x[:3] + 1) * inverse - 1)
    copied = hint("copy", x[:1] * 0 + 1, parameters=(), n=1, boolean=True)
    return {"sum": x.sum(), "one": copied.sum()}


def _private() -> Case:
    """A plan with one public output, and one that only the second member gets."""
    plan = case(moments, TWO, 0, 15).plan
    outputs = [v for v, n in enumerate(plan.nodes) if isinstance(n, Output)]
    nodes = list(plan.nodes)
    nodes[outputs[0]] = replace(plan.outputs[0], to=(1,))
    results = (Result("squares", 0, ()),)
    expressions = (PublicOutput(1),)
    return Case(Plan(plan.program, plan.members, tuple(nodes), expressions, results, plan.columns), TWO)


TWO = {"a": {"x": [3, 0, 7]}, "b": {"x": [15, 1]}}
THREE = {**TWO, "c": {"x": [2, 2, 2, 9]}}


@pytest.mark.parametrize(
    ("program", "tables"),
    [(linear, THREE), (moments, TWO), (advised, THREE), (several, THREE), (None, TWO)],
    ids=["linear", "moments", "advised", "several", "private"],
)
def test_rounds_bytes_and_material_are_those_of_a_run(
    pure: Backend, program: ts.Program | None, tables: Mapping[str, Mapping[str, Sequence[int]]]
) -> None:
    c = _private() if program is None else case(program, tables, 0, 15)
    _foretold(c, pure, PENDING_LIMIT)


@pytest.mark.parametrize("limit", [1, 20, 50])
@pytest.mark.parametrize("program", [advised, several], ids=["advised", "several"])
def test_a_check_that_comes_because_much_is_pending_is_counted(
    pure: Backend, program: ts.Program, limit: int
) -> None:
    """With the least limit whatever is opened is checked at once."""
    plain, early = (_foretold(case(program, THREE, 0, 15), pure, n) for n in (PENDING_LIMIT, limit))
    assert early > plain


def test_a_check_that_an_opened_point_sets_off_is_counted(pure: Backend) -> None:
    def body(table: Members[Table]) -> object:
        return {"size": ts.join.intersection_size(*(t["x"] for t in table))}

    c = case(ts.Program("common", body), TWO, 0, 15)
    assert _foretold(c, pure, 1) > _foretold(c, pure, PENDING_LIMIT)


def _foretold(c: Case, pure: Backend, limit: int) -> int:
    """Compare the estimate with what a run takes and sends; return the rounds."""
    tables = c.values
    cost = estimate(c.plan, pending_limit=limit)
    need = estimate(c.plan).need
    assert (cost.triples, cost.random_bits, cost.random_elements, cost.masks) == (
        need.triples,
        need.bits,
        need.randoms,
        need.masks,
    )

    ran = play(c, [pure] * len(tables), pending_limit=limit)
    assert all(not isinstance(r, Exception) for r in ran.results), ran.results
    messages = [m for m in ran.log if not m.label.startswith("insecure-dealer")]
    steps = [s for s in cost.steps if s.phase != "commit"]
    others = len(tables) - 1
    for k in range(len(tables)):
        sent = [m.size for m in messages if m.sender == k]
        assert sum(s.rounds for s in steps) == len(sent) // others
        assert sum(s.payload[k] for s in steps) * others == sum(sent)

    committed = cost.steps[0]
    for k in range(len(tables)):
        published = owner(pure, c, k).committed
        proof = sum(map(len, published.proof.to_body().values())) if published.proof else 0
        assert committed.payload[k] == proof + len(published.rows.to_bytes())
        assert cost.range_proof_bytes[k] == proof
    result = ran.results[0]
    assert cost.proof_bytes == sum(map(len, result.proof.to_body().values()))
    return sum(s.rounds for s in steps)


def _ring(p: Parameters) -> Ring:
    """Return the sizes of messages of the offline phase, from its parameters."""
    n = p.ring.degree
    polynomial = n * PRIME_BITS // 8

    def proof(one: ProofParameters, small: int, noisy: int, field: int) -> int:
        """A digest, and for each mask so many coefficients of both kinds, each with a sign, and field elements."""
        secret, noise = ((box.response.bit_length() + 8) // 8 for box in (one.secret, one.noise))
        return 32 + one.masks * (n * (small * secret + noisy * noise) + 32 * field)

    return Ring(
        batch=n,
        polynomial=len(p.ring.primes) * polynomial,
        ciphertext=2 * len(p.ring.primes) * polynomial,
        reply=2 * p.ring.kept * polynomial,
        key_proof=proof(p.key, 1, 1, 0),
        diagonal_proof=proof(p.diagonal, 1, 2, 1),
        plaintext_proof=proof(p.plaintext, 1, 2, n),
    )


def test_the_ring_is_the_one_that_is_derived() -> None:
    assert _ring(derive()) == RING


@pytest.mark.parametrize("members", [2, 3])
def test_what_filling_a_store_sends(native: Backend, monkeypatch: pytest.MonkeyPatch, members: int) -> None:
    """On a ring whose batch is 8 items: 9 batches of triples need two proofs."""
    monkeypatch.setattr("tallystick.cost._material.RING", _ring(small_parameters()))
    need = Need(triples=70, bits=11, randoms=9, masks=(17, 3, 0)[:members])
    counted = Material.of(triples=70, bits=11, randoms=9, masks=need.masks)
    assert (counted.groups, counted.batches) == (3, 11)
    log: list[Message] = []

    async def fill(mesh: MemoryMesh) -> None:
        preparation = await prepared(mesh, native, Store(None, key=bytes(32), binding=b"%d" % mesh.index))
        await preparation.reserve(need)

    run(fill, members, log=log)
    first = ("prepare/epoch", "prepare/key", "prepare/mac-key")
    for k in range(members):
        sent = [m for m in log if m.sender == k and not m.label.startswith("prepare/state")]
        assert sum(m.size for m in sent if m.label.startswith(first)) == counted.set_up_bytes
        assert sum(m.size for m in sent if not m.label.startswith(first)) == counted.bytes_sent[k]


def test_a_bigger_plan_costs_more_everywhere() -> None:
    def cost_of(rows: int) -> object:
        members = [ts.MemberSchema(m, rows, {"x": ts.Column(0, 15)}) for m in "ab"]
        return estimate(ts.trace(moments, members))

    small, big = cost_of(100), cost_of(10_000)
    for name in ("triples", "transcript_bytes"):
        assert getattr(small, name) < getattr(big, name), name
    for name in ("commit", "online", "proof", "audit"):
        assert small.phase_seconds()[name] < big.phase_seconds()[name], name
    assert small.seconds("native") < small.seconds("pure") < big.seconds("pure")
    assert 0 < small.preparation_seconds("native") < small.preparation_seconds("pure")
    assert small.audit_seconds("native") < big.audit_seconds("native")
    # The rounds grow with the proof's folds alone.
    assert 0 <= big.rounds - small.rounds <= 7


def test_what_a_program_calls_what_it_opens_is_no_statement() -> None:
    """A stranger's program may call all rows, packed into one number, a mean, and lay its words out as lines."""
    members = [ts.MemberSchema(name, 3, {"x": ts.Column(0, 9)}) for name in "abc"]
    laid_out = f"the mean of x{' ' * 60}nothing else is revealed"

    @ts.program
    def packed(table: Members[Table]) -> object:
        x = ts.concat(t["x"] for t in table)
        return {laid_out: ts.reveal((x * [10**k for k in range(9)]).sum(), label=laid_out)}

    text = render(ts.trace(packed, members))
    assert '  [1] 1 value: a combination of entries of "x" of a, b, c\n' in text
    words = '"the mean of x{60 spaces}nothing else is revealed"'
    assert f"      called {words}\n" in text
    assert f"  {words}  = [1]\n" in text
    assert laid_out not in text


def test_render_of_a_small_plan() -> None:
    members = [ts.MemberSchema("left", 3, {"x": ts.Column(-5, 15, 1)}), ts.MemberSchema("right", 12, {})]

    @ts.program
    def tiny(table: Members[Table]) -> object:
        x = table["left"]["x"]
        return {
            "mean": round(ts.mean(x), 1),
            "first": ts.reveal(x[0], allow_input=True),
            "none": ts.reveal(x.sum(), label="again") / 0,
        }

    text = render(ts.trace(tiny, members))
    head, cost = text.split("cost of a run\n")
    assert head.split("\n", 1)[1] == (
        "\n"
        "inputs, committed and proved to lie in their ranges\n"
        "  left  x  3 rows  -5 … 15 / 10^1\n"
        "\n"
        "what is revealed, to all members and to every reader of the transcript\n"
        '  [1] 1 value: the sum of all 3 entries of "x" of left\n'
        '      called "sum of x of left (3 rows)"\n'
        '  [2] 1 value: a combination of entries of "x" of left\n'
        '      called "part of x of left (3 rows)"\n'
        "\n"
        "results, computed from it in public\n"
        '  "mean"   = round([1] / 10 / 3, 1)\n'
        '  "first"  = [2] / 10\n'
        '  "none"   = [1] / 10 / 0\n'
        "\n"
    )
    assert "think about\n" in cost
    assert cost.split("think about\n")[1] == (
        "  with two members, each can subtract its own part from every sum and learn the other's\n"
        "  [1] depends on left alone: sum of x of left (3 rows)\n"
        "  [1] is computed from 3 rows only: sum of x of left (3 rows)\n"
        "  [2] shows entries of an input as they are: part of x of left (3 rows)\n"
        "  [2] is computed from 3 rows only: part of x of left (3 rows)\n"
    )
