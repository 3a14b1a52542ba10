"""Names as they are typed on a telephone: H is 4, O is 6."""

from collections.abc import Iterable

_LETTERS = {"2": "abc", "3": "def", "4": "ghi", "5": "jkl", "6": "mno", "7": "pqrs", "8": "tuv", "9": "wxyz"}
_KEYS = {letter: key for key, letters in _LETTERS.items() for letter in letters}


def typed(name: str) -> str:
    """The keys of the letters and digits of a name; what a telephone has no key for is left out."""
    return "".join(_KEYS.get(one, one if one.isascii() and one.isdigit() else "") for one in name.casefold())


def matches(keys: str, names: Iterable[str]) -> tuple[str, ...]:
    """The names that begin with what was typed, or one word of which does."""
    return tuple(name for name in names if any(typed(part).startswith(keys) for part in _parts(name)))


def _parts(name: str) -> Iterable[str]:
    words = name.split()
    return (" ".join(words[place:]) for place in range(len(words)))
