"""Makes docs/admin-walk.md: `.venv/bin/python docs/make_admin_walk.py`.

The edits below are made to a copy of the shipped files, one after the other, and after each `helpline flow check` is run on it:
what the page shows is what was printed. Run it after a change of the shipped flow or of a message; a test notices when it was
forgotten."""

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "admin-walk.md"
COMMAND = "helpline flow check flows"

INTRODUCTION = """\
# An admin changes the flow

The office will close at four on Fridays and stay closed on Christmas Eve, and printers get a key of their own. Nobody here
knows Python, and three things go wrong on the way. What is printed below is what `helpline flow check` printed.
"""

END = """\
That is all: three changes of what callers hear, and no caller heard a mistake. A problem means that something is sure to go
wrong; the check then ends with exit code 1. A note is worth knowing and fails nothing, unless `helpline flow check --strict`
is asked, as a test before a merge may. What every key may be is in [the manual of the flow files](../flows/README.md).

This page is made by `docs/make_admin_walk.py`.
"""


@dataclass(frozen=True)
class Stage:
    """What the admin thinks, and what they change: words of helpdesk.yml and what stands there then."""

    story: str
    edits: tuple[tuple[str, str], ...] = ()


HOURS = '  office: {open: "mon-fri 08:00-17:00", holidays: {country: US}}\n'
NEW_HOURS = """\
  office:
    open:
      - mon-thu 08:00-17:00
      - fri 8-16
    holidays: {country: US, days: {2026-12-24: Christmas Eve}}
"""
WORDS = "For other ways to reach us, press 3."
OTRAS = "Para otras formas de contacto, oprima el 3."
KEY = "          3: {next: other_ways}\n"
STEP = "    other_ways:\n"
PRINTERS = """\
    printers:
      say: Please have the name of the printer at hand. It is on its sticker.
      next: teem
"""

STAGES = (
    Stage("Before the edit, all is well:"),
    Stage(
        "The hours, the holiday, the key with its words, and a step that the key leads to:",
        (
            (HOURS, NEW_HOURS),
            (WORDS, f"{WORDS} For printers, press 5."),
            (KEY, f"{KEY}          4: {{next: printers, opens: Printers}}\n"),
            (STEP, PRINTERS + STEP),
        ),
    ),
    Stage("The hint shows how hours are written:", (("      - fri 8-16\n", "      - fri 08:00-16:00\n"),)),
    Stage("A typing mistake, and the right name beside it:", (("next: teem", "next: team"),)),
    Stage(
        "The words say 5 and the key is 4. The notes say what is missing for callers who speak Spanish. First the key:",
        (("For printers, press 5.", "For printers, press 4."),),
    ),
    Stage(
        "The flow can be used now. A Spanish-speaking caller would miss something, so that is written too:",
        (
            (OTRAS, f"{OTRAS} Para impresoras, oprima el 4."),
            (
                "      say: Please have the name of the printer at hand. It is on its sticker.\n",
                "      say:\n        en: Please have the name of the printer at hand. It is on its sticker.\n"
                "        es: Tenga a mano el nombre de la impresora. Está en su etiqueta.\n",
            ),
        ),
    ),
)


def document() -> str:
    """The whole document. Raises ValueError when an edit does not fit the shipped file any more."""
    with tempfile.TemporaryDirectory() as folder:
        flows = Path(folder) / "flows"
        flows.mkdir()
        for path in sorted((ROOT / "flows").glob("*.yml")):
            shutil.copy(path, flows)
        return "\n".join([INTRODUCTION, *(piece for stage in STAGES for piece in _pieces(stage, flows)), END])


def _pieces(stage: Stage, flows: Path) -> Iterator[str]:
    file = flows / "helpdesk.yml"
    before = after = file.read_text(encoding="utf-8")
    for old, new in stage.edits:
        if after.count(old) != 1:
            raise ValueError(f"{old!r} stands {after.count(old)} times in helpdesk.yml, and should once")
        after = after.replace(old, new)
    file.write_text(after, encoding="utf-8")
    yield f"{stage.story}\n"
    if stage.edits:
        lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
        yield "```diff\n" + "\n".join(line for line in lines if not line.startswith("@@")) + "\n```\n"
    yield f"```\n$ {COMMAND}\n{_printed(flows)}```\n"


def _printed(flows: Path) -> str:
    """What the command prints in a terminal. Raises ValueError when it fails otherwise than on problems."""
    program = "from ivr.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *COMMAND.split()[1:]],
        cwd=flows.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise ValueError(done.stdout)
    return done.stdout


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
