"""What the engine is told and what it keeps: the caller, the events of a call, and the session between two turns.

All of it is plain data; a session goes through JSON types and comes back whole, whatever became of it meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flows.instructions import Instruction


class Who(StrEnum):
    """What clients.yml says of a caller's number."""

    VIP = "vip"
    KNOWN = "known"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Caller:
    """Who calls: the caller id in E.164 (None or odd text when withheld), the client known by it, what the admins say of the
    number, the language that the client is spoken to, and whether the caller may be sent a text."""

    number: str | None
    client: str | None
    who: Who = Who.UNKNOWN
    language: str | None = None
    texts: bool = False


@dataclass(frozen=True)
class Known:
    """An outage that a colleague announced to the callers of this client: `words` about it, and whether this caller can be
    told by text when it is over (`offer`).
    """

    words: str
    offer: bool


@dataclass(frozen=True)
class Digits:
    """The caller pressed `keys`."""

    keys: str


@dataclass(frozen=True)
class Silence:
    """The caller pressed nothing in time."""


@dataclass(frozen=True)
class Recorded:
    """The recording ended: its length (None or 0 when there is none) and the key that ended it, "hangup" or ""."""

    seconds: int | None
    key: str


@dataclass(frozen=True)
class HungUp:
    """The caller is gone."""


@dataclass(frozen=True)
class StillRinging:
    """Phones of the team ring, and nobody has taken the call yet."""


@dataclass(frozen=True)
class Taken:
    """A colleague has taken the call and waits in `room`."""

    room: str


@dataclass(frozen=True)
class NotTaken:
    """Nobody takes the call: time is up, every phone has given up, or nobody is on duty."""


@dataclass(frozen=True)
class Talked:
    """The conversation is over; `seconds` is None when it never came about."""

    seconds: int | None


@dataclass(frozen=True)
class Transferred:
    """The Dial to another number is over: whether anybody picked up there."""

    answered: bool


Event = Digits | Silence | Recorded | HungUp | StillRinging | Taken | NotTaken | Talked | Transferred


class Waiting(StrEnum):
    """What the call waits for between two turns."""

    KEYS = "keys"
    RINGING = "ringing"
    TALKING = "talking"
    TRANSFERRED = "transferred"
    RECORDING = "recording"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Session:
    """Where a call is. `steps` counts the turns so far without those on hold, `tries` the misses at this step or its turns
    on hold, `began` and `since` (of the ring or the talk) are epoch seconds, `heard` names the menus whose notice was said,
    `offered` that the caller was asked about an outage just now, `asked` what the caller has typed and may still change,
    `number` a phone number that the caller has typed (E.164).
    """

    step: str
    waiting: Waiting
    steps: int
    tries: int
    choice: str | None
    language: str
    ended: bool
    began: int
    heard: tuple[str, ...] = ()
    since: int = 0
    offered: bool = False
    asked: str = ""
    number: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The session as JSON types."""
        return {**self.__dict__, "waiting": self.waiting.value, "heard": list(self.heard)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Session":
        """The session of `to_dict`. Missing or odd values are replaced such that the call goes to the voicemail."""
        waiting, heard = data.get("waiting"), data.get("heard")
        return cls(
            step=_text(data.get("step")) or "",
            waiting=next((one for one in Waiting if one.value == waiting), Waiting.KEYS),
            steps=_count(data.get("steps")),
            tries=_count(data.get("tries")),
            choice=_text(data.get("choice")),
            language=_text(data.get("language")) or "en-US",
            ended=data.get("ended") is True,
            began=_count(data.get("began")),
            heard=tuple(name for name in heard if isinstance(name, str)) if isinstance(heard, list | tuple) else (),
            since=_count(data.get("since")),
            offered=data.get("offered") is True,
            asked=_text(data.get("asked")) or "",
            number=_text(data.get("number")),
        )


@dataclass(frozen=True)
class Turn:
    """The answer to one event: keep `session`, carry out `instructions` in order. `passed` names the steps that the caller
    came to in this turn, in their order; those that were not heard (hours, client) are among them."""

    session: Session
    instructions: tuple[Instruction, ...]
    passed: tuple[str, ...] = ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**40 else 0
