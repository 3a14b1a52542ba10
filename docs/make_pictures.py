"""Makes the pictures of the documentation: `.venv/bin/python docs/make_pictures.py [NAME...]`.

`docs/images/way-of-a-call.svg` is drawn from the lists below, `flow.svg` from the shipped flow files. The others show real
output: this script starts helpline on a data folder of its own, runs each command as on a terminal, and turns what it printed
into SVG. Without a word it makes all of them, with names (`diagram`, `flow`, `demo`, `ticket`, `flow-check`, `flow-show`,
`flow-diff`) only those. Nothing leaves this machine.
"""

import io
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path

from rich.console import Console
from rich.text import Text

from flows.drawing.cards import draw
from flows.drawing.svg import svg
from flows.loader import load

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"

# -- the way of a call, drawn -------------------------------------------------------------------------------------------

INK, QUIET, PAPER = "#1f2933", "#52606d", "#ffffff"


@dataclass(frozen=True)
class Box:
    """A box of the diagram: corner and size in pixels, a title, smaller lines below it, and its filling."""

    x: int
    y: int
    width: int
    height: int
    title: str
    lines: tuple[str, ...] = ()
    fill: str = "#f0f4f8"

    def svg(self) -> str:
        """As SVG."""
        middle = self.x + self.width // 2
        top = self.y + (self.height - 18 * len(self.lines)) // 2 + 6
        words = [_words(middle, top, self.title, size=16, weight="bold")]
        words += [_words(middle, top + 18 * n, line, colour=QUIET) for n, line in enumerate(self.lines, start=1)]
        frame = (
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="8" fill="{self.fill}" '
            f'stroke="{INK}" stroke-width="1.5"/>'
        )
        return "\n".join([frame, *words])


@dataclass(frozen=True)
class Arrow:
    """An arrow along points, with words at a place. Dashed: a hint that may get lost. `both`: a head at each end."""

    points: tuple[tuple[int, int], ...]
    words: str
    at: tuple[int, int]
    dashed: bool = False
    both: bool = False
    anchor: str = "middle"

    def svg(self) -> str:
        """As SVG."""
        path = " L ".join(f"{x} {y}" for x, y in self.points)
        dash = ' stroke-dasharray="6 5"' if self.dashed else ""
        start = ' marker-start="url(#head)"' if self.both else ""
        line = (
            f'<path d="M {path}" fill="none" stroke="{INK}" stroke-width="1.5"{dash}{start} marker-end="url(#head)"/>'
        )
        return f"{line}\n{_words(*self.at, self.words, colour=QUIET, anchor=self.anchor)}"


TRUTH, HINT, PHONE = "#d9f2e3", "#fff3d6", "#e3ecfb"

BOXES = (
    Box(60, 20, 220, 46, "client's phone", fill=PHONE),
    Box(720, 20, 220, 46, "staff phones", fill=PHONE),
    Box(60, 120, 880, 56, "carrier", ("Twilio, or the sandbox on this machine: same API, same signatures",)),
    Box(60, 250, 220, 76, "web", ("signature, flow engine,", "TwiML")),
    Box(
        390,
        250,
        220,
        100,
        "database: the truth",
        ("calls, recordings, tickets,", "texts, consent,", "work with due times"),
        TRUTH,
    ),
    Box(720, 250, 220, 76, "worker", ("fetches, sends,", "looks up")),
    Box(720, 376, 220, 46, "blob store: files or S3", fill=TRUTH),
    Box(390, 430, 220, 60, "Redis: a hint", ("losing it loses nothing",), HINT),
    Box(720, 472, 220, 60, "transcriber", ("Whisper, loaded once",)),
    Box(390, 560, 220, 60, "clock", ("one leader, every second",)),
)

ARROWS = (
    Arrow(((170, 66), (170, 120)), "calls, texts", (182, 98), anchor="start"),
    Arrow(((800, 120), (800, 66)), "page", (792, 98), anchor="end"),
    Arrow(((860, 66), (860, 120)), "ACK 1042", (868, 98), anchor="start"),
    Arrow(((130, 176), (130, 250)), "signed webhook", (122, 217), anchor="end"),
    Arrow(((210, 250), (210, 176)), "TwiML", (220, 217), anchor="start"),
    Arrow(((830, 250), (830, 176)), "texts, downloads, questions", (820, 217), anchor="end"),
    Arrow(((280, 275), (390, 275)), "rows", (335, 267)),
    Arrow(((610, 275), (720, 275)), "lease, result", (665, 267), both=True),
    Arrow(((830, 326), (830, 376)), "sound", (840, 356), anchor="start"),
    Arrow(((830, 422), (830, 472)), "sound", (840, 452), anchor="start"),
    Arrow(((720, 490), (650, 490), (650, 330), (610, 330)), "words", (642, 400), both=True, anchor="end"),
    Arrow(((170, 326), (170, 460), (390, 460)), "after the commit", (280, 452), dashed=True),
    Arrow(((610, 450), (690, 450), (690, 300), (720, 300)), "", (0, 0), dashed=True),
    Arrow(((580, 490), (580, 515), (720, 515)), "", (0, 0), dashed=True),
    Arrow(((480, 560), (480, 490)), "not queued", (488, 548), dashed=True, anchor="start"),
    Arrow(((390, 590), (340, 590), (340, 330), (390, 330)), "what is due?", (332, 560), anchor="end", both=True),
)


def _words(
    x: int, y: int, words: str, *, size: int = 13, weight: str = "normal", colour: str = INK, anchor: str = "middle"
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def diagram() -> str:
    """The way of a call as SVG; the same every time."""
    head = (
        '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M 0 0 L 10 5 L 0 10 z" fill="{INK}"/></marker>'
    )
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 650" font-family="Helvetica, Arial, sans-serif" '
        'role="img" aria-label="The way of a call through helpline">',
        f"<defs>{head}</defs>",
        f'<rect width="1000" height="650" rx="12" fill="{PAPER}"/>',
        *(arrow.svg() for arrow in ARROWS),
        *(box.svg() for box in BOXES),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def flow() -> str:
    """The shipped flow as SVG."""
    return svg(draw(load(ROOT / "flows")), title="The shipped flow: from a call to a person or the voicemail")


# -- what a terminal shows ----------------------------------------------------------------------------------------------

SHOWN_COMMAND = ".venv/bin/helpline"
COLUMNS = 112
READY = "Whisper is in memory"
STARTS_WITHIN = 300.0
ANSWERS_WITHIN = 300.0

#: rich's own template loads its font from the internet; the reader's own monospace font is as good.
FRAME = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: {char_height}px;
  line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: Helvetica, Arial, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

# Anything of a terminal's control language but colours: the cursor that hides and comes back.
NOT_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]|\r")


class NoPicture(Exception):
    """The command did not do what the picture is to show; the text holds what it said."""


@dataclass(frozen=True)
class Shot:
    """A picture of one command: the words after `helpline`, what its output must hold, and the exit code it must have."""

    name: str
    words: tuple[str, ...]
    holds: str
    code: int = 0


SHOTS = (
    Shot("demo", ("phone", "--demo"), "The story held"),
    Shot("ticket", ("tickets", "1001"), "took the ticket"),
    Shot("flow-check", ("flow", "check", "flows"), "did you mean", code=1),
    Shot("flow-show", ("flow", "show", "flows"), "A text"),
    Shot("flow-diff", ("flow", "diff", "flows", "new-flows"), "now goes to the voicemail"),
)
#: They look at files only: no helpline has to run.
OF_FILES = ("flow-check", "flow-show", "flow-diff")


def helpline() -> Path:
    """The installed command beside this Python. Raises NoPicture."""
    command = Path(sys.executable).parent / "helpline"
    if not command.exists():
        raise NoPicture(f"{command} is not there: run `make run` first, then .venv/bin/python docs/make_pictures.py")
    return command


def output_of(words: Sequence[str], environment: Mapping[str, str], *, code: int, folder: Path = ROOT) -> str:
    """What `helpline WORDS` prints on a terminal in `folder`, with its colours. Raises NoPicture for another exit code."""
    done = subprocess.run(
        [helpline(), *words],
        cwd=folder,
        env={**environment, "COLUMNS": str(COLUMNS), "TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=ANSWERS_WITHIN,
        check=False,
    )
    if done.returncode != code:
        raise NoPicture(f"helpline {' '.join(words)} ended with {done.returncode}, not {code}:\n{done.stdout}")
    return NOT_COLOUR.sub("", done.stdout)


def picture(shot: Shot, printed: str) -> str:
    """A terminal with the command and its output, as SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    console.print(Text.assemble(("$ ", "dim"), (f"{SHOWN_COMMAND} {' '.join(shot.words)}", "bold")))
    console.print(Text.from_ansi(printed.rstrip("\n")))
    return console.export_svg(title="helpline", code_format=FRAME, unique_id=shot.name)


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """A helpline of our own until the block ends: gives the environment that its commands need. Raises NoPicture."""
    with tempfile.TemporaryDirectory(prefix="helpline-pictures-") as folder:
        data = Path(folder) / "var"
        port, sandbox_port = _free_ports()
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": os.environ.get("HOME", folder),
            "LANG": "C.UTF-8",
            "HELPLINE_DATA": str(data),
            "PORT": str(port),
            "SANDBOX_PORT": str(sandbox_port),
            "TWILIO_ACCOUNT_SID": "",
            "TWILIO_AUTH_TOKEN": "",
        }
        said = Path(folder) / "up.log"
        with said.open("w") as log:
            up = subprocess.Popen(
                [helpline(), "up"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            _wait_for(READY, said, up)
            yield environment
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(timeout=30)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def _wait_for(words: str, said: Path, up: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while words not in (text := said.read_text()):
        if up.poll() is not None or time.monotonic() > deadline:
            raise NoPicture(f"`helpline up` never said {words!r}:\n{text}")
        time.sleep(0.2)


#: What an admin types, and the slip of the finger.
MISTAKES = (
    ("helpdesk.yml", "{next: team, opens: Emergency or outage}", "{next: teem, opens: Emergency or outage}"),
    ("helpdesk.yml", "otherwise: message", "otherwise: mesage"),
)
#: What an admin may change some day.
CHANGES = (
    ("helpdesk.yml", "Messages are recorded.", "Calls and messages are recorded."),
    ("helpdesk.yml", "seconds: 25", "seconds: 40"),
    ("helpdesk.yml", "closed: after_hours", "closed: message"),
    ("helpdesk.yml", "holidays: {country: US}", 'holidays: {country: US, days: {"2030-12-23": Company day}}'),
    ("oncall.yml", "\nteam:", "\noverrides: [{from: 2030-12-24 08:00, to: 2030-12-26 08:00, who: Robin}]\nteam:"),
    ("oncall.yml", '"+19035550112"', '"+19035550119"'),
)


def edited_flows(folder: Path, edits: Sequence[tuple[str, str, str]] = ()) -> None:
    """A copy of the flow files with edits that an admin could make. Raises NoPicture when there is no room for them."""
    folder.mkdir()
    for file in (ROOT / "flows").glob("*.yml"):
        shutil.copy(file, folder)
    for name, old, new in edits:
        text = (folder / name).read_text(encoding="utf-8")
        if old not in text:
            raise NoPicture(f"{name} has no {old!r} any more: choose another edit for the picture")
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def _take(shot: Shot, environment: Mapping[str, str]) -> None:
    """Run the command and write its picture. Raises NoPicture."""
    with tempfile.TemporaryDirectory(prefix="helpline-flows-") as folder:
        edited_flows(Path(folder) / "flows", MISTAKES if shot.name == "flow-check" else ())
        edited_flows(Path(folder) / "new-flows", CHANGES)
        place = Path(folder) if shot.name in OF_FILES else ROOT
        printed = output_of(shot.words, environment, code=shot.code, folder=place)
    if shot.holds not in printed:
        raise NoPicture(f"helpline {' '.join(shot.words)} does not say {shot.holds!r}:\n{printed}")
    _write(shot.name, picture(shot, printed))


def _write(name: str, svg: str) -> None:
    path = IMAGES / f"{name}.svg"
    # rich pads lines with spaces and ends some with blanks; the file stays quiet under version control without them.
    path.write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024 + 1} kB")


def main(names: Sequence[str]) -> int:
    """Make the pictures with these names, all of them for none. Returns the exit code."""
    known = ["diagram", "flow", *(shot.name for shot in SHOTS)]
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No picture is called {unknown[0]}; choose from {', '.join(known)}", file=sys.stderr)
        return 2
    wanted = set(names or known)
    IMAGES.mkdir(exist_ok=True)
    if "diagram" in wanted:
        _write("way-of-a-call", diagram())
    if "flow" in wanted:
        _write("flow", flow())
    shots = [shot for shot in SHOTS if shot.name in wanted]
    try:
        if any(shot.name == "ticket" for shot in shots) and "demo" not in wanted:
            raise NoPicture("the picture of a ticket shows the one of the demo: ask for both")
        for shot in (one for one in shots if one.name in OF_FILES):
            _take(shot, dict(os.environ))
        if of_desk := [shot for shot in shots if shot.name not in OF_FILES]:
            with running() as environment:
                for shot in of_desk:
                    _take(shot, environment)
    except (NoPicture, subprocess.TimeoutExpired) as failure:
        print(f"No picture: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
