"""A desk whose pages have consequences, for stories: a client who asks for help, time, phones that ring out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.jobs import Hands
from ivr.web import create_app
from tests.fake_phones import leap
from tests.world import LEE, ROBIN, SAM, STRANGER, World, edited_flows
from tickets.models import Message
from tickets.oncall import Person

Make = Callable[..., World]


@pytest.fixture
def make(database_url: str, tmp_path: Path) -> Iterator[Make]:
    """A desk whose pages have consequences: `flow` is put into helpdesk.yml, `duty` are those on duty (everyone)."""
    made: list[World] = []

    def build(*team: Person, flow: str = "", duty: tuple[str, ...] = ()) -> World:
        env = (
            {"FLOWS_DIR": str(edited_flows(tmp_path, "helpdesk.yml", "\npages:", f"\n{flow}\npages:"))} if flow else {}
        )
        world = World(database_url, tmp_path, escalates=True, **env)
        rules = replace(world.desk.rules, team=team or world.desk.rules.team)
        on_duty = tuple(one for one in rules.team if not duty or one.name in duty)
        world.desk = replace(world.desk, rules=replace(rules, duty=lambda _: on_duty))
        world.app, world.hands = create_app(world.desk), Hands(world.desk, world.engine)
        made.append(world)
        return world

    yield build
    for world in made:
        world.close()


def asks_for_help(world: World, words: str = "Server is down") -> None:
    world.text(STRANGER, words)
    world.work()
    arrive(world)


def arrive(world: World) -> None:
    """Every text that the carrier has reaches its phone."""
    sids = [row.sid for row in world.rows(Message) if row.state in ("sending", "sent") and row.sid]
    for sid in sids:
        world.delivered(sid)


def minutes(world: World, count: float, *, answered: str = "no-answer") -> None:
    """Time passes; texts arrive, phones ring out."""
    for _ in leap(world, count * 60):
        arrive(world)
        for number in (SAM, LEE, ROBIN):
            if answered and world.phones.rings(number):
                world.phones.leg_is(number, answered)


def called(world: World) -> list[str]:
    names = {SAM: "Sam", LEE: "Lee", ROBIN: "Robin"}
    return [names[one.to] for one in world.carrier.placed]


def events(world: World, kind: str) -> list[str]:
    return [event["text"] for event in world.ticket()["events"] if event["kind"] == kind]
