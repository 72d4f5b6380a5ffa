# SPDX-License-Identifier: Apache-2.0
"""The strict CBOR profile: what is accepted is exactly what the encoder produces."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.encoding import MAX_DEPTH, dumps, frame, i2osp, iter_sequence, loads
from tallystick.errors import DecodeError

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=300)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
)
VALUES = st.recursive(
    SCALARS,
    lambda children: (
        st.lists(children, max_size=30) | st.dictionaries(st.text(max_size=30), children, max_size=8)
    ),
    max_leaves=40,
)


@given(VALUES)
def test_round_trip(value: object) -> None:
    data = dumps(value)
    assert loads(data, max_size=len(data)) == value
    assert cbor2.loads(data) == value


@settings(max_examples=400)
@given(st.binary(max_size=24))
def test_only_the_encoders_own_bytes_are_accepted(data: bytes) -> None:
    try:
        value = loads(data, max_size=64)
    except DecodeError as error:
        assert error.offset is not None and 0 <= error.offset <= len(data)
    else:
        assert dumps(value) == data


@given(VALUES, st.data())
def test_a_changed_byte_is_refused_or_another_value(value: object, data: st.DataObject) -> None:
    raw = bytearray(dumps(value))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        other = loads(raw, max_size=len(raw))
    except DecodeError:
        return
    assert dumps(other) == bytes(raw)


@given(VALUES)
def test_every_truncation_is_refused(value: object) -> None:
    raw = dumps(value)
    for end in range(len(raw)):
        with pytest.raises(DecodeError, match="truncated"):
            loads(raw[:end], max_size=len(raw))


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        ("", "truncated", 0),
        ("0000", "1 trailing bytes", 1),
        ("1800", "shorter form", 0),
        ("1817", "shorter form", 0),
        ("1900ff", "shorter form", 0),
        ("1a0000ffff", "shorter form", 0),
        ("1b00000000ffffffff", "shorter form", 0),
        ("3817", "shorter form", 0),
        ("5800", "shorter form", 0),
        ("5bffffffffffffffff00", "is cut off", 0),
        ("9b00000100000000000000", "is cut off", 0),
        ("bbffffffffffffffff", "is cut off", 0),
        ("820018ff18", "trailing", 4),
        ("8200", "truncated", 0),
        ("5f4100ff", "indefinite", 0),
        ("9fff", "indefinite", 0),
        ("bfff", "indefinite", 0),
        ("c001", "tags", 0),
        ("c24101", "tags", 0),
        ("81d81c00", "tags", 1),
        ("f97e00", "floats", 0),
        ("fa00000000", "floats", 0),
        ("fb0000000000000000", "floats", 0),
        ("f7", "0xf7", 0),
        ("f818", "0xf8", 0),
        ("ff", "0xff", 0),
        ("1c", "0x1c", 0),
        ("61ff", "UTF-8", 1),
        ("a10000", "keys are text", 1),
        ("a2616200616100", "out of order", 4),
        ("a2616100616100", "twice", 4),
        ("a262616100616200", "out of order", 5),
    ],
)
def test_faults_have_a_reason_and_an_offset(data: str, message: str, offset: int) -> None:
    with pytest.raises(DecodeError, match=message) as caught:
        loads(bytes.fromhex(data), max_size=100)
    assert caught.value.offset == offset


def test_limits() -> None:
    nested = dumps([[0] * 10])
    assert loads(nested, max_size=len(nested), max_values=12) == [[0] * 10]
    with pytest.raises(DecodeError, match="more values"):
        loads(nested, max_size=len(nested), max_values=11)
    with pytest.raises(DecodeError, match="at most"):
        loads(nested, max_size=len(nested) - 1)
    deep = b"\x81" * MAX_DEPTH + b"\x00"
    loads(deep, max_size=100)
    with pytest.raises(DecodeError, match="nested deeper"):
        loads(b"\x81" + deep, max_size=100)
    with pytest.raises(DecodeError, match="nested deeper"):
        loads(b"\x81" * 100_000, max_size=100_000)


@pytest.mark.parametrize("value", [1.0, {1: 2}, {b"a": 2}, object(), {1, 2}, bytearray(b"x")])
def test_the_encoder_refuses_other_types(value: object) -> None:
    with pytest.raises(TypeError):
        dumps(value)


@pytest.mark.parametrize("value", [2**64, -(2**64) - 1])
def test_the_encoder_refuses_wide_integers(value: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        dumps(value)


def test_the_encoder_refuses_what_the_decoder_would() -> None:
    value: list[object] = []
    for _ in range(MAX_DEPTH):
        value = [value]
    with pytest.raises(ValueError, match="nested deeper"):
        dumps(value)


def test_sequence() -> None:
    parts = [dumps(v) for v in ([1, b"x"], {"a": None}, 7)]
    data = b"".join(parts)
    items = list(iter_sequence(data, max_size=100))
    assert [data[i.start : i.end] for i in items] == parts
    assert [i.value for i in items] == [[1, b"x"], {"a": None}, 7]
    assert list(iter_sequence(b"", max_size=0)) == []
    with pytest.raises(DecodeError, match=r"sequence, item 2: truncated.*at byte 4"):
        list(iter_sequence(data[:5], max_size=100))
    with pytest.raises(DecodeError, match=r"item 1: item larger than allowed"):
        list(iter_sequence(data, max_size=100, max_item_size=3))


def test_frames() -> None:
    assert i2osp(258, 4) == b"\x00\x00\x01\x02"
    assert frame(b"abc") == b"\x00" * 7 + b"\x03abc"
    assert frame(memoryview(b"")) == b"\x00" * 8
    with pytest.raises(OverflowError):
        i2osp(256, 1)
