# SPDX-License-Identifier: Apache-2.0
"""What compilers may use on a code path is what a processor is asked for before the path is chosen."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "native" / "src"
TARGETS = (SOURCES / "util/target.h").read_text(encoding="ascii")
KNOWN = set(re.findall(r'{"([\w.]+)", [17], ', (SOURCES / "cpu/features.h").read_text(encoding="ascii")))

# Macros of a target that name no feature with a CPUID bit of its own: crc32 comes with SSE4.2, the others say how
# AVX-512 is used.
NO_FEATURE = re.compile(r"__(BIGGEST_ALIGNMENT|CRC32|EVEX(256|512))__|__FP_FAST_\w+")


def target(path: str) -> list[str]:
    """Return the features that a path is compiled for."""
    text = re.search(rf"#define TS_{path.upper()}_TARGET((?:.*\\\n)*.*)", TARGETS)
    assert text
    return "".join(re.findall(r'"([^"]*)"', text[1])).split(",")


def macros(compiler: str, features: list[str]) -> set[str]:
    """Return the macros that a compiler defines for a target with these features."""
    command = [compiler, *(f"-m{name}" for name in features), "-dM", "-E", "-x", "c", "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {line.split()[1] for line in done.stdout.splitlines()}


@pytest.mark.parametrize("path", ["adx", "ifma"])
def test_every_feature_of_a_path_is_asked_for(path: str) -> None:
    assert len(target(path)) > 10
    assert set(target(path)) <= KNOWN


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the features are x86-64's")
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("path", ["adx", "ifma"])
def test_no_feature_is_implied_unseen(compiler: str, path: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not installed")
    named = {f"__{name.upper().replace('.', '_')}__" for name in target(path)}
    allowed = {
        m for m in macros(compiler, target(path)) - macros(compiler, []) if not NO_FEATURE.fullmatch(m)
    }
    assert allowed == named
