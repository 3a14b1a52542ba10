"""The carrier's pictures, for tests/world.py; and pictures of every kind, made on the spot."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ivr.carrier.base import Media, NotThere


@dataclass(kw_only=True)
class FakePictures:
    """`pictures` maps (text, picture) to (type, content); what is not in it is not there. `listed` says what came with a
    text to whoever asks."""

    pictures: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    listed: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def pictures_of(self, message_sid: str) -> list[tuple[str, str]]:
        self._ask(f"pictures of {message_sid}")
        if message_sid not in self.listed:
            raise NotThere("404")
        return self.listed[message_sid]

    @contextmanager
    def open_picture(self, message_sid: str, sid: str) -> Iterator[Media]:
        self._ask(f"picture {message_sid} {sid}")
        if (message_sid, sid) not in self.pictures:
            raise NotThere(f"picture {sid} is not at the carrier (404)")
        kind, content = self.pictures[message_sid, sid]
        yield Media(kind, iter([content[at : at + 1000] for at in range(0, len(content), 1000)]))

    def _ask(self, what: str) -> None:
        raise NotImplementedError


def named(*pictures: tuple[str, str], host: str = "https://api.twilio.com") -> dict[str, str]:
    """The parameters of a webhook that brings pictures, (id, type) each."""
    form = {"NumMedia": str(len(pictures))}
    for index, (sid, kind) in enumerate(pictures):
        form[f"MediaUrl{index}"] = f"{host}/2010-04-01/Accounts/AC1/Messages/MM1/Media/{sid}"
        form[f"MediaContentType{index}"] = kind
    return form


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 300), *, mode: str = "RGB", **options: Any) -> bytes:
    """A picture that is red on the left and blue on the right."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **options)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it has this many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
