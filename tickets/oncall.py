"""The team, and who of it a number belongs to. Who is on duty when is handed in by the edge (`Rules.on_duty`)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class Quiet:
    """Hours on the wall in which only what is urgent is paged; `ends` not later than `begins`: the next morning."""

    begins: time
    ends: time

    def holds(self, clock: time) -> bool:
        """Whether it is quiet when the clock shows this."""
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends


@dataclass(frozen=True)
class Person:
    """A member of the team, by the name of `oncall.yml`. `number` (E.164) is the phone that is paged, `others` are
    recognised too; `page_by` is the order of ways to page; `zone` is where `quiet` holds."""

    name: str
    number: str
    others: tuple[str, ...] = ()
    zone: ZoneInfo = _UTC
    languages: tuple[str, ...] = ()
    page_by: tuple[str, ...] = ("sms", "voice")
    quiet: Quiet | None = None
    lead: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every phone of this person, the one that is paged first."""
        return (self.number, *self.others)

    def quiet_at(self, moment: datetime) -> bool:
        """Whether what is not urgent has to wait at this moment."""
        return self.quiet is not None and self.quiet.holds(moment.astimezone(self.zone).time())

    def quiet_until(self, moment: datetime) -> datetime:
        """When the quiet hours that hold at a moment are over; the moment itself when none do."""
        if self.quiet is None or not self.quiet_at(moment):
            return moment
        today = moment.astimezone(self.zone).date()
        ends = sorted(  # a time on the wall comes twice when clocks go back
            datetime.combine(day, self.quiet.ends, self.zone).replace(fold=fold).astimezone(UTC)
            for day in (today, today + timedelta(days=1))
            for fold in (0, 1)
        )
        return next(end for end in ends if end > moment and not self.quiet_at(end))


@dataclass(frozen=True)
class Handover:
    """A change of who is on duty that a colleague made by text. With `place_of`, `person` stands in for that colleague
    whenever he or she would be on duty; otherwise `person` is on duty as well (`also`) or alone. `number` is the one that
    undoes it, `by` who made it."""

    begins: datetime
    ends: datetime
    person: str
    by: str
    also: bool = True
    place_of: str | None = None
    number: int = 0

    @property
    def words(self) -> str:
        """What it says: "Sam for Lee", "Lee too", "Lee alone"."""
        if self.place_of:
            return f"{self.person} for {self.place_of}"
        return f"{self.person} too" if self.also else f"{self.person} alone"


@dataclass(frozen=True)
class Stint:
    """A time (UTC, without its end) in which the same people are on duty."""

    begins: datetime
    ends: datetime
    people: tuple[Person, ...]


#: The stints between two moments without a hole between them, when these handovers hold.
Course = Callable[[datetime, datetime, tuple[Handover, ...]], tuple[Stint, ...]]

#: Every moment at which the clocks of a zone show a time; when a clock change skips it, the moment of the change.
Moments = Callable[[datetime, str], tuple[datetime, ...]]


def person_of(team: Iterable[Person], number: str) -> Person | None:
    """The team member one of whose phones this is, on duty or not; None for anyone else."""
    return next((person for person in team if number in person.numbers), None)
