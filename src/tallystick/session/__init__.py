# SPDX-License-Identifier: Apache-2.0
"""One member's side of a run: its identity, its connections, and what it agreed to."""

from __future__ import annotations

from ._data import DataTable, read_table
from ._dumps import forbid_dumps, wipe
from ._events import PHASES, Observer, PhaseCost
from ._identity import (
    SCRYPT_LOG_N,
    Identity,
    new_identity,
    read_certificate,
    read_identity,
    write_identity,
    write_new,
)
from ._job import Job, read_job, read_policy, schemas
from ._mesh import Limits, TlsMesh, Traffic
from ._preparation import INSECURE_WARNING, choose_preparation
from ._prepare import Filling, Preparing, Stocked, prepare_member
from ._rotation import check_rotation, make_rotation, read_rotation
from ._run import Node, Outcome, run_member

__all__ = [
    "INSECURE_WARNING",
    "PHASES",
    "SCRYPT_LOG_N",
    "DataTable",
    "Filling",
    "Identity",
    "Job",
    "Limits",
    "Node",
    "Observer",
    "Outcome",
    "PhaseCost",
    "Preparing",
    "Stocked",
    "TlsMesh",
    "Traffic",
    "check_rotation",
    "choose_preparation",
    "forbid_dumps",
    "make_rotation",
    "new_identity",
    "prepare_member",
    "read_certificate",
    "read_identity",
    "read_job",
    "read_policy",
    "read_rotation",
    "read_table",
    "run_member",
    "schemas",
    "wipe",
    "write_identity",
    "write_new",
]
