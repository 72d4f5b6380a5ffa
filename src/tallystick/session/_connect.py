# SPDX-License-Identifier: Apache-2.0
"""How the connections of a run come to be: every member opens one to every other, and accepts one from each.

Members start at different times, so opening is retried until a deadline.  An authenticated connection begins
with one greeting in each direction, which binds it to the run's list of members and brings a nonce.  A stranger at
the listening port is turned away and changes nothing.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from .. import encoding
from ..errors import DecodeError, ProtocolAbort, UsageError, explaining
from ..record import Consortium, Member, list_digest, parse_address
from ._identity import Identity
from ._tls import client_context, peer_fingerprint, server_context, tune
from ._wire import BadFrame, Frame, Kind, read_frame, write_frame

__all__ = ["Connector", "bind", "describe", "own_address"]

_RETRY_AFTER = 0.2
_HANDSHAKE = 10.0
_MAX_GREETING = 4096
_MAX_HANDSHAKES = 256
_PROTOCOL = "tallystick/mesh/3"
_NONCE_BYTES = 32

_CERTIFICATE_ALERTS = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_REQUIRED", "CERTIFICATE_EXPIRED")
"""Alerts by which a peer says that it does not accept this member's certificate."""


def bind(address: str) -> socket.socket:
    """Listen at ``host:port``; ``UsageError`` says why it cannot be."""
    host, port = parse_address(address)
    hint = "--listen HOST:PORT listens elsewhere than at the address in the consortium file"
    with explaining(f"cannot listen at {address}", hint=hint):
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)


def own_address(consortium: Consortium, identity: Identity) -> str:
    """Return this member's address if the identity is the one that the consortium file pins."""
    member = consortium.member(identity.name)
    if member.certificate != identity.certificate:
        raise UsageError(
            f"the identity of {identity.name} has the fingerprint {identity.fingerprint}, "
            "which is not the one in the consortium file",
            hint="use the identity whose entry the others have, or give all of them the new entry",
        )
    return member.address


class Connector:
    """One member's part in connecting a run.

    ``opened(j, sock)`` and ``accepted(j, sock)`` take each connection as it is ready, ``failed(error)`` what
    makes the run impossible, ``remark(text)`` what its operator may want to know.  All are called in threads.
    ``nonces`` are those with which the members have greeted, by party, this one's own among them.
    """

    def __init__(
        self,
        identity: Identity,
        members: Sequence[Member],
        index: int,
        *,
        deadline: float,
        opened: Callable[[int, ssl.SSLSocket], None],
        accepted: Callable[[int, ssl.SSLSocket], None],
        failed: Callable[[ProtocolAbort], None],
        remark: Callable[[str], None],
    ) -> None:
        peers = [member for j, member in enumerate(members) if j != index]
        self._members = members
        self._index = index
        self._client = client_context(identity, peers)
        self._server = server_context(identity, peers)
        self.nonces = {index: secrets.token_bytes(_NONCE_BYTES)}
        self._by_fingerprint = {m.fingerprint: j for j, m in enumerate(members) if j != index}
        self._run = list_digest(members)
        self._seconds = deadline
        self._deadline = time.monotonic() + deadline
        self._opened = opened
        self._accepted = accepted
        self._failed = failed
        self._remark = remark
        self._stopped = threading.Event()
        self._handshakes = threading.BoundedSemaphore(_MAX_HANDSHAKES)

    def start(self, listener: socket.socket) -> None:
        """Begin to accept at ``listener`` and to open connections to all other members."""
        self._accepting = threading.Thread(target=self._accept, args=(listener,), name="accept", daemon=True)
        self._accepting.start()
        for j, member in enumerate(self._members):
            if j != self._index:
                threading.Thread(
                    target=self._dial, args=(j,), name=f"dial {member.name}", daemon=True
                ).start()

    def stop(self) -> None:
        """Stop accepting and opening; connections handed over stay."""
        self._stopped.set()

    def wait(self) -> None:
        """After ``stop``: return once nothing listens any more, so that the next run can."""
        self._accepting.join()

    # ------------------------------------------------------------------ opening
    def _dial(self, j: int) -> None:
        reason = "no attempt succeeded"
        while not self._stopped.is_set():
            left = self._deadline - time.monotonic()
            if left <= 0:
                self._fail(j, "deadline", f"cannot be reached within {self._seconds:g} s: {reason}")
                return
            try:
                self._opened(j, self._open(j, min(left, _HANDSHAKE)))
                return
            except ProtocolAbort as error:
                self._failed(error)
                return
            except (OSError, BadFrame) as error:
                reason = describe(error)
            self._stopped.wait(_RETRY_AFTER)

    def _open(self, j: int, timeout: float) -> ssl.SSLSocket:
        raw = socket.create_connection(self._members[j].endpoint, timeout=timeout)
        raw.settimeout(_HANDSHAKE)
        with _closing_on_error(raw):
            tune(raw)
            try:
                sock = self._client.wrap_socket(raw)
            except ssl.SSLCertVerificationError as error:
                raise self._wrong_certificate(j, error.verify_message) from error
        with _closing_on_error(sock):
            found = self._by_fingerprint.get(peer_fingerprint(sock))
            if found != j:
                who = "nobody in this run" if found is None else self._members[found].name
                raise self._wrong_certificate(j, f"the certificate is that of {who}")
            write_frame(sock, Kind.GREETING, 0, "", self._greeting(j))
            try:
                answer = read_frame(sock, limit=_MAX_GREETING)
            except ssl.SSLError as error:
                if any(alert in str(error.reason) for alert in _CERTIFICATE_ALERTS):
                    text = "refuses this member's certificate"
                    raise self._abort(j, "certificate", text, "compare the consortium files") from error
                raise
            if answer is None:
                raise ConnectionError("the connection was closed during the handshake")
            self._check_greeting(j, answer)
            return sock

    def _wrong_certificate(self, j: int, why: str) -> ProtocolAbort:
        return self._abort(
            j,
            "certificate",
            f"is not what answers at {self._members[j].address}: {why}",
            "compare the address and the fingerprint in the consortium file with the member's own",
        )

    # ------------------------------------------------------------------ accepting
    def _accept(self, listener: socket.socket) -> None:
        listener.settimeout(_RETRY_AFTER)
        with listener:
            while not self._stopped.is_set():
                try:
                    raw, address = listener.accept()
                except TimeoutError:
                    continue
                except OSError as error:
                    self._remark(f"accepting connections failed: {describe(error)}")
                    return
                if not self._handshakes.acquire(blocking=False):
                    raw.close()
                    continue
                where = str(address[0])
                threading.Thread(target=self._greet, args=(raw, where), name="greet", daemon=True).start()

    def _greet(self, raw: socket.socket, where: str) -> None:
        try:
            raw.settimeout(_HANDSHAKE)
            with _closing_on_error(raw):
                tune(raw)
                sock = self._server.wrap_socket(raw, server_side=True)
            with _closing_on_error(sock):
                j = self._by_fingerprint[peer_fingerprint(sock)]
                greeting = read_frame(sock, limit=_MAX_GREETING)
                if greeting is None:
                    raise ConnectionError("the connection was closed during the handshake")
                # The answer goes out first, so that both sides learn of a difference.
                write_frame(sock, Kind.GREETING, 0, "", self._greeting(j))
                self._check_greeting(j, greeting)
                self._accepted(j, sock)
        except ProtocolAbort as error:
            self._failed(error)
        except (OSError, BadFrame, KeyError) as error:
            self._remark(f"turned away a connection from {where}: {describe(error)}")
        finally:
            self._handshakes.release()

    # ------------------------------------------------------------------ greetings
    def _greeting(self, receiver: int) -> bytes:
        return encoding.dumps([_PROTOCOL, self._run, self._index, receiver, self.nonces[self._index]])

    def _check_greeting(self, j: int, frame: Frame) -> None:
        nonce = self._nonce(j, frame)
        if nonce is None:
            raise self._abort(
                j,
                "greeting",
                "takes part in a run of other members, in another order, or of another version",
                "all members use the same job and consortium files, and the same version",
            )
        if self.nonces.setdefault(j, nonce) != nonce:
            raise self._abort(j, "greeting", "greeted this member with two different nonces", None)

    def _nonce(self, j: int, frame: Frame) -> bytes | None:
        """Return the nonce of a greeting for this run and member, None if it is none."""
        try:
            value = encoding.loads(frame.payload, max_size=_MAX_GREETING, what="greeting")
            *said, nonce = encoding.expect_array(value, "greeting", length=5)
            if frame.kind is Kind.GREETING and said == [_PROTOCOL, self._run, j, self._index]:
                return encoding.expect_bytes(nonce, "greeting: nonce", length=_NONCE_BYTES)
        except DecodeError:
            pass
        return None

    def _fail(self, j: int, check: str, text: str) -> None:
        self._failed(self._abort(j, check, text, None))

    def _abort(self, j: int, check: str, text: str, hint: str | None) -> ProtocolAbort:
        return ProtocolAbort.by(j, text, check=check, names=[m.name for m in self._members], hint=hint)


@contextlib.contextmanager
def _closing_on_error(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise


def describe(error: Exception) -> str:
    """Say in a few words why a connection failed."""
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error}"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    if isinstance(error, KeyError):
        return "a certificate of nobody in this run"
    return str(error)
