"""What the desk decides by: the parts of flow files and settings that tickets need, handed in by the edge."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from tickets.escalation import Plan
from tickets.oncall import Course, Handover, Moments, Person, Stint
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
class TextRoute:
    """What becomes of a text that opens a ticket: `priority` (None: no ticket), `subject` (None: the words of the text) and
    `reply`, in which {ticket} is not filled in yet."""

    priority: str | None = "urgent"
    subject: str | None = None
    reply: str | None = None


#: The route of a text about which the flow file says nothing.
ORDINARY = TextRoute()


@dataclass(frozen=True)
class Rules:
    """All of it read once at start. `team` is everybody, on duty or not; `duty` says who of it is on duty at a moment (None:
    everyone, always), `course` the same of a time, with the handovers it is asked about; `moments` says what a time on the
    wall means. The readiness report goes out `ready_before` others are on duty (0: never), `ready_always` also when all is
    well. `pace` is how fast the carrier takes texts. `client_of` names the client that calls from a number; `listen_link`
    makes the address at which staff hear a recording (its id in, a complete address out), `pictures_link` the one at which
    they see what came with a text (the id of its row in); `wording` is a text to a client in one of the `languages`, with
    the number of its ticket where there is one, None where the flow file says to stay silent. `plans` are the
    escalations by priority, a priority without one has none; a claim without a sign of work is asked about after
    `ask_owner_after` (zero: never), and is over `open_again_after` later. `members` names the people of a team at a moment
    (None: everybody), `route` says what becomes of a text that opens a ticket. `clients` are the names of those that the
    admins know; tickets of one within `incident_window` are one incident, and so are those of several that name the same of
    the `things`; `incident_pause` lies between two pages that only tell of one more."""

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
    plans: Mapping[str, Plan] = field(default_factory=dict)
    ask_owner_after: timedelta = timedelta()
    open_again_after: timedelta = timedelta(minutes=30)
    course: Course | None = None
    ready_before: timedelta = timedelta(minutes=30)
    ready_always: bool = False
    moments: Moments = lambda local, zone: (local.replace(tzinfo=ZoneInfo(zone)),)
    clients: tuple[str, ...] = ()
    incident_window: timedelta = timedelta(minutes=60)
    incident_pause: timedelta = timedelta(minutes=5)
    things: tuple[str, ...] = ()
    members: Callable[[str, datetime], frozenset[str] | None] = lambda _team, _at: None
    route: Callable[[str, datetime], TextRoute] = lambda _words, _at: ORDINARY

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

    @property
    def leads(self) -> tuple[Person, ...]:
        """Who hears of what is wrong with the desk itself: those who lead, and where nobody does, everyone."""
        return tuple(person for person in self.team if person.lead) or self.team

    def stints(self, begins: datetime, ends: datetime, handovers: tuple[Handover, ...] = ()) -> tuple[Stint, ...]:
        """Who is on duty from `begins` to `ends`, piece by piece, when these handovers hold and no others."""
        return (Stint(begins, ends, self.team),) if self.course is None else self.course(begins, ends, handovers)

    def page_due(self, ended: datetime) -> datetime:
        """When the page of a recording that ended then goes out without words. A timer is noticed by the next sweep, up to
        a second late, so it is due so much earlier."""
        return max(ended, ended + self.wait_for_transcript - timedelta(seconds=1))

    def clock_time(self, moment: datetime, now: datetime) -> str:
        """A moment as the team reads it on the wall: "8:05 AM", with the day when it is more than half a day away."""
        local = moment.astimezone(self.zone)
        time = f"{local:%I:%M %p}".lstrip("0")
        return f"{local:%a %b} {local.day}, {time}" if abs(now - moment) > timedelta(hours=12) else time
