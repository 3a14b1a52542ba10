"""An admin edits the flow files of a desk whose every process runs: heard within seconds, refused when wrong, undone."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.smoke.desk import HELPLINE, LEE, SAM, Desk, flows_with, running, until

pytestmark = [pytest.mark.smoke, pytest.mark.xdist_group("versions")]
OLD = "Messages are recorded."
NEW = "This is the new greeting. Messages are recorded."


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Desk]:
    """A desk with flow files of its own, of which Lee is the lead."""
    flows = flows_with({}, tmp_path)
    edit(flows / "oncall.yml", "{name: Lee,", "{name: Lee, lead: true,")
    with running(tmp_path, FLOWS_DIR=str(flows)) as desk:
        yield desk


def edit(path: Path, old: str, new: str) -> None:
    words = path.read_text()
    assert old in words
    path.write_text(words.replace(old, new))


def greeting(desk: Desk) -> str:
    """What the first words of a new call are."""
    call = desk.phones.call("+19035550160", pace="caller")
    heard = until(lambda: desk.phones.transcript(call), within=20, what="a greeting")
    desk.phones.hang_up(call)
    return str(heard[0])


def helpline(desk: Desk, *words: str) -> str:
    told = subprocess.run(
        [str(HELPLINE), *words], cwd=desk.folder, env=desk.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def warnings(desk: Desk) -> list[str]:
    answer = requests.get(f"{desk.url}/readyz", timeout=5)
    assert answer.status_code == 200
    found: list[str] = answer.json()["warnings"]
    return [one for one in found if "flow files" in one]


def test_an_edit_is_heard_a_broken_one_is_refused_and_both_are_undone(edited: Desk) -> None:
    helpdesk = edited.folder / "flows" / "helpdesk.yml"
    assert NEW not in greeting(edited)
    edit(helpdesk, OLD, NEW)
    until(lambda: NEW in greeting(edited), within=15, what="the new greeting")
    edit(helpdesk, "      next: main\n", "      next: nowhere\n")
    (warning,) = until(lambda: warnings(edited), within=20, what="a warning")
    assert "the flow files are refused, version 2 goes on: helpdesk.yml:" in warning
    assert NEW in greeting(edited)
    (told,) = until(lambda: edited.texts(LEE), within=20, what="a text to the lead")
    assert told.startswith("Help desk flow files are refused, version 2 goes on: helpdesk.yml:")
    edited.kill("web")
    edited.kill("clock")
    until(lambda: NEW in answered(edited), within=60, what="the same greeting after a restart with broken files")
    helpline(edited, "flow", "rollback")  # the broken edit
    until(lambda: calm(edited), within=30, what="no warning")
    assert "Version 1 " in helpline(edited, "flow", "rollback")  # and the edit before it
    until(lambda: NEW not in greeting(edited), within=15, what="the old greeting")
    assert OLD in helpdesk.read_text()
    lines = json.loads(helpline(edited, "flow", "history", "--json"))["versions"]
    assert [(line["kind"], line["version"]) for line in lines] == [
        *[("rolled-back", 1), ("rolled-back", 2), ("refused", None), ("edited", 2), ("edited", 1)]
    ]
    texts = until(lambda: len(edited.texts(LEE)) > 1 and edited.texts(LEE), within=20, what="the text that all is well")
    assert [text[:35] for text in texts] == [
        "Help desk flow files are refused, v",
        "Help desk flow files are right agai",
    ]
    assert edited.texts(SAM) == []


def calm(desk: Desk) -> bool:
    """No warning; the web process may still be starting again."""
    try:
        return not warnings(desk)
    except requests.ConnectionError:
        return False


def answered(desk: Desk) -> str:
    try:
        return greeting(desk)
    except Exception:
        return ""
