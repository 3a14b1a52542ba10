"""The shipped files, the corpus of broken ones, and what may lie in a folder instead of a flow file."""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flow_phone import SHIPPED, Phone

from flows.engine import Flow, voicemail_only
from flows.instructions import Gather, Say
from flows.jsonschema import schemas
from flows.lint import check as flow_lint
from flows.lint.consent import greetings
from flows.loader import FlowErrors, Flows, Problem, load
from flows.source import Document, parse, read
from tickets import sms
from tickets.sms import segments


def check(directory: Path) -> tuple[Problem, ...]:
    """The lint as the command runs it."""
    return flow_lint.check(directory, alphabet=sms, now=TODAY)


TODAY = datetime(2026, 11, 23, 14, tzinfo=UTC)  # what is over and which clock change is next hangs on the day
BROKEN = Path(__file__).parent / "broken"
#: One file each. A file that is broken only beside another one has that one with it: NAME.oncall.yml.
CORPUS = [path for path in sorted(BROKEN.glob("*.yml")) if "." not in path.stem]
Folder = Callable[..., Path]


def broken_files(path: Path) -> dict[str, bytes]:
    """The files of one case of the corpus, by kind."""
    beside = {one.stem.rpartition(".")[2]: one.read_bytes() for one in BROKEN.glob(f"{path.stem}.*.yml")}
    base = {"helpdesk": (BROKEN.parent / "small.yml").read_bytes()}
    return base | beside | {path.stem.partition("_")[0]: path.read_bytes()}


def test_the_shipped_files_are_clean() -> None:
    assert check(SHIPPED) == ()


def test_the_shipped_files_say_what_the_desk_promises() -> None:
    flows = load(SHIPPED)
    assert [(person.name, person.number) for person in flows.oncall.team] == [
        ("Sam", "+19035550111"),
        ("Lee", "+19035550112"),
        ("Robin", "+19035550113"),
    ]
    assert flows.client_of("+19035550172") == "Sabine River Feed & Seed"
    assert flows.client_of("+19035550199") is None
    assert flows.client_of(None) is None
    helpdesk = flows.helpdesk
    assert helpdesk.consent == (
        "By messaging us, I consent to receive SMS from Business IT Service Corps, LLC. Reply STOP to opt-out; Reply HELP "
        "for support; Message & data rates may apply; Messaging frequency may vary. Visit "
        "https://bitscorps.com/privacy-policy to see our privacy policy and https://bitscorps.com/terms-and-conditions/ "
        "for our Terms of Service."
    )
    assert helpdesk.pages.model_dump() == {
        "wait_for_transcript": 20,
        "delivery_report": 60,
        "escalate_after_minutes": 5,
    }
    assert helpdesk.recordings.model_dump() == {"max_megabytes": 120, "delete_at_carrier": False}
    assert helpdesk.texts.join_window_hours == 12
    assert helpdesk.texts.first_reply == (
        "Business IT Service Corps, LLC: ticket {ticket} is open, our team is told. By messaging us you consent to receive "
        "SMS. Reply STOP to opt-out, HELP for support. Message & data rates may apply. Frequency may vary. "
        "https://bitscorps.com/privacy-policy https://bitscorps.com/terms-and-conditions/"
    )


def test_a_caller_hears_the_emergency_key_within_twelve_seconds(phone: Phone) -> None:
    words: list[str] = []
    for one in phone.instructions:
        prompts = one.prompts if isinstance(one, Gather) else (one,)
        words += [prompt.text for prompt in prompts if isinstance(prompt, Say)]
    until_key, found, _ = " ".join(words).partition("press 1.")
    assert found
    slow_words_a_second = 2.0
    assert len(f"{until_key} press one".split()) / slow_words_a_second <= 12


def test_the_shipped_file_fits_two_screens() -> None:
    lines = (SHIPPED / "helpdesk.yml").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 100
    assert max(len(line) for line in lines) <= 125
    assert lines[0] == "# yaml-language-server: $schema=helpdesk.schema.json"


def test_the_greeting_holds_the_notice_and_nothing_of_later_turns(shipped: Flow) -> None:
    (heard,) = greetings(shipped, "en-US")
    assert heard.startswith("Business I.T. Service Corps help desk. Messages are recorded. For an emergency")
    assert heard.endswith("slash terms and conditions.")
    assert "I did not hear a key." not in heard


def test_the_built_in_flow_is_as_lawful_as_the_shipped_one() -> None:
    shipped = load(SHIPPED)
    flows = Flows(voicemail_only(), shipped.oncall, shipped.clients, {}, "built in")
    documents = {name: Document(name, "", None, {}) for name in ("helpdesk.yml", "oncall.yml", "clients.yml")}
    assert [problem.message for problem in flow_lint.lint(flows, documents, alphabet=sms)] == []


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_schemas_for_editors_are_current(name: str) -> None:
    assert (SHIPPED / name).read_text(encoding="utf-8") == schemas()[name], "run python -m flows.jsonschema"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_a_broken_file_gets_exactly_these_messages(path: Path, folder: Folder) -> None:
    problems = check(folder(**broken_files(path)))
    said = "".join(f"{problem}\n".replace(f"{Path(problem.file).parent}{os.sep}", "") for problem in problems)
    assert said == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_the_corpus_is_broken_in_at_least_a_hundred_ways_and_its_base_is_not(folder: Folder) -> None:
    assert check(folder(helpdesk=(BROKEN.parent / "small.yml").read_bytes())) == ()
    messages = {path.with_suffix(".txt").read_text(encoding="utf-8") for path in CORPUS}
    assert len(messages) >= 100
    assert "" not in messages


def test_problems_of_all_files_come_together(folder: Folder) -> None:
    with pytest.raises(FlowErrors) as caught:
        load(folder(oncall="team: []", clients="clients: [{name: A}]"))
    assert [(Path(problem.file).name, problem.message) for problem in caught.value.problems] == [
        ("clients.yml", "'numbers' is missing here"),
        ("oncall.yml", "at least one entry belongs here"),
    ]
    assert str(caught.value).count("hint: ") == 2


def test_clients_are_optional_and_the_others_are_not(folder: Folder, tmp_path: Path) -> None:
    assert load(folder(clients=None)).clients == ()
    (tmp_path / "oncall.yml").unlink()
    assert check(tmp_path) == (
        Problem(
            str(tmp_path / "oncall.yml"),
            1,
            1,
            "the file does not exist",
            "create it, or set FLOWS_DIR to the folder that has it",
        ),
    )


def test_a_folder_that_does_not_exist_says_so_for_each_file(tmp_path: Path) -> None:
    with pytest.raises(FlowErrors) as caught:
        load(tmp_path / "nowhere")
    assert [Path(problem.file).name for problem in caught.value.problems] == ["helpdesk.yml", "oncall.yml"]


def test_a_file_that_nothing_reads_is_noted(folder: Folder) -> None:
    """An admin who saved the clients as client.yml would otherwise look for the mistake inside of the file."""
    there = folder()
    (there / "client.yml").write_bytes(b"clients: []\n")
    (there / "helpdesk.yaml").write_bytes(b"[")
    (there / "storm.yml").write_bytes(b"")
    (there / "texts.es.yml.before-rollback").write_bytes(b"")
    assert [(Path(one.file).name, one.note, one.hint) for one in check(there)] == [
        ("client.yml", True, "did you mean 'clients.yml'?"),
        ("helpdesk.yaml", True, "did you mean 'helpdesk.yml'?"),
        (
            "storm.yml",
            True,
            "the files are helpdesk.yml, oncall.yml, clients.yml, and texts.es.yml for texts in Spanish",
        ),
    ]
    (there / "helpdesk.yml").unlink()
    assert [(Path(one.file).name, one.note) for one in check(there) if one.note is False] == [("helpdesk.yml", False)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("CST", "America/Chicago"),
        ("Central Time", "America/Chicago"),
        ("EDT", "America/New_York"),
        ("pst", "America/Los_Angeles"),
    ],
)
def test_the_clocks_of_the_united_states_are_known_by_their_names(folder: Folder, written: str, meant: str) -> None:
    """By its letters alone CST is most like CET: a hint that would move the hours of a Texan office by seven."""
    helpdesk = (SHIPPED / "helpdesk.yml").read_text(encoding="utf-8").replace("America/Chicago", written)
    [problem] = check(folder(helpdesk=helpdesk))
    assert (problem.message, problem.hint) == (f"'{written}' is not a time zone", f"did you mean '{meant}'?")


def test_the_examples_of_the_manual_pass_the_check(folder: Folder) -> None:
    manual = (SHIPPED / "README.md").read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in re.split(r"```(?:yaml)?\n", manual)]
    [hours] = [one for one in blocks if one.startswith("hours:")]
    [team] = [one for one in blocks if one.startswith("team:")]
    [texts] = [one for one in blocks if one.startswith("texts:\n  routes:")]
    [escalation] = [one for one in blocks if one.startswith("escalation:")]
    helpdesk = (SHIPPED / "helpdesk.yml").read_text(encoding="utf-8")
    helpdesk = re.sub(r"hours:\n  office: .*\n", lambda _: hours, helpdesk, count=1)
    helpdesk = helpdesk.replace("\ntexts:\n", "\n" + texts, 1)
    assert check(folder(helpdesk=helpdesk + escalation, oncall=team)) == ()


def test_the_version_changes_with_every_edit_and_with_nothing_else(folder: Folder) -> None:
    first = load(folder()).version
    assert load(folder()).version == first
    changed = (SHIPPED / "oncall.yml").read_text(encoding="utf-8").replace("Lee", "Leo")
    assert load(folder(oncall=changed)).version != first


def test_scalars_stay_what_people_meant(folder: Folder) -> None:
    helpdesk = (BROKEN.parent / "small.yml").read_text(encoding="utf-8")
    helpdesk = helpdesk.replace("hours: at all hours", "hours: 22:30").replace("name: Corner Desk", "name: no")
    helpdesk = helpdesk.replace('number: "+19036892004"', "number: +19036892004")
    desk = load(folder(helpdesk=helpdesk + "recordings: {delete_at_carrier: no, max_megabytes: 010}\n")).helpdesk
    assert (desk.desk.name, desk.desk.hours, desk.desk.number) == ("no", "22:30", "+19036892004")
    assert (desk.recordings.delete_at_carrier, desk.recordings.max_megabytes) == (False, 10)


@pytest.mark.parametrize(
    ("content", "line", "column", "message"),
    [
        (b"team:\n  - {name: Jos\xe9, number: x}\n", 2, 15, "the byte 0xE9 is not UTF-8 text"),
        ("team: []\n".encode("utf-16"), 1, 1, "the byte 0xFF is not UTF-8 text"),
        (b"#" * 262_145, 1, 1, "the file is larger than 256 KB"),
        (b"", 1, 1, "the file is empty"),
        (b"team: \x07\n", 1, 7, "the character U+0007 cannot stand in a YAML file"),
        (b'team: "\\UFFFFFFFF"\n', 1, 1, "this cannot be read as YAML (OverflowError)"),
        (b"[" * 100_000, 1, 22, "lists and blocks are nested more than 20 deep"),
        (b"team:\n" + b"  - a\n" * 25_000, 19999, 5, "the file has more than 20000 values"),
    ],
)
def test_bytes_that_are_no_flow_file(folder: Folder, content: bytes, line: int, column: int, message: str) -> None:
    [problem] = check(folder(oncall=content))
    assert (problem.line, problem.column, problem.message) == (line, column, message)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a:\u00a0b\nc: d\n", 1, 3, "the character U+00A0 only looks like a space"),
        ("a\uff1a b\nc: d\n", 1, 2, "the character U+FF1A only looks like a colon"),
        ("a:\n\u00a0\u00a0b: c\n  d: e\n", 2, 1, "the character U+00A0 only looks like a space"),
        ("say: hello\u00a0world\nnext\nb: c\n", 2, 1, "a key without a colon"),
    ],
    ids=["space", "colon", "indent", "harmless"],
)
def test_a_character_that_only_looks_like_another_is_shown_where_it_breaks_a_key(
    text: str, line: int, column: int, message: str
) -> None:
    (problem,) = parse("helpdesk.yml", text)[1]
    assert (problem.line, problem.column, problem.message) == (line, column, message)


def test_a_bomb_of_aliases_is_refused_without_being_built(folder: Folder) -> None:
    levels = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 30))
    problems = check(folder(oncall="a0: &a0 lol\n" + levels))
    assert {problem.message for problem in problems} >= {
        "& makes an anchor, which is not used here",
        "* makes an alias, which is not used here",
    }


def test_what_is_not_a_file_is_not_opened(folder: Folder, tmp_path: Path) -> None:
    directory = folder(oncall=None)
    os.mkfifo(tmp_path / "oncall.yml")
    assert [problem.message for problem in check(directory)] == ["this is not a file"]
    assert read(Path("a\0b"))[1][0].message == "the file cannot be opened: embedded null byte"


def test_a_file_with_byte_order_mark_and_windows_lines_is_read(folder: Folder) -> None:
    windows = b"\xef\xbb\xbf" + (SHIPPED / "oncall.yml").read_bytes().replace(b"\n", b"\r\n")
    assert len(load(folder(oncall=windows)).oncall.team) == 3


def test_a_text_with_placeholders_that_grow_loads_and_is_reported_as_too_long(folder: Folder) -> None:
    helpdesk = (BROKEN.parent / "small.yml").read_text(encoding="utf-8")
    grown = helpdesk.replace("{desk}: no more texts.", "{desk}" * 200)
    [problem] = check(folder(helpdesk=grown))
    assert problem.message == "this text takes 15 segments (2223 characters); 2 are allowed"


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
     ("я" * 70, 1), ("я" * 71, 2), ("я" * 134, 2), ("я" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2), ("é" * 160, 1),
     ("ç" * 71, 2), ("`" + "a" * 70, 2), ("a" * 152 + "€" + "a" * 151, 2), ("a" * 152 + "€" + "a" * 152, 3)],
)  # fmt: skip
def test_segments_are_counted_as_the_carrier_counts_them(text: str, count: int) -> None:
    assert segments(text) == count
