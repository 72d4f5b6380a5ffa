"""Changes that no transcript survives, for any transcript: single bytes, truncations, items moved about."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

from tallystick.record import read_transcript


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
