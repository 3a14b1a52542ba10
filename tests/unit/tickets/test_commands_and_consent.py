"""What staff text, and the fold of the consent ledger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.commands import Command, Verb, parse
from tickets.consent import ConsentKind, is_opted_out
from tickets.wishes import CARRIER_HELP, CARRIER_START, CARRIER_STOP


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
        ("ack 1042 please", None),
        ("1042 we are on it", None),
        ("back", None),
        ("1042", None),
        ("", None),
        ("ack 99999999999", None),
    ],
)
def test_commands(body: str, command: Command | None) -> None:
    assert parse(body) == command


@pytest.mark.parametrize("word", sorted(CARRIER_STOP | CARRIER_START | CARRIER_HELP))
def test_a_word_of_the_carriers_lists_is_never_a_command(word: str) -> None:
    for body in (word, word.upper(), f" {word}. ", f"{word} 1042"):
        assert parse(body) is None


@given(st.text())
def test_any_text_is_a_command_or_none(body: str) -> None:
    parse(body)


@given(st.lists(st.sampled_from(list(ConsentKind))))
def test_the_last_event_decides(kinds: list[ConsentKind]) -> None:
    assert is_opted_out(kinds) is (bool(kinds) and kinds[-1] is not ConsentKind.OPT_IN)
