"""Make the sample pictures again: ``python samples/make_pictures.py`` (needs Pillow and numpy).

`bluescreen.png` is what a client photographs or captures when a computer stops; `rack.jpg` looks like a photo of a phone
and carries what phones write into photos: where and when it was taken, by which device, and that it has to be turned.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).parent
BLUE, WHITE = (16, 76, 168), (240, 246, 255)
SCREEN = (
    (44, "This computer has stopped"),
    (22, "It could not read the disk that holds the appointment book,"),
    (22, "and stopped before anything was damaged."),
    (22, ""),
    (22, "Do not switch it off. Text this screen to your help desk."),
    (22, ""),
    (18, "Stop code: STORAGE_NOT_ANSWERING (0x0417)"),
    (18, "Computer: PWD-FRONTDESK-02     Time: Mon 08:05"),
)
# Longview, Texas, the court house: as public as a place can be.
LATITUDE, LONGITUDE = (32, 29, 43), (94, 44, 26)


def main() -> None:
    """Write both pictures."""
    blue_screen().save(HERE / "bluescreen.png", optimize=True)
    rack().save(HERE / "rack.jpg", quality=72, exif=what_a_phone_writes())


def blue_screen() -> Image.Image:
    """A screen full of words, 800 by 450."""
    picture = Image.new("RGB", (800, 450), BLUE)
    pen, top = ImageDraw.Draw(picture), 50
    for size, words in SCREEN:
        pen.text((50, top), words, fill=WHITE, font=ImageFont.load_default(size))
        top += round(size * 1.6)
    for row, column in np.argwhere(np.random.default_rng(417).random((12, 12)) < 0.5):
        left, up = 680 + 5 * int(column), 340 + 5 * int(row)
        pen.rectangle((left, up, left + 4, up + 4), fill=WHITE)
    return picture.quantize(16)


def rack() -> Image.Image:
    """A server rack in a dark room, one lamp red; lying on its side, as a phone's camera stores an upright photo."""
    chance = np.random.default_rng(1042)
    picture = Image.new("RGB", (480, 640), (22, 24, 28))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((70, 30, 410, 610), fill=(44, 46, 52), outline=(80, 84, 92), width=6)
    for unit in range(13):
        top = 50 + unit * 42
        shade = int(chance.integers(52, 84))
        pen.rectangle((90, top, 390, top + 34), fill=(shade, shade + 2, shade + 8), outline=(18, 18, 20))
        for slot in range(int(chance.integers(5, 11))):
            pen.rectangle((170 + slot * 20, top + 8, 184 + slot * 20, top + 26), fill=(24, 26, 30))
        colour = (255, 40, 30) if unit == 7 else (60, 230, 110)
        pen.ellipse((106, top + 11, 118, top + 23), fill=colour)
    glow = picture.filter(ImageFilter.GaussianBlur(9))
    pixels = 0.72 * np.asarray(picture, dtype=float) + 0.5 * np.asarray(glow, dtype=float)
    distance = np.hypot(*np.meshgrid(np.linspace(-1, 1, 480), np.linspace(-1, 1, 640)))
    pixels = pixels * (1.15 - 0.55 * distance[..., None]) + chance.normal(0, 5, pixels.shape)
    photo = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.7))
    return photo.transpose(Image.Transpose.ROTATE_90)


def what_a_phone_writes() -> Image.Exif:
    """Device, time, place, and orientation 6: turn it clockwise by 90 degrees to see it upright."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Example", "Pocket Camera 3", 6
    exif[0x0132] = "2026:11:23 08:05:11"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:23 08:05:11"
    exif.get_ifd(0x8825).update({1: "N", 2: LATITUDE, 3: "W", 4: LONGITUDE, 5: 0, 6: 103.0})
    return exif


if __name__ == "__main__":
    sys.exit(main())
