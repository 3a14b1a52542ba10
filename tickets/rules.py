"""What the desk decides by: the parts of flow files and settings that tickets need, handed in by the edge."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tickets.oncall import Person
from tickets.turns import Pace


class Wording(StrEnum):
    """The texts to clients whose words stand in the flow file."""

    FIRST_REPLY = "first_reply"
    HELP = "help"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"


@dataclass(frozen=True)
class Rules:
    """All of it read once at start. `pace` is how fast the carrier takes texts; `client_of` names the client that calls
    from a number; `listen_link` makes the address at which staff hear a recording (its id in, a complete address out);
    `wording` is a text to a client, with the number of its ticket where there is one."""

    desk_number: str
    pace: Pace
    team: tuple[Person, ...]
    zone: ZoneInfo
    wording: Callable[[Wording, int | None], str]
    client_of: Callable[[str | None], str | None]
    listen_link: Callable[[str], str]
    wait_for_transcript: timedelta = timedelta(seconds=20)
    delivery_report: timedelta = timedelta(seconds=60)
    join_window: timedelta = timedelta(hours=12)
    keywords_by_carrier: bool = True
    delete_at_carrier: bool = False

    def page_due(self, ended: datetime) -> datetime:
        """When the page of a recording that ended then goes out without words. A timer is noticed by the next sweep, up to
        a second late, so it is due so much earlier."""
        return max(ended, ended + self.wait_for_transcript - timedelta(seconds=1))

    def clock_time(self, moment: datetime, now: datetime) -> str:
        """A moment as the team reads it on the wall: "8:05 AM", with the day when it is more than half a day away."""
        local = moment.astimezone(self.zone)
        time = f"{local:%I:%M %p}".lstrip("0")
        return f"{local:%a %b} {local.day}, {time}" if abs(now - moment) > timedelta(hours=12) else time
