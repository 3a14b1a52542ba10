"""The pure engine of a call: (flow, session, event) to (session, instructions). No clock, no I/O, no chance.

Promises: `begin` and `advance` never raise, whatever the event is and whatever became of the flow file since the last
turn. Every turn ends with `Gather`, `Record`, `Connect` or `Hangup`, or with nothing when the caller is gone. After at most
`calls.limits.turns` turns, or `calls.limits.minutes`, the call is at a voicemail or with a person, and two turns later it
has ended. A ring adds turns on hold to that: at most one for each of its seconds, and none MARGIN seconds after its end.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flows.builtin import VOICEMAIL_STEP, voicemail_only
from flows.instructions import (
    Choose,
    Connect,
    Gather,
    Hangup,
    Instruction,
    Pause,
    Play,
    Prompt,
    Record,
    Ring,
    Say,
    TellWhenOver,
)
from flows.schema import (
    LEAVE_KEY,
    Clip,
    HangupStep,
    HelpdeskFlow,
    MenuStep,
    Miss,
    Prompts,
    RingStep,
    SayStep,
    Step,
    Voicemail,
    VoicemailStep,
    Words,
)
from flows.schema import Ring as RingRules
from flows.session import (
    Caller,
    Digits,
    Event,
    HungUp,
    Known,
    NotTaken,
    Recorded,
    Session,
    Silence,
    StillRinging,
    Taken,
    Talked,
    Turn,
    Waiting,
)
from flows.words import fill, spoken_values

__all__ = [
    "LEAVE_KEY", "Caller", "Digits", "Event", "Flow", "HungUp", "Known", "NotTaken", "Recorded", "Session", "Silence",
    "StillRinging", "Taken", "Talked", "Turn", "Waiting", "advance", "begin", "nobody_rings", "said_of_callers",
    "voicemail_only",
]  # fmt: skip

Flow = HelpdeskFlow
# Any of these ends a message; a digit does not, because callers fumble with their phones while they speak.
FINISH_KEYS = "*#"
TELL_ME = "1"
HANGUP_KEY = "hangup"
#: Seconds for that key after the sounds of one turn on hold; the turn is over as soon as they are.
HOLD_WAIT = 1
#: Every so many turns on hold the caller hears that we are still trying.
STILL_EVERY = 2
#: Seconds after the end of a ring at which the engine goes on by itself, whatever it is told.
MARGIN = 15


def begin(flow: Flow, *, caller: Caller, now: datetime, known: Known | None = None) -> Turn:
    """The first turn of a call. The moment `now` is seen in `session.began` only; a `known` outage is said after the
    greeting, before the caller has to do anything.
    """
    session = Session(
        step=flow.calls.start,
        waiting=Waiting.KEYS,
        steps=1,
        tries=0,
        choice=None,
        language=flow.desk.language,
        ended=False,
        began=int(now.timestamp()),
    )
    return _Call(flow, session, caller=caller, now=now, known=known).enter(flow.calls.start)


def said_of_callers(flow: Flow) -> frozenset[str]:
    """Which of "caller" and "client" any prompt names. Who differs only in the others hears the same."""
    said = flow.calls.model_dump_json(exclude={"outage"}) + VOICEMAIL_STEP.model_dump_json()
    return frozenset(name for name in ("caller", "client") if f"{{{name}}}" in said)


def advance(flow: Flow, session: Session, event: Event, *, caller: Caller, now: datetime) -> Turn:
    """The next turn. Unexpected events have answers too.

    A message is thanked for wherever it arrives, any other event that does not fit counts as a miss, a step that the
    flow no longer has leads to the voicemail, and after the end there is only the hang-up. On hold, only LEAVE_KEY is a
    key; a caller who was connected and talked to nobody goes on like one whom nobody answered.
    """
    if session.ended or session.waiting is Waiting.NOTHING:
        over = replace(session, ended=True, waiting=Waiting.NOTHING)
        return Turn(over, () if isinstance(event, HungUp) else (Hangup(),))
    call = _Call(flow, replace(session, steps=session.steps + 1), caller=caller, now=now)
    match event:
        case HungUp():
            return call.gone()
        case Recorded(seconds=seconds, key=key) if key == HANGUP_KEY or (seconds or 0) > 0:
            return call.gone() if key == HANGUP_KEY else call.thank()
        case Digits(keys=keys) if keys and session.waiting is Waiting.KEYS:
            return call.press(keys)
    match session.waiting:
        case Waiting.KEYS:
            return call.miss("silence")
        case Waiting.RINGING:
            return call.rings(event)
        case Waiting.TALKING:
            return call.talked(event)
        case _:
            return call.nothing_recorded()


def nobody_rings(flow: Flow, turn: Turn, *, caller: Caller, now: datetime) -> Turn:
    """The turn that should ring and cannot, because nobody is there to be rung: it goes on at once as if time were up. What
    was chosen and said before stays."""
    place = next(index for index, one in enumerate(turn.instructions) if isinstance(one, Ring))
    following = advance(flow, turn.session, NotTaken(), caller=caller, now=now)
    return Turn(following.session, (*turn.instructions[:place], *following.instructions))


class _Call:
    """One turn in the making: the session so far and the instructions collected."""

    def __init__(
        self, flow: Flow, session: Session, *, caller: Caller, now: datetime, known: Known | None = None
    ) -> None:
        self.flow, self.session, self.known = flow, session, known
        self.values = spoken_values(flow.desk, number=caller.number, client=caller.client)
        self.now = int(now.timestamp())
        self.minutes = (now.timestamp() - session.began) / 60
        self.out: list[Instruction] = []

    def press(self, keys: str) -> Turn:
        """A key of the menu, or a wrong one."""
        if self.session.offered:
            return self.answered(keys)
        step = self.flow.calls.steps.get(self.session.step)
        if not isinstance(step, MenuStep):
            return self.enter(self.session.step, lost=True)
        option = step.menu.keys.get(keys)
        if option is None:
            return self.miss("wrong")
        if option.opens is not None:
            label = option.opens
            note = f"The caller pressed {keys} at '{self.session.step}': {label}"
            self.out.append(Choose(self.session.step, keys, label, option.priority, note))
            self.session = replace(self.session, choice=label)
        return self.enter(option.next)

    def miss(self, kind: str) -> Turn:
        """Silence or a wrong key at a menu: their own words, then the menu again, their own step, or `otherwise`."""
        if self.session.offered:
            return self.answered("")
        step = self.flow.calls.steps.get(self.session.step)
        if not isinstance(step, MenuStep):
            return self.enter(self.session.step, lost=True)
        miss: Miss = step.menu.silence if kind == "silence" else step.menu.wrong
        tries = self.session.tries + 1
        if tries >= step.menu.tries:
            return self.enter(step.otherwise)
        self._say(miss.say)
        if miss.next is not None and miss.next != self.session.step:
            return self.enter(miss.next)
        return self.enter(self.session.step, tries=tries)

    def answered(self, keys: str) -> Turn:
        """After the offer about an outage: 1 is a wish, everything else leads to the menu that the caller came for."""
        self.session = replace(self.session, offered=False)
        if keys == TELL_ME:
            self.out.append(TellWhenOver())
            self._say(self.flow.calls.outage.thanks)
        return self.enter(self.session.step)

    def enter(self, name: str, *, tries: int = 0, lost: bool = False) -> Turn:
        """Go on from step `name` to the first that waits for the caller. Circles and limits lead to the voicemail."""
        passed: set[str] = set()
        while True:
            step: Step | None = None if lost or name in passed else self.flow.calls.steps.get(name)
            if step is None or (self._at_limit() and not isinstance(step, VoicemailStep | HangupStep)):
                name, step = self._voicemail_for(name)
            passed.add(name)
            if self.known is not None and not isinstance(step, SayStep):
                known, self.known = self.known, None
                if (turn := self._announce(name, known)) is not None:
                    return turn
            match step:
                case SayStep():
                    self._say(step.say)
                    name = step.next
                case RingStep():
                    return self._ring(name, step.ring)
                case MenuStep():
                    return self._ask(name, step, tries=tries)
                case VoicemailStep():
                    self._say(step.voicemail.say)
                    return self._record(name, step.voicemail, tries=0)
                case HangupStep():
                    self._say(step.hangup)
                    return self._end(name, Hangup())

    def rings(self, event: Event) -> Turn:
        """A turn on hold: connected, on to `otherwise`, or on hold again."""
        step = self.flow.calls.steps.get(self.session.step)
        if isinstance(event, Talked) and event.seconds is not None:
            return self.talked(event)
        if isinstance(event, Taken):
            self._say(self._ring_rules().taken)
            self.session = replace(self.session, waiting=Waiting.TALKING, since=self.now)
            # The colleague's side ends the talk; ours may leave the room and come back without ending it.
            return Turn(self.session, (*self.out, Connect(event.room, leads=True, host=False)))
        if not isinstance(step, RingStep):
            return self.enter(self.session.step, lost=True)
        over = self.session.tries >= step.ring.seconds or self.now >= self.session.since + step.ring.seconds + MARGIN
        if over or isinstance(event, NotTaken) or (isinstance(event, Digits) and event.keys == LEAVE_KEY):
            return self.enter(step.otherwise)
        tries = self.session.tries + 1
        self.session = replace(self.session, steps=self.session.steps - 1)  # a turn on hold does not count
        again = step.ring.still if tries % STILL_EVERY == 0 else ()
        return self._hold((*again, *step.ring.hold), tries=tries)

    def talked(self, event: Event) -> Turn:
        """After the conversation: goodbye. It never came about: on, as after a ring that nobody answered. Nobody knows yet:
        on hold, as before."""
        if isinstance(event, Talked) and event.seconds is not None:
            self._say(self._ring_rules().goodbye)
            return self._end(self.session.step, Hangup())
        step = self.flow.calls.steps.get(self.session.step)
        if isinstance(event, StillRinging):
            self.session = replace(self.session, waiting=Waiting.RINGING)
            return self.rings(event)
        return self.enter(step.otherwise if isinstance(step, RingStep) else "", lost=not isinstance(step, RingStep))

    def thank(self) -> Turn:
        """A message was left: thanks and the end."""
        name, step = self._voicemail_for(self.session.step)
        self._say(step.voicemail.thanks)
        return self._end(name, Hangup())

    def nothing_recorded(self) -> Turn:
        """No message: once more with a short prompt, then goodbye."""
        name, step = self._voicemail_for(self.session.step)
        if self.session.tries == 0:
            self._say(step.voicemail.again)
            return self._record(name, step.voicemail, tries=1)
        self._say(step.voicemail.goodbye)
        return self._end(name, Hangup())

    def gone(self) -> Turn:
        """The caller hung up: nobody is left to be told anything."""
        return self._end(self.session.step)

    def _ask(self, name: str, step: MenuStep, *, tries: int) -> Turn:
        menu, heard = step.menu, self.session.heard
        prompts = self._prompts(menu.say)
        if menu.notice is not None and name not in heard:
            prompts, heard = prompts + self._prompts(menu.notice), (*heard, name)
        # One digit per key and no finish key: # and * arrive as keys of their own instead of looking like silence.
        gather = Gather(prompts=prompts, digits=1, timeout=menu.wait, finish_on_key="")
        self.session = replace(self.session, step=name, waiting=Waiting.KEYS, tries=tries, heard=heard)
        return Turn(self.session, (*self.out, gather))

    def _ring(self, name: str, ring: RingRules) -> Turn:
        self.out.append(Ring(ring.team, ring.seconds, ring.order))
        self.session = replace(self.session, step=name, waiting=Waiting.RINGING, since=self.now)
        return self._hold((*ring.say, *ring.hold), tries=0)

    def _ring_rules(self) -> RingRules:
        """The words of this ring; the usual ones when the flow has lost the step meanwhile."""
        step = self.flow.calls.steps.get(self.session.step)
        return step.ring if isinstance(step, RingStep) else RingRules()

    def _hold(self, prompts: Prompts, *, tries: int) -> Turn:
        gather = Gather(prompts=self._prompts(prompts), digits=1, timeout=HOLD_WAIT, finish_on_key="")
        self.session = replace(self.session, tries=tries)
        return Turn(self.session, (*self.out, gather))

    def _announce(self, name: str, known: Known) -> Turn | None:
        """Say what is known of an outage; whoever can be texted is asked, and goes on to step `name` afterwards."""
        outage = self.flow.calls.outage
        self.values = {**self.values, "outage": known.words.rstrip(" .!")}
        if not known.offer:
            self._say(outage.say)
            return None
        prompts = self._prompts(outage.say) + self._prompts(outage.offer)
        gather = Gather(prompts=prompts, digits=1, timeout=outage.wait, finish_on_key="")
        self.session = replace(self.session, step=name, waiting=Waiting.KEYS, tries=0, offered=True)
        return Turn(self.session, (*self.out, gather))

    def _record(self, name: str, voicemail: Voicemail, *, tries: int) -> Turn:
        record = Record(voicemail.max_seconds, voicemail.silence_seconds, FINISH_KEYS, voicemail.beep)
        self.session = replace(self.session, step=name, waiting=Waiting.RECORDING, tries=tries)
        return Turn(self.session, (*self.out, record))

    def _end(self, name: str, *last: Instruction) -> Turn:
        self.session = replace(self.session, step=name, waiting=Waiting.NOTHING, ended=True)
        return Turn(self.session, (*self.out, *last))

    def _at_limit(self) -> bool:
        limits = self.flow.calls.limits
        return self.session.steps > limits.turns or self.minutes >= limits.minutes

    def _voicemail_for(self, name: str) -> tuple[str, VoicemailStep]:
        """The voicemail a caller at `name` comes to without a key, else the first of the flow, else the built-in."""
        steps = self.flow.calls.steps
        for _ in steps:
            step = steps.get(name)
            if isinstance(step, VoicemailStep):
                return name, step
            name = step.next if isinstance(step, SayStep) else getattr(step, "otherwise", "")
        found = ((key, step) for key, step in steps.items() if isinstance(step, VoicemailStep))
        return next(found, ("voicemail", VOICEMAIL_STEP))

    def _say(self, prompts: Prompts) -> None:
        self.out.extend(self._prompts(prompts))

    def _prompts(self, prompts: Prompts) -> tuple[Prompt, ...]:
        return tuple(self._prompt(prompt) for prompt in prompts)

    def _prompt(self, prompt: Any) -> Prompt:
        if isinstance(prompt, Words):
            language = prompt.language or self.session.language
            return Say(self._fill(prompt.say), language, prompt.voice or self.flow.desk.voice)
        return Play(prompt.play) if isinstance(prompt, Clip) else Pause(prompt.pause)

    def _fill(self, words: str) -> str:
        return " ".join(fill(words, self.values).split())
