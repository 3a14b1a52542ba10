"""The rota of the month, and who is on duty by it: worked out once more, from a table and with nothing of `flows`.

Chicago is the zone of the desk. Its clocks go back on 2026-11-01 at 07:00 UTC and forward on 2027-03-14 at 08:00 UTC."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

FLOWS = Path(__file__).parents[2] / "flows"
NUMBERS = {
    "Pat": "+19035550110", "Sam": "+19035550111", "Lee": "+19035550112", "Robin": "+19035550113", "Kim": "+19035550114",
}  # fmt: skip
TEAM = frozenset(NUMBERS)
LEADS = frozenset({"Pat"})

#: Office hours: everyone. After hours and on holidays: whose week it is. The week changes in the night of the clock changes.
ONCALL = """\
team:
  - {name: Pat, number: "+19035550110", lead: true}
  - {name: Sam, number: "+19035550111"}
  - {name: Lee, number: "+19035550112", zone: America/New_York}
  - {name: Robin, number: "+19035550113", zone: America/Denver, page_by: [voice, sms]}
  - {name: Kim, number: "+19035550114"}
zone: America/Chicago
rotations:
  nights: {people: [Sam, Lee, Robin, Kim], every: 1 week, hand_over: "sun 02:30", since: 2026-10-25}
shifts:
  - {days: mon-fri, from: "08:00", to: "17:00", who: everyone}
  - {days: mon-fri, from: "17:00", to: "08:00", who: nights}
  - {days: sat-sun, from: "07:00", to: "07:00", who: nights, zone: America/Denver}
overrides:
  - {from: 2026-11-01 00:30, to: 2026-11-01 01:30, who: Kim, why: the hour before the clocks go back}
  - {from: 2026-11-10 17:00, to: 2026-11-11 08:00, who: Pat, how: also, why: a storm}
  - {from: 2027-02-24 19:00, to: 2027-02-24 22:00, who: Robin, why: maintenance, zone: America/Denver}
  - {from: 2027-03-14 01:00, to: 2027-03-14 02:30, who: Lee, why: into the hour that is skipped}
holidays:
  country: US
  open: [Columbus Day]
  days: {2027-03-02: Texas Independence Day}
  who: nights
"""

WEEKS = ("Sam", "Lee", "Robin", "Kim")
BACK, FORWARD = datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2027, 3, 14, 8, tzinfo=UTC)
FREE = {date(2026, 11, 11), date(2026, 11, 26), date(2027, 2, 15), date(2027, 3, 2)}
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Change:
    """A time in which other people are on duty: `also` beside the others, in the `place` of one, or else instead of them."""

    begins: datetime
    ends: datetime
    who: str
    also: bool = False
    place: str | None = None
    made: datetime = ALWAYS
    undone: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.begins <= at < self.ends and self.made <= at and (self.undone is None or at < self.undone)


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


#: Those of the file. 01:30 comes twice on November 1st: the first one. 02:30 never comes on March 14th: the change itself.
OF_THE_FILE = (
    Change(_utc(2026, 11, 1, 5, 30), _utc(2026, 11, 1, 6, 30), "Kim"),
    Change(_utc(2026, 11, 10, 23), _utc(2026, 11, 11, 14), "Pat", also=True),
    Change(_utc(2027, 2, 25, 2), _utc(2027, 2, 25, 5), "Robin"),
    Change(_utc(2027, 3, 14, 7), FORWARD, "Lee"),
)


def wall(at: datetime) -> datetime:
    """What the clocks of Chicago show."""
    return (at - timedelta(hours=6 if BACK <= at < FORWARD else 5)).replace(tzinfo=None)


def on_duty(at: datetime, changes: Iterable[Change] = ()) -> frozenset[str]:
    """Whose phones may ring at a moment, with changes made by text, in the order in which they were made."""
    local = wall(at)
    office = local.weekday() < 5 and 8 <= local.hour < 17 and local.date() not in FREE
    names = TEAM if office else frozenset({_whose_week(at)})
    for change in (*OF_THE_FILE, *changes):
        if change.holds(at):
            if change.place is not None:
                names = names - {change.place} | {change.who} if change.place in names else names
            else:
                names = names | {change.who} if change.also else frozenset({change.who})
    return names


def _whose_week(at: datetime) -> str:
    sunday = date(2026, 10, 25)
    week = 0
    while _handed_over(sunday + timedelta(weeks=week + 1)) <= at:
        week += 1
    return WEEKS[week % len(WEEKS)]


def _handed_over(sunday: date) -> datetime:
    """02:30 on the wall of Chicago."""
    if sunday == FORWARD.date():
        return FORWARD
    summer = sunday < BACK.date() or sunday > FORWARD.date()
    return datetime(sunday.year, sunday.month, sunday.day, 7 if summer else 8, 30, tzinfo=UTC)


def flows(folder: Path) -> Path:
    """The shipped flow files with this rota."""
    made = folder / "month-flows"
    shutil.copytree(FLOWS, made)
    (made / "oncall.yml").write_text(ONCALL)
    return made
