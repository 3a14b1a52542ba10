"""Plays the golden conversations of tests/conversations against the whole desk."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.ringing_story import PHONES, RingingStory
from tests.world import CLIENT, World

FILES = sorted((Path(__file__).parent / "conversations").glob("*.yml"))


class Player:
    """One story on one desk."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ring = RingingStory(world)
        self.seen: defaultdict[str, int] = defaultdict(int)

    def play(self, steps: list[dict[str, Any]]) -> None:
        for number, step in enumerate(steps, 1):
            (kind,) = [key for key in step if key != "hears"]
            heard = getattr(self, kind)(step[kind])
            if "hears" in step:
                assert pretty(heard) == step["hears"].strip(), f"step {number}: {kind}"

    def call(self, what: dict[str, Any]) -> str:
        return self.world.call(what.get("sid", "CA1"), what.get("from", CLIENT))

    def press(self, what: dict[str, Any]) -> str:
        return self.world.press(str(what["keys"]), what["turn"], what.get("sid", "CA1"), what.get("from", CLIENT))

    def caller(self, keys: str) -> str:
        return self.ring.presses(str(keys))

    def picks_up(self, person: str) -> str:
        return self.ring.picks_up(person)

    def key(self, what: dict[str, Any]) -> str:
        return self.ring.key(what["of"], str(what["keys"]))

    def phone_is(self, what: dict[str, Any]) -> None:
        self.ring.phone_is(what["of"], what["status"])

    def moved(self, who: str) -> str:
        self.world.work()
        return self.ring.is_moved() if who == "caller" else self.ring.is_told(who)

    def room(self, what: dict[str, Any]) -> None:
        self.ring.room(what["event"], what.get("of", ""))

    def recording(self, what: dict[str, Any]) -> None:
        status = what.get("status", "completed")
        self.world.recorded(what.get("sid", "RE1"), what.get("call", "CA1"), what.get("seconds", 12), status)

    def hang_up(self, what: dict[str, Any]) -> None:
        self.world.hang_up(what.get("sid", "CA1"), what.get("from", CLIENT))

    def text(self, what: dict[str, Any]) -> None:
        self.world.text(PHONES.get(what["from"], what["from"]), what["body"], what.get("sid"))

    def report(self, what: dict[str, Any]) -> None:
        number = PHONES.get(what["to"], what["to"])
        self.world.delivered([sent.sid for sent in self.world.carrier.sent if sent.to == number][-1], what["status"])

    def says(self, words: str) -> None:
        self.world.engine.words = words

    def wait(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    def phone(self, expected: dict[str, list[str]]) -> None:
        for name, texts in expected.items():
            received = self.world.texts_to(PHONES.get(name, name))
            assert received[self.seen[name] :] == [" ".join(text.split()) for text in texts], name
            self.seen[name] = len(received)

    def tickets(self, count: int) -> None:
        assert len(self.world.tickets()) == count

    def ticket(self, fields: dict[str, Any]) -> None:
        assert_contains(self.world.ticket(), fields, "ticket")


def assert_contains(actual: Any, expected: Any, where: str) -> None:
    """Every expected field is there; lists are compared item by item."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert_contains(actual[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), f"{where}: {actual}"
        for index, value in enumerate(expected):
            assert_contains(actual[index], value, f"{where}[{index}]")
    else:
        assert actual == expected, where


def pretty(twiml: str) -> str:
    """TwiML with one verb a line, so that a person can read and compare it."""
    body = twiml.split("?>", 1)[1]
    for verb in ("Say", "Gather", "Record", "Redirect", "Hangup", "Pause", "Play", "Dial", "/Gather", "/Response"):
        body = body.replace(f"<{verb}", f"\n<{verb}")
    return body.replace("\n</Response", "\n</Response").strip()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_conversation(database_url: str, tmp_path: Path, file: Path) -> None:
    story = YAML(typ="safe").load(file)
    assert story["story"]
    world = World(database_url, tmp_path, rings=story.get("rings", False))
    Player(world).play(story["steps"])
    world.close()


def test_there_are_conversations() -> None:
    assert len(FILES) >= 6
