"""What the YAML parser complains about, in words for somebody who does not know the inside of a YAML parser."""

import re
from dataclasses import dataclass, replace

from ruamel.yaml.error import MarkedYAMLError

from flows.opened import Opened, opened_before


@dataclass(frozen=True)
class _Rule:
    """A complaint of the parser (a pattern over "context: problem") and our words. `opening`: point at its start."""

    pattern: str
    message: str
    hint: str
    opening: bool = False


_QUOTES = "put the whole text in double quotes"
_COLON, _NO_COLON = "a colon is not allowed here", "a key without a colon"
_SPECIAL = "the text begins with a special character"
_NEVER_CLOSED = _Rule(
    r"parsing a flow (sequence|mapping)|flow node.*'<stream end>'",
    "this bracket is never closed",
    "add the closing ] or }",
    True,
)
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
        _COLON,
        "text with a colon and a space in it needs double quotes; or is the line indented more than the one above?",
    ),
    _Rule(
        r"could not find expected ':'",
        _NO_COLON,
        "write `key: value`; a longer text needs quotes or `>-`",
        True,
    ),
    _Rule(
        r"scanning an (alias|anchor)", "* and & are special at the beginning of a value", 'put it in quotes: "*"', True
    ),
    _Rule(r"unknown escape character", "\\ is special inside double quotes", "write \\\\ or use single quotes"),
    _Rule(r"expected escape sequence", "\\ is special inside double quotes", "write \\\\ or use single quotes"),
    _Rule(r"found character '.*' that cannot start any token", _SPECIAL, _QUOTES),
    _NEVER_CLOSED,
    _Rule(
        r"expected the node content, but found '[],}]'",
        "something is missing before this",
        "a comma or bracket too many? Else write what belongs here",
    ),
    _Rule(
        r"expected <block end>, but found '[]}]'", "this bracket closes nothing", "delete it, or add the opening one"
    ),
    _Rule(
        r"indentation indicators?|while scanning a block scalar",
        "only >- or | may stand before a text block",
        "write >-",
    ),
    _Rule(r"directive|%", "a line that begins with % is special", "delete it, or indent it if it is part of a text"),
    _Rule(
        r"sequence entries are not allowed",
        "a list item (-) is not allowed here",
        "begin it on a line of its own; text that begins with - needs quotes",
    ),
    _Rule(r"mapping keys are not allowed", _SPECIAL, _QUOTES),
    _Rule(
        r"expected <block end>|block collection|block mapping|expected '<document start>'",
        "this does not fit the lines above",
        "check the indentation: keys of one block begin in the same column",
    ),
    _Rule(r"tag", "! is special at the beginning of a value", _QUOTES),
)


#: A key with its value glued to it; an address has no key in front.
_GLUED = re.compile(r"^([ \t]*(?:- +)?)([A-Za-z_][A-Za-z0-9_]*):(?![\s/]|$)")
#: What word processors make of a space and a colon, where a key begins or ends; in the middle of a text they are harmless.
_LOOKALIKE = re.compile("^[ \t]*(?:- +)?(?:\\w+:?)?([\u00a0\uff1a])")


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
    last = (mark.line + 1, mark.column + 1) if mark else (line, column)
    return _closer(_Said(line, column, rule), said, text, last=last)


@dataclass(frozen=True)
class _Said:
    """What would be said, and where, before the text itself is looked at."""

    line: int
    column: int
    rule: _Rule


def _closer(said: _Said, parser: str, text: str, *, last: tuple[int, int]) -> tuple[int, int, str, str]:
    """The slips that the parser notices far from where they were made, and those with a better hint than the usual.

    `last` is the place at which the parser gave up."""
    opened = opened_before(text, last)
    if opened.quote is not None:
        return *opened.quote, f"this quote is not closed before line {last[0]}", "add the closing quote"
    if said.rule is _NEVER_CLOSED:
        return _bracket(said, parser, opened, last=last)
    lines = text.split("\n")
    about_a_colon = said.rule.message in {_NO_COLON, _COLON}
    for number in _looked_at(lines, last[0], said.line) if about_a_colon else ():
        here = lines[number - 1]
        if glued := _GLUED.match(here):
            column = glued.end() + 1
            return number, column, "a space is missing after the colon", f"write `{glued[2]}: ` with a space"
        if odd := _LOOKALIKE.match(here):
            message = f"the character U+{ord(odd[1]):04X} only looks like a {'space' if odd[1].isspace() else 'colon'}"
            return number, odd.start(1) + 1, message, "type it anew in a plain text editor"
    message, hint = _special_cases(said.rule, lines, line=said.line)
    return said.line, said.column, message, hint


def _looked_at(lines: list[str], *numbers: int) -> list[int]:
    """The lines that the parser names, each with the nearest line above it that is not empty."""
    found: list[int] = []
    for number in numbers:
        above = [one for one in range(1, min(number, len(lines) + 1)) if lines[one - 1].strip()]
        found += [one for one in (number, *above[-1:]) if one <= len(lines)]
    return found


def _bracket(said: _Said, parser: str, opened: Opened, *, last: tuple[int, int]) -> tuple[int, int, str, str]:
    """A bracket that is never closed, or only a comma that is missing between two brackets of one line."""
    if "<stream end>" in parser and opened.bracket is not None:
        said = replace(said, line=opened.bracket[0], column=opened.bracket[1])
    elif said.line == last[0] and re.search(r"but got '(:|<scalar>|\[|{)'", parser):
        return *last, "a comma is missing before this", "{next: team, opens: Printers}; text with a colon needs quotes"
    return said.line, said.column, said.rule.message, said.rule.hint


def _special_cases(rule: _Rule, lines: list[str], *, line: int) -> tuple[str, str]:
    """The commonest slip of all: words that begin with a placeholder, `say: {desk} help desk`."""
    here = lines[line - 1] if line <= len(lines) else ""
    if re.search(r"[:-]\s+\{[a-z]+\}", here):
        return "the text begins with {, which is special", 'put it in double quotes: "{desk} help desk"'
    if re.search(r"[:-]\s+(\"[^\"]*\"|'[^']*')\s*[^\s#,}\]]", here):
        return "there is more text after the closing quote", _QUOTES
    return rule.message, rule.hint
