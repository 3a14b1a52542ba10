"""One line of a child process, made readable.

JSON log lines become time, level, event and keys; anything else stays as it is.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

_LEVEL_COLOURS = {"debug": "bright_black", "warning": "yellow", "error": "red", "critical": "red"}
# Told by the prefix, or shown in a place of their own.
_NOT_REPEATED = {"timestamp", "level", "role", "logger", "event", "exception"}
_ROLE_COLOURS = ("cyan", "green", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta", "bright_blue")


def parse(line: str) -> dict[str, Any] | None:
    """The log event of a line, or None when it is no JSON object with an `event`."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def readable(event: Mapping[str, Any], *, colour: bool) -> str:
    """`14:05:11 stored call=CA1 seconds=21`; warnings and errors say so; a traceback follows on lines of its own."""
    level = str(event.get("level", "info"))
    words = [_time_of_day(event.get("timestamp")), _marked(level, str(event["event"]), colour=colour)]
    words += [f"{key}={_short(value)}" for key, value in event.items() if key not in _NOT_REPEATED]
    text = " ".join(word for word in words if word)
    return f"{text}\n{event['exception']}" if event.get("exception") else text


def prefixed(label: str, text: str, *, width: int, place: int, colour: bool) -> str:
    """Every line of the text behind the label of its process, in that process's colour."""
    margin = f"{label:<{width}} |"
    if colour:
        margin = click.style(margin, fg=_ROLE_COLOURS[place % len(_ROLE_COLOURS)])
    return "\n".join(f"{margin} {line}" for line in text.splitlines() or [""])


def _time_of_day(timestamp: object) -> str:
    """In the time zone of this terminal; "" for what is no ISO 8601 time."""
    try:
        return datetime.fromisoformat(str(timestamp)).astimezone().strftime("%H:%M:%S")
    except ValueError:
        return ""


def _marked(level: str, text: str, *, colour: bool) -> str:
    if level == "info":
        return text
    return click.style(f"{level}: {text}", fg=_LEVEL_COLOURS.get(level)) if colour else f"{level}: {text}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False) if " " in text or not text else text
