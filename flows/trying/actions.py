"""What can happen in a tried call or conversation by text: what the caller does, what colleagues do, and time that passes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Press:
    """The caller presses these keys."""

    keys: str


@dataclass(frozen=True)
class Silence:
    """The caller does nothing until what is waited for has run out."""


@dataclass(frozen=True)
class Speak:
    """The caller leaves a message of so many seconds."""

    seconds: int


@dataclass(frozen=True)
class HangUp:
    """The caller hangs up."""


@dataclass(frozen=True)
class Wait:
    """Time passes, and with it whatever runs out in it."""

    seconds: int


@dataclass(frozen=True)
class Answer:
    """A colleague takes the call (None: the first whose phone rings), or somebody picks up at the other number."""

    name: str | None


@dataclass(frozen=True)
class NobodyAnswers:
    """The phones ring until their time is up."""


@dataclass(frozen=True)
class Talk:
    """The two talk for so many seconds, and the colleague hangs up."""

    seconds: int


@dataclass(frozen=True)
class Send:
    """A text from the caller's number."""

    words: str


Action = Press | Silence | Speak | HangUp | Wait | Answer | NobodyAnswers | Talk | Send


class NotNow(Exception):
    """This cannot happen at this point. The text says why, `hint` what can."""

    def __init__(self, why: str, hint: str) -> None:
        self.hint = hint
        super().__init__(why)
