"""What the YAML parser complains about, in words for somebody who does not know the inside of a YAML parser."""

import re
from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError


@dataclass(frozen=True)
class _Rule:
    """A complaint of the parser (a pattern over "context: problem") and our words. `opening`: point at its start."""

    pattern: str
    message: str
    hint: str
    opening: bool = False


_QUOTES = "put the whole text in double quotes"
_RULES = (
    _Rule(
        r"character '\\t'", "there is a tab at the beginning", "indent with spaces; set your editor to insert spaces"
    ),
    _Rule(
        r"quoted scalar.*(end of stream|document separator)",
        "this quote is never closed",
        "add the closing quote",
        True,
    ),
    _Rule(
        r"mapping values are not allowed",
        "a colon is not allowed here",
        "text with a colon and a space in it needs double quotes; or is the line indented more than the one above?",
    ),
    _Rule(
        r"could not find expected ':'",
        "a key without a colon",
        "write `key: value`; a longer text needs quotes or `>-`",
    ),
    _Rule(
        r"scanning an (alias|anchor)", "* and & are special at the beginning of a value", 'put it in quotes: "*"', True
    ),
    _Rule(r"unknown escape character", "\\ is special inside double quotes", "write \\\\ or use single quotes"),
    _Rule(r"expected escape sequence", "\\ is special inside double quotes", "write \\\\ or use single quotes"),
    _Rule(r"found character '.*' that cannot start any token", "the text begins with a special character", _QUOTES),
    _Rule(r"parsing a flow (sequence|mapping)", "this bracket is never closed", "add the closing ] or }", True),
    _Rule(
        r"indentation indicators?|while scanning a block scalar",
        "only >- or | may stand before a text block",
        "write >-",
    ),
    _Rule(r"directive|%", "a line that begins with % is special", "delete it, or indent it if it is part of a text"),
    _Rule(
        r"block sequence entries are not allowed",
        "a list item (-) is not allowed here",
        "begin it on a line of its own",
    ),
    _Rule(
        r"expected <block end>|block collection|block mapping|expected '<document start>'",
        "this does not fit the lines above",
        "check the indentation: keys of one block begin in the same column",
    ),
    _Rule(r"tag", "! is special at the beginning of a value", _QUOTES),
)


def in_plain_words(error: MarkedYAMLError, text: str) -> tuple[int, int, str, str]:
    """Line and column (from 1), message and hint for a complaint of the parser about `text`."""
    mark, opening = error.problem_mark or error.context_mark, error.context_mark or error.problem_mark
    said = f"{error.context or ''}: {error.problem or ''}"
    rule = next((rule for rule in _RULES if re.search(rule.pattern, said)), None)
    if rule is None:
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return line, column, f"this is not YAML: {error.problem or 'unreadable'}", "compare with the shipped file"
    place = opening if rule.opening else mark
    line, column = (place.line + 1, place.column + 1) if place else (1, 1)
    return line, column, *_special_cases(rule, text, line=line)


def _special_cases(rule: _Rule, text: str, *, line: int) -> tuple[str, str]:
    """The commonest slip of all: words that begin with a placeholder, `say: {desk} help desk`."""
    lines = text.splitlines()
    here = lines[line - 1] if line <= len(lines) else ""
    if re.search(r"[:-]\s+\{[a-z]+\}", here):
        return "the text begins with {, which is special", 'put it in double quotes: "{desk} help desk"'
    if re.search(r"[:-]\s+(\"[^\"]*\"|'[^']*')\s*[^\s#]", here):
        return "there is more text after the closing quote", _QUOTES
    return rule.message, rule.hint
