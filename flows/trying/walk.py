"""A call, or texts, walked through without carrier and database: the engine, a clock that is set, and what the desk would do.

Pure but for the desk of texts that is handed in. Words take no time here; the clock goes on by what is waited for."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from flows.engine import FINISH_KEYS, advance, begin, nobody_rings
from flows.instructions import Gather, Instruction, Play, Prompt, Record, Ring, Say, Transfer
from flows.loader import Flows
from flows.nearest import did_you_mean
from flows.session import (
    Caller,
    Digits,
    Event,
    HungUp,
    Known,
    NotTaken,
    Recorded,
    StillRinging,
    Taken,
    Talked,
    Transferred,
    Turn,
    Waiting,
)
from flows.session import Silence as NoKey
from flows.steps import MenuStep
from flows.trying import desk_side
from flows.trying.actions import (
    Action,
    Answer,
    HangUp,
    NobodyAnswers,
    NotNow,
    Press,
    Send,
    Silence,
    Speak,
    Talk,
    Wait,
)
from flows.trying.texting import OpenTexting, Texting, Ticket

#: Seconds of one turn on hold.
HOLD_TURN = 6
#: The room in which the two meet; there is no other call here.
ROOM = "ring-1"
#: More turns than any call has, even one on hold for two minutes again and again.
MOST_TURNS = 2000


@dataclass(frozen=True)
class Point:
    """Where a walk stands. What was `heard`, who was rung (`rings`: names, or the number of a transfer), `gets`, `notes`,
    `means`, `by_carrier` and `pages` are what the last action brought; `ticket` and `owner` are those of the call so far.
    `ringing` are the colleagues whose phones ring now, `idle` the seconds since something was waited for."""

    at: datetime
    turn: Turn | None = None
    heard: tuple[Prompt, ...] = ()
    rings: tuple[str, ...] = ()
    gets: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    means: str | None = None
    by_carrier: bool = False
    pages: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    ticket: Ticket | None = None
    owner: str | None = None
    ringing: tuple[str, ...] = ()
    idle: int = 0
    hung_up: bool = False
    steps: frozenset[str] = frozenset()
    keys: frozenset[tuple[str, str]] = frozenset()

    @property
    def waiting(self) -> Waiting:
        """What the call waits for; nothing when there is no call."""
        return self.turn.session.waiting if self.turn else Waiting.NOTHING

    @property
    def step(self) -> str | None:
        """The step at which the call is, or has ended."""
        return self.turn.session.step if self.turn else None

    @property
    def ended_at(self) -> str | None:
        """The step at which the call comes to its end: it is over, a message is being taken, or a person talks. None while
        the caller is on the way."""
        ends = (Waiting.NOTHING, Waiting.RECORDING, Waiting.TALKING)
        return self.step if self.turn and self.waiting in ends else None

    @property
    def last(self) -> Instruction | None:
        """What the turn ends with."""
        return self.turn.instructions[-1] if self.turn and self.turn.instructions else None

    @property
    def language(self) -> str | None:
        """The language of the call."""
        return self.turn.session.language if self.turn else None

    @property
    def words(self) -> str:
        """What was heard, in one line: sounds by their name, pauses not at all."""
        said = (
            one.text if isinstance(one, Say) else f"({one.url})" for one in self.heard if isinstance(one, Say | Play)
        )
        return " ".join(said)


@dataclass
class Walk:
    """One caller's way. `calls`: it begins with a call, otherwise it has texts only."""

    flows: Flows
    caller: Caller
    begins: datetime
    open_texting: OpenTexting
    calls: bool = True
    outage: str | None = None
    done: list[tuple[Action, Point]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._texting: Texting | None = None
        self.start = self._call() if self.calls else Point(self.begins)

    @property
    def point(self) -> Point:
        """Where the walk stands now."""
        return self.done[-1][1] if self.done else self.start

    def do(self, action: Action) -> Point:
        """Let something happen. Raises NotNow when it cannot; nothing has happened then."""
        before = replace(
            self.point, heard=(), rings=(), gets=(), notes=(), means=None, by_carrier=False, pages=(), passed=(),
            steps=frozenset(), keys=frozenset(),
        )  # fmt: skip
        after = self._text(before, action) if isinstance(action, Send) else self._in_call(before, action)
        self.done.append((action, after))
        return after

    def undo(self) -> bool:
        """Take the last action back: all others happen anew. False when there is none."""
        if not self.done:
            return False
        again = [action for action, _ in self.done[:-1]]
        self.done, self._texting = [], None
        for action in again:
            self.do(action)
        return True

    # --- texts ------------------------------------------------------------------------------------------------------

    def _text(self, point: Point, action: Send) -> Point:
        if self._texting is None:
            self._texting = self.open_texting(self.flows, self.caller)
        told = self._texting.receive(action.words, at=point.at)
        return replace(
            point, means=told.means, gets=told.gets, ticket=told.ticket, pages=told.pages, notes=told.notes,
            by_carrier=told.by_carrier,
        )  # fmt: skip

    # --- a call -----------------------------------------------------------------------------------------------------

    def _call(self) -> Point:
        known = Known(self.outage, offer=self.caller.texts) if self.outage and self.caller.client else None
        turn = begin(self.flows.helpdesk, caller=self.caller, now=self.begins, known=known)
        return self._came(Point(self.begins), turn)

    def _in_call(self, point: Point, action: Action) -> Point:
        if point.turn is None:
            if isinstance(action, Wait):
                return replace(point, at=point.at + timedelta(seconds=action.seconds))
            raise NotNow("there is no call", "this is a conversation by text: send words, or let time pass")
        if point.waiting is Waiting.NOTHING and not isinstance(action, Wait):
            raise NotNow(f"the call is over, it ended at '{point.step}'", "nothing more can happen in it")
        match action:
            case Press(keys=keys):
                return self._press(point, keys)
            case Speak(seconds=length):
                return self._speak(point, length)
            case HangUp():
                return self._on(replace(point, hung_up=True), HungUp())
            case Answer(name=name):
                return self._answer(point, name)
        return self._passes(point, action)

    def _passes(self, point: Point, action: Action) -> Point:
        """What takes its time and needs nobody to do anything."""
        match action:
            case Wait(seconds=length):
                return self._wait(point, length)
            case Silence() if point.waiting is not Waiting.TALKING:
                return self._wait(point, self._runs_out(point) - point.idle)
            case NobodyAnswers() if point.waiting in (Waiting.RINGING, Waiting.TRANSFERRED):
                return self._wait(point, self._ring_left(point))
            case Talk(seconds=length) if point.waiting is Waiting.TALKING:
                return self._on(replace(point, at=point.at + timedelta(seconds=length)), Talked(length))
        why = {Silence: "silence does nothing", NobodyAnswers: "no phone rings", Talk: "nobody talks"}
        raise NotNow(f"{why[type(action)]}: {self.stands(point)}", self.can(point))

    def _press(self, point: Point, keys: str) -> Point:
        last = point.last
        if point.waiting is Waiting.RECORDING:
            if keys not in FINISH_KEYS:
                raise NotNow(f"key {keys} does nothing while a message is taken", self.can(point))
            return self._on(point, Recorded(0, keys))
        if not isinstance(last, Gather):
            raise NotNow(f"no key does anything here: {self.stands(point)}", self.can(point))
        typed = keys.removesuffix("#") if last.finish_on_key == "#" else keys
        if len(typed) > last.digits:
            most = "one key" if last.digits == 1 else f"{last.digits} keys"
            raise NotNow(f"'{point.step}' takes {most} at a time, not {len(typed)}", self.can(point))
        step, session = self.flows.helpdesk.calls.steps.get(point.step or ""), point.turn and point.turn.session
        if isinstance(step, MenuStep) and typed in step.menu.keys and session and not session.offered:
            point = replace(point, keys=point.keys | {(point.step or "", typed)})
        return self._on(point, Digits(typed) if typed else NoKey())

    def _speak(self, point: Point, length: int) -> Point:
        if point.waiting is not Waiting.RECORDING or not isinstance(point.last, Record):
            raise NotNow(f"no message is taken here: {self.stands(point)}", self.can(point))
        length = min(length, point.last.max_seconds)
        after = replace(point, at=point.at + timedelta(seconds=length))
        return self._on(after, Recorded(length, ""))

    def _answer(self, point: Point, name: str | None) -> Point:
        if point.waiting is Waiting.TRANSFERRED and name is None:
            return self._on(point, Transferred(True))
        if point.waiting is not Waiting.RINGING:
            raise NotNow(f"no phone of the team rings: {self.stands(point)}", self.can(point))
        wanted = point.ringing[0] if name is None else " ".join(name.split())
        found = next((one for one in point.ringing if one.casefold() == wanted.casefold()), None)
        if found is None:
            hint = did_you_mean(wanted, point.ringing) or f"ringing: {', '.join(point.ringing)}"
            raise NotNow(f"{wanted}'s phone does not ring", hint)
        ticket = point.ticket or Ticket("Call", "urgent")
        return self._on(replace(point, owner=found, ticket=ticket), Taken(ROOM))

    # --- time -------------------------------------------------------------------------------------------------------

    def _wait(self, point: Point, length: int) -> Point:
        """Let time pass. Whatever runs out meanwhile has its turn, one after the other."""
        for _ in range(MOST_TURNS):
            due = self._runs_out(point) - point.idle
            if length < due or due < 0 or point.waiting in (Waiting.NOTHING, Waiting.TALKING):
                break
            length -= due
            point = self._on(replace(point, at=point.at + timedelta(seconds=due)), self._nothing(point, due))
        return replace(point, at=point.at + timedelta(seconds=length), idle=point.idle + length)

    def _runs_out(self, point: Point) -> int:
        """Seconds after which the call goes on by itself, counted from when it began to wait."""
        if point.waiting is Waiting.RINGING:
            return min(HOLD_TURN, self._ring_left(point) + point.idle)
        match point.last:
            case Gather(timeout=seconds) | Record(silence_seconds=seconds) | Transfer(seconds=seconds):
                return seconds
        return -1

    def _ring_left(self, point: Point) -> int:
        """Seconds until the phones stop ringing."""
        if point.turn and isinstance(point.last, Transfer):
            return point.last.seconds - point.idle
        rings = desk_side.ring_of(self.flows.helpdesk, point.step)
        since = point.turn.session.since if point.turn else 0
        return max(0, since + rings.seconds - int(point.at.timestamp()))

    def _nothing(self, point: Point, passed: int) -> Event:
        """What the engine is told when nothing happened in time."""
        match point.waiting:
            case Waiting.RINGING:
                return NotTaken() if self._ring_left(point) <= passed else StillRinging()
            case Waiting.RECORDING:
                return Recorded(0, "")
            case Waiting.TRANSFERRED:
                return Transferred(False)
        return NoKey()

    # --- turns ------------------------------------------------------------------------------------------------------

    def _on(self, point: Point, event: Event) -> Point:
        """The engine's next turn, and what the desk makes of it."""
        assert point.turn is not None  # there is a call
        turn = advance(self.flows.helpdesk, point.turn.session, event, caller=self.caller, now=point.at)
        point = self._came(point, turn)
        spoken = isinstance(event, Recorded) and bool(event.seconds)
        if spoken:
            point = replace(point, ticket=point.ticket or Ticket("Voicemail", "urgent"))
        if turn.session.ended and point.owner is None and desk_side.wants_somebody(turn, spoken=spoken):
            return replace(point, pages=desk_side.paged(self.flows, point.at))
        return point

    def _came(self, point: Point, turn: Turn) -> Point:
        """After a turn: who rings, what was heard, what the desk does."""
        helpdesk, ringing = self.flows.helpdesk, point.ringing
        while (ring := next((one for one in turn.instructions if isinstance(one, Ring)), None)) is not None:
            ringing = desk_side.rung(self.flows, ring.team, caller=self.caller.number, at=point.at)
            if ringing:
                point = replace(point, rings=(*point.rings, *ringing))
                break
            point = replace(point, notes=(*point.notes, "Nobody is on call: no phone rang"))
            turn = nobody_rings(helpdesk, turn, caller=self.caller, now=point.at)
        if turn.session.waiting is not Waiting.RINGING:
            ringing = ()
        done = desk_side.effects(self.flows, turn, point.ticket)
        return replace(
            point,
            turn=turn,
            ringing=ringing,
            idle=0,
            heard=(*point.heard, *heard(turn)),
            rings=(*point.rings, *(one.number for one in turn.instructions if isinstance(one, Transfer))),
            gets=(*point.gets, *done.texts),
            notes=(*point.notes, *done.notes),
            ticket=done.ticket,
            passed=(*point.passed, *turn.passed),
            steps=point.steps | {*turn.passed, turn.session.step} & helpdesk.calls.steps.keys(),
        )

    # --- words ------------------------------------------------------------------------------------------------------

    def stands(self, point: Point) -> str:
        """How a call stands, in words."""
        return {
            Waiting.KEYS: f"'{point.step}' waits for a key",
            Waiting.RINGING: f"the phones of {', '.join(point.ringing)} ring",
            Waiting.TALKING: f"{point.owner} talks to the caller",
            Waiting.TRANSFERRED: "another number rings",
            Waiting.RECORDING: f"'{point.step}' takes a message",
            Waiting.NOTHING: "the call is over" if point.turn else "there is no call",
        }[point.waiting]

    def can(self, point: Point) -> str:
        """What can happen now, in words."""
        return {
            Waiting.KEYS: "press a key, silence, hang up",
            Waiting.RINGING: "answer with a name, nobody answers, press 1 to leave a message, hang up",
            Waiting.TALKING: "talk with seconds, hang up",
            Waiting.TRANSFERRED: "somebody answers, nobody answers, hang up",
            Waiting.RECORDING: "speak with seconds, silence, press # or *, hang up",
            Waiting.NOTHING: "" if point.turn else "send words, let time pass",
        }[point.waiting]


def heard(turn: Turn) -> tuple[Prompt, ...]:
    """Everything of a turn that is heard, also what a key can interrupt."""
    parts = (one.prompts if isinstance(one, Gather) else (one,) for one in turn.instructions)
    return tuple(one for part in parts for one in part if isinstance(one, Prompt))
