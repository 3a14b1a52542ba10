"""TAKE, GIVE and UNDO by text: who is on duty meanwhile, and who hears of it.

TAKE is "me too", TAKE ALONE "only me", GIVE "Sam whenever I would be". None of them can leave nobody on duty where the
schedule has somebody: the first only adds, the others put a person in the place of another."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from tickets import consent, outbox, overrides
from tickets.arrival import Arrival
from tickets.handover_words import Ask, Request, who
from tickets.oncall import Handover, Person, Stint
from tickets.rules import Rules
from tickets.sms import spoken_number
from tickets.states import Purpose
from tickets.time_words import Unclear, read

_GIVE = "GIVE Sam 4h or GIVE Sam until 8am"
#: Who undoes on the command line.
OWNER = "the owner of oncall.yml"
_RECEIVED = "UNDO gives it back, GIVE with a name and a time passes it on."


def answer(arrival: Arrival, request: Request) -> tuple[str, bool]:
    """Do what a colleague asked for, tell the others whom it concerns, and return the reply; False with it when the request
    was not clear, so that a telephone which answers by itself ("Give me a minute") can be told less often."""
    found = _answer(arrival, request)
    return (found.why, False) if isinstance(found, Unclear) else (found, True)


def _answer(arrival: Arrival, request: Request) -> str | Unclear:
    assert arrival.person is not None  # only the team has commands
    overrides.alone(arrival.session)
    before = overrides.running(arrival.session, now=arrival.now)
    if not consent.may_text(arrival.session, arrival.person.number, arrival.rules.sender):
        return (
            f"Nothing done: {spoken_number(arrival.person.number)} has opted out and gets no pages. Text START first."
        )
    match request.ask:
        case Ask.TAKE:
            return _take(arrival, request, before, person=arrival.person)
        case Ask.GIVE:
            return _give(arrival, request, before, person=arrival.person)
        case Ask.UNDO:
            return _undo(arrival, before, person=arrival.person)


def undo_for_owner(session: Session, number: int, *, rules: Rules, now: datetime) -> str | None:
    """The owner of oncall.yml undoes a change that somebody made by text; whom it concerns is told. Returns what it was, or
    None when no change of this number holds."""
    overrides.alone(session)
    before = overrides.running(session, now=now)
    undone = overrides.undo(session, number, by=OWNER, now=now)
    if undone is None:
        return None
    concerned = concerns(rules, undone, (before, overrides.running(session, now=now)), now=now)
    for person in rules.team:
        if person in concerned:
            until = when(undone.ends, person.zone, rules=rules, now=now)
            outbox.write(
                session,
                key=f"duty:undo {number}:{person.number}",
                purpose=Purpose.NOTICE,
                to=person.number,
                body=f"Undone by {OWNER}: {undone.words} until {until}.",
                desk=rules.desk_number,
                now=now,
                person=person.name,
            )
    return f"{undone.words} until {when(undone.ends, rules.zone, rules=rules, now=now)}"


def who_is(session: Session, rules: Rules, *, now: datetime) -> str:
    """The answer to WHO, with what colleagues changed by text a moment ago."""
    made = overrides.running(session, now=now)
    known = rules.stints(now, now + timedelta(seconds=1), made)[0].people
    people = ", ".join(f"{person.name} {spoken_number(person.number)}" for person in known or rules.team)
    if not known:
        return f"Nobody is on call. Pages go to everyone: {people}"
    changed = ", ".join(f"{one.words} until {when(one.ends, rules.zone, rules=rules, now=now)}" for one in made)
    return f"On call: {people}" + (f". By text: {changed}" if changed else "")


def when(moment: datetime, zone: ZoneInfo, *, rules: Rules, now: datetime) -> str:
    """A moment on the wall of somebody: "Tue 8:00 AM", with the date when it is nearly a week away, and with the zone when
    the clocks show it twice."""
    local = moment.astimezone(zone)
    day = f"{local:%a %b} {local.day}," if moment - now > timedelta(days=6) else f"{local:%a}"
    twice = len(rules.moments(local.replace(tzinfo=None, fold=0), zone.key)) > 1
    return f"{day} " + f"{local:%I:%M %p}".lstrip("0") + (f" {local:%Z}" if twice else "")


def _until(arrival: Arrival, moment: datetime, person: Person) -> str:
    return f"until {when(moment, person.zone, rules=arrival.rules, now=arrival.now)}"


def _take(arrival: Arrival, request: Request, before: tuple[Handover, ...], *, person: Person) -> str | Unclear:
    ends = _ends(arrival, request.time, person)
    if isinstance(ends, Unclear):
        if request.time.isdecimal() and len(request.time) >= 4:
            words = f"To take ticket {request.time} write ACK {request.time}. To be on call: TAKE 4h or TAKE until 8am."
            return Unclear(words)
        return Unclear(f"{ends.why} TAKE ALONE puts only you on call.")
    made = Handover(arrival.now, ends, person.name, person.name, also=not request.alone)
    until = _until(arrival, ends, person)
    mine = [one for one in before if one.by == one.person == person.name]
    if not request.alone and not mine and _always(arrival, ends, before, person=person):
        return f"You are on call anyway {until}. Nothing changes."
    for one in mine:  # a second TAKE corrects the first
        overrides.undo(arrival.session, one.number, by=person.name, now=arrival.now)
    after = _written(arrival, made)
    subject = f"{person.name} alone is on call" if request.alone else f"{person.name} is on call too"
    told = _tell(arrival, made, before, after=after, subject=subject)
    others = [one.name for one in _on_duty(arrival, arrival.now, after) if one != person]
    beside = f"with {_names(others)}" if others else "alone"
    goes_on = " After that you are on call by the schedule." if person in _on_duty(arrival, ends, after) else ""
    return f"You are on call {until} {beside}.{told}{goes_on} UNDO takes it back."


def _give(arrival: Arrival, request: Request, before: tuple[Handover, ...], *, person: Person) -> str | Unclear:
    rules, other = arrival.rules, _meant(request, arrival.rules, person)
    if isinstance(other, Unclear):
        return other
    if other == person:
        return "That is you. TAKE 4h puts you on call."
    ends = _ends(arrival, request.time, person)
    if isinstance(ends, Unclear):
        return ends
    if not consent.may_text(arrival.session, other.number, rules.sender):
        return (
            f"Nothing done: {other.name} has opted out of texts and gets no pages. Call {spoken_number(other.number)}."
        )
    given = next((one for one in before if one.place_of == person.name), None)
    if given is not None:
        return (
            f"{given.person} is on call for you already, {_until(arrival, given.ends, person)}. UNDO takes that back."
        )
    stints = rules.stints(arrival.now, ends, before)
    if not any(person in stint.people for stint in stints):
        return f"You are not on call {_until(arrival, ends, person)}: there is nothing to give."
    made = Handover(arrival.now, ends, other.name, person.name, also=False, place_of=person.name)
    after = _written(arrival, made)
    turn = "" if person in stints[0].people else f", whenever it is the turn of {person.name}"
    body = f"You are on call for {person.name} {_until(arrival, ends, other)}{turn}. {_RECEIVED}"
    arrival.tell(other, body, key=f"duty:{arrival.text.sid}:{other.number}")
    told = _tell(
        arrival, made, before, after=after, subject=f"{other.name} is on call for {person.name}", told=(other,)
    )
    return f"{other.name} is on call for you {_until(arrival, ends, person)}.{told} UNDO takes it back."


def _meant(request: Request, rules: Rules, person: Person) -> Person | Unclear:
    team = {one.name: one for one in rules.team}
    found = who(request.name, team)
    if len(found) == 1:
        return team[found[0]]
    if found:
        return Unclear(f"Which one: {_names(found, 'or')}?")
    if not request.name:
        return Unclear(f"To whom, and for how long? Write {_GIVE}.")
    others = _names([name for name in team if name != person.name], "or")
    return Unclear(f"Nobody here is called {request.name.title()}. {others}? Write {_GIVE}.")


def _undo(arrival: Arrival, before: tuple[Handover, ...], *, person: Person) -> str:
    mine = [one for one in before if person.name in (one.by, one.person)]
    if not mine:
        return "There is nothing of yours to undo. WHO says who is on call."
    undone = overrides.undo(arrival.session, mine[-1].number, by=person.name, now=arrival.now)
    assert undone is not None  # it held, and nobody else changes duty at this moment
    after = overrides.running(arrival.session, now=arrival.now)
    told = _tell(arrival, undone, before, after=after, subject=f"Undone by {person.name}: {undone.words}")
    known = _on_duty(arrival, arrival.now, after)
    now = (
        f"On call now: {_names([one.name for one in known])}."
        if known
        else "Nobody is on call now: pages go to everyone."
    )
    return f"Undone: {undone.words} {_until(arrival, undone.ends, person)}. {now}{told}"


def _ends(arrival: Arrival, words: str, person: Person) -> datetime | Unclear:
    return read(words, now=arrival.now, zone=person.zone.key, moments=arrival.rules.moments)


def _written(arrival: Arrival, made: Handover) -> tuple[Handover, ...]:
    overrides.write(arrival.session, made, evidence=arrival.text.sid, now=arrival.now)
    return overrides.running(arrival.session, now=arrival.now)


def _on_duty(arrival: Arrival, at: datetime, made: tuple[Handover, ...]) -> tuple[Person, ...]:
    return arrival.rules.stints(at, at + timedelta(seconds=1), made)[0].people


def _always(arrival: Arrival, ends: datetime, made: tuple[Handover, ...], *, person: Person) -> bool:
    return all(person in stint.people for stint in arrival.rules.stints(arrival.now, ends, made))


def _tell(
    arrival: Arrival,
    made: Handover,
    before: tuple[Handover, ...],
    *,
    after: tuple[Handover, ...],
    subject: str,
    told: tuple[Person, ...] = (),
) -> str:
    """Tell those who are on duty meanwhile, before or after the change, whom it names, and the leads. Returns the sentence
    that says who was told."""
    concerned = concerns(arrival.rules, made, (before, after), now=arrival.now)
    others = [one for one in arrival.rules.team if one in concerned and one != arrival.person]
    for one in others:
        if one not in told:
            body = f"{subject} {_until(arrival, made.ends, one)}."
            arrival.tell(one, body, key=f"duty:{arrival.text.sid}:{one.number}")
    if not others:
        return ""
    return f" {_names([one.name for one in others])} {'is' if len(others) == 1 else 'are'} told."


def concerns(
    rules: Rules, made: Handover, sides: Iterable[tuple[Handover, ...]], *, now: datetime
) -> frozenset[Person]:
    """Whom a change concerns: whoever is on duty while it holds, with it or without it, whom it names, and the leads."""
    stints: list[Stint] = [stint for side in sides for stint in rules.stints(now, made.ends, side)]
    names = (made.person, made.by, made.place_of)
    return frozenset(
        person
        for person in rules.team
        if person.lead or person.name in names or any(person in stint.people for stint in stints)
    )


def _names(names: Iterable[str], word: str = "and") -> str:
    names = list(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}" if len(names) > 1 else "".join(names)
