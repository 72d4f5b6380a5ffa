"""The process in which an auditor traces a program: ``python -m tallystick.audit._tracer DESCRIPTOR``.

A request comes on standard input, the answer goes to the descriptor: ``["plan", bytes]``, or the kind of error with
message and hint.  Whatever else the program does to this process, no answer is one that says nothing.
"""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

from ..encoding import Value, dumps, expect_array, expect_map, expect_text, loads
from ..errors import TallystickError, UnfinishedError
from ..plan import Column, MemberSchema, load_program, trace
from ..record import Table

__all__ = ["main"]

_MOST_REQUEST = 1 << 26
_MOST_MEMORY = 1 << 33


def main(descriptor: int) -> None:
    """Read the request, trace, answer."""
    with suppress(ValueError, OSError):  # Where the system has no such limit, the machine's memory is one.
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    request = expect_map(
        loads(sys.stdin.buffer.read(), max_size=_MOST_REQUEST, what="request"),
        "request",
        required=("path", "function", "members"),
    )
    answer = dumps(_traced(request))
    with os.fdopen(descriptor, "wb") as replies:
        replies.write(answer)


def _traced(request: dict[str, Value]) -> list[Value]:
    path = Path(expect_text(request["path"], "path"))
    function = None if request["function"] is None else expect_text(request["function"], "function")
    try:
        program = load_program(path, function)
    except TallystickError as error:
        return _failure("unfinished" if isinstance(error, UnfinishedError) else "usage", error)
    try:
        return [
            "plan",
            trace(program, [_schema(m) for m in expect_array(request["members"], "members")]).to_bytes(),
        ]
    except TallystickError as error:
        return _failure("unfinished" if isinstance(error, UnfinishedError) else "trace", error)


def _failure(kind: str, error: TallystickError) -> list[Value]:
    return [kind, [_text(error.message), _text(error.hint or "")]]


def _text(text: str) -> str:
    """Return the text without what UTF-8 cannot write."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _schema(value: Value) -> MemberSchema:
    name, body = expect_array(value, "member", length=2)
    table = Table.from_body(body, "table")
    columns = {c.name: Column(c.low, c.high, c.decimals) for c in table.columns}
    return MemberSchema(expect_text(name, "name"), table.rows, columns)


if __name__ == "__main__":
    main(int(sys.argv[1]))
