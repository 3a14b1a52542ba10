"""The steps of a call: what an admin can write between the greeting and the end."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, Tag

from flows.fields import E164, RINGING, Key, Name, PlainText, StepName
from flows.fields import Language as LanguageCode
from flows.localtime import moment
from flows.oncall_fields import LocalTime
from flows.speech import Clip, Model, Prompts, in_languages, kind_of

EVERYONE = "everyone"
#: The key that leaves a message at once instead of waiting for somebody to answer, and that takes what is offered.
LEAVE_KEY = "1"


class SayStep(Model):
    """Words that no key interrupts, then the next step."""

    say: Prompts = Field(description="what the caller hears")
    next: StepName = Field(description="the step after the words")


class Announce(Model):
    """Words for some days only."""

    say: Prompts = Field(description="what the caller hears")
    begins: LocalTime | None = Field(None, alias="from", description="when it begins: 2026-12-24 08:00")
    ends: LocalTime | None = Field(None, alias="to", description="when it ends: 2026-12-26 08:00")

    def holds(self, at: datetime, zone: str) -> bool:
        """Whether it is said at this moment; `zone` is the desk's."""
        begun = self.begins is None or moment(self.begins, zone) <= at
        return begun and (self.ends is None or at < moment(self.ends, zone))


class AnnounceStep(Model):
    """Words that are said between two times, by the clocks of desk.zone, and are passed over at any other."""

    announce: Announce = Field(description="the words, and from when to when they are said")
    next: StepName = Field(description="the step after the words")


class Option(Model):
    """What one key of a menu does."""

    next: StepName = Field(description="the step this key leads to; the menu itself to repeat it")
    opens: Name | None = Field(None, description="subject of the ticket this key opens; leave it out to open none")
    priority: Literal["urgent", "normal"] = Field("urgent", description="priority of the ticket")
    language: LanguageCode | None = Field(None, description="the language of the call from here on, such as es-US")
    records: Name | None = Field(None, description="what the ticket then says of the caller: accepts after-hours rates")


class Miss(Model):
    """What happens after silence, or after a key that is not in the menu."""

    say: Prompts = Field(description="what the caller hears before the menu is said again")
    next: StepName | None = Field(None, description="go to this step at once instead of saying the menu again")


_SILENCE = Miss(say=in_languages(en="I did not hear a key.", es="No escuché ninguna tecla."))
_WRONG = Miss(say=in_languages(en="That key is not in the menu.", es="Esa tecla no está en el menú."))


class Menu(Model):
    """Prompts and keys. Any key interrupts the prompts."""

    say: Prompts = Field(description="the options, said every time")
    notice: Prompts | None = Field(None, description="said after the options, the first time only")
    keys: dict[Key, Option] = Field(min_length=1, description="what each key does")
    silence: Miss = Field(_SILENCE, description="what happens when the caller presses nothing")
    wrong: Miss = Field(_WRONG, description="what happens after a key that is not in the menu")
    wait: int = Field(6, ge=2, le=15, description="seconds to wait for a key after the prompts")
    tries: int = Field(3, ge=1, le=5, description="silences and wrong keys together before `otherwise`")


class MenuStep(Model):
    """A menu, and the way on for a caller who cannot or will not press a key."""

    menu: Menu = Field(description="prompts and keys")
    otherwise: StepName = Field(description="the step after the last try")


class HoursStep(Model):
    """A branch: which way depends on the time of the call. Nothing is heard."""

    hours: Name = Field(description="which hours: a name of the block `hours`")
    open: StepName = Field(description="the step while they are open")
    closed: StepName = Field(description="the step at any other time")
    holiday: StepName | None = Field(None, description="the step on a holiday; without it, `closed`")


class ClientBranch(Model):
    """The ways for callers whom clients.yml knows; whoever is none of these goes `otherwise`."""

    vip: StepName | None = Field(None, description="the step for clients with `vip: true`; without it, `known`")
    known: StepName | None = Field(None, description="the step for other known clients; without it, `otherwise`")
    blocked: StepName | None = Field(None, description="the step for numbers of `blocked`; without it, `otherwise`")


class ClientStep(Model):
    """A branch: which way depends on who calls. Nothing is heard."""

    client: ClientBranch = Field(description="the steps for vip, known and blocked callers")
    otherwise: StepName = Field(description="the step for everybody else")


class Ask(Model):
    """Something that the caller types. It is kept in the ticket."""

    about: Name = Field(description="what is asked for, in the words of the ticket: callback number")
    kind: Literal["number", "name", "digits"] = Field(
        "digits",
        description="number: a phone number, read back to the caller; name: the first letters of a client's name; "
        "digits: anything else",
    )
    say: Prompts = Field(description="the question; end it with the pound key")
    again: Prompts = Field(
        in_languages(en="I did not get that.", es="No lo recibí."), description="said before the question comes again"
    )
    read_back: Prompts = Field(
        in_languages(
            en="You typed {typed}. If that is wrong, press 2.", es="Marcó {typed}. Si no es correcto, oprima el 2."
        ),
        description="said after a phone number was typed; key 2 asks again",
    )
    wait: int = Field(6, ge=2, le=15, description="seconds to wait for the next key")
    tries: int = Field(2, ge=1, le=5, description="how often it is asked")


class AskStep(Model):
    """Ask for keys, then the next step, whether something was typed or not."""

    ask: Ask = Field(description="the question, and what is done with the answer")
    next: StepName = Field(description="the step after the answer")


class Ring(Model):
    """Whose phones ring, for how long, and what the caller hears meanwhile."""

    team: Name = Field(
        EVERYONE, description="whose phones ring, of those on duty: everyone, or a team or a person of oncall.yml"
    )
    seconds: int = Field(25, ge=5, le=120, description="how long they ring, all in all")
    order: Literal["all", "one by one"] = Field(
        "all", description="all at once, or each after its share of the seconds"
    )
    say: Prompts = Field(
        in_languages(
            en="We are calling our team now. To leave a message instead, press 1.",
            es="Estamos llamando a nuestro equipo. Para dejar un mensaje, oprima el 1.",
        ),
        description="what the caller hears when the phones begin to ring",
    )
    hold: Prompts = Field(
        (Clip(play=RINGING),), description="the sound of one turn on hold, some five seconds, again and again"
    )
    still: Prompts = Field(
        in_languages(
            en="We are still trying. To leave a message now, press 1.",
            es="Seguimos intentando. Para dejar un mensaje ahora, oprima el 1.",
        ),
        description="said every second turn on hold",
    )
    taken: Prompts = Field(
        in_languages(en="Connecting you now.", es="Le comunicamos ahora."),
        description="said when somebody has taken the call",
    )
    goodbye: Prompts = Field(
        in_languages(en="Thank you for calling. Goodbye.", es="Gracias por llamar. Adiós."),
        description="said after the conversation",
    )


class RingStep(Model):
    """Ring the team. The first who picks up and presses 1 talks to the caller; the call ends with that."""

    ring: Ring = Field(description="whose phones ring, for how long, and the words meanwhile")
    otherwise: StepName = Field(description="the step when nobody answers, or for key 1")


class Transfer(Model):
    """Another telephone number, such as that of an answering service."""

    to: E164 = Field(description="the number that is called")
    seconds: int = Field(25, ge=5, le=120, description="how long it rings")
    say: Prompts = Field(
        in_languages(en="We are connecting you.", es="Le estamos comunicando."),
        description="what the caller hears before it rings",
    )
    goodbye: Prompts = Field(
        in_languages(en="Thank you for calling. Goodbye.", es="Gracias por llamar. Adiós."),
        description="said after the conversation",
    )


class TransferStep(Model):
    """Connect the caller to another number. Whoever picks up there talks to the caller, and the call ends with that; a
    ticket stays open, because nobody of the team has it."""

    transfer: Transfer = Field(description="the number and the words")
    otherwise: StepName = Field(description="the step when nobody answers there, or for who calls from there")


class Callback(Model):
    """The offer to be called back instead of waiting."""

    say: Prompts = Field(
        in_languages(
            en="To be called back at {caller} instead, press 1. Or stay on the line.",
            es="Para que le llamemos al {caller}, oprima el 1. O espere en la línea.",
        ),
        description="the offer: key 1 takes it",
    )
    thanks: Prompts = Field(
        in_languages(en="Thank you. We will call you back. Goodbye.", es="Gracias. Le llamaremos. Adiós."),
        description="said after key 1, before the call ends",
    )
    opens: Name = Field("Call back", description="subject of the ticket when no menu key has opened one")
    wait: int = Field(5, ge=2, le=15, description="seconds to wait for the key")


class CallbackStep(Model):
    """Offer to call back. Key 1 opens a ticket, tells the team the number, and ends the call. Callers without a number are not
    asked."""

    callback: Callback = Field(description="the words of the offer")
    otherwise: StepName = Field(description="the step for whoever does not want it, or has no number")


class Message(Model):
    """A text that the caller can have."""

    say: Prompts = Field(description="the offer: key 1 takes it")
    text: PlainText = Field(description="the text that is sent then; {desk} and {hours} are filled in")
    thanks: Prompts = Field(
        in_languages(en="Thank you. We have sent you a text.", es="Gracias. Le enviamos un mensaje de texto."),
        description="said after key 1",
    )
    wait: int = Field(5, ge=2, le=15, description="seconds to wait for the key")


class MessageStep(Model):
    """Offer a text; then the next step, whether the caller wants it or not. Key 1 is consent to it. Callers who cannot be
    texted, or have opted out, are not asked."""

    message: Message = Field(description="the words of the offer and the text")
    next: StepName = Field(description="the step after it")


class Voicemail(Model):
    """Take a message. The call ends with it."""

    say: Prompts = Field(
        in_languages(
            en="After the tone, please say your name, your office, what is wrong, and your call back number. Then press "
            "pound, or hang up.",
            es="Después del tono, diga su nombre, su oficina, qué está mal y su número de teléfono. Luego oprima la "
            "tecla de número, o cuelgue.",
        ),
        description="what to leave in the message, said before the tone",
    )
    again: Prompts = Field(
        in_languages(
            en="I did not hear a message. Please speak after the tone.",
            es="No escuché ningún mensaje. Hable después del tono, por favor.",
        ),
        description="said once when nothing was recorded, before the second tone",
    )
    thanks: Prompts = Field(
        in_languages(
            en="Thank you. Your message goes to our whole team now. Goodbye.",
            es="Gracias. Su mensaje llega ahora a todo nuestro equipo. Adiós.",
        ),
        description="said after a message, before the call ends",
    )
    goodbye: Prompts = Field(
        in_languages(
            en="I still did not hear a message. You can also text this number. Goodbye.",
            es="Aún no escuché ningún mensaje. También puede enviar un texto a este número. Adiós.",
        ),
        description="said when nothing was recorded twice, before the call ends",
    )
    max_seconds: int = Field(180, ge=30, le=600, description="longest message in seconds")
    silence_seconds: int = Field(6, ge=3, le=15, description="seconds of silence that end the message")
    beep: bool = Field(True, description="play a tone before recording")


class VoicemailStep(Model):
    """Take a message; then thanks and the end of the call."""

    voicemail: Voicemail = Field(description="words and limits of the message")


class HangupStep(Model):
    """Say goodbye and end the call: only for callers who asked for it with a key, or are blocked."""

    hangup: Prompts = Field(description="what the caller hears before the call ends")


#: Each kind of step by the key that only it has, in the order in which the documentation tells of them.
STEP_KINDS: dict[str, type[Model]] = {
    "say": SayStep,
    "announce": AnnounceStep,
    "menu": MenuStep,
    "hours": HoursStep,
    "client": ClientStep,
    "ask": AskStep,
    "ring": RingStep,
    "transfer": TransferStep,
    "callback": CallbackStep,
    "message": MessageStep,
    "voicemail": VoicemailStep,
    "hangup": HangupStep,
}

Step = Annotated[
    Annotated[SayStep, Tag("say kind")]
    | Annotated[AnnounceStep, Tag("announce kind")]
    | Annotated[MenuStep, Tag("menu kind")]
    | Annotated[HoursStep, Tag("hours kind")]
    | Annotated[ClientStep, Tag("client kind")]
    | Annotated[AskStep, Tag("ask kind")]
    | Annotated[RingStep, Tag("ring kind")]
    | Annotated[TransferStep, Tag("transfer kind")]
    | Annotated[CallbackStep, Tag("callback kind")]
    | Annotated[MessageStep, Tag("message kind")]
    | Annotated[VoicemailStep, Tag("voicemail kind")]
    | Annotated[HangupStep, Tag("hangup kind")],
    kind_of(*STEP_KINDS),
]


def kind_name(step: Model) -> str:
    """The word that says of which kind a step is."""
    return next(name for name, kind in STEP_KINDS.items() if isinstance(step, kind))
