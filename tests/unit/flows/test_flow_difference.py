"""`helpline flow diff`: an edit of the flow files, and the sentences about what people notice of it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flow_phone import SHIPPED
from ruamel.yaml import YAML

from flows.difference.diff import diff
from flows.loader import Flows, load

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
FOLDERS = {name: Path(__file__).parent / name for name in ("plain", "rich")}


CASES = YAML(typ="safe").load(Path(__file__).parent / "noticed.yml")


def edited(folder: Path, place: str, *edits: tuple[str, str]) -> tuple[Flows, Flows]:
    """Files before and after some words were replaced in one of them."""
    kind, file = place.split("/")
    shutil.copytree(
        FOLDERS[kind], folder, ignore=lambda _, names: [name for name in names if not name.endswith(".yml")]
    )
    text = (folder / file).read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    (folder / file).write_text(text, encoding="utf-8")
    return load(FOLDERS[kind]), load(folder)


def told(old: Flows, new: Flows, *, now: datetime = NOW) -> list[str]:
    return [f"{one.who}: {one.text}" for one in diff(old, new, now=now)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["what"].replace(" ", "-"))
def test_an_edit_is_said_in_words(case: dict[str, Any], tmp_path: Path) -> None:
    assert told(*edited(tmp_path / "flows", case["file"], (case["old"], case["new"]))) == case["noticed"]


UNNOTICED = {
    "a comment": ("plain/helpdesk.yml", [("# seconds", "# seconds to wait")]),
    "a step is called otherwise": (
        "plain/helpdesk.yml",
        [("    team:", "    crew:"), ("1: {next: team", "1: {next: crew"), ("2: {next: team", "2: {next: crew")],
    ),
    "a default is written out": ("plain/helpdesk.yml", [("seconds: 25}", "seconds: 25, order: all}")]),
    "words said in two steps": (
        "plain/helpdesk.yml",
        [
            ('Messages are recorded."\n      next: main', 'Messages"\n      next: more'),
            ("    main: ", "    more: {say: are recorded., next: main}\n    main: "),
        ],
    ),
    "a step that nobody comes to": (
        "plain/helpdesk.yml",
        [("    main: ", "    lost: {say: Hello., next: main}\n    main: ")],
    ),
    "an announcement that is over": (
        "plain/helpdesk.yml",
        [
            ("next: main\n", "next: old\n"),
            ("    main: ", "    old: {announce: {say: Hi., to: 2026-11-01 08:00}, next: main}\n    main: "),
        ],
    ),
    "the published notice": ("plain/helpdesk.yml", [("Messaging frequency may vary. Visit", "Visit")]),
    "an exception that is over": (
        "rich/helpdesk.yml",
        [("office: {open", "office: {exceptions: [{from: 2026-11-02 12:00, to: 2026-11-02 18:00}], open")],
    ),
    "an override that is over": (
        "rich/oncall.yml",
        [("shifts:", "overrides: [{from: 2026-11-02 12:00, to: 2026-11-02 18:00, who: Sam}]\nshifts:")],
    ),
}


@pytest.mark.parametrize("what", UNNOTICED, ids=lambda what: what.replace(" ", "-"))
def test_what_nobody_notices_is_no_difference(what: str, tmp_path: Path) -> None:
    place, edits = UNNOTICED[what]
    assert told(*edited(tmp_path / "flows", place, *edits)) == []


def test_the_same_edit_is_noticed_as_long_as_it_is_not_over(tmp_path: Path) -> None:
    place, edits = UNNOTICED["an exception that is over"]
    before = datetime(2026, 10, 30, 18, 0, tzinfo=UTC)

    assert told(*edited(tmp_path / "flows", place, *edits), now=before) == [
        "callers: On Mon Nov 2 2026, “office” is now open 08:00 to 12:00 instead of open 08:00 to 17:00."
    ]


def test_the_shipped_files_do_not_differ_from_themselves() -> None:
    assert told(load(SHIPPED), load(SHIPPED)) == []


def test_a_flow_with_all_there_is_is_told_from_the_greeting_on() -> None:
    noticed = told(load(FOLDERS["plain"]), load(FOLDERS["rich"]))

    assert [text.partition(", a call")[0] for text in noticed if "a call now first leads" in text] == [
        "callers: In opening hours for all but VIP clients and blocked numbers",
        "callers: After hours for all but VIP clients and blocked numbers",
        "callers: On holidays for all but VIP clients and blocked numbers",
    ]
    on_holidays = next(text for text in noticed if text.startswith("callers: On holidays for all but"))
    assert (
        "then says “It is a holiday.” and leads to the menu “After hours rates may apply. To go on, …”" in on_holidays
    )
    assert "callers: For VIP clients, a call now rings everyone on duty instead of leading to the menu" in "".join(
        noticed
    )
    assert (
        "callers: The hours “office” are new: open mon-fri 08:00 to 17:00, but not on the holidays of TX, US"
        in "".join(noticed)
    )
    assert "texters: Automatic texts no longer come in “es”." in noticed


def test_many_hours_that_depend_on_each_other_are_named_once(tmp_path: Path) -> None:
    """Key 2 goes through the hours of three teams: listing how all of them can stand together helps nobody."""
    blocks = "".join(
        f"  {name}: {{open: mon-fri {at}}}\n" for name, at in (("a", "08-12"), ("b", "10-14"), ("c", "11-17"))
    )
    ways = "".join(
        f"    at_{name}: {{hours: {name}, open: {opens}, closed: {closed}}}\n"
        for name, opens, closed in (("a", "message", "at_b"), ("b", "at_c", "team"), ("c", "message", "team"))
    )
    edits = (
        ("calls:\n", "hours:\n" + blocks.replace("-1", ":00-1").replace("}", ":00}") + "calls:\n"),
        ("          2: {next: team", "          2: {next: at_a"),
        ("    team:   ", ways + "    team:   "),
    )
    old, new = edited(tmp_path / "flows", "plain/helpdesk.yml", *edits)
    assert [line for line in told(old, new) if "key 2" in line] == [
        "callers: At some times, depending on the hours “a”, “b” and “c”, key 2 now goes to the voicemail instead of "
        "ringing everyone on duty."
    ]
