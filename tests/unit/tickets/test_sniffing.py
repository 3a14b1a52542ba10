"""What a file is, from its bytes and nothing else."""

import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from tests.fake_pictures import picture
from tests.world import wav
from tickets.sniffing import DECODABLE, ENDINGS, HEAD, PLAYABLE, UNKNOWN, sniff

HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"


def box(*brands: bytes) -> bytes:
    """The first box of a file of that family."""
    return (
        (8 + 4 * (len(brands) + 1)).to_bytes(4, "big")
        + b"ftyp"
        + brands[0]
        + b"\0\0\0\0"
        + b"".join(brands[1:])
        + b"\0"
    )


@pytest.mark.parametrize("kind", sorted(DECODABLE))
def test_real_pictures_are_what_they_are(kind: str) -> None:
    assert sniff(picture(DECODABLE[kind])) == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"GIF87a\x01\0\x01\0\x80\0\0", "image/gif"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (box(b"heic", b"mif1", b"heic"), "image/heic"),
        (box(b"mif1", b"mif1", b"heic"), "image/heic"),
        (box(b"mif1"), "image/heic"),
        (box(b"avif", b"mif1"), "image/avif"),
        (box(b"mif1", b"avif"), "image/avif"),
        (box(b"isom", b"mp42"), "video/mp4"),
        (box(b"mp42"), "video/mp4"),
        (box(b"3gp4", b"isom"), "video/3gpp"),
        (box(b"3g2a"), "video/3gpp2"),
        (box(b"qt  "), "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "video/quicktime"),
        (box(b"M4A ", b"isom"), "audio/mp4"),
        (box(b"what"), UNKNOWN),
        (b"#!AMR\n\x3c\x91", "audio/amr"),
        (b"#!AMR\nabc", "audio/amr"),
        (b"#!AMR-WB\n\x3c\x91", "audio/amr-wb"),
        (b"ID3\x04\0\0\0\0\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\0\0", "audio/mpeg"),
        (b"OggS\0\x02\0\0", "audio/ogg"),
        (wav(), "audio/wav"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
        (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Dana\r\n", "text/vcard"),
        (b"\xef\xbb\xbfbegin:vcard\nN:Dana", "text/vcard"),
        (b"BEGIN:VCALENDAR\r\n", "text/calendar"),
        (b"The printer says PC LOAD LETTER", "text/plain"),
        ("Сервер не работает".encode(), "text/plain"),
        ("Сервер".encode("utf-16"), "text/plain"),
        (("ä" * HEAD).encode(), "text/plain"),
        (b"x" + ("ä" * HEAD).encode(), "text/plain"),
        (b"1 < 2 and 3 > 2", "text/plain"),
        (HTML, "text/html"),
        (b"\n\n  <p>hello", "text/html"),
        (b"hello <script>alert(1)</script>", "text/html"),
        (b"\xff\xfe" + HTML.decode().encode("utf-16-le"), "text/html"),
        (b"<html>\0<script>", "text/html"),
        (b"GIF89a=1;/*<script>*/", "text/html"),
        (b"BM<html><script>alert(1)</script></html>", "text/html"),
        (b"RIFF    WEBP<svg onload=alert(1)>", "text/xml"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "text/xml"),
        (b'<?xml version="1.0"?><svg><script>1</script></svg>', "text/html"),
        (b"BM6\0\0\0\0\0\0\0\x36\0\0\0\x99\0\0\0", UNKNOWN),
        (b"MZ\x90\0\x03\0", UNKNOWN),
        (b"PK\x03\x04\x14\0", UNKNOWN),
        (b"\x89PN", UNKNOWN),
        (b"", UNKNOWN),
        (b" \n", UNKNOWN),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_bytes_are(head: bytes, kind: str) -> None:
    assert sniff(head) == kind


@given(st.binary(max_size=300))
def test_any_bytes_have_a_type_with_an_ending_or_are_unknown(head: bytes) -> None:
    kind = sniff(head)
    assert kind == UNKNOWN or kind in ENDINGS


MAGIC = st.sampled_from(
    [b"", b"GIF89a", b"GIF87a", b"BM", b"RIFF    WEBP", b"ID3", b"OggS", b"\xef\xbb\xbf", b"#!AMR\n"]
)
TAG = st.sampled_from(
    [b"<script>", b"<HTML>", b"<svg onload=x>", b"<!doctype html>", b"<iframe src=x>", b"<img src=x>"]
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=200).map(str.encode)


@given(magic=MAGIC, before=WORDS, tag=TAG, after=WORDS)
@example(magic=b"GIF89a", before=b"", tag=b"<script>", after=b"")
def test_what_reads_like_a_page_is_neither_picture_nor_sound(
    magic: bytes, before: bytes, tag: bytes, after: bytes
) -> None:
    kind = sniff(magic + before + tag + after)
    assert kind in ("text/html", "text/xml")
    assert kind not in PLAYABLE


@given(space=st.text(" \t\r\n", max_size=20), tag=TAG, rest=st.binary(max_size=100))
def test_what_begins_like_a_page_is_one_whatever_follows(space: str, tag: bytes, rest: bytes) -> None:
    assert sniff(space.encode() + tag + rest) in ("text/html", "text/xml")


@given(st.integers(0, 5000))
def test_a_picture_that_is_cut_off_keeps_its_type_or_is_unknown(length: int) -> None:
    out = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(out, "PNG")
    assert sniff(out.getvalue()[:length]) in ("image/png", UNKNOWN)
