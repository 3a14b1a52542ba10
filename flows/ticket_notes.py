"""The lines that a caller's keys leave in the history of a ticket: the same on the desk and in a walk. Pure."""

import re
from collections.abc import Sequence

from flows import keypad
from flows.instructions import CallBack, Choose, Instruction, Note, Typed

#: So many names that may be meant are told; with more, nobody is helped.
MOST_NAMES = 5


def note_of(effect: Instruction, clients: Sequence[str]) -> str | None:
    """The line of an effect, None for one that leaves none here. `clients` are the names that a typed name may mean."""
    match effect:
        case Choose(label=label):
            return f"The caller chose: {label}"
        case Note(text=text):
            return text
        case CallBack(number=number):
            return f"The caller wants to be called back at {dialled(number)}"
        case Typed(about=about, kind="number", value=number):
            return f"The caller typed the {about}: {dialled(number)}"
        case Typed(about=about, kind="name", value=keys):
            return f"The caller typed the {about}: {keys}, {_meant(keypad.matches(keys, clients))}"
        case Typed(about=about, value=value):
            return f"The caller typed the {about}: {value}"
    return None


def dialled(number: str) -> str:
    """A number as the team dials it: 903-555-0147 for North America, +44... for others."""
    match = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    return "-".join(match.groups()) if match else number


def _meant(names: Sequence[str]) -> str:
    if not names:
        return "which is no known client"
    if len(names) == 1:
        return f"which is {names[0]}"
    return f"which may be {', '.join(names[:MOST_NAMES])}{' and others' if len(names) > MOST_NAMES else ''}"
