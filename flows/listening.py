"""How long words are listened to. Voices differ, so these are estimates, on the slow side."""

from flows.instructions import Gather, Instruction, Pause, Play, Say
from flows.schema import Desk
from flows.speech import Clip, Gap, Prompts, Translated, Words
from flows.words import fill, spoken_values

#: Characters that a voice speaks in a second, what a sound file is taken to last, and the breath before a prompt.
SPOKEN, PLAYED, BREATH = 13.0, 5.0, 1.0
#: What a caller needs to press a key that interrupts the words.
REACTION = 2.0


def speaking(text: str) -> float:
    """Seconds of a voice that says `text`."""
    return BREATH + len(text) / SPOKEN


def lasts(instructions: tuple[Instruction, ...], *, whole: bool = True) -> float:
    """Seconds of what a turn of a call says. Not `whole`: until a key interrupts the menu that it ends in."""
    seconds = 0.0
    for one in instructions:
        match one:
            case Say(text=text):
                seconds += speaking(text)
            case Play():
                seconds += PLAYED
            case Pause(seconds=length):
                seconds += length
            case Gather(prompts=prompts, timeout=timeout):
                seconds += lasts(prompts) + timeout if whole else REACTION
    return round(seconds, 1)


def heard(prompts: Prompts, desk: Desk, language: str) -> float:
    """Seconds of prompts of the file, for a caller with this language."""
    return sum(_one(prompt, desk, language) for prompt in spoken_to(prompts, desk, language))


def spoken_to(prompts: Prompts, desk: Desk, language: str) -> tuple[Words | Clip | Gap, ...]:
    """What a caller with this language hears of `prompts`, piece by piece."""
    return tuple(one.best(language, desk.language)[1] if isinstance(one, Translated) else one for one in prompts)


def filled_in(words: Words, desk: Desk, language: str) -> str:
    """Words with what they say of the desk; of the caller, as for one whom nobody knows."""
    return fill(words.say, spoken_values(desk, number=None, client=None, language=language))


def _one(prompt: Words | Clip | Gap, desk: Desk, language: str) -> float:
    if isinstance(prompt, Words):
        return speaking(filled_in(prompt, desk, language))
    return PLAYED if isinstance(prompt, Clip) else float(prompt.pause)
