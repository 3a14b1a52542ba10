"""`helpline flow show`: the terminal's lines, Mermaid and SVG, of the shipped flow and of flows made by chance."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
from flow_phone import SHIPPED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_flows import flows
from PIL import ImageFont

from flows.drawing.cards import Drawing, draw
from flows.drawing.chart import PADDING, SMALL, TITLE, Chart, chart
from flows.drawing.layout import Box, Edge, lay_out
from flows.drawing.mermaid import mermaid
from flows.drawing.outline import PLAIN, Strokes, outline
from flows.drawing.svg import svg
from flows.loader import Flows, load

RICH, PLAIN_FILES = (Path(__file__).parent / name for name in ("rich", "plain"))
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMESPACE = {"svg": "http://www.w3.org/2000/svg"}


def lines(drawing: Drawing, *, width: int = 80, strokes: Strokes | None = None) -> list[str]:
    return [
        "".join(piece.text for piece in line) for line in outline(drawing, width=width, strokes=strokes or Strokes())
    ]


@pytest.fixture(scope="module")
def rich() -> Drawing:
    """A flow with every kind of step, and routes of texts."""
    return draw(load(RICH))


# -- in the terminal -----------------------------------------------------------------------------------------------------


def test_a_flow_of_every_kind_reads_from_the_greeting_to_the_voicemail(rich: Drawing) -> None:
    assert lines(rich) == (RICH / "shown.txt").read_text(encoding="utf-8").splitlines()


def test_plain_strokes_hold_nothing_but_ascii(rich: Drawing) -> None:
    drawn = [piece.text for line in outline(rich, width=80, strokes=PLAIN) for piece in line if piece.meaning == "line"]
    assert "".join(drawn).isascii()


def test_every_step_is_drawn_once_and_every_way_is_named(rich: Drawing) -> None:
    pieces = [piece for line in outline(rich, width=80, strokes=Strokes()) for piece in line]
    names = [piece.text for piece in pieces if piece.meaning == "name"]
    keys = "\n".join(piece.text for piece in pieces if piece.meaning == "key")

    assert sorted(names) == sorted(card.name for card in rich.cards)
    assert [way.by for card in rich.cards for way in card.ways if way.by not in keys] == []


@patient
@given(flows, st.sampled_from([60, 80, 132]))
def test_any_flow_fits_into_the_terminal(made: Flows, width: int) -> None:
    drawing = draw(made)

    drawn = lines(drawing, width=width)

    assert max(len(line) for line in drawn) <= width
    names = [p.text for line in outline(drawing, width=width, strokes=Strokes()) for p in line if p.meaning == "name"]
    assert sorted(names) == sorted(made.helpdesk.calls.steps)


def test_a_step_that_nobody_comes_to_says_so() -> None:
    made = load(PLAIN_FILES)
    steps = {**made.helpdesk.calls.steps, "lost": made.helpdesk.calls.steps["message"]}
    calls = made.helpdesk.calls.model_copy(update={"steps": steps})
    one = Flows(made.helpdesk.model_copy(update={"calls": calls}), made.oncall, (), {}, "one more step")

    assert "lost  voicemail · 180 s at most  no caller comes here" in lines(draw(one))


# -- as Mermaid ----------------------------------------------------------------------------------------------------------

_WORDS = r'"[^"]*"'
_SHAPE = rf"(\[{_WORDS}\]|\[\[{_WORDS}\]\]|\{{{_WORDS}\}}|\{{\{{{_WORDS}\}}\}}|\(\[{_WORDS}\]\))"
_NODE = re.compile(rf"    (\w+){_SHAPE}( --> \w+)?")
_ARROW = re.compile(rf"    (\w+) -->(\|{_WORDS}\|)? (\w+)({_SHAPE})?")


def is_mermaid(text: str) -> None:
    """Every line is one of the few forms that we write, and every arrow joins boxes that are there."""
    first, *rest = text.splitlines()
    assert first == "flowchart TD"
    nodes = set[str]()
    joined = set[str]()
    for line in rest:
        if node := _NODE.fullmatch(line):
            nodes.add(node[1])
            continue
        arrow = _ARROW.fullmatch(line)
        assert arrow, line
        joined |= {arrow[1], arrow[3]}
        nodes |= {arrow[3]} if arrow[4] else set()
    assert joined <= nodes


def test_mermaid_names_keys_and_ends(rich: Drawing) -> None:
    text = mermaid(rich)

    is_mermaid(text)
    assert '    step_main -->|"1: opens “Emergency or outage”"| step_team\n' in text
    assert '    call(["A call"]) --> step_welcome\n' in text


def test_what_is_mermaid_s_own_language_is_shown_as_words() -> None:
    made = load(PLAIN_FILES)
    desk = made.helpdesk.desk.model_copy(update={"spoken": 'A "big" <desk> #1 `x` | end & more'})
    flow = made.helpdesk.model_copy(update={"desk": desk})

    text = mermaid(draw(Flows(flow, made.oncall, (), {}, "odd")))

    is_mermaid(text)
    assert "A #34;big#34; #60;desk#62; #35;1 #96;x#96; #124; end #38; more" in text


@patient
@given(flows)
def test_any_flow_is_mermaid(made: Flows) -> None:
    is_mermaid(mermaid(draw(made)))


# -- as SVG --------------------------------------------------------------------------------------------------------------


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def stands_well(drawn: Chart) -> None:
    """No box covers another, nothing is outside of the picture, no line goes through a box that it only passes."""
    layout = drawn.layout
    for one, other in combinations(layout.boxes.items(), 2):
        assert not overlap(one[1], other[1]), (one, other)
    for box in layout.boxes.values():
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= layout.width
        assert box.y + box.height <= layout.height
    for line in layout.lines:
        for (x, y), (next_x, next_y) in zip(line.points, line.points[1:], strict=False):
            left, right, top, bottom = min(x, next_x), max(x, next_x), min(y, next_y), max(y, next_y)
            passed = Box(left, top + 1, right - left + 1, max(bottom - top - 1, 1))
            through = [
                n for n, box in layout.boxes.items() if overlap(passed, box) and n not in (line.begins, line.ends)
            ]
            assert through == [], line


def words_fit(picture: str) -> None:
    """Every word, measured in a font that we did not choose, is inside of the frame that it is drawn with."""
    fonts = {size: ImageFont.load_default(size) for size in (SMALL, TITLE)}
    for group in ET.fromstring(picture).iterfind("svg:g", NAMESPACE):
        frame = group.find("svg:rect", NAMESPACE)
        assert frame is not None
        left, top = float(frame.get("x", "")), float(frame.get("y", ""))
        right, bottom = left + float(frame.get("width", "")), top + float(frame.get("height", ""))
        for text in group.iterfind("svg:text", NAMESPACE):
            size, x, y = int(text.get("font-size", "")), float(text.get("x", "")), float(text.get("y", ""))
            wide = fonts[size].getlength(text.text or "") * (1.1 if text.get("font-weight") else 1)
            begins = x - wide / 2 if text.get("text-anchor") == "middle" else x
            assert left + 4 <= begins
            assert begins + wide <= right - 4
            assert top + size <= y + 4 <= bottom


def test_the_picture_of_every_kind_of_step_is_xml_and_in_order(rich: Drawing) -> None:
    picture = svg(rich, title="Rich & famous")

    words = " ".join(ET.fromstring(picture).itertext())
    assert all(card.name in words for card in rich.cards)
    assert "Rich & famous" in words
    stands_well(chart(rich))
    words_fit(picture)


@patient
@given(flows)
def test_any_flow_is_a_picture_in_order(made: Flows) -> None:
    drawing = draw(made)

    picture = svg(drawing, title="made")

    stands_well(chart(drawing))
    words_fit(picture)
    assert svg(drawing, title="made") == picture


def test_the_shipped_flow_is_drawn() -> None:
    drawing = draw(load(SHIPPED))

    is_mermaid(mermaid(drawing))
    stands_well(chart(drawing))
    words_fit(svg(drawing, title="shipped"))
    assert drawing.unreached == ()
    assert max(len(line) for line in lines(drawing)) <= 80


@patient
@given(st.text(max_size=60))
def test_any_name_of_a_desk_is_a_title_of_the_picture(title: str) -> None:
    ET.fromstring(svg(draw(load(PLAIN_FILES)), title=title))


def test_long_words_end_with_dots_and_are_whole_where_one_points() -> None:
    drawn = chart(draw(load(PLAIN_FILES)))

    figure = drawn.figures["step main"]
    assert [line for line in figure.lines if line.endswith(" …")] == ["to leave a message. By messaging …"]
    assert figure.whole.endswith("slash terms and conditions.")
    assert figure.size[0] >= 2 * PADDING


edges = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=30)


@patient
@given(edges, st.lists(st.tuples(st.integers(10, 200), st.integers(10, 90)), min_size=12, max_size=12))
def test_any_boxes_are_laid_out_without_covering_each_other(
    pairs: list[tuple[int, int]], sizes: list[tuple[int, int]]
) -> None:
    downwards = [Edge(str(a), str(b), 1 + (a + b) % 2) for a, b in pairs if a < b]
    layout = lay_out({str(number): size for number, size in enumerate(sizes)}, downwards)

    stands_well(Chart({}, layout))
    for line in layout.lines:
        assert layout.boxes[line.begins].y < layout.boxes[line.ends].y


def test_a_circle_cannot_be_laid_out() -> None:
    with pytest.raises(ValueError, match="circle"):
        lay_out({"a": (9, 9), "b": (9, 9)}, [Edge("a", "b"), Edge("b", "a")])
