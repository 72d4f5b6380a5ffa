"""What the commands that prepare material have in common."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ..errors import ProtocolAbort

__all__ = ["STORE_FOLDER", "explained", "small_ring_option"]

STORE_FOLDER = "preparation"
"""The folder for prepared material, beside a member's identity."""

small_ring_option = click.option(
    "--insecure-small-ring",
    is_flag=True,
    help="Prepare on a ring by which any member could learn all inputs: for tests.",
)


def explained(error: ProtocolAbort, names: Sequence[str]) -> ProtocolAbort:
    """Say with an abort which check failed and whom the evidence convicts."""
    blamed = f", to blame: {names[error.blame]}" if error.blame is not None else ""
    return ProtocolAbort(
        f"{error.message} (check: {error.check}{blamed})",
        check=error.check,
        blame=error.blame,
        hint=error.hint,
    )
