"""Clients who call and text about one trouble, for stories."""

from typing import Any

from tests.world import World

COLLEAGUE = "+19035550161"  # another telephone of Hollis & Wade CPA
LAKESIDE = "+19035550183"
OTHERS = [f"+1903555{number}" for number in range(2000, 2040)]


def said(twiml: str) -> list[str]:
    """What the caller hears."""
    return [part.split(">", 1)[1].split("<")[0] for part in twiml.split("<Say")[1:]]


def new_texts(world: World, number: str) -> list[str]:
    """What has come to a phone since the last time."""
    world.work()
    seen: dict[str, int] = world.__dict__.setdefault("seen", {})
    texts = world.texts_to(number)
    fresh, seen[number] = texts[seen.get(number, 0) :], len(texts)
    return fresh


def leaves_words(world: World, sid: str, caller: str, words: str) -> None:
    """A caller presses 1 and leaves a message."""
    world.engine.words = words
    world.call(sid, caller)
    world.press("1", 1, sid, caller)
    world.recorded(f"RE{sid[2:]}", sid)
    world.hang_up(sid, caller)
    world.work()


def by_number(world: World, number: int) -> dict[str, Any]:
    return next(ticket for ticket in world.tickets() if ticket["number"] == number)
