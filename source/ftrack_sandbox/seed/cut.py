"""The films the shows are made of: how many shots, how long, at which rate."""

import dataclasses
import functools
from importlib import resources


@dataclasses.dataclass(frozen=True)
class Cut:
    """One shot as edited: its length in frames, and a name where it is no ordinary shot."""

    frames: int
    name: str = ""


@dataclasses.dataclass(frozen=True)
class Film:
    """One film: its rate in frames a second, its cuts in their order."""

    name: str
    fps: float
    cuts: tuple[Cut, ...]


@functools.cache
def films() -> dict[str, Film]:
    """Return the films by name, read from the data file (its head tells the source and licence)."""
    text = resources.files(__package__).joinpath("cuts.txt").read_text(encoding="utf-8")
    found: dict[str, Film] = {}
    name, fps, cuts = "", 0.0, list[Cut]()
    for line in [*text.splitlines(), "film: 0: end"]:
        if line.startswith("film:"):
            if name:
                found[name] = Film(name, fps, tuple(cuts))
            _, rate, name = (part.strip() for part in line.split(":", 2))
            fps, cuts = float(rate), []
        elif line and not line.startswith("#"):
            cuts += [_cut(word) for word in line.split()]
    return found


def _cut(word: str) -> Cut:
    name, _, frames = word.rpartition(":")
    return Cut(int(frames), name)
