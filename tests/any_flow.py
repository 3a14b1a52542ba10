"""Any flow of the schema, sensible or not: for tests that hold whatever an admin writes."""

from typing import Any

from hypothesis import strategies as st

from flows.builtin import voicemail_only
from flows.schema import HelpdeskFlow
from flows.steps import STEP_KINDS

names = st.sampled_from(["a", "b", "c", "d", "e", "nowhere"])
prompts = st.sampled_from(
    ["Words.", {"en": "Words.", "es": "Palabras."}, [{"say": "One."}, {"pause": "1"}], {"play": "hello.wav"}]
)
MONDAY = {"office": {"open": "mon-fri 08:00-17:00", "holidays": {"country": "US"}}}


def _miss(draw: st.DrawFn) -> dict[str, Any]:
    return {"say": draw(prompts), **({"next": draw(names)} if draw(st.booleans()) else {})}


def _menu(draw: st.DrawFn) -> dict[str, Any]:
    options = draw(st.dictionaries(st.sampled_from("0123456789*#"), names, min_size=1, max_size=4))
    more = st.sampled_from([{}, {"opens": "Help"}, {"records": "Says yes"}, {"language": "es-US"}])
    return {
        "say": draw(prompts),
        "keys": {key: {"next": name, **draw(more)} for key, name in options.items()},
        "silence": _miss(draw),
        "wrong": _miss(draw),
        "tries": draw(st.integers(1, 5)),
    }


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    """Any step, leading anywhere, also to steps that do not exist."""
    kind = draw(st.sampled_from(sorted(STEP_KINDS)))
    match kind:
        case "say":
            return {"say": draw(prompts), "next": draw(names)}
        case "announce":
            span = draw(st.sampled_from([{}, {"from": "2026-11-01 00:00"}, {"to": "2026-11-01 00:00"}]))
            return {"announce": {"say": draw(prompts), **span}, "next": draw(names)}
        case "menu":
            return {"menu": _menu(draw), "otherwise": draw(names)}
        case "hours":
            hours = draw(st.sampled_from(["office", "of nobody"]))
            return {"hours": hours, "open": draw(names), "closed": draw(names)}
        case "client":
            ways = draw(st.dictionaries(st.sampled_from(["vip", "known", "blocked"]), names))
            return {"client": ways, "otherwise": draw(names)}
        case "ask":
            what = draw(st.sampled_from(["number", "name", "digits"]))
            ask = {"about": "thing", "kind": what, "say": draw(prompts), "tries": draw(st.integers(1, 5))}
            return {"ask": ask, "next": draw(names)}
        case "ring":
            seconds, order = draw(st.integers(5, 9)), draw(st.sampled_from(["all", "one by one"]))
            return {"ring": {"seconds": seconds, "order": order}, "otherwise": draw(names)}
        case "transfer":
            return {"transfer": {"to": "+19035550190"}, "otherwise": draw(names)}
        case "callback":
            return {"callback": {}, "otherwise": draw(names)}
        case "message":
            return {"message": {"say": draw(prompts), "text": "{desk}: hello. Reply STOP."}, "next": draw(names)}
        case "hangup":
            return {"hangup": draw(prompts)}
    return {"voicemail": {}}


def _saying(value: Any, words: str) -> Any:
    """A raw flow in which these words are said wherever there are words of the test's own."""
    if isinstance(value, dict):
        return {key: _saying(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [_saying(inner, words) for inner in value]
    return words if value in ("Words.", "Palabras.", "One.") else value


@st.composite
def flows(draw: st.DrawFn, words: st.SearchStrategy[str] | None = None) -> HelpdeskFlow:
    """Any flow of the schema, which says the same `words` everywhere."""
    calls = {
        "start": draw(names),
        "limits": {"turns": draw(st.integers(5, 20))},
        "steps": draw(st.dictionaries(st.sampled_from("abcde"), steps(), min_size=1)),
    }
    if words is not None:
        calls = _saying(calls, draw(words))
    return _flow(calls)


def _flow(calls: Any) -> HelpdeskFlow:
    raw = voicemail_only().model_dump(include={"consent", "texts"})
    desk = {**voicemail_only().desk.model_dump(), "languages": {"es-US": "Polly.Lupe"}}
    return HelpdeskFlow.model_validate({**raw, "desk": desk, "hours": MONDAY, "calls": calls})


@st.composite
def sound_flows(draw: st.DrawFn) -> HelpdeskFlow:
    """Any flow with which the lint finds no fault about the ways of a call: who presses nothing only goes forward, to the
    voicemail at the end; keys lead anywhere; a hang-up is for those who chose it, or are blocked."""
    order = "abcde"
    made: dict[str, Any] = {}
    for place, name in enumerate(order):
        step = draw(steps().filter(lambda one: not {"voicemail", "hangup"} & set(one)))
        later = st.sampled_from([*order[place + 1 :], "message"])
        anywhere = st.sampled_from([*order, "message", "goodbye"])
        for key in ("next", "otherwise", "open", "closed"):
            if key in step:
                step[key] = draw(later)
        for option in step.get("menu", {}).get("keys", {}).values():
            option["next"] = draw(anywhere)
        for miss in ("silence", "wrong"):
            step.get("menu", {}).get(miss, {}).pop("next", None)
        if "client" in step:
            ways = {"vip": later, "known": later, "blocked": anywhere}
            step["client"] = {who: draw(ways[who]) for who in step["client"]}
        made[name] = step
    made |= {"message": {"voicemail": {}}, "goodbye": {"hangup": "Goodbye."}}
    calls = {"start": "a", "limits": {"turns": draw(st.integers(5, 20))}, "steps": made}
    return _flow(calls)
