"""Tidy what was heard (pure)."""

from collections.abc import Iterable


def callback_number(text: str) -> str | None:
    raise NotImplementedError


def client_named(text: str, clients: Iterable[str]) -> str | None:
    raise NotImplementedError


def summary(text: str) -> str:
    raise NotImplementedError
