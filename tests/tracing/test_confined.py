# SPDX-License-Identifier: Apache-2.0
"""Programs in files are foreign code: what one tries beyond computing a plan fails, and is said."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import tallystick as ts
from tallystick.errors import ProgramError, UnfinishedError, UsageError
from tallystick.tracing import ProgramFile, _source

SCHEMAS = [ts.MemberSchema(name, 3, {"x": ts.Column(-5, 9), "cents": ts.Column(0, 99, 2)}) for name in "ab"]

GOOD = """
from __future__ import annotations
import statistics
from dataclasses import dataclass
import tallystick as ts

@dataclass(frozen=True, slots=True)
class Threshold:
    value: int

@ts.program
def example(table):
    x = ts.concat(t["x"] for t in table)
    cents = ts.concat(t["cents"] for t in table)
    return {"n": (x > Threshold(3).value).sum(), "cents": ts.mean(cents), "two": int(statistics.mean([1, 3]))}
"""

PLAIN = GOOD.replace("from __future__ import annotations\n", "")

needs_kernel = pytest.mark.skipif(sys.platform != "linux", reason="only Linux confines")


def write(folder: Path, source: str) -> Path:
    path = folder / "figures.py"
    path.write_text(source)
    return path


def inside(statement: str) -> str:
    return GOOD.replace("    x = ", f"    {statement}\n    x = ", 1)


def test_a_program_traces_as_in_this_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, GOOD)
    plan = ProgramFile(path).trace(SCHEMAS)
    assert plan == ts.trace(ts.load_program(path), SCHEMAS)
    assert ProgramFile.parse(f"{path}:example").trace(SCHEMAS) == plan
    assert ProgramFile.parse("figures.py:example", tmp_path).check() == "example"
    assert capsys.readouterr().err == ""


@needs_kernel
@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("open({secret!r}).read()", "PermissionError"),
        ("__import__('os').listdir({folder!r})", "PermissionError"),
        ("open('/proc/self/environ').read()", "PermissionError"),
        ("open('/proc/{parent}/mem', 'rb')", "PermissionError"),
        ("open({new!r}, 'w')", "PermissionError"),
        ("open({secret!r}, 'a')", "PermissionError"),
        ("__import__('os').remove({secret!r})", "PermissionError"),
        ("__import__('os').rename({secret!r}, {new!r})", "PermissionError"),
        ("__import__('os').chmod({secret!r}, 0o777)", "PermissionError"),
        ("__import__('os').mkdir({new!r})", "PermissionError"),
        ("__import__('socket').create_connection(('127.0.0.1', {port}))", "PermissionError"),
        ("__import__('socket').socket(__import__('socket').AF_UNIX)", "PermissionError"),
        ("__import__('os').fork()", "PermissionError"),
        ("__import__('subprocess').run(['true'])", "PermissionError"),
        ("__import__('os').execv('/bin/true', ['true'])", "PermissionError"),
        ("__import__('threading').Thread(target=print).start()", "can't start new thread"),
        ("__import__('os').kill({parent}, 9)", "PermissionError"),
        ("f = __import__('fcntl'); f.fcntl(0, f.F_SETOWN, {parent})", "PermissionError"),
        ("f = __import__('fcntl'); f.fcntl(0, f.F_SETSIG, 9)", "PermissionError"),
        ("f = __import__('fcntl'); f.fcntl(0, f.F_SETFL, 0o20000)", "PermissionError"),
        ("f = __import__('fcntl'); f.fcntl(0, f.F_SETLEASE, f.F_RDLCK)", "PermissionError"),
        ("raise KeyError('x')", "KeyError: 'x'"),
    ],
)
def test_what_it_tries_beyond_computing_fails(tmp_path: Path, statement: str, error: str) -> None:
    secret = tmp_path / "north.identity"
    secret.write_text("a key")
    with socket.create_server(("127.0.0.1", 0)) as server:
        statement = statement.format(
            secret=str(secret),
            folder=str(tmp_path),
            new=str(tmp_path / "new"),
            port=server.getsockname()[1],
            parent=os.getpid(),
        )
        path = write(tmp_path, inside(statement))
        with pytest.raises(ProgramError, match=error) as traced:
            ProgramFile(path).trace(SCHEMAS)
        assert traced.value.where == f"{path}:13"
        write(tmp_path, f"{statement}\n{PLAIN}")
        with pytest.raises(ProgramError, match=error) as run:
            ProgramFile(path).check()
        assert run.value.where == f"{path}:1"
    assert secret.read_text() == "a key"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figures.py", "north.identity"]


SIGNALS = """
import ctypes, fcntl, os
libc = ctypes.CDLL(None)
for fd in (1, 2, 3):
    for command, value in ((fcntl.F_SETOWN, PARENT), (fcntl.F_SETSIG, 12), (fcntl.F_SETFL, os.O_WRONLY | os.O_ASYNC)):
        libc.fcntl(fd, command, value)
for _ in range(20):
    os.write(2, bytes(4096))
"""


@needs_kernel
def test_no_pipe_signals_another_process_where_landlock_does_not_see_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Landlock bounds signals from its sixth version on; the filter must do it alone."""
    code = "from tallystick.tracing import _child, _confine; _confine._bound_files = bool; _child.main()"
    monkeypatch.setattr(_source, "_COMMAND", [sys.executable, "-P", "-c", code])
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda number, frame: heard.append(number))
    try:
        source = SIGNALS.replace("PARENT", str(os.getpid())) + PLAIN
        ProgramFile(write(tmp_path, source), say=lambda line: None).trace(SCHEMAS)
        time.sleep(0.1)
    finally:
        signal.signal(signal.SIGUSR2, before)
    assert heard == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("bytearray(6 << 30)", r"figures.py:13: the program failed: MemoryError"),
        ("__import__('sys').exit(0)", r"figures.py:13: the program ends the process \(exit code 0\)"),
        ("raise GeneratorExit", r"figures.py:13: the program failed: GeneratorExit"),
        ("raise KeyboardInterrupt", "it ended the process that traced it"),
        ("__import__('os')._exit(0)", r"it ended the process that traced it \(exit code 0\)"),
        ("__import__('os').abort()", "it ended the process that traced it"),
    ],
)
def test_ending_the_process_is_no_plan(tmp_path: Path, statement: str, message: str) -> None:
    with pytest.raises(UnfinishedError, match=message) as raised:
        ProgramFile(write(tmp_path, inside(statement))).trace(SCHEMAS)
    assert raised.value.check == "program"


@pytest.mark.parametrize("statement", ["while True: pass", "__import__('time').sleep(1000)"])
def test_a_program_does_not_last_for_ever(tmp_path: Path, statement: str) -> None:
    with pytest.raises(UnfinishedError, match="it was not traced within 2 s"):
        ProgramFile(write(tmp_path, inside(statement))).trace(SCHEMAS, seconds=2)


@needs_kernel
def test_processor_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from tallystick.tracing import _child, _confine; _confine.SECONDS = 2; _child.main()"
    monkeypatch.setattr(_source, "_COMMAND", [sys.executable, "-P", "-c", code])
    with pytest.raises(UnfinishedError, match=r"signal 9|signal 24"):
        ProgramFile(write(tmp_path, inside("while True: pass"))).trace(SCHEMAS)


PARENT = """
import subprocess, sys
from tallystick.tracing import ProgramFile

class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        print(self.pid, flush=True)

subprocess.Popen = Popen
ProgramFile.parse(sys.argv[1]).check()
"""


def status(process: int, name: str) -> str:
    try:
        found = Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    return next(line.split()[1] for line in found if line.startswith(f"{name}:"))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


@needs_kernel
def test_it_ends_with_the_process_that_would_end_it(tmp_path: Path) -> None:
    path = write(tmp_path, f"import time\ntime.sleep(1000)\n{PLAIN}")
    command = [sys.executable, "-P", "-c", PARENT, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        until(lambda: status(child, "Seccomp") == "2")
        parent.kill()
    until(lambda: status(child, "State") in {"Z", "gone"})


SET = """
import tallystick as ts

NAMES = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}

@ts.program
def example(table):
    x = ts.concat(t["x"] for t in table)
    return {name: (x * (k + 2)).sum() for k, name in enumerate(NAMES)}
"""


def test_a_plan_that_depends_on_the_process_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="another plan in every process") as raised:
        ProgramFile(write(tmp_path, SET)).trace(SCHEMAS)
    assert "sets" in str(raised.value.hint)
    ProgramFile(write(tmp_path, SET.replace("(NAMES)", "(sorted(NAMES))"))).trace(SCHEMAS)
    # What differs need not be a set of texts: addresses differ, too.
    addresses = "NAMES = [str(id(object()))[-4:], 'beta']"
    with pytest.raises(ProgramError, match="another plan in every process"):
        ProgramFile(write(tmp_path, SET.replace(SET.splitlines()[3], addresses))).trace(SCHEMAS)


def test_what_it_prints_is_shown_on_one_line_each_and_safely(tmp_path: Path) -> None:
    said: list[str] = []
    path = write(tmp_path, inside(r"print('n', 1); print('\x1b[2Jgone\u202e')"))
    ProgramFile(path, say=said.append).trace(SCHEMAS)
    assert said == ["n 1", "?[2Jgone?"]


FORGED = """
import os
import tallystick as ts
from tallystick.tracing import _child

@ts.program
def example(table):
    x = ts.concat(t["x"] for t in table)
    return {"n": (x > 3).sum()}

def forged(program, members):
    wider = [ts.MemberSchema(m.name, m.rows + ROWS, {"x": ts.Column(-5, 9 + HIGH)}) for m in members]
    return REAL(program, wider)

REAL, _child.trace = _child.trace, forged
"""


@pytest.mark.parametrize(
    ("rows", "high", "fits"), [("0", "0", True), ("1", "0", False), ("0", "10**60", False)]
)
def test_a_plan_on_other_tables_is_refused(tmp_path: Path, rows: str, high: str, fits: bool) -> None:
    file = ProgramFile(write(tmp_path, FORGED.replace("ROWS", rows).replace("HIGH", high)))
    if fits:
        file.trace(SCHEMAS)
    else:
        with pytest.raises(ProgramError, match="it left a plan on other tables"):
            file.trace(SCHEMAS)


TWICE = """
import tallystick as ts
from tallystick.tracing import _program

_program.check_columns = lambda plan, where: None

@ts.program
def example(table):
    x = table["a"]["x"]
    b = x.builder
    again = ts.Secret(b, b.shuffled(x.node, b.new_order()), x.shape, decimals=0, origin=x.origin)
    return {"n": x.sum() + 2 * again.sum()}
"""


def test_a_plan_that_commits_a_column_twice_is_refused_also_if_its_process_lets_it_pass(
    tmp_path: Path,
) -> None:
    with pytest.raises(ProgramError, match="its two commitments could hold different values"):
        ProgramFile(write(tmp_path, TWICE)).trace(SCHEMAS)


def test_both_processes_have_the_same_time(tmp_path: Path) -> None:
    waits = "import os, time\ntime.sleep(1.2 if os.environ['PYTHONHASHSEED'] == '0' else 60)\n"
    begun = time.monotonic()
    with pytest.raises(UnfinishedError, match="it was not traced within 2 s"):
        ProgramFile(write(tmp_path, waits + PLAIN)).trace(SCHEMAS, seconds=2)
    assert time.monotonic() - begun < 3


NO_PLAN = """
from tallystick.tracing import _child

real = _child.dumps
_child.dumps = lambda reply: LEFT
"""


@pytest.mark.parametrize(
    "left",
    [
        "b''",
        "b'x'",
        "bytes(3)",
        "real({'confined': True})",
        "real({**reply, 'plan': b'x'})",
        "bytes(1 << 27)",
    ],
)
def test_what_is_no_plan_is_refused(tmp_path: Path, left: str) -> None:
    path = write(tmp_path, NO_PLAN.replace("LEFT", left) + PLAIN)
    with pytest.raises((ProgramError, UnfinishedError), match=r"it left no plan|it ended the process"):
        ProgramFile(path).trace(SCHEMAS)


UNABLE = """
from tallystick.tracing import _child

def unable():
    raise _child.ConfinementError("no such kernel")

_child.confine = unable
_child.main()
"""


def test_where_nothing_confines_only_ones_own_files_are_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_source, "_COMMAND", [sys.executable, "-P", "-c", UNABLE])
    path = write(tmp_path, GOOD)
    path.chmod(0o600)
    said: list[str] = []
    plan = ProgramFile(path, say=said.append).trace(SCHEMAS)
    assert plan.program == "example"
    assert said == [f"{path} was traced without confinement, which this machine does not offer"]
    path.chmod(0o620)
    with pytest.raises(UsageError, match=r"cannot confine a program \(no such kernel\)") as raised:
        ProgramFile(path, say=said.append).trace(SCHEMAS)
    assert "only programs of the package" in str(raised.value.hint)


@needs_kernel
def test_nothing_of_this_process_is_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSPHRASE", "opensesame")
    said: list[str] = []
    with (tmp_path / "north.identity").open("w+") as file:
        os.set_inheritable(file.fileno(), True)
        number = file.fileno()
        look = (
            f"import os; print('PASSPHRASE' in os.environ, {number} in map(int, os.listdir('/proc/self/fd')))"
        )
        with pytest.raises(ProgramError, match="PermissionError"):
            ProgramFile(write(tmp_path, inside(look)), say=said.append).trace(SCHEMAS)
        look = f"import os; print('PASSPHRASE' in os.environ)\n    os.fstat({number})"
        with pytest.raises(ProgramError, match="Bad file descriptor"):
            ProgramFile(write(tmp_path, inside(look)), say=said.append).trace(SCHEMAS)
    assert said == ["False"]


def test_a_program_that_is_stopped_ends_at_once_and_for_good(tmp_path: Path) -> None:
    file = ProgramFile(write(tmp_path, inside("__import__('time').sleep(200)")))
    timer = threading.Timer(0.5, file.stop)
    timer.start()
    with pytest.raises(UnfinishedError):
        file.trace(SCHEMAS)
    with pytest.raises(UnfinishedError, match="the program was stopped"):
        file.check()
