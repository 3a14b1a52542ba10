"""Where the notice has to be heard when callers choose their language first."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flow_phone import SHIPPED

from flows.lint.check import check
from flows.lint.consent import greetings
from flows.loader import load
from tickets import sms

Folder = Callable[..., Path]
TODAY = datetime(2026, 11, 23, 14, tzinfo=UTC)
FLOW = (SHIPPED / "helpdesk.yml").read_text(encoding="utf-8")
TEXTS = (SHIPPED / "texts.es.yml").read_text(encoding="utf-8")
FIRST = """calls:
  start: choose
  steps:
    choose:
      menu:
        say: [{say: "For English, press 1."}, {say: "Para español, oprima el 2.", language: es-US}]
        keys:
          1: {next: welcome, language: en-US}
          2: {next: welcome, language: es-US}
      otherwise: welcome
"""


def language_first(*, keys: str = "") -> str:
    flow = FLOW.replace(
        "calls:\n  start: welcome\n  steps:\n", FIRST.replace("      otherwise", f"{keys}      otherwise")
    )
    assert flow != FLOW
    return flow


def of_the_greeting(directory: Path) -> list[str]:
    messages = [problem.message for problem in check(directory, alphabet=sms, now=TODAY)]
    return [message for message in messages if message.startswith("the greeting")]


@pytest.mark.parametrize("language", ["en-US", "es-US"])
def test_the_notice_may_come_after_the_choice_of_a_language(folder: Folder, language: str) -> None:
    directory = folder(helpdesk=language_first(), texts=TEXTS)
    assert of_the_greeting(directory) == []
    (heard,) = greetings(load(directory).helpdesk, language)
    assert heard.startswith("For English, press 1. Para español, oprima el 2. ")


def test_it_has_to_come_after_every_choice(folder: Folder) -> None:
    spanish = language_first().replace("Los mensajes se graban", "Gracias")
    assert of_the_greeting(folder(helpdesk=spanish, texts=TEXTS)) == [
        "the greeting (up to the first menu) in es-US does not mention that messages are recorded"
    ]


def test_a_key_that_opens_a_ticket_makes_it_the_first_menu(folder: Folder) -> None:
    keys = "          3: {next: team, opens: Emergency}\n"
    found = of_the_greeting(folder(helpdesk=language_first(keys=keys), texts=TEXTS))
    assert "the greeting (up to the first menu) does not mention STOP" in found


def test_many_choices_of_a_language_that_lead_to_each_other_are_looked_at_in_a_moment(folder: Folder) -> None:
    names = [f"choose{index}" for index in range(12)]
    keys = "\n".join(f"          {key}: {{next: {name}, language: en-US}}" for key, name in enumerate(names[:9]))
    menu = f"      menu:\n        say: Choose.\n        keys:\n{keys}\n      otherwise: welcome\n"
    menus = "".join(f"    {name}:\n{menu}" for name in names)
    flow = (
        language_first().replace("    choose:\n", f"{menus}    choose:\n").replace("start: choose", "start: choose11")
    )
    flows = load(folder(helpdesk=flow, texts=TEXTS))
    begun = time.monotonic()
    assert greetings(flows.helpdesk, "en-US")
    assert time.monotonic() - begun < 2


def test_a_choice_that_only_comes_back_to_itself_ends(folder: Folder) -> None:
    circle = language_first().replace("next: welcome, language", "next: choose, language")
    found = of_the_greeting(folder(helpdesk=circle, texts=TEXTS))
    assert "the greeting (up to the first menu) in es-US does not mention STOP" in found
