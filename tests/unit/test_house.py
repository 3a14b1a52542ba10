"""The sizes that CONTRIBUTING.md promises, and that what comments point to is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bench", "docs", "flows", "ivr", "tests", "tickets", "transcribe")
#: What a migration does is a list of tables, and it is never edited again.
MODULES = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")) if "versions" not in path.parts]
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 40


def too_long(name: str, source: str) -> Iterator[str]:
    """What is over its size in a module."""
    lines = source.count("\n")
    if lines > MOST_LINES:
        yield f"{name}: {lines} lines"
    for node in ast.walk(ast.parse(source)):
        # A story of the tests has as many lines as the words that it expects.
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.end_lineno
            and not name.startswith("tests")
        ):
            length = node.end_lineno - node.lineno + 1
            if length > MOST_LINES_OF_A_FUNCTION:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines"


def test_files_and_functions_are_short() -> None:
    assert [line for path in MODULES for line in too_long(str(path.relative_to(ROOT)), path.read_text())] == []


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("x = 1\n" * 401, "a.py: 401 lines"),
        ("def long():\n" + "    x = 1\n" * 40, "a.py:1: long has 41 lines"),
    ],
)
def test_what_is_too_long_is_noticed(source: str, complaint: str) -> None:
    assert list(too_long("a.py", source)) == [complaint]


def test_documents_that_the_code_points_to_exist() -> None:
    named = {(path, name) for path in MODULES for name in re.findall(r"\bdocs/[\w/-]+\.md\b", path.read_text())}
    assert len(named) > 20
    # This file and the checks of documents name some that are missing on purpose.
    own = {ROOT / "tests/unit/test_docs.py", Path(__file__)}
    assert [f"{path}: {name}" for path, name in named if path not in own and not (ROOT / name).exists()] == []
