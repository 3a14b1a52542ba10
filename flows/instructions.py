"""What a call is told to do next, as plain data. The edge renders it as TwiML; the engine never sees XML.

The instructions of one turn are carried out in order. At most one of them ends the turn (`Gather`, `Record`, `Connect`,
`Transfer`) or the call (`Hangup`), and it is always the last. `Effect`s are for the desk: nothing of them is heard.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Say:
    """Speak `text` (plain words, no markup) in `language` (BCP 47, "en-US"); `voice` None is the carrier's default."""

    text: str
    language: str
    voice: str | None


@dataclass(frozen=True)
class Play:
    """Play the sound file at `url` (https), or our own sound of that name ("ringing")."""

    url: str


@dataclass(frozen=True)
class Pause:
    """Stay silent for whole `seconds`."""

    seconds: int


Prompt = Say | Play | Pause


@dataclass(frozen=True)
class Gather:
    """Say `prompts`, which a key interrupts, then wait `timeout` seconds for at most `digits` keys. Ends the turn.

    `finish_on_key` "" means that no key is swallowed: # and * arrive like digits.
    """

    prompts: tuple[Prompt, ...]
    digits: int
    timeout: int
    finish_on_key: str


@dataclass(frozen=True)
class Record:
    """Record until a key of `finish_on_key`, `silence_seconds` of silence, `max_seconds`, or hang-up. Ends the turn."""

    max_seconds: int
    silence_seconds: int
    finish_on_key: str
    beep: bool


@dataclass(frozen=True)
class Connect:
    """Talk to whoever else is connected to `room`, until either side hangs up; then the next turn. Ends the turn.

    `leads`: the talk begins when this side comes, and `host` decides whether it ends when this side goes."""

    room: str
    leads: bool = True
    host: bool = True


@dataclass(frozen=True)
class Ring:
    """Ring the phones of `team` for `seconds`, all at once or one by one (`order`), while the caller is on hold."""

    team: str
    seconds: int
    order: str


@dataclass(frozen=True)
class Transfer:
    """Call `number` (E.164) for `seconds`; whoever picks up talks to the caller. Then the next turn. Ends the turn."""

    number: str
    seconds: int


@dataclass(frozen=True)
class Hangup:
    """End the call."""


@dataclass(frozen=True)
class Choose:
    """The caller chose an option that asks for help: open a ticket, or enrich the one of this call.

    `label` is the option in the words of the ticket's subject ("Emergency or outage"), `priority` is "urgent" or
    "normal". A caller who comes back to a menu can choose again; the last choice counts.
    """

    step: str
    key: str
    label: str
    priority: str


@dataclass(frozen=True)
class TellWhenOver:
    """The caller pressed 1 to be told by text when the announced outage is over. An effect for the desk, like `Choose`."""


@dataclass(frozen=True)
class Note:
    """Write `text` into the ticket's history; the ticket may come later in the call. An effect for the desk."""

    text: str


@dataclass(frozen=True)
class Typed:
    """The caller typed `value` when asked `about` something: keys, or for the kind "number" E.164. An effect for the desk."""

    about: str
    kind: str
    value: str


@dataclass(frozen=True)
class CallBack:
    """The caller wants to be called back at `number` (E.164), about the option chosen or else `label`. An effect."""

    number: str
    label: str


@dataclass(frozen=True)
class SendText:
    """The caller agreed to a text with these words. An effect for the desk."""

    text: str


Effect = Choose | Ring | TellWhenOver | Note | Typed | CallBack | SendText
Instruction = Prompt | Gather | Record | Connect | Transfer | Hangup | Effect
