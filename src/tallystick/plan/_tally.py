"""What sub-protocols of the online phase take and send, counted by walking through their steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

__all__ = [
    "ADVICE",
    "COMBINATIONS",
    "COMBINED",
    "FEW",
    "MAC",
    "PENDING_LIMIT",
    "Message",
    "Pending",
    "Tally",
    "borrow_levels",
    "side_by_side",
]

MAC = "mac-check"
ADVICE = "advice"

PENDING_LIMIT = 1 << 22
"""More elements opened or claimed than this set off a check by themselves."""

FEW = 16
"""Up to so many values, borrows are found in a logarithmic number of rounds, for more products."""

COMBINATIONS = 80
"""Random sums that show that truncated values are integers: each misses one that is not with probability 1/2."""

COMBINED = 1 << 10
"""At most so many values enter one such sum."""


def borrow_levels(k: int) -> list[list[tuple[int, int]]]:
    """Return, level by level, which places (upper, lower) are combined to know all borrows of k digits.

    Sklansky's prefix tree over the places 0 … k-2: afterwards each knows whether it makes a borrow.  At level l
    the places below 2^(l+1) are finished; the others also need to know whether they pass one on.
    """
    places = range(k - 1)
    depth = max(k - 2, 0).bit_length()
    return [[(i, (i >> level << level) - 1) for i in places if i >> level & 1] for level in range(depth)]


@dataclass(slots=True)
class Pending:
    """What the next check will find, by the names of the claims; ``held`` counts their elements.

    More than ``limit`` of them are checked as soon as a message has been dealt with.  ``checks`` lists how many claims
    each check had.
    """

    limit: int = PENDING_LIMIT
    names: set[str] = field(default_factory=set)
    held: int = 0
    checks: list[int] = field(default_factory=list)

    def claim(self, name: str, n: int) -> None:
        """Have the next check cover n elements."""
        if n:
            self.names.add(name)
            self.held += n

    def check(self) -> None:
        """Check what is pending, if anything is."""
        if self.names:
            self.checks.append(len(self.names))
            self.names.clear()
            self.held = 0

    def check_excess(self) -> None:
        """Check if more is pending than may be."""
        if self.held > self.limit:
            self.check()


@dataclass(slots=True)
class Message:
    """What every member broadcasts in one round, in field elements, and what is then claimed, by name."""

    size: int = 0
    claims: dict[str, int] = field(default_factory=dict)

    def claim(self, name: str, n: int) -> None:
        """Claim n elements."""
        if n:
            self.claims[name] = self.claims.get(name, 0) + n

    def join(self, other: Message) -> None:
        """Send another message with this one."""
        self.size += other.size
        for name, n in other.claims.items():
            self.claim(name, n)


@dataclass(slots=True)
class Tally:
    """The material and the messages of a sub-protocol (``spec/online.md``, "Hints").

    ``masks`` counts those of every member.  ``stages`` holds the messages between the checks that the sub-protocol
    asks for, of which there is one between any two stages, if anything is pending then.  ``dealt`` counts what single
    members share, by member: each takes as many of its masks, and all exchange seeds of zeros with it.  ``masked``
    counts how often digits are found or cut off by opening under masks.  ``largest`` is the size of the greatest
    message, or the number of digits that are found at once, if that is more.
    """

    triples: int = 0
    bits: int = 0
    randoms: int = 0
    masks: int = 0
    stages: list[list[Message]] = field(default_factory=lambda: [[]])
    dealt: dict[int, int] = field(default_factory=dict)
    masked: int = 0
    largest: int = 0

    def send(self, n: int) -> None:
        """Broadcast n values in one round."""
        if n:
            self.stages[-1].append(Message(n))
            self.largest = max(self.largest, n)

    def open(self, n: int) -> None:
        """Open n values in one round."""
        self.send(n)
        self.claim(MAC, n)

    def claim(self, name: str, n: int) -> None:
        """Have the next check cover n elements that follow from what was sent last."""
        if n:
            self.stages[-1][-1].claim(name, n)

    def multiply(self, n: int) -> None:
        """Multiply n pairs in one round."""
        self.triples += n
        self.open(2 * n)

    def deal(self, member: int, n: int) -> None:
        """Let one member share n values of its own."""
        if n:
            self.dealt[member] = self.dealt.get(member, 0) + n

    def check(self) -> None:
        """Check what is pending, if anything is."""
        self.stages.append([])

    def digits(self, n: int, k: int) -> None:
        """Find the k lowest digits of n values: check, mask and open, borrows, claim."""
        if n == 0 or k == 0:
            return
        self.check()
        self.masked += 1
        self.bits += n * k
        self.largest = max(self.largest, n * k)
        self.masks += n
        self.send(n)
        self.open(n)
        if n > FEW:
            for _ in range(k - 1):
                self.multiply(n)
        else:
            for level, pairs in enumerate(borrow_levels(k)):
                self.multiply(n * sum(1 + (i >= 2 << level) for i, _ in pairs))
            self.multiply(n * (k - 1))
        self.claim(ADVICE, n)

    def truncate(self, n: int, places: Sequence[int]) -> None:
        """Take so many places off n values each at once: check, mask and open, a coin, open combinations."""
        cuts = [k for k in places if k]
        if n == 0 or not cuts:
            return
        combinations = len(cuts) * COMBINATIONS * -(-n // COMBINED)
        self.check()
        self.masked += 1
        self.bits += n * sum(cuts)
        self.largest = max(self.largest, n * sum(cuts))
        self.masks += n * len(cuts) + combinations
        self.randoms += 1
        self.send(n * len(cuts) + combinations)
        self.open(n * len(cuts))
        self.open(1)
        self.open(combinations)

    def product(self, n: int, k: int) -> None:
        """Multiply k factors of n products together, in a tree."""
        while k > 1:
            self.multiply(n * (k // 2))
            k -= k // 2


def side_by_side(tallies: Sequence[Tally]) -> list[list[Message]]:
    """Return the stages of sub-protocols that run side by side: the messages of one step are one message."""
    stages = []
    for parts in zip_longest(*(tally.stages for tally in tallies), fillvalue=()):
        stage = []
        for messages in zip_longest(*parts):
            joined = Message()
            for message in messages:
                if message is not None:
                    joined.join(message)
            stage.append(joined)
        stages.append(stage)
    return stages
