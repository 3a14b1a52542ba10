"""What is said or played to a caller: the prompts of the flow files."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from flows.fields import LANGUAGE_FORM, Language, Sound, Spoken, Voice


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

    play: Sound = Field(
        description="a sound file: hello.wav in the folder `sounds` beside the flow files, or its https address; or "
        "ringing, a telephone's ringing tone"
    )


class Gap(Model):
    """A prompt that is silence."""

    pause: int = Field(ge=1, le=10, description="seconds of silence")


def kind_of(*names: str) -> Discriminator:
    """Tell the members of a union apart by the one key that only they have. Tags carry a space: no key does."""

    def which(value: Any) -> str | None:
        found = [name for name in names if (name in value if isinstance(value, dict) else hasattr(value, name))]
        return f"{found[0]} kind" if len(found) == 1 else None

    return Discriminator(which)


OneLanguage = Annotated[Annotated[Words, Tag("say kind")] | Annotated[Clip, Tag("play kind")], kind_of("say", "play")]


class Translated(Model):
    """A prompt in several languages: the caller hears their own, where it is there, else the desk's."""

    spoken: dict[Language, OneLanguage] = Field(min_length=1, max_length=20, description="words or sound by language")

    def best(self, *wanted: str) -> tuple[str, Words | Clip]:
        """The first wanted language that is there, and its words; any of them when none is. "es" is there for "es-US"."""
        for language in wanted:
            for one, prompt in self.spoken.items():
                if same_language(one, language):
                    return one, prompt
        return next(iter(self.spoken.items()))


AnyPrompt = Annotated[
    Annotated[Words, Tag("say kind")]
    | Annotated[Clip, Tag("play kind")]
    | Annotated[Gap, Tag("pause kind")]
    | Annotated[Translated, Tag("spoken kind")],
    kind_of("say", "play", "pause", "spoken"),
]

PROMPT_KINDS: dict[str, type[Model]] = {"say": Words, "play": Clip, "pause": Gap, "spoken": Translated}


def same_language(one: str, other: str) -> bool:
    """Whether both are the same language, in whatever country."""
    return one.partition("-")[0] == other.partition("-")[0]


def _as_words(value: Any) -> Any:
    return {"say": value} if value is None or isinstance(value, str) else value


def _as_prompt(value: Any) -> Any:
    """Plain words stand for `say`, and {en: ..., es: ...} for the same prompt in several languages."""
    named = isinstance(value, dict) and value and not value.keys() & {"say", "play"}
    if named and all(re.fullmatch(LANGUAGE_FORM, str(key)) for key in value):
        return {"spoken": {key: _as_words(inner) for key, inner in value.items()}}
    return _as_words(value)


def _as_prompts(value: Any) -> Any:
    """One prompt stands for a list of one, so that the common case needs no list."""
    return [_as_prompt(item) for item in (value if isinstance(value, list | tuple) else [value])]


_Written = str | Words | Clip | Gap | dict[Language, str | Words | Clip]

Prompts = Annotated[
    tuple[AnyPrompt, ...],
    Field(min_length=1, max_length=10),
    BeforeValidator(_as_prompts, json_schema_input_type=_Written | list[_Written]),
]


def in_languages(**words: str) -> tuple[Translated, ...]:
    """A prompt that has words without being written, in every language that the desk is shipped with."""
    return (Translated(spoken={language: Words(say=text) for language, text in words.items()}),)


def spoken_in(prompts: Prompts, *languages: str) -> Iterator[Words]:
    """The words that a caller with these languages, the best first, hears of `prompts`."""
    for prompt in prompts:
        found = prompt.best(*languages)[1] if isinstance(prompt, Translated) else prompt
        if isinstance(found, Words):
            yield found
