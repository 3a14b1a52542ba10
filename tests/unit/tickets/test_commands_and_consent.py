"""What a text means: one table of accepted and refused phrases, and what holds for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.commands import Command, Verb, parse
from tickets.consent import (
    CARRIER_HELP,
    CARRIER_START,
    CARRIER_STOP,
    ConsentKind,
    Wish,
    answered_by_carrier,
    standing,
    wish_of,
)
from tickets.models import ConsentEvent


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("ACK 1042", Command(Verb.ACK, 1042)),
        ("ack", Command(Verb.ACK)),
        ("Ack1042", Command(Verb.ACK, 1042)),
        ("(ack) #1042.", Command(Verb.ACK, 1042)),
        ("acknowledge 1042", Command(Verb.ACK, 1042)),
        ("１０４２ ＡＣＫ", Command(Verb.ACK, 1042)),
        ("DONE 1042", Command(Verb.DONE, 1042)),
        ("1042 done", Command(Verb.DONE, 1042)),
        ("who", Command(Verb.WHO)),
        ("Who?", Command(Verb.WHO)),
        ("who 1042", None),
        ("ack 1042 please", Command(Verb.ACK, 1042, "please")),
        ("Done 1042: replaced the switch.", Command(Verb.DONE, 1042, "replaced the switch.")),
        ("1042 we are on it", Command(Verb.REPLY, 1042, "we are on it")),
        ("#1042: Restart it.\nThen call.", Command(Verb.REPLY, 1042, "Restart it.\nThen call.")),
        ("1042 \U0001f44d", Command(Verb.REPLY, 1042, "\U0001f44d")),
        ("reply 1042 we are on it", Command(Verb.REPLY, 1042, "we are on it")),
        ("REPLY 1042", Command(Verb.REPLY, 1042)),
        ("1042 done with the update", Command(Verb.UNSURE, 1042, "done with the update")),
        ("NOTEXTS 1042 asked on the phone", Command(Verb.NO_TEXTS, 1042, "asked on the phone")),
        ("1042?", Command(Verb.SHOW, 1042)),
        ("1042", Command(Verb.SHOW, 1042)),
        ("back", None),
        ("1st floor", None),
        ("10:42 is fine", None),
        ("", None),
        ("ack 99999999999", None),
    ],
)
def test_commands(body: str, command: Command | None) -> None:
    assert parse(body) == command


STOPS = [
    "STOP", "stop", " Stop\n", "Stop.", "STOP!!", "stop all", "STOPALL", "Unsubscribe", "cancel", "end", "QUIT", "revoke",
    "optout", "opt out", "OPT-OUT", "Opt  Out.", "ｓｔｏｐ", "please stop", "stop please", "please stop texting me",
    "don't text me", "don\u2019t text me again", "remove me", "Remove me from your list", "no more texts", "\u201cStop\u201d",
]  # fmt: skip
NOT_STOPS = [
    "stop by at 3 pm", "the server will not stop rebooting", "it stops", "bus stop", "the end of the week", "endpoint",
    "cancel my meeting at 3", "quit unexpectedly", "please help", "1042", "", "starting", "yes please", "I cannot opt",
]  # fmt: skip


@pytest.mark.parametrize("body", STOPS)
def test_opt_outs_in_every_form(body: str) -> None:
    assert wish_of(body) is Wish.STOP


@pytest.mark.parametrize("body", NOT_STOPS)
def test_sentences_that_merely_contain_a_word(body: str) -> None:
    assert wish_of(body) is None


@pytest.mark.parametrize(
    ("body", "wish"),
    [
        ("START", Wish.START),
        ("yes!", Wish.START),
        ("unstop", Wish.START),
        ("Help", Wish.HELP),
        ("info", Wish.HELP),
        ("I want you to stop sending me messages every day", Wish.UNCLEAR),
        ("how do I unsubscribe from this", Wish.UNCLEAR),
    ],
)
def test_other_wishes(body: str, wish: Wish) -> None:
    assert wish_of(body) is wish


@pytest.mark.parametrize("word", sorted(CARRIER_STOP | CARRIER_START | CARRIER_HELP))
def test_a_word_of_the_carriers_lists_is_never_a_command(word: str) -> None:
    for body in (word, word.upper(), f" {word}. ", f"{word} 1042", f"{word} 1042 please"):
        assert parse(body) is None
    assert wish_of(word) in (Wish.STOP, Wish.START, Wish.HELP)


@given(
    st.sampled_from(sorted(CARRIER_STOP)),
    st.lists(st.sampled_from(" .!?-,;:\n\t\"'*()"), max_size=4),
    st.lists(st.sampled_from(" .!?-,;:\n\t\"'*()"), max_size=4),
    st.booleans(),
)
def test_case_space_and_punctuation_do_not_matter(word: str, before: list[str], after: list[str], upper: bool) -> None:
    body = "".join(before) + (word.upper() if upper else word) + "".join(after)
    assert wish_of(body) is Wish.STOP


@given(st.text())
def test_any_text_has_a_defined_meaning(body: str) -> None:
    wish_of(body)
    parse(body)


@pytest.mark.parametrize(
    ("body", "carrier", "kind", "answered"),
    [
        ("STOP", True, None, True),
        ("stop", True, None, True),
        ("Stop.", True, None, False),
        ("opt out", True, None, False),
        ("STOP", False, None, False),
        ("STOP", False, "STOP", True),
        ("arret", True, "STOP", True),
        ("HELP", True, None, True),
        ("help me", True, None, False),
    ],
)
def test_who_has_answered(body: str, carrier: bool, kind: str | None, answered: bool) -> None:
    assert answered_by_carrier(body, keywords_by_carrier=carrier, opt_out_type=kind) is answered


@given(st.lists(st.sampled_from(list(ConsentKind))))
def test_the_last_event_decides(kinds: list[ConsentKind]) -> None:
    events = [ConsentEvent(kind=kind) for kind in kinds]
    assert standing(events, "+19036892004").may_text is (not kinds or kinds[-1] is ConsentKind.OPT_IN)


def test_what_the_carrier_says_concerns_its_own_sender_only() -> None:
    refused = ConsentEvent(kind=ConsentKind.REFUSED, source="carrier", sender="MG1")
    assert not standing([refused], "MG1").may_text
    assert standing([refused], "+19036892004").may_text
    stopped = ConsentEvent(kind=ConsentKind.OPT_OUT, source="text")
    assert not standing([stopped], "MG1").may_text
    assert not standing([stopped, ConsentEvent(kind=ConsentKind.OPT_IN), refused], "MG1").may_text
