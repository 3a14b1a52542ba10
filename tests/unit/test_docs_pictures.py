"""What a reader sees first, the records of decisions, the tables of phrases and the pictures: in order, up to date, and of
real commands."""

import importlib.util
import re
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

from tests.unit.documents import DOCUMENTS, LINK, ROOT, read, resolve


def test_the_first_screen_says_what_it_is_shows_two_commands_and_what_you_then_see() -> None:
    first = (ROOT / "README.md").read_text().splitlines()[:16]

    assert first[0] == "# helpline"
    assert "```" in first
    assert any(line.startswith("make run ") for line in first)
    assert any(line.startswith(".venv/bin/helpline phone --demo ") for line in first)
    assert any(line.endswith("](docs/images/demo.svg)") for line in first)


def test_the_newest_version_in_the_changelog_is_the_one_that_is_built() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert versions[0] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_decisions_are_numbered_without_holes_short_and_listed() -> None:
    listed = re.findall(
        r"^\| \[(\d+)\]\(decisions/(.+?)\) \| (.+?) \|$", (ROOT / "docs/architecture.md").read_text(), re.M
    )
    records = sorted((ROOT / "docs/decisions").glob("*.md"))

    assert [(number, name) for number, name, _ in listed] == [(str(n), r.name) for n, r in enumerate(records, start=1)]
    for record, (number, _, title) in zip(records, listed, strict=True):
        text = record.read_text()
        assert record.name.startswith(f"{int(number):04}-")
        assert text.startswith(f"# {number}. {title}\n")
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
        assert len(text.splitlines()) <= 25


def _script(name: str) -> ModuleType:
    """A script of the docs folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


def words_of(picture: Path) -> str:
    """The words in a picture, with plain spaces."""
    return " ".join("".join(ET.fromstring(picture.read_text()).itertext()).split())


def test_the_drawing_of_the_way_of_a_call_is_the_script_s_own() -> None:
    drawn = _script("make_pictures").diagram()

    assert (ROOT / "docs/images/way-of-a-call.svg").read_text() == drawn


def test_the_drawing_of_the_shipped_flow_is_of_the_shipped_flow() -> None:
    drawn = _script("make_pictures").flow()

    assert (ROOT / "docs/images/flow.svg").read_text() == drawn, "run .venv/bin/python docs/make_pictures.py flow"


def test_the_tables_of_phrases_are_those_that_the_tests_run() -> None:
    made = _script("make_consent_table").document()

    assert (ROOT / "docs/consent.md").read_text(encoding="utf-8") == made


def test_the_admin_s_walk_shows_what_the_check_prints() -> None:
    made = _script("make_admin_walk").document()

    assert (ROOT / "docs/admin-walk.md").read_text(encoding="utf-8") == made


def test_every_picture_is_used_and_every_terminal_shows_what_it_should() -> None:
    shots = {shot.name: shot for shot in _script("make_pictures").SHOTS}
    shown = {Path(link).name for path in DOCUMENTS for link in LINK.findall(read(path).text) if link.endswith(".svg")}
    made = {picture.name for picture in (ROOT / "docs/images").iterdir()}

    assert made == shown == {"way-of-a-call.svg", "flow.svg", *(f"{name}.svg" for name in shots)}
    for name, shot in shots.items():
        words = words_of(ROOT / f"docs/images/{name}.svg")
        assert f"$ .venv/bin/helpline {' '.join(shot.words)}" in words
        assert shot.holds in words
        resolve(list(shot.words))  # raises LookupError for a command that is gone


def test_pictures_load_nothing_from_elsewhere() -> None:
    for picture in (ROOT / "docs/images").iterdir():
        addresses = re.findall(r"(?:https?:)?//[^\s\"')]+", picture.read_text())
        outside = [
            a for a in addresses if not a.startswith(("http://www.w3.org/", "http://127.0.0.1:", "https://bitscorps"))
        ]
        assert outside == [], picture.name
