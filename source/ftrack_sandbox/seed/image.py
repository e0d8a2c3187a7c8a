"""Small pictures for components and thumbnails, drawn anew each time: nothing is shipped."""

import functools
import io

from PIL import Image, ImageDraw

from ftrack_sandbox.seed.row import dice

#: Width and height in pixels; that of a frame, and of a face.
FRAME_SIZE = (160, 90)
FACE_SIZE = (48, 48)

#: How many different pictures there are; components share their bytes.
FRAMES = 24

Colour = tuple[int, int, int]


@functools.cache
def frame(number: int) -> bytes:
    """Return picture *number* modulo `FRAMES`, a sea under a sky, as JPEG."""
    chance = dice(f"frame/{number % FRAMES}")
    low, high = _colour(chance.randrange(360), 0.35), _colour(chance.randrange(360), 0.9)
    image = _gradient(FRAME_SIZE, high, low)
    draw = ImageDraw.Draw(image)
    width, height = FRAME_SIZE
    horizon = chance.randrange(height // 2, height - 10)
    draw.rectangle((0, horizon, width, height), fill=_colour(chance.randrange(180, 260), 0.4))
    x, radius = chance.randrange(20, width - 20), chance.randrange(6, 16)
    draw.ellipse((x - radius, horizon - 3 * radius, x + radius, horizon - radius), fill=(250, 240, 200))
    return _encoded(image, "JPEG")


@functools.cache
def face(name: str) -> bytes:
    """Return the picture of the person *name*: initials on a colour, as PNG."""
    image = Image.new("RGB", FACE_SIZE, _colour(dice(f"face/{name}").randrange(360), 0.6))
    initials = "".join(part[0] for part in name.split("."))[:2].upper()
    ImageDraw.Draw(image).text((16, 18), initials, fill=(255, 255, 255))
    return _encoded(image, "PNG")


def _gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for y in range(size[1]):
        mix = y / size[1]
        red, green, blue = (round(a + (b - a) * mix) for a, b in zip(top, bottom, strict=True))
        draw.line((0, y, size[0], y), fill=(red, green, blue))
    return image


def _colour(hue: int, light: float) -> Colour:
    """A quiet colour: *hue* in degrees, *light* from 0 to 1."""
    third, rest = divmod(hue % 360, 120)
    mix = rest / 120
    parts = [0.45, 0.45, 0.45]
    parts[third] += 0.55 * (1 - mix)
    parts[(third + 1) % 3] += 0.55 * mix
    red, green, blue = (round(255 * light * part) for part in parts)
    return red, green, blue


def _encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()
