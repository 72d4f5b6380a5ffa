# SPDX-License-Identifier: Apache-2.0
"""What the verdict says: nothing more than was proved, and nothing that a label could pretend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tallystick as ts
from support.corrupt import plan_of, transcript_of
from support.fast_model import load_model
from tallystick.audit import Verdict, accepted_json, audit, verdict_html, verdict_text
from tallystick.backend import get_backend, native_available
from tallystick.disclosure import needs_of_results, noise_of, openings, quoted, unneeded
from tallystick.encoding import Value
from tallystick.errors import PolicyError, VerificationError
from tallystick.plan import Column, MemberSchema, Plan
from tallystick.record import Policy, check_policy
from tallystick.tracing import Members, Program, Table, trace

FAST = get_backend("native" if native_available() else "pure")
MEMBERS = [("north", 2), ("south", 1)]
TABLES = {"north": {"x": [3, 10]}, "south": {"x": [7]}}
SUM: list[list[Value]] = [
    ["input", 0, "x", 2, 0, 10, 0, "value"],
    ["input", 1, "x", 1, 0, 10, 0, "value"],
    ["concat", [0, 1]],
    ["sum", 2, 1, 3, 1],
]
COLUMNS = {"x": Column(0, 9)}
SCHEMAS = [MemberSchema("north", 5, COLUMNS), MemberSchema("south", 4, COLUMNS)]


def _verdict(plan: Plan, **options: Any) -> Verdict:
    return audit(transcript_of(FAST, plan, TABLES, **options), backend=FAST)


def _traced(body: Any) -> Plan:
    return trace(Program("body", lambda tables: body(tables)), SCHEMAS)


# ---------------------------------------------------------------------- labels
LAYOUTS = {
    "spaces that wrap": "sum of x" + " " * 60 + "results" + " " * 70 + "mean  1234.50" + " " * 40,
    "filler that prints as nothing": "mean\u3164\u2800\u2800 4321.00",
    "letters that look alike": "\u0455um of wage",
    "a quotation mark": 'sum"\n  [2] 1 value'.replace("\n", " "),
    "a number and a verdict": "accepted: the proof holds for prog.py results mean = 4321.00 " * 4,
    "a number": "\\u{455}um {9 spaces}",
}


@pytest.mark.parametrize("what", LAYOUTS)
@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_a_label_cannot_be_laid_out_as_something_else(what: str, width: int) -> None:
    label = LAYOUTS[what][:300]
    results: list[list[Value]] = [[label[:100], 0, []], ["plain", 0, []]]
    nodes: list[list[Value]] = [*SUM, ["output", 3, label, None], ["output", 3, label, [0]]]
    text = verdict_text(_verdict(plan_of(MEMBERS, nodes, [["output", 0]], results)), "file", width=width)
    assert text.isascii()
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    # A line that does not continue another begins with what the report itself wrote.
    own = (
        "  [",
        "      called",
        "      by ",
        '  "',
        "note: ",
        "accepted",
        "file ",
        "  ok ",
        "  at least",
        "  asked",
    )
    heads = (
        "computed",
        "by",
        "inputs,",
        "policy,",
        "opened ",
        "results,",
        "checks",
        "  north",
        "  south",
        "  plan",
    )
    for line in lines:
        assert not line or line.startswith(
            (*own, *heads, "    | ", "  session", "  format", "0.", "1.", "2.", "3.")
        ), line
    unfolded = text.replace("\n    | ", " ")
    assert sum(line.startswith("results") for line in lines) == 1
    assert sum(line.startswith("accepted") for line in lines) == 1
    assert "   " not in quoted(label) and unfolded.count("NOT PROVED") == 1


@pytest.mark.parametrize("a", LAYOUTS.values())
@pytest.mark.parametrize("b", LAYOUTS.values())
def test_different_labels_are_quoted_differently(a: str, b: str) -> None:
    assert (quoted(a) == quoted(b)) == (a == b)
    assert quoted(a).isascii() and quoted(a)[0] == quoted(a)[-1] == '"'


def test_quoting_is_legible_where_nothing_is_hidden() -> None:
    assert (
        quoted("sum of wage_cents over all members (3010 rows)")
        == '"sum of wage_cents over all members (3010 rows)"'
    )
    assert quoted('a "b"  {c}\\') == '"a \\"b\\"{2 spaces}\\{c\\}\\\\"'


# ---------------------------------------------------------------------- what follows from the plan
def test_a_constant_is_said_to_be_one_whatever_it_is_called() -> None:
    nodes: list[list[Value]] = [
        *SUM,
        ["take", 0, [0]],
        ["mul", 4, 4],
        ["output", 5, "sum of x over all members", None],
    ]
    plan = plan_of(
        MEMBERS, nodes, [["constant", [[4321, 100]]], ["output", 0]], [["mean", 0, []], ["sum", 1, []]]
    )
    verdict = _verdict(plan)
    text = verdict_text(verdict, "file")
    assert text.startswith("accepted: the proof holds; the program is the file's own\n")
    assert '"mean" = 43.21\n      by (4321/100); a public constant of the plan' in text
    assert '[1] 1 value computed from "x" of north, by products, comparisons or advice too\n' in text
    entry = accepted_json(verdict, "file")
    assert [f["depends_on"] for f in entry["formulas"]] == [[], ["1"]]  # type: ignore[attr-defined,index]


def test_what_is_opened_is_described_by_its_coefficients() -> None:
    def body(tables: Members[Table]) -> object:
        north, south = (t["x"] for t in tables)
        every = ts.concat([north, south])
        return {
            "sum": every.sum(),
            "twice": 2 * north.sum(),
            "some": every[1:].sum(),
            "difference": north.sum() - south.sum(),
            "squares": (every * every).sum(),
            "each": ts.stack([north.sum(), south.sum()]),
        }

    said = [one.derived() for one in openings(_traced(body))]
    assert said == [
        '1 value: the sum of all 9 entries of "x" of north, south',
        '1 value: 2 times the sum of all 5 entries of "x" of north',
        '1 value: the sum of all 4 entries of "x" of south plus a combination of entries of "x" of north',
        '1 value: -1 times the sum of all 4 entries of "x" of south plus the sum of all 5 entries of "x" of north',
        '1 value computed from "x" of north, south, by products, comparisons or advice too',
        '2 values computed from "x" of north, south, by sums and multiples alone',
    ]


def test_outputs_to_some_members_are_named_one_by_one() -> None:
    nodes: list[list[Value]] = [
        *SUM,
        ["output", 3, "sum", None],
        ["output", 3, "told", [0]],
        ["output", 3, "too", [1]],
    ]
    verdict = _verdict(plan_of(MEMBERS, nodes, [["output", 0]], [["sum", 0, []]]))
    text = verdict_text(verdict, "file").replace("\n    | ", " ")
    assert "[2] to north only, NOT PROVED: " in text and "[3] to south only, NOT PROVED: " in text
    assert "note: [2] is not proved: it was opened to north only, and is no part of this verdict" in text
    revealed: Any = accepted_json(verdict, "file")["revealed"]
    assert [(one["to"], one["proved"]) for one in revealed] == [
        (None, True),
        (["north"], False),
        (["south"], False),
    ]


# ---------------------------------------------------------------------- one column, two tables
def test_a_column_that_is_two_commitments_is_named_with_the_verdict() -> None:
    """The sum sees other values than the shuffled input: the proof holds, and the verdict says what it is about."""
    nodes: list[list[Value]] = [
        ["input", 0, "x", 2, 0, 10, 0, "value"],
        ["input", 1, "x", 1, 0, 10, 0, "value"],
        ["shuffled", 0, "x", 2, 0, 10, 0, 0],
        ["sum", 0, 1, 2, 1],
        ["sum", 2, 1, 2, 1],
        ["output", 3, "sum in the table's order", None],
        ["output", 4, "sum in another order", None],
    ]
    plan = plan_of(MEMBERS, nodes, [["output", 0], ["output", 1]], [["a", 0, []], ["b", 1, []]])
    data = transcript_of(FAST, plan, TABLES)
    verdict = audit(data, backend=FAST)
    text = verdict_text(verdict, "file", width=200)
    assert text.splitlines()[0] == (
        'accepted: the proof holds; the program is the file\'s own; but "x" of north is several unrelated columns, '
        "not one"
    )
    assert 'note: "x" of north is several unrelated columns' in text
    entry = accepted_json(verdict, "file")
    assert entry["unrelated_columns"] == [{"member": "north", "column": "x"}]
    assert "unrelated" in str(entry["statement"])
    module = load_model()
    lines = list(module.said(*module.audit(data)))
    assert "unrelated north 'x': several commitments, which may hold different values" in lines


# ---------------------------------------------------------------------- noise
def _noisy(body: Any) -> Plan:
    def outer(tables: Members[Table]) -> object:
        x = ts.concat(t["x"] for t in tables)
        s = x.sum()
        n = ts.add_noise(s, epsilon=8, delta_bits=4)
        return body(s, n, n - s)

    return _traced(outer)


@pytest.mark.parametrize(
    ("body", "covered"),
    [
        (lambda s, n, noise: {"n": n}, [0]),
        (lambda s, n, noise: {"n": s - noise}, [0]),
        (lambda s, n, noise: {"n": n, "also": s + 0 * noise}, [0]),
        (lambda s, n, noise: {"n": n, "s": s}, [0]),
        (lambda s, n, noise: {"also": s + 0 * noise}, None),
        (lambda s, n, noise: {"twice": s + 2 * noise}, None),
        (lambda s, n, noise: {"n": n, "noise": noise}, None),
        (lambda s, n, noise: {"n": n, "m": n + s}, None),
        (lambda s, n, noise: {"n": n, "squared": n * n}, None),
        (lambda s, n, noise: {"n": n, "sign": n > 3}, None),
        (lambda s, n, noise: {"n": ts.stack([n, n])}, None),
        (lambda s, n, noise: {"n": ts.stack([n, s])}, None),
        (lambda s, n, noise: {"n": ts.stack([n, s - s])}, None),
        (lambda s, n, noise: {"gone": n - noise}, None),
    ],
)
def test_noise_counts_where_its_coefficients_say_so(body: Any, covered: list[int] | None) -> None:
    plan = Plan.from_bytes(_noisy(body).to_bytes())
    found = noise_of(plan)
    assert [list(b.outputs) for b in found.budgets] == ([] if covered is None else [covered])
    used = any(getattr(node, "kind", "") == "coins" for node in plan.nodes)
    assert len(found.void) == (1 if covered is None and used else 0)
    module = load_model()
    from tallystick.encoding import loads

    same = module.statement.noise(module.Plan(loads(plan.to_bytes(), max_size=1 << 20)))
    assert [outputs for outputs, *_ in same] == ([] if covered is None else [[k + 1 for k in covered]])


def test_a_told_copy_of_the_noise_ends_the_statement() -> None:
    def outer(tables: Members[Table]) -> object:
        s = ts.concat(t["x"] for t in tables).sum()
        n = ts.add_noise(s, epsilon=8, delta_bits=4)
        ts.tell(n - s, to="north", name="noise")
        return {"n": n}

    found = noise_of(_traced(outer))
    assert not found.budgets and "no privacy can be stated" in found.void[0]


def test_coins_that_are_not_all_in_the_sum_are_no_noise() -> None:
    """Half of the coins of each value, or one coin with another factor."""
    coins: list[list[Value]] = [*SUM, ["hint", "coins", [1, 4, 1, 1], [], 4, True]]
    half: list[list[Value]] = [["take", 4, [0, 1]], ["sum", 5, 1, 2, 1], ["add", 3, 6]]
    other: list[list[Value]] = [["scale", 4, [1, 1, 1, 2], 1], ["sum", 5, 1, 4, 1], ["add", 3, 6]]
    minus: list[list[Value]] = [["scale", 4, [1, 1, 1, -1], 1], ["sum", 5, 1, 4, 1], ["add", 3, 6]]
    whole: list[list[Value]] = [["neg", 4], ["sum", 5, 1, 4, 1], ["add", 3, 6]]
    for nodes, counts in ((half, False), (other, False), (minus, False), (whole, True)):
        plan = plan_of(MEMBERS, [*coins, *nodes, ["output", 7, "n", None]], [["output", 0]], [["n", 0, []]])
        assert bool(noise_of(plan).budgets) == counts, nodes


# ---------------------------------------------------------------------- policies bind what is opened
def _sly(tables: Members[Table]) -> object:
    x = ts.concat(t["x"] for t in tables)
    squares = ts.reveal((x * x).sum())
    each = ts.reveal(ts.stack([t["x"].sum() for t in tables]))
    return {"mean": ts.reveal(x.sum()) / x.size + 0 * squares + 0 * each[0]}


def _tricks() -> dict[str, Any]:
    def trick(use: Any) -> Any:
        def body(tables: Members[Table]) -> object:
            x = ts.concat(t["x"] for t in tables)
            own = ts.reveal(next(iter(tables))["x"].sum())
            return {"mean": use(ts.reveal(x.sum()) / x.size, own)}

        return body

    return {
        "times zero": trick(lambda mean, own: mean + 0 * own),
        "less itself": trick(lambda mean, own: mean + own - own),
        "by itself": trick(lambda mean, own: mean * (own / own)),
        "times a difference": trick(lambda mean, own: mean + own * (round(own, 2) - round(own, 2))),
        "zero to a power": trick(lambda mean, own: mean + (own * 0) ** 3),
        "rounded away": trick(lambda mean, own: mean + 0 * round(own, 2)),
    }


@pytest.mark.parametrize("trick", _tricks().values(), ids=_tricks())
def test_what_no_allowed_result_needs_may_not_be_opened(trick: Any) -> None:
    plan = _traced(trick)
    assert unneeded(plan) == ["2"] or unneeded(plan) == ["1"]
    policy = Policy(min_rows=1, outputs=("mean",))
    with pytest.raises(PolicyError, match="none of which needs all of what the program opens"):
        check_policy(policy, plan, whose="the job's policy")
    check_policy(Policy(min_rows=1), plan, whose="the job's policy")
    tables = {"north": {"x": [1, 2, 3, 4, 5]}, "south": {"x": [6, 7, 8, 9]}}
    data = transcript_of(FAST, plan, tables, policy=policy)
    with pytest.raises(
        VerificationError, match="the policy allows results, none of which needs all of what"
    ) as caught:
        audit(data, backend=FAST)
    assert caught.value.check == "policy"
    module = load_model()
    with pytest.raises(module.Refused) as told:
        module.audit(data)
    assert told.value.check == "policy"
    # Without a list of outputs anything may be opened, and the verdict says what nobody needed.
    open_data = transcript_of(FAST, plan, tables)
    text = verdict_text(audit(open_data, backend=FAST), "file")
    assert "note: no result needs all of what [" in text


def test_every_entry_must_be_needed_and_what_a_result_opens_is_listed() -> None:
    plan = _traced(_sly)
    assert unneeded(plan) == ["1", "2"]
    assert needs_of_results(plan) == [("3",)]

    def honest(tables: Members[Table]) -> object:
        sums = ts.reveal(ts.stack([t["x"].sum() for t in tables]))
        total = ts.reveal(ts.concat([t["x"] * t["x"] for t in tables]).sum())
        return {"north": sums[0], "south": sums[1], "ratio": round(total / sums[0], 2)}

    assert unneeded(_traced(honest)) == []
    assert needs_of_results(_traced(honest)) == [("1",), ("1",), ("1", "2")]

    def half(tables: Members[Table]) -> object:
        return {"north": ts.reveal(ts.stack([t["x"].sum() for t in tables]))[0]}

    assert unneeded(_traced(half)) == ["1"]


def test_points_that_decide_a_sum_are_needed() -> None:
    columns = {"id": Column(0, 99), "v": Column(0, 9)}

    def body(tables: Members[Table]) -> object:
        a, b = tables
        return {"sum": ts.join.intersection_sum(a["id"], b["id"], values=b["v"])}

    plan = trace(Program("body", body), [MemberSchema(m, 3, columns) for m in "ab"])
    assert unneeded(plan) == []
    assert needs_of_results(plan) == [("1", "T1", "T2")]


def test_an_undefined_entry_is_no_error(tmp_path: Path) -> None:
    nodes: list[list[Value]] = [*SUM, ["output", 3, "sum", None]]
    expressions: list[list[Value]] = [["output", 0], ["sub", 0, 0], ["div", 0, 1]]
    plan = plan_of(MEMBERS, nodes, expressions, [["q", 2, []], ["s", 0, []]])
    assert '"q" = undefined' in verdict_text(_verdict(plan), "file")


def test_what_did_not_converge_is_said_so_in_every_form_of_the_verdict() -> None:
    """The package, as text, page and data, and the model; the bit counts as what a policy's results need."""

    def body(tables: Members[Table]) -> object:
        x, y = (ts.concat(t[name] for t in tables) for name in ("x", "y"))
        model = ts.logistic_regression([x], y, iterations=3, decimals=1)
        return {"fit": model.coefficients, "slope": model.coefficients[1], "none": model.coefficients[0] / 0}

    columns = {"x": Column(0, 9), "y": Column(0, 1)}
    plan = trace(
        Program("body", body), [MemberSchema("north", 3, columns), MemberSchema("south", 2, columns)]
    )
    policy = Policy(min_rows=1, outputs=("fit", "slope", "none"))
    check_policy(policy, plan, whose="the job's policy")
    tables = {"north": {"x": [1, 2, 3], "y": [0, 0, 0]}, "south": {"x": [7, 8], "y": [1, 1]}}
    data = transcript_of(FAST, plan, tables, policy=policy)
    verdict = audit(data, backend=FAST)
    text = verdict_text(verdict, "file", width=200)
    assert 'called "converged: logistic fit of y over all members (5 rows)"' in text
    assert (
        '"fit": 2 values\n    "fit"[0] = not converged\n    "fit"[1] = not converged\n      by [2] / 10 / [1]'
        in text
    )
    assert '"slope" = not converged\n      by ([2] / 10 / [1])[1]; depends on [1], [2]' in text
    entries: Any = accepted_json(verdict, "file")["results"]
    assert [(e["values"], e["text"]) for e in entries] == [
        ([None, None], "[not converged, not converged]"),
        ([None], "not converged"),
        ([None], "not converged"),
    ]
    assert "not converged, not converged" in verdict_html(verdict, "file")
    module = load_model()
    lines = list(module.said(*module.audit(data)))
    assert "result fit = not converged, not converged" in lines and "result slope = not converged" in lines
