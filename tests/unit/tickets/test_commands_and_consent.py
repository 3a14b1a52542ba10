"""What staff text, and the fold of the consent ledger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.commands import Command, Verb, parse
from tickets.consent import ConsentKind, standing
from tickets.models import ConsentEvent
from tickets.wishes import CARRIER_HELP, CARRIER_START, CARRIER_STOP


@pytest.mark.parametrize(
    ("body", "command"),
    [
        ("ACK 1042", Command(Verb.ACK, 1042)),
        ("ack", Command(Verb.ACK)),
        ("Ack1042", Command(Verb.ACK, 1042)),
        ("(ack) #1042.", Command(Verb.ACK, 1042)),
        ("acknowledge 1042", Command(Verb.ACK, 1042)),
        ("Acknowledged.", Command(Verb.ACK)),
        ("Ack ticket #1042", Command(Verb.ACK, 1042)),
        ("ACK Ticket 1042 on my way", Command(Verb.ACK, 1042, "on my way")),
        ("Done with ticket 1042.", Command(Verb.DONE, 1042)),
        ("done with 1042", Command(Verb.DONE, 1042)),
        ("Re: ticket 1042, is anyone on this?", None),
        ("Reply ticket 1042 we are on it", Command(Verb.REPLY, 1042, "we are on it")),
        ("new ticket 1042", None),
        ("ticket 1042", None),
        ("done with the update", None),
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


@pytest.mark.parametrize("word", sorted(CARRIER_STOP | CARRIER_START | CARRIER_HELP))
def test_a_word_of_the_carriers_lists_is_never_a_command(word: str) -> None:
    for body in (word, word.upper(), f" {word}. ", f"{word} 1042", f"{word} 1042 please"):
        assert parse(body) is None


@given(st.text())
def test_any_text_is_a_command_or_none(body: str) -> None:
    parse(body)


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
