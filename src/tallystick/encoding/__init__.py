# SPDX-License-Identifier: Apache-2.0
"""Canonical bytes: strict CBOR, frames, and typed access to what was decoded (``spec/conventions.md``)."""

from __future__ import annotations

from ._cbor import MAX_DEPTH, MAX_VALUES, SequenceItem, Value, decode_next, dumps, iter_sequence, loads
from ._fields import (
    expect_array,
    expect_bool,
    expect_bytes,
    expect_decimal,
    expect_int,
    expect_map,
    expect_text,
)
from ._frame import absorb, frame, i2osp

__all__ = [
    "MAX_DEPTH",
    "MAX_VALUES",
    "SequenceItem",
    "Value",
    "absorb",
    "decode_next",
    "dumps",
    "expect_array",
    "expect_bool",
    "expect_bytes",
    "expect_decimal",
    "expect_int",
    "expect_map",
    "expect_text",
    "frame",
    "i2osp",
    "iter_sequence",
    "loads",
]
