"""The shape of the YAML files: every key, its type, its bounds, and what it is for (shown by editors and in hints).

The loader hands every YAML scalar over as the text that was written, so `language: no` stays "no", `hours: 22:30` stays
"22:30" and `number: +19035550111` keeps its plus; a field that wants a number or true/false converts it here.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from flows.fields import E164, RINGING, Key, Language, Name, PlainText, Sound, Spoken, StepName, Voice, Zone
from flows.oncall_fields import ClockTime

EVERYONE = "everyone"
#: The key that leaves a message at once instead of waiting for somebody to answer.
LEAVE_KEY = "1"


class Model(BaseModel):
    """Frozen, and strict about unknown keys: a typing mistake must not become a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Model):
    """A prompt that is spoken."""

    say: Spoken = Field(description="the words to speak")
    language: Language | None = Field(None, description="another language for these words, such as es-US")
    voice: Voice | None = Field(None, description="another voice for these words")


class Clip(Model):
    """A prompt that is a sound file."""

    play: Sound = Field(description="the https address of a sound file; or ringing, a telephone's ringing tone")


class Gap(Model):
    """A prompt that is silence."""

    pause: int = Field(ge=1, le=10, description="seconds of silence")


def _kind(*names: str) -> Discriminator:
    """Tell the members of a union apart by the one key that only they have. Tags carry a space: no key does."""

    def which(value: Any) -> str | None:
        found = [name for name in names if (name in value if isinstance(value, dict) else hasattr(value, name))]
        return f"{found[0]} kind" if len(found) == 1 else None

    return Discriminator(which)


AnyPrompt = Annotated[
    Annotated[Words, Tag("say kind")] | Annotated[Clip, Tag("play kind")] | Annotated[Gap, Tag("pause kind")],
    _kind("say", "play", "pause"),
]


def _as_prompts(value: Any) -> Any:
    """Plain words stand for one `say`, so that the common case needs no list."""
    items = value if isinstance(value, list | tuple) else [value]
    return [{"say": item} if item is None or isinstance(item, str) else item for item in items]


Prompts = Annotated[
    tuple[AnyPrompt, ...],
    Field(min_length=1, max_length=10),
    BeforeValidator(_as_prompts, json_schema_input_type=str | list[str | Words | Clip | Gap]),
]


def _words(text: str) -> tuple[Words, ...]:
    return (Words(say=text),)


class SayStep(Model):
    """Words that no key interrupts, then the next step."""

    say: Prompts = Field(description="what the caller hears")
    next: StepName = Field(description="the step after the words")


class Option(Model):
    """What one key of a menu does."""

    next: StepName = Field(description="the step this key leads to; the menu itself to repeat it")
    opens: Name | None = Field(None, description="subject of the ticket this key opens; leave it out to open none")
    priority: Literal["urgent", "normal"] = Field("urgent", description="priority of the ticket")


class Miss(Model):
    """What happens after silence, or after a key that is not in the menu."""

    say: Prompts = Field(description="what the caller hears before the menu is said again")
    next: StepName | None = Field(None, description="go to this step at once instead of saying the menu again")


class Menu(Model):
    """Prompts and keys. Any key interrupts the prompts."""

    say: Prompts = Field(description="the options, said every time")
    notice: Prompts | None = Field(None, description="said after the options, the first time only")
    keys: dict[Key, Option] = Field(min_length=1, description="what each key does")
    silence: Miss = Field(description="what happens when the caller presses nothing")
    wrong: Miss = Field(description="what happens after a key that is not in the menu")
    wait: int = Field(6, ge=2, le=15, description="seconds to wait for a key after the prompts")
    tries: int = Field(3, ge=1, le=5, description="silences and wrong keys together before `otherwise`")


class MenuStep(Model):
    """A menu, and the way on for a caller who cannot or will not press a key."""

    menu: Menu = Field(description="prompts and keys")
    otherwise: StepName = Field(description="the step after the last try")


class Ring(Model):
    """Whose phones ring, for how long, and what the caller hears meanwhile."""

    team: Literal["everyone"] = Field("everyone", description="whose phones ring: everyone on duty")
    seconds: int = Field(25, ge=5, le=120, description="how long they ring, all in all")
    order: Literal["all", "one by one"] = Field(
        "all", description="all at once, or each after its share of the seconds"
    )
    say: Prompts = Field(
        _words("We are calling our team now. To leave a message instead, press 1."),
        description="what the caller hears when the phones begin to ring",
    )
    hold: Prompts = Field(
        (Clip(play=RINGING),), description="the sound of one turn on hold, some five seconds, again and again"
    )
    still: Prompts = Field(
        _words("We are still trying. To leave a message now, press 1."), description="said every second turn on hold"
    )
    taken: Prompts = Field(_words("Connecting you now."), description="said when somebody has taken the call")
    goodbye: Prompts = Field(_words("Thank you for calling. Goodbye."), description="said after the conversation")


class RingStep(Model):
    """Ring the team. The first who picks up and presses 1 talks to the caller; the call ends with that."""

    ring: Ring = Field(description="whose phones ring, for how long, and the words meanwhile")
    otherwise: StepName = Field(description="the step when nobody answers, or for key 1")


class Voicemail(Model):
    """Take a message. The call ends with it."""

    say: Prompts = Field(description="what to leave in the message, said before the tone")
    again: Prompts = Field(description="said once when nothing was recorded, before the second tone")
    thanks: Prompts = Field(description="said after a message, before the call ends")
    goodbye: Prompts = Field(description="said when nothing was recorded twice, before the call ends")
    max_seconds: int = Field(180, ge=30, le=600, description="longest message in seconds")
    silence_seconds: int = Field(6, ge=3, le=15, description="seconds of silence that end the message")
    beep: bool = Field(True, description="play a tone before recording")


class VoicemailStep(Model):
    """Take a message; then thanks and the end of the call."""

    voicemail: Voicemail = Field(description="words and limits of the message")


class HangupStep(Model):
    """Say goodbye and end the call: only for callers who asked for it with a key."""

    hangup: Prompts = Field(description="what the caller hears before the call ends")


Step = Annotated[
    Annotated[MenuStep, Tag("menu kind")]
    | Annotated[RingStep, Tag("ring kind")]
    | Annotated[VoicemailStep, Tag("voicemail kind")]
    | Annotated[HangupStep, Tag("hangup kind")]
    | Annotated[SayStep, Tag("say kind")],
    _kind("menu", "ring", "voicemail", "hangup", "say"),
]

TAGGED: dict[str, dict[str, type[Model]]] = {
    "step": {"say": SayStep, "menu": MenuStep, "ring": RingStep, "voicemail": VoicemailStep, "hangup": HangupStep},
    "prompt": {"say": Words, "play": Clip, "pause": Gap},
}


class Desk(Model):
    """Who the caller reached."""

    name: Name = Field(description="the legal name, as in texts")
    spoken: Name | None = Field(None, description="the name as a voice should say it; without it, `name`")
    number: E164 = Field(description="the help desk's own number")
    hours: Name = Field(description="office hours in words, for {hours}; nothing is switched by it")
    language: Language = Field("en-US", description="language of the prompts")
    voice: Voice | None = Field(None, description="the carrier's voice; leave it out for its default")
    zone: Zone = Field("America/Chicago", description="time zone of the desk")


class Limits(Model):
    """Bounds of one call. When one is reached, the caller goes to the voicemail."""

    turns: int = Field(20, ge=5, le=50, description="menu turns of one call before the voicemail")
    minutes: int = Field(10, ge=2, le=60, description="minutes of one call before the voicemail")


class KnownOutage(Model):
    """What callers of a client hear before the first menu, while a colleague has announced an outage there."""

    say: Prompts = Field(
        (Words(say="We know of a problem at {client}: {outage}."),),
        description="what is known; {outage} is what the colleague wrote",
    )
    offer: Prompts = Field(
        (Words(say="Press 1 to be told by text when it is over, or stay on the line for the menu."),),
        description="said after it to callers who can be texted",
    )
    thanks: Prompts = Field(
        (Words(say="Thank you. We will text you when it is over. Hang up now, or stay on the line for the menu."),),
        description="said after the key 1",
    )
    wait: int = Field(4, ge=2, le=15, description="seconds to wait for the key")


class Calls(Model):
    """The way of a call."""

    start: StepName = Field(description="the first step")
    limits: Limits = Field(default_factory=Limits, description="bounds of one call")
    outage: KnownOutage = Field(default_factory=KnownOutage, description="words to callers about an announced outage")
    steps: dict[StepName, Step] = Field(min_length=1, max_length=100, description="the steps by name")


class Wordings(Model):
    """The words of texts that go out by themselves, in one language: of the desk in helpdesk.yml, of others in files of
    their own (texts.es.yml). Two segments at most, see the lint."""

    first_reply: PlainText = Field(description="answer to the first text of a client; {ticket} is the ticket's number")
    help: PlainText = Field(description="answer to HELP")
    opted_out: PlainText = Field(description="the one confirmation of an opt-out")
    opted_in: PlainText = Field(description="answer to START")
    follow_up: PlainText | None = Field(None, description="answer to later texts of a ticket; leave it out for none")
    over: PlainText = Field(
        "{desk}: the problem at {client} is over. {words} Reply STOP to opt-out.",
        description="text to callers who asked to be told when an announced outage is over",
    )


class Texts(Wordings):
    """Texts that go out by themselves, and what becomes of texts that come in."""

    join_window_hours: int = Field(12, ge=1, le=72, description="texts within these hours join the open ticket")
    reopen_hours: int = Field(
        12, ge=0, le=72, description="a text so many hours after its ticket was resolved reopens it; 0 for never"
    )
    machines: tuple[E164, ...] = Field(
        (), max_length=100, description="forwarders and alarm systems: their texts open tickets, nobody answers them"
    )
    segments_per_second: int = Field(1, ge=1, le=100, description="segments in a second that the carrier takes from us")


class Pages(Model):
    """Timing of pages to the team."""

    wait_for_transcript: int = Field(20, ge=0, le=300, description="seconds a page waits for the transcript")
    delivery_report: int = Field(60, ge=10, le=600, description="seconds without a report that count as not delivered")
    escalate_after_minutes: int = Field(5, ge=1, le=60, description="minutes without an acknowledgement")


def _as_people(value: Any) -> Any:
    """One word or name stands for a list of it."""
    return [value] if isinstance(value, str) else value


People = Annotated[
    tuple[Name, ...],
    Field(min_length=1, max_length=50),
    BeforeValidator(_as_people, json_schema_input_type=str | list[str]),
]


class PageStep(Model):
    """One step of an escalation."""

    page: Literal["text", "call", "both"] = Field(description="how to page: text, call or both")
    to: People = Field(description="on duty, next people, everyone, lead, or names of oncall.yml")
    people: int = Field(2, ge=1, le=50, description="how many the next people are")
    wait: int = Field(5, ge=1, le=120, description="minutes to wait for an acknowledgement before the next step")


class Escalation(Model):
    """What follows a page that nobody acknowledged."""

    steps: tuple[PageStep, ...] = Field(min_length=1, max_length=20, description="the steps, one after the other")
    repeats: int = Field(1, ge=0, le=10, description="how often all steps come again")
    end: People = Field(description="who is told that nobody took it: lead, everyone, on duty, or names")


_URGENT: dict[str, Any] = {
    "steps": [
        {"page": "call", "to": "on duty"},
        {"page": "both", "to": "next people"},
        {"page": "both", "to": "lead"},
    ],
    "end": "everyone",
}
_NORMAL: dict[str, Any] = {"steps": [{"page": "text", "to": "on duty", "wait": 60}], "repeats": 0, "end": "lead"}


class Escalations(Model):
    """The escalation of each priority. They begin `pages.escalate_after_minutes` after the page."""

    urgent: Escalation = Field(Escalation.model_validate(_URGENT), description="of urgent tickets")
    normal: Escalation = Field(Escalation.model_validate(_NORMAL), description="of tickets with priority normal")


class Claims(Model):
    """Tickets whose owner is not heard of."""

    ask_after_minutes: int = Field(
        60, ge=0, le=1440, description="minutes without a sign of work until the owner is asked; 0 for never"
    )
    page_after_minutes: int = Field(
        30, ge=10, le=1440, description="minutes without an answer until the ticket is open again and paged"
    )


#: Names that clients of different offices say when the same thing is down: carriers, and products that many work with.
_THINGS = (
    "AT&T", "Comcast", "Spectrum", "Suddenlink", "Optimum", "Altice", "Frontier", "Brightspeed", "CenturyLink", "Verizon",
    "T-Mobile", "Starlink", "Oncor", "Swepco", "RingCentral", "Vonage", "Office 365", "Microsoft 365", "Exchange Online",
    "QuickBooks Online", "Dentrix", "Eaglesoft",
)  # fmt: skip


class Incidents(Model):
    """When the tickets of several callers become one incident."""

    window_minutes: int = Field(
        60, ge=0, le=1440, description="tickets of one client within these minutes are one incident; 0 for never"
    )
    update_minutes: int = Field(
        5, ge=1, le=60, description="minutes between two pages that only tell of one caller more"
    )
    things: tuple[Name, ...] = Field(
        _THINGS,
        max_length=200,
        description="names (carriers, products) that make clients of several offices one incident",
    )


class Recordings(Model):
    """What is kept of recordings."""

    max_megabytes: int = Field(120, ge=1, le=500, description="largest recording that is fetched")
    delete_at_carrier: bool = Field(False, description="delete at the carrier once it is stored here")


class Pictures(Model):
    """What is kept of pictures and files that come with texts."""

    max_megabytes: int = Field(10, ge=1, le=100, description="largest picture that is fetched")
    most_per_text: int = Field(10, ge=1, le=50, description="pictures of one text that are fetched, the first ones")


class Drill(Model):
    """A call that the desk places to itself, to see that the whole way from a caller to a page is open."""

    every: Literal["day", "week"] = Field("day", description="how often; week: on Mondays")
    at: ClockTime = Field(description="time of day, by the clocks of desk.zone")


class HelpdeskFlow(Model):
    """helpdesk.yml."""

    desk: Desk = Field(description="who the caller reached")
    consent: PlainText = Field(description="the consent notice, word for word as it is published")
    calls: Calls = Field(description="the way of a call")
    texts: Texts = Field(description="texts that go out by themselves")
    pages: Pages = Field(default_factory=Pages, description="timing of pages")
    escalation: Escalations = Field(
        default_factory=Escalations, description="what follows a page that nobody acknowledged"
    )
    claims: Claims = Field(default_factory=Claims, description="tickets whose owner is not heard of")
    incidents: Incidents = Field(default_factory=Incidents, description="when several tickets are one incident")
    recordings: Recordings = Field(default_factory=Recordings, description="what is kept of recordings")
    pictures: Pictures = Field(default_factory=Pictures, description="what is kept of pictures that come with texts")
    drill: Drill | None = Field(
        None, description="when the desk calls itself to test the whole way; leave it out for never"
    )


class Client(Model):
    """A known client."""

    name: Name = Field(description="the name on tickets and pages")
    numbers: tuple[E164, ...] = Field(min_length=1, max_length=100, description="numbers they call and text from")
    language: Language | None = Field(None, description="language of automatic texts to them, such as es")


class ClientList(Model):
    """clients.yml."""

    clients: tuple[Client, ...] = Field(max_length=2000, description="clients known by their numbers")
