# SPDX-License-Identifier: Apache-2.0
"""Many changes to transcripts that everybody signs again: the package's auditor and the model's agree on every file.

    python tests/campaign.py --changes 20000 --jobs 2

The transcripts are those of every program of the gallery on three rows a member, and of every function of the library.
Each is decoded, changed in one or two places at any depth (agreement, plan, commitments, outputs, proof), and chained
and signed again by all members, who are all corrupt.  Both auditors must accept, with the same results and the same
statement, or both refuse, with the same item and check unless both are checks of proofs, which share one batch.  Prints
what was done, and ends with 1 and the file's path if the auditors ever differ.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))

from support.corrupt import Items, items_of, signed, transcript_of
from support.fast_model import load_model
from support.functions import CASES, TABLES, program_of, schemas
from support.mutations import changed_value
from tallystick.audit import audit
from tallystick.backend import get_backend, native_available
from tallystick.disclosure import columns_committed_twice, needs_of_results, noise_of
from tallystick.encoding import dumps
from tallystick.errors import DecodeError, VerificationError
from tallystick.gallery import examples, find
from tallystick.plan import MemberSchema
from tallystick.tracing import trace

ROWS = 3
EVERY_FUNCTION = "every function"
PROOF_CHECKS = {"decode", "range", "outputs", "computation"}
"""What is found out while proofs are read: which of two faults is met first may differ."""


@dataclass(frozen=True)
class Outcome:
    """What an auditor says of a file: where and why it refuses, or its results and what it says about the plan."""

    refused: tuple[str | None, str] | None
    said: object = None


def subjects() -> list[str]:
    """Return the names of the transcripts to change."""
    return [*(example.name for example in examples()), EVERY_FUNCTION]


@cache
def _backend() -> Any:
    return get_backend("native" if native_available() else "pure")


@cache
def subject(name: str) -> bytes:
    """Return a genuine transcript."""
    if name == EVERY_FUNCTION:
        return transcript_of(_backend(), trace(program_of(CASES), schemas()), TABLES)
    example = find(name)
    tables = {m: {c: v[:ROWS] for c, v in t.items()} for m, t in example.tables().items()}
    rows = [MemberSchema(m, len(next(iter(t.values()))), example.columns) for m, t in tables.items()]
    return transcript_of(_backend(), trace(example.program, rows), tables)


@cache
def _model() -> Any:
    return load_model()


def package(data: bytes) -> Outcome:
    """Audit with the package."""
    try:
        verdict = audit(data, backend=_backend())
    except DecodeError as error:
        return Outcome((error.item, "decode"))
    except VerificationError as error:
        return Outcome((error.item, error.check))
    plan = verdict.plan
    needed = needs_of_results(plan)
    noise = [
        ([k + 1 for k in b.outputs], b.values, b.coins, b.sensitivity, b.delta_bits)
        for b in noise_of(plan).budgets
    ]
    return Outcome(
        None,
        (
            {r.name: list(r.values) for r in verdict.results},
            None if needed is None else [list(n) for n in needed],
            columns_committed_twice(plan),
            noise,
        ),
    )


def model(data: bytes) -> Outcome:
    """Audit with the model."""
    module = _model()
    try:
        _, plan, results = module.audit(data)
    except module.Refused as error:
        return Outcome((error.item, error.check))
    said = module.statement
    return Outcome(None, (results, said.needs(plan), said.unrelated(plan), said.noise(plan)))


def agree(ours: Outcome, theirs: Outcome) -> bool:
    """Whether both auditors say the same."""
    if ours.refused is None or theirs.refused is None:
        return ours == theirs
    return ours == theirs or {ours.refused[1], theirs.refused[1]} <= PROOF_CHECKS


def _plan(items: Items, rng: random.Random) -> None:
    items["plan"] = changed_value(items["plan"], rng)


def _agreed_plan(items: Items, rng: random.Random) -> None:
    """Change a node, an expression or a result more often than the rest of the plan, and agree on the plan."""
    part = rng.choice(["nodes", "nodes", "nodes", "expressions", "results", None])
    if part is None:
        _plan(items, rng)
    else:
        items["plan"] = {**items["plan"], part: changed_value(items["plan"][part], rng)}
    _agree(items)


def _terms(items: Items, rng: random.Random) -> None:
    part = rng.choice(sorted(items["terms"]))
    items["terms"] = {**items["terms"], part: changed_value(items["terms"][part], rng)}


def _commitment(items: Items, rng: random.Random) -> None:
    k = rng.randrange(len(items["commitments"]))
    changed = changed_value(items["commitments"][k], rng)
    if isinstance(changed, dict) and set(changed) == {"rows", "range"}:
        items["commitments"] = [*items["commitments"]]
        items["commitments"][k] = changed


def _members(items: Items, rng: random.Random) -> None:
    """Take a member away, or put one in twice."""
    k = rng.randrange(len(items["commitments"]))
    more = rng.random() < 0.5
    for where, name in (
        (items["terms"], "members"),
        (items["terms"], "tables"),
        (items["terms"], "nonces"),
        (items, "commitments"),
    ):
        listed = where[name]
        if isinstance(listed, list) and len(listed) > k:
            where[name] = listed[: k + 1] + listed[k:] if more else listed[:k] + listed[k + 1 :]


def _agree(items: Items) -> None:
    items["terms"] = {**items["terms"], "plan": hashlib.sha256(dumps(items["plan"])).digest()}


def _near_a_limit(items: Items, rng: random.Random) -> None:
    """Make something as long as a limit of the format, or longer by one."""
    beyond = rng.random() < 0.5
    terms, plan = dict(items["terms"]), dict(items["plan"])
    what = rng.choice(
        ["columns", "outputs", "dimensions", "view", "name", "label", "decimals", "rows", "uses"]
    )
    if what == "columns":
        column = {"low": "0", "high": "1", "decimals": 0}
        table = terms["tables"][0]
        more = 1_024 + beyond - len(table["columns"])
        columns = [*table["columns"], *({**column, "name": f"more {k}"} for k in range(more))]
        terms["tables"] = [{**table, "columns": columns}, *terms["tables"][1:]]
    elif what == "outputs":
        terms["policy"] = {**terms["policy"], "outputs": [f"o{k}" for k in range((1 << 16) + beyond)]}
    elif what == "dimensions":
        (name, expression, shape), *rest = plan["results"]
        plan["results"] = [[name, expression, [*shape, *[1] * (16 + beyond - len(shape))]], *rest]
    elif what == "view":
        plan["nodes"] = [*plan["nodes"], ["view", 0, [1] * (16 + beyond), 0, [0] * (16 + beyond)]]
    elif what == "name":
        plan["program"] = terms["program"] = "p" * (100 + beyond)
    elif what == "label":
        for k, node in enumerate(plan["nodes"]):
            if node[0] == "output":
                plan["nodes"] = [*plan["nodes"]]
                plan["nodes"][k] = [*node[:2], "l" * (300 + beyond), *node[3:]]
    elif what == "decimals":
        table = terms["tables"][0]
        column = {"name": "another", "low": "0", "high": "1", "decimals": 18 + beyond}
        terms["tables"] = [{**table, "columns": [*table["columns"], column]}, *terms["tables"][1:]]
    elif what == "rows":
        terms["policy"] = {**terms["policy"], "min_rows": (1 << 32) + beyond}
    else:
        coins = ["hint", "coins", [1, 2, 1, 1], [], 2, True]
        found = sum(node[:2] == ["hint", "coins"] for node in plan["nodes"])
        plan["nodes"] = [*plan["nodes"], *[coins] * (64 + beyond - found)]
    items["terms"], items["plan"] = terms, plan
    _agree(items)


def _more_nodes(items: Items, rng: random.Random) -> None:
    """Append nodes that are valid and that nothing reads, some of which cost much."""
    plan = dict(items["plan"])
    size = 1 << rng.randrange(0, 24)
    nodes = [*plan["nodes"], ["constant", [1]], ["view", len(plan["nodes"]), [size], 0, [0]]]
    at = len(nodes) - 1
    for _ in range(rng.randrange(1, 5)):
        kind = rng.choice(
            ["mul", "zero", "neg", "add", "sum", "bits", "inverse", "coins", "concat", "told", "matmul"]
        )
        node: list[Any] = [kind, at, at] if kind in ("mul", "add") else [kind, at]
        if kind == "sum":
            node = ["sum", at, 1, size, 1]
        elif kind == "bits":
            node = ["hint", "bits", [0, rng.choice((1, 8, 250))], [at], 0, True]
            node[4] = node[2][1] * size
        elif kind == "inverse":
            node = ["hint", "inverse", [], [at], size, False]
        elif kind == "coins":
            node = ["hint", "coins", [min(size, 4096), 2, 1, 1], [], 2 * min(size, 4096), True]
        elif kind == "concat":
            node = ["concat", [at] * rng.randrange(1, 9)]
        elif kind == "told":
            node = ["output", at, "told", [0]]
        elif kind == "matmul":
            node = ["matmul", at, 3, size, 1, [1] * (3 * size)] if size < 1_000 else ["neg", at]
        nodes.append(node)
    plan["nodes"] = nodes
    items["plan"] = plan
    _agree(items)


def _another_text(items: Items, rng: random.Random) -> None:
    """Call an output or a result something else: the proof is about another plan then."""
    plan = dict(items["plan"])
    if rng.random() < 0.5:
        k = rng.randrange(len(plan["results"]))
        plan["results"] = [*plan["results"]]
        plan["results"][k] = [rng.choice(["mean", "x" * 100, "ѕum", "a\u3164"]), *plan["results"][k][1:]]
    else:
        opened = [k for k, node in enumerate(plan["nodes"]) if node[0] in ("output", "points")]
        k = rng.choice(opened)
        plan["nodes"] = [*plan["nodes"]]
        plan["nodes"][k] = [*plan["nodes"][k][:2], "another label", *plan["nodes"][k][3:]]
    items["plan"] = plan
    _agree(items)


def _outputs(items: Items, rng: random.Random) -> None:
    items["outputs"] = changed_value(items["outputs"], rng)


def _proof(items: Items, rng: random.Random) -> None:
    items["proof"] = changed_value(items["proof"], rng)


CHANGES: tuple[tuple[Callable[[Items, random.Random], None], int], ...] = (
    (_agreed_plan, 50),
    (_near_a_limit, 4),
    (_more_nodes, 6),
    (_another_text, 2),
    (_plan, 3),
    (_terms, 20),
    (_commitment, 6),
    (_members, 2),
    (_outputs, 4),
    (_proof, 3),
)


def changed(data: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Return a transcript with one or two changes, signed again, and what was changed."""
    while True:
        items = items_of(data)
        made = []
        for _ in range(rng.choice((1, 1, 2))):
            (change,) = rng.choices([c for c, _ in CHANGES], [w for _, w in CHANGES])
            try:
                change(items, rng)
            except (
                TypeError,
                KeyError,
                ValueError,
                IndexError,
            ):  # An earlier change left nothing of the kind that this one changes.
                continue
            made.append(change.__name__.lstrip("_"))
        try:
            found = signed(items)
        except (TypeError, ValueError, KeyError):  # Not CBOR, such as an integer of more than 64 bits.
            continue
        if found != data:
            return " and ".join(made), found


@dataclass(frozen=True)
class Difference:
    """A file on which the auditors differ."""

    subject: str
    seed: str
    what: str
    data: bytes
    package: object
    model: object


def one(name: str, seed: str) -> tuple[str, str, Difference | None]:
    """Change a transcript once; return what the auditors say, what was changed, and how they differ if they do."""
    what, data = changed(subject(name), random.Random(seed))
    try:
        ours = package(data)
    except Exception as error:
        return "crash", what, Difference(name, seed, what, data, repr(error), None)
    try:
        theirs = model(data)
    except Exception as error:
        return "crash", what, Difference(name, seed, what, data, ours.refused, repr(error))
    found = "accepted" if ours.refused is None else ours.refused[1]
    if agree(ours, theirs):
        return found, what, None
    return found, what, Difference(name, seed, what, data, ours, theirs)


def _work(task: tuple[str, str]) -> tuple[str, str, Difference | None]:
    return one(*task)


def genuine(name: str) -> Difference | None:
    """Return how the auditors differ on an unchanged transcript, which both accept."""
    data = subject(name)
    ours, theirs = package(data), model(data)
    if ours.refused is None and agree(ours, theirs):
        return None
    return Difference(name, "", "nothing", data, ours, theirs)


def tasks(changes: int, seed: int, only: str | None = None) -> list[tuple[str, str]]:
    """Return what to do: every transcript in turn, that of every function as often as one of the others."""
    names = [only] if only else subjects()
    return [(names[k % len(names)], f"{seed} {k}") for k in range(changes)]


def main() -> int:
    """Run the campaign and print its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", choices=subjects())
    options = parser.parse_args()
    started, checks, kinds, differences = time.time(), Counter[str](), Counter[str](), 0
    for name in [options.only] if options.only else subjects():
        if genuine(name) is not None:
            print(f"DIFFERENCE on the unchanged transcript of {name}: {genuine(name)}")
            return 1
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        work = pool.imap_unordered(_work, tasks(options.changes, options.seed, options.only), chunksize=8)
        for k, (found, what, difference) in enumerate(work, 1):
            checks[found] += 1
            kinds[what] += 1
            if difference is not None:
                differences += 1
                with tempfile.NamedTemporaryFile(suffix=".tally", delete=False) as file:
                    file.write(difference.data)
                print(
                    f"DIFFERENCE in {file.name}: {difference.subject}, seed {difference.seed!r}, {difference.what}"
                )
                print(f"  package {difference.package}\n  model   {difference.model}", flush=True)
            if k % 500 == 0:
                print(f"{k:,} files, {time.time() - started:,.0f} s, {differences} differences", flush=True)
    print(
        f"{options.changes:,} changed files of {len(subjects())} transcripts in {time.time() - started:,.0f} s"
    )
    print("verdicts: " + ", ".join(f"{check} {n:,}" for check, n in checks.most_common()))
    print("changes: " + ", ".join(f"{what} {n:,}" for what, n in kinds.most_common(12)))
    print(f"{differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
