# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tallystick.algebra import Generators
from tallystick.backend import Backend


@pytest.fixture
def generators(backend: Backend) -> Generators:
    return Generators(backend, 64)
