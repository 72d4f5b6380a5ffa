# SPDX-License-Identifier: Apache-2.0
"""The commitment generators G_0, G_1, ..., H and Q of ``spec/conventions.md``, with a cache on disk."""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

from ..backend import Backend
from ..errors import BackendError, DecodeError
from ._points import Points

__all__ = ["Generators"]

_log = logging.getLogger(__name__)

_SUITE = b"_BLS12381G1_XMD:SHA-256_SSWU_RO_"
_AFFINE_BYTES = 96
_VARIABLE = "TALLYSTICK_CACHE"
_FILE = "generators-v1.bin"

# SHA-256 over the first n generators, each as x then y, 48 bytes big-endian.  Recomputed from py_ecc by
# spec/tools/generator_digests.py, so neither the cache nor a backend is trusted for them.
_DIGESTS = {
    16: "2d4712c55376490190aab0026d7c4ce469db3c28b19d680540c0741b520953f4",
    32: "fe293a84fe3300a4a96193c4781d7ba970ff2234e21a022e4be3e57e5e87f057",
    64: "5166020afefa242b0cf6d811eb52b12e573757bd5c03b6d76c24b2dee287dd35",
    128: "08cda6f189bb76f0d276dfd14d2be568bb90ff76268d195e38770e11213ad651",
    256: "0f8d5733bd1dbbfacec02c61103839755c5ef985c25c566398a5792f09297ac4",
    512: "e9ead3aaa683e25e75d8c944f9ffc1f75f618d0dff120faf6302d7a90d15e7c2",
    1024: "cd796ad0be14ad651a2a4ccc9267238876131508bc2f411ba3c40d2bd0e62794",
    2048: "c0a0d1091ed22fe2d50816d89117108f32123ea14be50b2ed299fa1c3e433095",
    4096: "dfca545f7c5ea778af6d43b26665b0e2acdd91c838bf19efb58e179901e8f918",
    8192: "eb210449fa46761f29b7d9f421600eb6cd09a042ec3bac41e128fc715e11faa7",
    16384: "92d703c54af065975f6df2231faaf460aa2b684e955a076b15791eb31288fc87",
}


@dataclass(frozen=True, slots=True, eq=False)
class Generators:
    """The generators of row commitments: ``count`` points G_i, and H and Q as arrays of one point.

    Nobody knows a relation between them: each is a hash to the curve, which anyone can recompute.  They are
    kept for the life of the process and grow on demand.  A file in the user's cache directory
    (``TALLYSTICK_CACHE`` names another directory, or is ``off``) saves hashing them again; its content counts
    only if its digest equals a constant of this module, so whatever is wrong with it costs only time.
    """

    backend: Backend
    count: int
    g: Points = field(init=False, repr=False)
    h: Points = field(init=False, repr=False)
    q: Points = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.count < 1 << 32:
            raise ValueError(f"the number of generators must lie in [0, 2**32), not {self.count}")
        with _lock:
            known = _known.get(self.backend) or _Known(self.backend)
            _known[self.backend] = known
            known.grow(self.count)
        object.__setattr__(self, "g", known.g[: self.count])
        object.__setattr__(self, "h", known.h)
        object.__setattr__(self, "q", known.q)


class _Known:
    """What this process has computed or loaded for one backend."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.g = Points.identity(backend, 0)
        self.h = _hash(backend, "H", 0, 1)
        self.q = _hash(backend, "Q", 0, 1)

    def grow(self, count: int) -> None:
        """Make sure of ``count`` points of G, by the cache as far as it goes."""
        if count <= len(self.g):
            return
        size = min(_DIGESTS)
        while size < count:
            size *= 2
        path = _cache_file()
        cached = _load(self.backend, path, size) if path else None
        if cached is not None and len(cached) > len(self.g):
            self.g = cached
        if size == len(self.g):
            return
        self.g = Points.concat([self.g, _hash(self.backend, "G", len(self.g), size)])
        if size in _DIGESTS:
            data = self.backend.g1_to_affine(self.g.data)
            if hashlib.sha256(data).hexdigest() != _DIGESTS[size]:
                raise BackendError(
                    f"the {self.backend.name} backend hashes to other generators than the specification's",
                    hint="this build is broken; set TALLYSTICK_BACKEND to the other backend and report it",
                )
            if path:
                _store(path, data)


_known: dict[Backend, _Known] = {}
_lock = threading.Lock()


def _renew_lock() -> None:
    """Unlock in a process just forked: the thread that held the lock, if one did, is not there to release it.

    What it was about to keep is only ever assigned whole, so nothing is half-made.
    """
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def _hash(backend: Backend, kind: str, start: int, stop: int) -> Points:
    """Hash the indices start .. stop - 1 under one kind's tag."""
    dst = b"TALLYSTICK-V1-" + kind.encode() + _SUITE
    return Points.hash(backend, [i.to_bytes(4, "big") for i in range(start, stop)], dst)


def _cache_file() -> Path | None:
    """Return where the cache lives, or None if there is none."""
    chosen = os.environ.get(_VARIABLE)
    if chosen == "off":
        return None
    try:
        return (Path(chosen) if chosen else _user_cache()) / _FILE
    except RuntimeError:  # A user without a home directory.
        return None


def _user_cache() -> Path:
    """Return the platform's directory for this program's caches."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tallystick"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "tallystick" / "Cache"
    # The XDG specification has relative paths ignored.
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (xdg if xdg.is_absolute() else Path.home() / ".cache") / "tallystick"


def _load(backend: Backend, path: Path, size: int) -> Points | None:
    """Return the largest prefix of the file, up to ``size`` points, that a digest vouches for."""
    try:
        with path.open("rb") as file:
            data = file.read(max(_DIGESTS) * _AFFINE_BYTES)
    except OSError:
        return None
    for count in sorted(_DIGESTS, reverse=True):
        if count > size or count * _AFFINE_BYTES > len(data):
            continue
        prefix = data[: count * _AFFINE_BYTES]
        if hashlib.sha256(prefix).hexdigest() == _DIGESTS[count]:
            try:
                return Points(backend, backend.g1_from_trusted_affine(prefix))
            except DecodeError:
                break
    _log.warning("the cached generators in %s are not the right ones and will be replaced", path)
    return None


def _store(path: Path, data: bytes) -> None:
    """Replace the file in one step; a failure only means that the next process hashes again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_FILE, delete=False) as file:
            temporary = Path(file.name)
            try:
                file.write(data)
                file.close()
                temporary.replace(path)
            except OSError:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        _log.info("the generators could not be cached in %s: %s", path, error)
