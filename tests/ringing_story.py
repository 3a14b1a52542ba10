"""The team's phones and a caller on hold, for stories: who picks up, presses, hangs up, and what each of them hears."""

import re
from typing import Any

from ivr.carrier.base import CallInfo
from tests.fake_carrier import Placed
from tests.world import CLIENT, DESK, LEE, PUBLIC, ROBIN, SAM, World

PHONES = {"Sam": SAM, "Lee": LEE, "Robin": ROBIN}


def words(twiml: str) -> str:
    """What is spoken in an answer."""
    return " ".join(re.findall(r"<Say[^>]*>([^<]*)</Say>", twiml))


class RingingStory:
    """One caller and the team. Times pass where the story says so; webhooks come in the order in which it tells them."""

    def __init__(self, world: World, sid: str = "CA1", caller: str = CLIENT) -> None:
        self.world, self.sid, self.caller = world, sid, caller
        self.turn = 0
        self.legs: dict[str, int] = {}

    # --- the caller ---------------------------------------------------------------------------------------------

    def calls(self) -> str:
        return self.world.call(self.sid, self.caller)

    def presses(self, keys: str) -> str:
        """The caller's next turn; without keys, the sounds are over, or the talk is."""
        self.turn += 1
        return self.world.press(keys, self.turn, self.sid, self.caller)

    def asks_for_help(self) -> str:
        """The caller calls, chooses an emergency, and phones begin to ring."""
        self.calls()
        answer = self.presses("1")
        self.world.work()
        return answer

    def holds(self, seconds: float = 5) -> str:
        """One turn on hold."""
        self.world.pass_time(seconds)
        return self.presses("")

    def is_moved(self) -> str:
        """The caller's call goes where the desk has just sent it: to the turn that would come next anyway."""
        sid, url = self.world.carrier.redirected.pop()
        assert (sid, url) == (self.sid, f"{PUBLIC}/twilio/voice/{self.turn + 1}")
        return self.presses("")

    def hangs_up(self) -> None:
        self.world.hang_up(self.sid, self.caller)
        self.world.work()

    # --- the team -----------------------------------------------------------------------------------------------

    def rung(self) -> list[str]:
        """Whose phones the carrier was asked to ring, in order."""
        names = {number: name for name, number in PHONES.items()}
        return [names.get(one.to, one.to) for one in self.world.carrier.placed]

    def placed(self, person: str) -> Placed:
        return [one for one in self.world.carrier.placed if one.to == PHONES[person]][-1]

    def phone_is(self, person: str, status: str) -> None:
        """The carrier reports of the last call to a phone of the team."""
        self.reports(self.placed(person), status)

    def reports(self, one: Placed, status: str) -> None:
        """The carrier reports of any call to a colleague, also of one that is not the last to that phone."""
        self.world.carrier.calls[one.sid] = CallInfo(one.sid, status, DESK, one.to)
        self._post(one.status_url, one, CallStatus=status)
        self.world.work()

    def picks_up(self, person: str, *, reported: bool = True) -> str:
        """Somebody, or a mailbox, picks up; returns the TwiML. `reported` unless the carrier's word of it is late."""
        self.phone_is(person, "in-progress" if reported else "ringing")
        self.legs[person] = 0
        return self._leg(person, "")

    def key(self, person: str, keys: str) -> str:
        """A colleague presses keys, or none: the next turn of this leg."""
        self.legs[person] += 1
        return self._leg(person, keys)

    def again(self, person: str, keys: str) -> str:
        """The same turn of a leg once more."""
        return self._leg(person, keys)

    def is_told(self, person: str) -> str:
        """A colleague's call goes where the desk has just sent it."""
        sid, url = self.world.carrier.redirected.pop()
        assert sid == self.placed(person).sid
        assert url.rsplit("/", 1)[1] == str(self.legs[person] + 1)
        return self.key(person, "")

    def _leg(self, person: str, keys: str) -> str:
        one = self.placed(person)
        url = f"{one.url.rsplit('/', 1)[0]}/{self.legs[person]}"
        return self._post(url, one, Digits=keys, CallStatus="in-progress")

    def on_leg(self, one: Placed, turn: int, keys: str) -> str:
        """A turn of any call to a colleague, also of one that is not the last to that phone."""
        return self._post(f"{one.url.rsplit('/', 1)[0]}/{turn}", one, Digits=keys, CallStatus="in-progress")

    def _post(self, url: str, one: Placed, **form: str) -> str:
        path = url.removeprefix(PUBLIC).split("#", 1)[0]
        answer = self.world.post(path, CallSid=one.sid, From=DESK, To=one.to, **form)
        assert answer.status_code == 200, answer.text
        return answer.text

    # --- the room -----------------------------------------------------------------------------------------------

    def room(self, event: str, who: str = "", ring: int = 1, **more: str) -> None:
        """The carrier reports of the room: `who` is a colleague's name, or "caller"."""
        sid = self.sid if who == "caller" else self.placed(who).sid if who else ""
        form = {"StatusCallbackEvent": event, "CallSid": sid, "ConferenceSid": "CF1", **more}
        assert self.world.post(f"/twilio/room/{ring}", **form).status_code == 200
        self.world.work()

    def both_are_in(self, person: str) -> None:
        self.room("participant-join", person)
        self.room("participant-join", "caller")

    def talk(self, person: str) -> None:
        """A colleague takes the call, and the two talk."""
        self.picks_up(person)
        assert "Connecting you." in self.key(person, "1")
        self.world.work()
        assert "<Conference" in self.is_moved()
        self.both_are_in(person)

    def talk_again(self, person: str) -> None:
        """A colleague takes the second ring of the call, and the two talk."""
        self.picks_up(person)
        assert "ring-2</Conference>" in self.key(person, "1")
        self.world.work()
        assert "ring-2</Conference>" in self.is_moved()
        self.room("participant-join", person, ring=2)
        self.room("participant-join", "caller", ring=2)

    # --- the ticket ---------------------------------------------------------------------------------------------

    def call_of_ticket(self) -> dict[str, Any]:
        (call,) = self.world.ticket()["calls"]
        return dict(call)

    def events(self) -> list[str]:
        return [event["text"] for event in self.world.ticket()["events"]]
