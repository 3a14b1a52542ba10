"""pydantic's errors as Problems: the right line, plain words, what is allowed, and a guess at what was meant."""

from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from flows.fields import shown
from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.source import Document, Place
from flows.speech import PROMPT_KINDS
from flows.steps import STEP_KINDS

_UNIONS = (STEP_KINDS, PROMPT_KINDS)
#: The kind that no key of the file names: its keys are languages.
_UNNAMED = "spoken"


def explain(error: ValidationError, model: type[BaseModel], *, document: Document) -> tuple[Problem, ...]:
    """Every complaint of `error`, which came from validating `document` as `model`."""
    all_details = error.errors(include_url=False)
    return tuple(
        _problem(details, model, document=document)
        for details in all_details
        # Items that are wrong do not count, so pydantic also finds the list too short: one complaint is enough.
        if details["type"] != "too_short" or not any(_inside(other, details) for other in all_details)
    )


def _inside(inner: ErrorDetails, outer: ErrorDetails) -> bool:
    return len(inner["loc"]) > len(outer["loc"]) and inner["loc"][: len(outer["loc"])] == outer["loc"]


def _problem(details: ErrorDetails, model: type[BaseModel], *, document: Document) -> Problem:
    place, at_key = _place(details, document)
    entry = document.entry(place)
    line, column = entry.key if at_key else entry.value
    holder, field = _described(model, details["loc"])
    message, hint = _words(details, holder, field=field)
    return Problem(document.file, line, column, message, hint)


def _place(details: ErrorDetails, document: Document) -> tuple[Place, bool]:
    """The part of the location that is written in the file, and whether the key is meant rather than the value.

    Locations also name the kind of a union ("say kind"), a prompt's number where the file has plain words, and "[key]".
    """
    place: Place = ()
    for part in details["loc"]:
        if (*place, part) in document.entries:
            place = (*place, part)
    last = details["loc"][-1] if details["loc"] else None
    return place, last == "[key]" or details["type"] in {"missing", "extra_forbidden", "union_tag_not_found"}


def _described(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that holds the end of `loc`, and the field there if it has one."""
    current: Any = model
    holder: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for part in loc:
        if get_origin(current) in {Union, UnionType}:
            current = _model_in(current) or current  # a block that may be left out
        if isinstance(part, str) and part.endswith(" kind"):
            kind = part.removesuffix(" kind")
            current = next((members[kind] for members in _unions(current) if kind in members), None)
            holder, field = current, None
        elif isinstance(current, type) and issubclass(current, BaseModel):
            holder, field = current, _keys(current).get(str(part))
            current = field.annotation if field else None
        elif (single := _model_in(current)) is not None and get_origin(current) in {tuple, dict}:
            current, holder, field = single, single, None
    return holder, field


def _unions(annotation: Any) -> list[dict[str, type[BaseModel]]]:
    """The unions of the schema that can stand here: the one whose members the annotation names."""
    inside = _models(annotation)
    return [dict(members) for members in _UNIONS if set(members.values()) & inside]


def _models(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and not get_args(annotation):
        return {annotation} if issubclass(annotation, BaseModel) else set()
    return {model for part in get_args(annotation) for model in _models(part)}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The one model inside of a list or table of models."""
    found = _models(annotation)
    return next(iter(found)) if len(found) == 1 else None


def _words(details: ErrorDetails, holder: type[BaseModel] | None, *, field: FieldInfo | None) -> tuple[str, str]:
    """Message and hint for one complaint."""
    kind, loc, value = details["type"], details["loc"], details["input"]
    context = details.get("ctx", {})
    name = str(loc[-1]) if loc else ""
    about = f"{field.description}" if field and field.description else ""
    if kind == "helpline":
        return str(context["what"]), str(context["hint"])
    if kind == "missing":
        return f"'{name}' is missing here", about
    if kind == "extra_forbidden":
        allowed = list(_keys(holder)) if holder else []
        glued = name.partition(":")[0]
        hint = f"write `{glued}: ` with a space" if glued != name and glued in allowed else did_you_mean(name, allowed)
        return f"{shown(name)} is not a key of this block; allowed: {', '.join(allowed)}", hint
    if kind in {"union_tag_not_found", "model_type", "model_attributes_type"}:
        return _no_block(value, _choices(kind, loc, holder=holder, field=field))
    if value is None:
        return "the value is empty", about
    if kind == "string_unicode":
        return "the text holds half a character, which nobody can say or send", r"type it anew, without \u and \U"
    if kind == "literal_error":
        options = _options(field.annotation) if field else []
        return f"{_seen(value)} is not allowed; allowed: {', '.join(options)}", did_you_mean(str(value), options)
    return _wrong_value(kind, value, context=context, field=field), about


def _options(annotation: Any) -> list[str]:
    """The words that a field takes, also one that may be left out."""
    parts = get_args(annotation)
    return [one for part in parts for one in ([part] if isinstance(part, str) else _options(part))]


def _choices(
    kind: str, loc: tuple[int | str, ...], *, holder: type[BaseModel] | None, field: FieldInfo | None
) -> tuple[str, ...]:
    """The keys one of which a block needs: the kinds of a step or prompt, or the keys of the block."""
    if kind == "union_tag_not_found":
        kinds = STEP_KINDS if len(loc) == 3 and loc[1] == "steps" else PROMPT_KINDS
        in_one_language = f"{_UNNAMED} kind" in loc  # which has no languages in it, and no pauses
        return tuple(kind for kind in kinds if kind != _UNNAMED and not (in_one_language and kind == "pause"))
    block = _model_in(field.annotation) if field else holder
    return tuple(_keys(block)) if block else ()


def _keys(block: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a block by the keys that stand in the file: `from` is no name that Python could use."""
    return {field.alias or name: field for name, field in block.model_fields.items()}


def _no_block(value: object, choices: tuple[str, ...]) -> tuple[str, str]:
    """Something else stands where a block of keys, or one of several kinds of block, belongs."""
    keys = ", ".join(choices)
    if not isinstance(value, dict):
        return f"a block of keys belongs here, not {_seen(value)}", f"its keys: {keys}"
    both = [key for key in choices if key in value]
    if len(both) > 1:
        return f"this block has {' and '.join(both)} at once", "keep one: each of them says what the block is"
    guesses = (did_you_mean(str(key), choices) for key in value)
    guess = next((guess for guess in guesses if guess), "")
    if not guess and all(inner is None for inner in value.values()):
        guess = 'text that begins with { needs double quotes: "{desk} help desk"'
    usual = "one of them says what it is"
    if choices[0] in PROMPT_KINDS and choices[-1] == "pause":
        usual += ", or languages do: {en: ..., es: ...}"
    return f"this block has none of the keys {keys}", guess or usual


def _seen(value: object) -> str:
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a block of keys"
    return "nothing" if value is None else shown(value)


def _wrong_value(kind: str, value: object, *, context: dict[str, Any], field: FieldInfo | None) -> str:
    """The message for a value of the wrong type or outside of its bounds."""
    low, high = _bounds(field)
    if kind.startswith("int_") or kind in {"greater_than_equal", "less_than_equal"}:
        return f"{_seen(value)} is not a whole number from {low} to {high}"
    if kind.startswith("bool_"):
        return f"{_seen(value)} is neither true nor false"
    if kind == "string_type":
        return "text belongs here, not a list or a block"
    if kind == "string_too_long":
        return f"the text is longer than {context['max_length']} characters ({len(str(value))})"
    if kind == "too_long":
        return f"there are more than {context['max_length']} here"
    if kind == "too_short":
        return "at least one entry belongs here"
    if kind in {"tuple_type", "list_type"}:
        return f"a list belongs here, each item on its own line after '- ', not {_seen(value)}"
    if kind == "dict_type":
        return "a block of names belongs here, each on its own line with a colon"
    return f"{shown(value)} is not allowed here"


def _bounds(field: FieldInfo | None) -> tuple[object, object]:
    """Lowest and highest value of a number field; every number in the schema has both."""
    metadata = field.metadata if field else []
    low = next((item.ge for item in metadata if hasattr(item, "ge")), "?")
    high = next((item.le for item in metadata if hasattr(item, "le")), "?")
    return low, high
