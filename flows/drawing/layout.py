"""Where the boxes of a drawing stand: layers from the top to the bottom, few crossings, straight long lines. Pure numbers.

The way of Sugiyama: the longest way from the top gives each box its layer; a line that passes a layer keeps a place free
there; boxes move next to their neighbours' middle; then each layer is set as near to its neighbours as its widths allow.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

GAP_BETWEEN, GAP_BESIDE_LINE, GAP_LAYERS, MARGIN = 26, 12, 34, 20
_SWEEPS = 12
#: How much more a line wants to be straight than a box to be in the middle.
_STRAIGHT = 8.0


@dataclass(frozen=True)
class Edge:
    """A line from one box to another below it. `length`: layers that it passes at least."""

    begins: str
    ends: str
    length: int = 1


@dataclass(frozen=True)
class Box:
    """A box with its place: left, top, width and height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Line:
    """A line through points; between the (2n)th and the next it bends in the free space between two layers, from each of
    those to the following it is straight."""

    begins: str
    ends: str
    points: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Layout:
    """Everything in its place."""

    boxes: dict[str, Box]
    lines: tuple[Line, ...]
    width: int
    height: int


#: A box by its name, or the place of a line in a layer: (number of the line, layer).
_Thing = str | tuple[int, int]


def lay_out(sizes: Mapping[str, tuple[int, int]], edges: Sequence[Edge]) -> Layout:
    """Place boxes of these sizes; what is not joined stands side by side. Raises ValueError when the edges go in a circle."""
    boxes: dict[str, Box] = {}
    lines: list[Line] = []
    width = height = 0
    for names in _joined(sizes, edges):
        part = _lay_out({name: sizes[name] for name in names}, [edge for edge in edges if edge.begins in names])
        boxes |= {name: replace(box, x=box.x + width) for name, box in part.boxes.items()}
        lines += (replace(one, points=tuple((x + width, y) for x, y in one.points)) for one in part.lines)
        width, height = width + part.width, max(height, part.height)
    return Layout(boxes, tuple(lines), width, height)


def _joined(names: Iterable[str], edges: Sequence[Edge]) -> list[dict[str, None]]:
    """The boxes in groups that no line joins."""
    group = {name: {name: None} for name in names}
    for edge in edges:
        one, other = group[edge.begins], group[edge.ends]
        if one is not other:
            one |= other
            group |= dict.fromkeys(other, one)
    return list({id(one): one for one in group.values()}.values())


def _lay_out(sizes: Mapping[str, tuple[int, int]], edges: Sequence[Edge]) -> Layout:
    layer = _layers(sizes, edges)
    chains = [_chain(number, edge, layer) for number, edge in enumerate(edges)]
    rows: list[list[_Thing]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for name in sizes:
        rows[layer[name]].append(name)
    for edge, chain in zip(edges, chains, strict=True):
        for at, thing in enumerate(chain[1:-1], layer[edge.begins] + 1):
            rows[at].append(thing)
    above: dict[_Thing, list[_Thing]] = {}
    below: dict[_Thing, list[_Thing]] = {}
    for upper, lower in {pair: None for chain in chains for pair in pairwise(chain)}:
        below.setdefault(upper, []).append(lower)
        above.setdefault(lower, []).append(upper)
    rows = _fewest_crossings(rows, above, below)
    middles = _middles(rows, {name: size[0] for name, size in sizes.items()}, above, below)
    return _placed(rows, middles, sizes, list(zip(edges, chains, strict=True)))


def _layers(names: Iterable[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The layer of each box: the longest way from the top."""
    layer = dict.fromkeys(names, 0)
    entering = dict.fromkeys(layer, 0)
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        entering[edge.ends] += 1
        leaving.setdefault(edge.begins, []).append(edge)
    ready = [name for name, count in entering.items() if count == 0]
    for name in ready:
        for edge in leaving.get(name, ()):
            layer[edge.ends] = max(layer[edge.ends], layer[name] + edge.length)
            entering[edge.ends] -= 1
            if entering[edge.ends] == 0:
                ready.append(edge.ends)
    if len(ready) < len(layer):
        raise ValueError("the lines go in a circle")
    return layer


def _chain(number: int, edge: Edge, layer: Mapping[str, int]) -> list[_Thing]:
    """A line with the places that it keeps free in the layers between its ends."""
    return [edge.begins, *((number, at) for at in range(layer[edge.begins] + 1, layer[edge.ends])), edge.ends]


_Near = Mapping[_Thing, list[_Thing]]


def _fewest_crossings(rows: list[list[_Thing]], above: _Near, below: _Near) -> list[list[_Thing]]:
    best, fewest = rows, _crossings(rows, below)
    for sweep in range(_SWEEPS):
        rows = [list(row) for row in rows]
        down = sweep % 2 == 0
        for at in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            near, fixed = (above, rows[at - 1]) if down else (below, rows[at + 1])
            place = {thing: index for index, thing in enumerate(fixed)}
            own = {thing: index for index, thing in enumerate(rows[at])}
            rows[at].sort(key=lambda thing: _mean([place[n] for n in near.get(thing, ())], own[thing]))
        if (count := _crossings(rows, below)) < fewest:
            best, fewest = rows, count
    return best


def _mean(places: Sequence[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise


def _crossings(rows: list[list[_Thing]], below: _Near) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        place = {thing: index for index, thing in enumerate(lower)}
        passed: list[int] = []
        for thing in upper:
            ends = sorted(place[other] for other in below.get(thing, ()))
            count += sum(len(passed) - bisect_left(passed, end + 1) for end in ends)
            for end in ends:
                insort(passed, end)
    return count


def _middles(rows: list[list[_Thing]], widths: Mapping[str, int], above: _Near, below: _Near) -> dict[_Thing, float]:
    """The middle of everything from left to right, near to what it is joined with."""
    middles: dict[_Thing, float] = {}
    apart = {id(row): [_apart(one, other, widths) for one, other in pairwise(row)] for row in rows}
    for row in rows:
        middles |= zip(row, _spread([0.0] * len(row), [1.0] * len(row), apart[id(row)]), strict=True)
    for sweep in range(2 * _SWEEPS + 1):
        down = sweep % 2 == 0  # the last one too: what comes after a step stands below its middle
        for row in rows if down else reversed(rows):
            wanted, weights = [], []
            for thing in row:
                near = (above if down else below).get(thing) or (below if down else above).get(thing, [])
                wanted.append(_mean([middles[one] for one in near], middles[thing]))
                weights.append(_STRAIGHT if isinstance(thing, tuple) else 1.0)
            middles |= zip(row, _spread(wanted, weights, apart[id(row)]), strict=True)
    return middles


def _apart(one: _Thing, other: _Thing, widths: Mapping[str, int]) -> float:
    """How far apart the middles of two neighbours have to be."""
    halves = sum(widths[thing] / 2 for thing in (one, other) if isinstance(thing, str))
    return halves + (GAP_BETWEEN if isinstance(one, str) and isinstance(other, str) else GAP_BESIDE_LINE) + 1


def _spread(wanted: Sequence[float], weights: Sequence[float], apart: Sequence[float]) -> list[float]:
    """Places as near to the wanted ones as the distances allow (least squares, by pooling adjacent violators)."""
    shifts = [0.0]
    for distance in apart:
        shifts.append(shifts[-1] + distance)
    pools: list[tuple[float, float, int]] = []
    for want, weight, shift in zip(wanted, weights, shifts, strict=False):
        value, count = want - shift, 1
        while pools and pools[-1][0] > value:
            before, heavy, members = pools.pop()
            value = (before * heavy + value * weight) / (heavy + weight)
            weight, count = heavy + weight, members + count  # noqa: PLW2901
        pools.append((value, weight, count))
    flat = [value for value, _, count in pools for _ in range(count)]
    return [value + shift for value, shift in zip(flat, shifts, strict=False)]


def _placed(
    rows: list[list[_Thing]],
    middles: Mapping[_Thing, float],
    sizes: Mapping[str, tuple[int, int]],
    chains: Sequence[tuple[Edge, list[_Thing]]],
) -> Layout:
    """Whole numbers, from the left and upper margin on."""
    left = min((middles[thing] - _half(thing, sizes) for row in rows for thing in row), default=0.0) - MARGIN
    x = {thing: round(middle - left) for thing, middle in middles.items()}
    tops, y = [], MARGIN
    bottoms: list[int] = []
    for row in rows:
        tops.append(y)
        bottoms.append(y + max((sizes[thing][1] for thing in row if isinstance(thing, str)), default=0))
        y = bottoms[-1] + GAP_LAYERS
    at = {thing: index for index, row in enumerate(rows) for thing in row}
    boxes = {
        name: Box(x[name] - sizes[name][0] // 2, tops[at[name]], *sizes[name]) for name in at if isinstance(name, str)
    }
    lines = []
    for edge, chain in chains:
        points = [(x[edge.begins], tops[at[edge.begins]] + sizes[edge.begins][1])]
        for one, other in pairwise(chain):
            points += [(x[one], bottoms[at[one]]), (x[other], tops[at[other]])]
        lines.append(Line(edge.begins, edge.ends, tuple(points)))
    width = max((box.x + box.width for box in boxes.values()), default=0)
    width = max([width, *(point[0] for line in lines for point in line.points)]) + MARGIN
    return Layout(boxes, tuple(lines), width, (bottoms[-1] if bottoms else 0) + MARGIN)


def _half(thing: _Thing, sizes: Mapping[str, tuple[int, int]]) -> float:
    return sizes[thing][0] / 2 if isinstance(thing, str) else 0.0
