"""What a caller, or the team, notices of a step that is otherwise than before: its words, times, and what its keys do."""

from collections.abc import Iterator

from flows.describe import whom
from flows.difference.arrivals import Spoken, View
from flows.difference.words import fields, is_prompts, says
from flows.steps import MenuStep, Option, RingStep, Step, kind_name

#: Who or what says the words of a field, by kind of step and field.
_SPEAKERS = {
    ("menu", "say"): "the menu",
    ("menu", "notice"): "the notice after the menu",
    ("ask", "say"): "the question",
    ("ask", "again"): "the question that was not answered",
    ("ask", "read_back"): "the number that is read back",
    ("ring", "say"): "the voice that begins to ring",
    ("ring", "hold"): "the sound on hold",
    ("ring", "still"): "the voice on hold",
    ("ring", "taken"): "the voice that connects",
    ("ring", "goodbye"): "the goodbye after the conversation",
    ("transfer", "say"): "the voice that transfers",
    ("transfer", "goodbye"): "the goodbye after the transfer",
    ("callback", "say"): "the offer to call back",
    ("callback", "thanks"): "the thanks for a call-back",
    ("message", "say"): "the offer of a text",
    ("message", "thanks"): "the thanks after the offer of a text",
    ("voicemail", "say"): "the voicemail, before the tone,",
    ("voicemail", "again"): "the voicemail, when it heard nothing,",
    ("voicemail", "thanks"): "the thanks after a voicemail",
    ("voicemail", "goodbye"): "the goodbye when the voicemail heard nothing twice",
    ("hangup", "hangup"): "the goodbye",
}
#: Sentences about plain values, by kind of step; "" for those that are told in another way.
_SENTENCES = {
    "menu": {
        "wait": "the menu waits {new} seconds for a key instead of {old}",
        "tries": "tries at a key before the call goes on by itself: {new} instead of {old}",
    },
    "ring": {
        "team": "",
        "seconds": "the phones ring {new} seconds instead of {old}",
        "order": "the phones ring {new} instead of {old}",
    },
    "transfer": {
        "to": "the call is transferred to {new} instead of {old}",
        "seconds": "the phone of the transfer rings {new} seconds instead of {old}",
    },
    "ask": {
        "about": "the ticket calls what was typed “{new}” instead of “{old}”",
        "kind": "what is typed is read as {new} instead of {old}",
        "wait": "the question waits {new} seconds for the next key instead of {old}",
        "tries": "tries at the question: {new} instead of {old}",
    },
    "callback": {
        "opens": "a call-back opens the ticket “{new}” instead of “{old}”",
        "wait": "the offer to call back waits {new} seconds for the key instead of {old}",
    },
    "message": {
        "text": "the text that callers can have is “{new}” instead of “{old}”",
        "wait": "the offer of a text waits {new} seconds for the key instead of {old}",
    },
    "voicemail": {
        "max_seconds": "a voicemail may last {new} seconds instead of {old}",
        "silence_seconds": "{new} seconds of silence end a voicemail instead of {old}",
        "beep": "a tone before the voicemail: now {new} instead of {old}",
    },
}


def of_step(old: Step, new: Step, one: View, other: View) -> Iterator[str]:
    """What is otherwise about a step of the same kind, its ways on aside."""
    kind = kind_name(new)
    before, after = getattr(old, kind), getattr(new, kind)
    if is_prompts(after):  # a hangup is nothing but words
        yield from words("the goodbye", one.spoken(before), other.spoken(after))
        return
    spoken = [name for name in type(after).model_fields if is_prompts(getattr(after, name) or getattr(before, name))]
    for name in spoken:
        if name == "read_back" and "number" not in (before.kind, after.kind):
            continue
        speaker = _SPEAKERS.get((kind, name), f"“{name}” of the {kind}")
        yield from words(speaker, one.spoken(getattr(before, name)), other.spoken(getattr(after, name)))
    apart = (*spoken, "keys", "silence", "wrong")
    yield from fields(before, after, _SENTENCES.get(kind, {}), leave_out=apart)
    if isinstance(old, RingStep) and isinstance(new, RingStep) and old.ring.team != new.ring.team:
        yield f"the call rings {whom(new.ring.team)} instead of {whom(old.ring.team)}"


def words(speaker: str, before: Spoken, after: Spoken, **verbs: str) -> Iterator[str]:
    """Words that are otherwise, in each language; once when they are the same in all of them. `verbs`: see `says`."""
    found: dict[str, list[str]] = {}
    for (language, old), (_, now) in zip(before, after, strict=True):
        if (sentence := says(speaker, old, now, **verbs)) is not None:
            found.setdefault(sentence, []).append(language)
    for sentence, languages in found.items():
        yield sentence if len(languages) == len(after) else f"{sentence} (in {' and '.join(languages)})"


def of_keys(old: Step, new: Step) -> Iterator[str]:
    """What else the keys do that both menus have: tickets, language, notes."""
    if not isinstance(old, MenuStep) or not isinstance(new, MenuStep):
        return
    for key, option in new.menu.keys.items():
        if (before := old.menu.keys.get(key)) is not None:
            yield from _of_key(f"key {key}", before, option)


def _of_key(key: str, old: Option, new: Option) -> Iterator[str]:
    if old.opens != new.opens:
        if old.opens is None or new.opens is None:
            ticket = "normal ticket" if new.priority == "normal" else "ticket"
            yield f"{key} now opens the {ticket} “{new.opens}”" if new.opens else f"{key} opens no ticket any more"
        else:
            yield f"{key} now opens the ticket “{new.opens}” instead of “{old.opens}”"
    if old.priority != new.priority and old.opens and new.opens:
        yield f"the ticket of {key} is now {new.priority} instead of {old.priority}"
    if old.language != new.language:
        yield f"{key} now goes on in {new.language}" if new.language else f"{key} no longer goes on in {old.language}"
    if old.records != new.records:
        yield f"{key} now notes “{new.records}”" if new.records else f"{key} no longer notes “{old.records}”"
