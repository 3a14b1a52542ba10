"""What a file is, told from its first bytes: senders, phones and carriers name types that are wrong. Pure.

A wrong guess must be a harmless one. Whatever reads like a web page is called one before any picture is thought of, so
nothing that a browser could run ever gets the type of a picture."""

import codecs
import re

#: How many of the first bytes are looked at.
HEAD = 4096

UNKNOWN = "application/octet-stream"

#: Types that the library for thumbnails decodes, and its name for each.
DECODABLE = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}

#: Sound and films that telephones play and that hold no script.
PLAYABLE = frozenset(
    {
        "audio/mpeg", "audio/wav", "audio/ogg", "audio/amr", "audio/amr-wb", "audio/mp4",
        "video/mp4", "video/3gpp", "video/3gpp2", "video/quicktime",
    }
)  # fmt: skip

#: The ending of a file's name, by type. A page or a drawing that may hold scripts opens as text, a file of unknown kind
#: with nothing.
ENDINGS = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/bmp": "bmp",
    "image/tiff": "tif", "image/heic": "heic", "image/avif": "avif", "application/pdf": "pdf", "text/plain": "txt",
    "text/vcard": "vcf", "text/calendar": "ics", "text/html": "txt", "text/xml": "txt", "audio/mpeg": "mp3",
    "audio/wav": "wav", "audio/ogg": "ogg", "audio/amr": "amr", "audio/amr-wb": "awb", "audio/mp4": "m4a",
    "video/mp4": "mp4", "video/3gpp": "3gp", "video/3gpp2": "3g2", "video/quicktime": "mov",
}  # fmt: skip

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"#!AMR\n", "audio/amr"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"), "image/heic"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"MSNV", b"dash"), "video/mp4"
    ),
    **dict.fromkeys((b"M4V ", b"M4VH", b"M4VP"), "video/mp4"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")
_MARKUP = re.compile(
    rb"<(?:!doctype|!--|\?|/?(?:html|head|body|script|iframe|svg|img|title|meta|table|div|style|a|p|br|h1|font|b)\b)",
    re.IGNORECASE,
)
_XML = re.compile(rb"<\?xml|<svg\b|<!doctype svg", re.IGNORECASE)
_HTML = re.compile(rb"<(?:!doctype html|html|head|body|script)\b", re.IGNORECASE)


def sniff(head: bytes) -> str:
    """The type of a file that begins with `head`: one of the keys of ENDINGS, or UNKNOWN. Never raises."""
    head = head[:HEAD]
    return _pdf(head) or _text(head) or _boxed(head) or _riff(head) or _bitmap(head) or _signed(head) or UNKNOWN


def _pdf(head: bytes) -> str | None:
    return "application/pdf" if head.startswith(b"%PDF-") else None


def _text(head: bytes) -> str | None:
    """Anything without control characters is text in some alphabet, whatever it begins with. It is plain text when it is
    UTF-8, and mark-up when it looks like it."""
    for bom, alphabet in _BOMS:
        if head.startswith(bom):
            text = head[len(bom) :].decode(alphabet, errors="replace").encode()
            break
    else:
        text = head
    if not text.strip() or any(byte in _CONTROLS for byte in text):
        # A page stays one with a NUL in the middle: browsers do not mind.
        return _mark_up(text) if text.lstrip()[:1] == b"<" else None
    marked = _mark_up(text)
    if marked is not None:
        return marked
    upper = text.lstrip()[:20].upper()
    if upper.startswith(b"BEGIN:VCARD"):
        return "text/vcard"
    if upper.startswith(b"BEGIN:VCALENDAR"):
        return "text/calendar"
    return "text/plain" if _is_utf8(text, whole=len(head) < HEAD) and not _has_sound_magic(head) else None


def _mark_up(text: bytes) -> str | None:
    if not _MARKUP.search(text) and not re.match(rb"\s*<[a-z!?/]", text, re.IGNORECASE):
        return None
    if _XML.search(text) and not _HTML.search(text):
        return "text/xml"
    return "text/html"


def _is_utf8(text: bytes, *, whole: bool) -> bool:
    """`whole` is False for the beginning of a longer file, which may end in the middle of a character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _has_sound_magic(head: bytes) -> bool:
    return head.startswith((b"#!AMR\n", b"#!AMR-WB\n"))


def _boxed(head: bytes) -> str | None:
    """Files made of boxes: HEIC, AVIF, MP4, 3GP, QuickTime. The brands say which."""
    kind = head[4:8]
    if kind in (b"moov", b"mdat", b"wide"):  # QuickTime of old
        return "video/quicktime"
    if kind != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]
    for brand in brands:
        if brand in _BRANDS:
            return _BRANDS[brand]
        if brand.startswith((b"3gp", b"3gr", b"3gs")):
            return "video/3gpp"
        if brand.startswith(b"3g2"):
            return "video/3gpp2"
    return "image/heic" if brands[0] in (b"mif1", b"msf1") else None


def _riff(head: bytes) -> str | None:
    if head[:4] != b"RIFF":
        return None
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12])


def _bitmap(head: bytes) -> str | None:
    """Two letters are no signature: the rest of the header has to make sense too."""
    reserved, header = head[6:10], int.from_bytes(head[14:18], "little")
    if head[:2] == b"BM" and reserved == b"\0\0\0\0" and header in (12, 40, 52, 56, 64, 108, 124):
        return "image/bmp"
    return None


def _signed(head: bytes) -> str | None:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return "audio/mpeg" if _is_mp3_frame(head) else None


def _is_mp3_frame(head: bytes) -> bool:
    """A frame of MPEG layer III: sync, layer, and a bit rate and a sampling rate that exist."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[2] & 0xF0 not in (0x00, 0xF0) and head[2] & 0x0C != 0x0C
