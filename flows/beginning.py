"""What the first turn of a call depends on. Callers who differ in nothing of it hear the same, which is worked out once."""

from dataclasses import dataclass, replace
from datetime import datetime

from flows.builtin import VOICEMAIL_STEP
from flows.hours import State, standing
from flows.schema import HelpdeskFlow
from flows.session import Caller, Who
from flows.steps import AnnounceStep, CallbackStep, ClientStep, HoursStep, MessageStep, TransferStep


@dataclass(frozen=True)
class Times:
    """How everything that depends on the hour stands: the hours by name, and which announcements are on."""

    hours: tuple[State, ...]
    announced: tuple[bool, ...]


class Beginning:
    """What one flow looks at before a caller has done anything."""

    def __init__(self, flow: HelpdeskFlow) -> None:
        self._zone = flow.desk.zone
        steps = flow.calls.steps.values()
        said = flow.calls.model_dump_json(exclude={"outage"}) + VOICEMAIL_STEP.model_dump_json()
        names = {step.hours for step in steps if isinstance(step, HoursStep)}
        self._hours = [hours for name, hours in flow.hours.items() if name in names]
        self._announced = [step.announce for step in steps if isinstance(step, AnnounceStep)]
        self._number = "{caller}" in said or any(isinstance(step, CallbackStep | TransferStep) for step in steps)
        self._client = "{client}" in said
        self._who = any(isinstance(step, ClientStep) for step in steps)
        self._language = bool(flow.desk.languages)
        #: Whether it matters if a caller may be sent a text.
        self.texts = any(isinstance(step, MessageStep) for step in steps)

    def caller(self, caller: Caller) -> Caller:
        """The caller without what this flow does not look at."""
        return replace(
            caller,
            number=caller.number if self._number else None,
            client=caller.client if self._client else None,
            who=caller.who if self._who else Who.UNKNOWN,
            language=caller.language if self._language else None,
        )

    def times(self, at: datetime) -> Times:
        """How the hours and announcements of this flow stand."""
        hours = tuple(standing(one, at, zone=self._zone).state for one in self._hours)
        announced = tuple(one.holds(at, self._zone) for one in self._announced)
        return Times(hours, announced)
