# SPDX-License-Identifier: Apache-2.0
"""``python -m tallystick``: the ``tallystick`` command."""

from __future__ import annotations

from .cli import main

main()
