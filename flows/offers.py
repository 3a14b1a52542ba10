"""The steps that ask a caller for something beside the way on: what to type, whether to call back, whether to text.

Each function returns the turn that waits for the answer, or the name of the step to go on with."""

import re

from flows.instructions import CallBack, Hangup, Note, SendText, Typed
from flows.session import Turn, Waiting
from flows.steps import LEAVE_KEY, Ask, AskStep, CallbackStep, MessageStep
from flows.turn import Making
from flows.words import TYPED, fill, spelled

#: After a phone number was read back, this key asks for it again.
CHANGE_KEY = "2"
#: More keys than any answer has.
MOST_KEYS = 20
#: Seconds to wait for the key after a number was read back.
READ_WAIT = 3

Asking = AskStep | CallbackStep | MessageStep


def begin(call: Making, name: str, step: Asking) -> Turn | str:
    """Come to one of these steps."""
    if isinstance(step, AskStep):
        return _ask(call, name, step.ask, tries=0)
    if isinstance(step, CallbackStep):
        if call.number is None:
            return step.otherwise
        return _wait(call, name).gather(step.callback.say, wait=step.callback.wait)
    if not call.caller.texts:
        return step.next
    return _wait(call, name).gather(step.message.say, wait=step.message.wait)


def answered(call: Making, step: Asking, keys: str) -> Turn | str:
    """The caller pressed keys there, or nothing ("")."""
    name = call.session.step
    if isinstance(step, AskStep):
        return _typed(call, name, step, keys)
    if isinstance(step, CallbackStep):
        if keys != LEAVE_KEY or call.number is None:
            return step.otherwise
        call.out.append(CallBack(call.number, step.callback.opens))
        call.say(step.callback.thanks)
        return call.end(name, Hangup())
    if keys == LEAVE_KEY:
        desk = call.flow.desk
        call.out.append(SendText(fill(step.message.text, {"desk": desk.name, "hours": desk.hours})))
        call.say(step.message.thanks)
    return step.next


def _wait(call: Making, name: str) -> Making:
    call.keep(step=name, waiting=Waiting.KEYS, tries=0)
    return call


def _ask(call: Making, name: str, ask: Ask, *, tries: int) -> Turn:
    call.keep(step=name, waiting=Waiting.KEYS, tries=tries, asked="")
    prompts = (*ask.again, *ask.say) if tries else ask.say
    return call.gather(prompts, wait=ask.wait, digits=MOST_KEYS, finish="#")


def _typed(call: Making, name: str, step: AskStep, keys: str) -> Turn | str:
    ask, before = step.ask, call.session.asked
    if before and keys != CHANGE_KEY:  # it was read back, and nothing is wrong with it
        call.keep(asked="", number=before)
        call.out.append(Typed(ask.about, ask.kind, before))
        return step.next
    if before:  # the question anew, and its tries with it: the turns of the call are counted all the same
        call.say(ask.again)
        return name
    tries = call.session.tries + 1
    value = understood(ask.kind, keys)
    if value is None:
        if tries < ask.tries and not call.at_limit:
            return _ask(call, name, ask, tries=tries)
        call.keep(asked="")
        call.out.append(Note(f"The caller was asked for the {ask.about} and typed none"))
        return step.next
    if ask.kind == "number":
        call.keep(asked=value, tries=tries - 1)
        call.more = {TYPED: spelled(value) or value}
        return call.gather(ask.read_back, wait=READ_WAIT)
    call.out.append(Typed(ask.about, ask.kind, value))
    return step.next


def understood(kind: str, keys: str) -> str | None:
    """What was typed, or None when it cannot be that: for a phone number E.164, as people of North America type it."""
    if kind == "number":
        digits = re.sub(r"[*#]", "", keys)
        if match := re.fullmatch(r"1?([2-9]\d{2}[2-9]\d{6})", digits):
            return f"+1{match[1]}"
        abroad = re.fullmatch(r"011([1-9]\d{6,14})", digits)
        return f"+{abroad[1]}" if abroad else None
    form = r"[2-9]{2,20}" if kind == "name" else r"[0-9*]{1,20}"
    return keys if re.fullmatch(form, keys) else None
