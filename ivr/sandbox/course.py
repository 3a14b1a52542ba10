"""The states that a text goes through after the carrier took it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ivr.sandbox.behaviour import Behaviour, Outcome
from ivr.sandbox.dispatcher import OVERTAKING


@dataclass(frozen=True)
class Step:
    """One state, the seconds (of the carrier's time) after which it is reached, and whether the phone has the text then."""

    after: float
    status: str
    error_code: int | None = None
    received: bool = False


def course(behaviour: Behaviour, *, fails_with: int | None = None) -> Sequence[Step]:
    """The states after the first one; with `fails_with` the carrier gives the text up before it sends anything."""
    if fails_with is not None:
        return [Step(0.3, "failed", fails_with)]
    code = behaviour.error_code
    ends = {
        Outcome.DELIVERED: [Step(0.5, "sent"), Step(1.2, "delivered", received=True)],
        Outcome.UNDELIVERED: [Step(0.5, "sent"), Step(1.2, "undelivered", code or 30003)],
        Outcome.FAILED: [Step(0.6, "failed", code or 30007)],
        Outcome.NO_REPORT: [Step(0.5, "sent", received=True)],
    }
    return [Step(0.1, "sending"), *ends[behaviour.outcome]]


def turns(steps: Sequence[Step], *, swapped: bool, speed: float) -> Sequence[float]:
    """By how many seconds (of the carrier's time) the callback of each state is held back.

    Swapped: the last report leaves first, the others after it.
    """
    last = steps[-1].after
    return [
        last - step.after + (len(steps) - 1 - index) * OVERTAKING * speed if swapped else 0.0
        for index, step in enumerate(steps)
    ]
