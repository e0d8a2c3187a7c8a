"""Pictures: fitted into a square, and the one shown for whatever has none.

Source: protocol reference 1.9, 8.5.
"""

import io
import pathlib

import PIL.Image
import PIL.ImageDraw
import PIL.ImageOps

#: Pixels of the largest picture that is opened; larger ones count as no picture.
_MOST_PIXELS = 120_000_000


def fit(path: pathlib.Path, side: int | None) -> tuple[bytes, str] | None:
    """Return the picture in *path* fitted into a square of *side* pixels, with its media type.

    The result is JPEG, or PNG where something is transparent, so that any browser shows it. It is
    never enlarged; without *side* it keeps its size. None when there is no picture in *path*.
    """
    try:
        with PIL.Image.open(path) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return None
            form = "PNG" if opened.has_transparency_data or opened.format in ("PNG", "GIF") else "JPEG"
            if side is not None:
                # Lets the JPEG decoder skip what the small picture cannot show.
                opened.draft("RGB", (side, side))
            picture = PIL.ImageOps.exif_transpose(opened)
            picture = picture.convert("RGBA" if form == "PNG" else "RGB")
    except (OSError, ValueError, SyntaxError, EOFError, PIL.Image.DecompressionBombError):
        return None
    if side is not None:
        picture.thumbnail((side, side))
    target = io.BytesIO()
    picture.save(target, form)
    return target.getvalue(), f"image/{form.lower()}"


def default_picture(side: int) -> bytes:
    """Draw the picture of whatever has none: a grey square with a frame and a slope in it, as PNG."""
    picture = PIL.Image.new("RGB", (side, side), "#3a3f4b")
    draw = PIL.ImageDraw.Draw(picture)
    near = side // 5
    far = side - near - 1
    draw.rectangle((near, near, far, far), outline="#8a93a6")
    draw.line((near, far, side // 2, side // 2, far, far), fill="#8a93a6")
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()
