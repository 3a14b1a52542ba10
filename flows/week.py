"""Pieces of a week in minutes from its Monday's midnight, and the words for them."""

from collections.abc import Iterable, Iterator

from flows.oncall_fields import WEEKDAYS

DAY = 24 * 60
WEEK = 7 * DAY

Piece = tuple[int, int]


def laid_out(days: Iterable[int], begins: int, minutes: int) -> tuple[Piece, ...]:
    """The pieces of a week in which something lasts that begins on these days; what leaves the week comes in again."""
    found: list[Piece] = []
    for day in days:
        start, end = day * DAY + begins, day * DAY + begins + minutes
        found.append((start, min(end, WEEK)))
        if end > WEEK:
            found.append((0, end - WEEK))
    return tuple(sorted(found))


def common(one: Iterable[Piece], other: Iterable[Piece]) -> tuple[Piece, ...]:
    """What lies in both."""
    other = tuple(other)
    both = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(sorted({(start, end) for start, end in both if start < end}))


def left_out(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """What of the week lies in none of them."""
    found: list[Piece] = []
    reached = 0
    for start, end in sorted(pieces):
        if start > reached:
            found.append((reached, start))
        reached = max(reached, end)
    return (*found, (reached, WEEK)) if reached < WEEK else tuple(found)


def in_words(pieces: Iterable[Piece]) -> str:
    """As the file would say it: "mon-thu 17:00 to 08:00, fri 17:00 to mon 08:00"."""
    short: dict[tuple[int, int], list[int]] = {}
    long: list[Piece] = []
    for start, end in _joined(pieces):
        if end - start <= DAY:
            short.setdefault((start % DAY, end % DAY), []).append(start // DAY)
        else:
            long.append((start, end))
    words = [(days[0], f"{_days(days)} {clock(begins)} to {clock(ends)}") for (begins, ends), days in short.items()]
    if long == [(0, WEEK)]:
        return "the whole week"
    words += [(start // DAY, f"{_at(start)} to {_at(end % WEEK)}") for start, end in long]
    return ", ".join(text for _, text in sorted(words))


def clock(minutes: int) -> str:
    """480 is "08:00"."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _at(minutes: int) -> str:
    return f"{WEEKDAYS[minutes // DAY]} {clock(minutes % DAY)}"


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """What goes on over Sunday's midnight is one piece, which then ends after the week."""
    found = sorted(pieces)
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == WEEK:
        found = [*found[1:-1], (found[-1][0], WEEK + found[0][1])]
    return found


def _days(days: list[int]) -> str:
    return ", ".join(_runs(days))


def _runs(days: list[int]) -> Iterator[str]:
    """Three days or more in a row are written as a range."""
    rest = sorted(days)
    while rest:
        count = next((n for n in range(1, len(rest)) if rest[n] != rest[0] + n), len(rest))
        run, rest = rest[:count], rest[count:]
        if count > 2:
            yield f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}"
        else:
            yield from (WEEKDAYS[day] for day in run)
