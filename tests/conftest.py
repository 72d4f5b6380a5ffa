# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every room: both backends, and seeded randomness."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tallystick.algebra import Random
from tallystick.backend import Backend, get_backend, native_available

# The suite leaves the user's own cache alone; subprocesses inherit this.  The content is digest-checked.
os.environ.setdefault("TALLYSTICK_CACHE", str(Path(tempfile.gettempdir()) / "tallystick-test-cache"))

# A machine under load must not fail a test by its slowness; few examples keep the suite
# fast, and --hypothesis-profile=thorough runs many.
settings.register_profile("tallystick", deadline=None, max_examples=25)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile("tallystick")


def native_or_skip() -> Backend:
    """Return the native backend; without it skip, or fail where the environment says it must exist."""
    if not native_available() and os.environ.get("TALLYSTICK_REQUIRE_NATIVE") != "1":
        pytest.skip("the native core is not built; TALLYSTICK_REQUIRE_NATIVE=1 makes this an error")
    return get_backend("native")


@pytest.fixture(scope="session")
def pure() -> Backend:
    """The pure backend."""
    return get_backend("pure")


@pytest.fixture(scope="session")
def native() -> Backend:
    """The native backend."""
    return native_or_skip()


@pytest.fixture(scope="session", params=["pure", "native"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each backend in turn."""
    return native_or_skip() if request.param == "native" else get_backend("pure")


@pytest.fixture(scope="session")
def fastest() -> Backend:
    """The native backend where it is built, else the pure one: for whole protocols, which are the same on both."""
    return native_or_skip() if native_available() else get_backend("pure")


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Random:
    """Randomness that depends on the test's name alone, so a failure repeats."""
    return Random(hashlib.sha256(request.node.nodeid.encode()).digest())
