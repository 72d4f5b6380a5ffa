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
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tallystick.algebra import Generators, Points, Random, Vector
from tallystick.backend import Backend
from tallystick.encoding import Value, loads
from tallystick.plan import Column, MemberSchema, Plan, PlanRelation, over, witness
from tallystick.proofs import Proof, RangeRelation, Witness, prove, range_witness
from tallystick.record import (
    AgreedMember,
    Agreement,
    Commitment,
    Member,
    Outputs,
    PlanItem,
    Policy,
    ProofItem,
    Signatures,
    Table,
    Terms,
    TranscriptWriter,
    commitment_digest,
    member_toml,
    range_context,
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
    """The parts of a transcript, in the making.  ``data`` may differ from what is declared: a cheater's would."""

    backend: Backend
    plan: Plan
    terms: Terms
    data: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=lambda: DATA)
    random: Random = field(default_factory=lambda: Random(bytes(32)))

    def __post_init__(self) -> None:
        self.relation = PlanRelation(self.plan)
        self.generators = Generators(self.backend, self.plan.shape.columns)
        self.gammas = [
            self.random.vector(self.backend, self.plan.shape.input_rows_of(k)) for k in range(len(NAMES))
        ]

    def range_relation(self, member: int) -> RangeRelation:
        """The statement that a member's inputs lie in their ranges."""
        return self.plan.range_relation(member)

    def commit(self, member: int) -> tuple[Points, Proof]:
        """Commit to a member's inputs and prove their ranges."""
        relation = self.range_relation(member)
        values = [self.data[NAMES[member]][node.name] for node in self.plan.inputs_of(member)]
        private = range_witness(self.backend, relation, values, self.gammas[member])
        rows = private.input_commitments(self.generators, relation.shape)
        proof = prove(
            relation,
            private,
            generators=self.generators,
            input_commitments=rows,
            context=range_context(self.terms.session_id, member),
            random=self.random.fork(f"range {member}"),
        )
        return rows, proof

    def witness(self) -> Witness:
        """The computation's witness."""
        return over(witness(self.plan, self.data), self.backend, Vector.concat(self.gammas))

    def transcript(self) -> bytes:
        """Make every item and return the file."""
        session = self.terms.session_id
        agreement = Agreement(self.terms, tuple(sign(key, "agreement", session) for key in KEYS))
        writer = TranscriptWriter(agreement)
        structure = loads(self.plan.to_bytes(), max_size=1 << 26)
        writer.append(PlanItem(structure))
        commitments = [self.commit(k) for k in range(len(NAMES))]
        for k, (rows, proof) in enumerate(commitments):
            body: dict[str, Value] = dict(proof.to_body())
            digest = commitment_digest(session, k, rows.to_bytes(), body)
            writer.append(Commitment(rows.to_bytes(), body, sign(KEYS[k], "commitment", digest)))
        private = self.witness()
        proof = prove(
            self.relation,
            private,
            generators=self.generators,
            input_commitments=Points.concat([rows for rows, _ in commitments]),
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
