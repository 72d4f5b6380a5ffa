"""What the commands that prepare material have in common."""

from __future__ import annotations

import click

__all__ = ["STORE_FOLDER", "small_ring_option"]

STORE_FOLDER = "preparation"
"""The folder for prepared material, beside a member's identity."""

small_ring_option = click.option(
    "--insecure-small-ring",
    is_flag=True,
    help="Prepare on a ring by which any member could learn all inputs: for tests.",
)
