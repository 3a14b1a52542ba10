"""Quotes and brackets that were opened and not closed before the place at which the YAML parser gave up."""

import re
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.tokens import (
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    ScalarToken,
    Token,
)

#: A line that begins like `key: value`: words that are spoken rarely do.
_LIKE_A_KEY = re.compile(r"\n[ \t]*(?:- +)?[\"']?[A-Za-z0-9_*#]+[\"']?:(?=\s)")

Spot = tuple[int, int]


@dataclass(frozen=True)
class Opened:
    """Line and column, from 1: of a text in quotes that has swallowed other keys, of the innermost open bracket."""

    quote: Spot | None = None
    bracket: Spot | None = None


def opened_before(text: str, last: Spot) -> Opened:
    """What is open at `last`. A quote that is missing is noticed by the parser only behind the next one."""
    brackets: list[Spot] = []
    quote: Spot | None = None
    for token in _tokens(text, last):
        if isinstance(token, FlowSequenceStartToken | FlowMappingStartToken):
            brackets.append(_spot(token))
        elif isinstance(token, FlowSequenceEndToken | FlowMappingEndToken):
            brackets = brackets[:-1]
        elif isinstance(token, ScalarToken) and token.style in {"'", '"'}:
            begins, ends = token.start_mark.index, token.end_mark.index
            swallowed = token.end_mark.line + 1 == last[0] and _LIKE_A_KEY.search(text, begins, ends)
            quote = _spot(token) if swallowed else None
    return Opened(quote, brackets[-1] if brackets else None)


def _tokens(text: str, last: Spot) -> list[Token]:
    """The parser's tokens up to `last`, as many as can be read."""
    found: list[Token] = []
    try:
        for token in YAML(typ="safe", pure=True).scan(text):
            if _spot(token) >= last:
                break
            found.append(token)
    except YAMLError:
        pass  # the error that is being put into words
    return found


def _spot(token: Token) -> Spot:
    return token.start_mark.line + 1, token.start_mark.column + 1
