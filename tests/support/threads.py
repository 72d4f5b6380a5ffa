# SPDX-License-Identifier: Apache-2.0
"""A number of threads for a while, in place of the environment's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tallystick.backend import _threads

__all__ = ["using"]


@contextmanager
def using(threads: int) -> Iterator[None]:
    """Have long calls of the native backend cut over so many threads, by a pool of their own."""
    with patch.dict(os.environ, TALLYSTICK_THREADS=str(threads)), patch.object(_threads, "_pool", None):
        _threads.thread_count.cache_clear()
        try:
            yield
        finally:
            _threads.thread_count.cache_clear()
