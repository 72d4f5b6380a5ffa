"""A program given as ``FILE`` or ``FILE:FUNCTION``, traced again with what the members agreed on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from ..encoding import Value, dumps, expect_array, expect_text, loads
from ..errors import DecodeError, UnfinishedError, UsageError, VerificationError
from ..record import MAX_FILE_SIZE, Terms

__all__ = ["ProgramSource", "Source"]

_TRACING_SECONDS = 60.0
"""How long a program may take to be traced, unless the auditor says otherwise."""

_CHILD = "tallystick.audit._tracer"
_MOST_REPLY = MAX_FILE_SIZE


class Source(Protocol):
    """Where the plan that a program traces to comes from."""

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        """Return the bytes of the program's plan for these members, rows and columns.

        Raises ``UsageError`` if there is no such program, ``VerificationError`` (check ``program``) if it does not
        trace with what the terms say, ``UnfinishedError`` if it ends or hangs instead.
        """
        ...


@dataclass(frozen=True, slots=True)
class ProgramSource:
    """Where a program's source is; ``function`` chooses one where the file defines several.

    Tracing runs the file: it is code that the auditor trusts, such as a published copy it has read.  It runs in a
    process of its own, so that a program that ends, hangs, prints or takes all memory is not taken for a verdict.
    """

    path: Path
    function: str | None = None

    @classmethod
    def parse(cls, text: str) -> ProgramSource:
        """Read ``FILE`` or ``FILE:FUNCTION``."""
        path, colon, function = text.rpartition(":")
        if colon and function.isidentifier():
            return cls(Path(path), function)
        return cls(Path(text))

    def __str__(self) -> str:
        return f"{self.path}:{self.function}" if self.function else str(self.path)

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        """See ``Source``."""
        if not self.path.is_file():
            raise UsageError(f"there is no program file {self.path}")
        request: dict[str, Value] = {
            "path": os.fspath(self.path.resolve()),
            "function": self.function,
            "members": [[m.name, t.to_body()] for m, t in zip(terms.members, terms.tables, strict=True)],
        }
        kind, reply = _answer(dumps(request), str(self), seconds or _TRACING_SECONDS)
        if kind == "plan" and isinstance(reply, bytes):
            return reply
        message, hint = (expect_text(v, "reply") for v in expect_array(reply, "reply", length=2))
        if kind == "usage":
            raise UsageError(message, hint=hint or None)
        if kind == "unfinished":
            raise UnfinishedError(message, check="program", hint=hint or None)
        raise VerificationError(
            f"the program does not trace with the members, rows and columns of this file: {message}",
            check="program",
            hint=hint or None,
        )


def _answer(request: bytes, name: str, seconds: float) -> tuple[str, Value]:
    """Have a child trace, and return what it answers on a descriptor of its own: what the program prints is noise."""
    read, write = os.pipe()
    with os.fdopen(read, "rb") as replies:
        try:
            # Only the directories that this process imports from, in front of which -P puts nothing.
            child = subprocess.Popen(
                [sys.executable, "-P", "-m", _CHILD, str(write)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[write],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            )
        finally:
            os.close(write)
        with child:
            try:
                return _read_answer(child, request, replies, name, seconds)
            finally:
                child.kill()


def _read_answer(
    child: subprocess.Popen[bytes], request: bytes, replies: BinaryIO, name: str, seconds: float
) -> tuple[str, Value]:
    found: list[bytes] = []
    reader = threading.Thread(target=lambda: found.append(replies.read(_MOST_REPLY)), daemon=True)
    reader.start()
    assert child.stdin is not None
    with suppress(BrokenPipeError):
        child.stdin.write(request)
        child.stdin.close()
    reader.join(seconds)
    if reader.is_alive():
        child.kill()
        reader.join()
        raise UnfinishedError(
            f"{name} was not traced within {seconds:g} s", check="program", hint="--max-seconds allows more"
        )
    try:
        kind, reply = expect_array(
            loads(b"".join(found), max_size=_MOST_REPLY, what="reply"), "reply", length=2
        )
        return expect_text(kind, "reply"), reply
    except DecodeError as error:
        raise UnfinishedError(
            f"{name} ended the process instead of being traced",
            check="program",
            hint="keep what is not the program out of its file",
        ) from error
