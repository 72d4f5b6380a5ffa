# SPDX-License-Identifier: Apache-2.0
"""``tallystick bench`` on the smallest sizes: everything runs, and what it writes has the form it should."""

from __future__ import annotations

import importlib.util
import json
import random
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import asdict, fields
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from tallystick.backend import native_available
from tallystick.bench import CASES, COUNTED, LIBRARY, ONLINE, SECONDS, LibraryCase, available_backends, fit
from tallystick.cli import main
from tallystick.cost import CALIBRATIONS, PHASES, Calibration, Work, read_calibrations
from tallystick.plan import Column, MemberSchema
from tallystick.tracing import load_program, trace

MACHINE = {"processor", "cores", "memory_bytes", "system", "python", "packages", "load", "time"}
RESULT = {"suite", "case", "title", "size", "subject", "measurement", "per_element", "facts", "twin"}
MEASUREMENT = {"median": float, "minimum": float, "spread": float, "runs": int, "loops": int}
ANCHOR = {"case", "size", "peer", "value", "source", "unit"}


def bench(*arguments: object) -> Result:
    result = CliRunner().invoke(main, ["bench", *map(str, arguments)])
    assert result.exit_code == 0, result.stderr
    return result


def check(document: dict[str, object], suite: str) -> list[dict[str, object]]:
    """Check a document's form; return its results."""
    assert set(document) == {"format", "quick", "machine", "results", "ratios", "anchors", "calibrations"}
    assert document["format"] == "tallystick/bench/1"
    assert document["quick"] is True
    assert isinstance(document["machine"], dict) and set(document["machine"]) == MACHINE
    results = document["results"]
    assert isinstance(results, list) and results
    for result in results:
        assert set(result) == RESULT
        assert result["suite"] == suite
        measurement = result["measurement"]
        for name, kind in MEASUREMENT.items():
            assert isinstance(measurement[name], kind), name
        assert 0 < measurement["minimum"] <= measurement["median"]
        assert measurement["runs"] >= 1
        assert all(isinstance(value, int | float) for value in result["facts"].values())
    anchors = document["anchors"]
    assert isinstance(anchors, dict)
    for figure in anchors["figures"]:
        assert set(figure) == ANCHOR
        assert figure["source"] in anchors["sources"]
    assert isinstance(document["ratios"], list)
    compared = {(ratio["case"], ratio["size"]) for ratio in document["ratios"]}
    assert all(isinstance(ratio["twin"], str) for ratio in document["ratios"])
    both = {
        (r["case"], r["size"])
        for r in results
        if r["subject"] == "pure"
        if any(
            (o["case"], o["size"]) == (r["case"], r["size"]) and o["subject"].startswith("native")
            for o in results
        )
    }
    assert compared == both
    return results


def test_core_measures_every_kernel_on_every_path_and_draws_them(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    to, drawn = tmp_path / "core.json", tmp_path / "core.svg"
    text = bench("core", "--quick", "--json", to, "--plot", drawn).stdout
    results = check(json.loads(to.read_text(encoding="utf-8")), "core")
    for case in CASES:
        if case.suite == "core":
            subjects = {r["subject"] for r in results if r["case"] == case.name}
            assert "pure" in subjects
            assert case.name in text
            if native_available():
                assert "native/portable" in subjects
    tree = ET.parse(drawn)
    assert tree.getroot().tag == "{http://www.w3.org/2000/svg}svg"
    assert "fr_mul 16" in drawn.read_text(encoding="utf-8")


def test_proofs_tell_their_size() -> None:
    results = check(json.loads(bench("proofs", "--quick", "--json").stdout), "proofs")
    cases = {"range_prove", "range_verify", "gate_prove", "gate_verify"}
    assert {r["case"] for r in results} == cases | {f"own_{case}" for case in cases}
    sizes = {(r["case"], r["facts"]["proof_bytes"]) for r in results}  # type: ignore[index]
    assert len(sizes) == 8, "backends make proofs of one size"


def test_online_runs_between_processes() -> None:
    results = check(json.loads(bench("online", "--quick", "--json").stdout), "online")
    expected = [(case.name, backend) for case in ONLINE for backend in available_backends()]
    assert [(r["case"], r["subject"]) for r in results] == expected


def test_audits_of_many_files_in_a_loop_in_a_batch_and_on_workers() -> None:
    results = check(json.loads(bench("audit", "--quick", "--files", 10, "--json").stdout), "audit")
    workers = ["audit_workers"] if importlib.util.find_spec("distributed") else []
    assert [r["case"] for r in results] == ["audit_loop", "audit_batch", *workers]
    for result in results:
        facts = result["facts"]
        assert isinstance(facts, dict)
        assert result["size"] == 10 and facts["files_per_second"] > 0
        assert ("times_as_fast_as_the_case_before" in facts) == (result["case"] != "audit_loop")


def test_prepare_reports_rates_and_traffic() -> None:
    result = bench("prepare", "--quick", "--triples", 20, "--members", 3, "--json")
    (found,) = check(json.loads(result.stdout), "prepare")
    facts = found["facts"]
    assert isinstance(facts, dict)
    assert (found["case"], found["subject"]) == ("prepare_3", available_backends()[0])
    assert facts["members"] == 3
    assert facts["made"] >= 20
    assert facts["triples_per_second"] > facts["triples_per_second_with_set_up"] > 0
    assert facts["bytes_per_triple_and_direction"] > 0
    assert facts["peak_bytes"] > 1 << 20
    assert facts["cpu_microseconds_per_triple"] > 0
    assert "prepare_3" in result.stderr, "tables go to stderr where stdout is JSON"


def test_the_library_is_measured_beside_its_estimate() -> None:
    cases = ["less", "add_noise", "join_size"]
    result = bench("library", "--quick", *(word for name in cases for word in ("--case", name)), "--json")
    found = check(json.loads(result.stdout), "library")
    assert [r["case"] for r in found] == cases
    for one in found:
        facts = one["facts"]
        assert isinstance(facts, dict)
        for name in COUNTED:
            if name == "prepare_bytes":
                continue  # The small ring is not the one that is estimated.
            off = abs(facts[name] - facts[f"estimated_{name}"])
            about = name in ("bytes_sent", "transcript_bytes")
            assert off <= (0.15 * facts[f"estimated_{name}"] if about else 0), name
        assert all(facts[name] > 0 for name in SECONDS)
    assert "off by" in result.stderr


def test_cases_of_the_library_have_names_of_their_own() -> None:
    assert len({case.name for case in LIBRARY}) == len(LIBRARY)


def test_constants_are_fitted_to_runs(tmp_path: Path) -> None:
    result = bench("calibrate", "--quick", "--json")
    document = json.loads(result.stdout)
    check(document, "library")
    assert "off by" in result.stderr
    (rates,) = re.findall(r"Calibration\((.*?)\)", result.stderr, re.DOTALL)
    found = {name: float(rate) for name, rate in re.findall(r"(\w+)=([0-9.e+-]+),", rates)}
    assert set(found) == {field.name for field in fields(Calibration)}
    assert min(found.values()) >= 0 < found["phase"]
    (backend,) = document["calibrations"]
    assert document["calibrations"][backend] == pytest.approx(found, rel=0.01)
    written = tmp_path / "machine.json"
    written.write_text(result.stdout, encoding="utf-8")
    assert asdict(read_calibrations(written)[backend]) == document["calibrations"][backend]


@pytest.mark.parametrize("backend", CALIBRATIONS)
def test_every_unit_takes_time_on_every_backend(backend: str) -> None:
    assert min(asdict(CALIBRATIONS[backend]).values()) > 0


def test_a_fit_finds_the_constants_that_times_were_made_of() -> None:
    rates = {field.name: float(k + 1) for k, field in enumerate(fields(Calibration))}
    drawn = random.Random(1)
    measured = []
    for _ in range(20):
        work = {p: Work(**{name: drawn.random() * 100 for name in rates}) for p in PHASES}
        times = {f"{p.replace(' ', '_')}_seconds": w.seconds(Calibration(**rates)) for p, w in work.items()}
        measured.append(
            SimpleNamespace(result=SimpleNamespace(facts=times), estimate=SimpleNamespace(work=work))
        )
    found = fit(measured)
    for name, rate in rates.items():
        assert getattr(found.calibration, name) == pytest.approx(rate, rel=0.01), name
    assert max(abs(miss) for of in found.misses.values() for miss in of) < 0.001


@pytest.mark.parametrize("case", LIBRARY, ids=[case.name for case in LIBRARY])
def test_every_case_of_the_library_is_a_program(case: LibraryCase, tmp_path: Path) -> None:
    source = tmp_path / "program.py"
    source.write_text(case.program(), encoding="utf-8")
    tables = case.tables(case.quick, 3)
    assert tables == case.tables(case.quick, 3)
    columns = {name: Column(0, 1) for name in tables[0]} | {"category": Column(0, 9)}
    columns |= {name: Column(1, (1 << 32) - 1) for name in ("x", "y", "z", "identifier", "amount")}
    members = [
        MemberSchema(f"m{k}", len(next(iter(t.values()))), {name: columns[name] for name in t})
        for k, t in enumerate(tables)
    ]
    assert trace(load_program(source, "measured"), members).results


def test_one_backend_alone() -> None:
    document = json.loads(bench("core", "--quick", "--backend", "pure", "--json").stdout)
    assert {r["subject"] for r in check(document, "core")} <= {"pure", "arkworks"}
    assert document["ratios"] == []


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_a_file_that_cannot_be_written_is_an_error_before_anything_is_measured(
    option: str, tmp_path: Path
) -> None:
    if option == "--plot":
        pytest.importorskip("matplotlib", reason="drawing needs matplotlib")
    place = tmp_path / "missing" / "file"
    result = CliRunner().invoke(main, ["bench", "core", "--quick", option, str(place)])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tallystick: error: {place}: ")


def test_a_plot_without_matplotlib_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = CliRunner().invoke(main, ["bench", "core", "--quick", "--plot", str(tmp_path / "x.svg")])
    assert result.exit_code == 2
    assert "hint: pip install 'tallystick[bench]'" in result.stderr
