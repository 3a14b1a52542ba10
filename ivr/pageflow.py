"""The page that is spoken: what a colleague hears who is called about a ticket, and what the keys do.

Only 4 takes the ticket, and any key says that a person is there; a mailbox presses none (docs/carrier.md). Whether a
machine picked up is not asked: the carrier guesses it, late and wrongly."""

from sqlalchemy.orm import Session as Unit

from flows.instructions import Gather, Hangup, Instruction, Play, Say
from ivr import page_words
from ivr.forms import CallForm
from ivr.legflow import Script
from ivr.page_words import Words
from ivr.wiring import Helpline
from tickets import known, legs, page_keys, voicepages
from tickets.known import Known
from tickets.models import Leg, Ticket
from tickets.page_keys import Taken
from tickets.states import Purpose, TicketState

REPEAT, TAKE, PLAY, PASS_ON = "0", "4", "5", "6"

#: Seconds for which a key is waited for; wrong keys and silences after which the menu is said again; and turns at most.
WAIT, TRIES, MOST_TURNS = 6, 3, 20


def script(desk: Helpline) -> Script:  # noqa: ARG001 - as the other scripts
    """What our calls do that page somebody."""
    return Script(wanted=voicepages.wanted, lock=_lock, answer=_answer, reported=_reported)


def _lock(unit: Unit, leg: Leg) -> None:
    voicepages.lock_ticket(unit, leg)


def _answer(unit: Unit, desk: Helpline, leg: Leg, turn: int, form: CallForm) -> tuple[Instruction, ...]:
    return _Turn(unit, desk, leg).answer(turn, form.digits)


def _reported(_unit: Unit, _desk: Helpline, _leg: Leg) -> None:
    """Nothing: the row of the page follows its call wherever that changes (tickets.voiced)."""


class _Turn:
    """One step of one call, in the unit of work that holds its ticket and the call itself."""

    def __init__(self, unit: Unit, desk: Helpline, leg: Leg) -> None:
        self.unit, self.desk, self.leg, self.now = unit, desk, leg, desk.now()
        self.ticket = unit.get_one(Ticket, leg.ticket_id)
        self.person = page_keys.colleague(leg, desk.rules)
        self.words: Words = page_words.of(self.person.languages, desk.flows.helpdesk.desk.language)

    def answer(self, turn: int, keys: str) -> tuple[Instruction, ...]:
        """What is heard after these keys, "" for none."""
        key = keys[:1]
        if turn == 0:
            legs.picked_up(self.unit, self.leg, now=self.now)
        elif key:
            page_keys.heard(self.unit, self.leg, now=self.now)
        if self.ticket.state != TicketState.OPEN:
            return self._standing(page_keys.standing(self.ticket, self.person))
        if turn == 0 or (key == REPEAT and turn < MOST_TURNS):
            return self._page()
        if key == TAKE:
            return self._standing(page_keys.take(self.unit, self.leg, self.ticket, rules=self.desk.rules, now=self.now))
        if key == PASS_ON:
            more = page_keys.pass_on(self.unit, self.leg, self.ticket, rules=self.desk.rules, now=self.now)
            return self._goodbye(self.words.passed if more else self.words.nobody)
        if key == PLAY and turn < MOST_TURNS:
            return self._recording()
        if turn >= MOST_TURNS or _misses(self.leg) + 1 > TRIES:
            return self._goodbye(self.words.goodbye)
        return (self._ask(self._known()),)

    def _known(self) -> Known:
        return known.of(self.unit, self.ticket, rules=self.desk.rules)

    def _page(self) -> tuple[Instruction, ...]:
        told = self._known()
        facts, words = told.facts, self.words
        number = facts.callback or facts.caller
        spelled = page_words.telephone(number) if number else words.withheld
        who = f"{facts.client}, {spelled}" if facts.client else spelled
        opening = words.page.format(ticket=page_words.digits(self.ticket.number), who=who)
        if facts.about:
            opening = f"{opening} {facts.about}."
        if facts.words:
            said = page_words.readable(facts.words)
            prompts = [self._say(opening), self._read(said, told.language)]
        else:
            said = words.missed if told.purpose is Purpose.MISSED else words.nothing
            prompts = [self._say(f"{opening} {said}")]
        page_keys.spoken(self.unit, self.leg, f"{opening} {said}")
        return (self._ask(told, *prompts),)

    def _recording(self) -> tuple[Instruction, ...]:
        told = self._known()
        if told.sound is None:
            return (self._ask(told, self._say(self.words.no_recording)),)
        return (self._ask(told, Play(self.desk.links.listen(told.sound, self.now))),)

    def _ask(self, told: Known, *before: Say | Play) -> Gather:
        recording = self.words.recording if told.sound is not None else ""
        menu = self._say(self.words.menu.format(recording=recording))
        return Gather(prompts=(*before, menu), digits=1, timeout=WAIT, finish_on_key="")

    def _standing(self, taken: Taken) -> tuple[Instruction, ...]:
        words, ticket = self.words, page_words.digits(self.ticket.number)
        if taken.now:
            facts = self._known().facts
            number = facts.callback or facts.caller
            call = words.call.format(number=page_words.telephone(number)) if number else ""
            return self._say(words.yours.format(ticket=ticket, call=call)), Hangup()
        if taken.mine and not taken.resolved:
            return self._goodbye(words.kept)
        template = words.resolved if taken.resolved else words.taken
        return self._say(template.format(ticket=ticket, by=taken.by)), Hangup()

    def _goodbye(self, template: str) -> tuple[Instruction, ...]:
        return self._say(template.format(ticket=page_words.digits(self.ticket.number))), Hangup()

    def _say(self, text: str) -> Say:
        return self._in(text, self.words.code)

    def _read(self, text: str, language: str | None) -> Say:
        return self._in(text, page_words.voice_of(language, self.words.code))

    def _in(self, text: str, code: str) -> Say:
        """The desk's own voice speaks the desk's own language; for others the carrier chooses one."""
        rules = self.desk.flows.helpdesk.desk
        own = rules.language[:2] == code[:2]
        return Say(text, rules.language if own else code, rules.voice if own else None)


def _misses(leg: Leg) -> int:
    """Silences and wrong keys of the turns before this one."""
    right = {f"keys {key}" for key in (REPEAT, TAKE, PLAY, PASS_ON)}
    return sum(turn != "0" and answered["heard"] not in right for turn, answered in (leg.turns or {}).items())
