# SPDX-License-Identifier: Apache-2.0
"""The wheel's name says what is in it: with the native core or without, for every CPython or for one build of it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPILER = shutil.which(os.environ.get("CC", "cc"))

pytestmark = [
    pytest.mark.skipif(int(version("setuptools").split(".")[0]) < 77, reason="building needs setuptools 77"),
    pytest.mark.skipif(not (ROOT / "setup.py").is_file(), reason="this is no source tree"),
]

# The build of a free-threaded interpreter, as far as setuptools and cffi ask for it.
FREE_THREADED = 'import sysconfig; sysconfig.get_config_vars()["Py_GIL_DISABLED"] = 1; '
BUILD = (
    "import runpy, sys; sys.argv = ['setup.py', '-q', 'bdist_wheel', '-d', 'out'];"
    "runpy.run_path('setup.py', run_name='__main__')"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The project with a core that compiles at once: its functions are declared, and nobody calls them."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "native/include", tmp_path / "native/include")
    shutil.copy(ROOT / "native/cffi_build.py", tmp_path / "native")
    (tmp_path / "native/src").mkdir()
    (tmp_path / "native/src/core.c").write_text("int ts_nothing;\n")
    (tmp_path / "src/tallystick/backend").mkdir(parents=True)
    for package in ("tallystick", "tallystick/backend"):
        (tmp_path / "src" / package / "__init__.py").write_text('__version__ = "0"\n')
    return tmp_path


def wheel(tree: Path, compiler: str, before: str = "") -> tuple[str, list[str], str]:
    """Build; return the wheel's tag, its extension modules, and its WHEEL file."""
    done = subprocess.run(
        [sys.executable, "-c", before + BUILD],
        cwd=tree,
        env=os.environ | {"CC": compiler},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = (tree / "out").iterdir()
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
        (described,) = [name for name in names if name.endswith(".dist-info/WHEEL")]
        text = archive.read(described).decode()
    assert "tallystick/backend/__init__.py" in names
    tag = built.stem.split("-", 2)[2]
    assert f"Tag: {tag}\n" in text
    return tag, [name for name in names if name.endswith((".so", ".pyd"))], text


def test_without_a_compiler(tree: Path) -> None:
    tag, extensions, text = wheel(tree, "/bin/false")
    assert tag == "py3-none-any"
    assert not extensions
    assert "Root-Is-Purelib: true\n" in text


@pytest.mark.skipif(COMPILER is None, reason="there is no compiler")
@pytest.mark.skipif(platform.system() != "Linux", reason="the stand-in leaves symbols open")
def test_with_a_compiler(tree: Path) -> None:
    tag, extensions, text = wheel(tree, str(COMPILER))
    assert tag.startswith("cp311-abi3-")
    assert extensions == ["tallystick/backend/_native.abi3.so"]
    assert "Root-Is-Purelib: false\n" in text


@pytest.mark.skipif(COMPILER is None, reason="there is no compiler")
@pytest.mark.skipif(platform.system() != "Linux", reason="the stand-in leaves symbols open")
def test_on_a_free_threaded_interpreter(tree: Path) -> None:
    """It is for that interpreter alone."""
    tag, extensions, _ = wheel(tree, str(COMPILER), FREE_THREADED)
    interpreter = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert tag.split("-")[:2][0] == interpreter and "abi3" not in tag
    (extension,) = extensions
    assert "abi3" not in extension


def test_on_a_free_threaded_interpreter_without_a_compiler(tree: Path) -> None:
    assert wheel(tree, "/bin/false", FREE_THREADED)[0] == "py3-none-any"
