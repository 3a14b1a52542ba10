"""How far a mistake reaches on its line, so that an editor can underline it. Pure."""

import re

# What ends words without quotes: a key's colon, what separates items, the end of a block on one line, a comment.
_PLAIN = re.compile(r"(?:(?!:(?:\s|$)|[,\]}]|\s#).)+")
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")


def end_column(line: str, column: int) -> int:
    """The column behind what stands at `column` of `line`, both from 1: a word in quotes, else up to the next mark; at
    least one character."""
    rest = line[column - 1 :]
    found = _QUOTED.match(rest) or _PLAIN.match(rest)
    return column + max(1, len(found[0].rstrip()) if found else 1)
