# SPDX-License-Identifier: Apache-2.0
"""A program that kills whoever traces it."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from tallystick.record import Terms


@dataclass(frozen=True)
class Deadly:
    """Kills the process that traces it, unless that is ``spared``."""

    spared: int

    def plan_bytes(self, terms: Terms, *, seconds: float | None = None) -> bytes:
        """See ``Source``."""
        assert os.getpid() != self.spared
        os.kill(os.getpid(), signal.SIGKILL)
        return b""
