# SPDX-License-Identifier: Apache-2.0
"""TOML files that people write, or that somebody sent: read within limits, or refused with the entry named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallystick.errors import UsageError
from tallystick.record.toml import integer, read_toml, text


def test_text_has_a_least_and_a_greatest_length() -> None:
    assert text("a", "name") == "a"
    assert text("a" * 200, "name") == "a" * 200
    assert text("a" * 4096, "program", max_length=4096) == "a" * 4096
    for wrong in ("", "a" * 201, "a\x1b", 3, None):
        with pytest.raises(UsageError, match=r"^name: "):
            text(wrong, "name")


def test_integers_have_ends() -> None:
    assert [integer(v, "n", low=2, high=5) for v in (2, 5)] == [2, 5]
    for wrong in (1, 6, True, "3", None):
        with pytest.raises(UsageError, match=r"^n: "):
            integer(wrong, "n", low=2, high=5)


@pytest.mark.parametrize(
    "content",
    [
        b"a = \xff",
        b"a = ",
        b"a = 1" + b"0" * 5000,
        b"a = 1e" + b"9" * 5000,
        b"a = " + b"[" * 100_000,
        b"#" * (1 << 20) + b"#",
    ],
    ids=["not UTF-8", "cut off", "a long integer", "a long exponent", "deep", "long"],
)
def test_what_is_not_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "job.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"job\.toml"):
        read_toml(file, "job file")


def test_a_file_may_have_a_mebibyte(tmp_path: Path) -> None:
    file = tmp_path / "job.toml"
    file.write_bytes(b"#" * (1 << 20))
    assert read_toml(file, "job file") == {}
