"""Whoever waits at a terminal sees that something goes on; a pipe stays as it is."""

import io
import sys

import pytest

from ivr.commands.busy import busy


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_progress_is_for_terminals(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, shown: bool) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    with busy("walking both flows ...") as status:
        assert (status is not None) is shown
    assert ("walking both flows ..." in stream.getvalue()) is shown
    assert bool(stream.getvalue()) is shown
