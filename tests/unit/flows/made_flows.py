"""Flows of every kind of step that load, drawn by chance; and ways to change one a little."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from flow_phone import SHIPPED
from hypothesis import strategies as st

from flows.engine import voicemail_only
from flows.loader import Flows, load
from flows.schema import Client, HelpdeskFlow

_SHIPPED = load(SHIPPED)
KEYS = "123#"
NAMES = ("a", "b", "c", "d", "e", "f")
#: Numbers of a VIP, a known client, a blocked caller and somebody else.
NUMBERS = {"vip": "+19035550160", "known": "+19035550161", "blocked": "+19035550162", "unknown": "+19035550163"}
_HOURS = (
    {"open": "mon-fri 08:00-17:00"},
    {"open": "mon-fri 08:00-17:00", "holidays": {"days": {"2026-11-26": "Thanksgiving", "2026-12-24": "Eve"}}},
    {"open": "mon-thu 09:00-18:00", "exceptions": [{"from": "2026-11-25 12:00", "to": "2026-11-25 18:00"}]},
    {"open": "mon-sun 00:00-24:00"},
)
_WORDS = st.sampled_from(["One.", "Two words.", "Three of them.", "Press 1.", "{desk}.", "{hours}"])
_TARGETS = st.sampled_from(NAMES)
_KEYS = st.sampled_from(KEYS)
_KINDS = (
    "say",
    "announce",
    "menu",
    "hours",
    "client",
    "ask",
    "ring",
    "transfer",
    "callback",
    "message",
    "voicemail",
    "hangup",
)


@st.composite
def _menu(draw: st.DrawFn) -> dict[str, Any]:
    keys = {
        key: {"next": target, "opens": draw(st.sampled_from(["Help", "Outage", None])), "priority": draw(_PRIORITY)}
        for key, target in draw(st.dictionaries(_KEYS, _TARGETS, min_size=1, max_size=4)).items()
    }
    menu = {"say": draw(_WORDS), "keys": keys, "tries": draw(st.integers(1, 3)), "wait": draw(st.integers(2, 4))}
    if draw(st.booleans()):
        menu["notice"] = draw(_WORDS)
    for miss in draw(st.sets(st.sampled_from(["silence", "wrong"]))):
        menu[miss] = {"say": draw(_WORDS), "next": draw(_TARGETS | st.none())}
    return {"menu": menu, "otherwise": draw(_TARGETS)}


_PRIORITY = st.sampled_from(["urgent", "normal"])


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    """Any step that leads to steps that exist."""
    words, target = draw(_WORDS), draw(_TARGETS)
    match draw(st.sampled_from(_KINDS)):
        case "say":
            return {"say": words, "next": target}
        case "announce":
            begins = draw(st.sampled_from(["2025-11-01 08:00", "2026-11-20 08:00", "2026-12-20 08:00"]))
            ends = draw(st.sampled_from(["2026-11-24 08:00", "2026-12-24 08:00", None]))
            return {"announce": {"say": words, "from": begins, "to": ends}, "next": target}
        case "menu":
            return draw(_menu())
        case "hours":
            ways = {"open": target, "closed": draw(_TARGETS), "holiday": draw(_TARGETS | st.none())}
            return {"hours": draw(st.sampled_from(["office", "lab"])), **ways}
        case "client":
            branch = {who: draw(_TARGETS | st.none()) for who in ("vip", "known", "blocked")}
            return {"client": branch, "otherwise": target}
        case "ask":
            kind = draw(st.sampled_from(["number", "name", "digits"]))
            return {
                "ask": {"about": draw(st.sampled_from(["number", "name"])), "kind": kind, "say": words},
                "next": target,
            }
        case "ring":
            return {"ring": {"seconds": draw(st.integers(5, 7)), "say": words}, "otherwise": target}
        case "transfer":
            return {
                "transfer": {"to": draw(st.sampled_from(list(NUMBERS.values()))), "say": words},
                "otherwise": target,
            }
        case "callback":
            return {"callback": {"say": words}, "otherwise": target}
        case "message":
            return {"message": {"say": words, "text": draw(_WORDS)}, "next": target}
        case "voicemail":
            return {"voicemail": {"say": words, "beep": draw(st.booleans())}}
    return {"hangup": words}


@st.composite
def raw_flows(draw: st.DrawFn) -> dict[str, Any]:
    """What helpdesk.yml could hold, as plain data."""
    raw: dict[str, Any] = deepcopy(_RAW)
    raw["hours"] = {name: draw(st.sampled_from(_HOURS)) for name in ("office", "lab")}
    raw["calls"] = {"start": draw(_TARGETS), "limits": {"turns": 20}, "steps": {name: draw(steps()) for name in NAMES}}
    return raw


_RAW = voicemail_only().model_dump(include={"desk", "consent", "texts"})


@st.composite
def changed(draw: st.DrawFn, raw: dict[str, Any]) -> dict[str, Any]:
    """The same flow with one value of a step changed: where it leads, what is said, what a key does."""
    new = deepcopy(raw)
    step = new["calls"]["steps"][draw(_TARGETS)]
    holder, key = draw(st.sampled_from(list(_leaves(step))))
    holder[key] = draw(_VALUES[key])
    return new


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("next", "otherwise", "open", "closed"), _TARGETS),
    **dict.fromkeys(("holiday", "vip", "known", "blocked"), _TARGETS | st.none()),
    **dict.fromkeys(("say", "notice", "hangup", "text"), _WORDS),
    "opens": st.sampled_from(["Help", "Outage", None]),
    "priority": _PRIORITY,
    "hours": st.sampled_from(["office", "lab"]),
    "tries": st.integers(1, 3),
    "wait": st.integers(2, 4),
    "seconds": st.integers(5, 7),
    "beep": st.booleans(),
    "about": st.sampled_from(["number", "name"]),
    "to": st.sampled_from([*NUMBERS.values()]),
}


def _leaves(block: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """The values of a step that can be changed, each with the block that holds it."""
    for key, value in block.items():
        if isinstance(value, dict):
            yield from _leaves(value)
        elif key in _VALUES and not (key == "to" and "from" in block):  # when an announcement ends is no number
            yield block, key


def as_flows(raw: dict[str, Any]) -> Flows:
    """Flow files with this helpdesk.yml, and clients of every standing."""
    clients = (
        Client(name="Very Important", numbers=(NUMBERS["vip"],), vip=True),
        Client(name="Known", numbers=(NUMBERS["known"],)),
    )
    blocked = frozenset({NUMBERS["blocked"]})
    return Flows(HelpdeskFlow.model_validate(raw), _SHIPPED.oncall, clients, {}, "made", blocked)


flows = st.builds(as_flows, raw_flows())
