"""`Config`: what can be set; from defaults, file, environment and command line, the later winning."""

from __future__ import annotations

import configparser
import difflib
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from . import errors
from .errors import ConfigError

#: Environment variable of a setting: this and its name in upper case.
PREFIX = "FTRACK_JOBS_"
#: Environment variable that names the file.
FILE_VARIABLE = "FTRACK_JOBS_CONFIG"
#: The one section of the file.
SECTION = "ftrack-jobs"

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True)
class Config:
    """The settings of one process. Passed in where they are needed, never imported; holds no key.

    The file is INI, with one section `[ftrack-jobs]` and the names of the fields below.
    """

    #: Jobs that run at the same time.
    workers: int = 4
    #: Jobs that may wait for a worker; a click beyond that is refused with a sentence.
    queue_limit: int = 1000
    #: Seconds between two reports of running Jobs to the server.
    report_interval_s: float = 1.0
    #: Seconds a request of a running Job may take.
    request_timeout_s: float = 60.0
    #: Seconds a request between click and answer may take: it holds up everybody's menus.
    event_timeout_s: float = 10.0
    #: Folders of plugins that the listener loads, and their actions.
    plugin_paths: tuple[str, ...] = ()
    #: Folders of plugins that each Job's own session loads; only those that bring locations belong there.
    location_plugins: tuple[str, ...] = ()
    #: Name of the level from which the command line logs.
    log_level: str = "INFO"

    @classmethod
    def load(
        cls,
        path: Path | None = None,
        environment: Mapping[str, str] | None = None,
        **overrides: Any,
    ) -> Config:
        """Return the settings out of file *path*, *environment* and *overrides*, of which None is no setting.

        Without *path* the file is the one that `FTRACK_JOBS_CONFIG` names, if any; without *environment* the
        process's own is read. Raises `ConfigError` naming setting and source.
        """
        environment = os.environ if environment is None else environment
        named = environment.get(FILE_VARIABLE)
        values: dict[str, Any] = {}
        if path is None and named:
            path = Path(named)
        if path is not None:
            values.update(_from_file(path))
        values.update(_from_environment(environment))
        given = {name: value for name, value in overrides.items() if value is not None}
        for name, value in given.items():
            known = _known(name, "the command line")
            values[known] = _checked(known, value, "the command line")
        return cls(**values)


def _from_file(path: Path) -> dict[str, Any]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with path.open(encoding="utf-8-sig") as stream:
            parser.read_file(stream)
    except OSError as error:
        raise ConfigError(f"The file {path} cannot be read: {error.strerror}.") from error
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {path} cannot be read: {str(error).splitlines()[0]}.") from error
    if not parser.has_section(SECTION):
        raise ConfigError(f"The file {path} has no section [{SECTION}].")
    source = f"the file {path}"
    return {
        _known(name, source): _checked(name, text.strip(), source) for name, text in parser.items(SECTION)
    }


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    # Only known names are looked at: the environment may be meant for another version as well.
    found = {}
    for name in _READERS:
        text = environment.get(PREFIX + name.upper(), "").strip()
        if text:
            found[name] = _checked(name, text, f"the environment variable {PREFIX}{name.upper()}")
    return found


def _known(name: str, source: str) -> str:
    if name in _READERS:
        return name
    near = difflib.get_close_matches(name, _READERS, n=1, cutoff=0.0)
    reason = f"there is none of this name, the nearest is {near[0]!r}"
    raise ConfigError(errors.BAD_SETTING.format(name=name, source=source, reason=reason))


def _checked(name: str, value: Any, source: str) -> Any:
    try:
        return _READERS[name](value)
    except (TypeError, ValueError) as error:
        raise ConfigError(errors.BAD_SETTING.format(name=name, source=source, reason=error)) from error


def _whole(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = least - 1
        if number < least or (isinstance(value, float) and value != number):
            raise ValueError(f"{value!r} is not a whole number from {least} on")
        return number

    return read


def _seconds(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if not number > 0 or math.isinf(number):
        raise ValueError(f"{value!r} is not a number of seconds above 0")
    return number


def _folders(value: Any) -> tuple[str, ...]:
    """Return folders out of a list, or out of text: one a line, or the platform's separator between them."""
    if isinstance(value, str):
        value = [part for line in value.splitlines() for part in line.split(os.pathsep)]
    return tuple(part for part in (str(folder).strip() for folder in value) if part)


def _level(value: Any) -> str:
    name = str(value).upper()
    if name not in _LEVELS:
        raise ValueError(f"{value!r} is none of {', '.join(_LEVELS)}")
    return name


_READERS: dict[str, Callable[[Any], Any]] = {
    "workers": _whole(1),
    "queue_limit": _whole(0),
    "report_interval_s": _seconds,
    "request_timeout_s": _seconds,
    "event_timeout_s": _seconds,
    "plugin_paths": _folders,
    "location_plugins": _folders,
    "log_level": _level,
}

if set(_READERS) != {field.name for field in fields(Config)}:  # pragma: no cover
    raise RuntimeError("Config and the readers of its fields have drifted apart.")
