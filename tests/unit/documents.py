"""Reading the documents of the repository, and checks of one document: each yields complaints.

`tests/unit/test_docs.py` runs them on every document, and on sentences that are wrong."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from flask import Flask
from werkzeug.exceptions import HTTPException

from ivr.cli import cli
from ivr.settings import setting_names

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "flows/*.md", "tests/conversations/*.md")
    for path in ROOT.glob(pattern)
)
#: Folders of the repository; what is made beside them (var, .venv) is not there on a fresh checkout.
FOLDERS = ("flows", "ivr", "tickets", "transcribe", "tests", "docs", "samples", "bench", ".ci")
FILE_ENDINGS = (".py", ".yml", ".md", ".toml", ".txt", ".json", ".wav", ".svg")
#: Files that the reader is to bring.
READERS_OWN = {"my.wav", "flow.svg"}
PACKAGES = ("flows", "ivr", "tickets", "transcribe", "tests", "bench")

# -- reading a document --------------------------------------------------------------------------------------------------

FENCE = re.compile(r"^```[a-z]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Doc:
    """A document: the folder in which its links and names are looked up, and its text."""

    folder: Path
    text: str

    @property
    def code(self) -> list[str]:
        """Everything in code: lines of fenced blocks without their comments, and spans in the prose."""
        blocks = [re.sub(r"(^|\s)#.*", "", line) for block in FENCE.findall(self.text) for line in block.splitlines()]
        return blocks + SPAN.findall(FENCE.sub("", self.text))

    @property
    def tokens(self) -> list[str]:
        """The words of the code, without the punctuation around them."""
        return [token.strip("\"',;:()") for piece in self.code for token in piece.split()]


def read(path: Path) -> Doc:
    return Doc(path.parent, path.read_text(encoding="utf-8"))


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


# -- the checks ----------------------------------------------------------------------------------------------------------


def broken_links(doc: Doc) -> Iterator[str]:
    for target in LINK.findall(FENCE.sub("", doc.text)):
        name, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", name):
            continue
        path = (doc.folder / name).resolve() if name else None
        if path is not None and not path.exists():
            yield f"link {target}: no such file"
        elif anchor and anchor not in map(slug, HEADING.findall(path.read_text() if path else doc.text)):
            yield f"link {target}: no such heading"


def missing_files(doc: Doc) -> Iterator[str]:
    for token in doc.tokens:
        if not re.fullmatch(r"[\w.\-]+(/[\w.\-]+)*/?", token) or token in READERS_OWN or token.startswith(".venv/"):
            continue
        inside = "/" in token and token.split("/")[0] in FOLDERS
        if not inside and Path(token).suffix not in FILE_ENDINGS:
            continue
        places = [ROOT / token, doc.folder / token]
        if "/" not in token:
            places += [ROOT / folder / token for folder in FOLDERS]
        if not any(place.exists() for place in places):
            yield f"file {token}: not in the repository"


def missing_modules(doc: Doc) -> Iterator[str]:
    for token in doc.tokens:
        parts = token.split(".")
        if (
            parts[0] not in PACKAGES
            or len(parts) < 2
            or not all(map(str.isidentifier, parts))
            or f".{parts[-1]}" in FILE_ENDINGS
        ):
            continue
        module = parts[:-1] if parts[-1][0].isupper() else parts
        if importlib.util.find_spec(module[0]) is None or not _has_module(".".join(module)):
            yield f"module {token}: does not exist"


def _has_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def unknown_targets(doc: Doc) -> Iterator[str]:
    for piece in doc.code:
        for words in re.findall(r"(?:^|\s)make ([a-z]+)\b", piece):
            if words not in make_targets():
                yield f"make {words}: no such target"


def unknown_names(doc: Doc) -> Iterator[str]:
    """Settings and other variables: anything in capitals with an underscore has to stand in the code."""
    for token in doc.tokens:
        for name in re.findall(r"(?<![A-Za-z0-9_])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![A-Za-z0-9_])", token):
            if not re.search(rf"\b{name}\b", SOURCES):
                yield f"name {name}: not in the code"


def _sources() -> str:
    """Everything that reads variables. Not the tests: they hold misspelt names on purpose."""
    files = [
        path for folder in ("flows", "ivr", "tickets", "transcribe", "bench") for path in (ROOT / folder).rglob("*.py")
    ]
    files += [ROOT / "Makefile", ROOT / ".ci" / "run"]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


SOURCES = _sources() + "\n" + "\n".join(setting_names())


def invocations(doc: Doc) -> Iterator[list[str]]:
    """The words after `helpline` of every command line."""
    for piece in doc.code:
        for line in re.findall(r"(?:^|[\s/])helpline((?: [^&|;>)]+)?)(?:$|[&|;>)])", piece):
            try:
                yield shlex.split(line)
            except ValueError:
                yield ["(unreadable)"]


def resolve(words: list[str]) -> tuple[str, click.Command, list[str]]:
    """(name, command, what is left of the words). Raises LookupError with the word that is no command."""
    command: click.Command = cli
    names, rest = list[str](), list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        found = command.commands.get(name)
        if found is None:
            raise LookupError(f"helpline {' '.join([*names, name])}: no such command")
        command, names = found, [*names, name]
    return " ".join(names), command, rest


def unknown_commands(doc: Doc) -> Iterator[str]:
    for words in invocations(doc):
        try:
            name, command, rest = resolve(words)
        except LookupError as wrong:
            yield str(wrong)
            continue
        options = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
        yield from (f"helpline {name} {o}: no such option" for o in rest if o.startswith("-") and o not in options)
        takes = any(not (isinstance(one, click.Option) and one.is_flag) for one in command.params)
        if not takes and not isinstance(command, click.Group):
            yield from (f"helpline {name} {word}: takes no words" for word in rest if not word.startswith("-"))


ADDRESS = re.compile(r"(?:^|PUBLIC_URL|:8000)(/(?:twilio|api|healthz|readyz|metrics|listen)[\w/.\-]*)")


def unknown_addresses(doc: Doc, app: Flask) -> Iterator[str]:
    routes = app.url_map.bind("localhost")
    for token in doc.tokens:
        for path in ADDRESS.findall(token):
            if path.endswith("/"):
                continue  # the beginning of addresses, not one
            found = set()
            for method in ("GET", "POST"):
                try:
                    found.add(routes.match(path, method=method)[0])
                except HTTPException:
                    continue
            if not found - {"api.nothing"}:
                yield f"address {path}: nothing is there"
