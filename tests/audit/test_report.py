# SPDX-License-Identifier: Apache-2.0
"""The report in text and JSON, piece by piece: what is noted, what is cut, and how lines are broken."""

from __future__ import annotations

import dataclasses

import pytest

from support.corrupt import plan_of, transcript_of
from tallystick.audit import Verdict, _report, accepted_json, audit, verdict_text
from tallystick.audit._report import Statement, plan_text, policy_lines, result_entries, warnings_of
from tallystick.backend import get_backend, native_available
from tallystick.encoding import Value

FAST = get_backend("native" if native_available() else "pure")


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """Two vectors, one of a single entry, of a sum that both members give."""
    nodes: list[list[Value]] = [
        ["input", 0, "x", 3, 0, 70, 1, "value"],
        ["input", 1, "x", 3, 0, 70, 0, "value"],
        ["add", 0, 1],
        ["output", 2, "sums", None],
    ]
    expressions: list[list[Value]] = [["output", 0], ["take", 0, [0]]]
    plan = plan_of([("a", 3), ("b", 3)], nodes, expressions, [["sums", 0, [3]], ["first", 1, [1]]])
    data = transcript_of(FAST, plan, {"a": {"x": [10, 20, 30]}, "b": {"x": [1, 2, 3]}})
    return audit(data, backend=FAST)


def test_every_note_is_there_for_a_reason(verdict: Verdict) -> None:
    terms = dataclasses.replace(verdict.terms, preparation="lowgear")
    full = dataclasses.replace(verdict, traced="p", pinned=True, job="j", absent=(), terms=terms)
    statement = Statement(verdict.plan)
    assert warnings_of(full) == warnings_of(full, statement) == statement.concerns()
    insecure = dataclasses.replace(terms, preparation="insecure-small-ring")
    changes: list[tuple[dict[str, object], str]] = [
        ({"traced": None}, "the program is the file's own"),
        ({"pinned": False}, "the members' keys are the file's own"),
        ({"job": None}, "ranges, decimals and policy are what the members agreed on"),
        ({"absent": ("west",)}, "west of the consortium file took no part"),
        ({"terms": insecure}, "the triples came from an insecurely small ring"),
    ]
    for change, start in changes:
        first, *others = warnings_of(dataclasses.replace(full, **change))  # type: ignore[arg-type]
        assert first.startswith(start) and others == statement.concerns()


def test_long_results_are_cut_and_said_to_be(verdict: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    for most, more in ((3, False), (2, True)):
        monkeypatch.setattr(_report, "_MAX_VALUES", most)
        assert ("which --json prints" in verdict_text(verdict, "f")) == more
        entries = [("sums", verdict.results[0].text())] if more else []
        entries = entries or [("sums[0]", "11"), ("sums[1]", "22"), ("sums[2]", "33")]
        assert result_entries(verdict.results) == [*entries, ("first", "[11]")]
    lines = ["a", "b", "c"]
    monkeypatch.setattr(_report, "_MAX_LINES", 3)
    assert _report._cut(lines) == lines
    monkeypatch.setattr(_report, "_MAX_LINES", 2)
    assert _report._cut(lines) == ["a", "b", "  and 1 more lines, which --json has"]


def test_inputs_and_policies_in_words(verdict: Verdict) -> None:
    text = verdict_text(verdict, "f")
    assert "0.0 to 7.0  1 decimals" in text and "0 to 70     integers" in text
    assert "in random order" not in text and "differential privacy" not in text
    entry = accepted_json(verdict, "f")
    assert [one["random_order"] for one in entry["inputs"]] == [False, False]  # type: ignore[attr-defined]
    assert entry["policy"]["outputs"] is None  # type: ignore[index]
    assert (entry["traced"], entry["source"]) == (False, None)
    assert entry["results"][1]["values"] == ["11"]  # type: ignore[index]
    for outputs, said in ((None, "any"), ((), "none"), (("sums", "first"), '"sums", "first"')):
        policy = dataclasses.replace(verdict.terms.policy, outputs=outputs)
        changed = dataclasses.replace(verdict, terms=dataclasses.replace(verdict.terms, policy=policy))
        assert policy_lines(changed)[0].endswith(f"; results allowed: {said}")
        wanted = None if outputs is None else list(outputs)
        assert accepted_json(changed, "f")["policy"]["outputs"] == wanted  # type: ignore[index]


def test_a_plan_is_shown_with_what_to_think_about(verdict: Verdict) -> None:
    text = plan_text(verdict.plan, "f")
    assert "think about" not in text and "differential privacy" not in text
    assert plan_text(verdict.plan, "f", ["whether it is right"]).endswith(
        "\nthink about\n  whether it is right\n"
    )


def test_a_table_may_have_one_row() -> None:
    assert _report._table([["a", "bc"]]) == ["  a  bc"]
    assert _report._table([]) == []


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("x" * 40, ["x" * 40]),
        ("x" * 41, ["x" * 40, "    | x"]),
        ("x" * 40 + " y", ["x" * 40, "    | y"]),
        ("x" * 30 + " " + "y" * 12, ["x" * 30, "    | " + "y" * 12]),
        ("x" * 20 + " " + "y" * 22, ["x" * 20, "    | " + "y" * 22]),
        ("x" * 15 + " " + "y" * 30, ["x" * 15 + " " + "y" * 24, "    | " + "y" * 6]),
    ],
)
def test_long_lines_are_broken_at_a_space_of_their_second_half(line: str, broken: list[str]) -> None:
    assert _report._folded([line], 40).splitlines() == broken
