# SPDX-License-Identifier: Apache-2.0
"""Every message that members of a session send each other: its label, who gets it, and what it holds.

The tables of ``spec/online.md``, ``spec/preparation.md`` and ``spec/session.md`` say the same; a test compares them,
and another finds every label that the code sends in this list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["CLAIMS", "MESSAGES", "Message", "Page", "labels"]

Page: TypeAlias = Literal["online", "preparation", "session"]

CLAIMS: Final = (
    "mac-check",
    "advice",
    "assert-zero",
    "gate-check",
    "input-consistency",
    "point-check",
    "row-commitment",
    "sacrifice",
)
"""The names of claims, and of the checks that fail if they are false; the first is settled first."""


@dataclass(frozen=True, slots=True)
class Message:
    """One kind of message, or a sub-protocol of several under one label.

    ``to`` is *all* for a broadcast, *each* for messages that differ by receiver.  ``form`` is ``plain``, ``coins``
    for commit and open, ``check`` for coins and then sums, and ``either`` for a message that is committed to in some
    runs alone.
    """

    page: Page
    label: str
    payload: str
    to: str = "all"
    form: Literal["plain", "coins", "check", "either"] = "plain"

    @property
    def shown(self) -> str:
        """The label as the tables of ``spec/`` write it."""
        if self.form == "coins":
            return f"`{self.label}/commit`, `…/open`"
        return f"`{self.label}/…`" if self.form == "check" else f"`{self.label}`"

    def labels(self) -> Iterator[str]:
        """All labels that its messages carry."""
        if self.form in ("plain", "either"):
            yield self.label
        parts = {"plain": [], "coins": [""], "either": [""], "check": ["/coins", *(f"/{c}" for c in CLAIMS)]}
        for part in parts[self.form]:
            yield f"{self.label}{part}/commit"
            yield f"{self.label}{part}/open"


def _session() -> Iterator[Message]:
    yield Message("session", "hello", "signature, then the hello")
    yield Message("session", "hello/relay", "CBOR array: all n of these messages, as received or sent")
    yield Message("session", "agreement/plan", "plan digest, session id")
    yield Message("session", "agreement/signature", "signature over the session id")
    yield Message("session", "commitment", "the CBOR body of the commitment item")
    yield Message("session", "publication/signature", "signature over the root")


def _preparation() -> Iterator[Message]:
    page: Page = "preparation"
    yield Message(page, "prepare/state", "CBOR map: `epoch`, `replies`, `spans`")
    yield Message(page, "prepare/state/agree", "the n broadcast digests")
    yield Message(page, "prepare/epoch", "coins: the identifier", form="coins")
    yield Message(page, "prepare/epoch/agree", "the n broadcast digests")
    yield Message(page, "prepare/key", "pack(b_i), the key proof")
    yield Message(page, "prepare/mac-key", "pack(Enc_i(α'_i)), the diagonal proof")
    yield Message(page, "prepare/mask", "the reply to Enc_j(α_j) with y = x", "each, from i alone")
    yield Message(page, "prepare/random", "the reply to Enc_j(α_j) with y = x", "each")
    yield Message(page, "prepare/b", "pack(C_u(b)) for u = 1 … U, one proof of plaintext knowledge of all")
    yield Message(
        page,
        "prepare/products",
        "five replies: 2·C_j(b) with y = a, and with â; Enc_j(α_j) with y = a, b, â",
        "each",
    )
    yield Message(page, "prepare/product-macs", "two replies: Enc_j(α_j) with y = c, ĉ", "each")
    yield Message(page, "prepare/sacrifice", "coins: t", form="coins")
    yield Message(page, "prepare/rho", "own share of ρ")
    yield Message(page, "prepare/sacrifice/check", "the check, of `mac-check` and `sacrifice`", form="check")
    yield Message(page, "prepare/bits/difference", "own shares of a - b")
    yield Message(page, "prepare/bits/square", "own shares of a² = c + a·(a - b)")
    yield Message(page, "prepare/bits/check", "the check", form="check")


def _rows(label: str, which: str) -> Iterator[Message]:
    yield Message(
        "online", f"{label}/rows", f"points: commitments to own shares of {which}, and of the mask row"
    )
    yield Message("online", f"{label}/coins", "coins: the combination", form="coins")
    yield Message("online", f"{label}/open", "own shares of the combined row, then of its γ")
    yield Message("online", f"{label}/agree", "the n broadcast digests")


def _hints() -> Iterator[Message]:
    """Shares of the vectors that a step of ``spec/online.md``, "Hints", opens: of d and then e for a product."""
    products = "approach borrow candidates copy equal exchange guess leading normalised remainder selected"
    for step in products.split():
        yield Message("online", f"hint/{step}", "shares of d, then of e, of all products of the step")
    for step in ("coin", "masked", "small"):
        yield Message("online", f"hint/{step}", "shares of what is opened")
    for step in ("inverse", "reciprocal"):
        yield Message("online", f"hint/{step}", "as of a product; then shares of the product")
    yield Message("online", "hint/masks", "own values less own masks")
    yield Message("online", "hint/several", "what several steps broadcast at once, one after the other")
    yield Message(
        "online", "hint/switches", "own settings less own masks; empty from a member that deals none"
    )
    yield Message("online", "hint/zeros", "32 bytes of seed", "each")
    yield Message("online", "hint/check", "the check", form="check")


def _online() -> Iterator[Message]:
    page: Page = "online"
    yield Message(page, "inputs/masked", "own slots and then γ, less own masks")
    yield Message(page, "inputs/zeros", "32 bytes of seed", "each")
    yield from _rows("inputs", "the input rows")
    yield Message(page, "inputs/check", "the check", form="check")
    yield from _hints()
    yield Message(page, "multiply", "shares of d, then of e, of all gates of a layer")
    yield Message(page, "check", "the check of what has become too much", form="check")
    yield Message(page, "proof/coset", "shares of d, then of e, of the products on the coset")
    yield from _rows("witness", "the free and gate rows")
    yield Message(page, "proof/evaluations", "shares of all F, then of all G")
    yield Message(page, "validate", "the check", form="check")
    yield Message(page, "outputs/points", "points: T_{k,i} for every k")
    yield Message(page, "outputs/points/check", "the check", form="check")
    yield Message(page, "outputs/public", "shares of the public outputs")
    yield Message(page, "outputs/private", "shares of outputs less their recipients' masks")
    yield Message(page, "outputs/check", "the check", form="check")
    yield Message(page, "proof/claim", "y_i")
    yield Message(page, "proof/cross", "points: own parts of A and B")
    yield Message(
        page,
        "proof/mask",
        "points: own parts of A* and T; committed to where there are points",
        form="either",
    )
    yield Message(page, "proof/response", "own shares of Z, then of ζ and ω")
    yield Message(page, "proof/agree", "the n broadcast digests")


MESSAGES: Final = (*_session(), *_preparation(), *_online())
"""All kinds of messages, page by page in the order of their tables."""


def labels() -> frozenset[str]:
    """Return every label that a message of a session may carry."""
    return frozenset(label for message in MESSAGES for label in message.labels())
