"""Advice about languages: ones that the desk does not speak, ones that nobody comes to, and words that are missing in one."""

from collections.abc import Iterator, Mapping, Sequence

from flows.lint.patience import prompts_of
from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.routes import STEPS, exits
from flows.schema import Client, Desk, HelpdeskFlow
from flows.source import Document, Place
from flows.speech import PROMPT_KINDS, AnyPrompt, Model, Prompts, Translated, Words, same_language
from flows.steps import MenuStep, Step, kind_name


def language_problems(flow: HelpdeskFlow, clients: Sequence[Client], document: Document) -> Iterator[Problem]:
    """A language that the desk does not speak is a problem; words that are missing in one are notes: the desk's own are
    said instead."""
    yield from _unknown(flow, document)
    spoken = languages_at(flow, clients)
    everywhere = set(languages_heard(flow, clients))
    for language in flow.desk.languages:
        if language == flow.desk.language:
            message = f"{language} is the desk's own language: its voice is the one here, not `voice`"
            hint = "delete it here, and write its voice behind `voice`"
            yield document.problem(("desk", "languages", language), message, hint=hint, key=True, note=True)
        elif language not in everywhere:
            message = f"no caller ever hears {language}"
            hint = f"give a key of a menu `language: {language}`, or a client in clients.yml, or delete it here"
            yield document.problem(("desk", "languages", language), message, hint=hint, key=True, note=True)
    for name, languages in spoken.items():
        step = flow.calls.steps[name]
        kind = kind_name(step)
        named: dict[Place, Prompts] = {place[1:] or place: prompts for place, prompts in prompts_of(step)}
        place = (*STEPS, name) if (kind,) in named else (*STEPS, name, kind)
        yield from _missing(named, place, languages, flow.desk, document, of=f"'{name}'")
    outage: dict[Place, Prompts] = {(name,): getattr(flow.calls.outage, name) for name in ("say", "offer", "thanks")}
    yield from _missing(outage, ("calls", "outage"), everywhere, flow.desk, document, of="the outage")


def languages_at(flow: HelpdeskFlow, clients: Sequence[Client]) -> dict[str, set[str]]:
    """The steps that callers come to, each with the languages that callers have there: the desk's, that of a known client,
    or one that was chosen by key."""
    desk, steps = flow.desk, flow.calls.steps
    wanted = (client.language for client in clients if client.language is not None)
    begin = {desk.language, *(one for one in (desk.voice_of(code)[0] for code in wanted) if one in desk.languages)}
    left, found = [(flow.calls.start, language) for language in sorted(begin)], dict[str, set[str]]()
    while left:
        name, language = left.pop()
        if name in steps and language not in found.setdefault(name, set()):
            found[name].add(language)
            left.extend(_ways(desk, steps[name], language))
    return found


def languages_heard(flow: HelpdeskFlow, clients: Sequence[Client]) -> tuple[str, ...]:
    """The languages of the desk that some caller has, the desk's own first."""
    heard = set[str]().union(*languages_at(flow, clients).values())
    return (flow.desk.language, *(one for one in flow.desk.languages if one in heard))


def _ways(desk: Desk, step: Step, language: str) -> Iterator[tuple[str, str]]:
    for place, target in exits(step).items():
        chosen = step.menu.keys[str(place[2])].language if isinstance(step, MenuStep) and "keys" in place else None
        spoken = desk.voice_of(chosen or language)[0]
        yield target, spoken if spoken in desk.languages else desk.language


def _missing(
    named: Mapping[Place, Prompts], place: Place, languages: set[str], desk: Desk, document: Document, *, of: str
) -> Iterator[Problem]:
    """Words of one block that are not there in one of the languages; those that the file leaves to us in one note."""
    ours: dict[str, list[str]] = {}
    for inner, prompts in named.items():
        missing = sorted(one for one in languages if not all(_is_there(prompt, one, desk) for prompt in prompts))
        which, field = " and ".join(missing), ".".join(str(part) for part in inner)
        if missing and document.has((*place, *inner)):
            message = f"`{field}` of {of} has no words in {which}: a caller who speaks it hears another language"
            code = missing[0].partition("-")[0]
            other = next(one for one in (desk.language.partition("-")[0], "en", "es") if one != code)
            hint = f"write it in each language: {{{other}: ..., {code}: ...}}"
            yield document.problem((*place, *inner), message, hint=hint, note=True)
        elif missing:
            ours.setdefault(which, []).append(f"`{field}`")
    for which, fields in ours.items():
        message = f"{', '.join(fields)} of {of}: our own words are not there in {which}"
        yield document.problem(place, message, hint="write them in that language", key=True, note=True)


def _is_there(prompt: AnyPrompt, language: str, desk: Desk) -> bool:
    """Words with a language of their own are for everyone: "Para español, oprima el 8"."""
    if isinstance(prompt, Translated):
        return any(same_language(one, language) for one in prompt.spoken)
    return not isinstance(prompt, Words) or prompt.language is not None or same_language(desk.language, language)


def _unknown(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Languages of prompts that the desk does not speak: nobody would ever hear them, or a key of a prompt is mistyped."""
    spoken = tuple(dict.fromkeys((flow.desk.language, *flow.desk.languages)))
    for name, step in flow.calls.steps.items():
        place = (*STEPS, name)
        keys = step.menu.keys.items() if isinstance(step, MenuStep) else ()
        chosen = [((*place, "menu", "keys", key, "language"), one.language) for key, one in keys if one.language]
        for where, language in (*chosen, *_written(step, place)):
            # The words that come with us are in more languages.
            if document.has(where) and not any(same_language(language, one) for one in spoken):
                message = f"'{language}' is no language of this desk: {', '.join(spoken)}"
                kinds = [kind for kind in PROMPT_KINDS if kind != "spoken"]
                hint = did_you_mean(language, kinds) or "desk.languages has each with its voice: {es-US: Polly.Lupe}"
                yield document.problem(where, message, hint=hint, key=True)


def _written(model: Model, place: Place) -> Iterator[tuple[Place, str]]:
    """Every language in which a prompt inside of `model` is written, with its place."""
    if isinstance(model, Translated):
        yield from (((*place, language), language) for language in model.spoken)
        return
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, Model):
            yield from _written(value, (*place, name))
        for index, item in enumerate(value if isinstance(value, tuple) else ()):
            if isinstance(item, Model):
                yield from _written(item, (*place, name, index))
