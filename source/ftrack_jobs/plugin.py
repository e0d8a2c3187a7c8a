"""`plugin`: from an Action to the `register` function that the client looks for in a plugin file."""

from __future__ import annotations

import logging
import os
import threading
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .action import Action, check_declaration
from .config import Config
from .errors import ConfigError
from .host import Host
from .registry import actions_of, load_file, plugin_files
from .session import Client, is_session, scrub

logger = logging.getLogger(__name__)

# Session -> its host, so that all plugin files of a session share one pool. Neither keeps the other alive.
_HOSTS: weakref.WeakKeyDictionary[Any, Host] = weakref.WeakKeyDictionary()
_LOCK = threading.Lock()


def plugin(*action_classes: type[Action]) -> Callable[..., None]:
    """Return the `register` function that offers *action_classes*; the last line of a plugin file.

        register = plugin(CountShots)

    Raises `DeclarationError` for an action that is declared wrongly: the client then skips the file and logs
    why. The function itself never raises, asks the server nothing and starts no thread. It takes any keyword
    argument, as the client may pass some; *limit_to_user* names the only user whose events are answered.

    *Source*: protocol reference 10.1.
    """
    for action_class in action_classes:
        check_declaration(action_class)

    def register(session: Any, **options: Any) -> None:
        # Other APIs scan the same plugin path.
        if not is_session(session):
            return
        for action_class in action_classes:
            try:
                host_of(session).add(action_class, options.get("limit_to_user"))
            except Exception as error:  # noqa: BLE001 - it would abort the whole session, for every plugin
                text = _scrubbed(session, repr(error))
                logger.error("%s could not be registered: %s", action_class.identifier, text)

    # For those who look for the actions of a file without registering them.
    setattr(register, "actions", action_classes)  # noqa: B010 - a function has no such attribute, says mypy
    return register


def register_folder(session: Any, folder: str | os.PathLike[str], limit_to_user: str | None = None) -> None:
    """Register every plugin file below *folder* with *session*; one that fails is logged and costs no other.

    *limit_to_user* names the only user whose events our actions answer; plugins of others know nothing of it.

    *Source*: protocol reference 10.1; in place of the client's own loading, which stops at the first failure.
    """
    root = Path(folder)
    if not root.is_dir():
        logger.error("The plugin folder %s does not exist", root)
    for path in plugin_files([root]):
        try:
            module = load_file(path)
            if limit_to_user is not None and actions_of(module):
                module.register(session, limit_to_user=limit_to_user)
            elif hasattr(module, "register"):
                module.register(session)
            else:
                logger.info("%s has no function called register, so it is no plugin", path)
        except (Exception, SystemExit):  # noqa: BLE001 - a plugin may fail in any way, or be a script
            logger.error("The plugin %s cannot be used. %s", path, _scrubbed(session, traceback.format_exc()))


def host_of(session: Client, config: Config | None = None) -> Host:
    """Return the host of *session*; make it at first, with *config* or the process's own settings."""
    with _LOCK:
        host = _HOSTS.get(session)
        if host is None:
            host = _HOSTS[session] = Host(session, config or _own_config())
        return host


def _scrubbed(session: Any, text: str) -> str:
    return scrub(text, str(getattr(session, "api_key", "")))


def _own_config() -> Config:
    try:
        return Config.load()
    except ConfigError as error:
        logger.error("The defaults are used instead of the settings. %s", error)
        return Config()
