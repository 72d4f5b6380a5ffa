# SPDX-License-Identifier: Apache-2.0
"""``tallystick audit``: exit codes, what it prints, and that it survives anything."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from support import genuine, mutations
from support.genuine import PROGRAMS
from tallystick.audit import CHECKS
from tallystick.backend import get_backend, native_available
from tallystick.cli import main
from tallystick.record import Table

FAST = "native" if native_available() else "pure"


@pytest.fixture(scope="module")
def data() -> bytes:
    return genuine.genuine(get_backend(FAST), preparation="insecure-small-ring")


@pytest.fixture
def path(tmp_path: Path, data: bytes) -> Path:
    file = tmp_path / "run.tally"
    file.write_bytes(data)
    return file


def _run(*args: object) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, args), "--backend", FAST])


OWN = "accepted: the proof holds; the program is the file's own"


def test_the_report(path: Path) -> None:
    result = _run(path)
    assert result.exit_code == 0, result.stderr
    text = result.stdout
    assert text.startswith(f"{OWN}\nfile ")
    assert path.name in text
    for line in ("computed", "by", "checks"):
        assert f"\n{line}\n" in text
    for line in ("inputs, ", "policy, ", "opened ", "results, "):
        assert f"\n{line}" in text
    for name in genuine.NAMES:
        assert name in text
    for check in CHECKS:
        assert (f"ok  {check} " in text) == (check not in ("consortium", "job", "program"))
    assert '\n  north  "wage"   2 rows  0.00 to 0.12  2 decimals\n' in text
    assert '\n  west   "years"  3 rows  -2 to 5       integers\n' in text
    assert "at least 3 members, each with 1 rows or more; results allowed: any" in text
    assert "asked for by north, south, west" in text
    assert '"by_member.south" = 0.07\n      by [' in text
    assert "note: the program is the file's own" in text
    assert "note: the members' keys are the file's own" in text
    assert "note: the triples came from an insecurely small ring" in text
    assert max(map(len, text.splitlines())) <= 100
    assert result.stderr == ""


def test_json(path: Path) -> None:
    result = _run("--json", "--program", f"{PROGRAMS / 'pay.py'}:pay", path)
    assert result.exit_code == 0, result.stderr
    verdict = json.loads(result.stdout)
    assert verdict["verdict"] == "accepted"
    assert verdict["statement"] == f"accepted: the proof holds for {PROGRAMS / 'pay.py'}:pay"
    assert [m["name"] for m in verdict["members"]] == list(genuine.NAMES)
    assert {c["check"] for c in verdict["checks"]} == set(CHECKS) - {"consortium", "job"}
    results = {r["name"]: r for r in verdict["results"]}
    assert results["mean"]["values"] == ["7/120"]
    assert results["count"]["text"] == "6"
    assert (verdict["pinned"], verdict["traced"], verdict["preparation"]) == (
        False,
        True,
        "insecure-small-ring",
    )
    assert len(verdict["notes"]) == 3
    assert verdict["inputs"][0] == {
        "member": "north",
        "column": "wage",
        "rows": 2,
        "low": "0",
        "high": "12",
        "decimals": 2,
        "random_order": False,
    }
    assert verdict["policy"] == {
        "min_members": 3,
        "min_rows": 1,
        "outputs": None,
        "asked_for_by": list(genuine.NAMES),
    }
    formulas = {f["name"]: f for f in verdict["formulas"]}
    assert "[1]" in formulas["mean"]["formula"]
    assert formulas["mean"]["depends_on"] == ["1"] and formulas["count"]["depends_on"] == []
    (first, *_) = verdict["revealed"]
    assert first["derived"] == '1 value: the sum of all 6 entries of "wage" of north, south, west'
    assert first["proved"] and first["to"] is None


def test_a_refusal(path: Path, data: bytes) -> None:
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    path.write_bytes(changed)
    result = _run(path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"tallystick: error: {path}: item ")
    assert "(check: " in result.stderr
    result = _run("--json", path)
    assert result.exit_code == 1
    verdict = json.loads(result.stdout)
    assert verdict["verdict"] == "refused"
    assert verdict["item"].startswith("item ") and verdict["check"] in CHECKS


def test_several_files(tmp_path: Path, path: Path, data: bytes) -> None:
    cut = tmp_path / "cut.tally"
    cut.write_bytes(data[:-1])
    result = _run("--json", path, cut, path)
    assert result.exit_code == 1
    assert [v["verdict"] for v in json.loads(result.stdout)] == ["accepted", "refused", "accepted"]
    assert result.stderr.count("tallystick: error:") == 1
    assert _run(path, path).stdout.count(OWN) == 2


def test_the_consortium_file(path: Path, consortium_file: Path) -> None:
    result = _run("--consortium", consortium_file, path)
    assert result.exit_code == 1
    assert (
        "the certificate of north is not the one in the consortium file (check: consortium)" in result.stderr
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nothing.tally"], "cannot read the transcript"),
        ([], "missing argument 'file...'"),
        (["--consortium", "nothing.toml", "{}"], "cannot read the consortium file"),
        (["--program", "nothing.py", "{}"], "nothing.py"),
        (["--frobnicate", "{}"], "no such option"),
    ],
)
def test_usage_errors(path: Path, args: list[str], message: str) -> None:
    result = _run(*(arg.format(path) for arg in args))
    assert result.exit_code == 2
    assert result.stderr.startswith("tallystick: error: ")
    assert message in result.stderr.lower()
    assert result.stdout == ""


def test_mutations_are_reported_without_a_traceback(path: Path, data: bytes) -> None:
    data = mutations.subject(data)
    changes = [*mutations.byte_changes(data, mutations.count(40), seed=1), *mutations.truncations(data)]
    for what, changed in changes:
        path.write_bytes(changed)
        result = _run(path)
        assert isinstance(result.exception, SystemExit), what
        assert result.exit_code == 1, what
        assert result.stderr.startswith("tallystick: error: "), what
        assert ": item " in result.stderr and "(check: " in result.stderr, what


def test_names_cannot_steer_the_terminal() -> None:
    from tallystick.audit._report import safe

    assert safe("mean\x1b[2J\u202e") == "mean\\x1b[2J\\u202e"


# ---------------------------------------------------------------------- exit codes, whatever happens to the output
def _process(*args: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tallystick", "audit", *map(str, args), "--backend", FAST]
    return subprocess.run(command, capture_output="stdout" not in options, text=True, timeout=120, **options)


@pytest.fixture
def refused(tmp_path: Path, data: bytes) -> Path:
    file = tmp_path / "refused.tally"
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    file.write_bytes(changed)
    return file


MISBEHAVING = {
    "exits as it is loaded": "PROGRAM\nimport sys\nsys.exit(0)\n",
    "exits as it is traced": "import sys\nimport tallystick as ts\n@ts.program\ndef pay(table):\n    sys.exit(0)\n",
    "leaves at once": "import os\nos._exit(0)\n",
    "kills itself": "import ctypes\nctypes.string_at(0)\n",
    "takes all memory": "bytearray(1 << 45)\n",
    "never ends": "while True: pass\n",
    "says that all is well": "import os, sys\nprint('accepted'); sys.stdout.flush(); os._exit(0)\n",
    "raises what nobody catches": "class Odd(BaseException): pass\nraise Odd\n",
    "closes everything": "import os\nos.closerange(0, 64)\n",
}


@pytest.mark.parametrize("how", MISBEHAVING)
def test_a_program_that_misbehaves_makes_no_verdict(
    tmp_path: Path, path: Path, refused: Path, how: str
) -> None:
    """A good file is not accepted, nor refused, for what the program does; a bad one is refused all the same."""
    program = tmp_path / "program.py"
    program.write_text(MISBEHAVING[how].replace("PROGRAM", (PROGRAMS / "pay.py").read_text()))
    limit = ["--max-seconds", "1.5"] if how == "never ends" else []
    good = _process(path, "--program", f"{program}:pay", *limit)
    assert (good.returncode, good.stdout) == (3, "")
    assert "could not be finished" in good.stderr and "(check: program)" in good.stderr
    both = _process(refused, path, "--json", "--program", f"{program}:pay", *limit)
    assert both.returncode == 1
    verdicts = json.loads(both.stdout)
    assert [v["verdict"] for v in verdicts] == ["refused", "unfinished"]
    assert verdicts[0]["check"] != "program" and verdicts[1]["check"] == "program"


def test_a_program_that_raises_does_not_hide_the_next_verdict(
    tmp_path: Path, path: Path, data: bytes
) -> None:
    """A file may state tables with which the auditor's program cannot be traced: that is the file's fault."""
    strange = tmp_path / "strange.tally"
    rows = [Table(rows=1 << 24, columns=t.columns) for t in genuine.terms_of(genuine.traced()).tables]
    strange.write_bytes(
        genuine.forged(data, lambda b: setattr(b, "terms", dataclasses.replace(b.terms, tables=tuple(rows))))
    )
    result = _run("--json", "--program", f"{PROGRAMS / 'pay.py'}:pay", strange, path)
    assert result.exit_code == 1
    first, second = json.loads(result.stdout)
    assert (first["verdict"], first["check"], second["verdict"]) == ("refused", "program", "accepted")


def test_a_file_that_cannot_be_read_does_not_hide_the_next_verdict(path: Path, refused: Path) -> None:
    result = _run("--json", "nothing.tally", path)
    assert result.exit_code == 2
    assert [v["verdict"] for v in json.loads(result.stdout)] == ["unread", "accepted"]
    assert _run("nothing.tally", refused, path).exit_code == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("extra", [(), ("--json",)])
def test_no_encoding_changes_the_verdict(path: Path, encoding: str, extra: tuple[str, ...]) -> None:
    noisy = path.with_name("résumé [bold] 日本.tally")
    noisy.write_bytes(path.read_bytes())
    env = {**os.environ, "PYTHONIOENCODING": encoding}
    result = subprocess.run(
        [sys.executable, "-m", "tallystick", "audit", str(noisy), *extra, "--backend", FAST],
        capture_output=True,
        env=env,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert b"Traceback" not in result.stderr and b"[bold]" in result.stdout


@pytest.mark.parametrize(
    "name", ["a[b].tally", "[/red].tally", "a[/].tally", "[link=x].tally", ":smile:.tally"]
)
def test_a_path_is_printed_as_it_is(path: Path, name: str) -> None:
    file = path.with_name(name.replace("/", "\u2215"))
    file.write_bytes(path.read_bytes())
    result = _run(file)
    assert result.exit_code == 0
    assert file.name in result.stdout.replace("\n    | ", "")
    file.write_bytes(path.read_bytes()[:-1])
    assert file.name in _run(file).stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_not_a_refusal(path: Path, refused: Path) -> None:
    with Path("/dev/full").open("w") as full:
        for extra in ((), ("--json",)):
            result = _process(path, *extra, stdout=full, stderr=subprocess.PIPE)
            assert result.returncode == 3
            assert "the output could not be written: no space left on device" in result.stderr
            assert "Traceback" not in result.stderr and "Exception ignored" not in result.stderr
        assert _process(refused, "--json", stdout=full, stderr=subprocess.PIPE).returncode == 1
        assert _process(refused, stdout=subprocess.PIPE, stderr=full).returncode == 1
        assert _process(path, stdout=subprocess.PIPE, stderr=full).returncode == 0


def test_a_reader_that_leaves_early_is_no_failure(path: Path, refused: Path) -> None:
    for files, code in (([path], 0), ([path] * 3, 0), ([path, refused, path], 1)):
        read, write = os.pipe()
        os.close(read)
        result = _process(*files, stdout=write, stderr=subprocess.PIPE)
        os.close(write)
        assert result.returncode == code
        assert "Traceback" not in result.stderr and "Exception ignored" not in result.stderr


def test_standard_output_may_be_closed(path: Path) -> None:
    command = f'exec "{sys.executable}" -m tallystick audit "{path}" --backend {FAST} >&-'
    assert subprocess.run(["/bin/sh", "-c", command], timeout=120).returncode == 0


def test_a_fault_of_the_package_is_no_verdict(
    path: Path, refused: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tallystick.audit import _audit

    real, good = _audit.read_transcript, path.read_bytes()

    def broken(data: bytes, **known: Any) -> Any:
        if data == good:
            raise ValueError("an array of the wrong shape")
        return real(data, **known)

    monkeypatch.setattr(_audit, "read_transcript", broken)
    result = _run("--json", path)
    assert result.exit_code == 3
    assert json.loads(result.stdout)["verdict"] == "unfinished"
    assert "an internal error: ValueError" in result.stderr
    assert _run(path, refused).exit_code == 1


def test_a_recursion_or_no_memory_is_no_verdict(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tallystick.audit import _audit

    for error in (MemoryError(), RecursionError("too deep")):

        def broken(data: bytes, error: Exception = error, **known: Any) -> Any:
            raise error

        monkeypatch.setattr(_audit, "read_transcript", broken)
        assert _run(path).exit_code == 3
