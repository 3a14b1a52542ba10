"""What ``helpline transcribe`` prints."""

from __future__ import annotations

import json

from transcribe.engine import Segment
from transcribe.pipeline import State, Transcription
from transcribe.report import as_json, lines

DONE = Transcription(
    state=State.DONE,
    text="Our server is down.",
    language="en",
    confidence=0.8765,
    callback_number="+19035550147",
    segments=(Segment(start=0.2, end=13.9, text="Our server is down.", confidence=0.877),),
    seconds=14.725,
)


def test_words_come_first_and_then_what_is_known() -> None:
    assert list(lines("outage.wav", DONE)) == [
        "outage.wav: Our server is down.",
        "  0:15, done, en, confidence 0.88, callback +19035550147",
    ]


def test_silence_and_failure_say_so() -> None:
    assert list(lines("a.wav", Transcription(state=State.SILENT, seconds=6.0))) == [
        "a.wav: (silent: nobody speaks)",
        "  0:06, silent",
    ]
    broken = Transcription(state=State.FAILED, problem="the file is not a sound recording")
    assert list(lines("b.wav", broken)) == [
        "b.wav: (failed)",
        "  0:00, failed",
        "  problem: the file is not a sound recording",
    ]


def test_a_long_recording_shows_hours_and_what_was_left_out() -> None:
    found = Transcription(
        state=State.DONE, text="Hi.", seconds=7_265, problem="only 15 minutes of 121 were transcribed"
    )
    assert list(lines("long.wav", found))[1:] == [
        "  2:01:05, done, en, confidence 0.00, no callback number",
        "  problem: only 15 minutes of 121 were transcribed",
    ]


def test_json_has_every_field_whatever_the_state() -> None:
    assert json.loads(json.dumps(as_json("outage.wav", DONE))) == {
        "file": "outage.wav",
        "state": "done",
        "text": "Our server is down.",
        "language": "en",
        "confidence": 0.876,
        "callback_number": "+19035550147",
        "seconds": 14.72,
        "problem": None,
        "segments": [{"start": 0.2, "end": 13.9, "text": "Our server is down.", "confidence": 0.877}],
    }
    silent = as_json("a.wav", Transcription(state=State.SILENT, seconds=6.0))
    assert (silent["state"], silent["language"], silent["confidence"], silent["segments"]) == ("silent", None, None, [])
