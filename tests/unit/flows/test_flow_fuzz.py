"""Whatever the files contain: a verdict with places, never a traceback, and what loads can be called."""

import copy
import json
import math
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flow_phone import SHIPPED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from flows import engine
from flows.lint.check import check
from flows.loader import FlowErrors, load
from flows.problems import Problem
from flows.session import Caller, Digits, Silence, Who
from flows.source import MAX_BYTES, parse
from tickets import sms

TODAY = datetime(2026, 11, 23, 14, tzinfo=UTC)
HERE = Path(__file__).parent
KINDS = ("helpdesk", "oncall", "clients", "texts.es")
#: Files that are right: the shipped ones, and some that use all there is.
ONCALL = """
team:
  - {name: Sam, number: "+19035550111", lead: true}
  - {name: Lee, numbers: ["+19035550112", "+19035550122"], languages: [en-US, es-US]}
  - {name: Robin, number: "+19035550113", zone: America/Denver, page_by: [voice, sms], quiet: {from: "22:00", to: "07:00"}}
teams: {office: [Sam, Lee]}
shifts:
  - {days: mon-fri, from: "08:00", to: "17:00", who: everyone}
  - {days: mon-fri, from: "17:00", to: "08:00", who: nights}
  - {days: sat-sun, from: "08:00", to: "08:00", who: nights, zone: America/Chicago}
rotations:
  nights: {people: [Sam, Lee, Robin], every: 1 week, hand_over: mon 08:00, since: 2026-11-23}
overrides:
  - {from: 2026-12-24 08:00, to: 2026-12-26 08:00, who: Robin, why: Christmas swap}
holidays: {country: US, days: {2026-12-24: Christmas Eve}, who: nights}
readiness: always
"""
CLIENTS = """
clients:
  - {name: Hollis & Wade CPA, numbers: ["+19035550160", "+19035550161"], vip: true, language: es}
  - {name: Sabine River Feed & Seed, numbers: ["+19035550172"]}
blocked: ["+12025550147"]
"""
GOOD: dict[str, list[str]] = {
    "helpdesk": [
        (HERE / "every.yml").read_text(encoding="utf-8"),
        (SHIPPED / "helpdesk.yml").read_text(encoding="utf-8"),
    ],
    "oncall": [ONCALL, (SHIPPED / "oncall.yml").read_text(encoding="utf-8")],
    "clients": [CLIENTS, (SHIPPED / "clients.yml").read_text(encoding="utf-8")],
    "texts.es": [(SHIPPED / "texts.es.yml").read_text(encoding="utf-8")],
}
PIECES = (
    "a", "team", "name", "say", "next", "es", "{caller}", "{", "}", ": ", ":", "\n", "  ", "- ", "[", "]", ",", '"', "'",
    "&a ", "*a", "!t ", "? ", "| ", ">-", "#", "\t", "%", "---\n", "...\n", "~", "<<: ", "\\", "\u2028", "\x85", "\ufeff",
    "é", "😀", "1", "-1", "1e9", "999999999999999999999", "true", "null", "24:00", "2026-02-30", "2026-03-08 02:30", "",
    '"\\UFFFFFFFF"', '"\\ud800"', '"\\x00"', '"\\q"', "!!int x", "%YAML 9.9\n---\n", "%TAG ! x\n",
)  # fmt: skip
FOUND = re.compile(r".+\.yml\Z", re.DOTALL)
yaml_pieces = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
story = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Problem, ...]]:
    """Check the good files with one of them replaced; what the check takes is called."""
    directory = tmp_path_factory.mktemp("flows")

    def checked(kind: str, content: bytes) -> tuple[Problem, ...]:
        for name in KINDS:
            (directory / f"{name}.yml").write_bytes(content if name == kind else GOOD[name][0].encode())
        problems = check(directory, alphabet=sms, now=TODAY)
        for one in problems:
            assert one.message
            assert FOUND.match(one.file)
            assert one.line >= 1
            assert one.column >= 1
        if not any(not one.note for one in problems):
            _call(directory)
        return problems

    return checked


def _call(directory: Path) -> None:
    """A call of each kind of caller, whose keys hang on the flow alone."""
    flow = load(directory).helpdesk
    for who in Who:
        caller = Caller("+19035550160", "Hollis & Wade CPA", who=who, language="es", texts=True)
        turn, dice = engine.begin(flow, caller=caller, now=TODAY), random.Random(who.value)
        for _ in range(30):
            event = Digits(dice.choice("0123456789*#")) if dice.random() < 0.7 else Silence()
            turn = engine.advance(flow, turn.session, event, caller=caller, now=TODAY)
            assert turn.instructions


def test_the_good_files_are_good(bench: Callable[..., tuple[Problem, ...]]) -> None:
    for kind, texts in GOOD.items():
        for text in texts:
            problems = [str(one) for one in bench(kind, text.encode()) if not one.note]
            assert problems == [], kind


@story
@given(st.sampled_from(KINDS), st.data())
def test_a_slip_of_bytes_anywhere_ends_in_a_verdict(
    bench: Callable[..., tuple[Problem, ...]], kind: str, data: st.DataObject
) -> None:
    content = data.draw(st.sampled_from(GOOD[kind])).encode()
    for _ in range(data.draw(st.integers(1, 3))):
        at, cut = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 12))
        slip = data.draw(st.binary(max_size=4) | yaml_pieces.map(str.encode))
        content = content[:at] + slip + content[at + cut :]
    bench(kind, content)


@story
@given(st.sampled_from(KINDS), st.data())
def test_words_changed_and_swapped_end_in_a_verdict(
    bench: Callable[..., tuple[Problem, ...]], kind: str, data: st.DataObject
) -> None:
    """Tokens: words, marks and white space. One is dropped, said twice, swapped with another or becomes an odd one."""
    tokens = re.findall(r"\w+|\s+|[^\w\s]", data.draw(st.sampled_from(GOOD[kind])))
    for _ in range(data.draw(st.integers(1, 4))):
        at, other = (data.draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
        change = data.draw(st.sampled_from(["drop", "twice", "swap", "odd"]))
        if change == "swap":
            tokens[at], tokens[other] = tokens[other], tokens[at]
        elif change == "odd":
            tokens[at] = data.draw(st.sampled_from(PIECES))
        else:
            tokens[at] = "" if change == "drop" else tokens[at] * 2
    bench(kind, "".join(tokens).encode())


ODD: list[Any] = [
    None, "", " ", "a", "main", "everyone", "{caller}", "{nothing}", "}", "+19036892004", "+999", "x" * 900, "\u0000", "\ud7ff",
    "😀" * 99, 0, -1, 5, 10**30, 1.5, True, [], {}, [[]], [None], {"": None}, {"say": None}, {"en": {}}, {"es": "hola"},
    {"play": "a.wav"}, {"pause": 10}, [{"say": "a"}] * 11, {"next": "main"}, "00:00-24:00", "mon-sun", "2026-12-24 08:00",
    {"country": "US", "state": "XX"}, {"country": None}, {"voicemail": {}}, {"hangup": "a"}, {"ring": {}},
]  # fmt: skip


@story
@given(st.sampled_from(KINDS), st.data())
def test_blocks_changed_and_moved_end_in_a_verdict(
    bench: Callable[..., tuple[Problem, ...]], kind: str, data: st.DataObject
) -> None:
    """Structure: values are dropped, replaced by odd ones or by others of the file, and keys are renamed."""
    yaml: Any = YAML(typ="base", pure=True)
    tree = yaml.load(data.draw(st.sampled_from(GOOD[kind])))
    for _ in range(data.draw(st.integers(1, 3))):
        spots = list(_spots(tree))
        if not spots:
            break
        holder, key = spots[data.draw(st.integers(0, len(spots) - 1))]
        change = data.draw(st.sampled_from(["drop", "odd", "other", "rename"]))
        if change == "drop" or (change == "rename" and isinstance(holder, list)):
            del holder[key]
        elif change == "rename":
            names = [one for _, one in spots if isinstance(one, str)]
            holder[data.draw(st.sampled_from([*names, "", "é", "1"]))] = holder.pop(key)
        elif change == "odd":
            holder[key] = copy.deepcopy(ODD[data.draw(st.integers(0, len(ODD) - 1))])
        else:
            there, name = spots[data.draw(st.integers(0, len(spots) - 1))]
            holder[key] = copy.deepcopy(there[name])
    bench(kind, json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _spots(tree: Any) -> Any:
    """Every place in a tree that has a value."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items):
        yield tree, key
        yield from _spots(value)


@story
@given(st.sampled_from(KINDS), st.one_of(st.binary(max_size=60), yaml_pieces.map(str.encode)))
def test_any_bytes_for_any_file_end_in_a_verdict(
    bench: Callable[..., tuple[Problem, ...]], kind: str, content: bytes
) -> None:
    problems = bench(kind, content)
    assert problems


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=60), yaml_pieces.map(str.encode)))
def test_any_bytes_for_all_files_load_or_end_in_problems_with_a_place(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    directory = tmp_path_factory.mktemp("flows")
    for name in KINDS:
        (directory / f"{name}.yml").write_bytes(content)
    with pytest.raises(FlowErrors) as caught:
        load(directory)
    assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in caught.value.problems)


@settings(deadline=None)
@given(yaml_pieces)
def test_every_problem_points_into_the_file(text: str) -> None:
    _, problems = parse("x.yml", text)
    lines = math.inf if any(mark in text for mark in "\u2028\x85\r") else text.count("\n") + 1
    assert all(1 <= problem.line <= lines + 1 for problem in problems)


BOMB = "a0: &a0 lol\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB.encode(), "* makes an alias, which is not used here"),
        (b"a: &a [*a]\n", "* makes an alias, which is not used here"),
        (b"<<: {a: 1}\n", "'<<' is not a key of this block; allowed: "),
        (b"[" * 50_000, "lists and blocks are nested more than 20 deep"),
        (b"{a: " * 50_000, "lists and blocks are nested more than 20 deep"),
        (b"- " * 50_000, "lists and blocks are nested more than 20 deep"),
        (b"a:\n" + b"  - b\n" * 21_000, "the file has more than 20000 values"),
        (b"#" * (MAX_BYTES + 1), "the file is larger than 256 KB"),
        (b"a: !!python/object/apply:os.system [ls]\n", "a tag (!) is not used here"),
    ],
    ids=["bomb", "self", "merge", "brackets", "braces", "dashes", "values", "size", "tag"],
)
def test_what_would_explode_is_left_in_time(
    bench: Callable[..., tuple[Problem, ...]], kind: str, content: bytes, message: str
) -> None:
    assert any(one.message.startswith(message) for one in bench(kind, content))
