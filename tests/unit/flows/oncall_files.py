"""Schedules for the stories: files as an admin writes them, and the clocks of Chicago."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from flows.oncall_schema import OnCall

CHICAGO = ZoneInfo("America/Chicago")
TEAM = """
team:
  - {name: Sam, number: "+19035550111"}
  - {name: Lee, number: "+19035550112"}
  - {name: Robin, number: "+19035550113"}
"""
#: Office hours: the whole team; after hours: whoever has the week.
OFFICE = """
shifts:
  - {days: mon-fri, from: "08:00", to: "17:00", who: everyone}
  - {days: mon-fri, from: "17:00", to: "08:00", who: nights}
  - {days: sat-sun, from: "08:00", to: "08:00", who: nights}
rotations:
  nights: {people: [Sam, Lee, Robin], every: 1 week, hand_over: mon 08:00, since: 2026-11-23}
"""


def oncall(text: str, team: str = TEAM) -> OnCall:
    """The file `team` + `text`, in Chicago unless it says otherwise; the loader's scalars are text too."""
    yaml: Any = YAML(typ="base")
    return OnCall.model_validate({"zone": "America/Chicago", **yaml.load(team + text)})


def at(local: str, fold: int = 0) -> datetime:
    """A time on a wall in Chicago; `fold=1` is the second of two."""
    return datetime.fromisoformat(local).replace(tzinfo=CHICAGO, fold=fold).astimezone(UTC)
