"""The words of a text as a reader sees them, whatever letters the phone has sent. Pure, and linear in the length.

Wishes are looked for in these words only, so these cannot hide one: case, forms of letters (full width, bold, circled),
accents, invisible characters, letters of another script that look the same, emoji, spaces, punctuation."""

import re
import unicodedata

_NOTHING = str.maketrans("", "", "'’‘‛`´ʼ′＇ㅤᅟᅠﾠ")
#: Small letters of Greek and Cyrillic that look like Latin ones, also as capitals.
_LOOKS_LIKE = str.maketrans(
    "авеѕіјкмнорстухԛԝһ" + "αβειζκμορτυχ",
    "abesijkmhopctyxqwh" + "abeizkmoptyx",
)
#: White letters on black discs and squares, which Unicode does not call forms of letters.
_ON_BLACK = {first + n: chr(ord("a") + n) for first in (0x1F150, 0x1F170) for n in range(26)}

#: Short forms and slips of the thumb that stand for nothing else in a text to a help desk.
_SAME = {
    "pls": "please", "plz": "please", "plse": "please", "pleas": "please", "thx": "thanks", "ty": "thanks", "tks": "thanks",
    "okay": "ok", "k": "ok", "u": "you", "ur": "your", "im": "i am", "id": "i would", "ive": "i have", "wanna": "want to",
    "dont": "do not", "doesnt": "does not", "didnt": "did not", "wont": "will not", "cant": "can not", "cannot": "can not",
    "anymore": "any more", "txt": "text", "txts": "texts", "txting": "texting", "texing": "texting", "msg": "message",
    "msgs": "messages", "msging": "messaging", "porfavor": "por favor", "porfa": "por favor", "xfa": "por favor",
    "msj": "mensaje", "msjs": "mensajes", "sotp": "stop", "stpo": "stop", "tsop": "stop", "stopp": "stop", "st0p": "stop",
    "sttop": "stop", "stopit": "stop it", "isnt": "is not",
    "cancle": "cancel", "cancell": "cancel", "qiut": "quit", "optout": "opt out", "optin": "opt in",
    "stopall": "stop all",
}  # fmt: skip
#: Swearing, which never changes what is asked for.
_OATHS = frozenset({"fucking", "fuckin", "freaking", "damn", "goddamn", "bloody", "stupid", "pinche", "pinches"})

#: "Don´t" as some phones send it: the mark taken apart into a space and an accent.
_APOSTROPHE_APART = re.compile(r" [\u0300\u0301\u0312-\u0315]")
_LETTERS_ONE_BY_ONE = re.compile(r"\b[^\W\d_](?: [^\W\d_]){2,}\b")
_DRAWN_OUT = re.compile(r"([a-z])\1{2,}")
_WORD_WITH_NUMBER = re.compile(r"\b([a-z]{3,})(\d+)\b")


def plain(body: str) -> str:
    """Lower-case words with single spaces between them; "" when there are none. The same for every way of writing them."""
    apart = _APOSTROPHE_APART.sub("", body.translate(_NOTHING))
    folded = unicodedata.normalize("NFKC", apart).translate(_NOTHING).casefold()
    kept = "".join(map(_char, unicodedata.normalize("NFKD", folded))).translate(_ON_BLACK)
    words = unicodedata.normalize("NFKC", kept).translate(_LOOKS_LIKE)
    return _LETTERS_ONE_BY_ONE.sub(lambda run: run[0].replace(" ", ""), " ".join(words.split()))


def _char(char: str) -> str:
    """What remains of a character: itself when it is part of a word, nothing when it cannot be seen, else a space."""
    if char.isalnum() or ord(char) in _ON_BLACK:
        return char
    category = unicodedata.category(char)
    unseen = category[0] == "M" or category == "Cf" or (category == "Cc" and not char.isspace())
    return "" if unseen else " "


def spelt_out(words: str) -> str:
    """`plain` words with short forms and slips written out, drawn-out letters ("stoooop") and oaths taken away, numbers apart
    from words, and each word once where it is repeated ("stop stop stop")."""
    told: list[str] = []
    for word in _WORD_WITH_NUMBER.sub(r"\1 \2", words).split():
        if word in _OATHS:
            continue
        short = _DRAWN_OUT.sub(r"\1", word)
        for part in _SAME.get(word, _SAME.get(short, short)).split():
            if not told or told[-1] != part:
                told.append(part)
    return " ".join(told)
