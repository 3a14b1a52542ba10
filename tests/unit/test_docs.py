"""The documents stay true: commands, settings, paths, make targets, links, addresses, states and figures.

Each check of `tests/unit/documents.py` is run on every document of the repository, and on a sentence that is wrong, so
that a check that has gone blind is noticed."""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import click
import pytest

from flows import listening, sounds
from flows.lint import patience as patience_lint
from flows.loader import load
from ivr import auditor, clock, drill_calls, jobs, links, lookups, sending
from ivr.cli import cli
from ivr.openapi import document
from ivr.settings import setting_names
from tests.unit.documents import (
    DOCUMENTS,
    ROOT,
    SPAN,
    Doc,
    broken_links,
    invocations,
    make_targets,
    missing_files,
    missing_modules,
    read,
    resolve,
    unknown_addresses,
    unknown_commands,
    unknown_names,
    unknown_targets,
)
from tests.world import World
from tickets import db, digests, outbox, states, thumbnails, turns, work

CHECKS: list[tuple[Callable[[Doc], Iterator[str]], str, str]] = [
    (broken_links, "[here](docs/nowhere.md)", "link docs/nowhere.md: no such file"),
    (broken_links, "# Real\n[there](#unreal)", "link #unreal: no such heading"),
    (missing_files, "see `tickets/outbux.py`", "file tickets/outbux.py: not in the repository"),
    (missing_files, "see `helpdesk.yaml.md`", "file helpdesk.yaml.md: not in the repository"),
    (missing_files, "```\ncat flows/nothing\n```", "file flows/nothing: not in the repository"),
    (missing_modules, "`flows.motor` decides", "module flows.motor: does not exist"),
    (unknown_targets, "`make tset`", "make tset: no such target"),
    (unknown_names, "set `TWILIO_AUTH_TOKN`", "name TWILIO_AUTH_TOKN: not in the code"),
    (unknown_commands, "`helpline tikets 12`", "helpline tikets: no such command"),
    (unknown_commands, "```\n.venv/bin/helpline phone --dmeo  # play\n```", "helpline phone --dmeo: no such option"),
    (unknown_commands, "`helpline flow chek flows`", "helpline flow chek: no such command"),
    (unknown_commands, "`helpline up now`", "helpline up now: takes no words"),
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
@pytest.mark.parametrize(
    "check", list(dict.fromkeys(check for check, _, _ in CHECKS)), ids=lambda check: check.__name__
)
def test_every_document_is_true(check: Callable[[Doc], Iterator[str]], path: Path) -> None:
    assert list(check(read(path))) == []


@pytest.mark.parametrize(("check", "wrong", "complaint"), CHECKS)
def test_a_wrong_document_is_noticed(check: Callable[[Doc], Iterator[str]], wrong: str, complaint: str) -> None:
    assert list(check(Doc(ROOT, wrong))) == [complaint]


# -- what has to be documented -------------------------------------------------------------------------------------------


def test_every_command_and_option_of_the_help_is_shown_somewhere() -> None:
    shown: dict[str, set[str]] = {}
    for path in DOCUMENTS:
        for words in invocations(read(path)):
            name, _, rest = resolve(words)
            shown.setdefault(name, set()).update(word for word in rest if word.startswith("-"))

    missing = []
    for name, command in _commands(cli):
        wanted = {max(p.opts, key=len) for p in command.params if isinstance(p, click.Option)} - {"--help", "--version"}
        missing += [name] if name not in shown else [f"{name} {option}" for option in wanted - shown[name]]

    assert missing == []


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def test_every_setting_is_explained_in_the_manual() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| ", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)

    assert sorted(set(setting_names()) - set(rows)) == []


def test_every_make_target_is_shown_somewhere() -> None:
    text = "\n".join(piece for path in DOCUMENTS for piece in read(path).code)

    assert [target for target in make_targets() - {"help", "clean"} if f"make {target}" not in text] == []


STATES: dict[str, type[StrEnum]] = {
    "a colleague's phone that was rung, `outcome`": states.LegState,
    "a ticket, `state`": states.TicketState,
    "a ticket, `channel`": states.Channel,
    "a call, `outcome`": states.CallOutcome,
    "a recording's sound, `media`; a picture, `state`": states.MediaState,
    "a transcript, `state`": states.TranscriptState,
    "a text, `direction`": states.Direction,
    "a text or page, `state`": states.MessageState,
}


def explained_states() -> dict[str, list[str]]:
    section = (ROOT / "docs/architecture.md").read_text().partition("\n## States\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    return {of: [SPAN.findall(part)[0] for part in words.split("; ")] for of, words in rows}


def test_every_state_of_the_desk_is_explained_and_no_other() -> None:
    assert explained_states() == {of: [member.value for member in kind] for of, kind in STATES.items()}


def test_every_word_that_the_api_promises_is_explained() -> None:
    explained = {word for words in explained_states().values() for word in words}
    schemas = document("http://127.0.0.1:8000")["components"]["schemas"]

    # Two kinds of words are no states: how urgent a ticket is, and by which means a page goes.
    assert _enums(schemas) - explained == {"urgent", "normal", "sms", "voice"}


def _enums(node: object) -> set[str]:
    if isinstance(node, dict):
        return set(node.get("enum", ())).union(*map(_enums, node.values()))
    return set[str]().union(*map(_enums, node)) if isinstance(node, list) else set()


# -- addresses -----------------------------------------------------------------------------------------------------------


def test_every_address_in_the_documents_answers(world: World) -> None:
    assert [wrong for path in DOCUMENTS for wrong in unknown_addresses(read(path), world.app)] == []


def test_a_wrong_address_is_noticed(world: World) -> None:
    wrong = Doc(ROOT, "`PUBLIC_URL/twilio/voise`, and\n```\ncurl http://127.0.0.1:8000/api/v1/tickts?state=open\n```")

    assert list(unknown_addresses(wrong, world.app)) == [
        "address /api/v1/tickts: nothing is there",
        "address /twilio/voise: nothing is there",
    ]


# -- figures -------------------------------------------------------------------------------------------------------------

MINUTES = {60.0: "every minute"}
WORDS = {3: "three", 5: "five"}
SECONDS = {1.0: "Once a second"}
FIGURES = [
    ("docs/decisions/0001-the-database-is-the-truth.md", f"a lease of {work.LEASE:.0f} s"),
    ("docs/decisions/0001-the-database-is-the-truth.md", SECONDS[clock.TICK]),
    (
        "docs/decisions/0005-unknown-outcome-of-a-text.md",
        f"only when {sending.SETTLED.total_seconds():.0f} s have passed",
    ),
    (
        "docs/decisions/0005-unknown-outcome-of-a-text.md",
        f"at most {outbox.GIVE_UP_AFTER.total_seconds() / 3600:.0f} hours",
    ),
    ("docs/decisions/0006-sqlite-wal-and-normal.md", f"waits up to {db.BUSY_TIMEOUT_MS / 1000:.0f} s"),
    (
        "docs/decisions/0007-one-transcriber-process.md",
        f"after {jobs.MOST_ATTEMPTS[states.WorkKind.TRANSCRIBE]} attempts",
    ),
    ("docs/decisions/0008-listen-links.md", f"for {links.LIFETIME.days} days"),
    ("docs/decisions/0011-a-caller-without-database.md", MINUTES[clock.RECONCILE_EVERY]),
    (
        "docs/decisions/0011-a-caller-without-database.md",
        f"the last comparison that worked and {lookups.OVERLAP.total_seconds() / 60:.0f} minutes further",
    ),
    ("docs/decisions/0019-pictures.md", f"at most {thumbnails.LONGEST_SIDE} pixels"),
    ("docs/decisions/0019-pictures.md", f"more than {thumbnails.MOST_PIXELS // 1_000_000} million pixels"),
    (
        "docs/decisions/0022-turns-and-digests.md",
        f"at most {turns.LOOK_AGAIN.total_seconds():.0f} s; that is no attempt",
    ),
    (
        "docs/decisions/0022-turns-and-digests.md",
        f"more than {digests.HANDFUL} tickets, written within {digests.MINUTE.total_seconds():.0f} s,",
    ),
    ("docs/decisions/0024-the-watcher.md", f"stays for {WORDS[auditor.PERSISTS]} runs"),
    ("docs/operations.md", f"older than {WORDS[int(auditor.STALE.total_seconds() // 60)]} minutes, `/readyz` warns"),
    ("docs/operations.md", f"stays for {WORDS[auditor.PERSISTS]} runs"),
    ("docs/operations.md", f"looks at the whole desk {MINUTES[auditor.EVERY]}"),
    ("docs/decisions/0025-drills.md", f"spoken {WORDS[drill_calls.TIMES]} times"),
    ("SECURITY.md", f"good for {links.LIFETIME.days} days"),
    (
        "flows/README.md",
        f"one prompt over {patience_lint.PROMPT} s; over {patience_lint.OPENING_KEY} s until the first key that opens a "
        f"ticket; from that key over {patience_lint.AFTER_KEY} s, and for whoever presses nothing over "
        f"{patience_lint.SILENT} s, until phones ring or a tone comes. Estimated: {listening.SPOKEN:.0f} characters a second",
    ),
    ("flows/README.md", f"is over {sounds.MAX_BYTES // 1024 // 1024} MB"),
    ("README.md", "goes out {pages.wait_for_transcript} s after the recording ended"),
    ("docs/architecture.md", "at the latest {pages.wait_for_transcript} s after the recording ended"),
    ("CHANGELOG.md", "or {pages.wait_for_transcript} s after the recording"),
]


@pytest.mark.parametrize(("name", "sentence"), FIGURES)
def test_figures_in_the_documents_are_those_of_the_code(name: str, sentence: str) -> None:
    pages = load(ROOT / "flows").helpdesk.pages

    assert sentence.format(pages=pages) in " ".join((ROOT / name).read_text().split())
