# SPDX-License-Identifier: Apache-2.0
"""The figures that spec pages state are those that their scripts compute."""

from __future__ import annotations

import subprocess
import sys

from support.spec_vectors import ROOT


def test_knowledge_error():
    script = ROOT / "tools" / "knowledge_error.py"
    run = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
