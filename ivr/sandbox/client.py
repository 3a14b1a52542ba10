"""The control API of the sandbox from Python: hold a phone, be a caller. Used by the terminal phone, the demo and the
tests.

Every method raises SandboxError with one readable sentence when the sandbox cannot be reached or refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from ivr.sandbox.config import SandboxError

Json = dict[str, Any]


@dataclass(frozen=True)
class CallEvent:
    """One thing that happened in a call.

    `seq` grows, `data` depends on `kind` (docs/sandbox.md).
    """

    seq: int
    at: str
    kind: str
    data: Mapping[str, Any]


class ControlClient:
    """A handle on the sandbox at `url` (such as http://127.0.0.1:8001). Safe to share between threads."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def _ask(self, method: str, path: str, *, seconds: float = 30, **options: Any) -> Json:
        try:
            with requests.Session() as session:
                session.trust_env = False
                reply = session.request(method, f"{self.url}/sandbox{path}", timeout=seconds, **options)
                answer = reply.json()
        except (requests.RequestException, ValueError) as error:
            raise SandboxError(
                f"The sandbox carrier at {self.url} does not answer ({type(error).__name__}). "
                "Start it with `helpline up` or `helpline sandbox`, or check the address."
            ) from error
        if reply.status_code >= 400:
            raise SandboxError(
                str(answer.get("error", f"The sandbox answered {reply.status_code} to {method} {path}."))
            )
        return dict(answer)

    def info(self) -> Json:
        """`{"number", "public_url", "keywords", "speed"}` of the desk's number."""
        return self._ask("GET", "/info")

    def call(
        self, number: str, *, withheld: bool = False, pace: str = "real", forwarded_from: str | None = None
    ) -> str:
        """Dial the desk from `number`.

        Returns the call's id. `pace="caller"`: prompts take no time and the call waits for the caller, as is pleasant
        at a keyboard; after a minute without a sign of the phone the caller is gone.
        """
        body = {"from": number, "withheld": withheld, "pace": pace, "forwarded_from": forwarded_from}
        return str(self._ask("POST", "/calls", json=body)["sid"])

    def answer(self, call: str) -> None:
        """Pick up a call that the application placed to a phone."""
        self._ask("POST", f"/calls/{call}/answer", json={})

    def decline(self, call: str) -> None:
        """Do not pick up a call that the application placed to a phone."""
        self._ask("POST", f"/calls/{call}/decline", json={})

    def press(self, call: str, keys: str, *, wait: float = 15) -> None:
        """Press keys, once the call listens for keys or records (waits up to `wait` seconds for that; 0: at once)."""
        self._ask("POST", f"/calls/{call}/keys", json={"keys": keys, "wait": wait}, seconds=wait + 30)

    def stay_silent(self, call: str, *, wait: float = 15) -> None:
        """Let the time-out that the call is waiting for pass now."""
        self._ask("POST", f"/calls/{call}/silence", json={"wait": wait}, seconds=wait + 30)

    def speak(self, call: str, wav: bytes, *, wait: float = 15, raw_seconds: float | None = None) -> None:
        """Speak a WAV file into the recording.

        With `raw_seconds` the bytes become the recording as they are, unchecked.
        """
        form: dict[str, str] = {"wait": str(wait)}
        if raw_seconds is not None:
            form["raw_seconds"] = str(raw_seconds)
        self._ask("POST", f"/calls/{call}/speech", data=form, files={"wav": ("said.wav", wav)}, seconds=wait + 60)

    def hang_up(self, call: str) -> None:
        """The caller hangs up. Hanging up a call that has ended is no error."""
        self._ask("POST", f"/calls/{call}/hangup", json={})

    def status(self, call: str) -> Json:
        """`{"sid", "status", "doing", "from", "to", "direction", ...}`; `doing`: speaking, gathering, talking, ..."""
        return self._ask("GET", f"/calls/{call}")

    def events(self, call: str, *, after: int = 0, wait: float = 20) -> tuple[list[CallEvent], bool]:
        """Events with `seq` above `after` (waits up to `wait` seconds for the first), and whether the call has ended."""
        query = {"after": after, "wait": wait}
        answer = self._ask("GET", f"/calls/{call}/events", params=query, seconds=wait + 30)
        return [CallEvent(e["seq"], e["at"], e["kind"], e["data"]) for e in answer["events"]], bool(answer["ended"])

    def follow(self, call: str) -> Iterator[CallEvent]:
        """Every event of the call as it happens, until it has ended."""
        after, ended = 0, False
        while not ended:
            found, ended = self.events(call, after=after)
            for event in found:
                after = event.seq
                yield event

    def transcript(self, call: str) -> list[str]:
        """What the caller heard so far, prompt by prompt."""
        return [str(e.data["text"]) for e in self.events(call, wait=0)[0] if e.kind == "said"]

    def text(self, number: str, body: str, *, media: Sequence[tuple[str, bytes, str]] = ()) -> str:
        """Text the desk from `number`; `media` are (file name, bytes, content type). Returns the message's id."""
        files = [("media", (name, data, kind)) for name, data, kind in media]
        options: Json = {"data": {"body": body}}
        if files:
            options["files"] = files
        return str(self._ask("POST", f"/phones/{number}/send", **options)["sid"])

    def texts(self, number: str, *, after: int = 0, wait: float = 0) -> list[Json]:
        """Texts that the phone received, oldest first: `{"seq", "sid", "from", "body", "media", "at"}`.

        Long-polls `wait` seconds.
        """
        query = {"after": after, "wait": wait}
        return list(self._ask("GET", f"/phones/{number}/texts", params=query, seconds=wait + 30)["texts"])

    def ringing(self, number: str) -> list[Json]:
        """Calls that ring on this phone now."""
        return list(self._ask("GET", f"/phones/{number}/ringing")["calls"])

    def placed(self, *, after: int = 0, wait: float = 0) -> list[Json]:
        """Calls that the application placed, oldest first: `{"seq", "sid", "to", "status", ...}`. Long-polls `wait`
        seconds."""
        query = {"after": after, "wait": wait}
        return list(self._ask("GET", "/placed", params=query, seconds=wait + 30)["calls"])

    def rooms(self) -> list[Json]:
        """The open conference rooms: `{"name", "started_at", "people": [{"call", "phone", "since", "muted"}], ...}`."""
        return list(self._ask("GET", "/rooms")["rooms"])

    def behave(self, number: str, **behaviour: Any) -> Json:
        """Set how the carrier treats this number ("*": every number without an own rule); fields in docs/sandbox.md.
        Without fields: back to normal."""
        return self._ask("PUT", f"/phones/{number}/behaviour", json=behaviour)

    def account(self, **settings: Any) -> Json:
        """Switch things on for the account (`keywords`, `blocked_texts`, `segments_per_second`, `queue_limit`, `speed`;
        see docs/sandbox.md) and the others off. Without settings: back to how the sandbox was started."""
        return self._ask("PUT", "/account", json=settings)

    def handed_over(self, *, after: int = 0, wait: float = 0) -> list[Json]:
        """Texts that the carrier took from the application, oldest first: `{"seq", "sid", "to", "body", "segments",
        "status", "error_code", "at", "sent_at", ...}`; `at` is when it took them. Long-polls `wait` seconds."""
        query = {"after": after, "wait": wait}
        return list(self._ask("GET", "/texts", params=query, seconds=wait + 30)["texts"])

    def webhooks(self) -> list[Json]:
        """The last 200 asynchronous webhooks, newest first: `{"url", "params", "state", "attempts", "note"}`."""
        return list(self._ask("GET", "/webhooks")["webhooks"])

    def speak_file(self, call: str, path: Path) -> None:
        """Speak the WAV file at `path`."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SandboxError(f"Cannot read {path}: {error.strerror}. Give the path of a WAV file.") from error
        self.speak(call, data)
