"""`Gate`: who is let in; what a menu shows, and what a click must stand up to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from .. import errors
from ..access import find_user, may_run
from ..errors import AccessError, LaunchRefused
from ..launch import EntityRef, Launch
from ..session import Client
from .base import Action, title_of
from .selection import SelectionTypes, types_fit

#: Seconds for which a user's roles are remembered for menus. A click is always checked anew.
ROLES_KEPT_S = 60.0


class Gate:
    """Decides for all actions of one host. May be called from several threads.

    *client* lends a session for questions; it raises `ServerError` when there is none.
    """

    def __init__(
        self,
        client: Callable[[], AbstractContextManager[Client]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._clock = clock
        self._types = SelectionTypes()
        self._roles: dict[tuple[str, tuple[str, ...]], tuple[float, bool]] = {}
        self._roles_lock = threading.Lock()

    def offers(self, action: Action, username: str, selection: Sequence[EntityRef], event_id: str) -> bool:
        """Tell whether the menu of *username* shows *action* for *selection*. Raises `ServerError`.

        Without a question to the server where all is known already.
        """
        if not username or action.limit_to_user not in (None, username):
            return False
        if not types_fit(
            selection, action.allowed_types, lambda: self._concrete(selection, event_id), unseen=False
        ):
            return False
        return not action.allowed_roles or self._has_role(action, username)

    def admit(self, action: Action, launch: Launch) -> Launch:
        """Return *launch* with the id of its user, as the server knows that user.

        Raises `LaunchRefused`, `AccessError`, `ServerError`.
        """
        self._check_selection(action, launch)
        with self._client() as client:
            user = find_user(client, launch)
            if action.allowed_roles and not may_run(client, user, action.allowed_roles):
                roles = " or ".join(action.allowed_roles)
                raise LaunchRefused(errors.NOT_ALLOWED.format(title=title_of(action), roles=roles))
        return launch.with_user(user.id)

    def _concrete(self, selection: Sequence[EntityRef], event_id: str) -> tuple[EntityRef, ...]:
        return self._types.concrete(selection, event_id, self._client)

    def _check_selection(self, action: Action, launch: Launch) -> None:
        if not action.allowed_types:
            return
        if not launch.selection:
            raise LaunchRefused(errors.EMPTY_SELECTION.format(title=title_of(action)))
        # What is not seen is let through: the run says which entity that is, and why it may be.
        if not types_fit(
            launch.selection,
            action.allowed_types,
            lambda: self._concrete(launch.selection, launch.event_id),
            unseen=True,
        ):
            raise LaunchRefused(wrong_type(action, self._concrete(launch.selection, launch.event_id)))

    def _has_role(self, action: Action, username: str) -> bool:
        key = (username, tuple(action.allowed_roles))
        with self._roles_lock:
            asked_at, allowed = self._roles.get(key, (None, False))
        if asked_at is not None and self._clock() - asked_at < ROLES_KEPT_S:
            return allowed
        with self._client() as client:
            try:
                user = find_user(client, Launch(action.identifier, "", username))
                allowed = may_run(client, user, action.allowed_roles)
            except AccessError:
                allowed = False
        with self._roles_lock:
            now = self._clock()
            # Events name whom they like; what is old serves nobody.
            self._roles = {each: kept for each, kept in self._roles.items() if now - kept[0] < ROLES_KEPT_S}
            self._roles[key] = (now, allowed)
        return allowed


def wrong_type(action: Action, selection: Sequence[EntityRef]) -> str:
    """Return the sentence for a *selection* that *action* does not take."""
    found = ", ".join(sorted({each.type for each in selection}))
    wanted = " or ".join(action.allowed_types)
    return errors.WRONG_TYPE.format(title=title_of(action), found=found, wanted=wanted)
