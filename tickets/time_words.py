"""How long somebody means: "4h", "90 min", "until 8am", "until Fri 17:00". Pure; the clocks are handed in.

Hours and minutes are time that passes; days and times of day are those of the wall. A time of day is the next one: on a
night on which it comes twice the next of the two, and one that is skipped is the moment of the clock change."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tickets.oncall import Moments

#: The longest time that can be taken or given.
LONGEST = timedelta(days=7)
EXAMPLES = "4h, 90m, until 8am or until Fri 17:00"

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = {day[:3]: index for index, day in enumerate(_DAYS)} | {day: index for index, day in enumerate(_DAYS)}
_WEEKDAYS |= {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
_UNTIL = re.compile(r"(?:until|untill|till|til|to|thru) ?")
_FILLER = frozenset({"at", "on", "the", "by", "for", "this", "please", "thanks"})
_LASTING = re.compile(
    r"(?:(?P<days>\d{1,3}) ?(?:days?|d))?(?: ?and)? ?(?:(?P<hours>\d{1,4}(?:[.,]\d{1,2})?) ?(?:hours?|hrs?|h))?"
    r"(?: ?and)? ?(?:(?P<minutes>\d{1,5}) ?(?:minutes?|mins?|m)?)?"
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[:.]?(?P<minute>\d\d))? ?(?P<half>am|pm)?")


@dataclass(frozen=True)
class Unclear:
    """No time that could be meant; `why` is for who wrote it."""

    why: str


def plain(words: str) -> str:
    """The words in lower case, with nothing but letters, digits, and what a time is written with."""
    folded = unicodedata.normalize("NFKC", words).casefold()
    folded = re.sub(r"\b([ap])\. ?m\b\.?", r"\1m", re.sub(r"(\d)([ap])\. ?m\b\.?", r"\1\2m", folded))
    kept = "".join(char if char.isalnum() or char in ":.," else " " for char in folded)
    return " ".join(re.sub(r"[:.,]+(?!\d)|(?<!\d)[:.,]+", " ", kept).split())


def read(words: str, *, now: datetime, zone: str, moments: Moments) -> datetime | Unclear:
    """The moment until which `words` mean, for somebody whose clocks are those of `zone`. Always later than `now`, and not
    more than LONGEST later, in time or on the wall."""
    now = now.astimezone(UTC)  # in which hours are hours
    text = " ".join(word for word in plain(words).split() if word not in _FILLER)
    if not text:
        return Unclear(f"For how long? Write {EXAMPLES}.")
    until = _UNTIL.match(text)
    if until is not None:
        found = _until(text[until.end() :], now, zone, moments=moments)
    else:
        found = _lasting(text, now, zone, moments=moments)
    if isinstance(found, Unclear):
        return found
    if found <= now:
        return Unclear(f"That is over at once. Write {EXAMPLES}.")
    if min(found - now, _wall(found, zone) - _wall(now, zone)) > LONGEST:
        return Unclear(f"That is more than 7 days, which is a matter of the schedule. Write {EXAMPLES}.")
    return found


def _wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def _lasting(text: str, now: datetime, zone: str, *, moments: Moments) -> datetime | Unclear:
    match = _LASTING.fullmatch(text)
    if match is None or (match["minutes"] and text[-1].isdecimal() and not match["hours"]):
        return Unclear(f"That is no time that I know. Write {EXAMPLES}.")
    begin = now
    if match["days"] and int(match["days"]) <= LONGEST.days:
        begin = _next(_wall(now, zone) + timedelta(days=int(match["days"])), now, zone, moments=moments) or now
    elif match["days"]:
        begin = now + timedelta(days=int(match["days"]))  # too far in any zone
    hours = float((match["hours"] or "0").replace(",", "."))
    return begin + timedelta(minutes=round(hours * 60) + int(match["minutes"] or 0))


def _until(text: str, now: datetime, zone: str, *, moments: Moments) -> datetime | Unclear:
    words = text.split()
    days = [word for word in words if word in _WEEKDAYS or word in ("today", "tomorrow")]
    rest = " ".join(word for word in words if word not in days)
    if len(days) > 1:
        return Unclear(f"Which day? Write {EXAMPLES}.")
    if not rest:
        return Unclear(f"Until when{f' on {days[0].capitalize()}' if days else ''}? Write {EXAMPLES}.")
    clock = _clock(rest)
    if isinstance(clock, Unclear):
        return clock
    later = timedelta(days=1 if rest == "midnight" and days else 0)  # "Fri midnight" ends Friday
    today = _wall(now, zone).date()
    found = [
        at
        for offset in range(-1, 9)
        if _is_day(days, offset, (today + timedelta(days=offset)).weekday())
        for at in moments(datetime.combine(today + timedelta(days=offset), clock) + later, zone)
        if at > now
    ]
    if not found:
        return Unclear(f"That has passed today. Write until tomorrow {rest}, or {EXAMPLES}.")
    return min(found)


def _is_day(days: list[str], offset: int, weekday: int) -> bool:
    if not days:
        return True
    return {"today": offset == 0, "tomorrow": offset == 1}.get(days[0], _WEEKDAYS.get(days[0]) == weekday)


def _next(local: datetime, now: datetime, zone: str, *, moments: Moments) -> datetime | None:
    """The first moment after `now` at which the clocks show `local`, which need not be a whole minute."""
    return min((at for at in moments(local, zone) if at > now), default=None)


def _clock(text: str) -> time | Unclear:
    if text in ("noon", "midnight"):
        return time(12 if text == "noon" else 0)
    match = _CLOCK.fullmatch(text)
    if match is None:
        return Unclear(f"That is no time of day that I know. Write {EXAMPLES}.")
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"]
    if half is None and match["minute"] is None and 1 <= hour <= 12:
        return Unclear(f"{hour} in the morning or in the evening? Write until {hour}am or until {hour}pm.")
    if minute > 59 or hour > 23 or (half and not 1 <= hour <= 12):
        return Unclear(f"No clock shows that. Write {EXAMPLES}.")
    return time(hour % 12 + (12 if half == "pm" else 0) if half else hour, minute)
