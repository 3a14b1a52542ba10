"""What callers notice between two flows: both are walked with the same keys, in every situation that occurs.

Two steps are compared where the same caller, doing the same, comes to them: names of steps mean nothing to callers. What
differs is said at the place where it is met first, once, with the situations in which it is so. A step that is entirely
another one is named instead of being compared; one that comes in between is named, and the walk goes on behind it."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from flows.describe import Deed, deed, first_words
from flows.difference.arrivals import Arrival, Exit, Said, View, exits_of
from flows.difference.situations import Situation, in_words, listed, situations
from flows.difference.steps import of_keys, of_step, words
from flows.difference.words import goes
from flows.drawing.cards import when
from flows.loader import Flows
from flows.routes import reachable
from flows.schema import HelpdeskFlow
from flows.steps import MenuStep, Option, Step, kind_name

#: How many keys deep a step is looked for that something new may have come before.
_DEEP = 3

Pair = tuple[str, str]
Path = tuple[str, ...]


@dataclass
class _Found:
    """A difference, where it was met first, and in which situations. `way` is told from the rest where several ways from a
    step share it; `at` is the step whose situations it is one of."""

    path: Path
    at: Pair
    way: Exit | None
    rest: str
    heard: bool
    situations: list[Situation] = field(default_factory=list)


def of_calls(old: Flows, new: Flows, *, now: datetime) -> Iterator[str]:
    """A sentence for everything that callers notice, in the order in which they do."""
    found = _Walk(old, new, now=now)
    for situation in found.situations:
        found.walk(situation)
    yield from found.sentences()


def reached_steps(flow: HelpdeskFlow) -> list[Step]:
    """The steps that some caller can come to."""
    names = reachable(flow.calls)
    return [step for name, step in flow.calls.steps.items() if name in names]


class _Walk:
    START = ("", "")

    def __init__(self, old: Flows, new: Flows, *, now: datetime) -> None:
        languages = [one.helpdesk.desk.languages for one in (old, new)]
        both = tuple(one for one in languages[1] if one in languages[0])
        known = (new.helpdesk.desk.language, *(one for one in both if one != new.helpdesk.desk.language))
        self.old, self.new = (View(one.helpdesk, called=new.helpdesk, languages=known, now=now) for one in (old, new))
        steps = [*reached_steps(old.helpdesk), *reached_steps(new.helpdesk)]
        self.situations = situations(old, new, steps, now=now)
        self.kinds = [[kind_name(step) for step in reached_steps(one.helpdesk)] for one in (old, new)]
        self.found: dict[tuple[Pair, Exit | None, str], _Found] = {}
        self.met: dict[Pair, list[Situation]] = {}
        self.paths: dict[Pair, Path] = {}
        self.left: deque[tuple[Arrival, Arrival, Path]] = deque()

    def walk(self, situation: Situation) -> None:
        """Go through everything that callers can come to in this situation, the nearest first."""
        start, then = (Exit("", view.flow.calls.start, "a call", "") for view in (self.old, self.new))
        self.met.setdefault(self.START, []).append(situation)
        self._compare(self.START, (start, then), situation, place=(), path=())
        seen: set[Pair] = set()
        while self.left:
            one, other, path = self.left.popleft()
            if (pair := (one.name, other.name)) not in seen:
                seen.add(pair)
                self._visit(pair, one.step, other.step, situation, path)

    def _visit(self, pair: Pair, old: Step, new: Step, situation: Situation, path: Path) -> None:
        self.met.setdefault(pair, []).append(situation)
        self.paths.setdefault(pair, path)
        alone = all(kinds.count(kind_name(new)) == 1 for kinds in self.kinds)
        place = () if alone else path
        for sentence in (*of_step(old, new, self.old, self.new), *of_keys(old, new)):
            self._note(pair, place, sentence, situation)
        before = {one.by: one for one in exits_of(pair[0], old)}
        after = {one.by: one for one in exits_of(pair[1], new)}
        for by in {**before, **after}:
            if by in before and by in after:
                ways = before[by], after[by]
                self._compare(pair, ways, situation, place=place, path=(*path, after[by].place))
            elif by in after and isinstance(new, MenuStep) and by in new.menu.keys:
                self._new_key(pair, after[by], new.menu.keys[by], situation, place)
            elif by in before and isinstance(old, MenuStep) and by in old.menu.keys:
                was = self._deed(self.old, self.old.arrive(before[by].to, situation), pair[0])
                rest = f"does nothing any more; before, it was {was.doing}"
                self._note(pair, place, rest, situation, way=before[by])

    def _new_key(self, pair: Pair, way: Exit, option: Option, situation: Situation, place: Path) -> None:
        arrival = self.new.arrive(way.to, situation)
        ticket = f", with the {option.priority} ticket “{option.opens}”" if option.opens else ""
        language = f", in {option.language}" if option.language else ""
        said = " ".join(dict(one.words)[self.new.languages[0]] for one in arrival.said)
        heard = f"says {first_words(said, 80)} and " if said else ""
        rest = f"is new: it {heard}{self._deed(self.new, arrival, pair[1]).does}{ticket}{language}"
        self._note(pair, place, rest, situation, way=way)

    def _compare(self, at: Pair, ways: tuple[Exit, Exit], situation: Situation, *, place: Path, path: Path) -> None:
        """The same way in both flows: what is said on it, and where it leads to."""
        old, new = ways
        one = self.old.arrive(old.to, situation, old.before)
        other = self.new.arrive(new.to, situation, new.before)
        for sentence in _said("callers" if new.place else "", one.said, other.said, self.new.languages):
            self._note(at, place, sentence, situation, way=new, heard=True)
        same_kind = kind_name(one.step) == kind_name(other.step)
        if (same_kind and one.name == other.name) or self._alike(one, other, situation):
            self.left.append((one, other, path))
            return
        was, now = self._deed(self.old, one, at[0]), self._deed(self.new, other, at[1])
        if (between := self._between(self.new, other, one, situation)) is not None:
            *first, last = between
            now, then = _told_apart(now, was, other.name, one.name)
            more = "".join(f", then {self._met_between(step)}" for step in first[1:])
            rest = f"now first {now.does}{more}, before {then.doing}"
            self._note(at, place, rest, situation, way=new)
            self.left.append((one, last, path))
            return
        between = self._between(self.old, one, other, situation)
        gone = one.name not in self.new.flow.calls.steps or other.name not in self.old.flow.calls.steps
        if same_kind and gone and between is None:
            self.left.append((one, other, path))
            return
        now, was = _told_apart(now, was, other.name, one.name)
        self._note(at, place, goes("", was, now).strip(), situation, way=new)
        if between is not None:
            self.left.append((between[-1], other, path))

    def _between(self, view: View, first: Arrival, wanted: Arrival, situation: Situation) -> tuple[Arrival, ...] | None:
        """The steps up to the one that callers knew, where it is still there behind one that now comes first."""
        left: deque[tuple[Arrival, ...]] = deque([(first,)])
        seen = {first.name}
        while left:
            passed = left.popleft()
            for way in exits_of(passed[-1].name, passed[-1].step) if len(passed) <= _DEEP else ():
                following = view.arrive(way.to, situation)
                if following.name == wanted.name and kind_name(following.step) == kind_name(wanted.step):
                    return (*passed, following)
                if following.name not in seen:
                    seen.add(following.name)
                    left.append((*passed, following))
        return None

    def _met_between(self, arrival: Arrival) -> str:
        heard = " ".join(dict(one.words)[self.new.languages[0]] for one in arrival.said)
        return (f"says {first_words(heard)} and " if heard else "") + deed(arrival.step, self.new.flow.desk).does

    def _alike(self, one: Arrival, other: Arrival, situation: Situation) -> bool:
        """Whether everything from two steps on is the same to a caller, whatever they are called."""
        left, seen = [(one, other)], {(one.name, other.name)}
        while left:
            before, after = left.pop()
            if kind_name(before.step) != kind_name(after.step):
                return False
            if any(True for _ in of_step(before.step, after.step, self.old, self.new)):
                return False
            ways = [list(exits_of(at.name, at.step)) for at in (before, after)]
            if sorted(way.by for way in ways[0]) != sorted(way.by for way in ways[1]):
                return False
            if any(True for _ in of_keys(before.step, after.step)):
                return False
            theirs = {way.by: way for way in ways[1]}
            for way in ways[0]:
                next_one = self.old.arrive(way.to, situation, way.before)
                next_other = self.new.arrive(theirs[way.by].to, situation, theirs[way.by].before)
                if list(_said("", next_one.said, next_other.said, self.new.languages)):
                    return False
                if (pair := (next_one.name, next_other.name)) not in seen:
                    seen.add(pair)
                    left.append((next_one, next_other))
        return True

    def _deed(self, view: View, arrival: Arrival, at: str) -> Deed:
        if arrival.name == at:
            return Deed("repeats the menu", "repeating the menu")
        return deed(arrival.step, view.flow.desk)

    def _note(
        self, at: Pair, place: Path, rest: str, situation: Situation, *, way: Exit | None = None, heard: bool = False
    ) -> None:
        way = replace(way, to="", before=()) if way else None
        found = self.found.setdefault((at, way, rest), _Found(place, at, way, rest, heard))
        if situation not in found.situations:
            found.situations.append(situation)

    def sentences(self) -> Iterator[str]:
        """Everything that was found. Ways from one menu that changed alike share a sentence."""
        groups: dict[tuple[object, ...], list[_Found]] = {}
        for one in self.found.values():
            groups.setdefault((one.at, one.path, one.way is None, one.rest, tuple(one.situations)), []).append(one)
        for first, *more in groups.values():
            when_so = in_words(first.situations, self.met[first.at])
            place = f"after {', then '.join(first.path)}" if first.path else ""
            ways = [one.way for one in (first, *more) if one.way is not None]
            yield ", ".join(part for part in (when_so, place, _sentence(ways, first)) if part)


def _sentence(ways: list[Exit], found: _Found) -> str:
    """The rest of a sentence behind the ways that it is about."""
    if not ways:
        return found.rest
    keys = [one.subject.removeprefix("key ") for one in ways if one.subject.startswith("key ")]
    others = [one.place if found.heard else one.subject for one in ways if not one.subject.startswith("key ")]
    if len(keys) > 1 and not found.heard:
        subject = f"each of the keys {listed(keys)}" + (f", and {listed(others)}," if others else "")
    else:
        named = [f"key {listed(keys, 'or')}"] if keys else []
        subject = listed([*named, *others], "or")
    if found.heard:
        return f"after {subject}, {found.rest}" if subject else found.rest
    return f"{subject} {found.rest}"


def _told_apart(one: Deed, other: Deed, name: str, other_name: str) -> tuple[Deed, Deed]:
    """Two steps that sound alike get their names."""
    if one != other:
        return one, other
    named = [
        Deed(f"{deed.does} “{called}”", f"{deed.doing} “{called}”")
        for deed, called in ((one, name), (other, other_name))
    ]
    return named[0], named[1]


def _said(speaker: str, old: tuple[Said, ...], new: tuple[Said, ...], languages: tuple[str, ...]) -> Iterator[str]:
    """What is said on the way that was not, or the other way round. Without a speaker it is the greeting."""
    if old == new:
        return
    greets, speaker = not speaker, speaker or "callers"
    sides = _together(old, languages), _together(new, languages)
    if greets and all(side[0][1] for side in sides):
        sentences = list(words("the greeting", *sides))
    else:
        first = " first" if greets else ""
        verbs = {"verb": "hear", "new": f"now{first} hear", "gone": f"no longer{first} hear"}
        sentences = list(words(speaker, sides[0], sides[1], **verbs))
    for before, after, verb in ((old, new, "is announced"), (new, old, "is no longer announced")):
        sentences += (
            f"{when(*one.times)}, this {verb}: “{one.words[0][1]}”"
            for one in after
            if one.times is not None and one not in before
        )
    if not sentences and _places(old, languages) != _places(new, languages):
        sentences.append(f"{speaker} now hear the same words in another order")
    yield from sentences


def _together(said: tuple[Said, ...], languages: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """All plain words on the way, by language."""
    plain = [dict(one.words) for one in said if one.times is None]
    return tuple((language, " ".join(one[language] for one in plain)) for language in languages)


def _places(said: tuple[Said, ...], languages: tuple[str, ...]) -> list[object]:
    """The announcements, each with the words that come before it."""
    return [(one, _together(said[:place], languages)) for place, one in enumerate(said) if one.times is not None]
