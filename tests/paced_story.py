"""A desk whose carrier takes one segment a second, and many texts at once, for stories."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import DESK, LEE, ROBIN, SAM, World
from tickets import outbox
from tickets.models import Message
from tickets.sms import segments
from tickets.states import Purpose

TEAM = (SAM, LEE, ROBIN)
CALLERS = [f"+1903555{number:04}" for number in range(2001, 2041)]


@pytest.fixture
def paced(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk whose carrier takes one segment a second, as the shipped flow file says."""
    world = World(database_url, tmp_path, real_rate=True)
    yield world
    world.close()


def miss_calls(world: World, count: int, *, first: int = 0) -> None:
    """So many strangers choose an option and hang up; when they are looked up, that is a missed call each."""
    for caller in CALLERS[first : first + count]:
        world.call(f"CA{caller}", caller)
        world.press("1", 1, f"CA{caller}", caller)
        world.hang_up(f"CA{caller}", caller)


def leave_voicemails(world: World, count: int) -> None:
    for caller in CALLERS[:count]:
        sid = f"CA{caller}"
        world.call(sid, caller)
        world.press("1", 1, sid, caller)
        world.recorded(f"RE{caller}", sid)
        world.hang_up(sid, caller)


def chatter(world: World, count: int, *, body: str = "Your ticket is in good hands.") -> None:
    """Texts to clients, put into the outbox directly."""
    with world.desk.database.unit() as unit:
        for number in CALLERS[-count:]:
            outbox.write(
                unit,
                key=f"chatter:{number}",
                purpose=Purpose.RECEIPT,
                to=number,
                body=body,
                desk=DESK,
                now=world.now(),
            )


def assert_paced(world: World, rate: float = 1.0) -> None:
    """In any window of t seconds at most t segments and the text that the window opens with."""
    sent = world.carrier.sent
    for index, first in enumerate(sent):
        total = 0
        for text in sent[index:]:
            passed = (text.at - first.at).total_seconds()
            assert total <= passed * rate + 1e-6, f"{total} segments in {passed} s"
            total += segments(text.body)


def waits(world: World) -> list[str]:
    return [row.key for row in world.rows(Message) if row.state == "pending"]
