"""Files of tests: mistakes in them, what a failing one says, and bytes that are no test at all."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.loader import load
from flows.source import parse
from flows.trying.testfile import ALONE, Line, files, read_tests
from flows.trying.testrun import Coverage, Result
from flows.trying.testwrite import scalar
from ivr.commands.flowtest import run_all

TRYING = Path(__file__).parent / "trying"
BROKEN = Path(__file__).parent / "broken_tests"
FLOWS = load(TRYING)

Tests = Callable[[bytes], Path]


@pytest.fixture
def desk(tmp_path: Path) -> Tests:
    """A desk with every kind of step, and one file of tests: desk(b"tests: ...")."""

    def make(content: bytes) -> Path:
        for path in TRYING.glob("*.yml"):
            shutil.copy(path, tmp_path)
        (tmp_path / "tests").mkdir(exist_ok=True)
        (tmp_path / "tests" / "some.yml").write_bytes(content)
        return tmp_path

    return make


def said(directory: Path) -> str:
    """Everything that is printed of problems, with the folder left out."""
    results, problems = run_all(FLOWS, directory)
    all_of_them = [*problems, *(result.problem for result in results if result.problem)]
    return "".join(f"{problem}\n".replace(f"{directory}{os.sep}", "") for problem in all_of_them)


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yml")), ids=lambda path: path.stem)
def test_a_broken_or_failing_file_gets_exactly_these_messages(path: Path, desk: Tests) -> None:
    assert said(desk(path.read_bytes())) == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_check_has_a_test_that_fails_it() -> None:
    tests, _, problems = read_tests(BROKEN / "failing.yml")
    assert problems == ()
    assert tests is not None
    used = {name for case in tests.tests for line in case.lines for name in line.model_fields_set}
    assert set(Line.model_fields) - used == {"wait", "answer", "talk"}


def test_every_kind_of_step_is_walked_and_all_is_as_the_tests_say() -> None:
    results, problems = run_all(FLOWS, TRYING)
    assert problems == []
    assert [str(result.problem) for result in results if result.problem] == []
    coverage = Coverage(FLOWS).add(results)
    assert all(visited and all(keys.values()) for visited, keys in coverage.table.values())


def test_of_a_file_with_a_mistake_nothing_runs_and_others_do(desk: Tests) -> None:
    directory = desk(b"tests:\n  - {name: a, call: [{step: nowhere}]}\n  - {name: b, call: [silence]}\n")
    (directory / "tests" / "other.yml").write_text("tests: [{name: c, call: [silence]}]")
    results, problems = run_all(FLOWS, directory)
    assert [result.name for result in results] == ["c"]
    assert [problem.message for problem in problems] == ["there is no step 'nowhere', and no such kind of step"]


def test_what_no_test_comes_to(desk: Tests) -> None:
    results, _ = run_all(FLOWS, desk(b"tests: [{name: a, call: [{press: 8}, {press: 1}, {press: 1}]}]"))
    table = Coverage(FLOWS).add(results).table
    assert [name for name, (visited, _) in table.items() if visited] == [
        "who", "news", "when", "main", "team", "message",
    ]  # fmt: skip
    assert table["main"] == (True, {"1": True, "2": False, "3": False, "4": False, "8": True})
    assert table["night"] == (False, {"1": False})


def test_a_failed_test_visits_what_it_came_to(desk: Tests) -> None:
    ((result,), _) = run_all(FLOWS, desk(b"tests: [{name: a, call: [{press: 1, step: main}, {press: 1}]}]"))
    assert isinstance(result, Result)
    assert result.steps == {"who", "news", "when", "main", "team"}


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"tests:", b"tests: []", b"tests: 1", b"\xff\xfe", b"[" * 1000, b"tests: [[]]", b"tests: [null]",
     b"tests: [{name: a, call: [null]}]", b"tests: [{name: a, call: [{press: {}}]}]", b"tests: [{name: a, call: {}}]",
     b"tests: [{name: a, call: [{? [a] : b}]}]", b"tests: [{name: '', call: [silence]}]", b"#" * 300_000,
     b"tests: [{name: a, at: 2026-02-30 10:00, call: [silence]}]", b"tests: [{name: a, at: [], call: [silence]}]"],
)  # fmt: skip
def test_bytes_that_are_no_tests_are_a_problem_and_no_traceback(desk: Tests, content: bytes) -> None:
    results, problems = run_all(FLOWS, desk(content))
    assert results == []
    assert problems
    assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in problems)


def test_a_bomb_of_aliases_is_refused(desk: Tests) -> None:
    levels = "".join(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 30))
    _, problems = run_all(FLOWS, desk(f"a0: &a0 lol\n{levels}".encode()))
    assert "* makes an alias, which is not used here" in {problem.message for problem in problems}


def test_what_is_no_file_and_no_folder(desk: Tests) -> None:
    directory = desk(b"tests: [{name: a, call: [silence]}]")
    os.mkfifo(directory / "tests" / "pipe.yml")
    (directory / "tests" / "readme.txt").write_text("not a test")
    _, problems = run_all(FLOWS, directory)
    assert [problem.message for problem in problems] == ["this is not a file"]
    assert files(directory / "nowhere") == []


# --- fuzz -----------------------------------------------------------------------------------------------------------

WALKS = (TRYING / "tests" / "walks.yml").read_text(encoding="utf-8")
KEYS = [field.alias or name for name, field in Line.model_fields.items()]
WORDS = st.one_of(
    st.sampled_from(
        [*ALONE, "1", "*", "Sam", "everyone", "nobody", "nothing", "main", "voicemail", "30", "31 days", "es"]
    ),
    st.text(max_size=12),
    st.none(),
    st.integers(),
)
VALUES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
)
LINES = st.one_of(st.sampled_from(ALONE), st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3), VALUES)
CASES = st.dictionaries(
    st.sampled_from(["name", "at", "from", "as", "outage", "call", "text", "more"]),
    VALUES | st.lists(LINES, max_size=6) | st.sampled_from(["2099-12-31 23:59", "vip", "+19035550160", "withheld"]),
)
WHOLE = st.fixed_dictionaries(
    {"name": st.text("abc", min_size=1, max_size=3), "call": st.lists(LINES, min_size=1, max_size=5)},
    optional={"at": st.sampled_from(["2099-12-31 23:59", "2026-11-01 01:30", "2000-01-01 00:00 Asia/Tokyo"])},
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cases=st.lists(CASES | WHOLE, max_size=4))
def test_any_data_is_problems_or_results_and_never_a_traceback(desk: Tests, cases: list[object]) -> None:
    results, problems = run_all(FLOWS, desk(json.dumps({"tests": cases}).encode()))
    assert results or problems


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_file_with_slips_is_problems_or_results_and_never_a_traceback(desk: Tests, data: st.DataObject) -> None:
    text = WALKS.split("\n\n")[data.draw(st.integers(0, 6))]
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        inserted = data.draw(
            st.sampled_from(["", ":", "- ", "\t", "{", "]", '"', "&a ", "*a", "\n", "  ", "\x07", "é", "|"])
        )
        text = text[:place] + inserted + text[place + data.draw(st.integers(0, 3)) :]
    content = text if text.startswith("tests:") else f"tests:\n{text}"
    results, problems = run_all(FLOWS, desk(content.encode()))
    assert results or problems


@settings(max_examples=300)
@given(st.text(min_size=1, max_size=40))
def test_any_words_survive_being_written_as_yaml(text: str) -> None:
    document, problems = parse("x.yml", f"- {scalar(text)}\n")
    if not problems:
        assert document.data == [text]
    else:
        assert not text.isprintable()
