"""Advice about people and their numbers."""

from collections.abc import Iterable, Iterator, Sequence

import phonenumbers
from phonenumbers import PhoneNumberType

from flows.oncall_schema import Person
from flows.problems import Problem
from flows.source import Document, Place

# Kinds of numbers that no staff member answers, or that cost a fortune per call.
NOT_FOR_STAFF = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a company access number",
    PhoneNumberType.VOICEMAIL: "a voicemail access number",
}


def callable_number(number: str, place: Place, *, document: Document) -> Iterator[Problem]:
    """A number that no network knows."""
    if not is_callable(number):
        area = "area code" if number.startswith("+1") else "country code"
        hint = f"look at the {area} and {count_the_digits(number)}"
        yield _at(document, place, message=f"{number} is not a number that can be called", hint=hint)


def count_the_digits(number: str) -> str:
    """A hint for a number that has too few digits, too many, or wrong ones."""
    return "count the digits" + (": +1, three, three, four" if number.startswith("+1") else "")


def is_callable(number: str) -> bool:
    """Whether some network has such a number."""
    parsed = _parsed(number)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


def people_problems(team: Sequence[Person], document: Document, *, desk: str) -> Iterator[Problem]:
    """Numbers that no page would reach, and names and numbers that two people have. `desk` is the desk's own number."""
    numbers = list(_numbers(team))
    for number, place in numbers:
        problems = tuple(callable_number(number, place, document=document))
        yield from problems
        parsed = _parsed(number)
        kind = NOT_FOR_STAFF.get(phonenumbers.number_type(parsed)) if parsed and not problems else None
        hint = "a mobile number belongs here"
        if kind:
            yield _at(document, place, message=f"{number} is {kind}: pages would not arrive", hint=hint)
        if number == desk:
            message = "this is the help desk's own number"
            yield _at(document, place, message=message, hint=f"it would page itself; {hint}")
    names: list[tuple[str, Place]] = [(person.name.casefold(), ("team", i, "name")) for i, person in enumerate(team)]
    hint = "tickets and texts use the name: add an initial"
    yield from twice(names, document, message="two people have this name", hint=hint)
    hint = "everyone needs a number of their own"
    yield from twice(numbers, document, message="two people have this number", hint=hint)


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    """None for a number in E.164 form whose country code no country has."""
    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None


def _numbers(team: Sequence[Person]) -> Iterator[tuple[str, Place]]:
    for index, person in enumerate(team):
        if person.number is not None:
            yield person.number, ("team", index, "number")
        for inner, number in enumerate(person.numbers or ()):
            yield number, ("team", index, "numbers", inner)


def twice(values: Iterable[tuple[str, Place]], document: Document, *, message: str, hint: str) -> Iterator[Problem]:
    """A problem at every value that was there before, naming the line of the first."""
    first: dict[str, Place] = {}
    for value, place in values:
        if value in first:
            line = document.entry(first[value]).value[0]
            yield _at(document, place, message=f"{message}, see line {line}", hint=hint)
        first.setdefault(value, place)


def _at(document: Document, place: Place, *, message: str, hint: str) -> Problem:
    return Problem(document.file, *document.entry(place).value, message, hint)
