"""What fits into a text message: alphabets, segments as the carrier counts them, and cutting. Pure.

GSM-7 holds 160 units in one segment and 153 in each of several, UCS-2 70 and 67; one character outside GSM-7 turns the
whole text into UCS-2; what a reader sees as one character is never split between segments (docs/carrier.md, texts)."""

import unicodedata

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")

#: Typography that text editors and Whisper put in, and its GSM-7 likeness.
_LIKENESS = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-", "…": "...", "•": "*", "·": ".",
        "\t": " ", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\ufeff": "", "ç": "c", "×": "x",
    }
)  # fmt: skip


def spoken_number(number: str) -> str:
    """A number as the team dials it: 903-555-0147 for North America, +44... for others."""
    if number.startswith("+1") and len(number) == 12:
        return f"{number[2:5]}-{number[5:8]}-{number[8:]}"
    return number


def to_gsm(text: str) -> str:
    """The same words with typography and accents that GSM-7 lacks replaced; other scripts and emoji stay as they are."""
    out = []
    for char in unicodedata.normalize("NFC", text).translate(_LIKENESS):
        if char in _BASIC or char in _EXTENDED:
            out.append(char)
            continue
        plain = "".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c))
        out.append(plain if plain and all(c in _BASIC for c in plain) else char)
    return "".join(out)


def is_gsm(text: str) -> bool:
    """True when the text can travel in GSM-7."""
    return costly(text) is None


def costly(text: str) -> str | None:
    """The first character that turns the text into UCS-2 and so halves its room, or None."""
    return next((char for char in text if char not in _BASIC and char not in _EXTENDED), None)


def segments(text: str) -> int:
    """How many segments the carrier will send and bill for this text; 0 for the empty one."""
    if is_gsm(text):
        sizes, single, each = [2 if char in _EXTENDED else 1 for char in text], 160, 153
    else:
        sizes, single, each = _sizes_in_ucs2(text), 70, 67
    if not sizes:
        return 0
    if sum(sizes) <= single:
        return 1
    count, used = 1, 0
    for size in sizes:
        if used + size > each:
            count, used = count + 1, 0
        used += size
    return count


def _sizes_in_ucs2(text: str) -> list[int]:
    """Units of what a reader sees as one character: the carrier splits a face from its colour of skin, an accent from its
    letter or the halves of a flag no more than a two-unit character."""
    sizes: list[int] = []
    before = ""
    flags = 0  # letters of flags in a row: every second one ends a flag
    for char in text:
        flags = flags + 1 if "\U0001f1e6" <= char <= "\U0001f1ff" else 0
        size = 2 if ord(char) > 0xFFFF else 1
        joins = _joins(before, char) or (flags > 0 and flags % 2 == 0)
        if sizes and joins and sizes[-1] + size <= 67:  # what no segment can hold has to be split
            sizes[-1] += size
        else:
            sizes.append(size)
        before = char
    return sizes


def _joins(before: str, char: str) -> bool:
    if unicodedata.category(char) in ("Mn", "Me", "Mc") or char in "\u200c\u200d":  # accents and the like, joiners
        return before not in "\r\n"
    skin = "\U0001f3fb" <= char <= "\U0001f3ff" and before != ""
    return (skin and unicodedata.category(before) == "So") or (
        before == "\u200d" and unicodedata.category(char) == "So"
    )


def fit(before: str, free: str, after: str, *, limit: int = 2) -> str:
    """`before + free + after` within `limit` segments, cut in the free text only, at a word where there is one.

    When even an empty free text is too long the result is longer than the limit: the fixed parts are never cut."""
    before, free, after = to_gsm(before), " ".join(to_gsm(free).split()), to_gsm(after)
    if segments(before + free + after) <= limit:
        return before + free + after
    low, high = 0, len(free)
    while low < high:
        middle = (low + high + 1) // 2
        if segments(before + free[:middle].rstrip() + "..." + after) <= limit:
            low = middle
        else:
            high = middle - 1
    kept = free[:low].rstrip()
    space = kept.rfind(" ")
    if low < len(free) and free[low : low + 1] != " " and space > low * 2 // 3:
        kept = kept[:space].rstrip()
    return before + kept + "..." + after
