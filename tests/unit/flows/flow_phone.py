"""A caller with a phone, for tests that read as stories."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.engine import (
    Caller,
    Digits,
    Event,
    Flow,
    HungUp,
    Known,
    Recorded,
    Session,
    Silence,
    Turn,
    advance,
    begin,
    nobody_rings,
)
from flows.instructions import Choose, Gather, Instruction, Ring, Say

SHIPPED = Path(__file__).parents[3] / "flows"
NOON = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)


@dataclass
class Phone:
    """Drives the engine as the edge does: every session goes through JSON types between two turns. Unless `rings`, nobody
    is on duty, and callers who would wait for the team come to the voicemail at once."""

    flow: Flow
    caller: Caller = field(default_factory=lambda: Caller("+19035550160", "Hollis & Wade CPA"))
    now: datetime = NOON
    turn: Turn | None = None
    rings: bool = False
    known: Known | None = None

    def call(self) -> "Phone":
        return self._gets(begin(self.flow, caller=self.caller, now=self.now, known=self.known))

    def _gets(self, turn: Turn) -> "Phone":
        while not self.rings and any(isinstance(one, Ring) for one in turn.instructions):
            turn = nobody_rings(self.flow, turn, caller=self.caller, now=self.now)
        self.turn = turn
        return self

    def does(self, event: Event) -> "Phone":
        session = Session.from_dict(self.session.to_dict())
        return self._gets(advance(self.flow, session, event, caller=self.caller, now=self.now))

    def press(self, keys: str) -> "Phone":
        return self.does(Digits(keys))

    def is_silent(self) -> "Phone":
        return self.does(Silence())

    def speaks(self, seconds: int | None, key: str = "") -> "Phone":
        return self.does(Recorded(seconds, key))

    def hangs_up(self) -> "Phone":
        return self.does(HungUp())

    def waits(self, minutes: float) -> "Phone":
        self.now += timedelta(minutes=minutes)
        return self

    @property
    def session(self) -> Session:
        assert self.turn is not None
        return self.turn.session

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        assert self.turn is not None
        return self.turn.instructions

    @property
    def last(self) -> Instruction:
        return self.instructions[-1]

    @property
    def hears(self) -> list[str]:
        """The words of this turn, also those that a key can interrupt."""
        words: list[str] = []
        for one in self.instructions:
            prompts = one.prompts if isinstance(one, Gather) else (one,)
            words += [prompt.text for prompt in prompts if isinstance(prompt, Say)]
        return words

    @property
    def choices(self) -> list[Choose]:
        return [one for one in self.instructions if isinstance(one, Choose)]
