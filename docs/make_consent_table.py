"""Makes docs/consent.md: `.venv/bin/python docs/make_consent_table.py`.

The tables show the phrases of `tests/unit/tickets/wishes.yml`, which the tests hold against the code. Run it after a change
of that file; a test notices when it was forgotten."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
PHRASES = ROOT / "tests" / "unit" / "tickets" / "wishes.yml"
DOCUMENT = ROOT / "docs" / "consent.md"

INTRODUCTION = """\
# What STOP, START and HELP are read as

For admins, in eleven lines:
1. **STOP**, in any reasonable wording, counts at once: the consent ledger keeps the words and the text's id, and no text goes
   to that number any more. Calling still works.
2. The opt-out is confirmed once, unless the carrier has answered it already. Nothing else follows.
3. **START** brings texts back, in few wordings only: a START that nobody meant is worse than one that is missed.
4. **HELP** alone gets the HELP answer. "Help, our server is down" is a client with a problem: it opens a ticket and pages.
5. **Unclear** texts opt nobody out and are not answered. They reach the ticket, which says that a person has to decide.
6. **Voicemails**: one that may ask for no more texts opts nobody out; its ticket says that a person has to listen and decide.
   Decide the same day: `NOTEXTS 1042 asked in a voicemail`, texted by anyone of the team, enters the opt-out. The law takes
   such a voicemail for one unless the desk can show that it was none.
7. Who answers is `SMS_KEYWORDS`: with `carrier`, the carrier answers the bare keywords of its list and helpline stays silent;
   with `helpline`, helpline answers them. Other wordings ("Stop.", "opt out", Spanish) are helpline's in every case.
8. What the carrier says it has answered (`OptOutType`) counts as it says, whatever the words.
9. A colleague who texts STOP gets no pages until START. The rest of the team is told at once.
10. **A key in a call** that asks for a text ("press 1 to be told") is a consent too, kept with the words that were heard. It
   undoes no opt-out: whoever has opted out is not offered it.
11. A wording is missing? Add it to `tests/unit/tickets/wishes.yml`, see the test fail, then teach it to
    `tickets/wish_words.py`.

The rule behind it: a text is an opt-out when it can be read, from its first word to its last, as words that ask for it and
words that change nothing about it (politeness, "wrong number"). One word that is left over makes it another text. Case, spaces,
punctuation, emoji, accents, invisible characters and the form of the letters never matter; letters of other alphabets that look
like Latin ones count as those, since a reader sees STOP.

This file is made by `docs/make_consent_table.py` from the phrases that the tests run. ␣ is a space at an end, and \\[U+200B\\]
a character that nobody sees.
"""

SECTIONS = (
    ("texts", "stop", "Opt-outs", "Recorded, and no text goes out any more."),
    ("texts", "unclear", "Unclear: a person decides", "Noted in the ticket; nobody is opted out."),
    ("texts", "start", "Texts again", "Recorded as an opt-in."),
    ("texts", "help", "HELP", "Answered; no ticket."),
    ("texts", "none", "Texts like any other", "Refused: they opt nobody out or in, and reach the team."),
    ("voicemails", "unclear", "Voicemails that a person listens to", "Noted in the ticket; nobody is opted out."),
    ("voicemails", "none", "Voicemails like any other", "Nothing is noted."),
)


def document() -> str:
    """The whole document."""
    table = YAML(typ="safe").load(PHRASES)
    parts = [INTRODUCTION]
    for door, wish, title, meaning in SECTIONS:
        groups = [group for group in table[door] if group["wish"] == wish]
        parts.append("\n".join([f"\n## {title}", meaning, "", *_rows(groups)]) + "\n")
    return "".join(parts)


def _rows(groups: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    groups = list(groups)
    if any("rule" in group for group in groups):
        yield "| what is said | rule | why |"
        yield "|---|---|---|"
        yield from (f"| {_quoted(group['texts'])} | {group['rule']} | {group['why']} |" for group in groups)
    else:
        yield "| what is said | why |"
        yield "|---|---|"
        yield from (f"| {_quoted(group['texts'])} | {group['why']} |" for group in groups)


def _quoted(texts: Iterable[str]) -> str:
    return " · ".join(map(_shown, texts))


def _shown(text: str) -> str:
    """A phrase that a reader can see and Markdown leaves alone: what is invisible is shown by its number."""
    seen = "".join(char if _visible(char) else f"[U+{ord(char):04X}]" for char in text)
    spaces = re.sub("^ +| +$", lambda run: "␣" * len(run[0]), seen)
    return "“" + re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", spaces) + "”"


def _visible(char: str) -> bool:
    return char in (" ", "\ufe0f") or not unicodedata.category(char).startswith(("C", "Z"))


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    print(f"Wrote {DOCUMENT.relative_to(ROOT)}.")
