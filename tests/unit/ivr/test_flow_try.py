"""`helpline flow try` and `helpline flow test`: a call in the terminal, kept as a test that is run ever after."""

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.loader import load
from flows.source import Document, parse
from flows.trying.actions import Action, Send, Wait
from flows.trying.callers import WORDS, known_as
from flows.trying.testfile import checked
from flows.trying.testrun import run as run_tests
from flows.trying.testwrite import Kept, appended
from flows.trying.walk import Walk
from ivr.cli import run
from ivr.commands.flowtest import open_texting
from tests.trying_story import ROOT, TRYING, Captured, Typed, desk, typed

__all__ = ["desk", "typed"]


def test_the_tests_of_the_shipped_flow_hold_and_come_to_every_step_and_key(capsys: Captured) -> None:
    assert run(["flow", "test", str(ROOT / "flows"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tests"]
    assert told["problems"] == []
    assert [name for name, step in told["steps"].items() if not step["visited"]] == []
    assert [name for name, step in told["steps"].items() if not all(step["keys"].values())] == []


def test_a_call_through_a_pipe(desk: Path) -> None:
    lines = "1\nanswer Lee\nundo\nnobody\nspeak 12\nsave nobody was there\n"
    walk = subprocess.run(
        [
            sys.executable,
            "-m",
            "ivr",
            "flow",
            "try",
            str(desk),
            "--at",
            "2026-11-24 22:00",
            "--as",
            "Hollis & Wade CPA",
        ],
        input=lines.replace("speak 12", "nobody\nspeak 12"),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert walk.stderr == ""
    assert walk.returncode == 0
    assert walk.stdout.splitlines() == [
        "Tue Nov 24 2026, 10:00:00 PM CST: a call from +19035550160, Hollis & Wade CPA, known",
        "  way    who > news > when > night",
        "  hears  After hours rates may apply, press 1 to go on. [en-US]",
        "  at     night: 1 After hours, to nights; silence for 6 s (try 1 of 1, then message)",
        "> 1",
        "  way    nights",
        "  ticket After hours (normal)",
        "  note   The caller chose: After hours",
        "  note   The caller pressed 1: accepts after-hours rates",
        "  rings  Lee, Robin",
        "  hears  We are calling our team now. To leave a message instead, press 1. [en-US]",
        "  hears  the sound ringing",
        "  at     nights: the phones of Lee, Robin ring; possible: answer with a name, nobody answers, press 1 to leave a "
        "message, hang up",
        "> answer Lee",
        "  hears  Connecting you now. [en-US]",
        "  at     nights: Lee talks to the caller; possible: talk with seconds, hang up",
        "> undo",
        "Undone: answer Lee",
        "  way    nights",
        "  ticket After hours (normal)",
        "  note   The caller chose: After hours",
        "  note   The caller pressed 1: accepts after-hours rates",
        "  rings  Lee, Robin",
        "  hears  We are calling our team now. To leave a message instead, press 1. [en-US]",
        "  hears  the sound ringing",
        "  at     nights: the phones of Lee, Robin ring; possible: answer with a name, nobody answers, press 1 to leave a "
        "message, hang up",
        "> nobody",
        "Tue Nov 24 2026, 10:00:20 PM CST",
        "  way    service",
        "  rings  +19035550100",
        "  hears  the sound ringing",
        "  hears  We are still trying. To leave a message now, press 1. [en-US]",
        "  hears  the sound ringing (2 times)",
        "  hears  We are connecting you. [en-US]",
        "  at     service: another number rings; possible: somebody answers, nobody answers, hang up",
        "> nobody",
        "Tue Nov 24 2026, 10:00:35 PM CST",
        "  way    message",
        "  hears  After the tone, please say your name, your office, what is wrong, and your call back number. Then press "
        "pound, or hang up. [en-US]",
        "  at     message: 'message' takes a message; possible: speak with seconds, silence, press # or *, hang up",
        "> speak 12",
        "Tue Nov 24 2026, 10:00:47 PM CST",
        "  hears  Thank you. Your message goes to our whole team now. Goodbye. [en-US]",
        "  pages  Lee, Robin",
        "  ends   the call is over, ended at 'message', a voicemail step",
        "> save nobody was there",
        f"Saved as 'nobody was there' in {desk}/tests/tried.yml. `helpline flow test` runs it.",
    ]
    assert (desk / "tests" / "tried.yml").read_text(encoding="utf-8") == (
        "# yaml-language-server: $schema=../tests.schema.json\n"
        "\n"
        "tests:\n"
        "  - name: nobody was there\n"
        "    at: 2026-11-24 22:00\n"
        "    as: Hollis & Wade CPA\n"
        "    call:\n"
        "      - hears: After hours rates may apply, press 1 to go on.\n"
        "      - press: 1\n"
        "        hears: We are calling our team now. To leave a message\n"
        "        rings: [Lee, Robin]\n"
        "        ticket: After hours\n"
        "        priority: normal\n"
        "      - happens: nobody answers\n"
        "        hears: We are still trying. To leave a message now, press\n"
        '        rings: ["+19035550100"]\n'
        "      - happens: nobody answers\n"
        "        hears: After the tone, please say your name, your office\n"
        "      - speak: 12\n"
        "        hears: Thank you. Your message goes to our whole team\n"
        "        pages: [Lee, Robin]\n"
        "        ends: message\n"
    )
    assert run(["flow", "test", str(desk)]) == 0


def test_an_edit_that_breaks_a_kept_walk_is_told_with_its_line(typed: Typed, desk: Path, capsys: Captured) -> None:
    assert typed("--at", "2026-11-24 10:00", "--keys", "1,answer Sam", "--save", "sam.yml")[0] == 0
    file = desk / "helpdesk.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("next: team, opens: Help", "next: message, opens: Help"))

    assert run(["flow", "test", str(desk)]) == 1

    printed = capsys.readouterr()
    path = desk / "tests" / "sam.yml"
    assert printed.out.splitlines() == [
        str(path),
        "  FAILED  a stranger: 1, answer Sam",
        f"{path}:9:16: a stranger: 1, answer Sam: expected to hear 'We are calling our team now. To leave a message'; heard: "
        "'After the tone, please say your name, your office, what is wrong, and your call back number. Then press pound, or "
        "hang up.'",
        "Steps that tests come to: 5 of 16. Keys of menus: 1 of 6.",
        "  bye       no test comes here",
        "  feast     no test comes here",
        "  main      no test presses 2, 3, 4, 8",
        "  night     no test comes here; no test presses 1",
        "  nights    no test comes here",
        "  priority  no test comes here",
        "  team      no test comes here",
        "  service   no test comes here",
        "  back      no test comes here",
        "  number    no test comes here",
        "  office    no test comes here",
        "  offer     no test comes here",
    ]
    assert printed.err == "1 test, 1 failed\n"


def test_texts_are_taken_by_the_real_desk(typed: Typed) -> None:
    code, out, err = typed(
        "--at",
        "2026-11-24 10:00",
        "--text",
        "Our server is down",
        "--text",
        "STOP",
        "--text",
        "Stop.",
        "--save",
        "t.yml",
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[:10] == [
        "Tue Nov 24 2026, 10:00:00 AM CST: texts from +19035550147",
        "  ticket Our server is down (urgent)",
        "  note   Ticket 1042 opened: Our server is down",
        "  note   The client sent a text",
        "  note   A page went to Sam, Lee, Robin",
        "  sends  Corner Desk: ticket 1042 is open.",
        "  pages  Sam, Lee, Robin",
        "  means  stop",
        "  note   The client opted out of texts; calling still works",
        "  sends  nothing; the carrier answers this word itself",
    ]
    assert out.splitlines()[10:12] == ["  means  stop", "  sends  nothing"]


def test_time_and_undo_between_texts(typed: Typed, desk: Path) -> None:
    lines = "text first\ntime 25 hours\ntext second\nundo\nundo\ntext second\nsave x\n"
    # A pipe is read only where nothing was asked for on the command line; --keys says the same.
    code, out, err = typed("--at", "2026-11-24 10:00", "--text", "zero", "--keys", lines.strip().replace("\n", ","))
    assert (code, err) == (0, "")
    assert "  note   Ticket 1043 opened: second" in out  # after a day it is a ticket of its own
    assert out.count("Ticket 1043") == 1  # and without them it is not
    assert run(["flow", "test", str(desk)]) == 0


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (
            "2026-11-01 01:30 America/Chicago",
            "01:30 comes twice on Sun Nov 1: the clocks go back. The first is meant, CDT; the second is 2026-11-01 "
            "01:30-06:00.",
        ),
        ("2026-03-08 02:30", "02:30 does not exist on Sun Mar 8: the clocks go forward to 03:00 CDT."),
    ],
)
def test_a_time_that_the_clocks_make_odd_is_said(typed: Typed, at: str, said: str) -> None:
    code, out, _ = typed("--at", at, "--keys", "hang up")
    assert (code, out.splitlines()[0]) == (0, said)


def test_the_second_of_the_two_can_be_meant(typed: Typed) -> None:
    _, out, _ = typed("--at", "2026-11-01 01:30-06:00", "--keys", "hang up")
    assert out.splitlines()[0] == "Sun Nov 1 2026, 1:30:00 AM CST: a call from +19035550147"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--at", "tomorrow"], "Error: --at: 'tomorrow' is not a date with a time of day. 2026-11-24 10:00, or with a zone: "
         "2026-11-01 01:30 America/Chicago\n"),
        (["--from", "9035550160"], "Error: --from: '9035550160' is not a phone number in E.164 form. plus, country code and "
         "number, no spaces or dashes: +19035550147; names go behind `as`\n"),
        (["--as", "Casa Verd"], "Error: --as: nobody is known as 'Casa Verd'. did you mean 'Casa Verde'?\n"),
        (["--outage", "all is down"], "Error: --outage: only a known client's callers hear of it: add --as with a client\n"),
    ],
)  # fmt: skip
def test_options_that_mean_nothing(typed: Typed, options: list[str], said: str) -> None:
    assert typed(*options) == (2, "", said)


def test_a_script_that_asks_for_the_impossible_fails_and_goes_on(typed: Typed) -> None:
    code, out, err = typed("--at", "2026-11-24 10:00", lines="speak 3\nundo\nsave x\nsilense\n\n1\nquit\nspeak 3\n")
    assert code == 1
    assert out.endswith("press 1 to leave a message, hang up\n> quit\n")
    assert err.splitlines() == [
        "Not possible: no message is taken here: 'main' waits for a key (press a key, silence, hang up)",
        "Not possible: there is nothing to undo",
        "Not possible: nothing has happened yet that could be kept",
        "Not possible: 'silense' is nothing that can happen (did you mean 'silence'?)",
    ]


def test_bytes_that_are_no_text_are_no_trouble(desk: Path) -> None:
    walk = subprocess.run(
        [sys.executable, "-m", "ivr", "flow", "try", str(desk), "--as", "withheld"],
        input=b"\xff\xfe\ntext \xff\x00\n\x1b[2J\nsave \xff\n",
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUTF8": "1"},
        check=False,
    )
    assert walk.returncode == 1
    assert b"Traceback" not in walk.stderr
    assert b"unexpected" not in walk.stderr


def test_a_person_at_a_terminal_is_asked_and_may_err(desk: Path) -> None:
    leader, follower = pty.openpty()
    walk = subprocess.Popen(
        [sys.executable, "-m", "ivr", "flow", "try", str(desk), "--at", "2026-11-24 10:00"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        cwd=ROOT,
        env={**os.environ, "TERM": "dumb", "COLUMNS": "80"},
    )
    os.close(follower)
    os.write(leader, b"help\nspeak 3\n1\nquit\n")
    shown = b""
    try:
        while chunk := os.read(leader, 65536):
            shown += chunk
    except OSError:
        pass  # the terminal of a process that has ended
    os.close(leader)
    assert walk.wait(timeout=60) == 0
    text = shown.decode()
    assert "Type help for what can happen; an empty line is silence." in text
    assert "hang up   the caller hangs up" in text
    assert "Not possible: no message is taken here: 'main' waits for a key" in text
    assert "rings  Sam, Lee, Robin" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_folder_without_tests_says_how_to_make_one(desk: Path, capsys: Captured) -> None:
    assert run(["flow", "test", str(desk)]) == 2
    assert capsys.readouterr().err == (
        f"Error: there are no tests in {desk}/tests: `helpline flow try {desk} --save FIRST.yml` walks a call and keeps it as "
        "a test\n"
    )


def test_broken_flow_files_and_broken_test_files(desk: Path, capsys: Captured) -> None:
    (desk / "tests").mkdir()
    (desk / "tests" / "a.yml").write_text("tests: [{name: a, call: [{hear: x}]}]")
    assert run(["flow", "test", str(desk)]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{desk}/tests/a.yml:1:27: 'hear' is not a key of this block; allowed: press, ")
    assert printed.err == "0 tests, 0 failed, 1 problem in test files\n"
    (desk / "oncall.yml").write_text("team: []")
    for command in ("check", "test", "try", "show"):
        assert run(["flow", command, str(desk)]) == 1
        assert capsys.readouterr().out.startswith(f"{desk}/oncall.yml:1:7: at least one entry belongs here")
    assert run(["flow", "test", str(desk), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[0]["file"] == f"{desk}/oncall.yml"


def test_two_callers_at_once_are_refused(capsys: Captured) -> None:
    assert run(["flow", "try", str(ROOT / "flows"), "--as", "vip", "--from", "+19035550147"]) == 2
    assert "--from and --as both say who calls" in capsys.readouterr().err


SAID = ["Our server is down", "STOP", "opt out", "start", "HELP", "ayuda", "please stop by", "invoice", "ACK 1042",
        "no internet", "No tenemos internet", "thank you", "1042 done", ": #", "null", "- a\n- b"]  # fmt: skip
FLOWS = load(TRYING)
TEXTS = st.lists(
    st.sampled_from(SAID).map(Send) | st.sampled_from([60, 50_000, 90_000]).map(Wait), min_size=1, max_size=6
)


@settings(max_examples=40)
@given(actions=TEXTS, who=st.sampled_from([*WORDS, "Casa Verde"]), night=st.booleans())
def test_every_conversation_that_is_kept_happens_again(actions: list[Action], who: str, night: bool) -> None:
    at = datetime(2026, 11, 25, 4, tzinfo=UTC) if night else datetime(2026, 11, 24, 16, tzinfo=UTC)
    walk = Walk(FLOWS, known_as(FLOWS, who), at, open_texting, calls=False)
    for action in actions:
        walk.do(action)
    text = appended(Document("k.yml", "", None, {}), walk, Kept("k", known_as=who))
    tests, document, problems = checked(*parse("k.yml", text))
    assert problems == ()
    assert tests is not None
    (result,) = run_tests(tests, FLOWS, document, open_texting=open_texting)
    assert result.problem is None, f"{result.problem}\n{document.text}"
