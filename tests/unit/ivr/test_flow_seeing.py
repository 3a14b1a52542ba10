"""`helpline flow show` and `helpline flow diff` as an admin types them."""

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from ivr.cli import run

ROOT = Path(__file__).parents[3]
PLAIN, RICH = (ROOT / "tests" / "unit" / "flows" / name for name in ("plain", "rich"))

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FLOWS_DIR", str(PLAIN))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """The plain files with a longer ring."""
    folder = tmp_path / "edited"
    shutil.copytree(PLAIN, folder)
    text = (folder / "helpdesk.yml").read_text()
    (folder / "helpdesk.yml").write_text(text.replace("seconds: 25}", "seconds: 40}"))
    return folder


def test_the_flow_is_drawn(capsys: Captured) -> None:
    assert run(["flow", "show"]) == 0

    shown, told = capsys.readouterr()
    assert told == ""
    assert shown.startswith(
        "A call\n└─▶ welcome\n\nwelcome  say\n│  “Business I.T. Service Corps help desk. Messages are"
    )
    assert "├─ 2  opens “Other help”\n│  └─▶ team  ring · everyone on duty, 25 s\n" in shown
    assert "\x1b" not in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_colours_are_for_terminals(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["flow", "show", str(RICH)]) == 0
    assert "\x1b[1mwelcome\x1b[0m" in capsys.readouterr().out


def test_mermaid_svg_and_json(capsys: Captured, tmp_path: Path) -> None:
    assert run(["flow", "show", str(RICH), "--mermaid"]) == 0
    assert capsys.readouterr().out.startswith('flowchart TD\n    call(["A call"]) --> step_welcome\n')

    assert run(["flow", "show", "--svg", "flow.svg"]) == 0
    assert capsys.readouterr() == ("", "flow.svg: open it with a browser.\n")
    assert ET.parse(tmp_path / "flow.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"

    assert run(["flow", "show", "--json"]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert drawn["start"] == "welcome"
    assert drawn["cards"][0]["ways"] == [{"by": "", "to": "main", "note": ""}]


def test_one_picture_at_a_time_and_only_where_it_can_be_written(capsys: Captured) -> None:
    assert run(["flow", "show", "--json", "--mermaid"]) == 2
    assert capsys.readouterr().err == "Error: only one of --mermaid, --svg and --json at a time\n"
    assert run(["flow", "show", "--svg", "nowhere/flow.svg"]) == 2
    assert capsys.readouterr().err == "Error: --svg: nowhere/flow.svg cannot be written: No such file or directory\n"


def test_what_will_be_noticed_is_said_for_each_who_notices_it(capsys: Captured, edited: Path) -> None:
    assert run(["flow", "diff", str(PLAIN), str(edited)]) == 0
    assert capsys.readouterr().out == "Callers\n  The phones ring 40 seconds instead of 25.\n"

    assert run(["flow", "diff", str(edited), "--json"]) == 0  # what is in use is the new version then
    told = json.loads(capsys.readouterr().out)
    assert told["differences"] == [{"who": "callers", "text": "The phones ring 25 seconds instead of 40."}]
    assert told["old"] != told["new"]

    assert run(["flow", "diff", str(PLAIN)]) == 0
    assert capsys.readouterr().out == "Nothing that a caller, a client or the team would notice.\n"


@pytest.mark.parametrize("words", [["show", "broken"], ["show", "broken", "--mermaid"], ["diff", "broken"]])
def test_a_broken_folder_gets_the_messages_of_the_check(words: list[str], capsys: Captured, edited: Path) -> None:
    broken = edited.rename(edited.parent / "broken")
    text = (broken / "helpdesk.yml").read_text()
    (broken / "helpdesk.yml").write_text(text.replace("otherwise: message ", "otherwise: mesage ", 1))

    assert run(["flow", *words]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("broken/helpdesk.yml:")
    assert "there is no step 'mesage'\n    hint: did you mean 'message'?" in shown.out
    assert shown.err == "broken: 1 problem\n"


def test_a_folder_that_is_not_there_says_so(capsys: Captured) -> None:
    assert run(["flow", "diff", "nowhere", str(PLAIN)]) == 1
    assert "nowhere/helpdesk.yml:1:1: the file does not exist" in capsys.readouterr().out
