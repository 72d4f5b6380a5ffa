"""What a sub-protocol of the online phase takes and sends, counted by walking through its steps."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ADVICE", "FEW", "MAC", "PENDING_LIMIT", "Tally", "borrow_levels"]

MAC = "mac-check"
ADVICE = "advice"

PENDING_LIMIT = 1 << 22
"""More elements opened or claimed than this set off a check by themselves."""

FEW = 16
"""Up to so many values, borrows are found in a logarithmic number of rounds, for more products."""


def borrow_levels(k: int) -> list[list[tuple[int, int]]]:
    """Return, level by level, which places (upper, lower) are combined to know all borrows of k digits.

    Sklansky's prefix tree over the places 0 … k-2: afterwards each knows whether it makes a borrow.  At level l
    the places below 2^(l+1) are finished; the others also need to know whether they pass one on.
    """
    places = range(k - 1)
    depth = max(k - 2, 0).bit_length()
    return [[(i, (i >> level << level) - 1) for i in places if i >> level & 1] for level in range(depth)]


@dataclass(slots=True)
class Tally:
    """The material, the messages and the checks of a sub-protocol (``spec/online.md``, "Hints").

    ``masks`` counts those of every member; ``rounds`` and ``opened`` (field elements that every member
    broadcasts) do not contain the checks, of which ``checks`` lists how many claims each had.  ``pending``
    names the claims that the next check will find, those of earlier steps of the run included, and ``held`` counts
    their elements: beyond ``limit`` they are checked at once.  ``dealt`` counts what single members share, by member:
    each takes as many of its masks, and all exchange seeds of zeros with it.
    """

    pending: set[str] = field(default_factory=set)
    held: int = 0
    limit: int = PENDING_LIMIT
    triples: int = 0
    bits: int = 0
    randoms: int = 0
    masks: int = 0
    rounds: int = 0
    opened: int = 0
    checks: list[int] = field(default_factory=list)
    dealt: dict[int, int] = field(default_factory=dict)

    def open(self, n: int) -> None:
        """Open n values in one round."""
        if n:
            self.rounds += 1
            self.opened += n
            self.claim(MAC, n)

    def claim(self, name: str, n: int) -> None:
        """Have the next check cover n elements, which it may be time for."""
        if n:
            self.pending.add(name)
            self.held += n
            if self.held > self.limit:
                self.check()

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
        if self.pending:
            self.checks.append(len(self.pending))
            self.pending.clear()
            self.held = 0

    def digits(self, n: int, k: int) -> None:
        """Find the k lowest digits of n values: check, mask and open, borrows, claim."""
        if n == 0 or k == 0:
            return
        self.check()
        self.bits += n * k
        self.masks += n
        self.rounds += 1
        self.opened += n
        self.open(n)
        if n > FEW:
            for _ in range(k - 1):
                self.multiply(n)
        else:
            for level, pairs in enumerate(borrow_levels(k)):
                self.multiply(n * sum(1 + (i >= 2 << level) for i, _ in pairs))
            self.multiply(n * (k - 1))
        self.claim(ADVICE, n)

    def product(self, n: int, k: int) -> None:
        """Multiply k factors of n products together, in a tree."""
        while k > 1:
            self.multiply(n * (k // 2))
            k -= k // 2
