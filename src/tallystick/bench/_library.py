# SPDX-License-Identifier: Apache-2.0
"""What the functions of ``ts.*`` cost: each in a run of its own between processes, beside what was estimated.

``LIBRARY`` is the one table of what is measured; a case is a line of a program.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median

from ..cost import PHASES, Estimate, estimate
from ..disclosure import budgets
from ..errors import ProtocolAbort
from ..plan import ResultValue, simulate
from ._consortium import Folder, consortium_folder
from ._jobs import Filled, JobFolder, Ran, Table, write_job
from ._measure import summary
from ._result import Result
from ._run import Told

__all__ = [
    "COUNTED",
    "LIBRARY",
    "SECONDS",
    "LibraryCase",
    "Measured",
    "measure_case",
    "run_library",
    "seconds_name",
    "warm_up",
]

_N = 1_000
_RUNS = 3
_PATIENCE = 10.0
"""Runs are repeated as long as all of them take no longer than this, in seconds."""

_CATEGORIES = 10
_COLUMNS: Mapping[str, tuple[int, int]] = {
    "x": (0, (1 << 32) - 1),
    "y": (1, (1 << 32) - 1),
    "z": (0, (1 << 32) - 1),
    "category": (0, _CATEGORIES - 1),
    "identifier": (0, (1 << 32) - 1),
    "amount": (0, (1 << 16) - 1),
}

_HEAD = '''
import tallystick as ts


def shown(value):
    """Reveal the sum of a secret's entries, and of every secret in a collection."""
    if isinstance(value, ts.Secret):
        return ts.reveal(value.sum() if value.ndim else value)
    if isinstance(value, dict):
        return {str(name): shown(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(part) for part in value]
    return value


@ts.program
def measured(table: ts.Members[ts.Table]):
'''
_ALL_ROWS = _HEAD + (
    '    x, y, z, category = (ts.concat(t[name] for t in table) for name in ("x", "y", "z", "category"))\n'
    "    edges = [k * 400_000_000 for k in range(11)]\n"
    "    return shown({expression})\n"
)
_BY_MEMBER = _HEAD + (
    '    identifiers = [t["identifier"] for t in table]\n'
    '    amount = list(table)[-1]["amount"]\n'
    "    return shown({expression})\n"
)

COUNTED = (
    *("gates", "rounds", "triples", "random_bits", "random_elements", "masks"),
    *("prepare_bytes", "bytes_sent", "transcript_bytes"),
)
"""What is counted, estimated and compared: for a member, the bytes to all others together."""

SECONDS = (
    *("set_up_seconds", "prepare_seconds", "commit_seconds", "online_seconds", "proof_seconds"),
    *("run_seconds", "audit_seconds"),
)
"""What is timed; ``run_seconds`` are those of commitment, computation and proof together."""

_RUN_PHASES = ("commitment", "computation", "proof")


@dataclass(frozen=True, slots=True)
class LibraryCase:
    """An expression of a program over the columns of all members together, of ``sizes`` rows in all.

    The columns x, y, z hold values of 32 bits (y no zeros) and ``category`` numbers below 10.  Where ``by_member``
    every member has that many rows, and the expression sees the list ``identifiers`` of all members' columns, and the
    last member's ``amount``.
    """

    name: str
    expression: str
    sizes: tuple[int, ...] = (_N,)
    by_member: bool = False

    @property
    def quick(self) -> int:
        """The size of a smoke test."""
        return 4 if self.by_member else 12

    def program(self) -> str:
        """Return the source of the whole program."""
        return (_BY_MEMBER if self.by_member else _ALL_ROWS).replace("{expression}", self.expression)

    def tables(self, n: int, members: int) -> list[Table]:
        """Return every member's columns: of its own rows, the same in every call."""
        drawn = random.Random(f"{self.name} {n} {members}")
        if not self.by_member:
            counts = [n * (k + 1) // members - n * k // members for k in range(members)]
            names = ("x", "y", "z", "category")
            return [{name: _uniform(drawn, name, count) for name in names} for count in counts]
        # Half of each member's identifiers are those that everybody has.
        shared = n // 2
        distinct = drawn.sample(range(1 << 32), shared + members * (n - shared))
        tables: list[Table] = []
        for k in range(members):
            own = distinct[:shared] + distinct[shared + k * (n - shared) : shared + (k + 1) * (n - shared)]
            drawn.shuffle(own)
            tables.append({"identifier": own, "amount": _uniform(drawn, "amount", n)})
        return tables


def _uniform(drawn: random.Random, name: str, n: int) -> list[int]:
    low, high = _COLUMNS[name]
    return [drawn.randint(low, high) for _ in range(n)]


def _case(name: str, expression: str, *sizes: int, by_member: bool = False) -> LibraryCase:
    return LibraryCase(name, expression, sizes or (_N,), by_member)


LIBRARY: tuple[LibraryCase, ...] = (
    _case("sum", "x.sum()"),
    _case("product", "x * y"),
    _case("less_public", "x < 1 << 31"),
    _case("less", "x < y", 1_000, 10_000),
    _case("equal_public", "x == 123_456_789"),
    _case("equal", "x == y"),
    _case("where", "ts.where(x < y, x, z)"),
    _case("minimum", "ts.minimum(x, y)"),
    _case("clip", "ts.clip(x, 1_000, 1 << 30)"),
    _case("abs", "ts.abs(x - y)"),
    _case("isin", "ts.isin(category, [1, 3, 7])"),
    _case("divide_public", "x // 1_000"),
    _case("divide", "x // y"),
    _case("sqrt", "ts.sqrt(x, places=2)"),
    _case("max", "ts.max(x)"),
    _case("sort", "ts.sort(x)"),
    _case("argsort", "ts.argsort(x)"),
    _case("rank", "ts.rank(x)"),
    _case("rank_average", "ts.rank(x, method='average')"),
    _case("top_k", "ts.top_k(x, 10)"),
    _case("median", "ts.median(x)"),
    _case("quantile_lower", "ts.percentile(x, 25, method='lower')"),
    _case("mean", "ts.mean(x)"),
    _case("variance", "ts.variance(x)"),
    _case("covariance", "ts.covariance(x, y)"),
    _case("slope", "ts.slope(x, y)"),
    _case("std", "ts.std(x, places=2)"),
    _case("group_count", "ts.group_by(category, range(10)).count()"),
    _case("cumsum", "ts.cumsum(x)"),
    _case("argmax", "ts.argmax(x)"),
    _case("mean_secret", "ts.mean(x, decimals=2)"),
    _case("std_secret", "ts.std(x, decimals=2)"),
    _case("correlation", "ts.correlation(x, y, places=4)"),
    _case("correlation_secret", "ts.correlation(x, y, decimals=4, otherwise=0)"),
    _case("spearman", "ts.spearman(x, y, places=4)"),
    _case("weighted_mean", "ts.weighted_mean(x, y)"),
    _case("t_statistic", "ts.t_statistic(x, y, places=4)"),
    _case("ols", "ts.ols([x, y], z).coefficients"),
    _case(
        "logistic_regression",
        "ts.logistic_regression([x, y], z < 1 << 31, iterations=8, decimals=12).coefficients",
    ),
    _case("histogram", "ts.histogram(x, edges)"),
    _case("group_by", "[ts.group_by(category, range(10)).count(), ts.group_by(category, range(10)).sum(x)]"),
    _case("zscores", "ts.zscores(x, decimals=2)"),
    _case("outliers", "ts.outliers(x, 1)"),
    _case("second_price", "ts.second_price(x).price"),
    _case("count_above", "ts.count_above(x, y)"),
    _case("score", "ts.score([x > 1 << 31, y > 1 << 31, z > 1 << 30], 2).count()"),
    _case("suppress", "ts.suppress(x.sum(), (x < 1 << 31).sum(), 10).value"),
    _case("round_to", "ts.round_to(x.sum(), 1_000)"),
    _case("add_noise", "ts.add_noise((x < 1 << 31).sum(), sensitivity=1, epsilon=1.0)"),
    _case("join_size", "ts.join.intersection_size(*identifiers)", 1_000, 10_000, by_member=True),
    _case(
        "join_size_and_sum",
        "{'size': ts.join.intersection_size(*identifiers),"
        " 'sum': ts.join.intersection_sum(*identifiers, values=amount)}",
        1_000,
        10_000,
        by_member=True,
    ),
)


def run_library(
    backends: Sequence[str],
    *,
    members: int = 2,
    cases: Sequence[str] = (),
    quick: bool = False,
    told: Told = lambda text: None,
) -> Iterator[Result]:
    """Measure the named cases, or all: each on empty stores, which are filled before the run with what it takes.

    Set-up is part of each case.  A quick run takes the insecure small ring.  The results are compared with what plain
    Python computes.
    """
    chosen = [case for case in LIBRARY if not cases or case.name in cases]
    for backend in backends:
        with ExitStack() as stack:
            folder = stack.enter_context(consortium_folder(members))
            if not quick and backend == "native":
                told(f"warm-up {backend}")
                warm_up(folder, backend)
            for case in chosen:
                for n in (case.quick,) if quick else case.sizes:
                    told(f"{case.name} {n:,} {backend}")
                    yield measure_case(folder, case, n, backend, quick=quick).result


def warm_up(folder: Folder, backend: str) -> None:
    """Make ten thousand comparisons, and forget how long they took.

    After a pause processes wait for memory, which a virtual machine may have to ask its host for page by page: keys
    then take half as long again.
    """
    (case,) = (case for case in LIBRARY if case.name == "less")
    measure_case(folder, replace(case, name="warm-up"), 10 * _N, backend)


def _agree(found: Sequence[ResultValue], expected: Sequence[ResultValue], noise: int) -> bool:
    """Return whether results are equal, or with noise as near to each other as it can leave them."""
    if not noise:
        return found == expected
    pairs = [
        pair for a, b in zip(found, expected, strict=True) for pair in zip(a.values, b.values, strict=True)
    ]
    return all(a is not None and b is not None and abs(a - b) <= noise for a, b in pairs)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a case took, beside the estimate of its plan."""

    result: Result
    estimate: Estimate


def measure_case(folder: Folder, case: LibraryCase, n: int, backend: str, *, quick: bool = False) -> Measured:
    """Fill empty stores, run, audit, and compare the results with those of plain Python."""
    tables = case.tables(n, len(folder.names))
    names = tuple(tables[0])
    job = write_job(
        folder,
        case.program(),
        {name: _COLUMNS[name] for name in names},
        tables,
        function="measured",
        backend=backend,
        store=f"{case.name}-{n}-{backend}",
        small_ring=quick,
    )
    inputs = {
        member.name: {node.name: tables[k][node.name] for node in job.plan.inputs_of(k)}
        for k, member in enumerate(job.plan.members)
    }
    expected = simulate(job.plan, inputs).results
    # Each of two sums of fair coins is off by half of them at most.
    noise = sum(budget.coins for budget in budgets(job.plan))
    cost = estimate(job.plan)
    filled = job.prepare(cost.need)
    runs: list[Ran] = []
    while not runs or (not quick and len(runs) < _RUNS and _total(runs[0]) * (len(runs) + 1) < _PATIENCE):
        runs.append(job.run())
        if not _agree(runs[-1].results, expected, noise):
            raise ProtocolAbort(f"{case.name} gave a wrong result", check="benchmark")
    result = Result(
        suite="library",
        case=case.name,
        title=f"{case.expression}, {len(folder.names)} members",
        size=n,
        subject=backend,
        measurement=summary([_total(one) for one in runs]),
        per_element=True,
        facts=_facts(job, cost, filled, runs),
    )
    return Measured(result, cost)


def _total(ran: Ran) -> float:
    return sum(ran.seconds[phase] for phase in _RUN_PHASES)


def _facts(job: JobFolder, cost: Estimate, filled: Filled, runs: Sequence[Ran]) -> dict[str, float]:
    """Return what was used and taken, and what the estimate says of it."""
    ran = runs[0]

    def seconds(*phases: str) -> float:
        return median(sum(one.seconds[phase] for phase in phases) for one in runs)

    used = {
        "gates": job.plan.shape.gates,
        "rounds": sum(ran.rounds[phase] for phase in _RUN_PHASES),
        "triples": ran.used.triples,
        "random_bits": ran.used.bits,
        "random_elements": ran.used.randoms,
        "masks": sum(ran.used.masks),
        "prepare_bytes": filled.set_up_bytes + filled.bytes,
        "bytes_sent": sum(ran.sent[phase] for phase in _RUN_PHASES),
        "transcript_bytes": ran.transcript_bytes,
    }
    timed = {
        "set_up_seconds": filled.set_up_seconds,
        "prepare_seconds": filled.seconds,
        "commit_seconds": seconds("commitment"),
        "online_seconds": seconds("computation"),
        "proof_seconds": seconds("proof"),
        "run_seconds": seconds(*_RUN_PHASES),
        "audit_seconds": median(one.audit_seconds for one in runs),
        "set_up_cpu": filled.set_up_cpu,
        "prepare_cpu": filled.cpu,
        "commit_cpu": min(one.cpu["commitment"] for one in runs),
        "online_cpu": min(one.cpu["computation"] for one in runs),
        "proof_cpu": min(one.cpu["proof"] for one in runs),
        "audit_cpu": min(one.audit_cpu for one in runs),
    }
    foretold: dict[str, float] = {
        "gates": cost.gates,
        "rounds": cost.rounds,
        "triples": cost.triples,
        "random_bits": cost.random_bits,
        "random_elements": cost.random_elements,
        "masks": sum(cost.masks),
        "bytes_sent": max(cost.bytes_sent),
        "transcript_bytes": cost.transcript_bytes,
    }
    phases = cost.phase_seconds(job.backend)
    if not job.small_ring:
        foretold["prepare_bytes"] = cost.material.set_up_bytes + max(cost.material.bytes_sent)
        foretold |= {seconds_name(phase): phases[phase] for phase in PHASES[:2]}
    foretold |= {seconds_name(phase): phases[phase] for phase in PHASES[2:]}
    foretold["run_seconds"] = cost.seconds(job.backend)
    return {
        "members": len(job.folder.names),
        **used,
        **timed,
        **{f"estimated_{name}": value for name, value in foretold.items()},
    }


def seconds_name(phase: str) -> str:
    """Return what the time of a phase is called among the facts."""
    return f"{phase.replace(' ', '_')}_seconds"
