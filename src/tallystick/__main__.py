"""``python -m tallystick``: the ``tallystick`` command."""

from __future__ import annotations

from .cli import main

main()
