# SPDX-License-Identifier: Apache-2.0
"""Where passphrases come from, and that they are overwritten after use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallystick.cli._passphrase import VARIABLE, passphrase_of
from tallystick.errors import UsageError


@pytest.fixture(autouse=True)
def _no_lasting_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbidding dumps is for the life of a process, which is that of all tests."""
    monkeypatch.setattr("tallystick.cli._passphrase.forbid_dumps", lambda: None)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"correct horse", b"correct horse"),
        (b"correct horse\nbattery\n", b"correct horse"),
        (b"correct horse\r\n", b"correct horse"),
        ("gr\u00fc\u00dfe\n".encode(), "gr\u00fc\u00dfe".encode()),
        (b"x" * 5000, b"x" * 4096),
    ],
)
def test_the_first_line_of_a_file_is_the_passphrase_until_it_is_wiped(
    tmp_path: Path, content: bytes, secret: bytes
) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes(content)
    with passphrase_of("north", file) as found:
        assert found == secret
    assert found == bytes(len(secret))


def test_the_variable_is_the_passphrase_if_no_file_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "battery")
    with passphrase_of("north", None) as found:
        assert found == b"battery"
    assert found == bytes(7)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"\nsecond", "is empty"), (b"\xff\n", "is not UTF-8 text"), (None, "cannot read")],
)
def test_a_file_without_a_passphrase_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "passphrase"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=message), passphrase_of("north", file):
        pass
