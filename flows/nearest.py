"""Guess what somebody meant to type."""

from collections.abc import Iterable

from rapidfuzz import fuzz, process

# Below this a guess confuses more than it helps: "menu" for "next" scores 25, "voicmail" for "voicemail" 94.
LIKELY = 65


def nearest(written: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that is most like `written`, whatever the case, or None when none is alike."""
    folded = {word.casefold(): word for word in sorted(allowed)}
    best = process.extractOne(written.casefold()[:80], list(folded), scorer=fuzz.ratio, score_cutoff=LIKELY)
    return None if best is None else folded[best[0]]


def did_you_mean(written: str, allowed: Iterable[str]) -> str:
    """A hint such as "did you mean 'voicemail'?", or "" when nothing is alike."""
    guess = nearest(written, allowed)
    return f"did you mean '{guess}'?" if guess else ""
