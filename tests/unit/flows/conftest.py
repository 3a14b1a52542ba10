"""What the stories about flows begin with."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flow_phone import SHIPPED, Phone

from flows.engine import Flow
from flows.loader import load


@pytest.fixture(scope="session")
def shipped() -> Flow:
    """The flow that ships."""
    return load(SHIPPED).helpdesk


@pytest.fixture
def phone(shipped: Flow) -> Phone:
    """A known client's phone, in a call with the shipped flow."""
    return Phone(shipped).call()


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder of the shipped files, some of them replaced: folder(oncall="team: []"). `texts` is texts.es.yml, which
    is not there without being given."""

    def make(**files: str | bytes | None) -> Path:
        for name in ("helpdesk", "oncall", "clients"):
            content = files.get(name, (SHIPPED / f"{name}.yml").read_bytes())
            if content is not None:
                data = content.encode() if isinstance(content, str) else content
                (tmp_path / f"{name}.yml").write_bytes(data)
        if (texts := files.get("texts")) is not None:
            (tmp_path / "texts.es.yml").write_bytes(texts.encode() if isinstance(texts, str) else texts)
        return tmp_path

    return make
