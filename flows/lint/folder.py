"""Advice about the folder itself: YAML files in it that nothing reads."""

from collections.abc import Iterator
from pathlib import Path

from flows.loader import CLIENTS, HELPDESK, ONCALL, language_of_file
from flows.nearest import did_you_mean
from flows.problems import Problem

_READ = (HELPDESK, ONCALL, CLIENTS)


def unread_files(directory: Path) -> Iterator[Problem]:
    """A note for each: whoever saved client.yml or helpdesk.yaml believes that it counts."""
    try:
        found = sorted(path for path in directory.iterdir() if path.suffix in {".yml", ".yaml"} and path.is_file())
    except (OSError, ValueError):
        return  # reading helpdesk.yml says what is wrong with the folder
    for path in found:
        if path.name not in _READ and not language_of_file(path.name) and not path.name.startswith("."):
            usual = f"the files are {', '.join(_READ)}, and texts.es.yml for texts in Spanish"
            hint = did_you_mean(path.name, _READ) or usual
            yield Problem(str(path), 1, 1, "nothing reads a file of this name", hint, note=True)
