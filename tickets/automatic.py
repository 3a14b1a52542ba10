"""Automatic replies: texts that a telephone or mailbox writes by itself. Nothing ever answers one. Pure.

Words alone decide nothing: "Our out of office replies are broken" is a client with a problem. Only a text that follows a
text of ours within minutes, or that says the same again and again, is taken for one."""

import re
from datetime import timedelta

from tickets.commands import plain_words

#: How soon an automaton answers a text of ours; a person who quotes one later is a person.
SOON = timedelta(minutes=10)

#: The same words so often within an hour are not written by a person who wants something new.
SAME_WORDS = 4

_PHRASES = re.compile(
    r"^(auto ?(matic(ally generated)?)? ?(reply|response|message|text|responder)"
    r"|this is an auto(mated|matic)"
    r"|(i am|im|i m) (currently )?(driving|out of( the)? office|away|on vacation|in a meeting)\b"
    r"|driving mode|do not disturb"
    r"|(thank you|thanks) for (contacting|texting|your (message|text))"
    r"|we have received your (message|text)"
    r"|out of( the)? office"
    r"|respuesta automatica"
    r")"
    r"|\b(this (mailbox|number|inbox) is not monitored|do not reply to this (message|text)|replies are not monitored"
    r"|sent from my car|automated (message|response|reply)|ill (see|get) your (message|text|notification)s? when"
    r"|not receiving notifications)\b"
)


def sounds_automatic(body: str) -> bool:
    """Whether the words are those of an automatic reply."""
    return _PHRASES.search(plain_words(body.translate({ord(mark): None for mark in "'’"}))) is not None


_THANKS = re.compile(
    r"(ok|okay|k|done|all done|ack|acknowledged|great|perfect|awesome|got it|all good|all good now|sounds good|it is fine"
    r"|its fine)?( )?"
    r"((its|it is|it)? ?(working|works|fixed)( now| again)?|that (fixed it|worked)|you ?(are|re) the best"
    r"|ya funciona)?( )?"
    r"(thanks|thank you|thx|ty|tysm|many thanks|appreciate it|gracias|muchas gracias|listo|perfecto)?"
    r"( so much| a lot| again| everyone| guys| sir)?"
)


def is_thanks(body: str) -> bool:
    """Whether a text says only that all is well: nobody is woken, and nothing reopened, for a "thank you"."""
    words = plain_words(body.translate({ord(mark): None for mark in "'’"}))
    return (words != "" and _THANKS.fullmatch(words) is not None) or (
        not words and any(mark in body for mark in "👍🙏👌❤😀🙂😊✅")
    )
