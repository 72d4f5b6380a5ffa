# SPDX-License-Identifier: Apache-2.0
"""TLS 1.3 between members: both sides authenticated, each pinned to the certificate in the consortium file.

The certificates are self-signed, so they are their own trust anchors: a context trusts exactly the members of
the run, and after the handshake the certificate presented must be the one of the member expected there.  Host
names mean nothing here and are not checked.
"""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime

from ..errors import UsageError
from ..record import Member
from ._identity import Identity, load_identity_chain

__all__ = ["check_validity", "client_context", "peer_fingerprint", "server_context", "tune"]


def check_validity(members: Sequence[Member], now: datetime | None = None) -> None:
    """Refuse certificates that are not valid now, naming the member: TLS would only say that it failed."""
    now = now or datetime.now(UTC)
    for member in members:
        first, last = member.validity
        if now < first:
            raise UsageError(
                f"{member.name}'s certificate is valid from {first:%Y-%m-%d %H:%M} UTC on, not yet"
            )
        if now > last:
            raise UsageError(
                f"{member.name}'s certificate expired on {last:%Y-%m-%d}",
                hint="the member makes a new identity and gives its new entry to all others",
            )


def client_context(identity: Identity, peers: Sequence[Member]) -> ssl.SSLContext:
    """The context in which this member opens connections to ``peers``."""
    return _context(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), identity, peers)


def server_context(identity: Identity, peers: Sequence[Member]) -> ssl.SSLContext:
    """The context in which this member accepts connections of ``peers``."""
    context = _context(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), identity, peers)
    # A client that only writes would never read a session ticket, and no session is ever resumed.
    context.num_tickets = 0
    return context


def peer_fingerprint(sock: ssl.SSLSocket) -> bytes:
    """SHA-256 of the certificate that the peer presented and proved to hold the key of."""
    certificate = sock.getpeercert(binary_form=True)
    if certificate is None:
        raise ssl.SSLError("the peer presented no certificate")
    return hashlib.sha256(certificate).digest()


def tune(sock: socket.socket) -> None:
    """Send small messages at once."""
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _context(context: ssl.SSLContext, identity: Identity, peers: Sequence[Member]) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata="".join(peer.pem for peer in peers))
    load_identity_chain(identity, context)
    return context
