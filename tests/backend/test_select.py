# SPDX-License-Identifier: Apache-2.0
"""Which backend is chosen, and what is said when the native one is absent."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

from tallystick.backend import Backend, _select, get_backend, native_available
from tallystick.errors import BackendError


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which the extension does not load."""
    monkeypatch.delenv("TALLYSTICK_BACKEND", raising=False)
    monkeypatch.setattr(_select, "_native_fault", lambda: "No module named 'tallystick.backend._native'")
    monkeypatch.setattr(_select, "_load", _select._load.__wrapped__)
    _select._warn_pure.cache_clear()


def test_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYSTICK_BACKEND", "nonsense")
    assert get_backend("pure").name == "pure"
    assert get_backend("pure") is get_backend("pure")
    assert get_backend("pure").cpu == "python"


def test_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYSTICK_BACKEND", "pure")
    assert get_backend() is get_backend("pure")


def test_native_is_the_default(native: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        if value is None:
            monkeypatch.delenv("TALLYSTICK_BACKEND", raising=False)
        else:
            monkeypatch.setenv("TALLYSTICK_BACKEND", value)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert get_backend() is native
    assert native.name == "native"


@pytest.mark.parametrize("name", ["nonsense", "Pure", "native ", "_native"])
def test_an_unknown_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BackendError) as caught:
        get_backend(name)
    assert repr(name) in str(caught.value) and caught.value.hint
    monkeypatch.setenv("TALLYSTICK_BACKEND", name)
    with pytest.raises(BackendError):
        get_backend()


@pytest.mark.usefixtures("absent")
def test_without_the_native_core() -> None:
    assert not native_available()
    with pytest.raises(BackendError, match="not available") as caught:
        get_backend("native")
    assert caught.value.hint and "compiler" in caught.value.hint
    with pytest.warns(RuntimeWarning, match="pure Python backend") as said:
        assert get_backend().name == "pure"
        assert get_backend().name == "pure"
    assert len(said) == 1


def test_a_choice_of_pure_is_silent_and_needs_no_extension() -> None:
    """In a process of its own: nothing native may be imported by asking for the pure backend."""
    code = (
        "import sys; from tallystick.backend import get_backend; assert get_backend().name == 'pure';"
        "assert not [m for m in sys.modules if m.startswith('tallystick.backend._native')]"
    )
    environment = os.environ | {
        "TALLYSTICK_BACKEND": "pure",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_every_operation_has_the_protocols_signature(backend: Backend) -> None:
    """isinstance() cannot check signatures, and mypy does not see what is loaded by name."""
    operations = {k: v for k, v in vars(Backend).items() if not k.startswith("_")}
    assert len(operations) > 40
    for name, wanted in operations.items():
        if isinstance(wanted, property):
            assert isinstance(getattr(backend, name), str)
            continue
        got = inspect.signature(getattr(type(backend), name)).parameters.values()
        want = inspect.signature(wanted).parameters.values()
        assert [(p.name, p.kind, p.default) for p in got] == [(p.name, p.kind, p.default) for p in want], name


@pytest.mark.parametrize("lib", [object(), SimpleNamespace(TS_INTERFACE=1)])
def test_a_core_built_from_other_sources(lib: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named as such, whoever asks for it and however, and the slow backend does not stand in for it."""
    monkeypatch.delenv("TALLYSTICK_BACKEND", raising=False)
    header = Path(_select.__file__).resolve().parents[3] / "native" / "include" / "tallystick.h"
    if isinstance(lib, SimpleNamespace) and not header.is_file():
        pytest.skip("the package is installed, so there is no header to compare with")
    monkeypatch.setattr(_select.importlib, "import_module", lambda *_: SimpleNamespace(lib=lib))
    monkeypatch.setattr(_select, "_native_fault", _select._native_fault.__wrapped__)
    monkeypatch.setattr(_select, "_load", _select._load.__wrapped__)
    for ask in (get_backend, lambda: get_backend("native"), native_available):
        with pytest.raises(BackendError, match="built from other sources") as caught:
            ask()
        assert "reinstall" in str(caught.value.hint)
    assert get_backend("pure").name == "pure"
