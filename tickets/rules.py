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
    FOLLOW_UP = "follow_up"
    OVER = "over"


@dataclass(frozen=True)
class Rules:
    """All of it read once at start. `team` is everybody, on duty or not; `duty` says who of it is on duty at a moment (None:
    everyone, always). `pace` is how fast the carrier takes texts. `client_of` names the client that calls from a number;
    `listen_link` makes the address at which staff hear a recording (its id in, a complete address out), `pictures_link` the
    one at which they see what came with a text (the id of its row in); `wording` is a text to a client in one of the
    `languages`, with the number of its ticket where there is one, None where the flow file says to stay silent. `clients`
    are the names of those that the admins know; tickets of one within `incident_window` are one incident, and so are those
    of several that name the same of the `things`; `incident_pause` lies between two pages that only tell of one more."""

    desk_number: str
    pace: Pace
    team: tuple[Person, ...]
    zone: ZoneInfo
    wording: Callable[[Wording, int | None, str | None], str | None]
    client_of: Callable[[str | None], str | None]
    listen_link: Callable[[str], str]
    pictures_link: Callable[[int], str]
    wait_for_transcript: timedelta = timedelta(seconds=20)
    delivery_report: timedelta = timedelta(seconds=60)
    join_window: timedelta = timedelta(hours=12)
    reopen_window: timedelta = timedelta(hours=12)
    language_of: Callable[[str], str | None] = lambda _: None
    machines: frozenset[str] = frozenset()
    messaging_service: str | None = None
    keywords_by_carrier: bool = True
    delete_at_carrier: bool = False
    most_pictures: int = 10
    duty: Callable[[datetime], tuple[Person, ...]] | None = None
    clients: tuple[str, ...] = ()
    incident_window: timedelta = timedelta(minutes=60)
    incident_pause: timedelta = timedelta(minutes=5)
    things: tuple[str, ...] = ()

    @property
    def sender(self) -> str:
        """What the carrier keeps opt-outs and queues by: the messaging service where there is one, else our number."""
        return self.messaging_service or self.desk_number

    def on_duty(self, at: datetime) -> tuple[Person, ...]:
        """The people on duty at `at`; empty in a gap of the schedule."""
        return self.team if self.duty is None else self.duty(at)

    def paged(self, at: datetime) -> tuple[Person, ...]:
        """The people whom a page at `at` goes to: those on duty, and in a gap everyone. A page reaches somebody always."""
        return self.on_duty(at) or self.team

    def page_due(self, ended: datetime) -> datetime:
        """When the page of a recording that ended then goes out without words. A timer is noticed by the next sweep, up to
        a second late, so it is due so much earlier."""
        return max(ended, ended + self.wait_for_transcript - timedelta(seconds=1))

    def clock_time(self, moment: datetime, now: datetime) -> str:
        """A moment as the team reads it on the wall: "8:05 AM", with the day when it is more than half a day away."""
        local = moment.astimezone(self.zone)
        time = f"{local:%I:%M %p}".lstrip("0")
        return f"{local:%a %b} {local.day}, {time}" if abs(now - moment) > timedelta(hours=12) else time
