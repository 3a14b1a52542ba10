"""How the carrier and the phone behind a number behave; what tests and curious people can turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ivr.sandbox.config import SandboxError
from ivr.sandbox.store import Store, behaviours


class Outcome(StrEnum):
    """What becomes of a text to this number."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    NO_REPORT = "no-report"


class Answers(StrEnum):
    """What the phone does when the application calls it."""

    BY_HAND = "by-hand"
    AT_ONCE = "at-once"
    DECLINES = "declines"
    MAILBOX = "mailbox"
    NEVER = "never"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    INVALID = "invalid"


class PostAnswer(StrEnum):
    """What the API answers to a text or call that it took: as it should, a server error, or nothing at all."""

    OK = "ok"
    ERROR = "error"
    LOST = "lost"


class EmptyRecording(StrEnum):
    """What follows a recording without sound; the vendor's documents of different years disagree."""

    NEXT_VERB = "next-verb"
    ACTION = "action"


@dataclass(frozen=True)
class Press:
    """Keys that the owner of a phone presses, so many seconds after picking up or after the keys before."""

    after: float
    keys: str


@dataclass(frozen=True)
class Behaviour:
    """Rules of one number. Times are in seconds of a clock on the wall, whatever the sandbox's speed; those of people at
    the phone (`rings`, `presses`, `hangs_up_after`, `loses_network_after`) are in the carrier's time.

    `refuse` is an error number that the REST API answers to a text or call at once, `refuse_times` how often (None:
    always). `slow_post` takes the text or call and answers that much later; `post_answer` says what, and
    `post_answer_times` how often (None: always). `duplicates` is how often each webhook comes,
    `repeat_after` the time from one copy to the next. `late` delays status callbacks, with `lost` none comes, while
    the text or call goes its way; `swapped` reverses their order (and lets a recording's end arrive before its action
    and its start). `media_missing` is how long recordings and pictures answer 404 after their webhook. Of pictures
    that this number sends: `picture_refuse` is an HTTP status that their address answers, `picture_bytes` the size to
    which their bytes are filled up, `picture_slow` how long the bytes take. Of calls to it: `rings` is how long it rings
    before what `answers` says happens, `presses` the keys that are pressed then, `hangs_up_after` and
    `loses_network_after` end the call that long after it was picked up, `call_error` is the error number in the callback
    of a failed one.
    """

    outcome: Outcome = Outcome.DELIVERED
    error_code: int | None = None
    refuse: int | None = None
    refuse_times: int | None = None
    slow_post: float = 0.0
    post_answer: PostAnswer = PostAnswer.OK
    post_answer_times: int | None = None
    duplicates: int = 1
    repeat_after: float = 0.0
    lost: bool = False
    swapped: bool = False
    late: float = 0.0
    media_missing: float = 0.0
    picture_refuse: int | None = None
    picture_bytes: int | None = None
    picture_slow: float = 0.0
    answers: Answers = Answers.BY_HAND
    rings: float | None = None
    presses: tuple[Press, ...] = ()
    hangs_up_after: float | None = None
    loses_network_after: float | None = None
    call_error: int | None = None
    empty_recording: EmptyRecording = EmptyRecording.NEXT_VERB


_ENUMS = {"outcome": Outcome, "answers": Answers, "empty_recording": EmptyRecording, "post_answer": PostAnswer}


def _presses(value: Any) -> tuple[Press, ...]:
    """The keys of a phone's owner. Raises SandboxError."""
    try:
        found = tuple(Press(float(one["after"]), str(one["keys"])) for one in value)
    except (TypeError, KeyError, ValueError):
        found = (Press(0, ""),)
    for press in found:
        if not press.keys or set(press.keys) - set("0123456789*#") or not 0 <= press.after < float("inf"):
            raise SandboxError(
                "Behaviour field 'presses' is a list of keys and the seconds before them, such as "
                f'[{{"after": 2, "keys": "1"}}], not {value!r}.'
            )
    return found


def parse(data: Mapping[str, Any]) -> Behaviour:
    """A Behaviour from JSON. Raises SandboxError that names the field and what is allowed."""
    known = {field.name for field in fields(Behaviour)}
    for name in data:
        if name not in known:
            raise SandboxError(f"Behaviour has no field '{name}'. Fields: {', '.join(sorted(known))}.")
    values = dict(data)
    for name, kind in _ENUMS.items():
        if name in values:
            allowed = [str(member) for member in kind]
            if values[name] not in allowed:
                raise SandboxError(f"Behaviour field '{name}' is one of {', '.join(allowed)}, not '{values[name]}'.")
            values[name] = kind(values[name])
    if "presses" in values:
        values["presses"] = _presses(values["presses"])
    for name in (known - set(_ENUMS) - {"presses"}) & set(values):
        if values[name] is not None and not isinstance(values[name], int | float):
            raise SandboxError(f"Behaviour field '{name}' is a number or true/false, not '{values[name]}'.")
    return Behaviour(**values)


class Behaviours:
    """The stored rules; the number "*" stands for every number without a rule of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, number: str) -> Behaviour:
        """The rules of a number."""
        for key in (number, "*"):
            row = self._store.one(behaviours, behaviours.c.number == key)
            if row is not None:
                return parse(row["data"])
        return Behaviour()

    def put(self, number: str, behaviour: Behaviour) -> None:
        """Keep new rules for a number; the ordinary ones mean: no rule."""
        self._store.delete(behaviours, behaviours.c.number == number)
        if behaviour != Behaviour():
            self._store.insert(behaviours, number=number, data=asdict(behaviour))

    def refusal(self, number: str) -> int | None:
        """The error number that a text or call to it gets now, counting this try."""
        rules = self.of(number)
        return rules.refuse if rules.refuse is not None and self._once_more(number, "refuse_times") else None

    def post_answer(self, number: str) -> PostAnswer:
        """What the API answers to a text or call to it that was taken, counting this one."""
        rules = self.of(number)
        if rules.post_answer is PostAnswer.OK or not self._once_more(number, "post_answer_times"):
            return PostAnswer.OK
        return rules.post_answer

    def _once_more(self, number: str, times: str) -> bool:
        """Whether a rule that counts holds for this try; None holds always."""
        rules = asdict(self.of(number))
        if rules[times] is None or rules[times] <= 0:
            return rules[times] is None
        rows = self._store.rows(sa.select(behaviours).where(behaviours.c.number.in_([number, "*"])))
        key = number if any(row["number"] == number for row in rows) else "*"
        self.put(key, parse(rules | {times: rules[times] - 1}))
        return True
