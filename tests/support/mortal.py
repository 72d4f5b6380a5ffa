# SPDX-License-Identifier: Apache-2.0
"""``tallystick`` in a process that kills itself at a given point, and that keeps a record of every item it gave out.

    python mortal.py RECORD POINT DELAY ARGUMENTS...

A point is the beginning of an SQL statement of the store, or a message sent or waited for.  At point number POINT
(none if 0) the process is killed by SIGKILL, at once or after DELAY milliseconds.  RECORD gets a line for every take,
written after the store's commit and before the caller has the items, and the number of points at the end.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from functools import wraps
from typing import Any

from tallystick.cli import main
from tallystick.offline import Store
from tallystick.session import TlsMesh

RECORD, POINT, DELAY = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
record = os.open(RECORD, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
points = 0
lock = threading.Lock()


def die() -> None:
    time.sleep(DELAY / 1000)
    os.kill(os.getpid(), signal.SIGKILL)


def point(*_: Any) -> None:
    global points
    with lock:
        points += 1
        struck = points == POINT
    if struck and DELAY:
        threading.Thread(target=die, daemon=True).start()
    elif struck:
        os.kill(os.getpid(), signal.SIGKILL)


def watched(connect: Any) -> Any:
    @wraps(connect)
    def watching(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)
        connection.set_trace_callback(point)
        return connection

    return watching


def recorded(take: Any) -> Any:
    @wraps(take)
    def recording(self: Any, kind: str, n: int) -> Any:
        first, _ = self.span(kind)
        (identifier,) = self._db.execute("SELECT identifier FROM epoch").fetchone()
        pieces = take(self, kind, n)
        os.write(record, f"take {bytes(identifier).hex()} {kind} {first} {first + n}\n".encode())
        return pieces

    return recording


def counted(method: Any) -> Any:
    @wraps(method)
    async def counting(*args: Any, **kwargs: Any) -> Any:
        point()
        return await method(*args, **kwargs)

    return counting


sqlite3.connect = watched(sqlite3.connect)
Store.take = recorded(Store.take)  # type: ignore[method-assign]
for name in ("broadcast", "exchange", "send", "receive"):
    setattr(TlsMesh, name, counted(getattr(TlsMesh, name)))

try:
    main(sys.argv[4:])
finally:
    os.write(record, f"points {points}\n".encode())
