# SPDX-License-Identifier: Apache-2.0
"""The model's auditor, which shares no code with the package, agrees with the package's on every file."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import subprocess
import sys
from itertools import chain, islice
from pathlib import Path

import pytest

from support.corrupt import items_of, plan_of, signed, transcript_of
from support.genuine import Bodies, genuine
from support.mutations import byte_changes, changed_value, rearrangements, truncations
from support.spec_vectors import ROOT
from tallystick.algebra import Generators
from tallystick.audit import audit
from tallystick.backend import get_backend, native_available
from tallystick.encoding import dumps, loads
from tallystick.errors import DecodeError, VerificationError
from tallystick.proofs import Proof
from tallystick.record import Outputs

MODEL = ROOT / "model"
EARLY = {
    "decode",
    "chain",
    "agreement-signature",
    "plan",
    "schema",
    "policy",
    "commitment-signature",
}


@pytest.fixture(scope="module")
def model():
    sys.path.insert(0, str(MODEL))
    try:
        import audit as module
    finally:
        sys.path.remove(str(MODEL))
    return module


@pytest.fixture(scope="module")
def fast():
    return get_backend("native" if native_available() else "pure")


@pytest.fixture(scope="module")
def transcript(fast):
    return genuine(fast)


def _package(data, backend):
    try:
        audit(data, backend=backend)
    except DecodeError as error:
        return error.item, "decode"
    except VerificationError as error:
        return error.item, error.check
    return None


def _model(data, model):
    try:
        model.audit(data)
    except model.Refused as error:
        return error.item, error.check
    return None


def _agree(data, backend, model, what):
    ours, theirs = _package(data, backend), _model(data, model)
    assert ours is not None, what
    assert theirs is not None, what
    if ours[1] in EARLY and theirs[1] in EARLY:
        # Later checks share one batch, so which of two faults is met first may differ.
        assert ours == theirs, what


@pytest.mark.parametrize("program", ["pay", "other", "shared"])
def test_a_genuine_file_is_accepted_with_the_same_results(fast, tmp_path, program):
    data = genuine(fast, program=program)
    path = tmp_path / "file.tally"
    path.write_bytes(data)
    run = subprocess.run(
        [sys.executable, str(MODEL / "audit.py"), str(path)], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    verdict = audit(data, backend=fast)
    expected = [
        f"result {r.name} = {', '.join('undefined' if v is None else str(v) for v in r.values)}"
        for r in verdict.results
    ]
    assert [line for line in run.stdout.splitlines() if line.startswith("result ")] == expected
    path.write_bytes(data[:-1])
    run = subprocess.run([sys.executable, str(MODEL / "audit.py"), str(path)], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("refused: item 8 (signatures): decode: ")


def test_a_changed_file_is_refused_by_both_for_the_same_reason(fast, model, transcript):
    changes = chain(
        byte_changes(transcript, 60, seed=11),
        truncations(transcript),
        islice(rearrangements(transcript), 0, None, 3),
    )
    for what, data in changes:
        _agree(data, fast, model, what)


def test_points_changed_and_signed_by_everyone_are_refused_by_both(fast, model):
    """Tags that match where they should not, and no longer match where they should."""
    data = genuine(fast, program="shared")
    assert _model(data, model) is None
    for what in ("equal", "other", "infinity", "swapped", "missing", "fewer", "more", "no point"):
        bodies = Bodies.of(data)
        tags = [bodies.points[k : k + 48] for k in range(0, len(bodies.points), 48)]
        if what == "equal":
            tags[0] = next(tag for tag in tags if tag != tags[0])
        elif what == "other":
            tags[0] = Generators(fast, 1).q.to_bytes()
        elif what == "infinity":
            tags[0] = bytes([0xC0]) + bytes(47)
        elif what == "swapped":
            tags[0], tags[1] = tags[1], tags[0]
        elif what == "missing":
            tags = []
        elif what == "fewer":
            tags = tags[1:]
        elif what == "more":
            tags.append(tags[0])
        else:
            tags[0] = bytes([0x80]) + b"\x01" * 47
        bodies.points = b"".join(tags)
        changed = bodies.signed()
        assert changed != data, what
        ours, theirs = _package(changed, fast), _model(changed, model)
        expected = {"missing": "outputs", "fewer": "outputs", "more": "outputs", "no point": "decode"}
        check = expected.get(what, "computation")
        place = "item 7 (proof)" if check == "computation" else "item 6 (outputs)"
        assert ours == theirs == (place, check), what


def test_an_outputs_item_says_points_only_where_there_are_any(fast, model, transcript, monkeypatch):
    bodies = Bodies.of(transcript)
    bodies.points = Generators(fast, 1).q.to_bytes()
    data = bodies.signed()
    assert _package(data, fast) == _model(data, model) == ("item 6 (outputs)", "outputs")

    bodies.points = b""
    with monkeypatch.context() as patch:
        patch.setattr(Outputs, "to_body", lambda self: {"values": self.values, "points": self.points})
        data = bodies.signed()
    assert _package(data, fast) == _model(data, model) == ("item 6 (outputs)", "decode")


def test_structures_changed_and_signed_by_everyone_are_refused_by_both(fast, model, transcript):
    """Every member is corrupt here: only the structure and the proofs are left to refuse the file."""
    rng = random.Random(7)
    for number in range(18):
        bodies = Bodies.of(transcript)
        if number % 3 == 0:
            changed = changed_value(dict(bodies.proof), rng)
            if not isinstance(changed, dict):
                continue
            bodies.proof = changed
        else:
            bodies.plan = changed_value(bodies.plan, rng)
            digest = hashlib.sha256(dumps(bodies.plan)).digest()
            bodies.terms = dataclasses.replace(bodies.terms, plan=digest)
        data = bodies.signed()
        if data != transcript:
            _agree(data, fast, model, f"change {number}")


MEMBERS = [("a", 1), ("b", 1)]
ADDED = [
    ["input", 0, "x", 1, 0, 7, 0, "value"],
    ["input", 1, "x", 1, 0, 7, 0, "value"],
    ["add", 0, 1],
    ["output", 2, "sum", None],
]


def _added():
    return plan_of(MEMBERS, ADDED, [["output", 0]], [["sum", 0, []]])


def _with(fast, part, value):
    """A transcript in which everybody agreed on a plan with another part."""
    items = items_of(transcript_of(fast, _added(), {"a": {"x": [3]}, "b": {"x": [4]}}))
    items["plan"] = {**items["plan"], part: value}
    items["terms"] = {**items["terms"], "plan": hashlib.sha256(dumps(items["plan"])).digest()}
    return signed(items)


def test_a_relation_without_rows_is_refused_by_both(fast, model):
    """Nothing is committed, nothing multiplied: there is nothing that a proof could be about."""
    plan = plan_of(
        [("a", 0), ("b", 0)],
        [["constant", [5]], ["output", 0, "five", None]],
        [["output", 0]],
        [["r", 0, [1]]],
    )
    assert plan.shape.rows == 0
    items = items_of(transcript_of(fast, _added(), {"a": {"x": [3]}, "b": {"x": [4]}}))
    tables = [{"rows": 0, "columns": []}] * 2
    items["terms"] = {**items["terms"], "plan": plan.digest, "tables": tables}
    items["plan"] = loads(plan.to_bytes(), max_size=1 << 20)
    items["commitments"] = [{"rows": b"", "range": None}] * 2
    items["outputs"] = {"values": (5).to_bytes(32, "little")}
    infinity = bytes([0xC0]) + bytes(47)
    points = ("rows", "cross", "mask", "halving")
    lengths = Proof.lengths(plan.shape).items()
    items["proof"] = {name: infinity * (n // 48) if name in points else bytes(n) for name, n in lengths}
    data = signed(items)
    assert _package(data, fast) == _model(data, model) == ("item 6 (proof)", "computation")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("nodes", [*ADDED, ["hint", ["bits"], [0, 1], [2], 1, True]]),
        ("nodes", [*ADDED, ["hint", {"bits": 1}, [0, 1], [2], 1, True]]),
        ("nodes", [*ADDED, [["add"], 0, 1]]),
        ("results", [["sum", 0, [1] * 17]]),
        ("results", [["sum", 0, [1] * 16], ["sum", 0, []]]),
        ("expressions", [["output", 0], [["neg"], 0]]),
        ("columns", True),
    ],
)
def test_what_is_no_plan_is_refused_by_both(fast, model, part, value):
    data = _with(fast, part, value)
    assert _package(data, fast) == _model(data, model) == ("item 2 (plan)", "decode")


def test_the_limits_of_the_page_are_those_of_both(fast, model):
    genuine_items = items_of(transcript_of(fast, _added(), {"a": {"x": [3]}, "b": {"x": [4]}}))
    for count, accepted in ((1_024, True), (1_025, False)):
        items = dict(genuine_items)
        table = items["terms"]["tables"][0]
        column = {"low": "0", "high": "1", "decimals": 0}
        more = [{**column, "name": f"c{k}"} for k in range(count - len(table["columns"]))]
        tables = [{"rows": 1, "columns": [*table["columns"], *more]}, items["terms"]["tables"][1]]
        items["terms"] = {**items["terms"], "tables": tables}
        ours, theirs = _package(signed(items), fast), _model(signed(items), model)
        # The proofs belong to another session, which both find out where the terms are in order.
        assert ours == theirs
        assert (ours == ("item 1 (agreement)", "decode")) != accepted


@pytest.mark.parametrize(
    "path",
    sorted((Path(__file__).parents[1] / "data" / "format1").glob("*.tally")),
    ids=lambda path: path.stem,
)
def test_the_model_audits_files_of_format_1(model, backend, path: Path) -> None:
    file, plan, results = model.audit(path.read_bytes())
    assert file.format == plan.format == 1
    assert results == {r.name: list(r.values) for r in audit(path, backend=backend).results}
