"""The shape of oncall.yml: people, teams, rotations, shifts, overrides, holidays. What they mean: `flows.schedule`."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from flows.fields import E164, Language, Name, Zone
from flows.oncall_fields import ClockTime, Day, Days, EndTime, Every, HandOver, LocalTime, Ways, Who, own
from flows.public_holidays import HolidayDays
from flows.speech import Model
from flows.steps import EVERYONE

__all__ = ["EVERYONE", "Holidays", "OnCall", "Override", "Person", "Quiet", "Readiness", "Rotation", "Shift"]

GroupName = Annotated[Name, Field(max_length=40)]
_NUMBER_HINT = 'number: "+19035550111", or numbers: ["+19035550111", "+19035550121"], the first gets the pages'


def _or_always(schema: dict[str, Any]) -> None:
    """An editor takes the word as well as the block."""
    block = {key: schema.pop(key) for key in list(schema) if key not in ("title", "description")}
    schema["anyOf"] = [block, {"const": "always"}]


class Quiet(Model):
    """Hours in which only what is urgent is paged, by the clocks of the person's zone."""

    begins: ClockTime = Field(alias="from", description="when the quiet hours begin")
    ends: EndTime = Field(alias="to", description="when they end; earlier than `from`: the next morning")


class Person(Model):
    """A member of the team."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["number"]}, {"required": ["numbers"]}]})

    name: Name = Field(description="the name on tickets and in texts")
    number: E164 | None = Field(None, description="the mobile phone that gets the pages")
    numbers: tuple[E164, ...] | None = Field(
        None, min_length=1, max_length=5, description="several phones: the first gets the pages, all are recognised"
    )
    zone: Zone | None = Field(None, description="time zone of the person; without it, the zone of the shifts")
    languages: tuple[Language, ...] = Field(
        (), max_length=10, description="languages spoken with clients: [en-US, es-US]"
    )
    page_by: Ways = Field(("sms", "voice"), description="how to page: sms, voice, or both in this order")
    quiet: Quiet | None = Field(None, description="hours in which only what is urgent is paged: {from, to}")
    lead: bool = Field(False, description="true: hears of what nobody else took")

    @model_validator(mode="after")
    def _reachable(self) -> "Person":
        if self.number is None and self.numbers is None:
            raise own("'number' is missing here", _NUMBER_HINT)
        if self.number is not None and self.numbers is not None:
            raise own("this person has number and numbers at once", _NUMBER_HINT)
        return self

    @property
    def phones(self) -> tuple[str, ...]:
        """Every number, the one that gets the pages first."""
        return self.numbers or ((self.number,) if self.number else ())


class Rotation(Model):
    """People who take turns."""

    people: Who = Field(description="who takes turns, in this order: people, or teams that take a turn together")
    every: Every = Field(description="how long a turn lasts: 1 week, 2 weeks, 1 day")
    hand_over: HandOver = Field(
        description='when the next one takes over: "mon 08:00", or "08:00" with `every` in days'
    )
    since: Day = Field(description="the day on which the first one of the list takes over")
    zone: Zone | None = Field(None, description="time zone of the hand-over; without it, the zone of the shifts")


class Shift(Model):
    """Hours of the week, and who is on duty in them."""

    days: Days = Field(
        tuple(range(7)),
        description="the days on which it begins: mon-fri, or mon, wed; all if left out",
        json_schema_extra={"default": "mon-sun"},
    )
    begins: ClockTime = Field(alias="from", description="when it begins")
    ends: EndTime = Field(alias="to", description="when it ends; not later than `from`: the next day")
    who: Who = Field(description="everyone, a person, a team, a rotation, or a list of them")
    zone: Zone | None = Field(None, description="time zone of this shift; without it, the zone of the shifts")


class Override(Model):
    """A time in which other people are on duty than the shifts say."""

    begins: LocalTime = Field(alias="from", description="when it begins: 2026-12-24 08:00")
    ends: LocalTime = Field(alias="to", description="when it ends")
    who: Who = Field(description="everyone, a person, a team, a rotation, or a list of them")
    how: Literal["instead", "also"] = Field("instead", description="instead of whoever is on duty, or also")
    why: Name = Field("", description="the reason, for colleagues")
    zone: Zone | None = Field(None, description="time zone of its times; without it, the zone of the shifts")


class Holidays(HolidayDays):
    """Days on which other people take the shifts."""

    who: Who = Field(description="who takes every shift that begins on such a day")


class Readiness(Model):
    """The report to the lead before others are on duty: what is wrong with their numbers and with the week."""

    model_config = ConfigDict(json_schema_extra=_or_always)

    minutes_before: int = Field(30, ge=0, le=720, description="minutes before the change; 0: no report")
    always: bool = Field(False, description="true: a report when all is well, too")

    @model_validator(mode="before")
    @classmethod
    def _word(cls, value: Any) -> Any:
        """`readiness: always` is short for {always: true}."""
        return {"always": True} if value == "always" else value


class OnCall(Model):
    """oncall.yml. Without shifts everyone listed is on duty at all hours."""

    team: tuple[Person, ...] = Field(min_length=1, max_length=50, description="everyone who gets pages")
    zone: Zone | None = Field(None, description="time zone of the shifts; without it, the desk's")
    teams: dict[GroupName, Who] = Field(default_factory=dict, max_length=50, description="groups of people by name")
    rotations: dict[GroupName, Rotation] = Field(
        default_factory=dict, max_length=50, description="people who take turns"
    )
    shifts: tuple[Shift, ...] = Field((), max_length=100, description="who is on duty when; without: everyone, always")
    overrides: tuple[Override, ...] = Field((), max_length=500, description="times in which others are on duty")
    holidays: Holidays | None = Field(None, description="days on which others take the shifts")
    readiness: Readiness = Field(
        default_factory=Readiness, description="the report before each change of who is on duty"
    )
