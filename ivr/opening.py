"""The first answer of a call, worked out once for all callers who hear the same.

Every call begins at the same step, and most flows say nothing of the caller there. Asking the engine and writing TwiML took
a tenth of the first webhook, which is the one that has to be fast."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from flows import engine
from flows.beginning import Beginning, Times
from flows.engine import Caller, Known, Waiting
from flows.instructions import Connect, Instruction
from flows.loader import Flows
from ivr.twiml import RECORDING_PATH, Addresses, render
from tickets.calls import Answer

Instructions = Sequence[Instruction]

#: What the names of rooms begin with.
ROOM = "ring-"

#: Callers whose first answer is kept when a prompt speaks of them.
KEPT = 1024


def addresses(public_url: str, turn: int, instructions: Instructions = ()) -> Addresses:
    """Where the carrier goes after this turn. The turn is part of the address: that is how a repeated request is known."""
    return Addresses(
        action=f"{public_url}/twilio/voice/{turn + 1}",
        recording=f"{public_url}{RECORDING_PATH}",
        room=room_address(public_url, instructions),
        sounds=f"{public_url}/sounds",
    )


def room_address(public_url: str, instructions: Instructions) -> str:
    """Where the carrier reports of the room that a turn leads to; "" for any other turn."""
    rooms = (one.room for one in instructions if isinstance(one, Connect))
    return next((f"{public_url}/twilio/room/{name.removeprefix(ROOM)}" for name in rooms), "")


class Answers:
    """What the engine decides, as what is sent and stored, for one set of flow files at one public address."""

    def __init__(self, flows: Flows, public_url: str) -> None:
        self._flows, self._public_url = flows, public_url
        self._looks_at = Beginning(flows.helpdesk)
        self._at: dict[Times, datetime] = {}
        self._opening = lru_cache(maxsize=KEPT)(self._work_out)

    @property
    def texts_matter(self) -> bool:
        """Whether it matters for this flow if a caller may be sent a text."""
        return self._looks_at.texts

    def of(self, heard: str, result: engine.Turn, *, turn: int) -> Answer:
        """The answer of a turn in which `heard` came in."""
        twiml = render(result.instructions, addresses(self._public_url, turn, result.instructions))
        waiting = result.session.waiting is Waiting.RECORDING
        return Answer(heard, twiml, result.session.to_dict(), self._flows.version, waiting)

    def begin(
        self, caller: Caller, *, now: datetime, turn: int = 0, known: Known | None = None
    ) -> tuple[Answer, Instructions]:
        """How a call begins. What is said of a `known` outage is worked out each time: its words may change any moment."""
        if known is not None:
            result = engine.begin(self._flows.helpdesk, caller=caller, now=now, known=known)
            return self.of("call", result, turn=turn), result.instructions
        times = self._looks_at.times(now)
        self._at[times] = now
        answer, instructions = self._opening(self._looks_at.caller(caller), times, turn)
        return replace(answer, session={**answer.session, "began": int(now.timestamp())}), instructions

    def _work_out(self, caller: Caller, times: Times, turn: int) -> tuple[Answer, Instructions]:
        result = engine.begin(self._flows.helpdesk, caller=caller, now=self._at[times])
        return self.of("call", result, turn=turn), result.instructions
