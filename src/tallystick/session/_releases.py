# SPDX-License-Identifier: Apache-2.0
"""The ledger of noisy releases: every sample of noise that somebody may have seen, kept beside a member's store.

Noise protects a person as far as few samples of it are seen.  Whoever stops a run after the first share of a noisy
output has seen one, and the next run draws another; so a run counts from the moment at which its outputs may be
opened, whatever becomes of it.  Normative text: ``spec/session.md``, "Noisy releases".
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from math import fsum, inf
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from ..disclosure import noise_of, upwards
from ..encoding import dumps
from ..errors import PolicyError, UsageError, explaining
from ..plan import Plan
from ._job import Job

__all__ = ["Ledger", "Samples", "State", "check_budget", "job_key", "remark", "spent_by"]

State: TypeAlias = Literal["started", "released"]

_MAX_FILE: Final = 1 << 26


@dataclass(frozen=True, slots=True)
class Samples:
    """How many runs of noisy results released them, how many only started to, and the epsilon of both together."""

    released: int
    started: int
    epsilon: float

    def text(self) -> str:
        """Return it in words."""
        return f"{self.released} released, {self.started} started and not completed, epsilon {_shown(self.epsilon)}"


class Ledger:
    """A file of one JSON object a line, appended to and synchronised before anything that it counts can happen."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def samples(self, key: str | None = None) -> Samples:
        """Return what the runs of a job, or all runs, have drawn; ``UsageError`` if the file is damaged."""
        runs: dict[str, tuple[set[str], float]] = {}
        for line in self._lines():
            if key in (None, line["job"]):
                states, _ = runs.setdefault(line["session"], (set(), line["epsilon"]))
                states.add(line["state"])
        released = sum("released" in states for states, _ in runs.values())
        return Samples(released, len(runs) - released, fsum(epsilon for _, epsilon in runs.values()))

    def note(
        self, key: str, session: bytes, epsilon: float, state: State, *, limit: float | None = None
    ) -> None:
        """Append a line; once this returns it is on disk. ``UsageError`` if it cannot be.

        With a limit, ``PolicyError`` unless all that the file counts and this keep to it: runs with other members have
        other stores, so that several may be under way at once, each of which was within the limit when it began.
        """
        line = {
            "job": key,
            "session": session.hex(),
            "epsilon": None if epsilon == inf else epsilon,
            "state": state,
        }
        with explaining(f"{self._path}: the ledger of noisy releases cannot be written"):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)  # Until the file is closed.
                check_budget(self, epsilon, limit)
                size = os.fstat(handle).st_size
                if size == 0:
                    _synchronise(self._path.parent)  # A new file's name is not on disk when its contents are.
                # A line that a crash cut short counted nothing yet, and must not swallow this one.
                whole = size == 0 or os.pread(handle, 1, size - 1) == b"\n"
                data = (b"" if whole else b"\n") + json.dumps(line).encode("ascii") + b"\n"
                if os.write(handle, data) != len(data):
                    raise OSError(None, "the disk is full")
                os.fsync(handle)
            finally:
                os.close(handle)

    def _lines(self) -> Iterable[dict[str, Any]]:
        try:
            with self._path.open("rb") as file:
                raw = file.read(_MAX_FILE + 1)
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(
                f"{self._path}: the ledger of noisy releases cannot be read: {error.strerror}"
            ) from error
        lines = raw.split(b"\n")
        for number, line in enumerate(lines, 1):
            if not line:
                continue
            try:
                found = json.loads(line)
                epsilon = inf if found["epsilon"] is None else float(found["epsilon"])
                if found["state"] not in ("started", "released") or not epsilon >= 0 or len(raw) > _MAX_FILE:
                    raise ValueError(number)
                yield {**{k: str(found[k]) for k in ("job", "session", "state")}, "epsilon": epsilon}
            except (ValueError, TypeError, KeyError) as error:
                if number == len(lines) or _cut_short(line):
                    continue
                raise UsageError(
                    f"{self._path}: line {number} is none of the ledger of noisy releases",
                    hint="mend the line; without the ledger nothing says how much noise was drawn",
                ) from error


def job_key(job: Job) -> str:
    """Return what makes two runs samples of one job: its program, its members, and the names of its columns."""
    identity = [job.program, [m.fingerprint for m in job.consortium.members], list(job.columns)]
    return sha256(dumps(identity)).hexdigest()


def spent_by(plan: Plan) -> float | None:
    """Return the epsilon that a run of the plan spends: None without noise, infinite where no bound is known.

    No bound is known of coins that protect nothing as they are used: the next run's draw may undo them.
    """
    noise = noise_of(plan)
    if not noise.budgets and not noise.void:
        return None
    spent = [inf if budget.epsilon is None else budget.epsilon for budget in noise.budgets]
    return fsum([*spent, *(inf for _ in noise.void)])


def check_budget(ledger: Ledger, epsilon: float, limit: float | None) -> None:
    """Raise ``PolicyError`` unless all that the ledger counts and one more run stay within the node's limit."""
    if limit is None:
        return
    before = ledger.samples().epsilon
    if fsum([before, epsilon]) > limit:
        raise PolicyError(
            f"this node's own policy allows epsilon {_shown(limit)} in all; this run would spend {_shown(epsilon)} "
            f"after {_shown(before)}",
            hint="a run that stopped while its results may have been seen counts like one that ended",
        )


def remark(ledger: Ledger, key: str, epsilon: float) -> str:
    """Say what a run would spend, and what was drawn before."""
    return (
        f"noise: this run spends epsilon {_shown(epsilon)}; earlier samples of this job: {ledger.samples(key).text()}; "
        f"of all jobs: {ledger.samples().text()}"
    )


def _synchronise(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cut_short(line: bytes) -> bool:
    """Whether a line is the beginning of one that a crash did not let be completed."""
    return line.startswith(b'{"job": "') and not line.endswith(b"}")


def _shown(epsilon: float) -> str:
    return "without bound" if epsilon == inf else upwards(epsilon)
