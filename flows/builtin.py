"""What a caller gets when no flow file can be run: a short greeting and the voicemail, never a dead line."""

from typing import Any

from flows.schema import Desk, HelpdeskFlow
from flows.steps import VoicemailStep
from flows.words import with_desk

_VOICEMAIL: dict[str, Any] = {
    "say": "Please leave your name, your office, your number, and what is wrong, after the tone. "
    "Then hang up, or press pound.",
    "again": "I did not hear a message. Please speak after the tone.",
    "thanks": "Thank you. Your message goes to the whole team now. Goodbye.",
    "goodbye": "I still did not hear a message. You can also text this number. Goodbye.",
}
_NOTICE = (
    "By messaging us, I consent to receive SMS from Business IT Service Corps, LLC. Reply STOP to opt-out; Reply "
    "HELP for support; Message & data rates may apply; Messaging frequency may vary. Visit "
    "https://bitscorps.com/privacy-policy to see our privacy policy and https://bitscorps.com/terms-and-conditions/ "
    "for our Terms of Service."
)
_SHORT_NOTICE = (
    "By messaging us you consent to SMS. Reply STOP to opt-out, HELP for support. Message & data rates may apply, "
    "frequency may vary. https://bitscorps.com/privacy-policy https://bitscorps.com/terms-and-conditions/"
)
_GREETING = (
    "{desk} help desk. Messages are recorded. By messaging us you consent to texts from us. Reply STOP to opt out, "
    "HELP for support. Message and data rates may apply, frequency may vary. Privacy policy and terms of service are "
    "at bitscorps dot com."
)
_DESK: dict[str, Any] = {
    "name": "Business IT Service Corps, LLC",
    "spoken": "Business I.T. Service Corps",
    "number": "+19036892004",
    "hours": "Emergencies are taken at all hours.",
}

VOICEMAIL_STEP = VoicemailStep.model_validate({"voicemail": _VOICEMAIL})


def voicemail_only(desk: Desk | None = None) -> HelpdeskFlow:
    """A whole flow for `desk` (None: the shipped desk) that greets, takes a message, and answers texts with consent."""
    steps = {"greeting": {"say": _GREETING, "next": "message"}, "message": {"voicemail": _VOICEMAIL}}
    flow = HelpdeskFlow.model_validate(
        {
            "desk": desk or Desk.model_validate(_DESK),
            "consent": _NOTICE,
            "calls": {"start": "greeting", "steps": steps},
            "texts": {
                "first_reply": "{desk}: ticket {ticket} is open, our team is told. " + _SHORT_NOTICE,
                "help": "{desk}: call or text 903-689-2004. " + _SHORT_NOTICE,
                "opted_out": "{desk}: you are opted out and get no more texts from us. Reply START to opt in again.",
                "opted_in": "{desk}: you get texts from us again. Reply STOP to opt-out, HELP for support. "
                "Message & data rates may apply, frequency may vary.",
            },
        }
    )
    return with_desk(flow)
