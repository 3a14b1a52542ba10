"""What an editor would mark: the JSON Schemas beside the flow files, read as an editor reads them. Knows the words that those
schemas use, and stops at any other."""

import json
import re
from typing import Any

from flow_phone import SHIPPED
from ruamel.yaml import YAML

_NAMES = {"string": str, "object": dict, "array": list, "boolean": bool, "null": type(None), "integer": int}
_ONLY_TOLD = {"title", "description", "default", "$defs", "discriminator"}


def complaints(schema: str, text: str) -> list[str]:
    """The places in `text` that do not fit, such as calls.steps.main; [] when all of it does."""
    whole = json.loads((SHIPPED / f"{schema}.schema.json").read_text(encoding="utf-8"))
    return list(dict.fromkeys(_complaints(YAML(typ="safe").load(text), whole, whole, "")))


def _complaints(value: Any, schema: dict[str, Any], whole: dict[str, Any], place: str) -> list[str]:
    found: list[str] = []
    for word, rule in schema.items():
        if word not in _ONLY_TOLD:
            found += _RULES[word](value, rule, schema, whole, place)
    return found


def _ref(value: Any, rule: str, _: Any, whole: Any, place: str) -> list[str]:
    return _complaints(value, whole["$defs"][rule.rpartition("/")[2]], whole, place)


def _type(value: Any, rule: str, _: Any, __: Any, place: str) -> list[str]:
    # Editors take what YAML makes of a date, or of hours like 22:30, for the text that was written.
    odd = isinstance(value, bool) and rule == "integer"
    fits = isinstance(value, _NAMES[rule]) and not odd
    return [] if fits or (rule == "string" and not isinstance(value, dict | list | type(None))) else [place]


def _any_of(value: Any, rule: list[Any], _: Any, whole: Any, place: str) -> list[str]:
    """The complaints of the alternative that goes farthest; of two that go equally far, the shorter ones."""
    tries = [_complaints(value, one, whole, place) for one in rule]
    return [] if not all(tries) else max(tries, key=lambda found: (max(map(len, found)), -len(found)))


def _one_of(value: Any, rule: list[Any], schema: Any, whole: Any, place: str) -> list[str]:
    fitting = [one for one in rule if not _complaints(value, one, whole, place)]
    return [] if len(fitting) == 1 else [place] if fitting else _any_of(value, rule, schema, whole, place)


def _properties(value: Any, rule: dict[str, Any], _: Any, whole: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    inner = ((name, value[name], one) for name, one in rule.items() if name in value)
    return [wrong for name, one, there in inner for wrong in _complaints(one, there, whole, _in(place, name))]


def _patterns(value: Any, rule: dict[str, Any], _: Any, whole: Any, place: str) -> list[str]:
    items = value.items() if isinstance(value, dict) else ()
    pairs = [(name, one, there) for name, one in items for form, there in rule.items() if re.search(form, str(name))]
    return [wrong for name, one, there in pairs for wrong in _complaints(one, there, whole, _in(place, name))]


def _additional(value: Any, rule: Any, schema: dict[str, Any], whole: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    forms = schema.get("patternProperties", {})
    named = schema.get("properties", {})
    more = [name for name in value if name not in named and not any(re.search(form, str(name)) for form in forms)]
    if rule is False:
        return [_in(place, name) for name in more]
    return [
        wrong
        for name in more
        if isinstance(rule, dict)
        for wrong in _complaints(value[name], rule, whole, _in(place, name))
    ]


def _items(value: Any, rule: Any, _: Any, whole: Any, place: str) -> list[str]:
    items = enumerate(value) if isinstance(value, list) else ()
    return [wrong for index, one in items for wrong in _complaints(one, rule, whole, _in(place, index))]


def _in(place: str, name: object) -> str:
    return f"{place}.{name}".lstrip(".")


def _names(value: Any, rule: Any, _: Any, whole: Any, place: str) -> list[str]:
    names = [str(name) for name in value] if isinstance(value, dict) else []
    return [wrong for name in names for wrong in _complaints(name, rule, whole, _in(place, name))]


def _when(fits: Any) -> Any:
    """A rule about one value that says nothing about other types."""
    return lambda value, rule, _, __, place: [] if fits(value, rule) else [place]


_RULES: dict[str, Any] = {
    "$ref": _ref, "type": _type, "anyOf": _any_of, "oneOf": _one_of, "properties": _properties, "items": _items,
    "patternProperties": _patterns, "additionalProperties": _additional, "propertyNames": _names,
    "required": _when(lambda value, rule: not isinstance(value, dict) or value.keys() >= set(rule)),
    "enum": _when(lambda value, rule: value in rule),
    "const": _when(lambda value, rule: value == rule),
    "pattern": _when(lambda value, rule: isinstance(value, dict | list) or bool(re.search(rule, str(value)))),
    "minLength": _when(lambda value, rule: len(str(value)) >= rule),
    "maxLength": _when(lambda value, rule: not isinstance(value, str) or len(value) <= rule),
    "minimum": _when(lambda value, rule: not isinstance(value, int) or value >= rule),
    "maximum": _when(lambda value, rule: not isinstance(value, int) or value <= rule),
    "minItems": _when(lambda value, rule: not isinstance(value, list) or len(value) >= rule),
    "maxItems": _when(lambda value, rule: not isinstance(value, list) or len(value) <= rule),
    "maxProperties": _when(lambda value, rule: not isinstance(value, dict) or len(value) <= rule),
    "minProperties": _when(lambda value, rule: not isinstance(value, dict) or len(value) >= rule),
}  # fmt: skip
