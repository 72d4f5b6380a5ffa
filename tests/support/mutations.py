# SPDX-License-Identifier: Apache-2.0
"""Changes that no transcript survives, for any transcript: single bytes, truncations, items moved about."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tallystick.encoding import Value
from tallystick.record import read_transcript


def count(default: int) -> int:
    """How many random changes to make: ``TALLYSTICK_MUTATIONS``, or the default of a quick suite."""
    return int(os.environ.get("TALLYSTICK_MUTATIONS", default))


def subject(data: bytes) -> bytes:
    """The transcript to change: the file that ``TALLYSTICK_TRANSCRIPT`` names, or the one given."""
    path = os.environ.get("TALLYSTICK_TRANSCRIPT")
    return Path(path).read_bytes() if path else data


def byte_changes(data: bytes, count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield ``count`` copies with one byte changed at a random place, each with a description."""
    rng = random.Random(seed)
    for _ in range(count):
        at, change = rng.randrange(len(data)), rng.randrange(1, 256)
        changed = bytearray(data)
        changed[at] ^= change
        yield f"byte {at} xor 0x{change:02x}", bytes(changed)


def truncations(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the file cut at every item's boundary and inside every item."""
    for link in read_transcript(data).links:
        inside = {link.start + 1, (link.start + link.end) // 2, link.end - 1}
        for end in sorted({link.start} | inside):
            yield f"first {end} bytes", data[:end]


def rearrangements(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the file with items dropped, doubled and swapped, and with bytes behind the end."""
    links = read_transcript(data).links
    items = [data[link.start : link.end] for link in links]
    for i, link in enumerate(links):
        yield f"without {link.name}", b"".join(items[:i] + items[i + 1 :])
        yield f"{link.name} twice", b"".join(items[: i + 1] + items[i:])
        for j in range(i):
            swapped = list(items)
            swapped[i], swapped[j] = swapped[j], swapped[i]
            yield f"{link.name} and {links[j].name} swapped", b"".join(swapped)
    for tail in (b"\x00", b"\xf6", items[-1], data):
        yield f"{len(tail)} bytes behind the end", data + tail


def lengthened_integers(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the file with the head of each item's hash in a longer, non-canonical form."""
    for link in read_transcript(data).links:
        at = data.index(b"\x58\x20" + link.previous, link.start)
        yield f"{link.name}: long head", data[:at] + b"\x59\x00\x20" + data[at + 2 :]


def boundaries(data: bytes) -> list[tuple[int, int]]:
    """Return where each item begins and ends."""
    ends = [0] + [link.end for link in read_transcript(data).links]
    return list(pairwise(ends))


def changed_value(value: Value, rng: random.Random) -> Value:
    """Return a copy of a decoded structure with one part of it, at any depth, replaced, dropped or doubled."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        return {**value, key: changed_value(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        k = rng.randrange(len(value))
        how = rng.random()
        if how < 0.1:
            return value[:k] + value[k + 1 :]
        if how < 0.2:
            return value[: k + 1] + value[k:]
        return [*value[:k], changed_value(value[k], rng), *value[k + 1 :]]
    return _other_value(value, rng)


def _other_value(value: Value, rng: random.Random) -> Value:
    options: list[Value] = [None, True, 0, -1, 1 << 62, "", "x", "-7", b"", bytes(48), [], {}, [0] * 5]
    if isinstance(value, int):
        options += [value + 1, value - 1, value << 20] * 5
    if isinstance(value, str):
        options += [value + "0", value[1:], "-" + value] * 5
    if isinstance(value, bytes) and value:
        options += [value[:-1], value + b"\0", bytes(len(value)), value[::-1]] * 5
    return rng.choice([o for o in options if type(o) is not type(value) or o != value])
