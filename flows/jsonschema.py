"""JSON Schemas of the YAML files, so that an editor completes keys and marks mistakes while an admin types.

`python -m flows.jsonschema` writes them beside the shipped files; a test keeps them current.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from flows.oncall_schema import OnCall
from flows.schema import ClientList, HelpdeskFlow, Wordings
from flows.trying.testfile import CaseFile

_FILES: dict[str, type[BaseModel]] = {
    "helpdesk.schema.json": HelpdeskFlow,
    "oncall.schema.json": OnCall,
    "clients.schema.json": ClientList,
    "texts.schema.json": Wordings,
    "tests.schema.json": CaseFile,
}


def schemas() -> dict[str, str]:
    """File name to content, for each YAML file."""
    return {name: json.dumps(_closed(model.model_json_schema()), indent=2) + "\n" for name, model in _FILES.items()}


def _closed(node: Any) -> Any:
    """`node` with tables of patterned keys closed: the generator leaves them open, and editors would accept any key."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    return {**closed, "additionalProperties": False} if "patternProperties" in closed else closed


def write(directory: Path) -> None:
    """Write the schemas into `directory`. Raises OSError when that fails."""
    for name, content in schemas().items():
        (directory / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent)
