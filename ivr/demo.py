"""The whole story by itself: call, voicemail, transcript, ticket, page, ACK. Watches what people would see, the staff's phones.

With a way to read tickets it looks into the desk's API as well. Every step has its time, every failure says where to look.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxError

Ticket = Mapping[str, Any]
# Gives the newest tickets in the shape of the JSON API.
ReadTickets = Callable[[], Sequence[Ticket]]

# The transcriber may still be loading its model; everything else answers within seconds.
PATIENCE = 120.0
SOON = 30.0


class StoryStopped(Exception):
    """A step did not happen; `look` says what to look at."""

    def __init__(self, text: str, look: str) -> None:
        super().__init__(text)
        self.look = look


def tickets_from_api(base_url: str, token: str) -> ReadTickets:
    """Read tickets from the JSON API at `base_url`; the result raises SandboxError when it does not answer."""

    def read() -> Sequence[Ticket]:
        try:
            with requests.Session() as session:
                session.trust_env = False
                reply = session.get(
                    f"{base_url.rstrip('/')}/api/v1/tickets",
                    params={"limit": 20},
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=10,
                )
                reply.raise_for_status()
                tickets: Sequence[Ticket] = reply.json()["tickets"]
                return tickets
        except (requests.RequestException, ValueError, KeyError) as error:
            raise SandboxError(
                f"The JSON API at {base_url} does not answer as it should ({type(error).__name__}: {error}). "
                "Check that web runs and that HELPLINE_API_TOKEN is the one it was started with."
            ) from error

    return read


def ticket_number(body: str) -> str | None:
    """The ticket that a text names: after ACK, else the first number of three digits or more after a #, else any such."""
    for pattern in (r"\bACK\s+#?(\d+)", r"#\s?(\d{3,})", r"(?<![\d+-])(\d{4,6})(?![\d-])"):
        found = re.search(pattern, body, re.IGNORECASE)
        if found:
            return found.group(1)
    return None


def shared_words(text: str, transcript: str) -> int:
    """How many different words of four letters or more a text has in common with a transcript."""

    def words(of: str) -> set[str]:
        return set(re.findall(r"[a-z]{4,}", of.lower()))

    return len(words(text) & words(transcript))


@dataclass
class Story:
    """One demonstration under way."""

    sandbox: ControlClient
    read: ReadTickets | None
    message: Path
    staff: Sequence[tuple[str, str]]
    console: Console
    call: str = ""
    number: str = ""
    transcript: str = ""
    seen: dict[str, int] = field(default_factory=dict)
    inbox: dict[str, list[str]] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Show a step while it runs, and its time when it is done; the list takes lines to print below it."""
        begun, details = time.monotonic(), list[str]()
        with self.console.status(title) if self.console.is_terminal else contextlib.nullcontext():
            try:
                yield details
            except (StoryStopped, SandboxError):
                self.console.print(Text(f"  no  {time.monotonic() - begun:6.1f} s  {title}", style="bold red"))
                raise
        self.console.print(Text(f"  ok  {time.monotonic() - begun:6.1f} s  {title}", style="green"))
        for line in details:
            if self.console.is_terminal:
                self.console.print(Padding(Text(line, style="dim"), (0, 0, 0, 18), expand=False))
            else:
                self.console.print(Text(" " * 18 + line), soft_wrap=True)

    def until(self, check: Callable[[], bool], seconds: float, *, missing: str, look: str) -> None:
        """Wait for something. Raises StoryStopped when `seconds` pass without it."""
        end = time.monotonic() + seconds
        while not check():
            if time.monotonic() > end:
                raise StoryStopped(f"After {seconds:.0f} s {missing}.", look)
            time.sleep(0.1)

    # -- the steps ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Every step in order."""
        self.place_call()
        self.leave_voicemail()
        if self.read is not None:
            self.see_ticket()
            self.see_transcript()
        self.see_pages()
        self.acknowledge()
        if self.read is not None:
            self.see_claim()

    def place_call(self) -> None:
        """The client calls and hears the menu."""
        for _name, phone in self.staff:
            self.seen[phone] = max((item["seq"] for item in self.sandbox.texts(phone)), default=0)
            self.inbox[phone] = []
        with self.step(f"A client calls {self.sandbox.info()['number']} and hears the menu") as details:
            # Somebody new each time: a second call of a client whose ticket is open goes to its owner and pages nobody.
            self.call = self.sandbox.call(f"+1903555{1000 + secrets.randbelow(9000)}", pace="caller")
            self.followed = 0
            self.wait_for_call("listening", missing="the desk offered no menu")
            details += [f'"{words}"' for words in self.sandbox.transcript(self.call)]

    def wait_for_call(self, *kinds: str, missing: str) -> str:
        """Follow the call from where it was left until an event of one of these kinds, and return it. Raises StoryStopped
        when the call fails or ends before."""
        look = "the log of web (helpline up shows it), then `helpline doctor`"
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            found, over = self.sandbox.events(self.call, after=self.followed, wait=2)
            for event in found:
                self.followed = event.seq
                if event.kind == "error":
                    raise StoryStopped(f"{event.data['text']} (carrier's error {event.data['code']}).", look)
                if event.kind in kinds:
                    return event.kind
            if over:
                break
        raise StoryStopped(f"The call went on or ended, but {missing}.", look)

    def leave_voicemail(self) -> None:
        """Key 1, the message, and the receiver down."""
        with self.step("The client presses 1 and is asked for a message") as details:
            self.sandbox.press(self.call, "1")
            missing = "the desk recorded no voicemail after key 1"
            if self.wait_for_call("listening", "recording", missing=missing) == "listening":
                details.append("phones of the team ring; the client presses 1 again: a message instead")
                self.sandbox.press(self.call, "1")
                self.wait_for_call("recording", missing=missing)
        with self.step(f"The client leaves a voicemail ({self.message.stem}) and hangs up") as details:
            self.sandbox.speak_file(self.call, self.message)
            self.wait_for_call("spoke", missing="nothing of the message was recorded")
            self.sandbox.hang_up(self.call)
            self.wait_for_call("recorded", missing="the carrier has no recording")
            recorded = [event for event in self.sandbox.events(self.call, wait=0)[0] if event.kind == "recorded"]
            details.append(f"recording {recorded[-1].data['sid']}, {recorded[-1].data['seconds']} s")

    def ticket(self) -> Ticket | None:
        """The ticket of our call, if the API shows it."""
        tickets = self.read() if self.read is not None else ()
        return next((one for one in tickets if any(call["sid"] == self.call for call in one["calls"])), None)

    def see_ticket(self) -> None:
        """The desk has made a ticket."""
        with self.step("The desk opens an urgent ticket") as details:
            self.until(
                lambda: self.ticket() is not None, SOON, missing="the API shows no ticket for the call",
                look="the log of web for this call id: " + self.call,
            )  # fmt: skip
            ticket = self.ticket() or {}
            self.number = str(ticket["number"])
            details.append(f"ticket {self.number}, {ticket['priority']}: {ticket['subject']}")

    def see_transcript(self) -> None:
        """Whisper has written the words down."""
        with self.step("Whisper writes down what was said") as details:
            self.until(
                lambda: self.transcript_state() not in {"", "pending"}, PATIENCE, missing="the voicemail has no transcript",
                look="the log of transcriber (is it running, has it its weights?), then `helpline doctor`",
            )  # fmt: skip
            state = self.transcript_state()
            if state != "done":
                raise StoryStopped(
                    f"The transcript's state is '{state}'.", "the log of transcriber, then `helpline doctor`"
                )
            details.append(f'"{self.transcript}"')

    def transcript_state(self) -> str:
        """The state of the voicemail's transcript ("" before there is a recording); keeps its words."""
        recordings = (self.ticket() or {"recordings": []})["recordings"]
        if not recordings:
            return ""
        transcript = recordings[0]["transcript"]
        self.transcript = transcript.get("text") or ""
        return str(transcript["state"])

    def collect(self) -> None:
        """Read the staff's phones."""
        for _name, phone in self.staff:
            for item in self.sandbox.texts(phone, after=self.seen[phone]):
                self.seen[phone] = item["seq"]
                self.inbox[phone].append(item["body"])

    def all_have(self, good: Callable[[str], bool], among: Sequence[tuple[str, str]]) -> bool:
        """Whether each of these phones holds a text that is good."""
        self.collect()
        return all(any(good(body) for body in self.inbox[phone]) for _name, phone in among)

    def missing(self, good: Callable[[str], bool], among: Sequence[tuple[str, str]]) -> str:
        """Who holds none."""
        return ", ".join(f"{name} ({phone})" for name, phone in among if not any(map(good, self.inbox[phone])))

    def see_pages(self) -> None:
        """Everyone on call has the page, with the words in it or in a text after it."""

        def is_page(body: str) -> bool:
            number = ticket_number(body)
            return number is not None and (not self.number or number == self.number)

        def has_words(body: str) -> bool:
            return is_page(body) and (not self.transcript or shared_words(body, self.transcript) >= 2)

        look = "the log of worker, the pages in the API's ticket, and who is on call (`helpline flow check`)"
        with self.step("Everyone on call gets the page") as details:
            self.wait_for_texts(is_page, self.staff, seconds=PATIENCE, what="no page came to", look=look)
            pages = {name: next(filter(is_page, self.inbox[phone])) for name, phone in self.staff}
            self.number = self.number or str(ticket_number(next(iter(pages.values()))))
            details += [f"{name}: {body}" for name, body in pages.items()]
        if self.transcript:
            with self.step("The page carries the client's words"):
                what = "the words of the voicemail did not reach"
                self.wait_for_texts(has_words, self.staff, seconds=SOON, what=what, look=look)

    def wait_for_texts(
        self, good: Callable[[str], bool], among: Sequence[tuple[str, str]], *, seconds: float, what: str, look: str
    ) -> None:
        """Wait until each of these phones holds a good text. Raises StoryStopped that names who has none."""
        try:
            self.until(lambda: self.all_have(good, among), seconds, missing="-", look=look)
        except StoryStopped as stop:
            raise StoryStopped(f"After {seconds:.0f} s {what} {self.missing(good, among)}.", stop.look) from stop

    def acknowledge(self) -> None:
        """The first colleague claims the ticket, the others are told."""
        (name, phone), *others = self.staff
        for bodies in self.inbox.values():
            bodies.clear()
        look = "the log of web for /twilio/sms and of worker for the replies"

        def names_ticket(body: str) -> bool:
            return self.number in body

        def names_owner(body: str) -> bool:
            return self.number in body and name.lower() in body.lower()

        with self.step(f"{name} answers ACK {self.number} and is told that it is theirs") as details:
            self.sandbox.text(phone, f"ACK {self.number}")
            self.wait_for_texts(
                names_ticket, [(name, phone)], seconds=SOON, what="no answer to the ACK came to", look=look
            )
            details.append(f"{name}: {self.inbox[phone][-1]}")
        if others:
            with self.step("The others are told who has it") as details:
                what = f"nobody told that {name} has it:"
                self.wait_for_texts(names_owner, others, seconds=SOON, what=what, look=look)
                details += [f"{other}: {next(filter(names_owner, self.inbox[number]))}" for other, number in others]

    def see_claim(self) -> None:
        """The ticket has an owner."""
        with self.step("The ticket shows its owner") as details:
            self.until(
                lambda: (self.ticket() or {}).get("state") == "claimed", SOON, missing="the API's ticket is not claimed",
                look="the events of the ticket in the API, and the log of web for /twilio/sms",
            )  # fmt: skip
            details.append(f"ticket {self.number} is claimed by {(self.ticket() or {}).get('claimed_by')}")


def _message(samples: Path) -> Path:
    """The voicemail of the story, which names no client, else the first sample. Raises SandboxError without any."""
    found = sorted(samples.glob("*.wav"))
    if not found:
        raise SandboxError(f"There is no sample voicemail in {samples}: the demo needs printer.wav there.")
    return next((path for path in found if path.name == "printer.wav"), found[0])


def run_demo(
    control_url: str,
    *,
    api: ReadTickets | tuple[str, str] | None,
    samples: Path,
    staff: Sequence[tuple[str, str]],
    console: Console,
) -> int:
    """Play the story against the sandbox at `control_url` and print a line per step.

    `api` reads tickets: a function, or (base URL, token) of the JSON API, or None to watch the staff's phones only. `staff`
    are (name, number) of everyone on call. Returns 0 when the story held, 1 with the step that failed and what to look at.
    """
    begun = time.monotonic()
    try:
        if not staff:
            raise SandboxError("Nobody is on call: oncall.yml gives no phone number to page.")
        read = tickets_from_api(*api) if isinstance(api, tuple) else api
        story = Story(ControlClient(control_url), read, _message(samples), staff, console)
        story.run()
    except StoryStopped as stop:
        console.print(Text(f"{stop} Look at {stop.look}.", style="bold red"), soft_wrap=not console.is_terminal)
        return 1
    except SandboxError as error:
        console.print(Text(str(error), style="bold red"), soft_wrap=not console.is_terminal)
        return 1
    except KeyboardInterrupt:
        console.print(Text("Stopped.", style="dim"))
        return 1
    console.print(Text(f"The story held, in {time.monotonic() - begun:.1f} s.", style="bold green"))
    return 0
