"""A ring of a team or a person of oncall.yml: of those on duty, they and nobody else."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ringing_story import RingingStory, words
from tests.world import World, edited_flows

TEAMS = """
teams:
  network: [Lee, Robin]
shifts:
  - {days: mon-fri, from: "08:00", to: "17:00", who: everyone}
  - {from: "17:00", to: "08:00", days: mon-fri, who: Sam}
  - {from: "08:00", to: "08:00", days: sat-sun, who: Sam}
"""
ROBIN_LINE = '  - {name: Robin, number: "+19035550113"}'


@pytest.fixture(params=["network", "Robin", "everyone"])
def story(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[tuple[str, RingingStory]]:
    flows = edited_flows(tmp_path, "oncall.yml", ROBIN_LINE, ROBIN_LINE + TEAMS, rings=True)
    path = flows / "helpdesk.yml"
    path.write_text(path.read_text().replace("ring: {seconds: 25}", f"ring: {{team: {request.param}, seconds: 25}}"))
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    yield request.param, RingingStory(world)
    world.close()


def test_the_members_on_duty_are_rung(story: tuple[str, RingingStory]) -> None:
    team, told = story
    told.asks_for_help()
    assert told.rung() == {"network": ["Lee", "Robin"], "Robin": ["Robin"], "everyone": ["Sam", "Lee", "Robin"]}[team]


def test_whoever_is_off_duty_is_not_rung_and_without_any_the_voicemail_comes_at_once(
    story: tuple[str, RingingStory],
) -> None:
    team, told = story
    told.world.now.moment += timedelta(hours=12)
    answer = told.asks_for_help()
    assert told.rung() == (["Sam"] if team == "everyone" else [])
    assert ("After the tone" in words(answer)) == (team != "everyone")
