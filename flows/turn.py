"""One turn in the making: the session so far, the instructions collected, and the words in the caller's language."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from flows.instructions import Gather, Instruction, Pause, Play, Prompt, Say
from flows.schema import HelpdeskFlow
from flows.session import Caller, Session, Turn, Waiting
from flows.speech import AnyPrompt, Clip, Prompts, Translated, Words
from flows.words import fill, spoken_values


class Making:
    """What every kind of step works with. `now` is epoch seconds, `minutes` how long the call has lasted."""

    def __init__(self, flow: HelpdeskFlow, session: Session, *, caller: Caller, now: datetime) -> None:
        self.flow, self.session, self.caller, self.moment = flow, session, caller, now
        self.now = int(now.timestamp())
        self.minutes = (now.timestamp() - session.began) / 60
        self.out: list[Instruction] = []
        self.passed: list[str] = []
        self.more: Mapping[str, str] = {}

    @property
    def number(self) -> str | None:
        """Where the caller can be called back: the number that was typed, else the caller id."""
        return self.session.number or self.caller.number

    @property
    def at_limit(self) -> bool:
        """Whether the call has lasted long enough: from here on there is only the voicemail."""
        limits = self.flow.calls.limits
        return self.session.steps > limits.turns or self.minutes >= limits.minutes

    def keep(self, **changes: object) -> None:
        """Change the session."""
        self.session = replace(self.session, **changes)  # type: ignore[arg-type]

    def say(self, prompts: Prompts) -> None:
        """Words that no key interrupts."""
        self.out.extend(self.prompts(prompts))

    def gather(self, prompts: Prompts | tuple[Prompt, ...], *, wait: int, digits: int = 1, finish: str = "") -> Turn:
        """Say this and wait for keys. One digit and no finish key: # and * arrive as keys of their own instead of looking
        like silence."""
        ready = self.prompts(prompts)
        gather = Gather(prompts=ready, digits=digits, timeout=wait, finish_on_key=finish)
        return self.turn(gather)

    def end(self, name: str, *last: Instruction) -> Turn:
        """The end of the call at step `name`."""
        self.keep(step=name, waiting=Waiting.NOTHING, ended=True)
        return self.turn(*last)

    def turn(self, *last: Instruction) -> Turn:
        """The turn that all of this comes to."""
        return Turn(self.session, (*self.out, *last), tuple(self.passed))

    def prompts(self, prompts: Prompts | tuple[Prompt, ...]) -> tuple[Prompt, ...]:
        """Prompts of the file as the caller hears them; what is ready stays."""
        return tuple(one if isinstance(one, Say | Play | Pause) else self._prompt(one) for one in prompts)

    def _prompt(self, prompt: AnyPrompt) -> Prompt:
        desk = self.flow.desk
        language = desk.language
        if isinstance(prompt, Translated):
            language, prompt = prompt.best(self.session.language, desk.language)
        if isinstance(prompt, Clip):
            return Play(prompt.play)
        if isinstance(prompt, Words):
            spoken, voice = desk.voice_of(prompt.language or language)
            return Say(self.fill(prompt.say, spoken), spoken, prompt.voice or voice)
        return Pause(prompt.pause)

    def fill(self, words: str, language: str) -> str:
        """Words with their placeholders filled in, in the language in which they are spoken."""
        if "{" not in words:
            return " ".join(words.split())
        values = spoken_values(self.flow.desk, number=self.number, client=self.caller.client, language=language)
        return " ".join(fill(words, {**values, **self.more}).split())
