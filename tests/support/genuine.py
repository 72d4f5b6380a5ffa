# SPDX-License-Identifier: Apache-2.0
"""Genuine transcripts without a network: one process holds every member's key and data, and proves alone.

Proofs, commitments and signatures are real; only, nobody's data is hidden from the prover.  Because all members' keys
are here, tests can also forge what a consortium of nothing but cheaters could: change an item, then chain and sign
everything again.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.backend import Backend
from tallystick.encoding import Value, loads
from tallystick.plan import (
    Column,
    HomeRelation,
    MemberSchema,
    Plan,
    PlanRelation,
    home_witness,
    over,
    witness,
)
from tallystick.proofs import Witness, prove
from tallystick.record import (
    AgreedMember,
    Agreement,
    Commitment,
    CommittedPart,
    Member,
    Outputs,
    PlanItem,
    Policy,
    ProofItem,
    Signatures,
    Table,
    Terms,
    TranscriptWriter,
    home_context,
    member_toml,
    read_transcript,
    sign,
)
from tallystick.tracing import load_program, trace

PROGRAMS = Path(__file__).parent / "programs"
NAMES = ("north", "south", "west")
KEYS = tuple(Ed25519PrivateKey.from_private_bytes(bytes([k + 1]) * 32) for k in range(3))
COLUMNS = {"wage": Column(0, 12, 2), "years": Column(-2, 5)}
DATA: Mapping[str, Mapping[str, Sequence[int]]] = {
    "north": {"wage": [3, 12], "years": [-2, 5]},
    "south": {"wage": [7], "years": [0]},
    "west": {"wage": [0, 9, 4], "years": [1, 2, -1]},
}


def traced(name: str = "pay") -> Plan:
    """Trace one of the programs beside this file over the members' tables."""
    program = load_program(PROGRAMS / "pay.py", name)
    return trace(program, [MemberSchema(n, len(DATA[n]["wage"]), COLUMNS) for n in NAMES])


def traced_in_parts(name: str = "pay") -> Plan:
    """Trace one of the programs with a part for every row of the members that have several."""
    with mock.patch("tallystick.tracing._place._GATES", 1):
        return traced(name)


def terms_of(plan: Plan, *, session: int = 0, **changes: object) -> Terms:
    """Return the terms under which the members would run the plan."""
    terms = Terms(
        program=plan.program,
        plan=plan.digest,
        members=tuple(
            AgreedMember(
                name=name,
                key=key.public_key().public_bytes_raw(),
                certificate=hashlib.sha256(name.encode()).digest(),
            )
            for name, key in zip(NAMES, KEYS, strict=True)
        ),
        tables=tuple(Table(rows=member.rows, columns=COLUMNS) for member in plan.members),
        policy=Policy(min_members=3, min_rows=1),
        preparation="lowgear",
        nonces=tuple(hashlib.sha256(f"nonce {session} {name}".encode()).digest() for name in NAMES),
    )
    return dataclasses.replace(terms, **changes)


@dataclass
class Run:
    """The parts of a transcript, in the making.

    ``at_home[k]`` replaces values of nodes at home with part k, by position: a cheater's, who shares what follows.
    """

    backend: Backend
    plan: Plan
    terms: Terms
    data: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=lambda: DATA)
    at_home: Mapping[int, Mapping[int, Sequence[int]]] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(bytes(32)))

    def __post_init__(self) -> None:
        self.relation = PlanRelation(self.plan)
        self.generators = Generators(self.backend, self.plan.most_columns)
        shapes = [self.plan.homes[part.home].layout.shape for part in self.plan.parts]
        self.gammas = [self.random.vector(self.backend, shape.input_rows) for shape in shapes]

    def commit(self, member: int) -> list[CommittedPart]:
        """Commit to what a member shares, and prove its homes."""
        parts = self.plan.parts_of(member)
        found = []
        for k, (number, home, start) in enumerate(parts):
            relation, table = HomeRelation(home), self.data[NAMES[member]]
            columns = {
                (n.name, n.order): np.array(table[n.name][start : start + home.rows], dtype=object)
                for n in home.inputs
            }
            values = home_witness(home, columns, advice=self.at_home.get(number, {}))
            private = over(values, self.backend, self.gammas[number])
            rows = private.input_commitments(self.generators, relation.shape)
            proof = prove(
                relation,
                private,
                generators=self.generators,
                input_commitments=rows,
                context=home_context(self.terms.session_id, member, k, len(parts)),
                random=self.random.fork(f"home {number}"),
            )
            found.append(CommittedPart(rows.to_bytes(), dict(proof.to_body())))
        return found

    def witness(self) -> Witness:
        """The computation's witness."""
        found = witness(self.plan, self.data, at_home=self.at_home)
        return over(found, self.backend, Vector.concat(self.gammas))

    def transcript(self) -> bytes:
        """Make every item and return the file."""
        session = self.terms.session_id
        agreement = Agreement(self.terms, tuple(sign(key, "agreement", session) for key in KEYS))
        writer = TranscriptWriter(agreement)
        structure = loads(self.plan.to_bytes(), max_size=1 << 26)
        writer.append(PlanItem(structure))
        rows = []
        for k, key in enumerate(KEYS):
            parts = self.commit(k)
            rows += [Points.from_bytes(self.backend, part.rows) for part in parts]
            writer.append(Commitment.signed(parts, session, k, partial(sign, key, "commitment")))
        private = self.witness()
        proof = prove(
            self.relation,
            private,
            generators=self.generators,
            input_commitments=Points.concat(rows),
            context=writer.computation_context,
            random=self.random.fork("computation"),
        )
        points = private.published_points(self.generators)
        writer.append(Outputs(private.outputs.to_bytes(), points.to_bytes()))
        writer.append(ProofItem(dict(proof.to_body())))
        writer.append(Signatures(tuple(sign(key, "transcript", writer.root) for key in KEYS)))
        return writer.to_bytes()


def genuine(backend: Backend, *, program: str = "pay", session: int = 0, **changes: object) -> bytes:
    """Return a genuine transcript; ``changes`` replace fields of the terms before anything is signed."""
    plan = traced(program)
    return Run(backend, plan, terms_of(plan, session=session, **changes)).transcript()


@dataclass
class Bodies:
    """The items of a transcript, to be changed and then chained and signed again by everyone."""

    terms: Terms
    plan: Value
    commitments: list[Commitment]
    outputs: bytes
    proof: dict[str, Value]
    points: bytes = b""

    @classmethod
    def of(cls, data: bytes) -> Bodies:
        """Take a transcript apart."""
        parts = read_transcript(data)
        return cls(
            parts.terms,
            parts.plan.structure,
            list(parts.commitments),
            parts.outputs.values,
            dict(parts.proof.body),
            parts.outputs.points,
        )

    def signed(self, keys: Sequence[Ed25519PrivateKey] = KEYS) -> bytes:
        """Sign and chain everything, as members could who are all corrupt."""
        session = self.terms.session_id
        writer = TranscriptWriter(Agreement(self.terms, tuple(sign(k, "agreement", session) for k in keys)))
        writer.append(PlanItem(self.plan))
        for k, (key, commitment) in enumerate(zip(keys, self.commitments, strict=True)):
            signature = sign(key, "commitment", commitment.digest(session, k))
            writer.append(dataclasses.replace(commitment, signature=signature))
        writer.append(Outputs(self.outputs, self.points))
        writer.append(ProofItem(self.proof))
        writer.append(Signatures(tuple(sign(key, "transcript", writer.root) for key in keys)))
        return writer.to_bytes()


def forged(data: bytes, change: Callable[[Bodies], None]) -> bytes:
    """Change a transcript, then chain and sign it again with every member's key."""
    bodies = Bodies.of(data)
    change(bodies)
    return bodies.signed()


def certificate(name: str, key: Ed25519PrivateKey) -> bytes:
    """A self-signed certificate in DER."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=36500))
        .sign(key, None)
        .public_bytes(Encoding.DER)
    )


def consortium_toml() -> str:
    """Return a consortium file of the members, with certificates of their keys."""
    return "\n".join(
        member_toml(Member(name, f"127.0.0.1:{7450 + k}", certificate(name, key)))
        for k, (name, key) in enumerate(zip(NAMES, KEYS, strict=True))
    )
