"""Where a run's triples come from: the one place that knows the choices."""

from __future__ import annotations

from ..errors import UsageError
from ..offline import InsecureDealer, Preparation
from ..party import Party

__all__ = ["INSECURE_DEALER", "INSECURE_WARNING", "choose_preparation", "start_preparation"]

INSECURE_DEALER = "insecure-dealer"

INSECURE_WARNING = (
    "preparation comes from an insecure dealer: every member could compute every other member's inputs; "
    "the proof and the audit are not affected"
)


def choose_preparation(*, insecure_dealer: bool) -> str:
    """Return what the agreement calls the preparation; ``UsageError`` if none was chosen."""
    if not insecure_dealer:
        raise UsageError(
            "this version prepares triples with an insecure dealer only, and does so only when asked to",
            hint="--insecure-dealer accepts that any member could learn all inputs: for tests and demonstrations",
        )
    return INSECURE_DEALER


async def start_preparation(kind: str, party: Party) -> Preparation:
    """Set up the preparation that the members agreed on."""
    if kind != INSECURE_DEALER:
        raise UsageError(f"this version cannot prepare by {kind!r}")
    return await InsecureDealer.start(party)
