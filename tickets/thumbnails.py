"""Small copies of pictures, decoded and encoded anew: no metadata of the original is left, and nothing but a picture
comes out. Pure: bytes in, bytes out."""

import io
import warnings
from typing import BinaryIO

from PIL import Image, ImageOps

from tickets.sniffing import DECODABLE

#: Pixels of the longer side.
LONGEST_SIDE = 640
#: Pictures of more pixels are not decoded: 50 million are larger than what telephones take, and need some 200 MB.
MOST_PIXELS = 50_000_000
QUALITY = 82

# The library looks at this when it has read the header and decoded nothing: it warns above it, and raises above twice it.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2


class NoThumbnail(Exception):
    """There will be none for this file; the message says why, for people."""


def thumbnail(file: BinaryIO, content_type: str) -> bytes:
    """A JPEG of LONGEST_SIDE at most, upright, the first frame of an animation, on white where it was transparent.

    `content_type` is what was sniffed. Raises NoThumbnail; no picture, however broken, raises anything else."""
    name = DECODABLE.get(content_type)
    if name is None:
        raise NoThumbnail(f"no preview of {content_type}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of damaged metadata, which is left out anyway
        try:
            return _small(file, name)
        except Image.DecompressionBombError as error:
            raise NoThumbnail(f"no preview: more than {MOST_PIXELS // 1_000_000} million pixels") from error
        except Exception as error:
            # Damaged files make the library raise nearly every built-in error. All say the same: it cannot be decoded.
            raise NoThumbnail("no preview: the picture is damaged or cut off") from error


def _small(file: BinaryIO, name: str) -> bytes:
    with Image.open(file, formats=[name]) as picture:
        small = _plain(picture)
        # Shrunk first: a JPEG is then decoded small at once, and turning costs next to nothing.
        small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        small = _upright(small)
        if small.mode not in ("RGB", "RGBA"):
            small = small.convert("RGBA" if "A" in small.getbands() else "RGB")
        # Only pixels go into the copy: a fresh image takes no EXIF, GPS, ICC profile, XMP or comment along.
        copy = Image.new("RGB", small.size, "white")
        copy.paste(small, mask=small.getchannel("A") if small.mode == "RGBA" else None)
    out = io.BytesIO()
    copy.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _plain(picture: Image.Image) -> Image.Image:
    """The picture in a mode that can be shrunk: palettes, colours that stand for "transparent" and sixteen bits cannot."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return picture.point(lambda value: value / 256).convert("L")
    if "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("RGB") if picture.mode in ("1", "P") else picture


def _upright(picture: Image.Image) -> Image.Image:
    """Turned as the camera was held. When that cannot be read, the picture is shown as it is."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        return picture
