# SPDX-License-Identifier: Apache-2.0
"""How much an auditor spends on a file (``spec/file.md``, "What a file can cost")."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OPERATIONS_PER_SECOND", "Limits"]

OPERATIONS_PER_SECOND = {"native": 40_000_000, "pure": 1_000_000}
"""How many operations of the bounds a backend does in a second, at least, on a processor of the last ten years."""

_BYTES_A_MEGABYTE = 1_000_000_000
_OPERATIONS_A_MEGABYTE = 400_000_000
_MOST_MEGABYTES = 4
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most memory in bytes and seconds that a file may cost; None for the defaults, which grow with the file."""

    memory: int | None = None
    seconds: float | None = None

    def bytes_for(self, file_bytes: int) -> int:
        """Return how many bytes a file of this size may cost: 1 GB for every MB, at least one and at most four."""
        if self.memory is not None:
            return self.memory
        return _BYTES_A_MEGABYTE * _megabytes(file_bytes)

    def operations_for(self, file_bytes: int, backend: str) -> int:
        """Return how many operations a file of this size may cost: 4*10^8 for every MB, alike."""
        if self.seconds is not None:
            return int(self.seconds * OPERATIONS_PER_SECOND[backend])
        return _OPERATIONS_A_MEGABYTE * _megabytes(file_bytes)


def _megabytes(file_bytes: int) -> int:
    return min(max(-(-file_bytes // _MEGABYTE), 1), _MOST_MEGABYTES)
