# SPDX-License-Identifier: Apache-2.0
"""The confined process that runs a program's file.

It gets the source, the function's name and what is public about the tables on its standard input, and says on its
standard output what came of it, both in CBOR; what the program prints goes to its standard error.  Keys, data and the
environment stay with the parent (``_source``).
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from ..encoding import (
    Value,
    dumps,
    expect_array,
    expect_bool,
    expect_bytes,
    expect_int,
    expect_map,
    expect_text,
    loads,
)
from ..errors import ProgramError, UnfinishedError, UsageError
from ..plan import Column, MemberSchema
from ._confine import ConfinementError, confine, limit
from ._program import run_source, trace

__all__ = ["MAX_REQUEST", "UNCONFINED", "main"]

MAX_REQUEST = 1 << 25
UNCONFINED = "unconfined"
"""The answer of a child that cannot confine itself and was not told to go on."""


def main() -> None:
    """Answer the request on standard input."""
    answer = os.dup(1)
    os.dup2(2, 1)
    importlib.import_module("..lib", __package__)  # The operators of secrets are the library's.
    request = sys.stdin.buffer.read()
    reply = _answer(request)
    sys.stdout.flush()
    with os.fdopen(answer, "wb") as file:
        file.write(dumps(reply))


def _answer(request: bytes) -> dict[str, Value]:
    fields = expect_map(
        loads(request, max_size=MAX_REQUEST, max_values=1 << 22, what="request"),
        "request",
        required=("path", "source", "function", "unconfined", "members"),
    )
    path = Path(expect_text(fields["path"], "path", max_length=4096))
    source = expect_bytes(fields["source"], "source")
    function = None if fields["function"] is None else expect_text(fields["function"], "function")
    members = None if fields["members"] is None else _members(fields["members"])
    confined = True
    try:
        confine()
    except ConfinementError as error:
        if not expect_bool(fields["unconfined"], "unconfined"):
            return {"refused": UNCONFINED, "why": str(error)}
        confined = False
        limit()
    try:
        program = run_source(source, path, function)
        plan = None if members is None else trace(program, members).to_bytes()
        return {"confined": confined, "name": program.name, "plan": plan}
    except ProgramError as error:
        return {"refused": "program", "what": error.what, "where": error.where, "hint": error.hint}
    except UnfinishedError as error:
        return {"refused": "unfinished", "what": error.message, "where": None, "hint": error.hint}
    except UsageError as error:
        return {"refused": "usage", "what": error.message, "where": None, "hint": error.hint}


def _members(value: Value) -> list[MemberSchema]:
    """Return the schemas that ``_source`` wrote: name, rows, and name, low, high and decimals of each column."""
    found = []
    for item in expect_array(value, "members"):
        name, rows, columns = expect_array(item, "member", length=3)
        known = {}
        for entry in expect_array(columns, "columns"):
            column, low, high, decimals = expect_array(entry, "column", length=4)
            least, most = (int(expect_text(end, "range", max_length=200)) for end in (low, high))
            known[expect_text(column, "column")] = Column(least, most, expect_int(decimals, "decimals"))
        found.append(MemberSchema(expect_text(name, "name"), expect_int(rows, "rows"), known))
    return found
