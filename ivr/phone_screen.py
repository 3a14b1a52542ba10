"""What the telephone in the terminal prints: the events of a call as lines to read, for the caller and for a colleague."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.sandbox.client import CallEvent

Lines = dict[str, Callable[[], "Shown | None"]]


@dataclass(frozen=True)
class Shown:
    """Something to print: who speaks, what, and how it looks."""

    who: str
    what: str
    style: str = ""


def listed(people: list[str]) -> str:
    """Names as one says them."""
    return people[0] if len(people) == 1 else f"{', '.join(people[:-1])} and {people[-1]}"


def describe(event: CallEvent, named: Callable[[str], str] = str) -> Shown | None:
    """One event of the caller's call, or None for what a caller does not notice. `named` knows whose a number is."""
    data = event.data
    lines: Lines = {
        "ringing": lambda: Shown("", f"Calling {data['to']} ...", "dim"),
        "answered": lambda: Shown("", "Connected.", "dim"),
        "listening": lambda: Shown("", "Press a key, or s to say nothing.", "dim"),
        "recording": lambda: Shown("", f"{'Beep. ' if data['beep'] else ''}Recording: m leaves a message.", "bold red"),
        "spoke": lambda: Shown(
            "you", f"spoke for {data['seconds']} s. Now # or s ends the message, h hangs up.", "yellow"
        ),
        "recorded": lambda: Shown(
            "",
            f"The carrier has a recording of {data['seconds']} s."
            if data["status"] == "completed"
            else "The recording was empty.",
            "dim",
        ),
        "dialing": lambda: Shown("", f"You hear the phone of {named(data['to'])} ring.", "dim"),
        "dialed": lambda: Shown("", _dialed(data), "dim"),
        "holding": lambda: Shown("", f"You wait in a room{' with music' if data['music'] else ''}.", "dim"),
        "talking": lambda: Shown("", f"You talk with {listed([named(one) for one in data['with']])}.", "bold green"),
        "alone": lambda: Shown("", "The others have hung up.", "dim"),
        "left": lambda: Shown("", "The conversation is over.", "dim"),
        "rejected": lambda: Shown("", f"The call was rejected ({data['reason']}).", "red"),
        "ended": lambda: Shown("", f"The call is over after {data['seconds']} s ({data['by']} hung up).", "bold"),
    }
    line = (_heard(data, who="desk", does="you", style="cyan") | lines).get(event.kind)
    return line() if line else None


def describe_leg(event: CallEvent, name: str, named: Callable[[str], str]) -> Shown | None:
    """One event of a call that the desk places to a colleague, or None for what goes without saying."""
    data = event.data
    others = [named(one) for one in data.get("with", []) if named(one) != "you"]
    lines: Lines = {
        "ringing": lambda: Shown(
            "",
            f"{name}'s phone rings: a {name} picks up, a {name} 1 presses 1 as well, d {name} declines.",
            "bold magenta",
        ),
        "answered": lambda: Shown("", f"{name}'s phone is picked up.", "magenta"),
        "listening": lambda: Shown("", f"{name} may press a key now: a {name} 1", "dim"),
        "holding": lambda: Shown("", f"{name} waits in a room.", "dim"),
        "talking": lambda: Shown("", f"{name} talks with {listed(others)}.", "bold green") if others else None,
        "ended": lambda: Shown("", f"{name}'s phone: {_end(data)}", "magenta"),
    }
    line = (_heard(data, who=f"desk to {name}", does=name, style="bright_blue") | lines).get(event.kind)
    return line() if line else None


def _heard(data: Mapping[str, Any], *, who: str, does: str, style: str) -> Lines:
    """What is the same for everyone on the phone: what they hear and press, and what the carrier makes of it."""
    return {
        "said": lambda: Shown(who, str(data["text"]), style),
        "played": lambda: Shown(who, f"[sound, {data['seconds']} s] {data['url']}", style),
        "pressed": lambda: Shown(does, f"pressed {data['key']}", "yellow"),
        "silence": lambda: Shown(does, "said nothing", "yellow"),
        "ignored": lambda: Shown("", f"Not heard: {data['what']}.", "dim"),
        "warning": lambda: Shown("", f"Carrier: {data['code']} {data['text']}", "magenta"),
        "error": lambda: Shown("", f"Carrier: error {data['code']}: {data['text']}", "bold red"),
    }


def _dialed(data: Mapping[str, Any]) -> str:
    """How a call that was placed for the caller has ended."""
    return "The conversation is over." if data["status"] == "completed" else f"Nobody there ({data['status']})."


def _end(data: Mapping[str, Any]) -> str:
    return {
        "busy": "busy, or declined.",
        "no-answer": "nobody picked up.",
        "canceled": "it rings no more, the desk gave up.",
        "failed": "it cannot be reached.",
    }.get(data["status"], f"the call is over after {data['seconds']} s.")


def show(console: Console, line: Shown, *, width: int) -> None:
    """Print a line with its speaker in front: folded on a terminal, one line per line in a pipe."""
    who = Text(f"{line.who:>{width}} " + ("|" if line.who else " "), style=f"bold {line.style}" if line.who else "")
    if console.is_terminal:
        grid = Table.grid(padding=(0, 1))
        grid.add_row(who, Text(line.what, style=line.style))
        console.print(grid)
        return
    indent = "\n" + " " * (width + 3)
    console.print(Text.assemble(who, " ", (line.what.replace("\n", indent), line.style)), soft_wrap=True)
