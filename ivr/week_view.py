"""The week of `helpline oncall --week`: a small calendar of characters. Pure: pieces of a week in, lines out.

One row for each person, one column of cells for each day; a cell shows two halves, so an hour at 120 columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.text import Text

from flows.localtime import changes, moment, wall
from flows.oncall_schema import OnCall
from flows.public_holidays import holiday
from flows.schedule import Stretch, zone_of

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_red", "bright_cyan", "bright_green")
_LONGEST_NAME = 14
# Cells of a day, the most that fit; each divides a day into whole half-hours.
_CELLS = (24, 12, 8, 6, 4)
_HOURS = {24: "0     6     12    18    ", 12: "0  6  12 18 ", 8: "0   12  ", 6: "0  12 ", 4: "0 12"}


@dataclass(frozen=True)
class Marks:
    """The characters of the calendar: on duty for a whole cell, its first half, its second half, not at all."""

    whole: str = "█"
    first: str = "▌"
    second: str = "▐"
    none: str = "·"
    between: str = "│"
    now: str = "▼"

    def of(self, first: bool, second: bool) -> str:
        """The character of a cell."""
        return {(True, True): self.whole, (True, False): self.first, (False, True): self.second}.get(
            (first, second), self.none
        )


#: For terminals and files that hold nothing but ASCII.
PLAIN = Marks("#", "+", "+", ".", "|", "v")


class Calendar:
    """The lines of one week."""

    def __init__(self, oncall: OnCall, pieces: Sequence[Stretch], *, at: datetime, width: int, marks: Marks) -> None:
        self.oncall, self.pieces, self.at, self.marks = oncall, pieces, at, marks
        self.zone = zone_of(oncall)
        monday = pieces[0].begins.astimezone(ZoneInfo(self.zone)).date()
        self.days = [monday + timedelta(days=offset) for offset in range(7)]
        self.people = [p for p in oncall.team if any(p in piece.duty.people for piece in pieces)]
        names = [person.name for person in self.people] + ["override", "nobody"]
        self.label = min(max(map(len, names)), _LONGEST_NAME) + 1
        self.cells = next((n for n in _CELLS if self.label + 7 * (n + 1) <= width), _CELLS[-1])

    def lines(self) -> list[Text]:
        """Heading, calendar, and what is out of the ordinary."""
        rows = [
            self._row(person.name, lambda piece, p=person: p in piece.duty.people, _COLOURS[i % len(_COLOURS)])  # type: ignore[misc]
            for i, person in enumerate(self.people)
        ]
        if any(not piece.duty.people for piece in self.pieces):
            rows.append(self._row("nobody", lambda piece: not piece.duty.people, "bold red"))
        if any(piece.duty.overrides for piece in self.pieces):
            rows.append(self._row("override", lambda piece: bool(piece.duty.overrides), "bright_black"))
        return [self._heading(), *self._now(), self._names_of_days(), self._hours(), *rows, *self._remarks()]

    def _heading(self) -> Text:
        first, last = self.days[0], self.days[-1]
        minutes = 24 * 60 // self.cells
        each = f"{minutes // 60} hour{'s' if minutes > 60 else ''}"
        words = f"{first:%a %b} {first.day} to {last:%a %b} {last.day}, {last.year} ({self.zone}), a cell is {each}"
        return Text(words, style="bold")

    def _now(self) -> list[Text]:
        if not self.pieces[0].begins <= self.at < self.pieces[-1].ends:
            return []
        local = self.at.astimezone(ZoneInfo(self.zone))
        cell = (local.hour * 60 + local.minute) * self.cells // (24 * 60)
        place = self.label + self.days.index(local.date()) * (self.cells + 1) + cell
        words = f"{self.marks.now} {local:%H:%M}"
        if place + len(words) > self.label + 7 * (self.cells + 1):
            words = f"{local:%H:%M} {self.marks.now}"
            place -= len(words) - 1
        return [Text(" " * place + words)]

    def _names_of_days(self) -> Text:
        line = Text(" " * self.label)
        for day in self.days:
            name = f"{day:%a} {day.day}" if self.cells >= 8 else f"{day:%a}"[:2] + f"{day.day:>2}"
            star = "*" if holiday(self.oncall.holidays, day) and len(name) < self.cells else ""
            line.append(f"{name}{star}".ljust(self.cells + 1), style="bold" if star else "")
        line.rstrip()
        return line

    def _hours(self) -> Text:
        return Text((" " * self.label + (_HOURS[self.cells] + " ") * 7).rstrip(), style="bright_black")

    def _row(self, name: str, on: Callable[[Stretch], bool], colour: str) -> Text:
        label = name if len(name) < self.label else name[: self.label - 2] + "…"
        line = Text(label.ljust(self.label))
        for day in self.days:
            line.append("".join(self._cell(day, cell, on) for cell in range(self.cells)), style=colour)
            line.append(self.marks.between if day != self.days[-1] else "", style="bright_black")
        return line

    def _cell(self, day: date, cell: int, on: Callable[[Stretch], bool]) -> str:
        half = 24 * 60 // self.cells // 2
        return self.marks.of(*(on(self._middle(day, (2 * cell + part) * half, half)) for part in (0, 1)))

    def _middle(self, day: date, begins: int, minutes: int) -> Stretch:
        """The piece of the week in the middle of some minutes on the wall, which last longer when the clocks go back."""
        first, last = moment(wall(day, begins), self.zone), moment(wall(day, begins + minutes), self.zone)
        at = first + (last - first) / 2
        return next(piece for piece in self.pieces if piece.begins <= at < piece.ends)

    def _remarks(self) -> list[Text]:
        lines = []
        for day in self.days:
            name = holiday(self.oncall.holidays, day)
            if name:
                lines.append(f"* {day:%a} {day.day} is {name}")
        lines += [self._remark(piece) for piece in self.pieces if piece.duty.overrides or not piece.duty.people]
        for change in changes(self.days[0] - timedelta(days=1), self.days[-1] + timedelta(days=1), self.zone):
            if self.pieces[0].begins <= change < self.pieces[-1].ends:
                lines.append(self._clocks(change))
        away = [person.name for person in self.oncall.team if person not in self.people]
        if away:
            lines.append(f"not on duty this week: {', '.join(away)}")
        return [Text(line) for line in lines]

    def _remark(self, piece: Stretch) -> str:
        time = f"{self._short(piece.begins)} to {self._short(piece.ends)}"
        if not piece.duty.people:
            return f"nobody on duty {time}: pages go to everyone"
        names = ", ".join(person.name for person in piece.duty.people)
        return f"override {time}: {names} ({'; '.join(piece.duty.overrides)})"

    def _clocks(self, change: datetime) -> str:
        before = (change - timedelta(seconds=1)).astimezone(ZoneInfo(self.zone))
        after = change.astimezone(ZoneInfo(self.zone))
        way = "forward" if (after.utcoffset() or timedelta()) > (before.utcoffset() or timedelta()) else "back"
        return f"the clocks go {way} on {after:%a} {after.day}: after {before:%H:%M %Z} comes {after:%H:%M %Z}"

    def _short(self, at: datetime) -> str:
        local = at.astimezone(ZoneInfo(self.zone))
        return f"{local:%a} {local.day} {local:%H:%M}"
