"""Advice about clients.yml: numbers that contradict each other, and words that nothing looks at."""

from collections.abc import Collection, Iterator

from flows.lint.people import callable_number, count_the_digits, is_callable, twice
from flows.loader import ONCALL, Flows
from flows.problems import Problem
from flows.source import Document, Place
from flows.speech import same_language
from flows.steps import ClientStep


def client_problems(flows: Flows, document: Document) -> Iterator[Problem]:
    """Problems with names and numbers; notes about what nothing looks at."""
    numbers: list[tuple[str, Place]] = []
    for index, client in enumerate(flows.clients):
        for inner, number in enumerate(client.numbers):
            place: Place = ("clients", index, "numbers", inner)
            numbers.append((number, place))
            yield from callable_number(number, place, document=document)
    names = [(client.name.casefold(), ("clients", index, "name")) for index, client in enumerate(flows.clients)]
    hint = "put all numbers of one client under one name"
    yield from twice(names, document, message="two clients have this name", hint=hint)
    hint = "a call from it would belong to two clients"
    yield from twice(numbers, document, message="this number is listed twice", hint=hint)
    yield from _blocked(flows, dict(reversed(numbers)), document)
    yield from _vips(flows, document)
    yield from _languages(flows, document)


def _blocked(flows: Flows, clients: dict[str, Place], document: Document) -> Iterator[Problem]:
    """`blocked` of the file is a set by the time it is loaded; the file has its order."""
    desk = flows.helpdesk.desk.number
    staff = {number: person.name for person in flows.oncall.team for number in person.phones}
    first: dict[str, int] = {}
    for index, number in enumerate(document.data.get("blocked") or () if isinstance(document.data, dict) else ()):
        place: Place = ("blocked", index)
        if number in clients:
            line = document.entry(clients[number]).value[0]
            message = f"this number is blocked, and a client's in line {line}"
            yield document.problem(place, message, hint="delete it in one of the two places")
        elif number in staff or number == desk:
            whose = "the help desk's own" if number == desk else f"{staff[number]}'s in {ONCALL}"
            yield document.problem(place, f"this number is blocked, and {whose}", hint="delete it here")
        elif not is_callable(number):
            message = f"{number} is a number that no network has"
            hint = f"only a forged caller id can match it; else {count_the_digits(number)}"
            yield document.problem(place, message, hint=hint, note=True)
        if number in first:
            line = document.entry(("blocked", first[number])).value[0]
            message = f"this number is blocked twice, see line {line}"
            yield document.problem(place, message, hint="keep one of them", note=True)
        first.setdefault(number, index)
    if flows.blocked and not _looked_at(flows, ("blocked",)):
        message = "nothing looks at the blocked numbers: they are treated like everybody else"
        hint = "begin the calls in helpdesk.yml with a client step: client: {blocked: goodbye}, and a hangup step"
        yield document.problem(("blocked",), message, hint=hint, key=True, note=True)


def _vips(flows: Flows, document: Document) -> Iterator[Problem]:
    if _looked_at(flows, ("vip",)):
        return
    for index, client in enumerate(flows.clients):
        if client.vip:
            message = "nothing looks at `vip`: this client is treated like every other"
            hint = "let a client step of helpdesk.yml have a way for them: client: {vip: team}"
            yield document.problem(("clients", index, "vip"), message, hint=hint, key=True, note=True)


def _looked_at(flows: Flows, words: Collection[str]) -> bool:
    """Whether a client step has a way for one of these."""
    steps = (step for step in flows.helpdesk.calls.steps.values() if isinstance(step, ClientStep))
    return any(getattr(step.client, word) is not None for step in steps for word in words)


def _languages(flows: Flows, document: Document) -> Iterator[Problem]:
    """A client's language that the desk does not speak, or does not write."""
    desk = flows.helpdesk.desk
    for index, client in enumerate(flows.clients):
        if client.language is None:
            continue
        spoken, written = (
            any(same_language(client.language, one) for one in (desk.language, *others))
            for others in (desk.languages, flows.translations)
        )
        file = f"texts.{client.language.partition('-')[0]}.yml"
        message, hint = "", f"desk.languages of helpdesk.yml and a file {file} would change that"
        if not spoken and not written:
            message = f"the desk neither speaks nor writes '{client.language}': {client.name} hears {desk.language}"
        elif not spoken:
            message = f"the desk does not speak '{client.language}': {client.name} hears {desk.language}"
            hint = "desk.languages of helpdesk.yml has the languages of calls"
        elif not written:
            message = (
                f"the desk does not write '{client.language}': automatic texts to {client.name} are in {desk.language}"
            )
            hint = f"put the texts of this language into a file {file}"
        if message:
            yield document.problem(("clients", index, "language"), message, hint=hint, note=True)
