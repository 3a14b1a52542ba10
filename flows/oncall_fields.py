"""The small types of oncall.yml: times, days, dates, each with a message that says what is allowed."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from flows.fields import Name, shown, wrong
from flows.nearest import did_you_mean

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WAYS = ("sms", "voice")
CLOCK_FORM = r"([01]?[0-9]|2[0-3]):[0-5][0-9]"
_DATE = r"20[0-9]{2}-[0-9]{2}-[0-9]{2}"
_DAY = "|".join(WEEKDAYS)
DAYS_FORM = rf"({_DAY})(-({_DAY}))?(, *({_DAY})(-({_DAY}))?)*"
_HAND_OVER = rf"(({_DAY}) +)?{CLOCK_FORM}"
_EVERY = r"([1-9][0-9]?) (day|week)s?"


def _text(value: Any, hint: str) -> str:
    """A YAML value that has to be words on one line."""
    if value is None:
        raise wrong("the value is empty", hint)
    if not isinstance(value, str):
        raise wrong("text belongs here, not a list or a block", hint)
    return " ".join(value.split())


def clock_of(value: Any, *, midnight: bool = False) -> int:
    """Minutes after midnight; with `midnight`, 24:00 is allowed. Raises with a message for whoever wrote it."""
    hint = 'hours from 00 to 23 and minutes: "08:00", "17:30"' + ('; "24:00" is the end of the day' if midnight else "")
    text = _text(value, hint)
    if midnight and text == "24:00":
        return 24 * 60
    if not re.fullmatch(CLOCK_FORM, text):
        raise wrong(f"{shown(text)} is not a time of day", hint)
    return int(text[:-3]) * 60 + int(text[-2:])


def _day(value: Any) -> date:
    hint = "year, month, day: 2026-12-24"
    text = _text(value.isoformat() if isinstance(value, date) else value, hint)
    try:
        if re.fullmatch(_DATE, text):
            return date.fromisoformat(text)
    except ValueError:
        raise wrong(f"{shown(text)} is not a day of the calendar", "look at the month and its length") from None
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise wrong(f"{shown(text)} is too far away", "the years are 2000 to 2099")
    raise wrong(f"{shown(text)} is not a date", hint)


def _local(value: Any) -> datetime:
    hint = "date and time of day: 2026-12-24 08:00"
    text = _text(value, hint).replace("T", " ")
    day, _, clock = text.partition(" ")
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) and not re.fullmatch(_DATE, day):
        raise wrong(f"{shown(text)} is too far away", "the years are 2000 to 2099")
    if not re.fullmatch(rf"{_DATE} {CLOCK_FORM}", text):
        raise wrong(f"{shown(text)} is not a date with a time of day", hint)
    minutes = clock_of(clock)
    return datetime.combine(_day(day), datetime.min.time()).replace(hour=minutes // 60, minute=minutes % 60)


def _weekday(word: str) -> int:
    if word not in WEEKDAYS:
        hint = did_you_mean(word, WEEKDAYS) or "mon-fri, or mon, wed"
        raise wrong(f"{shown(word)} is not a day of the week; allowed: {', '.join(WEEKDAYS)}", hint)
    return WEEKDAYS.index(word)


def days_of(value: Any) -> tuple[int, ...]:
    """Days of the week, Monday is 0: "mon-fri", "mon, wed" or a list of such words. Raises like the others."""
    parts = value if isinstance(value, list | tuple) else _text(value, "mon-fri, or mon, wed").split(",")
    found: set[int] = set()
    for part in parts:
        first, _, last = _text(part, "mon-fri, or mon, wed").replace(" ", "").casefold().partition("-")
        begin, end = _weekday(first), _weekday(last or first)
        found.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    if not found:
        raise wrong("at least one day belongs here", "mon-fri, or mon, wed")
    return tuple(sorted(found))


def _every(value: Any) -> int:
    hint = "1 week, 2 weeks, 1 day"
    match = re.fullmatch(_EVERY, _text(value, hint))
    if match is None:
        raise wrong(f"{shown(value)} is not a number of days or weeks", hint)
    return int(match[1]) * (7 if match[2] == "week" else 1)


def _hand_over(value: Any) -> tuple[int | None, int]:
    hint = 'day and time: "mon 08:00"; the time alone when `every` is in days'
    day, _, clock = _text(value, hint).rpartition(" ")
    return (_weekday(day.casefold()) if day else None), clock_of(clock)


def _way(value: str) -> str:
    if value not in WAYS:
        hint = did_you_mean(value, WAYS) or "[sms, voice] tries a text first, then a call"
        raise wrong(f"{shown(value)} is not a way to page; allowed: {', '.join(WAYS)}", hint)
    return value


def _once(value: tuple[str, ...]) -> tuple[str, ...]:
    for index, item in enumerate(value):
        if item in value[:index]:
            raise wrong(f"{shown(item)} is written twice", "keep one of them")
    return value


def _names(value: Any) -> Any:
    """One name stands for a list of one."""
    return [value] if value is None or isinstance(value, str) else value


def own(what: str, hint: str) -> PydanticCustomError:
    """An error of a whole block, ready to be raised from a validator of a model."""
    return wrong(what, hint)


def _as(form: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{form}$"})


#: Minutes after midnight.
ClockTime = Annotated[int, BeforeValidator(clock_of), _as(CLOCK_FORM)]
#: The same; 24:00 is the midnight that ends the day.
EndTime = Annotated[int, BeforeValidator(lambda value: clock_of(value, midnight=True)), _as(rf"({CLOCK_FORM}|24:00)")]
Day = Annotated[date, BeforeValidator(_day), _as(_DATE)]
LocalTime = Annotated[datetime, BeforeValidator(_local), _as(rf"{_DATE}[ T]{CLOCK_FORM}")]
#: Monday is 0.
Days = Annotated[
    tuple[int, ...],
    BeforeValidator(days_of),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{DAYS_FORM}$"},
                {"type": "array", "items": {"type": "string", "enum": list(WEEKDAYS)}},
            ],
        }
    ),
]
#: A number of days.
Every = Annotated[int, BeforeValidator(_every), _as(_EVERY)]
#: The weekday, or None, and minutes after midnight.
HandOver = Annotated[tuple[int | None, int], BeforeValidator(_hand_over), _as(_HAND_OVER)]
Way = Annotated[str, AfterValidator(_way), WithJsonSchema({"type": "string", "enum": list(WAYS)})]
Ways = Annotated[tuple[Way, ...], Field(min_length=1, max_length=2), AfterValidator(_once)]
#: People, teams and rotations by name; one name needs no list.
Who = Annotated[
    tuple[Name, ...],
    Field(min_length=1, max_length=50),
    AfterValidator(_once),
    BeforeValidator(_names, json_schema_input_type=str | list[str]),
]
