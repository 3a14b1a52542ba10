"""The pure engine of a call: (flow, session, event) to (session, instructions). No clock, no I/O, no chance.

Promises: `begin` and `advance` never raise, whatever the event is and whatever became of the flow file since the last
turn. Every turn ends with `Gather`, `Record`, `Connect`, `Transfer` or `Hangup`, or with nothing when the caller is gone.
After at most `calls.limits.turns` turns, or `calls.limits.minutes`, the call is at a voicemail or with a person, and two
turns later it has ended. A ring adds turns on hold to that: at most one for each of its seconds, and none MARGIN seconds
after its end.
"""

from dataclasses import replace
from datetime import datetime

from flows import offers
from flows.builtin import VOICEMAIL_STEP, voicemail_only
from flows.hours import State, standing
from flows.instructions import (
    Choose,
    Connect,
    Hangup,
    Note,
    Record,
    Ring,
    TellWhenOver,
    Transfer,
)
from flows.routes import silent_exits
from flows.schema import HelpdeskFlow
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
    Transferred,
    Turn,
    Waiting,
    Who,
)
from flows.speech import Prompts, same_language
from flows.steps import (
    LEAVE_KEY,
    AnnounceStep,
    AskStep,
    CallbackStep,
    ClientBranch,
    ClientStep,
    HangupStep,
    HoursStep,
    MenuStep,
    MessageStep,
    Miss,
    RingStep,
    SayStep,
    Step,
    TransferStep,
    Voicemail,
    VoicemailStep,
)
from flows.steps import Ring as RingRules
from flows.steps import Transfer as TransferRules
from flows.turn import Making

__all__ = [
    "LEAVE_KEY", "Caller", "Digits", "Event", "Flow", "HungUp", "Known", "NotTaken", "Recorded", "Session", "Silence",
    "StillRinging", "Taken", "Talked", "Transferred", "Turn", "Waiting", "Who", "advance", "begin", "nobody_rings",
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
    """The first turn of a call. What of `caller` and `now` it depends on: `flows.beginning`. A `known` outage is said after
    the greeting, before the caller has to do anything."""
    session = Session(
        step=flow.calls.start,
        waiting=Waiting.KEYS,
        steps=1,
        tries=0,
        choice=None,
        language=_language(flow, caller),
        ended=False,
        began=int(now.timestamp()),
    )
    call = _Call(flow, session, caller=caller, now=now)
    call.known = known
    return call.enter(flow.calls.start)


def _language(flow: Flow, caller: Caller) -> str:
    """The language in which a call begins: the client's where the desk speaks it, else the desk's."""
    spoken = (flow.desk.language, *flow.desk.languages)
    wanted = caller.language or flow.desk.language
    return next((one for one in spoken if same_language(one, wanted)), flow.desk.language)


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
            return call.press("")
        case Waiting.RINGING:
            return call.rings(event)
        case Waiting.TALKING:
            return call.talked(event)
        case Waiting.TRANSFERRED:
            return call.transferred(event)
        case _:
            return call.nothing_recorded()


def nobody_rings(flow: Flow, turn: Turn, *, caller: Caller, now: datetime) -> Turn:
    """The turn that should ring and cannot, because nobody is there to be rung: it goes on at once as if time were up. What
    was chosen and said before stays."""
    place = next(index for index, one in enumerate(turn.instructions) if isinstance(one, Ring))
    following = advance(flow, turn.session, NotTaken(), caller=caller, now=now)
    instructions = (*turn.instructions[:place], *following.instructions)
    return Turn(following.session, instructions, (*turn.passed, *following.passed))


class _Call(Making):
    """One turn in the making, by the kind of the step."""

    known: Known | None = None

    def press(self, keys: str) -> Turn:
        """A key, or none in time ("")."""
        if self.session.offered:
            return self.offered(keys)
        step = self.flow.calls.steps.get(self.session.step)
        match step:
            case AskStep() | CallbackStep() | MessageStep():
                return self._on(offers.answered(self, step, keys))
            case MenuStep() if keys not in step.menu.keys:
                return self._miss(step, step.menu.wrong if keys else step.menu.silence)
            case MenuStep():
                return self._choose(step, keys)
        return self.enter(self.session.step, lost=True)

    def _choose(self, step: MenuStep, key: str) -> Turn:
        option, name = step.menu.keys[key], self.session.step
        if option.opens is not None:
            self.out.append(Choose(name, key, option.opens, option.priority))
            self.keep(choice=option.opens)
        if option.records is not None:
            self.out.append(Note(f"The caller pressed {key}: {option.records}"))
        if option.language is not None and not same_language(option.language, self.session.language):
            self.keep(language=option.language, heard=())  # a notice is one in a language that the caller understands
        return self.enter(option.next)

    def _miss(self, step: MenuStep, miss: Miss) -> Turn:
        """Silence or a wrong key at a menu: their own words, then the menu again, their own step, or `otherwise`."""
        name, tries = self.session.step, self.session.tries + 1
        if tries >= step.menu.tries:
            return self.enter(step.otherwise)
        self.say(miss.say)
        if miss.next is not None and miss.next != name:
            return self.enter(miss.next)
        return self.enter(name, tries=tries)

    def offered(self, keys: str) -> Turn:
        """After the offer about an outage: 1 is a wish, everything else leads to the menu that the caller came for."""
        self.keep(offered=False)
        if keys == TELL_ME:
            self.out.append(TellWhenOver())
            self.say(self.flow.calls.outage.thanks)
        return self.enter(self.session.step)

    def enter(self, name: str, *, tries: int = 0, lost: bool = False) -> Turn:
        """Go on from step `name` to the first that waits for the caller. Circles and limits lead to the voicemail."""
        passed: set[str] = set()
        while True:
            step: Step | None = None if lost or name in passed else self.flow.calls.steps.get(name)
            if step is None or (self.at_limit and not isinstance(step, VoicemailStep | HangupStep)):
                name, step = self._voicemail_for(name)
            passed.add(name)
            self.passed.append(name)
            if self.known is not None and not isinstance(step, SayStep | AnnounceStep | HoursStep | ClientStep):
                known, self.known = self.known, None
                if (turn := self._announce_outage(name, known)) is not None:
                    return turn
            following = self._come_to(name, step, tries=tries)
            if isinstance(following, Turn):
                return following
            name = following

    def _come_to(self, name: str, step: Step, *, tries: int) -> Turn | str:
        """The turn that waits at this step, or the step that follows at once."""
        match step:
            case SayStep():
                self.say(step.say)
                return step.next
            case AnnounceStep():
                if step.announce.holds(self.moment, self.flow.desk.zone):
                    self.say(step.announce.say)
                return step.next
            case HoursStep():
                return self._by_hours(step)
            case ClientStep():
                return self._by_client(step.client) or step.otherwise
            case AskStep() | CallbackStep() | MessageStep():
                return offers.begin(self, name, step)
            case RingStep():
                return self._ring(name, step.ring)
            case TransferStep() if step.transfer.to == self.caller.number:
                return step.otherwise  # to whoever calls from there, it would be engaged or its own mailbox
            case TransferStep():
                return self._transfer(name, step.transfer)
            case MenuStep():
                return self._ask(name, step, tries=tries)
            case VoicemailStep():
                self.say(step.voicemail.say)
                return self._record(name, step.voicemail, tries=0)
            case HangupStep():
                self.say(step.hangup)
                return self.end(name, Hangup())

    def _on(self, following: Turn | str) -> Turn:
        return following if isinstance(following, Turn) else self.enter(following)

    def _by_hours(self, step: HoursStep) -> str:
        hours = self.flow.hours.get(step.hours)
        state = standing(hours, self.moment, zone=self.flow.desk.zone).state if hours else State.CLOSED
        if state is State.OPEN:
            return step.open
        return step.holiday if state is State.HOLIDAY and step.holiday else step.closed

    def _by_client(self, branch: ClientBranch) -> str | None:
        match self.caller.who:
            case Who.VIP:
                return branch.vip or branch.known
            case Who.KNOWN:
                return branch.known
            case Who.BLOCKED:
                return branch.blocked
        return None

    # --- waiting for a person ---------------------------------------------------------------------------------------

    def rings(self, event: Event) -> Turn:
        """A turn on hold: connected, on to `otherwise`, or on hold again."""
        step = self.flow.calls.steps.get(self.session.step)
        if isinstance(event, Talked) and event.seconds is not None:
            return self.talked(event)
        if isinstance(event, Taken):
            self.say(self._ring_rules().taken)
            self.keep(waiting=Waiting.TALKING, since=self.now)
            # The colleague's side ends the talk; ours may leave the room and come back without ending it.
            return self.turn(Connect(event.room, leads=True, host=False))
        if not isinstance(step, RingStep):
            return self.enter(self.session.step, lost=True)
        over = self.session.tries >= step.ring.seconds or self.now >= self.session.since + step.ring.seconds + MARGIN
        if over or isinstance(event, NotTaken) or (isinstance(event, Digits) and event.keys == LEAVE_KEY):
            return self.enter(step.otherwise)
        tries = self.session.tries + 1
        self.keep(steps=self.session.steps - 1)  # a turn on hold does not count
        again = step.ring.still if tries % STILL_EVERY == 0 else ()
        return self._hold((*again, *step.ring.hold), tries=tries)

    def talked(self, event: Event) -> Turn:
        """After the conversation: goodbye. It never came about: on, as after a ring that nobody answered. Nobody knows yet:
        on hold, as before."""
        if isinstance(event, Talked) and event.seconds is not None:
            self.say(self._ring_rules().goodbye)
            return self.end(self.session.step, Hangup())
        step = self.flow.calls.steps.get(self.session.step)
        if isinstance(event, StillRinging):
            self.keep(waiting=Waiting.RINGING)
            return self.rings(event)
        return self.enter(step.otherwise if isinstance(step, RingStep) else "", lost=not isinstance(step, RingStep))

    def transferred(self, event: Event) -> Turn:
        """After the Dial to another number: goodbye when somebody picked up there, else on."""
        step = self.flow.calls.steps.get(self.session.step)
        rules = step.transfer if isinstance(step, TransferStep) else None
        if isinstance(event, Transferred) and event.answered:
            self.out.append(Note("The caller was connected to another number"))
            self.say(rules.goodbye if rules else RingRules().goodbye)
            return self.end(self.session.step, Hangup())
        return self.enter(step.otherwise if isinstance(step, TransferStep) else "", lost=rules is None)

    def _ring(self, name: str, ring: RingRules) -> Turn:
        self.out.append(Ring(ring.team, ring.seconds, ring.order))
        self.keep(step=name, waiting=Waiting.RINGING, since=self.now)
        return self._hold((*ring.say, *ring.hold), tries=0)

    def _ring_rules(self) -> RingRules:
        """The words of this ring; the usual ones when the flow has lost the step meanwhile."""
        step = self.flow.calls.steps.get(self.session.step)
        return step.ring if isinstance(step, RingStep) else RingRules()

    def _hold(self, prompts: Prompts, *, tries: int) -> Turn:
        self.keep(tries=tries)
        return self.gather(prompts, wait=HOLD_WAIT)

    def _transfer(self, name: str, rules: TransferRules) -> Turn:
        self.say(rules.say)
        self.keep(step=name, waiting=Waiting.TRANSFERRED, since=self.now)
        return self.turn(Transfer(rules.to, rules.seconds))

    # --- words and keys ---------------------------------------------------------------------------------------------

    def _ask(self, name: str, step: MenuStep, *, tries: int) -> Turn:
        menu, heard = step.menu, self.session.heard
        prompts = menu.say
        if menu.notice is not None and name not in heard:
            prompts, heard = prompts + menu.notice, (*heard, name)
        self.keep(step=name, waiting=Waiting.KEYS, tries=tries, heard=heard)
        return self.gather(prompts, wait=menu.wait)

    def _announce_outage(self, name: str, known: Known) -> Turn | None:
        """Say what is known of an outage; whoever can be texted is asked, and goes on to step `name` afterwards."""
        outage = self.flow.calls.outage
        self.more = {"outage": known.words.rstrip(" .!")}
        if not known.offer:
            self.say(outage.say)
            return None
        self.keep(step=name, waiting=Waiting.KEYS, tries=0, offered=True)
        return self.gather((*outage.say, *outage.offer), wait=outage.wait)

    # --- the message ------------------------------------------------------------------------------------------------

    def thank(self) -> Turn:
        """A message was left: thanks and the end."""
        name, step = self._voicemail_for(self.session.step)
        self.say(step.voicemail.thanks)
        return self.end(name, Hangup())

    def nothing_recorded(self) -> Turn:
        """No message: once more with a short prompt, then goodbye."""
        name, step = self._voicemail_for(self.session.step)
        if self.session.tries == 0:
            self.say(step.voicemail.again)
            return self._record(name, step.voicemail, tries=1)
        self.say(step.voicemail.goodbye)
        return self.end(name, Hangup())

    def gone(self) -> Turn:
        """The caller hung up: nobody is left to be told anything."""
        return self.end(self.session.step)

    def _record(self, name: str, voicemail: Voicemail, *, tries: int) -> Turn:
        record = Record(voicemail.max_seconds, voicemail.silence_seconds, FINISH_KEYS, voicemail.beep)
        self.keep(step=name, waiting=Waiting.RECORDING, tries=tries)
        return self.turn(record)

    def _voicemail_for(self, name: str) -> tuple[str, VoicemailStep]:
        """The voicemail a caller at `name` comes to without a key, else the first of the flow, else the built-in."""
        steps = self.flow.calls.steps
        for _ in steps:
            step = steps.get(name)
            if isinstance(step, VoicemailStep):
                return name, step
            name = next(iter(silent_exits(name, step)), "") if step is not None else ""
        found = ((key, step) for key, step in steps.items() if isinstance(step, VoicemailStep))
        return next(found, ("voicemail", VOICEMAIL_STEP))
