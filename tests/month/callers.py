"""Clients: they call at all hours, press keys or none, wait or do not, speak or do not, hang up in the middle, and text."""

from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from ivr.carrier.base import CallInfo, RecordingInfo
from tests.month.life import Life
from tests.month.lines import Line, Rooms
from tests.world import DESK, wav
from tickets.arrival import InboundText

#: Some are known by their numbers, two are of one client.
CLIENTS = (
    "+19035550160", "+19035550161", "+19035550172", "+19035550183", "+19035550147", "+19035550148", "+19035550149",
    "+19035550150", "+19035550151", "+19035550152", "+19035550153", "+19035550154",
)  # fmt: skip
WORDS = (
    "The server room is flooded.", "Nobody can log in.", "AT&T is down at our office.", "We got a strange invoice by mail.",
    "The printer smokes.", "Our AT&T line is down too.", "All files are named crypt.",
)  # fmt: skip
SOUND = wav()


@dataclass
class Message:
    """A message that somebody spoke after the tone."""

    sid: str
    call: str
    seconds: int


class Caller(Line):
    """One client on the line."""

    called = DESK

    def __init__(self, town: "Clients", sid: str, number: str) -> None:
        super().__init__(town.life, town.rooms, sid)
        chance = self.life.chance
        self.town, self.caller = town, number
        self.wants = chance.choices(["1", "2", "", "7", "3"], [60, 15, 18, 4, 3])[0]
        self.speaks = chance.random() < 0.7
        self.hold_began: datetime | None = None
        self.longest_hold = 0.0
        self.recording: Message | None = None
        if chance.random() < 0.3:
            self.life.soon(chance.uniform(1, 70), self.ends)

    def calls(self) -> None:
        self.life.world.carrier.calls[self.sid] = CallInfo(self.sid, "in-progress", self.caller, DESK)
        self.asks("/twilio/voice")

    def hears(self, twiml: str) -> None:
        now = self.life.now.moment
        if "ringing.wav" in twiml:
            self.hold_began = self.hold_began or now
            self.longest_hold = max(self.longest_hold, (now - self.hold_began).total_seconds())
        super().hears(twiml)

    def key(self, twiml: str) -> tuple[float, str]:
        chance = self.life.chance
        if "ringing.wav" in twiml:
            return (2, "1") if chance.random() < 0.04 else (5, "")
        return (chance.uniform(2, 9), self.wants) if self.wants else (12, "")

    def records(self, verb: ElementTree.Element) -> None:
        self.town.count += 1
        seconds = self.life.chance.randrange(3, 60) if self.speaks else 0
        self.recording = Message(f"RE{self.town.count}", self.sid, seconds)
        self._announces("in-progress")
        self.later(seconds or 6, self._has_spoken, verb.get("action"))

    def _has_spoken(self, action: str) -> None:
        """The pound key, or silence."""
        message = self._ends_recording()
        form = {"RecordingUrl": f"https://x/{message.sid}", "RecordingDuration": str(message.seconds)}
        self.asks(action, **form)

    def _ends_recording(self) -> Message:
        message, self.recording = self.recording, None
        assert message is not None
        carrier = self.life.world.carrier
        status = "completed" if message.seconds else "absent"
        carrier.recordings.append(RecordingInfo(message.sid, self.sid, status, message.seconds))
        if message.seconds:
            carrier.sounds[message.sid] = SOUND
            self.life.world.engine.words = self.life.chance.choice(WORDS)
            self.town.messages.append(message)
        self._announces(status, message)
        return message

    def _announces(self, status: str, message: Message | None = None) -> None:
        message = message or self.recording
        assert message is not None
        form = {"CallSid": self.sid, "RecordingSid": message.sid, "RecordingStatus": status}
        if status == "completed":
            form["RecordingDuration"] = str(message.seconds)
        self.life.reports("/twilio/recording", **form)

    def has_ended(self, status: str) -> None:
        if self.recording is not None:  # hung up while speaking: what was said so far is kept
            self._ends_recording()
        form = {"CallSid": self.sid, "From": self.caller, "To": DESK, "CallDuration": "40"}
        self.life.reports("/twilio/voice/status", CallStatus=status, **form)


class Clients:
    """All of them."""

    def __init__(self, life: Life, rooms: Rooms) -> None:
        self.life, self.rooms, self.count = life, rooms, 0
        self.callers: list[Caller] = []
        self.messages: list[Message] = []
        self.texts: list[InboundText] = []
        life.watchers.append(self._looks)

    def someone_calls(self) -> None:
        number = self.life.chance.choice(CLIENTS)
        caller = Caller(self, f"CA{len(self.callers) + 1:05}", number)
        self.callers.append(caller)
        caller.calls()

    def someone_texts(self) -> None:
        number = self.life.chance.choice(CLIENTS)
        self.texts_in(number, self.life.chance.choice([*WORDS, *WORDS, "Thanks!", "HELP", "STOP", "opt out", "START"]))

    def texts_in(self, number: str, body: str) -> None:
        """A text to the desk: now and then it is delivered twice, and while the database is away for nothing."""
        text = InboundText(f"SMin{len(self.texts) + 1:05}", number, DESK, body)
        self.texts.append(text)
        self.life.world.carrier.texts = self.texts[-6:]  # what the carrier is asked for is never older
        form = {"MessageSid": text.sid, "From": number, "To": DESK, "Body": body, "NumMedia": "0"}
        for _ in range(2 if self.life.often(0.05) else 1):
            self.life.posts("/twilio/sms", **form)

    def _looks(self) -> None:
        """Where the desk has sent those who wait."""
        redirected = self.life.world.carrier.redirected
        for one in [one for one in redirected if not one[0].startswith("CAout")]:
            redirected.remove(one)
            self.callers[int(one[0][2:]) - 1].is_moved(one[1])
