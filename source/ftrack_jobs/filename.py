"""File names that people recognise and that every system takes."""

from __future__ import annotations

import re

#: Characters that Windows refuses in a file name, all control characters, and halves of surrogate pairs.
_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
#: Names of devices: Windows takes them with no ending whatever.
_DEVICES = {
    "CON",
    "PRN",
    "AUX",
    "NUL",
    *(f"{port}{number}" for port in ("COM", "LPT") for number in "123456789¹²³"),
}
#: Bytes of UTF-8 that most file systems take for one name (255), less room for an ending and a counter.
_MOST_BYTES = 200


def safe_filename(text: str, instead: str = "_") -> str:
    """Return *text* as a file name, without a folder, that Windows, macOS and Linux all take.

    Refused characters become *instead*; blanks and dots at the end, which Windows drops silently, go; a name
    that is a device gets *instead* in front; a long one is cut without breaking a character. What is left of
    nothing is `unnamed`.
    """
    name = " ".join(_REFUSED.sub(instead, text).split()).rstrip(" .")
    encoded = name.encode("utf-8", "replace")
    if len(encoded) > _MOST_BYTES:
        stem, dot, ending = name.rpartition(".")
        if dot and 0 < len(ending) <= 8 and stem:
            room = _MOST_BYTES - len(ending.encode("utf-8")) - 1
            name = (
                stem.encode("utf-8", "replace")[:room].decode("utf-8", "ignore").rstrip(" .") + "." + ending
            )
        else:
            name = encoded[:_MOST_BYTES].decode("utf-8", "ignore").rstrip(" .")
    if name.partition(".")[0].rstrip().upper() in _DEVICES:
        name = instead + name
    return name or "unnamed"
