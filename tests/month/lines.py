"""A telephone line as the carrier carries it: it does what the desk's TwiML says, and somebody is at the other end."""

from collections.abc import Callable
from email.utils import format_datetime
from typing import Any
from xml.etree import ElementTree

from ivr.carrier.base import CallInfo
from tests.month.life import Life

#: The names of the verbs that a line stays with; what is only said or played goes by.
STAYS = ("Gather", "Record", "Dial", "Redirect", "Hangup")


class Line:
    """One call. Whoever is on it decides in `key` and `speaks`; `over` says that it has ended."""

    caller = called = ""

    def __init__(self, life: Life, rooms: "Rooms", sid: str) -> None:
        self.life, self.rooms, self.sid = life, rooms, sid
        self.over, self.room, self.hosts = False, "", False
        self.comes_out = self.heard = ""
        self._at = 0

    # --- who is on it -----------------------------------------------------------------------------------------------

    def key(self, twiml: str) -> tuple[float, str]:
        """After how many seconds which keys, "" for none in time."""
        raise NotImplementedError

    def records(self, verb: ElementTree.Element) -> None:
        """The tone has sounded."""
        raise NotImplementedError

    def has_ended(self, status: str) -> None:
        """The carrier reports the end."""
        raise NotImplementedError

    # --- the line ---------------------------------------------------------------------------------------------------

    def later(self, seconds: float, act: Callable[..., None], *what: Any, **form: str) -> None:
        """Unless something else happens on this line before."""
        self.life.soon(seconds, self._if_still, self._at, act, what, form)

    def _if_still(self, at: int, act: Callable[..., None], what: tuple[Any, ...], form: dict[str, str]) -> None:
        if at == self._at and not self.over:
            act(*what, **form)

    def asks(self, url: str, **form: str) -> None:
        """The carrier asks for the next words, now and then twice."""
        self._at += 1
        form = {"CallSid": self.sid, "From": self.caller, "To": self.called, "CallStatus": "in-progress", **form}
        answer = self.life.posts(url, **form)
        if self.life.often(0.03):
            again = self.life.posts(url, **form)
            assert again.text == answer.text
        self.hears(answer.text)

    def hears(self, twiml: str) -> None:
        """Do the first thing of an answer that takes time; at the end of the answer the carrier hangs up."""
        self.heard = twiml
        verb = next((one for one in ElementTree.fromstring(twiml) if one.tag in STAYS), None)
        match verb.tag if verb is not None else "Hangup":
            case "Gather":
                seconds, keys = self.key(twiml)
                self.later(seconds, self.asks, verb.get("action"), **({"Digits": keys} if keys else {}))
            case "Record":
                self.records(verb)
            case "Dial":
                self._goes_in(verb)
            case "Redirect":
                self.later(0.2, self.asks, verb.text)
            case _:
                self.later(2, self.ends)

    def _goes_in(self, verb: ElementTree.Element) -> None:
        conference = verb.find("Conference")
        assert conference is not None
        self.comes_out = verb.get("action", "")
        self.hosts = conference.get("endConferenceOnExit") == "true"
        self.room = conference.text or ""
        self.rooms.enters(self)

    def is_moved(self, url: str) -> None:
        """The desk sends this line elsewhere."""
        if not self.over:
            self.rooms.leaves(self)
            self._at += 1
            self.later(self.life.chance.uniform(0.1, 0.8), self.asks, url)

    def ends(self, status: str = "completed") -> None:
        """Whoever was there is gone, or the carrier has hung up."""
        if self.over:
            return
        self._at += 1
        self.over = True
        self.life.world.carrier.calls[self.sid] = CallInfo(self.sid, status, self.caller, self.called)
        self.rooms.leaves(self)
        self.has_ended(status)
        for seconds in (95, 200):
            self.life.soon(seconds, self.life.notices_stale_calls)


class Rooms:
    """The conferences: two lines meet, talk for a while, and one of them goes."""

    def __init__(self, life: Life) -> None:
        self.life = life
        self.inside: dict[str, list[Line]] = {}
        self.talks: list[tuple[str, str]] = []

    def enters(self, line: Line) -> None:
        there = self.inside.setdefault(line.room, [])
        there.append(line)
        self._reports(line, "participant-join")
        if len(there) == 2:
            self.talks.append((there[0].sid, there[1].sid))
            self.life.soon(self.life.chance.uniform(20, 600), self._parts, tuple(there))

    def leaves(self, line: Line) -> None:
        room, line.room = line.room, ""
        there = self.inside.get(room, [])
        if line not in there:
            return
        there.remove(line)
        self._reports(line, "participant-leave", room)
        if line.hosts:
            for other in list(there):
                there.remove(other)
                other.room = ""
                self._reports(other, "participant-leave", room)
                other.later(0.5, other.asks, other.comes_out)
            self._reports(None, "conference-end", room)

    def _parts(self, two: tuple[Line, ...]) -> None:
        """They have said what they had to say: one of them hangs up first."""
        first = two[self.life.chance.randrange(2)]
        if first.room:
            first.ends()

    def _reports(self, line: Line | None, event: str, room: str = "") -> None:
        number = (room or (line.room if line else "")).removeprefix("ring-")
        form = {"Timestamp": format_datetime(self.life.now.moment), "ConferenceSid": f"CF{number}"}
        form |= {"CallSid": line.sid} if line else {}
        self.life.reports(f"/twilio/room/{number}", StatusCallbackEvent=event, **form)
