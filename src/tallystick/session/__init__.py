"""One member's side of a run: its identity, its connections, and what it agreed to."""

from __future__ import annotations

from ._data import DataTable, read_table
from ._identity import (
    SCRYPT_LOG_N,
    Identity,
    new_identity,
    read_certificate,
    read_identity,
    write_identity,
)
from ._job import Job, check_policy, read_job, read_policy, schemas
from ._mesh import Limits, TlsMesh, Traffic

__all__ = [
    "SCRYPT_LOG_N",
    "DataTable",
    "Identity",
    "Job",
    "Limits",
    "TlsMesh",
    "Traffic",
    "check_policy",
    "new_identity",
    "read_certificate",
    "read_identity",
    "read_job",
    "read_policy",
    "read_table",
    "schemas",
    "write_identity",
]
