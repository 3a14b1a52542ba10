"""The shape of the YAML files: every key, its type, its bounds, and what it is for (shown by editors and in hints).

The loader hands every YAML scalar over as the text that was written, so `language: no` stays "no", `hours: 22:30` stays
"22:30" and `number: +19035550111` keeps its plus; a field that wants a number or true/false converts it here.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from flows.fields import E164, Language, Name, PlainText, StepName, Voice, Zone
from flows.hours import Hours
from flows.oncall_fields import ClockTime, own
from flows.speech import Model, Prompts, in_languages, same_language
from flows.steps import Step


class Desk(Model):
    """Who the caller reached."""

    name: Name = Field(description="the legal name, as in texts")
    spoken: Name | None = Field(None, description="the name as a voice should say it; without it, `name`")
    number: E164 = Field(description="the help desk's own number")
    hours: Name = Field(description="office hours in words, for {hours}; nothing is switched by it")
    language: Language = Field("en-US", description="language of the prompts")
    voice: Voice | None = Field(None, description="the carrier's voice; leave it out for its default")
    languages: dict[Language, Voice] = Field(
        default_factory=dict, max_length=20, description="other languages of prompts, each with a voice of the carrier"
    )
    zone: Zone = Field("America/Chicago", description="time zone of the desk")

    def voice_of(self, language: str) -> tuple[str, str | None]:
        """How a language is spoken: as the desk has it (es-US for es), with which voice."""
        known = {self.language: self.voice, **self.languages}
        found = next((one for one in known if same_language(one, language)), language)
        return found, known.get(found)


class Limits(Model):
    """Bounds of one call. When one is reached, the caller goes to the voicemail."""

    turns: int = Field(20, ge=5, le=50, description="menu turns of one call before the voicemail")
    minutes: int = Field(10, ge=2, le=60, description="minutes of one call before the voicemail")


class KnownOutage(Model):
    """What callers of a client hear before the first menu, while a colleague has announced an outage there."""

    say: Prompts = Field(
        in_languages(
            en="We know of a problem at {client}: {outage}.", es="Sabemos de un problema en {client}: {outage}."
        ),
        description="what is known; {outage} is what the colleague wrote",
    )
    offer: Prompts = Field(
        in_languages(
            en="Press 1 to be told by text when it is over, or stay on the line for the menu.",
            es="Oprima el 1 para recibir un texto cuando termine, o espere en la línea para oír el menú.",
        ),
        description="said after it to callers who can be texted",
    )
    thanks: Prompts = Field(
        in_languages(
            en="Thank you. We will text you when it is over. Hang up now, or stay on the line for the menu.",
            es="Gracias. Le enviaremos un texto cuando termine. Cuelgue ahora, o espere en la línea para oír el menú.",
        ),
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


class TextRoute(Model):
    """What becomes of a first text that says one of these words, or comes at such hours."""

    words: tuple[Name, ...] = Field(
        (), max_length=50, description="words one of which is in the text; without: any text"
    )
    hours: Name | None = Field(None, description="which hours it depends on: a name of the block `hours`")
    when: Literal["open", "closed", "holiday"] = Field(
        "closed", description="how these hours stand then; closed: on holidays too"
    )
    ticket: Literal["urgent", "normal", "none"] = Field("urgent", description="priority of the ticket; none: no ticket")
    opens: Name | None = Field(None, description="subject of the ticket; without it, the words of the text")
    reply: PlainText | None = Field(
        None, description="answer to it; {ticket} is the ticket's number. The first reply of all stays the notice"
    )

    @model_validator(mode="after")
    def _says_something(self) -> "TextRoute":
        if self.ticket == "none" and self.reply is None:
            raise own("a text without a ticket and without a reply would be lost", "reply: says where to turn to")
        if not self.words and self.hours is None:
            raise own("this route would take every text", "words: [invoice, billing], or hours: with a name of `hours`")
        return self


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
    routes: tuple[TextRoute, ...] = Field(
        (), max_length=50, description="what becomes of texts that open a ticket: the first one that fits counts"
    )


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
    hours: dict[Name, Hours] = Field(default_factory=dict, max_length=20, description="hours of opening by name")
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
    language: Language | None = Field(None, description="language of calls and automatic texts to them, such as es")
    vip: bool = Field(False, description="true: goes the way `vip` of a client step")


class ClientList(Model):
    """clients.yml."""

    clients: tuple[Client, ...] = Field(max_length=2000, description="clients known by their numbers")
    blocked: tuple[E164, ...] = Field(
        (), max_length=1000, description="numbers that go the way `blocked` of a client step"
    )
