# SPDX-License-Identifier: Apache-2.0
"""Statements by which an old key names its successor."""

from __future__ import annotations

import hashlib

import pytest

from tallystick import encoding
from tallystick.errors import DecodeError, UsageError, VerificationError
from tallystick.record import sign
from tallystick.session import check_rotation, make_rotation, new_identity

OLD, NEW, OTHER = (new_identity("north") for _ in range(3))
MEMBER = OLD.member("127.0.0.1:7450")
STATEMENT = make_rotation(OLD, NEW)


def changed(**fields: object) -> bytes:
    content = encoding.loads(STATEMENT, max_size=1 << 16)
    assert isinstance(content, dict)
    return encoding.dumps({**content, **fields})


def test_the_old_key_vouches_for_the_new_certificate() -> None:
    successor = check_rotation(STATEMENT, MEMBER)
    assert successor == NEW.member("127.0.0.1:7450")


def test_another_new_certificate_is_refused() -> None:
    with pytest.raises(VerificationError) as caught:
        check_rotation(changed(new=OTHER.certificate), MEMBER)
    assert caught.value.check == "rotation-signature"


def test_a_statement_signed_by_another_key_is_refused() -> None:
    forged = encoding.loads(make_rotation(OTHER, NEW), max_size=1 << 16)
    assert isinstance(forged, dict)
    with pytest.raises(VerificationError, match="the rotation signature is not north's"):
        check_rotation(changed(signature=forged["signature"]), MEMBER)


def test_a_statement_about_another_certificate_is_refused() -> None:
    with pytest.raises(UsageError, match="does not replace north's certificate"):
        check_rotation(make_rotation(OTHER, NEW), MEMBER)


def test_a_successor_that_is_no_certificate_is_refused() -> None:
    with pytest.raises(UsageError, match=r"not an X.509 certificate"):
        digest = hashlib.sha256(encoding.dumps([OLD.certificate, b"x"])).digest()
        check_rotation(changed(new=b"x", signature=sign(OLD.key, "rotation", digest)), MEMBER)


@pytest.mark.parametrize(
    "statement", [b"", STATEMENT[:-1], STATEMENT + b"\0", changed(format="tallystick/rotation/2")]
)
def test_malformed_statements(statement: bytes) -> None:
    with pytest.raises(DecodeError, match="rotation"):
        check_rotation(statement, MEMBER)


def test_an_identity_keeps_its_name() -> None:
    with pytest.raises(UsageError, match="south cannot replace north"):
        make_rotation(OLD, new_identity("south"))
