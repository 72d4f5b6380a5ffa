# SPDX-License-Identifier: Apache-2.0
"""Which backend to use: the caller's choice, else the environment's, else the fastest that loads."""

from __future__ import annotations

import importlib
import os
import warnings
import zlib
from functools import cache
from pathlib import Path
from typing import cast

from ..errors import BackendError
from ._protocol import Backend

__all__ = ["get_backend", "native_available"]

_VARIABLE = "TALLYSTICK_BACKEND"
_INSTALL = (
    "install a C compiler and the Python headers, then reinstall tallystick to build the native core "
    "(pip install --force-reinstall --no-deps --no-cache-dir, or pip takes the wheel it built before)"
)


@cache
def _native_fault() -> str | None:
    """Return why the extension module does not import, or None if it does.

    Raises BackendError for one that imports but was built from other sources than these: that is no machine without a
    compiler, and the slow backend in its place would only hide it.
    """
    try:
        native = importlib.import_module("._native", __package__)
    except ImportError as error:
        return str(error)
    if _is_stale(native.lib):
        raise BackendError(
            "the native core was built from other sources than the installed Python code",
            hint="reinstall tallystick to build it again (in a source tree: pip install -e .)",
        )
    return None


def _is_stale(lib: object) -> bool:
    """Whether the extension was built with another header than the one of this source tree, where this is one."""
    built = getattr(lib, "TS_INTERFACE", None)
    tree = Path(__file__).resolve().parents[3]
    header = tree / "native" / "include" / "tallystick.h"
    return built is None or (header.is_file() and built != zlib.crc32(header.read_bytes()))


def native_available() -> bool:
    """Whether the native core was built and loads on this machine; BackendError if it is a stale one."""
    return _native_fault() is None


@cache
def _load(name: str) -> Backend:
    """Return the one instance of a backend; imports are lazy so that each works without the other."""
    if name == "pure":
        from ._pure import PureBackend

        return PureBackend()
    if name == "native":
        fault = _native_fault()
        if fault is not None:
            raise BackendError(f"the native backend is not available: {fault}", hint=_INSTALL)
        module = importlib.import_module("._native_backend", __package__)
        return cast(Backend, module.NativeBackend())
    raise BackendError(f"no backend is called {name!r}", hint="choose native or pure")


@cache
def _warn_pure() -> None:
    """Say once a process that the slow backend was chosen for lack of the fast one."""
    warnings.warn(
        "the native core is not available, so tallystick uses its pure Python backend: "
        f"hundreds of times slower, and not constant time; {_INSTALL}",
        RuntimeWarning,
        stacklevel=3,
    )


def get_backend(name: str | None = None) -> Backend:
    """Return the backend called ``name``, ``native`` or ``pure``; instances are shared.

    Without a name the environment variable ``TALLYSTICK_BACKEND`` decides; without that, the native
    backend is used where it loads, else the pure one, with a warning.  Raises BackendError for an
    unknown name, and when the native backend is asked for but absent.
    """
    chosen = name if name is not None else os.environ.get(_VARIABLE) or None
    if chosen is None:
        if native_available():
            return _load("native")
        _warn_pure()
        return _load("pure")
    return _load(chosen)
