"""What a page says on the phone, in the languages of the team. Pure.

Numbers are spelled digit by digit: a voice would read 1042 as a thousand and forty-two, and a telephone number as a sum."""

import re
from dataclasses import dataclass

#: Characters of a client's words that are spoken: half a minute.
LONGEST = 320

_NUMBER = re.compile(r"[+(]?\d[\d\-. ()]{3,}\d")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")


@dataclass(frozen=True)
class Words:
    """The sentences of one language; `code` is for the voice, `ticket` and so on are filled in."""

    code: str
    page: str
    withheld: str
    missed: str
    nothing: str
    menu: str
    recording: str
    no_recording: str
    yours: str
    call: str
    kept: str
    taken: str
    resolved: str
    passed: str
    nobody: str
    goodbye: str


ENGLISH = Words(
    code="en-US",
    page="Help desk page. Ticket {ticket}. {who}.",
    withheld="number withheld",
    missed="The caller left no message.",
    nothing="There are no words yet.",
    menu="To take the ticket, press 4. To hear it again, press 0.{recording} To pass it on, press 6.",
    recording=" To hear the recording, press 5.",
    no_recording="There is no recording.",
    yours="Ticket {ticket} is yours.{call} Goodbye.",
    call=" Call {number}.",
    kept="Ticket {ticket} is yours already. Goodbye.",
    taken="Ticket {ticket} is taken by {by}. Nothing to do for you. Goodbye.",
    resolved="Ticket {ticket} is resolved by {by}. Nothing to do for you. Goodbye.",
    passed="Ticket {ticket} is passed on. The next people are being paged. Goodbye.",
    nobody="There is nobody further to page. Ticket {ticket} stays open. Goodbye.",
    goodbye="Nobody has taken ticket {ticket}. Goodbye.",
)
SPANISH = Words(
    code="es-US",
    page="Aviso de la mesa de ayuda. Ticket {ticket}. {who}.",
    withheld="número oculto",
    missed="La persona no dejó mensaje.",
    nothing="Todavía no hay palabras.",
    menu="Para tomar el ticket, oprima 4. Para oírlo otra vez, oprima 0.{recording} Para pasarlo, oprima 6.",
    recording=" Para oír la grabación, oprima 5.",
    no_recording="No hay grabación.",
    yours="El ticket {ticket} es suyo.{call} Adiós.",
    call=" Llame al {number}.",
    kept="El ticket {ticket} ya es suyo. Adiós.",
    taken="El ticket {ticket} lo tiene {by}. No tiene que hacer nada. Adiós.",
    resolved="El ticket {ticket} lo resolvió {by}. No tiene que hacer nada. Adiós.",
    passed="El ticket {ticket} se pasó. Se avisa a las siguientes personas. Adiós.",
    nobody="No hay a quién más avisar. El ticket {ticket} sigue abierto. Adiós.",
    goodbye="Nadie ha tomado el ticket {ticket}. Adiós.",
)
_LANGUAGES = {"en": ENGLISH, "es": SPANISH}

#: Voices for the words of clients.
_VOICES = {"en": "en-US", "es": "es-US", "fr": "fr-FR", "de": "de-DE", "pt": "pt-BR", "it": "it-IT"}


def of(languages: tuple[str, ...], desk: str) -> Words:
    """The sentences in the first language of a person that we have, else in the desk's, else in English."""
    wanted = (*languages, desk)
    return next((_LANGUAGES[code[:2].lower()] for code in wanted if code[:2].lower() in _LANGUAGES), ENGLISH)


def voice_of(language: str | None, otherwise: str) -> str:
    """The language in which a voice reads the words of a client."""
    return _VOICES.get((language or "")[:2].lower(), otherwise)


def digits(number: int | str) -> str:
    """`1 0 4 2`."""
    return " ".join(char for char in str(number) if char.isdecimal())


def telephone(number: str) -> str:
    """A number as it is read out: in groups of three, three and four where it has those."""
    plain = "".join(char for char in number if char.isdecimal())
    if len(plain) == 11 and plain[0] == "1":
        plain = plain[1:]
    if len(plain) == 10:
        return ", ".join(" ".join(part) for part in (plain[:3], plain[3:6], plain[6:]))
    return " ".join(plain)


def readable(words: str) -> str:
    """A client's words for a voice: cut to a sensible length at a word, long numbers spelled, those of computers left."""
    plain = " ".join(words.split())
    if len(plain) > LONGEST:
        plain = plain[:LONGEST].rpartition(" ")[0].rstrip(",;:-") + " ..."
    return _NUMBER.sub(lambda match: match[0] if _ADDRESS.fullmatch(match[0]) else telephone(match[0]), plain)
