"""`Registry`: which Action an identifier stands for, and the files they come from."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from . import errors
from .action import Action
from .errors import DeclarationError

logger = logging.getLogger(__name__)


class Registry:
    """Identifier -> Action class; the later of two with one identifier replaces the earlier.

    May be used from several threads.
    """

    def __init__(self) -> None:
        self._actions: dict[str, type[Action]] = {}
        self._lock = threading.Lock()

    def add(self, action_class: type[Action]) -> None:
        """Make *action_class* the one that its identifier stands for."""
        with self._lock:
            self._actions[action_class.identifier] = action_class

    def find(self, identifier: str) -> type[Action]:
        """Return the Action called *identifier*. Raises `DeclarationError` naming those that are there."""
        with self._lock:
            found = self._actions.get(identifier)
            known = ", ".join(sorted(self._actions)) or "none"
        if found is None:
            raise DeclarationError(errors.UNKNOWN_ACTION.format(identifier=identifier, known=known))
        return found

    def __iter__(self) -> Iterator[type[Action]]:
        with self._lock:
            return iter(sorted(self._actions.values(), key=lambda each: each.identifier))

    def load(self, folders: Sequence[Path]) -> list[str]:
        """Add the actions of all plugin files below *folders*; return a sentence for each bad one.

        Registers nothing with any session. Plugin files that are not of ours are executed too, as the client
        does it, and have no effect here.
        """
        problems = []
        for path in plugin_files(folders):
            try:
                module = load_file(path)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin file may fail in any way
                problems.append(f"{path} cannot be loaded: {error}")
                continue
            for action_class in actions_of(module):
                self.add(action_class)
        problems += [f"{folder} is no folder" for folder in folders if not folder.is_dir()]
        return problems


def plugin_files(folders: Sequence[Path]) -> list[Path]:
    """Return every Python file below *folders*, in the order of the folders, then by name.

    *Source*: protocol reference 10.1: each file is executed, whatever its name.
    """
    return [path for folder in folders for path in sorted(folder.rglob("*.py")) if path.is_file()]


def load_file(path: Path) -> ModuleType:
    """Execute the plugin file at *path* and return its module.

    It gets a name that depends on its path alone and stands in `sys.modules`, so that what it declares can be
    found again by other parts of Python. Raises what the file raises.
    """
    path = path.resolve()
    digest = hashlib.sha256(str(path).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    name = f"ftrack_jobs_plugin_{digest}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def actions_of(module: ModuleType) -> tuple[type[Action], ...]:
    """Return the actions that `register = plugin(...)` of *module* stands for; none for a foreign plugin."""
    found: Any = getattr(getattr(module, "register", None), "actions", ())
    return tuple(each for each in found if isinstance(each, type) and issubclass(each, Action))
