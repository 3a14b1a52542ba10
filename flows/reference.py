"""The page of the language, LANGUAGE.md: every step and key as the schema has them, so that it cannot be out of date.

`python -m flows.reference` writes it beside the shipped files; a test keeps it current.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from flows.hours import Except, Hours
from flows.oncall_schema import OnCall, Override, Person, Quiet, Readiness, Rotation, Shift
from flows.public_holidays import HolidayDays
from flows.schema import (
    Calls,
    Claims,
    Client,
    ClientList,
    Desk,
    Drill,
    Escalation,
    Incidents,
    KnownOutage,
    Limits,
    Pages,
    PageStep,
    Pictures,
    Recordings,
    TextRoute,
    Texts,
)
from flows.speech import Clip, Model
from flows.steps import STEP_KINDS, Menu, Miss, Option

PAGE = "LANGUAGE.md"

_HEAD = """# The language on one page

Made from the schema by `python -m flows.reference`. How things fit together: [README.md](README.md). In brackets: what may be
written, and what holds without it. `helpline flow check` says what is wrong, `flow show` draws it, `flow try` walks it.

## A call, step by step
`calls.start` names the first step, `calls.steps` has all of them by name. What a step says is words, a list of them,
`{play: hello.wav}`, `{pause: 2}`, or the same in several languages: `{en: Hello., es: Hola.}`. One line of each kind:

```yaml
"""

_EXAMPLES = {
    "say": 'welcome: {say: "{desk} help desk. Messages are recorded.", next: main}',
    "announce": "storm: {announce: {say: Power is out in Longview., from: 2026-12-24 08:00, to: 2026-12-25 08:00}, next: main}",
    "menu": "main: {menu: {say: For an emergency press 1., keys: {1: {next: team, opens: Emergency}}}, otherwise: message}",
    "hours": "door: {hours: office, open: team, closed: after_hours, holiday: closed_today}",
    "client": "who: {client: {vip: team, blocked: goodbye}, otherwise: main}",
    "ask": "number: {ask: {about: call back number, kind: number, say: Type your number and press pound.}, next: team}",
    "ring": "team: {ring: {team: everyone, seconds: 25}, otherwise: message}",
    "transfer": 'service: {transfer: {to: "+19035550190", seconds: 25}, otherwise: message}',
    "callback": "back: {callback: {}, otherwise: team}",
    "message": 'link: {message: {say: Press 1 for our address., text: "{desk}: ... Reply STOP to opt-out."}, next: main}',
    "voicemail": "message: {voicemail: {max_seconds: 180}}",
    "hangup": "goodbye: {hangup: Goodbye.}",
}

#: Blocks beside the steps, by the key that they stand behind.
_BLOCKS: dict[str, dict[str, type[Model]]] = {
    "helpdesk.yml": {
        "desk": Desk, "hours.NAME": Hours, "hours.NAME.holidays": HolidayDays, "hours.NAME.exceptions": Except,
        "calls": Calls, "calls.limits": Limits, "calls.outage": KnownOutage, "texts": Texts, "texts.routes": TextRoute,
        "pages": Pages, "escalation.PRIORITY": Escalation, "escalation.PRIORITY.steps": PageStep, "claims": Claims,
        "incidents": Incidents, "recordings": Recordings, "pictures": Pictures, "drill": Drill,
    },
    "oncall.yml": {
        "": OnCall, "team": Person, "team.quiet": Quiet, "shifts": Shift, "rotations.NAME": Rotation,
        "overrides": Override, "holidays": HolidayDays, "readiness": Readiness,
    },
    "clients.yml": {"": ClientList, "clients": Client},
}  # fmt: skip


def page() -> str:
    """The whole page."""
    examples = "".join(f"{line}\n" for line in _EXAMPLES.values())
    steps = "".join(map(_step, STEP_KINDS))
    files = "".join(
        f"\n## {file}\n" + "".join(_block(place, model) for place, model in blocks.items())
        for file, blocks in _BLOCKS.items()
    )
    return f"{_HEAD}{examples}```\n\n{steps}{files}"


def _step(kind: str) -> str:
    """A kind of step: what it does, the keys inside of it and beside it."""
    model = STEP_KINDS[kind]
    block = model.model_fields[kind].annotation
    inner = block if isinstance(block, type) and issubclass(block, Model) else None
    beside = _keys(model, without=kind if inner else None)
    more = f"  Each of `keys`: {_keys(Option)}.\n  `silence`, `wrong`: {_keys(Miss)}.\n" if inner is Menu else ""
    inside = f"  In `{kind}`: {_keys(inner)}.\n{more}" if inner else ""
    beside = f"  Beside it: {beside}.\n" if inner and beside else f"  {beside}.\n" if beside else ""
    return f"- **{kind}**: {_doc(model)}\n{inside}{beside}"


def _block(place: str, model: type[Model]) -> str:
    return f"- **{place or 'at the left margin'}**: {_keys(model)}.\n"


def _keys(model: type[Model], without: str | None = None) -> str:
    return "; ".join(
        f"`{field.alias or name}` {field.description}{_bounds(field)}"
        for name, field in model.model_fields.items()
        if name != without
    )


def _doc(model: type[Model]) -> str:
    return " ".join((model.__doc__ or "").split())


def _bounds(field: FieldInfo) -> str:
    """What may be written, as far as it is a number or one of a few words, and what holds without it, in brackets."""
    low = next((item.ge for item in field.metadata if hasattr(item, "ge")), None)
    high = next((item.le for item in field.metadata if hasattr(item, "le")), None)
    said = [f"{low} to {high}"] if low is not None else []
    said += [" or ".join(get_args(field.annotation))] if get_origin(field.annotation) is Literal else []
    said += ["needed"] if field.is_required() else [f"default {one}" for one in _default(field)]
    return f" ({', '.join(said)})" if said else ""


def _default(field: FieldInfo) -> Iterator[str]:
    """What is simple is shown; words and blocks that come with us are not."""
    value = field.default if field.default_factory is None else None
    if value is None or value is PydanticUndefined or isinstance(value, Model) or value in ((), ""):
        return
    if isinstance(value, tuple):
        if any(isinstance(item, Model) for item in value):
            yield "words" if not isinstance(value[0], Clip) else value[0].play
        elif all(isinstance(item, str) for item in value) and len(value) < 4:
            yield ", ".join(value)
        return
    yield str(value).lower() if isinstance(value, bool) else str(value)


def write(directory: Path) -> None:
    """Write the page into `directory`. Raises OSError when that fails."""
    (directory / PAGE).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
