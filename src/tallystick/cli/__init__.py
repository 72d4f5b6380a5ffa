# SPDX-License-Identifier: Apache-2.0
"""The ``tallystick`` command."""

from __future__ import annotations

from ._group import main

__all__ = ["main"]
