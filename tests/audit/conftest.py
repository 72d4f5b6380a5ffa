# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from support.genuine import consortium_toml


@pytest.fixture
def consortium_file(tmp_path: Path) -> Path:
    """The consortium file of the genuine transcripts' members."""
    path = tmp_path / "consortium.toml"
    path.write_text(consortium_toml())
    return path
