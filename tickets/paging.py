"""What the team is told, and whom. Pure: facts in, planned texts out.

A page says ticket, who, what, and how to take it, in two segments at most; only the words of the client are cut."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from tickets import sms
from tickets.oncall import Person
from tickets.sms import spoken_number
from tickets.states import Purpose

#: So many characters of a client's words have to be left beside a link.
_ENOUGH = 20


@dataclass(frozen=True)
class Facts:
    """What is known of a ticket when a page is planned. Numbers are E.164; `seconds` is the length of the voicemail;
    `link` lets staff listen without logging in, `pictures_link` see the `pictures` that came with a text; `rung`: phones of
    the team rang, and nobody took the call; `urgent`: the ticket is. `again` says why this is not the first page ("nobody took
    it for 10 min"); `call_back`: a caller who left no words wants to be called back; `transferred`: another number picked up
    for one."""

    number: int
    client: str | None = None
    caller: str | None = None
    callback: str | None = None
    about: str | None = None
    words: str | None = None
    seconds: int | None = None
    link: str | None = None
    waiting: bool = False
    rung: bool = False
    pictures: int = 0
    pictures_link: str | None = None
    urgent: bool = True
    again: str | None = None
    call_back: bool = False
    transferred: bool = False


@dataclass(frozen=True)
class PlannedText:
    """A text to write into the outbox. `key` is the same whenever the same text is planned again."""

    key: str
    person: str
    number: str
    purpose: Purpose
    body: str


def who(facts: Facts) -> str:
    """Client and number: the number that was asked for goes first, the one that called is kept when it differs."""
    if facts.callback and facts.caller and facts.callback != facts.caller:
        number = f"{spoken_number(facts.callback)} (from {spoken_number(facts.caller)})"
    else:
        known = facts.callback or facts.caller
        number = spoken_number(known) if known else "number withheld"
    return f"{facts.client} {number}" if facts.client else number


def _length(facts: Facts) -> str:
    return f"Voicemail, {facts.seconds} s" if facts.seconds else "Voicemail"


def sentence(words: str) -> str:
    """Words that end somewhere, so that what follows is not read as part of them."""
    words = words.strip()
    return words if words[-1:] in tuple(".!?)\"'") else f"{words}."


def _with_pictures(before: str, words: str, after: str, *, facts: Facts) -> str:
    """The words of a client, and the link to what came with them. When there is no room for both, because one character
    outside GSM-7 makes texts half as long, such characters go first; words that would be lost then keep their place, and
    only the number of the pictures is told."""
    if not facts.pictures:
        return sms.fit(before, words, after)
    if not any(char.isalnum() for char in words):  # the picture says more than an emoji alone
        words = "(no words)"
    count = f" {facts.pictures} picture{'' if facts.pictures == 1 else 's'}"
    if facts.pictures_link:
        linked = f"{count}: {facts.pictures_link}{after}"
        plain = "".join(char for char in sms.to_gsm(words) if sms.is_gsm(char))
        for text in (words, plain) if 2 * len(plain) >= len(words) else (words,):
            body, nothing = sms.fit(before, text, linked), sms.to_gsm(f"{before}...{linked}")
            if body != nothing and len(body) - len(nothing) >= min(_ENOUGH, len(text) - 3):
                return body
    return sms.fit(before, words, f"{count}.{after}")


def _first_words(facts: Facts) -> str:
    ticket = f"{'URGENT' if facts.urgent else 'Ticket'} {facts.number}"
    return f"{ticket} again, {facts.again}:" if facts.again else ticket


def page_body(facts: Facts) -> str:
    """The page for a voicemail or text: with the words, or saying how to hear them."""
    before = f"{_first_words(facts)} {who(facts)}: "
    after = f" Reply ACK {facts.number} to take it."
    if facts.words:
        about = f"[{facts.about}] " if facts.about else ""
        return _with_pictures(before + about, sentence(facts.words), after, facts=facts)
    state = "words follow" if facts.waiting else "no words"
    listen = f" Listen: {facts.link}" if facts.link else ""
    about = f"{facts.about}. " if facts.about else ""
    return sms.fit(before, f"{about}{_length(facts)}, {state}.", listen + after)


def words_body(facts: Facts) -> str:
    """The second text, once, when the page had to go out without the words."""
    after = f" Reply ACK {facts.number} to take it."
    if facts.words:
        return _with_pictures(f"{facts.number} {who(facts)} said: ", sentence(facts.words), after, facts=facts)
    listen = f" Listen: {facts.link}" if facts.link else ""
    return sms.fit(f"{facts.number} {who(facts)}: ", f"{_length(facts)}, no words could be made out.", listen + after)


def missed_body(facts: Facts) -> str:
    """A caller chose an option and left no words, perhaps after nobody took the call."""
    before = f"{_first_words(facts)} {'' if facts.transferred else 'missed '}call, {who(facts)}: "
    nobody = "nobody took the call, " if facts.rung else ""
    what = f"chose {facts.about or 'an option'}, {nobody}{_instead(facts)}."
    return sms.fit(before, what, f" Reply ACK {facts.number} to take it.")


def _instead(facts: Facts) -> str:
    """How a call without words ended."""
    if facts.call_back:
        return "wants to be called back"
    return "was connected to another number" if facts.transferred else "left no message"


def unanswered_body(facts: Facts, *, minutes: int, paged: Iterable[str]) -> str:
    """The last text of an escalation, to those who have to see to it themselves now."""
    after = f" Nobody else will be paged. Reply ACK {facts.number} to take it."
    before = f"{facts.number}: nobody has acknowledged after {minutes} min. {who(facts)}. Paged: "
    return sms.fit(before, f"{', '.join(paged)}.", after)


def still_yours(number: int, *, minutes: int, first: bool) -> str:
    """The question to an owner of whom nothing was heard about the ticket, and the last one before it is open again."""
    if first:
        return f"{number} is still yours: reply ACK {number} to keep it, DONE {number} when it is solved."
    return (
        f"{number}: are you still at it? Without ACK {number} or DONE {number} it is open again in {minutes} min, and "
        "everyone on call is paged."
    )


def words_to_owner(facts: Facts) -> str:
    """What a client adds by text to a ticket that has an owner."""
    words = facts.words or ""
    return _with_pictures(
        f"{facts.number} {who(facts)} says: ", sentence(words) if facts.pictures else words, "", facts=facts
    )


@dataclass(frozen=True)
class Several:
    """An incident when it has one more ticket: the number and client of the leading one, how many tickets, how many callers."""

    leader: int
    client: str | None
    tickets: int
    callers: int


def _latest(facts: Facts) -> str:
    """What the last caller left, without a full stop where a link or a number follows."""
    about = f"[{facts.about}] " if facts.about else ""
    if facts.words:
        return about + sentence(facts.words)
    if facts.seconds or facts.link:
        return f"{about}{_length(facts)}, {'words follow' if facts.waiting else 'no words'}."
    return f"chose {facts.about}, {_instead(facts)}." if facts.about else "no message."


def _ordinal(count: int) -> str:
    ending = "th" if count % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{ending}"


def update_body(facts: Facts, several: Several) -> str:
    """The page for an incident that nobody has: how many callers now, and what the last of them said."""
    name = f" {several.client}" if several.client else ""
    many = f"{several.callers} callers now" if several.callers > 1 else f"the same caller, {several.tickets} times now"
    last = facts if facts.client != several.client else replace(facts, client=None)
    before = f"URGENT {several.leader}{name}, {many}. Last {who(last)} ({facts.number}): "
    listen = f" Listen: {facts.link}" if facts.link and not facts.words else ""
    return sms.fit(before, _latest(facts), f"{listen} Reply ACK {several.leader} to take it.")


def update_to_owner(facts: Facts, several: Several) -> str:
    """The same for the one who has it."""
    again = several.callers == 1 < several.tickets
    many = f"{_ordinal(several.tickets)} time" if again else f"{_ordinal(several.callers)} caller"
    of = f" of {several.client}" if several.client and facts.client == several.client else ""
    last = replace(facts, client=None) if of else facts
    listen = f" Listen: {facts.link}" if facts.link and not facts.words else ""
    return sms.fit(f"{several.leader}: {many}{of}, {who(last)}: ", _latest(facts), f"{listen} ({facts.number})")


@dataclass(frozen=True)
class Entry:
    """One ticket of a digest: its number, its client and the number that called, as far as they are known, and whether it is
    urgent."""

    number: int
    client: str | None = None
    caller: str | None = None
    urgent: bool = True

    def named(self, room: int) -> str:
        """The ticket and who it is about in `room` characters; half a telephone number is worse than none."""
        spoken = spoken_number(self.caller) if self.caller else ""
        name = self.client[:room].strip() if self.client else (spoken if len(spoken) <= room else "")
        return f"{self.number} {name}" if name else str(self.number)


#: Characters of a name below which it says nothing.
_SHORTEST_NAME = 4


def digest_body(entries: Sequence[Entry]) -> str:
    """Several pages in one text of two segments: all numbers, and as much of the names as there is room for. Only when the
    numbers alone are too many, the last ones become "and 3 more"."""
    how_many = "1 ticket" if len(entries) == 1 else f"{len(entries)} tickets"
    first = "URGENT " if any(entry.urgent for entry in entries) else ""

    def body(listed: Sequence[str]) -> str:
        left = len(entries) - len(listed)
        more = f" and {left} more" if left else ""
        return sms.to_gsm(f"{first}{how_many}: {', '.join(listed)}{more}. Reply ACK {entries[0].number} to take one.")

    longest = max(len(entry.client or "") for entry in entries)
    for room in range(max(longest, len("903-555-0147")), _SHORTEST_NAME - 1, -1):
        if sms.segments(named := body([entry.named(room) for entry in entries])) <= 2:
            return named
    numbers = [str(entry.number) for entry in entries]
    while sms.segments(body(numbers)) > 2 and len(numbers) > 1:
        numbers.pop()
    return body(numbers)


_BODIES = {Purpose.PAGE: page_body, Purpose.WORDS: words_body, Purpose.MISSED: missed_body}


def body(purpose: Purpose, facts: Facts) -> str:
    """The words of a page."""
    return _BODIES[purpose](facts)


def plan(purpose: Purpose, facts: Facts, people: Iterable[Person], *, about: str) -> tuple[PlannedText, ...]:
    """One text for each person and purpose. `about` separates several occasions of one ticket ("re12", "call3")."""
    text = body(purpose, facts)
    return tuple(
        PlannedText(f"{purpose}:{facts.number}:{about}:{person.number}", person.name, person.number, purpose, text)
        for person in people
    )
