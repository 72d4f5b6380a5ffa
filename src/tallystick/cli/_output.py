# SPDX-License-Identifier: Apache-2.0
"""Standard output and error that cannot fail: what is printed never decides an exit code.

A terminal may not know a character, a reader such as ``head`` may leave early, a disk may be full.  While a command
runs, ``sys.stdout`` and ``sys.stderr`` are streams that write what they can; what went wrong is remembered, and the
command group asks for it at the end.
"""

from __future__ import annotations

import codecs
import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, cast

__all__ = ["TolerantStream", "tolerant_streams"]

_ASCII = {"…": "...", "≈": "~", "±": "+-", "✓": "ok", "·": "*", "×": "x", "–": "-", "—": "-"}
"""How the package's own signs are written where an encoding lacks them."""

_ERRORS = "tallystick.ascii"


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_ASCII.get(c) or c.encode("ascii", "backslashreplace").decode() for c in text), error.end


codecs.register_error(_ERRORS, _replace)


class TolerantStream:
    """A text stream in front of another one; writing to it never raises."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        """Why output was lost, or None; a reader that left early wanted no more, so nothing was lost."""
        self._closed = False
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_ERRORS)

    @property
    def encoding(self) -> str:
        """The encoding of the stream behind."""
        return self._stream.encoding

    @property
    def errors(self) -> str | None:
        """How the stream behind treats characters that it cannot encode."""
        return self._stream.errors

    def write(self, text: str) -> int:
        """Write the text, or as much of it as can be written."""
        if not self._closed:
            self._attempt(lambda: self._stream.write(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Write the texts one after the other."""
        self.write("".join(lines))

    def flush(self) -> None:
        """Hand on what is buffered."""
        if not self._closed:
            self._attempt(self._stream.flush)

    def isatty(self) -> bool:
        """Whether the stream behind is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the stream behind."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """Whether text can be written: always."""
        return True

    def readable(self) -> bool:
        """Whether text can be read: never."""
        return False

    def _attempt(self, action: Any) -> None:
        try:
            action()
        except BrokenPipeError:
            self._give_up()
        except OSError as error:
            self.failure = error
            self._give_up()
        except ValueError:  # The stream was closed, by a program that the command ran.
            self.failure = OSError(errno.EBADF, "the stream was closed")
            self._closed = True

    def _give_up(self) -> None:
        """Write nothing more, and let the interpreter flush its buffer into nowhere when it ends."""
        self._closed = True
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextmanager
def tolerant_streams() -> Iterator[TolerantStream]:
    """Put tolerant streams in the place of standard output and error, also of closed ones; yield the former."""
    before = sys.stdout, sys.stderr
    with Path(os.devnull).open("w") as nowhere:
        out, err = (TolerantStream(nowhere if stream is None else stream) for stream in before)
        sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
        try:
            yield out
        finally:
            out.flush()
            err.flush()
            sys.stdout, sys.stderr = before
