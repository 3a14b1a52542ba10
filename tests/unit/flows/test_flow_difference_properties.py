"""`helpline flow diff` over flows made by chance: what a caller could tell apart is said, and nothing else is."""

from collections import deque
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flow_phone import SHIPPED
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from made_flows import KEYS, NAMES, NUMBERS, as_flows, changed, flows, raw_flows

from flows.difference.diff import diff
from flows.drawing.cards import draw
from flows.drawing.outline import PLAIN, outline
from flows.drawing.svg import svg
from flows.engine import (
    Caller,
    Digits,
    Event,
    NotTaken,
    Recorded,
    Silence,
    Taken,
    Talked,
    Transferred,
    Turn,
    Waiting,
    advance,
    begin,
)
from flows.hours import changes, standing
from flows.instructions import Choose, Gather, Pause, Play, Say
from flows.loader import Flows, load
from flows.localtime import moment
from flows.routes import reachable
from flows.schema import HelpdeskFlow
from flows.steps import AnnounceStep
from tests.any_flow import sound_flows

SHIPPED_FLOWS = load(SHIPPED)
NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def texts(old: Flows, new: Flows) -> list[str]:
    return [one.text for one in diff(old, new, now=NOW)]


@patient
@given(flows)
def test_nothing_differs_from_itself(one: Flows) -> None:
    assert texts(one, one) == []


@patient
@given(sound_flows(), sound_flows())
def test_any_two_flows_can_be_compared_and_drawn(one: HelpdeskFlow, other: HelpdeskFlow) -> None:
    old, new = (replace(SHIPPED_FLOWS, helpdesk=flow) for flow in (one, other))

    assert (texts(old, new) == []) == (texts(new, old) == [])
    assert "".join(piece.text for line in outline(draw(new), width=80, strokes=PLAIN) for piece in line)
    assert svg(draw(new), title="sound")


@patient
@given(raw_flows(), st.permutations(NAMES))
def test_nobody_hears_what_steps_are_called_nor_in_which_order_they_stand(
    raw: dict[str, Any], names: list[str]
) -> None:
    called = dict(zip(NAMES, (f"new_{name}" for name in names), strict=True))
    new = deepcopy(raw)
    steps = _renamed(raw["calls"]["steps"], called)
    new["calls"] = {
        **raw["calls"],
        "start": called[raw["calls"]["start"]],
        "steps": {n: steps[n] for n in sorted(steps)},
    }

    assert texts(as_flows(raw), as_flows(new)) == []


def _renamed(steps: dict[str, Any], called: dict[str, str]) -> dict[str, Any]:
    """The steps with other names, wherever they lead to each other."""

    def renamed(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: renamed(one, inner) for inner, one in value.items()}
        leads = key in {"next", "otherwise", "open", "closed", "holiday", "vip", "known", "blocked"}
        return called[value] if leads and value is not None else value

    return {called[name]: renamed(step) for name, step in steps.items()}


@patient
@given(st.data())
def test_what_a_caller_can_tell_apart_is_said_and_nothing_else(data: st.DataObject) -> None:
    raw = data.draw(raw_flows())
    old, new = as_flows(raw), as_flows(data.draw(changed(raw)))

    assert bool(texts(old, new)) == any(
        told_apart(old, new, old.caller(number, texts=True), at) for at in moments(old) for number in NUMBERS.values()
    )


def moments(flows: Flows) -> list[datetime]:
    """One moment for each way in which hours and announcements can stand together from now on."""
    flow = flows.helpdesk
    announced = [step.announce for step in flow.calls.steps.values() if isinstance(step, AnnounceStep)]
    points = {NOW, *(moment(at, flow.desk.zone) for one in announced for at in (one.begins, one.ends) if at)}
    for hours in flow.hours.values():
        points |= {at for at, _ in changes(hours, NOW, NOW + timedelta(days=45), zone=flow.desk.zone)}
    found = {
        (
            *(standing(hours, at, zone=flow.desk.zone).state for hours in flow.hours.values()),
            *(one.holds(at, flow.desk.zone) for one in announced),
        ): at
        for at in sorted(points, reverse=True)
        if at >= NOW
    }
    return list(found.values())


def told_apart(old: Flows, new: Flows, caller: Caller, at: datetime) -> bool:
    """Whether the engine ever answers otherwise to this caller, whatever the caller does."""
    left = deque([tuple(begin(flows.helpdesk, caller=caller, now=at) for flows in (old, new))])
    seen = set()
    while left:
        one, other = left.popleft()
        if noticed(one) != noticed(other):
            return True
        state = tuple(replace(turn.session, steps=0, choice=None) for turn in (one, other))
        if state in seen or one.session.ended:
            continue
        seen.add(state)
        for event in EVENTS[one.session.waiting]:
            left.append(
                tuple(
                    advance(flows.helpdesk, replace(turn.session, steps=0), event, caller=caller, now=at)
                    for flows, turn in ((old, one), (new, other))
                )
            )
    return False


#: What can happen to a caller whose call waits so.
EVENTS: dict[Waiting, list[Event]] = {
    Waiting.KEYS: [*(Digits(key) for key in (*KEYS, "0")), Silence(), Digits("9035550147")],
    Waiting.RINGING: [NotTaken(), Taken("room")],
    Waiting.TALKING: [Talked(None), Talked(60)],
    Waiting.TRANSFERRED: [Transferred(False), Transferred(True)],
    Waiting.RECORDING: [Recorded(None, ""), Recorded(9, "#")],
}


def noticed(turn: Turn) -> list[object]:
    """What the caller hears in a turn, and what the desk is told: without names of steps, words in one piece."""
    found: list[object] = []
    for one in turn.instructions:
        if isinstance(one, Gather):
            found += [*_words(one.prompts), (one.timeout, one.digits, one.finish_on_key)]
        elif isinstance(one, Choose):
            found.append((one.key, one.label, one.priority))
        else:
            found.append(one)
    return _words(found)


def _words(instructions: Any) -> list[object]:
    joined: list[object] = []
    for one in instructions:
        text = f" {one.text}" if isinstance(one, Say) else f" [{one}]" if isinstance(one, Play | Pause) else None
        if text is not None and joined and isinstance(joined[-1], str):
            joined[-1] += text
        else:
            joined.append(text if text is not None else one)
    return joined


@patient
@given(st.data())
def test_another_target_of_a_step_that_some_caller_reaches_is_said(data: st.DataObject) -> None:
    raw = data.draw(raw_flows())
    for name in NAMES:  # so that no two steps are alike
        raw["calls"]["steps"][name] = {
            "menu": {"say": f"This is {name}.", "keys": {"1": {"next": name}}},
            "otherwise": "f",
        }
    targets = data.draw(st.lists(st.sampled_from(NAMES), min_size=6, max_size=6))
    for name, target in zip(NAMES, targets, strict=True):
        raw["calls"]["steps"][name]["menu"]["keys"]["1"]["next"] = target
    raw["calls"]["steps"]["f"] = {"voicemail": {}}
    old = as_flows(raw)
    name, target = data.draw(st.sampled_from(NAMES[:5])), data.draw(st.sampled_from(NAMES))
    assume(name in reachable(old.helpdesk.calls) and raw["calls"]["steps"][name]["menu"]["keys"]["1"]["next"] != target)
    raw["calls"]["steps"][name]["menu"]["keys"]["1"]["next"] = target

    assert any("ey 1 now " in text for text in texts(old, as_flows(raw)))
