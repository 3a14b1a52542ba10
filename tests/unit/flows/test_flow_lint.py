"""Rules of the lint that one broken file each does not show."""

import os
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flow_phone import SHIPPED
from pydantic import BaseModel
from ruamel.yaml import YAML

from flows.lint.check import check
from flows.lint.offering import offers
from flows.lint.patience import OPENING_KEY, SILENT
from flows.loader import load
from flows.oncall_schema import OnCall
from flows.problems import Problem
from flows.schema import HelpdeskFlow
from flows.sounds import MAX_BYTES, wrong_with
from flows.steps import STEP_KINDS
from tests.unit.flows.flow_schema import complaints
from tickets import sms

HERE = Path(__file__).parent
BROKEN = HERE / "broken"
SMALL = (HERE / "small.yml").read_text(encoding="utf-8")
EVERY = (HERE / "every.yml").read_text(encoding="utf-8")
TODAY = datetime(2026, 11, 23, 14, tzinfo=UTC)
Folder = Callable[..., Path]


def checked(directory: Path, now: datetime = TODAY) -> tuple[Problem, ...]:
    return check(directory, alphabet=sms, now=now)


def said(directory: Path) -> list[str]:
    return [problem.message for problem in checked(directory)]


# -- a file with everything ----------------------------------------------------------------------------------------------


def test_a_file_with_every_key_of_every_kind_of_step_has_nothing_wrong(folder: Folder) -> None:
    directory = folder(helpdesk=EVERY)
    assert checked(directory) == ()
    steps = load(directory).helpdesk.calls.steps.values()
    assert {type(step) for step in steps} == set(STEP_KINDS.values())
    assert unwritten(HelpdeskFlow, YAML(typ="base").load(EVERY)) == {"Escalations.normal"}  # as `urgent`


def unwritten(model: type[BaseModel], data: Any) -> set[str]:
    """The keys of the schema that `data` does not have, wherever a block of their kind stands."""
    written: dict[type[BaseModel], set[str]] = {}
    _collect(model.model_validate(data), written)
    return {f"{kind.__name__}.{name}" for kind, names in written.items() for name in set(kind.model_fields) - names}


def _collect(value: Any, written: dict[type[BaseModel], set[str]]) -> None:
    if isinstance(value, BaseModel):
        written.setdefault(type(value), set()).update(value.model_fields_set)
        value = [getattr(value, name) for name in value.model_fields_set]
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        _collect(inner, written)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ("helpdesk", EVERY),
        ("helpdesk", SMALL),
        *((kind, (SHIPPED / f"{kind}.yml").read_text(encoding="utf-8")) for kind in ("helpdesk", "oncall", "clients")),
        ("texts", (SHIPPED / "texts.es.yml").read_text(encoding="utf-8")),
    ],
    ids=["every", "small", "helpdesk", "oncall", "clients", "texts"],
)
def test_an_editor_finds_nothing_wrong_with_good_files(schema: str, text: str) -> None:
    assert complaints(schema, text) == []


@pytest.mark.parametrize(
    ("written", "instead", "where"),
    [
        ("next: christmas", "nxet: christmas", "calls.steps.greeting"),
        ("kind: number", "kind: phone", "calls.steps.number.ask.kind"),
        ("{hours: office, open: team,", "{hours: office, opens: team,", "calls.steps.office"),
        ('to: "+19035550191"', "to: 555-0191", "calls.steps.service.transfer.to"),
        ("ticket: none", "ticket: no", "texts.routes.0.ticket"),
        ('open: "12:00-13:00"', "open: noon", "hours.lunch.open"),
        ("max_seconds: 180", "max_seconds: 1800", "calls.steps.message.voicemail.max_seconds"),
        ("  voice: Polly.Joanna", "  voices: Polly.Joanna", "desk.voices"),
    ],
)
def test_an_editor_marks_what_the_check_refuses(folder: Folder, written: str, instead: str, where: str) -> None:
    changed = EVERY.replace(written, instead, 1)
    assert changed != EVERY
    assert any(not one.note for one in checked(folder(helpdesk=changed)))
    assert [place for place in complaints("helpdesk", changed) if where.startswith(place)]


# -- the verdict ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["helpdesk", "clients", "texts"])
def test_time_alone_makes_no_problem_of_what_was_none(folder: Folder, kind: str) -> None:
    """A folder that checked clean is taken again years later; what is over by then is a note."""
    for path in (HERE / "every.yml", *BROKEN.glob(f"{kind}_*.yml")):
        files = {"helpdesk": SMALL.encode(), kind if path.parent == BROKEN else "helpdesk": path.read_bytes()}
        verdicts = [
            {one for one in checked(folder(**files), datetime(year, 6, 1, tzinfo=UTC)) if not one.note}
            for year in (2020, 2026, 2035)
        ]
        assert verdicts[0] == verdicts[1] == verdicts[2], path.name


def test_branch_after_branch_is_checked_in_the_end(folder: Folder) -> None:
    """Thirty branches are a thousand million ways; each step is looked at all the same."""
    branches = "".join(
        f"    b{n}: {{hours: office, open: o{n}, closed: c{n}}}\n"
        f"    o{n}: {{say: Open., next: b{n + 1}}}\n    c{n}: {{say: Closed., next: b{n + 1}}}\n"
        for n in range(30)
    )
    bad = f"{branches}    b30: {{say: Goodbye., next: bye}}\n    bye: {{hangup: Bye.}}\n    message:\n      voicemail:"
    text = SMALL.replace("      next: main", "      next: b0").replace("    message:\n      voicemail:", bad)
    text = text.replace("calls:\n", 'hours:\n  office: {open: "mon-fri 08:00-17:00"}\ncalls:\n', 1)
    assert "a caller who presses nothing is hung up on by 'bye' without leaving a message" in said(
        folder(helpdesk=text)
    )


def test_a_goodbye_after_words_that_a_key_chose_is_no_hanging_up(folder: Folder) -> None:
    text = SMALL.replace("opens: Emergency}", "opens: Emergency}\n          2: {next: address}")
    text = text.replace("press 1.", "press 1. For our address, press 2.")
    steps = (
        "    address: {say: It is 12 Oak Street., next: link}\n"
        '    link: {message: {say: "To get it as a text, press 1.", text: 12 Oak Street. Reply STOP to opt-out.}, next: bye}\n'
        "    bye: {hangup: Goodbye.}\n"
    )
    assert said(folder(helpdesk=text.replace("    message:\n", f"{steps}    message:\n"))) == []


# -- keys ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("For help, press 1.", {"1"}),
        ("Press one, or press the star key.", {"1", "*"}),
        ("Press 1 or 2, or star.", {"1", "2", "*"}),
        ("Para ayuda, oprima el 1 o el 3. Marque la tecla asterisco.", {"1", "3", "*"}),
        ("In an emergency hang up and dial 9 1 1.", set()),
        ("In an emergency hang up and dial nine one one.", set()),
        ("Dial 9-1-1, or press 4.", {"4"}),
        ("In an emergency hang up and dial 1-800-555-0100, or 1 800 555 0100.", set()),
        ("Press 12 times.", set()),
        ("Press 1 for emergencies, 2 for sales, or 3 for billing.", {"1", "2", "3"}),
        ("Press one for emergencies; two to leave a message. The office has 3 for you.", {"1", "2"}),
        ("For sales press 1, for support 2, for billing 3.", {"1", "2", "3"}),
        ("Oprima uno para ayuda, dos para mensajes o tres para salir.", {"1", "2", "3"}),
        ("Press either 1 or star. Hit 3, push number 4, or choose option 5.", {"1", "*", "3", "4", "5"}),
        ("Choose one of these. Select 2 of them.", set()),
        ("We press on, 7 days a week.", set()),
        ("Press 2, or one of us calls you back.", {"2"}),
        ("Press 2 or one moment please. Press one of the keys. Digite 4 números. Press 3 times.", {"2"}),
        ("Oprima el 1 de su teclado, o uno de los otros.", {"1"}),
        ("If your server was hit 3 times, or you select 4 users, press 1.", {"1"}),
        ("Press 2 and stay on the line, five to ten minutes. We are open 8 to close.", {"2"}),
        ("Call us, or dial 1 (800) 555-0100, or 1.800.555.0100.", set()),
        ("Press 1 for the office, 8 to 17, or 8 to five, or 9 to noon, or 2 for us.", {"1", "2"}),
    ],
)
def test_keys_are_read_in_the_words(words: str, keys: set[str]) -> None:
    assert {offer.key for offer in offers(words)} == keys


def test_only_what_is_surely_offered_is_refused(folder: Folder) -> None:
    """ "press 1, 5 minutes" names one key; that it might name two only keeps the check from asking for words."""
    assert [offer.key for offer in offers("To wait, press 1, 5 minutes at most.") if offer.sure] == ["1"]
    assert [offer.key for offer in offers("Press 1, 2 or 3, for bills 4.") if offer.sure] == ["1", "2", "3"]
    text = SMALL.replace("For an emergency, press 1.", "To wait, press 1, 5 minutes at most.")
    assert said(folder(helpdesk=text)) == []


def test_a_key_is_offered_by_the_words_that_lead_straight_to_its_menu(folder: Folder) -> None:
    text = SMALL.replace("        say: For an emergency, press 1.", "        say: Or stay on the line.")
    assert said(folder(helpdesk=text)) == ["key 1 works, but no words offer it"]
    lead = '    lead: {say: "For an emergency, press 1.", next: main}\n    main:\n'
    text = text.replace("      next: main", "      next: lead").replace("    main:\n", lead, 1)
    assert said(folder(helpdesk=text)) == []


@pytest.mark.parametrize(
    "say",
    [
        """say: "For an emergency, press 1. To hear it again press"   # unfinished""",
        """say:
          - For an emergency, press 1. To hear it again press   # then the name of the key
          - play: https://example.com/star.wav""",
        """say: >-
          For an emergency, press 1. To hear it again press
        # the keys""",
    ],
)
def test_a_comment_behind_words_in_quotes_or_before_more_words_is_one(folder: Folder, say: str) -> None:
    assert said(folder(helpdesk=SMALL.replace("say: For an emergency, press 1.", say))) == []
    hidden = SMALL.replace("press 1.", "press 1. To hear it again press # now")
    assert said(folder(helpdesk=hidden)) == ["this # hides the rest of the line: callers hear '... press'"]


def test_offers_are_read_in_the_order_in_which_they_are_heard() -> None:
    assert [offer.key for offer in offers("Press 1 for sales, press 2 for bills, 3 for all else, or press 4.")] == [
        *"1234"
    ]


def test_the_longest_words_of_offers_are_read_at_once() -> None:
    """Each offer looked at the rest of its sentence for a list: a file of 64 kB took a quarter of a minute."""
    begun = time.monotonic()
    assert len(offers("press 1 for " * 5000)) == 5000
    assert time.monotonic() - begun < 2


def test_a_recorded_menu_may_offer_any_key(folder: Folder) -> None:
    text = SMALL.replace("say: For an emergency, press 1.", "say: {play: https://example.com/menu.wav}")
    assert said(folder(helpdesk=text)) == []


# -- time ----------------------------------------------------------------------------------------------------------------


def test_long_greetings_are_noted_and_never_refused(folder: Folder) -> None:
    long = (
        "      next: long\n    long:\n      say: ["
        + ", ".join(["Thank you for calling us today"] * 10)
        + "]\n      next: main"
    )
    found = checked(folder(helpdesk=SMALL.replace("      next: main", long)))
    assert {one.note for one in found} == {True}
    starts = [one.message for one in found if one.line == SMALL[: SMALL.index("  start:")].count("\n") + 1]
    assert [f"{OPENING_KEY} is much" in one.hint or f"{SILENT} is much" in one.hint for one in found].count(True) == 1
    assert starts == ["about 52 seconds pass before the words offer the first key that opens a ticket"]


# -- sounds --------------------------------------------------------------------------------------------------------------

WAV = (
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00" + struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16) + b"data\0\0\0\0"
)


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("a.wav", WAV, None),
        ("a.wav", WAV.replace(b"\x10\x00\x00\x00\x01", b"\x10\x00\x00\x00\x07"), None),
        ("a.wav", WAV.replace(b"\x10\x00\x00\x00\x01", b"\x10\x00\x00\x00\x11"), "packed in a way"),
        ("a.wav", WAV[:12], "packed in a way"),
        ("a.wav", b"ID3\x04", "no WAV file"),
        ("a.mp3", b"ID3\x04", None),
        ("a.mp3", b"\xff\xfb\x90\x00", None),
        ("a.mp3", WAV, "no MP3 file"),
        ("a.mp3", b"", "empty"),
    ],
)
def test_a_sound_file_is_what_its_name_says(name: str, content: bytes, wrong: str | None) -> None:
    found = wrong_with(name, content, len(content))
    assert found is None if wrong is None else wrong in str(found)


def test_sound_files_lie_beside_the_flow_files(folder: Folder, tmp_path: Path) -> None:
    text = SMALL.replace("again: Please speak now.", "again: [{en: {play: again.wav}}, {play: thanks.wav}]")
    directory, sounds = folder(helpdesk=text), tmp_path / "sounds"
    sounds.mkdir()
    (sounds / "thank.wav").write_bytes(WAV)
    os.mkfifo(sounds / "again.wav")
    found = checked(directory)
    assert [(one.message, one.hint) for one in found] == [
        ("sounds/again.wav is not a file", "put a sound file of this name there"),
        ("there is no file sounds/thanks.wav", "did you mean 'thank.wav'?"),
    ]
    assert [text.split("\n")[one.line - 1][one.column - 1 :][:5] for one in found] == ["again", "thank"]
    (sounds / "again.wav").unlink()
    (sounds / "again.wav").write_bytes(WAV + bytes(MAX_BYTES))
    (sounds / "thank.wav").rename(sounds / "thanks.wav")
    assert said(directory) == ["sounds/again.wav: the file has 5 MB, more than 5"]
    (sounds / "again.wav").write_bytes(WAV)
    assert said(directory) == []


# -- the team ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "never"),
    [
        ("", True),
        ("overrides: [{from: 2020-01-01 08:00, to: 2020-01-02 08:00, who: field}]", False),
        ("holidays: {country: US, who: Robin}", False),
        ("rotations: {nights: {people: [Sam, field], every: 1 day, hand_over: '08:00', since: 2026-11-23}}\n"
         "overrides: [{from: 2026-12-01 08:00, to: 2026-12-02 08:00, who: nights, how: also}]", False),
    ],
)  # fmt: skip
def test_a_team_that_nobody_ever_puts_on_duty_is_never_rung(folder: Folder, more: str, never: bool) -> None:
    text = SMALL.replace("    message:\n", "    team: {ring: {team: field}, otherwise: message}\n    message:\n")
    text = text.replace("{next: message, opens", "{next: team, opens")
    team = (BROKEN / "helpdesk_ring_never_on_duty.oncall.yml").read_text(encoding="utf-8")
    found = [one for one in said(folder(helpdesk=text, oncall=f"{team}{more}\n")) if "so no phone rings" in one]
    assert found == (["nobody of 'field' is ever on duty, so no phone rings"] if never else [])
    assert OnCall.model_validate(YAML(typ="base").load(f"{team}{more}\n"))


def test_a_client_whose_language_is_only_spoken_or_only_written_is_noted(folder: Folder) -> None:
    """Calls and automatic texts have their languages in two places, and one of them is easily forgotten."""
    clients = 'clients: [{name: Taqueria El Pino, numbers: ["+19035550170"], language: es}]'
    texts = (SHIPPED / "texts.es.yml").read_text(encoding="utf-8")
    assert said(folder(clients=clients)) == [
        "the desk does not write 'es': automatic texts to Taqueria El Pino are in en-US"
    ]
    assert said(folder(clients=clients, texts=texts)) == []
    only_english = folder(helpdesk=SMALL, clients=clients, texts=texts)
    assert "the desk does not speak 'es': Taqueria El Pino hears en-US" in said(only_english)
