"""What is noticed of everything beside the steps: the desk, limits, outages, pages, escalations, clients."""

from collections.abc import Iterator

from flows.describe import many
from flows.difference.arrivals import View
from flows.difference.situations import listed
from flows.difference.steps import words
from flows.difference.words import fields
from flows.loader import Flows
from flows.schema import Client, Drill, Escalation, Escalations, HelpdeskFlow
from flows.week import clock

_LIMITS = {
    "turns": "a caller in menus comes to the voicemail after {new} keys instead of {old}",
    "minutes": "a caller in menus comes to the voicemail after {new} minutes instead of {old}",
}
_OUTAGE = {
    "say": "the voice that tells of an outage",
    "offer": "the offer to be told",
    "thanks": "the thanks after that",
}
_PAGES = {
    "wait_for_transcript": "a page waits {new} seconds for the words of a voicemail instead of {old}",
    "delivery_report": "a page without a report counts as not delivered after {new} seconds instead of {old}",
    "escalate_after_minutes": "the escalation of an urgent ticket begins {new} minutes after the page instead of {old}",
}
_CLAIMS = {
    "ask_after_minutes": "an owner is asked about a ticket after {new} minutes instead of {old}",
    "page_after_minutes": "a ticket is paged again {new} minutes after its owner was asked instead of {old}",
}
_INCIDENTS = {
    "window_minutes": "tickets of one client are one incident within {new} minutes instead of {old}",
    "update_minutes": "pages about one caller more come {new} minutes apart instead of {old}",
}
_MOST_CLIENTS = 20


def of_desk(old: HelpdeskFlow, new: HelpdeskFlow, one: View, other: View) -> Iterator[str]:
    """What callers notice of the desk itself, of the limits of a call, and of announced outages."""
    names = [flow.desk.spoken or flow.desk.name for flow in (old, new)]
    if names[0] != names[1]:
        yield f"the desk is called “{names[1]}” instead of “{names[0]}” on the phone"
    sentences = {
        "name": "",
        "spoken": "",
        "languages": "",
        "number": "the desk's number is {new} instead of {old}",
        "hours": "the desk says that its hours are “{new}” instead of “{old}”",
        "language": "the language of calls is {new} instead of {old}",
        "voice": "the voice of calls is {new} instead of {old}",
        "zone": "times of the desk are those of {new} instead of {old}",
    }
    yield from fields(old.desk, new.desk, sentences)
    for language, voice in new.desk.languages.items():
        before = old.desk.languages.get(language)
        if before is None:
            yield f"the desk now also speaks {language}"
        elif before != voice:
            yield f"the voice in {language} is {voice} instead of {before}"
    for language in old.desk.languages:
        if language not in new.desk.languages:
            yield f"the desk no longer speaks {language}"
    yield from fields(old.calls.limits, new.calls.limits, _LIMITS)
    for name, speaker in _OUTAGE.items():
        spoken = [view.spoken(getattr(view.flow.calls.outage, name)) for view in (one, other)]
        yield from words(speaker, *spoken)
    wait = {"wait": "the offer to be told of an outage waits {new} seconds for the key instead of {old}"}
    yield from fields(old.calls.outage, new.calls.outage, wait, leave_out=tuple(_OUTAGE))


def of_pages(old: HelpdeskFlow, new: HelpdeskFlow) -> Iterator[str]:
    """What the team notices of pages, escalations, claims, incidents and drills."""
    yield from fields(old.pages, new.pages, _PAGES)
    for priority in Escalations.model_fields:
        before, after = getattr(old.escalation, priority), getattr(new.escalation, priority)
        yield from _escalation(f"{priority} tickets that nobody takes", before, after)
    yield from fields(old.claims, new.claims, _CLAIMS)
    yield from fields(old.incidents, new.incidents, _INCIDENTS, leave_out=("things",))
    yield from _things(old, new)
    for name in ("recordings", "pictures"):
        sentences = {"max_megabytes": f"{name} over {{new}} MB stay at the carrier instead of those over {{old}}"}
        yield from fields(getattr(old, name), getattr(new, name), sentences)
    if old.drill != new.drill:
        yield f"drills: {_drill(new.drill)} instead of {_drill(old.drill)}"
    known = {*_KNOWN_BLOCKS, "pages", "escalation", "claims", "incidents", "recordings", "pictures", "drill"}
    yield from fields(old, new, {}, leave_out=tuple(known))


#: What other parts compare; `consent` is the notice as it is published: nobody hears or reads it from the desk.
_KNOWN_BLOCKS = ("desk", "consent", "hours", "calls", "texts")


def _escalation(what: str, old: Escalation, new: Escalation) -> Iterator[str]:
    if old.steps != new.steps:
        yield f"{what}: now {_plan(new)} instead of {_plan(old)}"
    sentences = {"repeats": f"{what}: all of it comes {{new}} times again instead of {{old}}"}
    yield from fields(old, new, sentences, leave_out=("steps", "end"))
    if old.end != new.end:
        yield f"{what}: at the end {listed(new.end)} hear of it instead of {listed(old.end)}"


def _plan(plan: Escalation) -> str:
    said = {"text": "text", "call": "call", "both": "call and text"}
    steps = []
    for step in plan.steps:
        whom = ["the next person" if step.people == 1 else f"the next {step.people} people" if one == "next people" else one
                for one in step.to]  # fmt: skip
        steps.append(f"{said[step.page]} {listed(whom)}, wait {step.wait} min")
    return "; ".join(steps)


def _things(old: HelpdeskFlow, new: HelpdeskFlow) -> Iterator[str]:
    before, after = old.incidents.things, new.incidents.things
    more, less = [one for one in after if one not in before], [one for one in before if one not in after]
    if more:
        yield f"clients who name {listed(more, 'or')} are now one incident"
    if less:
        yield f"clients who name {listed(less, 'or')} are no longer one incident"


def _drill(drill: Drill | None) -> str:
    return f"every {drill.every} at {clock(drill.at)}" if drill else "never"


def of_clients(old: Flows, new: Flows) -> Iterator[str]:
    """What clients notice, and colleagues who read their names."""
    before = {client.name: client for client in old.clients}
    after = {client.name: client for client in new.clients}
    found = [
        f"{name} ({many(len(one.numbers), 'number')}{', VIP' if one.vip else ''}) is a new client"
        for name, one in after.items()
        if name not in before
    ]
    found += [f"{name} is no longer a known client" for name in before if name not in after]
    for name, client in after.items():
        if name in before:
            found += _client(before[name], client)
    found += [f"calls from {number} are now blocked" for number in sorted(new.blocked - old.blocked)]
    found += [f"calls from {number} are no longer blocked" for number in sorted(old.blocked - new.blocked)]
    yield from found[:_MOST_CLIENTS]
    if len(found) > _MOST_CLIENTS:
        yield f"{len(found) - _MOST_CLIENTS} more clients and numbers are otherwise"


def _client(old: Client, new: Client) -> Iterator[str]:
    for number in new.numbers:
        if number not in old.numbers:
            yield f"calls and texts from {number} are now those of {new.name}"
    for number in old.numbers:
        if number not in new.numbers:
            yield f"calls and texts from {number} are no longer those of {new.name}"
    if old.language != new.language:
        yield f"{new.name} is spoken and written to in {new.language or 'the language of the desk'}"
    if old.vip != new.vip:
        yield f"{new.name} is {'now a VIP' if new.vip else 'no longer a VIP'}"
    yield from fields(old, new, {}, leave_out=("name", "numbers", "language", "vip"))
