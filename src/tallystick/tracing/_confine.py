# SPDX-License-Identifier: Apache-2.0
"""Confinement of a process by the kernel: no files but Python's own, no network, no other processes, bounded effort.

Linux: Landlock (``landlock(7)``, from 5.13) bounds files, a seccomp filter (``seccomp(2)``) system calls, and
``setrlimit(2)`` memory and time.  All three outlast whatever code then runs in the process, also code that finds its
way around Python.  The two kernel interfaces are called directly: they are a few numbers each, and what wraps them is
neither in the standard library nor maintained.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ConfinementError", "confine", "limit"]

MEMORY = 4 << 30
"""Bytes of address space of a confined process."""

SECONDS = 120
"""Processor time of a confined process."""


class ConfinementError(Exception):
    """The machine cannot confine a process."""


@dataclass(frozen=True, slots=True)
class _Machine:
    """Numbers of one architecture (``linux/audit.h``, the kernel's tables of system calls)."""

    audit: int
    seccomp: int
    openat: int
    fcntl: int
    allowed: tuple[int, ...]


# In the order of the names in the comment.  Left out on purpose: everything about sockets, other processes and threads
# (clone, fork, execve, kill, ptrace), and everything that changes a file system.
# read write close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn pread64 writev
# sched_yield mremap madvise dup nanosleep getpid exit exit_group uname getcwd getrusage gettimeofday getuid
# getgid geteuid getegid gettid futex sched_getaffinity getdents64 clock_gettime clock_getres clock_nanosleep newfstatat
# readlinkat faccessat faccessat2 set_robust_list rseq getrandom statx sigaltstack restart_syscall readv sysinfo;
# x86_64 also has stat, lstat, access, readlink.  openat and fcntl are allowed with some arguments alone: with others
# fcntl has the kernel send any signal to any process when a pipe is read from, and locks files.
_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        seccomp=317,
        openat=257,
        fcntl=72,
        allowed=(
            0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 17, 20,
            24, 25, 28, 32, 35, 39, 60, 231, 63, 79, 98, 96, 102, 104,
            107, 108, 186, 202, 204, 217, 228, 229, 230, 262,
            267, 269, 439, 273, 334, 318, 332, 131, 219, 19, 99,
            4, 6, 21, 89,
        ),
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        seccomp=277,
        openat=56,
        fcntl=25,
        allowed=(
            63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 67, 66,
            124, 216, 233, 23, 101, 172, 93, 94, 160, 17, 165, 169, 174, 176,
            175, 177, 178, 98, 123, 61, 113, 114, 115, 79,
            78, 48, 439, 99, 293, 278, 291, 132, 128, 65, 179,
        ),
    ),
}  # fmt: skip

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# Access rights to files that each version of Landlock knows of, from the first.
_FILE_RIGHTS = (13, 14, 15, 15, 16)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_EPERM = 1
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | _EPERM
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_X32 = 0x40000000
_TSYNC = 1
_NUMBER, _ARCHITECTURE, _SECOND_ARGUMENT, _THIRD_ARGUMENT = 0, 4, 24, 32
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL and F_DUPFD_CLOEXEC.
_FCNTL_COMMANDS = (0, 1, 2, 3, 1030)


def limit() -> None:
    """Bound memory, processor time and written files of this process, and leave no image of it when it dies."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (value, value))


def confine() -> None:
    """Confine this process for the rest of its life; ``ConfinementError`` if this machine cannot, or not safely.

    It must have no other thread.  Without Landlock no file can be opened at all any more, Python's own included.
    """
    machine = _MACHINES.get(platform.machine()) if sys.platform == "linux" else None
    if machine is None or sys.byteorder != "little":
        raise ConfinementError(f"{sys.platform} on {platform.machine()} is not supported")
    libc = ctypes.CDLL(None, use_errno=True)
    limit()
    # Who looks at the clock is the thread that started this process: without it nobody would.
    _call(libc.prctl, _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _call(libc.prctl, _PR_SET_DUMPABLE, 0, 0, 0, 0)
    _call(libc.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    files = _bound_files(libc)
    _filter_calls(libc, machine, files=files)


def _call(function: ctypes._NamedFuncPointer, *arguments: object) -> int:
    found = int(function(*arguments))
    if found < 0:
        raise ConfinementError(os.strerror(ctypes.get_errno()))
    return found


def _bound_files(libc: ctypes.CDLL) -> bool:
    """Leave only Python's own files, to read; return whether the kernel can."""
    version = int(libc.syscall(_LANDLOCK_CREATE, None, 0, 1))
    if version < 1:
        return False
    files = (1 << _FILE_RIGHTS[min(version, len(_FILE_RIGHTS)) - 1]) - 1
    # Handled rights: to files, to connect and bind TCP sockets, to reach abstract sockets and to send signals.
    handled = struct.pack("=QQQ", files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = _call(libc.syscall, _LANDLOCK_CREATE, handled, size, 0)
    for folder in _own_folders():
        try:
            at = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        allowed = struct.pack("=Qi", _READ_FILE | _READ_DIR, at)
        _call(libc.syscall, _LANDLOCK_ADD, rules, 1, allowed, 0)
        os.close(at)
    _call(libc.syscall, _LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)
    return True


def _own_folders() -> Iterator[Path]:
    """Yield where modules and the libraries that they load are."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    yield from {Path(sysconfig.get_path(name)) for name in names}
    yield from (Path(p) for p in sys.path if Path(p).name in ("site-packages", "dist-packages"))
    yield Path(__file__).parents[1]
    yield from (Path(p) for p in ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo"))


def _filter_calls(libc: ctypes.CDLL, machine: _Machine, *, files: bool) -> None:
    """Let the process call only what computing takes; everything else fails as not permitted."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, machine.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_SET, 0, 1, _X32),
        (_RETURN, 0, 0, _REFUSE),
    ]
    for number in machine.allowed:
        program += [(_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    if files:
        program += [
            (_JUMP_IF_EQUAL, 0, 4, machine.openat),
            (_LOAD, 0, 0, _THIRD_ARGUMENT),
            (_JUMP_IF_SET, 0, 1, writing),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    program += [
        (_JUMP_IF_EQUAL, 0, 1 + 2 * len(_FCNTL_COMMANDS), machine.fcntl),
        (_LOAD, 0, 0, _SECOND_ARGUMENT),
    ]
    for command in _FCNTL_COMMANDS:
        program += [(_JUMP_IF_EQUAL, 0, 1, command), (_RETURN, 0, 0, _ALLOW)]
    program.append((_RETURN, 0, 0, _REFUSE))
    code = ctypes.create_string_buffer(_packed(program))
    header = struct.pack("=HxxxxxxQ", len(program), ctypes.addressof(code))
    _call(libc.syscall, machine.seccomp, 1, _TSYNC, header)


def _packed(program: Sequence[tuple[int, int, int, int]]) -> bytes:
    return b"".join(struct.pack("=HBBI", *step) for step in program)
