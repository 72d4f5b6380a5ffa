# SPDX-License-Identifier: Apache-2.0
"""An independent auditor of transcript files (``spec/file.md``): slow, complete, and shares nothing.

    python spec/model/audit.py FILE [--consortium FILE] [--job FILE]

Exit status 0 and what the file says on stdout if it holds; else 1 and one line on stderr with item, check and reason.
The keys of the members are printed: compare them with those you know, or give your own list or job. Programs are not
traced: whether the plan is that of a source, it cannot say.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import own as own_proofs
import proof as proofs
import statement
from codec import (
    DecodeError,
    cbor_decode_first,
    cbor_encode,
    frame,
    i2osp,
    points_from_bytes,
    scalars_from_bytes,
)
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from plans import Plan, count_values, decimal, listed, need, size, text
from relations import range_relation

MAX_FILE = 1 << 26
DRAFT = 1  # of format 2
MAX_VALUES = {"agreement": 1 << 20, "plan": 1 << 20, "signatures": 128}


class Refused(Exception):
    """A file that does not hold: item, check, reason."""

    def __init__(self, item: str, check: str, reason: str) -> None:
        super().__init__(f"{item}: {check}: {reason}")
        self.item, self.check, self.reason = item, check, reason


@contextmanager
def decoding(item: str) -> Iterator[None]:
    """Name the item in which decoding fails."""
    try:
        yield
    except DecodeError as error:
        raise Refused(item, "decode", str(error)) from error


def fields(value: Any, what: str, *names: str) -> list[Any]:
    """Return a map's values, in the order of ``names``, which are all its keys."""
    need(isinstance(value, dict) and set(value) == set(names), f"{what}: the keys are {', '.join(names)}")
    return [value[name] for name in names]


def octets(value: Any, what: str, length: int | None = None, unit: int = 1) -> bytes:
    """Return a byte string of the given length, or of a multiple of ``unit``."""
    need(isinstance(value, bytes) and len(value) % unit == 0, f"{what}: bytes are needed")
    need(length is None or len(value) == length, f"{what}: {length} bytes are needed")
    return bytes(value)


def distinct(values: list[Any], what: str) -> None:
    """Refuse repetitions."""
    need(len(set(values)) == len(values), f"{what} are not distinct")


# -- decoding ---------------------------------------------------------------------------------------


class Item:
    """One link of the chain."""

    def __init__(self, data: bytes, start: int, name: str, kind: str) -> None:
        self.name = name
        with decoding(name):
            value, self.end = cbor_decode_first(data, start)
            need(count_values(value) <= MAX_VALUES.get(kind, 64), "too many values")
            found, previous, self.body = listed(value, "item", 3)
            need(found == kind, f"{kind} is due here")
            self.previous = octets(previous, "previous", 32)
        self.size = self.end - start
        self.head = hashlib.sha256(data[start : self.end]).digest()


class File:
    """A decoded file."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_FILE:
            raise Refused("file", "decode", "too long")
        self.size = len(data)
        first = Item(data, 0, "item 1 (agreement)", "agreement")
        self.items = [first]
        with decoding(first.name):
            terms, signatures = fields(first.body, "body", "terms", "signatures")
            self._terms(terms)
            self.agreement_signatures = self._signatures(signatures)
        self.session = hashlib.sha256(cbor_encode(terms)).digest()
        n = len(self.members)
        rest = [("plan", ""), *(("commitment", f" of {name}") for name, _, _ in self.members)]
        rest += [("outputs", ""), ("proof", ""), ("signatures", "")]
        for kind, whose in rest:
            name = f"item {len(self.items) + 1} ({kind}{whose})"
            self.items.append(Item(data, self.items[-1].end, name, kind))
        if self.items[-1].end != len(data):
            raise Refused(self.items[-1].name, "decode", "bytes after the last item")
        self.plan_item, *self.owners, self.outputs_item, self.proof_item, self.last = self.items[1:]
        self.commitments = [self._commitment(item) for item in self.owners]
        with decoding(self.outputs_item.name):
            body = self.outputs_item.body
            some = isinstance(body, dict) and "points" in body
            values, *points = fields(body, "body", "values", *(["points"] if some else []))
            self.values = octets(values, "values", unit=32)
            self.points = octets(points[0], "points", unit=48) if some else b""
            need(bool(self.points) == some, "points stand only where there are any")
        with decoding(self.proof_item.name):
            need(isinstance(self.proof_item.body, dict), "a proof is a map")
        with decoding(self.last.name):
            (signatures,) = fields(self.last.body, "body", "signatures")
            self.final_signatures = self._signatures(signatures)
        assert len(self.owners) == n

    def _signatures(self, value: Any) -> list[bytes]:
        return [octets(s, "signature", 64) for s in listed(value, "signatures", len(self.members))]

    def _commitment(self, item: Item) -> tuple[bytes, Any, bytes]:
        with decoding(item.name):
            rows, proof, signature = fields(item.body, "body", "rows", "range", "signature")
            need(proof is None or isinstance(proof, dict), "range: a map or null")
            return octets(rows, "rows", unit=48), proof, octets(signature, "signature", 64)

    def _terms(self, value: Any) -> None:
        drafted = ("draft",) if isinstance(value, dict) and value.get("version") == 2 else ()
        names = ("version", "program", "plan", "members", "tables", "policy", "preparation", "nonces")
        found = fields(value, "terms", *names, *drafted)
        version, program, plan, members, tables, policy, preparation, nonces = found[: len(names)]
        need(type(version) is int and version in (1, 2), "unknown version")
        need(all(type(draft) is int and draft == DRAFT for draft in found[len(names) :]), "unknown draft")
        self.format = version
        self.program = text(program, "program", 100)
        self.plan_digest = octets(plan, "plan", 32)
        self.members = []
        for member in listed(members, "members"):
            name, key, certificate = fields(member, "member", "name", "key", "certificate")
            need(isinstance(name, str), "a member's name is text")
            need(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name, re.ASCII) is not None, "a name")
            self.members.append((name, octets(key, "key", 32), octets(certificate, "certificate", 32)))
        need(2 <= len(self.members) <= 64, "2 to 64 members")
        distinct([name for name, _, _ in self.members], "names")
        distinct([key for _, key, _ in self.members], "keys")
        self.tables = [self._table(t) for t in listed(tables, "tables", len(self.members))]
        low_members, low_rows, allowed = fields(policy, "policy", "min_members", "min_rows", "outputs")
        self.min_members, self.min_rows = (
            size(low_members, "min_members", 64),
            size(low_rows, "min_rows", 1 << 24),
        )
        self.allowed = None
        if allowed is not None:
            self.allowed = [text(name, "outputs", 165) for name in listed(allowed, "outputs")]
            distinct(self.allowed, "outputs")
            need(len(self.allowed) <= 1 << 16, "too many outputs")
        need(preparation in ("lowgear", "insecure-small-ring"), "unknown preparation")
        self.preparation = preparation
        for nonce in listed(nonces, "nonces", len(self.members)):
            octets(nonce, "nonce", 32)

    def _table(self, value: Any) -> tuple[int, dict[str, tuple[int, int, int]]]:
        rows, columns = fields(value, "table", "rows", "columns")
        listed(columns, "columns")
        table = {}
        for column in columns:
            name, low, high, decimals = fields(column, "column", "name", "low", "high", "decimals")
            need(isinstance(low, str) and isinstance(high, str), "bounds are decimal text")
            bounds = decimal(low, "low"), decimal(high, "high")
            need(bounds[0] <= bounds[1] and (bounds[1] - bounds[0]).bit_length() <= 250, "an interval")
            table[text(name, "column", 100)] = (*bounds, size(decimals, "decimals", 18))
        need(len(table) == len(columns) <= 1_024, "columns of one name, or too many")
        return size(rows, "rows", 1 << 24), table


# -- checking ---------------------------------------------------------------------------------------


def check_signature(item: Item, key: bytes, purpose: str, digest: bytes, signature: bytes, who: str) -> None:
    """Check one Ed25519 signature."""
    message = frame(f"tallystick/v1/{purpose}".encode()) + digest
    try:
        if eight_times(key) == 1:
            raise InvalidSignature
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise Refused(item.name, f"{purpose}-signature", f"not a signature of {who}") from None


def eight_times(key: bytes) -> int:
    """Return y of eight times the point that a key encodes: 1 for points of small order and no others."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p)
    y = int.from_bytes(key, "little") % 2**255 % p
    for _ in range(3):
        xx = (y * y - 1) * pow(d * y * y + 1, -1, p)
        y = (y * y + xx) * pow(1 - d * xx * y * y, -1, p) % p
    return y


def check_chain(file: File) -> None:
    """Every item states its predecessor; the item that was changed is named, if it can be told."""
    heads = [hashlib.sha256(frame(b"tallystick/v1/file")).digest(), *(item.head for item in file.items)]
    broken = [item.previous != head for item, head in zip(file.items, heads, strict=False)]
    for k, item in enumerate(file.items):
        if broken[k]:
            itself = k == 0 or broken[k + 1 : k + 2] == [True]
            named = item if itself else file.items[k - 1]
            raise Refused(named.name, "chain", f"{item.name} does not continue what stands before it")


def check_plan(file: File) -> Plan:
    """The plan is valid, the agreed one, and speaks about the agreed tables and outputs."""
    name = file.plan_item.name
    with decoding(name):
        plan = Plan(file.plan_item.body)
    if plan.digest != file.plan_digest or plan.program != file.program or plan.format != file.format:
        raise Refused(name, "plan", "not the plan that was agreed on")
    for what, found, allowed in zip(
        ("bytes", "operations"),
        statement.cost(plan, file.plan_item.size, file.size),
        statement.limits(file.size),
        strict=True,
    ):
        if found > allowed:
            raise Refused(name, "limits", f"it could cost {found} {what}, {allowed} are allowed")
    if plan.members != [(m[0], t[0]) for m, t in zip(file.members, file.tables, strict=True)]:
        raise Refused(name, "schema", "other members or rows than agreed")
    for node in plan.nodes:
        if node.op == "input":
            f = node.f
            column = file.tables[f["member"]][1].get(f["name"])
            if column != (f["low"], f["high"], f["decimals"]):
                raise Refused(name, "schema", f"input {f['name']} is not the agreed column")
    agreement = file.items[0].name
    if len(file.members) < file.min_members or min(t[0] for t in file.tables) < file.min_rows:
        raise Refused(agreement, "policy", "too few members or rows")
    private = [n.f["label"] for n in plan.nodes if n.op == "output" and n.f["to"] is not None]
    told = [re.sub(r" / 10\^[1-9][0-9]?\Z", "", label) for label in private]
    for result in [*(name for name, _, _ in plan.results), *told]:
        allowed = file.allowed is None or any(
            result == name or result.startswith(f"{name}.") for name in file.allowed
        )
        if not allowed:
            raise Refused(agreement, "policy", f"result {result} is not allowed")
    if file.allowed is not None:
        more = statement.unneeded(plan)
        if more is None or more:
            raise Refused(agreement, "policy", f"opened without need: {more}")
    return plan


# -- the auditor's own list and job -----------------------------------------------------------------

Listed = dict[str, tuple[bytes, bytes]]  # name: key, SHA-256 of the certificate


def read_consortium(path: Path) -> Listed:
    """Return the members of a consortium file (``spec/session.md``), in its order."""
    members = {}
    for entry in tomllib.loads(path.read_text())["member"]:
        certificate = x509.load_pem_x509_certificate(entry["certificate"].encode())
        key = certificate.public_key()
        assert isinstance(key, Ed25519PublicKey)
        der = certificate.public_bytes(Encoding.DER)
        members[entry["name"]] = key.public_bytes_raw(), hashlib.sha256(der).digest()
    return members


def check_consortium(file: File, listed_members: Listed) -> None:
    """Every member of the file is one of the list, with its key and certificate."""
    for name, key, certificate in file.members:
        if listed_members.get(name) != (key, certificate):
            raise Refused(file.items[0].name, "consortium", f"{name} is not the one of the list")


def check_job(file: File, path: Path) -> None:
    """Members, columns and policy of the file are those of a job file, in its order."""
    job = tomllib.loads(path.read_text(), parse_float=Decimal)
    known = read_consortium(path.parent / job["consortium"])
    names = job.get("members", list(known))
    columns = {}
    for name, entry in job["columns"].items():
        decimals = entry.get("decimals", 0)
        columns[name] = (*(int(Decimal(entry[end]).scaleb(decimals)) for end in ("low", "high")), decimals)
    policy = job.get("policy", {})
    outputs = policy.get("outputs")
    for what, own, found in (
        ("members", names, [name for name, _, _ in file.members]),
        (
            "keys",
            [known[name] for name in names],
            [(key, certificate) for _, key, certificate in file.members],
        ),
        ("columns", [list(columns.items())] * len(names), [list(table.items()) for _, table in file.tables]),
        ("min_members", policy.get("min_members", 2), file.min_members),
        ("min_rows", policy.get("min_rows", 1), file.min_rows),
        ("outputs", None if outputs is None else list(outputs), file.allowed),
    ):
        if own != found:
            raise Refused(file.items[0].name, "job", f"its {what} are not those of the job")


def check_proof(
    item: Item,
    check: str,
    body: Any,
    relation: Any,
    rows: list[Any],
    outputs: list[int],
    context: bytes,
    points: list[Any],
    shape: Any,
) -> None:
    """Check one proof of this shape: an own proof, or one with gate rows."""
    with decoding(item.name):
        proof = proofs.from_fields(shape, body)
    if shape.rows == 0:
        raise Refused(item.name, check, "a relation without rows proves nothing")
    try:
        if isinstance(shape, own_proofs.OwnShape):
            own_proofs.check(relation, rows, outputs, context, proof, literal=False)
        else:
            proofs.check(relation, rows, outputs, context, proof, points, literal=False)
    except proofs.VerifyError as error:
        raise Refused(item.name, check, f"the proof fails at {error}") from error


def check_ranges(file: File, plan: Plan) -> list[Any]:
    """Every input lies in its range; return the committed rows."""
    every: list[Any] = []
    for k, (item, (raw, body, _)) in enumerate(zip(file.owners, file.commitments, strict=True)):
        relation = range_relation(plan.ranges(k), plan.shape.columns)
        if len(raw) != 48 * relation.shape.input_rows:
            raise Refused(item.name, "range", "a wrong number of rows")
        with decoding(item.name):
            rows = points_from_bytes(raw)
        every += rows
        if (body is None) != (plan.shape.inputs[k] == 0):
            raise Refused(
                item.name, "range", "a range proof must stand where there are inputs, and only there"
            )
        if body is not None:
            shape = own_proofs.OwnShape.of(relation) if plan.format == 2 else relation.shape
            check_proof(item, "range", body, relation, rows, [], file.session + i2osp(k, 4), [], shape)
    return every


def audit(
    data: bytes, consortium: Listed | None = None, job: Path | None = None
) -> tuple[File, Plan, dict[str, list[Fraction | None]]]:
    """Make every check of ``spec/file.md``; return what the file says, or raise Refused."""
    file = File(data)
    check_chain(file)
    if consortium is not None:
        check_consortium(file, consortium)
    if job is not None:
        check_job(file, job)
    keys = [(name, key) for name, key, _ in file.members]
    for (name, key), signature in zip(keys, file.agreement_signatures, strict=True):
        check_signature(file.items[0], key, "agreement", file.session, signature, name)
    plan = check_plan(file)
    for k, (item, (rows, body, signature)) in enumerate(zip(file.owners, file.commitments, strict=True)):
        digest = hashlib.sha256(cbor_encode([file.session, k, rows, body])).digest()
        check_signature(item, keys[k][1], "commitment", digest, signature, keys[k][0])
    rows = check_ranges(file, plan)
    with decoding(file.outputs_item.name):
        values = scalars_from_bytes(file.values)
        points = points_from_bytes(file.points)
    if (len(values), len(points)) != (plan.shape.outputs, plan.shape.points):
        due = f"{plan.shape.outputs} values and {plan.shape.points} points are due"
        raise Refused(file.outputs_item.name, "outputs", due)
    context = file.session + file.owners[-1].head
    proof = file.proof_item
    check_proof(proof, "computation", proof.body, plan, rows, values, context, points, plan.shape)
    for (name, key), signature in zip(keys, file.final_signatures, strict=True):
        check_signature(file.last, key, "transcript", file.proof_item.head, signature, name)
    return file, plan, plan.evaluate(values, points)


def said(file: File, plan: Plan, results: dict[str, list[Fraction | None]]) -> Iterator[str]:
    """Yield what an accepted file says, a line each; names and labels as Python writes them in ASCII."""
    yield f"accepted: the proof holds; the program {file.program!a} is the file's own"
    for member, name in statement.unrelated(plan):
        yield f"unrelated {member} {name!a}: several commitments, which may hold different values"
    yield f"session {file.session.hex()}, preparation {file.preparation}"
    for (name, key, _), (rows, _) in zip(file.members, file.tables, strict=True):
        yield f"member {name} {key.hex()} with {rows} rows"
    for node in plan.nodes:
        if node.op == "input":
            f = node.f
            order = "" if f["order"] is None else " in random order"
            where = f"{file.members[f['member']][0]} {f['name']!a}"
            yield f"input {where} from {f['low']} to {f['high']} / 10^{f['decimals']}{order}"
    yield f"policy min_members {file.min_members} min_rows {file.min_rows} outputs {file.allowed!a}"
    for number, node in enumerate(plan.outputs, 1):
        to = node.f["to"]
        who = "all" if to is None else f"{', '.join(file.members[k][0] for k in to)} only, not proved"
        yield f"opened [{number}] to {who}, called {node.f['label']!a}"
    for number, node in enumerate(plan.opened_points, 1):
        yield f"opened [T{number}] to all, as points, called {node.f['label']!a}"
    needed = statement.needs(plan)
    unconverged = plan.unconverged(scalars_from_bytes(file.values))
    for k, (name, entries) in enumerate(results.items()):
        missing = ["not converged" if failed else "undefined" for failed in unconverged[name]]
        shown = ", ".join(word if x is None else str(x) for x, word in zip(entries, missing, strict=True))
        yield f"result {name if name.isascii() else ascii(name)} = {shown}"
        if needed is not None:
            yield f"depends {', '.join(f'[{n}]' for n in needed[k]) or 'on nothing opened'}"
    for outputs, _, coins, sensitivity, delta_bits in statement.noise(plan):
        spent = statement.epsilon(coins, sensitivity, delta_bits)
        yield (
            f"privacy {', '.join(f'[{n}]' for n in outputs)}: epsilon {spent:.4f} at delta 2^-{delta_bits}, if one "
            "member was honest"
        )


def main() -> int:
    """Audit the file named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--consortium", type=Path)
    parser.add_argument("--job", type=Path)
    options = parser.parse_args()
    listed_members = None if options.consortium is None else read_consortium(options.consortium)
    try:
        found = audit(options.file.read_bytes(), listed_members, options.job)
    except Refused as error:
        print(f"refused: {ascii(str(error))[1:-1]}", file=sys.stderr)
        return 1
    for line in said(*found):
        print(line)
    if listed_members is not None:
        part = {name for name, _, _ in found[0].members}
        for name in listed_members:
            if name not in part:
                print(f"absent {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
