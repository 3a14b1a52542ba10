"""`helpline flow show`: the flow as a drawing, in the terminal, as Mermaid, as an SVG file, or as JSON."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from flows.drawing.cards import Drawing, draw
from flows.drawing.mermaid import mermaid
from flows.drawing.outline import PLAIN, OneLine, Strokes, outline
from flows.drawing.svg import svg
from ivr.commands.busy import busy
from ivr.commands.failures import FAILED, NOT_USABLE, Failure
from ivr.commands.flowfiles import can_show, read_flows, shown_on

_STYLES = {
    "door": "bold reverse", "name": "bold", "kind": "cyan", "words": "italic", "key": "bold yellow", "note": "green",
    "line": "bright_black", "target": "bold blue", "warning": "bold red",
}  # fmt: skip


def print_flow(folder: Path, *, as_mermaid: bool, svg_file: Path | None, as_json: bool) -> int:
    """Draw the flow files of a folder. Returns the exit code: 1, and the messages of `flow check`, when they are broken.

    Raises Failure when the SVG cannot be written."""
    if sum([as_mermaid, as_json, svg_file is not None]) > 1:
        raise Failure("only one of --mermaid, --svg and --json at a time", code=NOT_USABLE)
    flows = read_flows(folder, as_json=as_json)
    if flows is None:
        return FAILED
    drawing = draw(flows)
    if svg_file is not None:
        with busy("drawing ..."):
            picture = svg(drawing, title=f"The flow of {flows.helpdesk.desk.name}")
        _write(svg_file, picture)
    elif as_mermaid:
        click.echo(mermaid(drawing), nl=False)
    elif as_json:
        click.echo(json.dumps({"version": flows.version, **asdict(drawing)}, indent=2, ensure_ascii=False))
    else:
        _print(Console(highlight=False), drawing)
    return 0


def _write(path: Path, picture: str) -> None:
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise Failure(f"--svg: {path} cannot be written: {error.strerror}", code=NOT_USABLE) from None
    click.echo(f"{path}: open it with a browser.", err=True)


def _print(console: Console, drawing: Drawing) -> None:
    strokes = Strokes()
    if not can_show("".join(vars(strokes).values()), console):
        strokes = PLAIN
    for line in outline(drawing, width=console.width, strokes=strokes):
        console.print(_styled(line, console), soft_wrap=True)


def _styled(line: OneLine, console: Console) -> Text:
    """A line with its colours."""
    return Text.assemble(*((shown_on(console, piece.text), _STYLES.get(piece.meaning, "")) for piece in line))
