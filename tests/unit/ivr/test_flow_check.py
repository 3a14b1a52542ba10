"""`helpline flow check` for people, editors and CI."""

import json
import os
from pathlib import Path

import pytest

from flows.extent import end_column
from ivr.cli import run

ROOT = Path(__file__).resolve().parents[3]
BROKEN = ROOT / "tests" / "unit" / "flows" / "broken"
Captured = pytest.CaptureFixture[str]


def folder(tmp_path: Path, case: str) -> Path:
    """The shipped files, but for one that is broken; its kind is the first word of its name."""
    kind = case.partition("_")[0]
    for name in ("helpdesk", "oncall", "clients"):
        source = ROOT / "flows" / f"{name}.yml"
        (tmp_path / f"{name}.yml").write_bytes((BROKEN / f"{case}.yml" if name == kind else source).read_bytes())
    return tmp_path


def test_an_editor_is_told_what_to_underline(capsys: Captured, tmp_path: Path) -> None:
    flows = folder(tmp_path, "helpdesk_transfer_number")

    assert run(["flow", "check", str(flows), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "severity": "problem",
            "file": f"{flows}/helpdesk.yml",
            "line": 26,
            "column": 22,
            "end_column": 34,
            "message": "'903-555-0191' is not a phone number in E.164 form",
            "hint": 'plus, country code and number, no spaces or dashes: "+19035550147"',
        },
        {
            "severity": "problem",
            "file": f"{flows}/helpdesk.yml",
            "line": 26,
            "column": 45,
            "end_column": 46,
            "message": "'3' is not a whole number from 5 to 120",
            "hint": "how long it rings",
        },
    ]


def test_notes_pass_unless_it_is_strict(capsys: Captured, tmp_path: Path) -> None:
    flows = folder(tmp_path, "helpdesk_key_not_offered")

    assert run(["flow", "check", str(flows)]) == 0
    shown = capsys.readouterr()
    assert ": note: key 7 works, but no words offer it\n" in shown.out
    assert shown.err == f"{flows}: no problems, 1 note\n"
    assert run(["flow", "check", str(flows), "--strict"]) == 1
    assert capsys.readouterr() == shown
    assert run(["flow", "check", str(flows), "--strict", "--json"]) == 1
    assert [one["severity"] for one in json.loads(capsys.readouterr().out)] == ["note"]


def test_a_wrong_command_is_another_failure_than_a_wrong_file(capsys: Captured, tmp_path: Path) -> None:
    assert run(["flow", "check", str(tmp_path / "nowhere")]) == 1
    assert "helpdesk.yml:1:1: the file does not exist\n" in capsys.readouterr().out
    assert run(["flow", "check", str(tmp_path), "--stirct"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_a_folder_whose_name_is_no_text_is_checked_like_any_other(capsys: Captured, tmp_path: Path) -> None:
    flows = tmp_path / os.fsdecode(b"flows-\xff")
    flows.mkdir()

    assert run(["flow", "check", str(flows)]) == 1
    assert "flows-?/helpdesk.yml:1:1: the file does not exist" in capsys.readouterr().out
    assert run(["flow", "check", str(flows), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["message"] == "the file does not exist"


@pytest.mark.parametrize(
    ("line", "column", "end"),
    [
        ("      next: mesage", 13, 19),
        ("      next: mesage   # where to", 13, 19),
        ("  slience: {say: a}", 3, 10),
        ("  1: {next: mesage, opens: Fire}", 13, 19),
        ('  number: "903 555: 0147" # ours', 11, 26),
        ("  name: 'it''s', b", 9, 16),
        ("  say: [a, b]", 8, 10),
        ("", 1, 2),
        ("a", 9, 10),
        ("12:30 to 24:00", 1, 15),
    ],
)
def test_a_mistake_reaches_to_the_end_of_what_stands_there(line: str, column: int, end: int) -> None:
    assert end_column(line, column) == end
