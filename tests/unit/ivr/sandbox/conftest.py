"""A sandbox carrier on a loopback port, a small application behind it, and the vendor's own client in front."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxConfig
from ivr.sandbox.server import running
from tests.unit.ivr.sandbox.sandbox_helpers import ACCOUNT, DESK, TOKEN, Application, serving


@pytest.fixture
def application() -> Iterator[Application]:
    with serving(Application()) as made:
        yield made


@pytest.fixture
def config(application: Application, tmp_path: Path) -> SandboxConfig:
    return SandboxConfig("127.0.0.1", 0, ACCOUNT, TOKEN, DESK, application.url, tmp_path / "sandbox", speed=20)


@pytest.fixture
def url(config: SandboxConfig) -> Iterator[str]:
    with running(config) as address:
        yield address


@pytest.fixture
def phones(url: str) -> ControlClient:
    return ControlClient(url)


@pytest.fixture
def twilio_at() -> Iterator[Callable[..., Client]]:
    """Makes the vendor's client for a base URL."""
    made: list[Client] = []

    def make(url: str, *, token: str = TOKEN, timeout: float = 5) -> Client:
        client = Client(ACCOUNT, token, http_client=TwilioHttpClient(timeout=timeout))
        client.api.base_url = url
        made.append(client)
        return client

    yield make
    for client in made:
        client.http_client.session.close()


@pytest.fixture
def twilio(url: str, twilio_at: Callable[..., Client]) -> Client:
    return twilio_at(url)
