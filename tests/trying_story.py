"""A person who tries flow files in the terminal, for stories: the folder, and what is typed there."""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ivr.cli import run

ROOT = Path(__file__).parents[1]
TRYING = ROOT / "tests" / "unit" / "flows" / "trying"

Captured = pytest.CaptureFixture[str]
#: Options and lines in; exit code, what was printed and what was complained of out.
Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder of flow files without tests, with every kind of step."""
    for path in TRYING.glob("*.yml"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: Captured, desk: Path) -> Typed:
    """Type lines into a walk, as a pipe does."""

    def types(*options: str, lines: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        code = run(["flow", "try", str(desk), *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return types
