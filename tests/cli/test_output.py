# SPDX-License-Identifier: Apache-2.0
"""Streams that cannot fail: whatever a command prints, its exit code is its own."""

from __future__ import annotations

import errno
import io
import sys

import pytest

from tallystick.cli._output import TolerantStream, tolerant_streams


class _Broken(io.TextIOWrapper):
    """A stream that fails as it is told to."""

    def __init__(self, error: Exception) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


def _encoded(text: str, encoding: str) -> str:
    raw = io.BytesIO()
    stream = TolerantStream(io.TextIOWrapper(raw, encoding=encoding))
    stream.write(text)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_signs_of_the_package_have_a_plain_form() -> None:
    assert _encoded("≈0.5 ±3 … ✓", "ascii") == "~0.5 +-3 ... ok"
    assert _encoded("≈0.5 ±3", "latin-1") == "~0.5 ±3"
    assert _encoded("größe 日 \udcff", "ascii") == "gr\\xf6\\xdfe \\u65e5 \\udcff"
    assert _encoded("größe 日", "utf-8") == "größe 日"
    assert _encoded("\udcff", "utf-8") == "\\udcff"


def test_a_reader_that_left_is_no_failure_and_a_full_disk_is_one() -> None:
    stream = TolerantStream(_Broken(BrokenPipeError()))
    assert stream.write("text") == 4
    stream.flush()
    assert stream.failure is None
    stream = TolerantStream(_Broken(OSError(errno.ENOSPC, "No space left on device")))
    stream.write("text")
    stream.write("more")
    assert stream.failure is not None and stream.failure.errno == errno.ENOSPC


def test_a_stream_that_somebody_closed_is_a_failure() -> None:
    inner = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    stream = TolerantStream(inner)
    inner.close()
    stream.write("text")
    stream.flush()
    assert stream.failure is not None


def test_streams_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sys.stdout, sys.stderr
    with pytest.raises(RuntimeError), tolerant_streams() as out:
        assert sys.stdout is out
        raise RuntimeError
    assert (sys.stdout, sys.stderr) == before
    monkeypatch.setattr(sys, "stdout", None)
    with tolerant_streams() as out:
        print("into nowhere")
        assert out.failure is None
    assert sys.stdout is None
