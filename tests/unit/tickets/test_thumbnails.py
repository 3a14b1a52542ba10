"""Small copies of pictures: upright, without metadata, and no picture breaks the worker."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.ImageCms import ImageCmsProfile, createProfile

from tests.fake_pictures import bomb, picture
from tickets.sniffing import DECODABLE, sniff
from tickets.thumbnails import MOST_PIXELS, NoThumbnail, thumbnail

ORIENTATION, GPS, CAMERA = 0x0112, 0x8825, 0x0110


def small(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(thumbnail(io.BytesIO(content), sniff(content))), formats=["JPEG"])


def colours(image: Image.Image) -> list[str]:
    """Names of the colours at both ends: left and right, or top and bottom of what is higher than wide."""
    (width, height), names = image.size, {(True, False): "red", (False, True): "blue", (True, True): "white"}
    wide = [(10, height // 2), (width - 10, height // 2)]
    pixels = [
        image.getpixel(spot) for spot in (wide if width >= height else [(width // 2, 10), (width // 2, height - 10)])
    ]
    return [names[pixel[0] > 200, pixel[2] > 200] for pixel in pixels]  # type: ignore[index]


DEPTHS = [
    *((kind, mode) for kind in sorted(DECODABLE) for mode in ("RGB", "L", "1")),
    *((kind, "P") for kind in ("image/bmp", "image/gif", "image/png", "image/tiff", "image/webp")),
    *((kind, "RGBA") for kind in ("image/bmp", "image/gif", "image/png", "image/tiff", "image/webp")),
    *((kind, "LA") for kind in ("image/gif", "image/png", "image/tiff", "image/webp")),
    *((kind, "CMYK") for kind in ("image/jpeg", "image/tiff")),
    *((kind, "I;16") for kind in ("image/png", "image/tiff")),
    ("image/tiff", "I"),
    ("image/tiff", "F"),
]


@pytest.mark.parametrize(("kind", "mode"), DEPTHS)
def test_every_kind_and_depth_of_picture_has_a_thumbnail(kind: str, mode: str) -> None:
    thumb = small(picture(DECODABLE[kind], mode=mode))
    assert (thumb.size, thumb.mode) == ((640, 213), "RGB")


def test_a_small_picture_stays_as_small_as_it_is() -> None:
    assert small(picture(size=(60, 20))).size == (60, 20)
    assert small(picture(size=(1, 9000))).size == (1, 640)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_of_the_metadata_is_left(kind: str) -> None:
    exif = Image.Exif()
    exif[CAMERA] = "SECRETCAMERA"
    exif.get_ifd(GPS)[2] = (32.5, 0.0, 0.0)
    profile = ImageCmsProfile(createProfile("sRGB")).tobytes()
    options: dict[str, Any] = {
        "JPEG": {"comment": b"SECRETCOMMENT", "xmp": b"SECRETXMP"},
        "WEBP": {"xmp": b"SECRETXMP"},
    }
    content = picture(kind, exif=exif, icc_profile=profile, **options.get(kind, {}))
    assert b"SECRETCAMERA" in content
    thumb = small(content)
    assert set(thumb.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert dict(thumb.getexif()) == {}
    raw = thumbnail(io.BytesIO(content), sniff(content))
    assert b"SECRET" not in raw
    assert [raw.count(marker) for marker in (b"Exif", b"ICC_PROFILE", b"http")] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [(1, ["red", "blue"]), (3, ["blue", "red"]), (6, ["red", "blue"]), (8, ["blue", "red"])],
)
def test_a_picture_is_turned_as_the_camera_was_held(kind: str, orientation: int, expected: list[str]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    thumb = small(picture(kind, exif=exif))
    assert thumb.size == ((640, 213) if orientation < 5 else (213, 640))
    assert colours(thumb) == expected


def test_an_animation_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (90, 90), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:])
        assert colours(small(out.getvalue())) == ["red", "red"]


def test_what_was_transparent_is_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (90, 90), (255, 0, 0, 0)).save(out, "PNG")
    assert colours(small(out.getvalue())) == ["white", "white"]


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (MOST_PIXELS + 1, 1), (2**31 - 1, 2**31 - 1)])
def test_a_picture_of_too_many_pixels_is_never_decoded(width: int, height: int) -> None:
    content = bomb(width, height)
    assert len(content) < 1000
    with pytest.raises(NoThumbnail, match="no preview: more than 50 million pixels"):
        thumbnail(io.BytesIO(content), "image/png")


@pytest.mark.parametrize("kind", sorted(DECODABLE))
def test_a_picture_that_is_cut_off_has_none(kind: str) -> None:
    whole = picture(DECODABLE[kind], size=(600, 600))
    with pytest.raises(NoThumbnail, match="no preview: the picture is damaged or cut off"):
        thumbnail(io.BytesIO(whole[: len(whole) // 2]), kind)


def test_only_the_decoder_of_the_sniffed_type_is_asked() -> None:
    with pytest.raises(NoThumbnail, match="damaged"):
        thumbnail(io.BytesIO(picture("PNG")), "image/jpeg")
    with pytest.raises(NoThumbnail, match="no preview of text/html"):
        thumbnail(io.BytesIO(b"<html>"), "text/html")


WHOLE = {kind: picture(name, size=(40, 30)) for kind, name in DECODABLE.items()}


@settings(max_examples=300)
@given(kind=st.sampled_from(sorted(DECODABLE)), at=st.floats(0, 1), noise=st.binary(min_size=1, max_size=8))
def test_no_damage_raises_anything_else(kind: str, at: float, noise: bytes) -> None:
    whole = WHOLE[kind]
    start = int(at * len(whole))
    damaged = whole[:start] + noise + whole[start + len(noise) :]
    try:
        thumb = thumbnail(io.BytesIO(damaged), kind)
    except NoThumbnail:
        return
    assert max(Image.open(io.BytesIO(thumb)).size) <= 640
