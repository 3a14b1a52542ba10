"""Sound files that callers hear: whether the first bytes are what the name says. Pure."""

#: In the folder of the flow files.
FOLDER = "sounds"
#: Larger ones keep the caller waiting while the carrier fetches them.
MAX_BYTES = 5 * 1024 * 1024
#: Bytes that show what a file is.
HEAD = 4096
# What the carrier plays of the kinds of WAV: PCM, A-law, mu-law.
_WAV_KINDS = {1, 6, 7}


def wrong_with(name: str, head: bytes, size: int) -> str | None:
    """Why a carrier would not play the file of this name, first bytes and size; None when it would."""
    if size == 0:
        return "the file is empty"
    if size > MAX_BYTES:
        return f"the file has {size / 1024 / 1024:.0f} MB, more than {MAX_BYTES // 1024 // 1024}"
    return _wav(head) if name.endswith(".wav") else _mp3(head)


def _wav(head: bytes) -> str | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return "the file is no WAV file, whatever its name says"
    at = head.find(b"fmt ", 12)
    kind = int.from_bytes(head[at + 8 : at + 10], "little") if at >= 0 else 0
    return (
        None if kind in _WAV_KINDS else "the sound in this WAV file is packed in a way that the carrier does not play"
    )


def _mp3(head: bytes) -> str | None:
    """An ID3 tag, or the eleven set bits with which each frame begins."""
    is_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return None if head[:3] == b"ID3" or is_frame else "the file is no MP3 file, whatever its name says"
