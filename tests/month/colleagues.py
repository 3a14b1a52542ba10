"""The team: their phones ring out, are busy, have mailboxes; people take calls, acknowledge texts, forget, hand over."""

import re
from xml.etree import ElementTree

from ivr.carrier.base import CallInfo
from tests.fake_carrier import Placed, Sent
from tests.month.callers import Clients
from tests.month.life import Life
from tests.month.lines import Line, Rooms
from tests.month.rota import NUMBERS
from tests.world import DESK

#: What a phone does when it is called, and how often.
MOODS = {"takes": 40, "late": 8, "mailbox": 15, "rings out": 20, "busy": 8, "fails": 4, "declines": 5}


class Phone(Line):
    """A call of the desk to a colleague."""

    caller = DESK

    def __init__(self, team: "Team", placed: Placed) -> None:
        super().__init__(team.life, team.rooms, placed.sid)
        self.placed, self.called, self.answered = placed, placed.to, False
        self.mood = self.life.chance.choices([*MOODS], [*MOODS.values()])[0]
        if self.life.calm:
            self.mood = "rings out"

    def rings(self) -> None:
        chance = self.life.chance
        self._reports("ringing")
        match self.mood:
            case "busy" | "fails":
                self.later(chance.uniform(0.5, 3), self.ends, "busy" if self.mood == "busy" else "failed")
            case "rings out":
                self.later(self.placed.ring_seconds, self.ends, "no-answer")
            case "late":
                self.later(self.placed.ring_seconds - 1, self.picks_up)
            case _:
                self.later(chance.uniform(2, 18), self.picks_up)

    def picks_up(self) -> None:
        self.answered = True
        self.life.world.carrier.calls[self.sid] = CallInfo(self.sid, "in-progress", DESK, self.called)
        self._reports("in-progress")
        if self.mood == "mailbox":
            self.life.soon(25, self.ends)
        self.asks(self.placed.url)

    def key(self, twiml: str) -> tuple[float, str]:
        if self.mood in ("mailbox", "declines"):
            return 8, ""
        seconds = self.life.chance.uniform(1, 5) if self.mood == "takes" else 9
        if "Help desk call." in twiml:
            return seconds, "1"
        return seconds, self.life.chance.choices(["4", "6", "0", "5", "9"], [70, 10, 7, 7, 6])[0]

    def records(self, verb: ElementTree.Element) -> None:
        raise AssertionError("nobody records a colleague")

    def has_ended(self, status: str) -> None:
        self._reports(status)

    def is_ended(self) -> None:
        """The desk hangs up."""
        self.ends("completed" if self.answered else "canceled")

    def _reports(self, status: str) -> None:
        form = {"CallSid": self.sid, "From": DESK, "To": self.called, "CallStatus": status}
        self.life.reports(self.placed.status_url, **form)


class Team:
    """All of them, with what they got."""

    def __init__(self, life: Life, rooms: Rooms, clients: Clients) -> None:
        self.life, self.rooms, self.clients = life, rooms, clients
        self.phones: dict[str, Phone] = {}
        self._placed = self._sent = 0
        life.watchers.append(self._looks)

    def _looks(self) -> None:
        carrier = self.life.world.carrier
        while self._placed < len(carrier.placed):
            phone = Phone(self, carrier.placed[self._placed])
            self.phones[phone.sid] = phone
            self._placed += 1
            phone.rings()
        while self._sent < len(carrier.sent):
            self._gets(carrier.sent[self._sent])
            self._sent += 1
        while carrier.ended:
            self.phones[carrier.ended.pop(0)].is_ended()
        for one in [one for one in carrier.redirected if one[0] in self.phones]:
            carrier.redirected.remove(one)
            self.phones[one[0]].is_moved(one[1])

    # --- texts ------------------------------------------------------------------------------------------------------

    def _gets(self, text: Sent) -> None:
        """A text is on its way to a phone, whoever's it is."""
        chance = self.life.chance
        arrives = chance.uniform(1, 8) if not self.life.often(0.03) else chance.uniform(61, 300)
        report = {"MessageSid": text.sid}
        if self.life.often(0.05):
            self.life.reports("/twilio/sms/status", **report, MessageStatus="undelivered", ErrorCode="30003")
            return
        if chance.random() < 0.5:
            self.life.reports("/twilio/sms/status", **report, MessageStatus="sent")
        if not self.life.often(0.04):
            self.life.soon(arrives, self._arrives, report)
        if text.to in NUMBERS.values():
            self.life.soon(arrives, self._reads, text)

    def _arrives(self, report: dict[str, str]) -> None:
        self.life.reports("/twilio/sms/status", **report, MessageStatus="delivered")

    def _reads(self, text: Sent) -> None:
        """What somebody does about a text, if anything."""
        chance = self.life.chance
        if self.life.calm:
            return
        if page := re.match(r"URGENT (\d{4})", text.body):
            if chance.random() < 0.3:
                body = chance.choice([f"ACK {page[1]}", f"ack {page[1]}!", f"{page[1]} ack", "ACK"])
                after = chance.uniform(2, 12) if chance.random() < 0.3 else chance.expovariate(1 / 300)
                self.life.soon(after, self.writes, text.to, body)
        elif mine := re.match(r"(\d{4}) is yours", text.body):
            if chance.random() < 0.7:
                self.life.soon(chance.uniform(300, 18000), self.writes, text.to, f"DONE {mine[1]}")
        elif (asked := re.match(r"(\d{4})(?: is still yours|: are you still)", text.body)) and chance.random() < 0.6:
            body = chance.choice([f"ACK {asked[1]}", f"DONE {asked[1]}"])
            self.life.soon(chance.uniform(20, 2000), self.writes, text.to, body)

    def writes(self, number: str, body: str) -> None:
        if not self.life.calm:
            self.clients.texts_in(number, body)

    def somebody_changes_duty(self) -> None:
        chance = self.life.chance
        other = chance.choice([*NUMBERS])
        hours = chance.choice([1, 2, 5, 9])
        body = chance.choice([f"TAKE {hours}h", f"TAKE ALONE {hours}h", f"GIVE {other} {hours}h", "UNDO", "WHO"])
        self.writes(chance.choice([*NUMBERS.values()]), body)

    def somebody_opts_out(self) -> None:
        number = self.life.chance.choice([*NUMBERS.values()])
        self.writes(number, "STOP")
        self.opts_in_again(number)

    def opts_in_again(self, number: str) -> None:
        """Somebody notices that nothing comes."""
        self.life.soon(self.life.chance.uniform(600, 40000), self.writes, number, "START")
