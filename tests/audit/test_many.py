# SPDX-License-Identifier: Apache-2.0
"""Many files: one randomised batch, outcomes that belong to the right file, executors, and workers that fail."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import resource
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from support import genuine
from support.deadly import Deadly
from support.genuine import PROGRAMS
from tallystick.audit import (
    Audited,
    JobPin,
    Limits,
    ProgramSource,
    Question,
    audit,
    audit_batch,
    audit_file,
    audit_many,
)
from tallystick.audit import _batch as batch_module
from tallystick.audit._stop import stopped
from tallystick.backend import get_backend, native_available
from tallystick.cli import main
from tallystick.errors import (
    BackendError,
    DataError,
    DecodeError,
    PolicyError,
    ProgramError,
    ProtocolAbort,
    TallystickError,
    UnfinishedError,
    UsageError,
    VerificationError,
)
from tallystick.record import Policy, Terms

FAST = "native" if native_available() else "pure"


@pytest.fixture(scope="module")
def genuine_files() -> list[bytes]:
    """Transcripts of two plans, of different sessions."""
    backend = get_backend(FAST)
    made = [genuine.genuine(backend, session=k) for k in range(3)]
    return [*made, genuine.genuine(backend, program="other", session=3)]


def _wrong_output(bodies: genuine.Bodies) -> None:
    bodies.outputs = bytes([bodies.outputs[0] ^ 1]) + bodies.outputs[1:]


def _wrong_range(bodies: genuine.Bodies) -> None:
    """The range proof of the second member with a part of another's, in its place."""
    first, second = (bodies.commitments[k].range_proof for k in (0, 1))
    assert first is not None and second is not None
    bodies.commitments[1] = dataclasses.replace(
        bodies.commitments[1], range_proof={**second, "mask": first["mask"]}
    )


@pytest.fixture
def folder(tmp_path: Path, genuine_files: list[bytes]) -> Path:
    """Twelve files, five of them bad, each in its own way; some in folders of the folder."""
    good = genuine_files
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    for k in range(7):
        place = (tmp_path, tmp_path / "in", tmp_path / "in" / "deeper")[k % 3]
        (place / f"good{k}.tally").write_bytes(good[k % len(good)])
    bad = {
        "cut": good[0][:-1],
        "flipped": good[1][:2000] + bytes([good[1][2000] ^ 1]) + good[1][2001:],
        "outputs": genuine.forged(good[2], _wrong_output),
        "range": genuine.forged(good[0], _wrong_range),
    }
    for name, data in bad.items():
        (tmp_path / "in" / f"{name}.tally").write_bytes(data)
    (tmp_path / "empty.tally").write_bytes(b"")
    (tmp_path / "other.txt").write_bytes(b"not asked about")
    return tmp_path


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.tally"))


def _alone(path: Path) -> tuple[str | None, str | None, str | None]:
    """What the audit of this file alone says: check, item and message, or nothing."""
    try:
        audit(path, backend=get_backend(FAST))
    except (DecodeError, VerificationError) as error:
        return getattr(error, "check", "decode"), error.item, error.message
    return None, None, None


def _said(found: Audited) -> tuple[str | None, str | None, str | None]:
    error = found.error
    if error is None:
        assert found.verdict is not None
        return None, None, None
    assert isinstance(error, DecodeError | VerificationError)
    return getattr(error, "check", "decode"), error.item, error.message


def _check(outcomes: list[Audited], files: list[Path]) -> None:
    """Each file has one outcome, which is that of its audit alone."""
    assert sorted(found.path for found in outcomes) == sorted(files)
    for found in outcomes:
        assert _said(found) == _alone(found.path), found.path


def test_a_batch_says_of_each_file_what_its_audit_says(folder: Path) -> None:
    files = _files(folder)
    outcomes = list(audit_batch(files, Question(backend=FAST)))
    _check(outcomes, files)
    assert [found.word for found in outcomes].count("refused") == 5
    checks = {found.path.stem: _said(found)[0] for found in outcomes}
    assert (checks["outputs"], checks["range"], checks["cut"]) == ("computation", "range", "decode")


def test_the_verdict_of_a_batch_is_that_of_the_file_alone(folder: Path) -> None:
    for found in audit_batch(_files(folder), Question(backend=FAST)):
        if found.verdict is None:
            continue
        alone = audit(found.path, backend=get_backend(FAST))
        same = (
            "terms",
            "plan",
            "results",
            "opened",
            "pinned",
            "traced",
            "absent",
            "bound",
            "backend",
            "size",
        )
        for name in same:
            assert getattr(found.verdict, name) == getattr(alone, name)
        assert [check.name for check in found.verdict.checks] == [check.name for check in alone.checks]
        details = {check.name: check.detail for check in found.verdict.checks}
        assert details["computation"].endswith("with those of 8 other files")
        assert 0 <= sum(check.seconds for check in found.verdict.checks) <= found.verdict.seconds


def test_two_files_whose_errors_would_cancel_are_both_refused() -> None:
    """With equal weights the sum of both files' equations would vanish: the weights are drawn when both are read."""
    from tallystick.algebra import Generators, Points, Random, Vector
    from tallystick.proofs import BatchVerifier, failing
    from tallystick.proofs._equations import Equation
    from tallystick.proofs._verifier import _Checked

    backend = get_backend(FAST)
    generators = Generators(backend, 16)

    def off_by(error: int) -> BatchVerifier:
        verifier = BatchVerifier(generators)
        equation = Equation(error, 0, Vector.zeros(backend, 0), ((generators.h, Vector.zeros(backend, 1)),))
        verifier._checked.append(_Checked("a proof", bytes(32), (("y", equation),)))
        return verifier

    assert failing([off_by(1), off_by(-1)], Random(bytes(32))) == [0, 1]
    assert failing([off_by(0), off_by(0)], Random(bytes(32))) == []
    assert failing([off_by(int(k in (2, 3, 7))) for k in range(9)], Random(bytes(32))) == [2, 3, 7]
    for bad in range(5):
        assert failing([off_by(int(k == bad)) for k in range(5)], Random(bytes(32))) == [bad]
    assert failing([], Random(bytes(32))) == []
    assert Points.identity(backend, 1).is_identity()


def test_weights_are_new_for_every_batch(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    drawn = []
    real = batch_module.failing

    def watched(batches: Any, random: Any) -> list[int]:
        drawn.append(random.fork("seen").bytes(16))
        return real(batches, random)

    monkeypatch.setattr(batch_module, "failing", watched)
    for _ in range(2):
        list(audit_batch(_files(folder), Question(backend=FAST)))
    assert len(drawn) == 2 and drawn[0] != drawn[1]


def test_batches_stay_within_memory(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    sizes: list[int] = []
    held: list[int] = []
    real = batch_module.failing

    def watched(batches: Any, random: Any) -> list[int]:
        sizes.append(len(batches))
        held.extend(one.held_bytes for one in batches)
        return real(batches, random)

    monkeypatch.setattr(batch_module, "failing", watched)
    files = _files(folder)
    _check(list(audit_batch(files, Question(backend=FAST))), files)
    assert sizes == [9]
    most_held = max(held) + 24 * max(path.stat().st_size for path in files)
    sizes.clear()
    limits = Limits(memory=1_000_000_000)
    monkeypatch.setattr(batch_module, "_SHARE", 1_000_000_000 // (3 * most_held))
    _check(list(audit_batch(files, Question(backend=FAST, limits=limits))), files)
    assert len(sizes) > 1 and 3 <= max(sizes) < 9
    monkeypatch.setattr(batch_module, "MOST_TOGETHER", 2)
    sizes.clear()
    _check(list(audit_batch(files, Question(backend=FAST))), files)
    assert max(sizes) == 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes(folder: Path, jobs: int) -> None:
    files = _files(folder)
    _check(list(audit_many(files, backend=FAST, jobs=jobs)), files)


def test_threads(folder: Path) -> None:
    files = _files(folder)
    with ThreadPoolExecutor(2) as executor:
        _check(list(audit_many(files, backend=FAST, executor=executor)), files)


class _Faulty(Executor):
    """Runs tasks at once, but loses every task with the file ``deadly``, as a worker does that is killed."""

    def __init__(self, *, deadly: str = "", refuses: bool = False) -> None:
        self.deadly, self.refuses, self.tasks = deadly, refuses, list[list[Path]]()

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.refuses:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self.tasks.append(list(args[0]))
        future: Future[Any] = Future()
        if any(path.stem == self.deadly for path in args[0]):
            future.set_exception(OSError("the worker is gone"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_a_worker_that_dies_takes_no_other_file_with_it(folder: Path) -> None:
    files = _files(folder)
    executor = _Faulty(deadly="good1")
    outcomes = list(audit_many(files, backend=FAST, executor=executor))
    (dead,) = [found for found in outcomes if found.path.stem == "good1"]
    assert dead.word == "unfinished"
    assert dead.error is not None and "OSError: the worker is gone" in dead.error.message
    _check([found for found in outcomes if found is not dead], [f for f in files if f != dead.path])
    first, last = [task for task in executor.tasks if dead.path in task]
    assert len(first) > 1 and last == [dead.path]


def test_an_executor_that_takes_no_tasks_hides_no_file(folder: Path) -> None:
    outcomes = list(audit_many(_files(folder), backend=FAST, executor=_Faulty(refuses=True)))
    assert len(outcomes) == 12 and {found.word for found in outcomes} == {"unfinished"}


def test_a_process_that_is_killed_is_replaced(folder: Path) -> None:
    """Every genuine file kills the process that audits it, once in company and once by itself."""
    files = [folder / "good0.tally", folder / "in" / "cut.tally", folder / "good3.tally"]
    outcomes = list(audit_many(files, backend=FAST, jobs=2, program=Deadly(os.getpid())))
    words = {found.path.stem: found.word for found in outcomes}
    assert words == {"good0": "unfinished", "cut": "refused", "good3": "unfinished"}
    assert len(outcomes) == 3


def test_what_is_not_about_a_file_ends_the_whole(folder: Path, tmp_path: Path) -> None:
    program = ProgramSource(tmp_path / "nothing.py")
    for jobs in (1, 2):
        with pytest.raises(UsageError, match="nothing"):
            list(audit_many(_files(folder), backend=FAST, program=program, jobs=jobs))


def test_no_files_are_no_outcomes() -> None:
    assert list(audit_many([], backend=FAST)) == []


# ------------------------------------------------------------------ programs and limits
def test_a_program_is_traced_once_for_files_of_one_schema(tmp_path: Path, genuine_files: list[bytes]) -> None:
    files = []
    for k, data in enumerate([*genuine_files[:3], genuine_files[3], genuine_files[0]]):
        files.append(tmp_path / f"{k}.tally")
        files[-1].write_bytes(data)
    counting = _Counting()
    outcomes = {found.path: found for found in audit_batch(files, Question(backend=FAST, program=counting))}
    assert counting.calls == 1, "both programs' files have the same members, rows and columns"
    words = [outcomes[path].word for path in files]
    assert words == ["accepted", "accepted", "accepted", "refused", "accepted"]
    assert getattr(outcomes[files[3]].error, "check", None) == "program"


class _Counting:
    def __init__(self) -> None:
        self.calls = 0
        self.source = ProgramSource(PROGRAMS / "pay.py", "pay")

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        self.calls += 1
        return self.source.plan_bytes(terms, seconds=seconds)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_confined_program_that_never_ends_stops_nothing(folder: Path, tmp_path: Path, jobs: str) -> None:
    program = tmp_path / "program.py"
    program.write_text("while True: pass\n")
    result = _run(folder, "--program", f"{program}:pay", "--max-seconds", "1.5", "--jobs", jobs, "--json")
    *lines, summary = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert summary["summary"]["unfinished"] == 7 and summary["summary"]["refused"] == 5
    for line in lines:
        assert line["check"] == "program" if line["verdict"] == "unfinished" else line["check"] != "program"


class _Slow:
    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            pass
        return genuine.traced().to_bytes()


@pytest.mark.parametrize("thread", [False, True])
def test_an_audit_is_stopped_in_whatever_thread_it_runs(
    tmp_path: Path, genuine_files: list[bytes], thread: bool
) -> None:
    """In the main thread by an alarm, elsewhere when it next looks at the clock; nothing is left behind."""
    path = tmp_path / "a.tally"
    path.write_bytes(genuine_files[0])
    question = Question(backend=FAST, program=_Slow(), limits=Limits(seconds=0.4))
    before, timer = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)
    if thread:
        with ThreadPoolExecutor(1) as executor:
            (found,) = executor.submit(lambda: list(audit_batch([path], question))).result()
    else:
        (found,) = audit_batch([path], question)
    assert found.word == "unfinished"
    assert found.error is not None and "the audit took more than 0.4 s" in found.error.message
    assert signal.getsignal(signal.SIGALRM) == before
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    assert timer != (0.0, 0.0) or left == 0.0
    assert timer == (0.0, 0.0) or timer[0] - 10 < left < timer[0], "an alarm of the caller's goes on"


def test_an_alarm_does_not_outlast_the_audit() -> None:
    timer = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        with stopped(Limits(seconds=60), traces=False):
            assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell")
def test_the_address_space_is_bounded_while_an_audit_lasts() -> None:
    memory, before = 1 << 36, resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    with stopped(Limits(memory=memory), traces=False):
        soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    assert abs(soft - used - memory - (1 << 30)) < 1 << 28 and hard == before[1]
    assert resource.getrlimit(resource.RLIMIT_AS) == before


# ------------------------------------------------------------------ what travels between processes
def _again(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))  # noqa: S301  what was pickled here


ERRORS = [
    TallystickError("a", hint="b"),
    UsageError("a"),
    ProgramError("a", where="file:3", hint="h"),
    DataError("a"),
    PolicyError("a", hint="h"),
    DecodeError("a", offset=4, item="item 1", hint="h"),
    VerificationError("a", check="range", item="item 3", hint="h"),
    ProtocolAbort("a", check="mac-check", blame=2, about=[2], names=["x", "y", "z"], heard=True),
    UnfinishedError("a", check="limits", hint="h"),
    BackendError("a"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_can_be_pickled(error: TallystickError) -> None:
    again = _again(error)
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_questions_and_verdicts_can_be_pickled(folder: Path, consortium_file: Path) -> None:
    from tallystick.record import read_consortium

    consortium = read_consortium(consortium_file)
    job = JobPin(
        name="pay",
        consortium=consortium,
        columns=genuine.COLUMNS,
        policy=Policy(min_members=3, min_rows=1),
        program=ProgramSource(PROGRAMS / "pay.py", "pay"),
    )
    question = Question(consortium=consortium, job=job, limits=Limits(seconds=3), backend=FAST)
    assert _again(question) == question
    outcomes = list(audit_batch(_files(folder), Question(backend=FAST)))
    for found, again in zip(outcomes, _again(outcomes), strict=True):
        assert (again.path, again.verdict, str(again.error)) == (found.path, found.verdict, str(found.error))


# ------------------------------------------------------------------ the command
def _run(*args: object) -> Any:
    return CliRunner().invoke(main, ["audit", *map(str, args), "--backend", FAST])


@pytest.mark.parametrize("jobs", [(), ("--jobs", 2)])
def test_a_folder(folder: Path, jobs: tuple[object, ...]) -> None:
    result = _run(folder, *jobs)
    assert result.exit_code == 1
    first, *rest = result.stdout.splitlines()
    assert first.startswith("12 files in ")
    assert [line.split()[:2] for line in rest] == [
        ["accepted", "7"],
        ["refused", "5"],
        ["unfinished", "0"],
        ["unread", "0"],
    ]
    assert rest[1].endswith("by check: chain 1, computation 1, decode 2, range 1")
    named = [line for line in result.stderr.splitlines() if line.startswith("tallystick: error: ")]
    assert len(named) == 5
    for name in ("empty", "in/cut", "in/flipped", "in/outputs", "in/range"):
        (line,) = [line for line in named if f"{folder / name}.tally: " in line]
        assert "(check: " in line


def test_a_folder_as_lines_of_json(folder: Path) -> None:
    result = _run(folder, "--json")
    *lines, summary = map(json.loads, result.stdout.splitlines())
    assert sorted(line["file"] for line in lines) == sorted(map(str, _files(folder)))
    for line in lines:
        check, item, message = _alone(Path(line["file"]))
        assert line["verdict"] == ("refused" if check else "accepted")
        if check:
            assert (line["check"], line["item"], line["message"]) == (check, item, message)
        else:
            assert line["statement"].startswith("accepted: ")
    found = summary["summary"]
    assert (found["files"], found["accepted"], found["refused"]) == (12, 7, 5)
    assert found["refused_by_check"] == {"chain": 1, "computation": 1, "decode": 2, "range": 1}
    assert found["seconds"] > 0


def test_exit_codes_of_folders(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    only = tmp_path_factory.mktemp("only")
    good = folder / "good0.tally"
    (only / "a.tally").write_bytes(good.read_bytes())
    assert _run(only).exit_code == 0
    assert _run(only, "--max-memory", 1).exit_code == 1
    (only / "b.tally").mkdir()
    assert _run(only).exit_code == 0, "a folder is no transcript"
    os.mkfifo(only / "c.tally")
    result = _run(only)
    assert result.exit_code == 2 and f"{only / 'c.tally'}: cannot be read: not a file" in result.stderr
    assert _run(only, folder).exit_code == 1
    assert _run(only, "nothing.tally").exit_code == 2
    empty = tmp_path_factory.mktemp("empty")
    result = _run(empty)
    assert result.exit_code == 2 and "there are no *.tally files" in result.stderr
    result = _run(only, "--html", only / "page.html")
    assert result.exit_code == 2 and "--html is about one transcript" in result.stderr


def test_a_name_in_a_folder_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2J\u202e.tally").write_bytes(b"")
    os.mkfifo(tmp_path / "b\x1b[2J.tally")
    (tmp_path / os.fsdecode(b"c\xff.tally")).write_bytes(b"")
    result = _run(tmp_path)
    assert result.exit_code == 1
    assert result.stderr.isascii() and "\x1b" not in result.stderr
    assert "a\\x1b[2J\\u202e.tally: " in result.stderr and "b\\x1b[2J.tally: " in result.stderr
    assert "c\\udcff.tally: " in result.stderr


@pytest.mark.parametrize("more", [("--jobs", 2), ("--cluster", "tcp://127.0.0.1:1")])
def test_options_that_exclude_each_other(folder: Path, more: tuple[object, ...]) -> None:
    result = _run(folder / "good0.tally", "--html", folder / "page.html", *more)
    assert result.exit_code == 2 and "--html is about one transcript" in result.stderr
    result = _run(folder, "--jobs", 2, "--cluster", "tcp://127.0.0.1:1")
    assert result.exit_code == 2 and "leave one of them out" in result.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_said(folder: Path) -> None:
    (folder / "in").chmod(0)
    try:
        result = _run(folder)
    finally:
        (folder / "in").chmod(0o700)
    assert result.exit_code == 1 and f"{folder / 'in'}: cannot be read" in result.stderr


def test_a_file_that_cannot_be_opened_is_unread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = audit_file(folder / "missing.tally", Question(backend=FAST))
    assert found.word == "unread" and found.verdict is None


def test_a_fault_of_the_package_is_one_file_s(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tallystick.audit import _audit

    real = _audit.read_transcript
    bad = (folder / "good0.tally").read_bytes()

    def broken(data: bytes, **known: Any) -> Any:
        if data == bad:
            raise ValueError("an array of the wrong shape")
        return real(data, **known)

    monkeypatch.setattr(_audit, "read_transcript", broken)
    result = _run(folder, "--jobs", 1, "--json")
    words = [json.loads(line).get("verdict") for line in result.stdout.splitlines()]
    assert words.count("unfinished") == 2 and words.count("accepted") == 5
    assert "Traceback" in result.stderr and "an internal error: ValueError" in result.stderr


# ------------------------------------------------------------------ a cluster
@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options) as made:
        yield made


def test_two_workers_of_a_cluster(folder: Path, cluster: Any) -> None:
    from distributed import Client

    files = _files(folder)
    with Client(cluster) as client:
        _check(list(audit_many(files, backend=FAST, executor=client.get_executor(pure=False))), files)


def test_the_command_on_a_cluster(folder: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    program = os.path.relpath(PROGRAMS / "pay.py")
    options = ("--program", f"{program}:pay", "--max-seconds", 30, "--json")
    result = _run(folder.name, "--cluster", cluster.scheduler_address, *options)
    assert result.exit_code == 1, result.stderr
    summary = json.loads(result.stdout.splitlines()[-1])["summary"]
    assert (summary["accepted"], summary["refused"]) == (6, 6)
    assert summary["refused_by_check"]["program"] == 1, (
        "workers trace, confined, with paths made absolute here"
    )


def test_a_cluster_that_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    from tallystick.cli import _audits

    monkeypatch.setattr(_audits, "_PATIENCE", "1s")
    result = _run(folder, "--cluster", "tcp://127.0.0.1:1")
    assert result.exit_code == 2
    assert result.stderr.startswith("tallystick: error: --cluster tcp://127.0.0.1:1: ")


def test_without_the_package_the_command_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    result = _run(folder, "--cluster", "tcp://127.0.0.1:1")
    assert result.exit_code == 2
    assert "hint: pip install 'tallystick[cluster]'" in result.stderr
