"""Who is on call. Pure: the team of the flow file and a moment give the people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Person:
    """A member of the team, by the name of `oncall.yml`; `number` is E.164."""

    name: str
    number: str


def on_duty(team: Iterable[Person], at: datetime) -> tuple[Person, ...]:  # noqa: ARG001 - shifts will ask for the moment
    """The people who are paged at `at`: one shared team, always on duty."""
    return tuple(team)


def person_of(team: Iterable[Person], number: str) -> Person | None:
    """The team member whose phone this is; None for anyone else."""
    return next((person for person in team if person.number == number), None)
