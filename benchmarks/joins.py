"""Measure a join of two members' identifiers from end to end: processes, TLS, preparation, proof and audit.

    python benchmarks/joins.py 10000              size of the intersection and a sum over it, 10,000 rows each
    python benchmarks/joins.py 1000 --prepared    with the stores filled beforehand, as `tallystick prepare` does
    python benchmarks/joins.py 1000 --json

Half of each member's identifiers are the other's too.  The result is compared with plain Python.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from typing import Any

from tallystick.audit import ProgramSource, audit
from tallystick.bench._consortium import Folder, consortium_folder, run_members
from tallystick.online import plan_need
from tallystick.plan import estimate, load_program, trace
from tallystick.record import read_consortium
from tallystick.session import read_job, schemas

PROGRAM = '''
import tallystick as ts


@ts.program
def joined(table: ts.Members[ts.Table]):
    """Count the identifiers that both have, and add up the second member's amounts for them."""
    a, b = table
    return {
        "size": ts.join.intersection_size(a["id"], b["id"]),
        "sum": ts.join.intersection_sum(a["id"], b["id"], values=b["amount"]),
    }
'''
JOB = """
name = "joined"
program = "joined.py:joined"
consortium = "consortium.toml"
members = ["member0", "member1"]

[columns.id]
low = 0
high = 4294967295

[columns.amount]
low = 0
high = 65535
"""


def make_tables(folder: Folder, n: int) -> dict[str, str]:
    """Write both members' tables, and return the results that they have."""
    drawn = random.Random(n)
    ids = drawn.sample(range(1 << 32), 2 * n - n // 2)
    columns = [ids[:n], ids[n - n // 2 :]]
    amounts = []
    for name, column in zip(folder.names, columns, strict=True):
        drawn.shuffle(column)
        amounts.append([drawn.randrange(1 << 16) for _ in column])
        rows = zip(column, amounts[-1], strict=True)
        lines = ["id,amount", *(f"{x},{amount}" for x, amount in rows)]
        (folder.path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    here = set(columns[0])
    total = sum(v for x, v in zip(columns[1], amounts[1], strict=True) if x in here)
    return {"size": str(len(here & set(columns[1]))), "sum": str(total)}


def common(folder: Folder, name: str, backend: str) -> list[str]:
    """Return what both commands of a member are told."""
    return [
        *("--as", name, "--identity", str(folder.identity(name))),
        *("--passphrase-file", str(folder.passphrase), "--store", str(folder.path / f"{name}-store")),
        *("--backend", backend, "--deadline", "1800", "--json"),
    ]


def run(folder: Folder, name: str, backend: str) -> list[str]:
    """Return a member's command for the run."""
    place = folder.path
    paths = [str(place / "job.toml"), "--data", str(place / f"{name}.csv"), "--out", str(place / name)]
    return ["tallystick", "run", *paths, "--yes", *common(folder, name, backend)]


def prepare(folder: Folder, name: str, backend: str, stock: dict[str, int]) -> list[str]:
    """Return a member's command that fills its store."""
    counts = [word for kind, count in stock.items() for word in (f"--{kind}", str(count))]
    return ["tallystick", "prepare", str(folder.consortium), *counts, *common(folder, name, backend)]


def measure(n: int, backend: str, *, prepared: bool) -> dict[str, Any]:
    """Run once, audit, and return what it took."""
    with consortium_folder(2) as folder:
        expected = make_tables(folder, n)
        (folder.path / "joined.py").write_text(PROGRAM, encoding="utf-8")
        (folder.path / "job.toml").write_text(JOB, encoding="utf-8")
        job = read_job(folder.path / "job.toml")
        plan = trace(load_program(folder.path / "joined.py"), schemas(job, [n, n]))
        need = plan_need(plan)
        found: dict[str, Any] = {
            "rows": n,
            "backend": backend,
            "gates": plan.shape.gates,
            "triples": need.triples,
            "estimated_seconds": estimate(plan).seconds(backend),
        }
        if prepared:
            stock = {"triples": need.triples, "masks": max(need.masks), "randoms": need.randoms}
            start = time.perf_counter()
            run_members(folder, lambda name: prepare(folder, name, backend, stock))
            found["prepare_seconds"] = time.perf_counter() - start
        start = time.perf_counter()
        results = run_members(folder, lambda name: run(folder, name, backend))
        found["run_seconds"] = time.perf_counter() - start
        found["phases"] = results[0]["costs"]
        (transcript,) = (folder.path / folder.names[0]).glob("*.tally")
        start = time.perf_counter()
        verdict = audit(
            transcript,
            consortium=read_consortium(folder.consortium),
            program=ProgramSource(folder.path / "joined.py", "joined"),
        )
        found["audit_seconds"] = time.perf_counter() - start
        found["transcript_bytes"] = transcript.stat().st_size
        computed = {r.name: r.text() for r in verdict.results}
        if computed != expected:
            raise SystemExit(f"the results {computed} are not {expected}")
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("rows", type=int, help="rows of each member")
    parser.add_argument("--backend", default="native", choices=["native", "pure"])
    parser.add_argument("--prepared", action="store_true", help="fill the stores before the run")
    parser.add_argument("--json", action="store_true", dest="as_json")
    chosen = parser.parse_args()
    found = measure(chosen.rows, chosen.backend, prepared=chosen.prepared)
    if chosen.as_json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        if name != "phases":
            print(f"{name:18} {value:,.2f}" if isinstance(value, float) else f"{name:18} {value}")
    for phase in found["phases"]:
        seconds, sent, rounds = phase["seconds"], phase["sent"], phase["rounds"]
        print(f"  {phase['name']:14} {seconds:8.2f} s {sent / 1e6:10.1f} MB sent {rounds:6} rounds")


if __name__ == "__main__":
    main()
