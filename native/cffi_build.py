# SPDX-License-Identifier: Apache-2.0
"""The cffi builder of ``tallystick.backend._native`` (API mode, limited API where there is one); setup.py names it.

``native/include/tallystick.h`` is the single source of the interface: cffi reads that very file,
without its preprocessor guards, and the compiler checks the result against it.
"""

from __future__ import annotations

import re
import sysconfig
import zlib
from pathlib import Path

from cffi import FFI

__all__ = ["ffibuilder"]

NATIVE = Path(__file__).resolve().parent
ROOT = NATIVE.parent


HEADER = NATIVE / "include" / "tallystick.h"


def _interface() -> str:
    """Return a line that tells the extension which header it was built with; ``backend/_select.py`` compares."""
    return f"#define TS_INTERFACE {zlib.crc32(HEADER.read_bytes())}\n"


def _declarations() -> str:
    """Return the public header as cffi wants it: without include guards and #include lines."""
    text = HEADER.read_text(encoding="ascii")
    return re.sub(r"^#(ifndef|define TALLYSTICK_H$|include|endif).*$", "", text, flags=re.MULTILINE)


def _relative(pattern: str) -> list[str]:
    """Return the files that match, relative to the project, as setuptools demands."""
    return sorted(path.relative_to(ROOT).as_posix() for path in NATIVE.glob(pattern))


ffibuilder = FFI()
ffibuilder.cdef(_declarations() + _interface())
ffibuilder.set_source(
    "tallystick.backend._native",
    '#include "tallystick.h"\n' + _interface(),
    sources=_relative("src/**/*.c"),
    depends=_relative("**/*.h"),
    include_dirs=["native/include"],
    extra_compile_args=["-std=c11", "-O3", "-g0", "-fvisibility=hidden", "-Wall", "-Wextra"],
    # Free-threaded builds of CPython have no limited API before 3.15.
    py_limited_api=not sysconfig.get_config_var("Py_GIL_DISABLED"),
    # Without a compiler the package installs all the same and runs on the pure backend.
    optional=True,
)
