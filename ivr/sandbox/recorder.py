"""The Record verb: sound of the caller becomes a recording, kept byte by byte so that a crash loses none of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import urljoin

from ivr.sandbox import audio, wire
from ivr.sandbox.behaviour import Behaviour, EmptyRecording
from ivr.sandbox.config import Tempo
from ivr.sandbox.dispatcher import OVERTAKING, Dispatcher
from ivr.sandbox.line import Key, Line, Silence, Speech
from ivr.sandbox.store import Row, Store, recordings
from ivr.sandbox.twiml import Verb

# Less sound than this is no recording (error 16101, "too short").
SHORTEST = 0.5
TOO_SHORT = 16101
# Seconds of the carrier's time from the end of a recording to its webhook.
PROCESSING = 0.5
# A silence that the caller asks for is at most so long in the recording, whatever the verb's time-out.
_LONGEST_PAUSE = 10.0


@dataclass(frozen=True)
class Finished:
    """A recording that ended: `seconds` before trimming, `digits` as the action gets them, `empty` if it holds no
    sound.
    """

    sid: str
    seconds: int
    digits: str
    empty: bool


class Archive:
    """Recordings in the database and on disk. Used by recorders, and after a restart for what was cut off."""

    def __init__(self, account: str, store: Store, *, dispatcher: Dispatcher, tempo: Tempo) -> None:
        self._account, self.store, self._dispatcher, self.tempo = account, store, dispatcher, tempo

    def start(self, call_sid: str, verb: Verb, *, base_url: str, behaviour: Behaviour) -> Row:
        """Begin a recording for a Record verb."""
        callback = verb.attrs.get("recordingStatusCallback", "")
        wanted = verb.attrs.get("recordingStatusCallbackEvent", "completed").split()
        sid = wire.new_sid("RE")
        now = time.time()
        self.store.file(sid, ".pcm").write_bytes(b"")
        self.store.insert(
            recordings,
            sid=sid,
            call_sid=call_sid,
            status="in-progress",
            started=now,
            updated=now,
            trim=verb.attrs.get("trim", "trim-silence") == "trim-silence",
            callback_url=urljoin(base_url, callback) if callback else "",
            callback_method=verb.attrs.get("recordingStatusCallbackMethod", "POST"),
            callback_events=wanted,
        )
        row = self.get(sid)
        # In swapped order the news of the start comes after the news of the end.
        delay = 4 * OVERTAKING * self.tempo.speed if behaviour.swapped else 0.0
        self._tell(row, "in-progress", behaviour=behaviour, delay=delay)
        return row

    def get(self, sid: str) -> Row:
        """The recording with this id. Raises KeyError."""
        row = self.store.one(recordings, recordings.c.sid == sid)
        if row is None:
            raise KeyError(sid)
        return row

    def finish(self, sid: str, behaviour: Behaviour) -> Row:
        """End a recording: trim, keep the file, tell the application."""
        row = self.get(sid)
        pcm = self.store.file(sid, ".pcm").read_bytes()
        now = time.time()
        values: dict[str, object] = {"updated": now, "status": "completed"}
        delay = 0.0 if behaviour.swapped else PROCESSING
        if row["raw_seconds"] is not None:
            values["duration"] = round(row["raw_seconds"])
        else:
            kept = audio.trim(pcm) if row["trim"] else pcm
            if len(kept) < SHORTEST * audio.SECOND:
                values |= {"status": "absent", "error_code": TOO_SHORT, "duration": 0}
            else:
                self.store.file(sid, ".wav").write_bytes(audio.to_wav(kept))
                values["duration"] = max(1, round(len(kept) / audio.SECOND))
        values["ready_at"] = now + self.tempo.real(delay) + behaviour.media_missing
        self.store.update(recordings, recordings.c.sid == sid, **values)
        self.store.file(sid, ".pcm").unlink(missing_ok=True)
        row = self.get(sid)
        self.store.event(row["call_sid"], "recorded", sid=sid, status=row["status"], seconds=row["duration"])
        self._tell(row, row["status"], behaviour=behaviour, delay=delay)
        return row

    def _tell(self, row: Row, status: str, *, behaviour: Behaviour, delay: float) -> None:
        if status in row["callback_events"]:
            params = wire.recording_params(row, self._account, status=status)
            self._dispatcher.queue(
                row["callback_url"], row["callback_method"], params=params, behaviour=behaviour, delay=delay
            )


class Recorder:
    """The recordings of one call, one after the other."""

    def __init__(self, archive: Archive, call_sid: str, *, behaviour: Behaviour) -> None:
        self._archive, self._call_sid, self._behaviour = archive, call_sid, behaviour
        self._row: Row | None = None
        self._bytes = 0

    @property
    def asks_when_empty(self) -> bool:
        """Whether an empty recording's action is requested."""
        return self._behaviour.empty_recording is EmptyRecording.ACTION

    def record(self, verb: Verb, line: Line, *, base_url: str) -> Finished:
        """Record until silence, a key or the longest time ends it.

        Raises HungUp; then `interrupted` ends the recording.
        """
        self._row = self._archive.start(self._call_sid, verb, base_url=base_url, behaviour=self._behaviour)
        self._bytes = 0
        finish = verb.attrs.get("finishOnKey", "1234567890*#")
        seconds = max(0.0, verb.number("timeout", 5))
        most = max(2.0, verb.number("maxLength", 3600))
        self._archive.store.event(
            self._call_sid,
            "recording",
            sid=self._row["sid"],
            beep=verb.flag("playBeep", True),
            finish_on_key=finish,
            seconds=seconds,
            max_seconds=most,
        )
        digits = self._listen(line, finish, seconds=seconds, most=most)
        done = self._end(digits)
        if self._behaviour.swapped:
            line.wait("working", OVERTAKING)
        return done

    def interrupted(self) -> Finished | None:
        """End the recording that a hang-up cut off, if one was running."""
        return self._end("hangup") if self._row is not None else None

    def _end(self, digits: str) -> Finished:
        assert self._row is not None
        sid, before = self._row["sid"], self._row["raw_seconds"]
        self._row = None
        seconds = before if before is not None else self._bytes / audio.SECOND
        row = self._archive.finish(sid, self._behaviour)
        return Finished(sid, round(seconds), digits, row["status"] == "absent")

    def _listen(self, line: Line, finish: str, *, seconds: float, most: float) -> str:
        """Take the caller's sound; returns the key that ended it, or "" for silence and the longest time."""
        while True:
            left = most - self._bytes / audio.SECOND
            if left <= 0:
                return ""
            limit = min(seconds, left) if seconds else left
            waited = time.monotonic()
            action = line.wait("recording", None if line.waits_for_caller else self._archive.tempo.real(limit))
            passed = (time.monotonic() - waited) * self._archive.tempo.speed
            if isinstance(action, Speech):
                if not line.waits_for_caller:
                    self._add(bytes(int(min(passed, limit) * audio.RATE) * 2))
                self._hear(action, line, most=most)
            elif isinstance(action, Key):
                self._archive.store.event(self._call_sid, "pressed", key=action.key)
                if action.key in finish:
                    return action.key
            elif action is None or isinstance(action, Silence):
                self._add(bytes(int(min(limit, _LONGEST_PAUSE)) * audio.SECOND))
                self._archive.store.event(self._call_sid, "silence", seconds=limit)
                return ""

    def _add(self, pcm: bytes) -> None:
        assert self._row is not None
        with self._archive.store.file(self._row["sid"], ".pcm").open("ab") as file:
            file.write(pcm)
        self._bytes += len(pcm)

    def _hear(self, speech: Speech, line: Line, *, most: float) -> None:
        assert self._row is not None
        if speech.raw_seconds is not None:
            self._archive.store.file(self._row["sid"], ".wav").write_bytes(speech.sound)
            self._archive.store.update(recordings, recordings.c.sid == self._row["sid"], raw_seconds=speech.raw_seconds)
            self._row["raw_seconds"] = speech.raw_seconds
            return
        sound = speech.sound[: int(most * audio.SECOND) - self._bytes]
        if line.waits_for_caller:
            self._add(sound)
        else:
            for start in range(0, len(sound), audio.SECOND // 2):
                piece = sound[start : start + audio.SECOND // 2]
                self._add(piece)
                line.wait("hearing", self._archive.tempo.real(len(piece) / audio.SECOND))
        self._archive.store.event(self._call_sid, "spoke", seconds=round(len(sound) / audio.SECOND, 1))
