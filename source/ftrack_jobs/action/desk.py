"""`Desk`: answers menus, forms and clicks in the event thread, and hands the work on."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from .. import errors
from ..errors import AccessError, FormError, JobCancelled, LaunchError, LaunchRefused, ServerError
from ..form import FormContext
from ..job_record import JobRecord, claim
from ..launch import Launch, selection_of
from ..session import Client
from .base import Action, read_values, title_of
from .gate import Gate

logger = logging.getLogger(__name__)

#: What an author may raise to end more than the one check: this thread answers everybody.
_LEAVING = (SystemExit, JobCancelled)

Reply = dict[str, Any]


class Floor(Protocol):
    """The place behind the desk, where Jobs are worked on: what a desk needs of its host."""

    owner: str
    hub_id: str

    @property
    def schemas(self) -> Sequence[Mapping[str, Any]]:
        """The schemas of the site."""

    def client(self) -> AbstractContextManager[Client]:
        """Lend the session for questions of the event thread. Raises `ServerError` when there is none."""

    def refusal(self, title: str) -> str | None:
        """Return why no further launch is taken now, or None."""

    def first_words(self) -> str:
        """Return the description of a Job that is taken now."""

    def submit(self, record: JobRecord, title: str) -> None:
        """Take the claimed Job over."""

    def scrub(self, text: str) -> str:
        """Return *text* without the API key."""


class Desk:
    """Answers the events of all actions of one host. May be called from several threads."""

    def __init__(self, floor: Floor, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._floor = floor
        self._gate = Gate(floor.client, clock=clock)

    def discover(self, action: Action, event: Mapping[str, Any]) -> Reply | None:
        """Return the menu entry, or None where the action has no place. Raises nothing.

        *Source*: protocol reference 6.2.
        """
        try:
            offered = self._offers(action, event)
        except (LaunchError, ServerError, AccessError) as error:
            logger.info("%s is not offered: %s", action.identifier, error, extra=_about(action))
            return None
        except Exception as error:  # noqa: BLE001 - one entry must not cost the whole menu
            text = self._floor.scrub(repr(error))
            logger.warning("%s is not offered: %s", action.identifier, text, extra=_about(action))
            return None
        return {"items": [_menu_item(action)]} if offered else None

    def launch(self, action: Action, event: Mapping[str, Any]) -> Reply | None:
        """Return the reply to a click, a form or a message; None when it is not ours. Raises nothing.

        *Source*: protocol reference 6.3, 6.4.
        """
        try:
            return self._answer(action, event)
        except ServerError as error:
            reason = errors.NOT_CLAIMED.format(title=title_of(action), reason=error)
            return _refused(action, reason)
        except (LaunchError, LaunchRefused, AccessError) as error:
            return _refused(action, str(error))
        except (Exception, *_LEAVING) as error:  # noqa: BLE001 - whoever clicked gets an answer
            # What a foreign exception says may hold a URL with the key.
            text = self._floor.scrub(traceback.format_exc())
            logger.error("%s could not be started. %s", action.identifier, text, extra=_about(action))
            named = errors.UNEXPECTED_HEADLESS.format(title=title_of(action), error=type(error).__name__)
            return {"success": False, "message": named}

    # Menu

    def _offers(self, action: Action, event: Mapping[str, Any]) -> bool:
        return self._gate.offers(action, _username(event), selection_of(event), str(event.get("id")))

    # Click

    def _answer(self, action: Action, event: Mapping[str, Any]) -> Reply | None:
        launch = Launch.from_event(event)
        if launch.identifier != action.identifier:
            return None
        if action.limit_to_user not in (None, launch.username):
            return None
        refusal = self._floor.refusal(title_of(action))
        if refusal:
            raise LaunchRefused(refusal)
        launch = self._gate.admit(action, launch)
        try:
            values = self._values(action, launch, event)
        except FormError as error:
            return self._form(action, launch, error)
        if values is None:
            return self._form(action, launch, None)
        return self._take(action, launch.with_values(values))

    def _values(self, action: Action, launch: Launch, event: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the values to run with, or None when the form is to be shown.

        Raises `FormError` and `LaunchRefused`.
        """
        without_forms = _from_own_process(event, self._floor.hub_id)
        if action.form is not None and launch.values is None and not without_forms:
            return None
        try:
            return read_values(action, launch, self._floor.schemas).as_json()
        except FormError as error:
            if action.form is not None and not without_forms:
                raise
            raise LaunchRefused(_no_form(action, launch, error)) from error

    def _form(self, action: Action, launch: Launch, reasons: FormError | None) -> Reply:
        if action.form is None:
            raise LaunchRefused(str(reasons))
        context = FormContext(self._floor.schemas)
        items = action.form.widgets(launch.values, reasons, context)
        return {"items": items, "title": title_of(action)}

    def _take(self, action: Action, launch: Launch) -> Reply | None:
        floor = self._floor
        with floor.client() as client:
            record = claim(client, launch, owner=floor.owner, description=floor.first_words())
        if record is None:
            logger.debug("Another process has launch %s", launch.event_id, extra=_about(action))
            return None
        floor.submit(record, title_of(action))
        logger.info(
            "%s started for %s",
            title_of(action),
            launch.username,
            extra={
                **_about(action),
                "job_id": record.id,
                "launch_id": launch.event_id,
                "user": launch.username,
            },
        )
        return {"success": True, "message": errors.STARTED.format(title=title_of(action))}


def _menu_item(action: Action) -> dict[str, Any]:
    item = {
        "label": action.label,
        "variant": action.variant,
        "description": action.description,
        "icon": action.icon,
        "actionIdentifier": action.identifier,
    }
    return {key: value for key, value in item.items() if value}


def _from_own_process(event: Mapping[str, Any], hub_id: str) -> bool:
    """Tell whether *event* comes from our own hub, as ftrack Connect's launcher sends it: it shows no forms.

    Connect publishes in its own process on the session that loaded the plugins, and the hub puts its own id
    into the source; every other launcher has a hub of its own. *Source*: protocol reference 5.3, 6.9;
    `EventHub.publish`.
    """
    source = event.get("source")
    return isinstance(source, Mapping) and source.get("id") == hub_id


def _no_form(action: Action, launch: Launch, error: FormError) -> str:
    if launch.values is not None or action.form is None:
        return " ".join(error.lines())
    fields = ", ".join(error.labels.get(name, name) for name in error.reasons if name)
    if not fields:
        return " ".join(error.lines())
    return errors.NO_DEFAULT.format(title=title_of(action), fields=fields)


def _username(event: Mapping[str, Any]) -> str:
    source = event.get("source")
    user = source.get("user") if isinstance(source, Mapping) else None
    name = user.get("username") if isinstance(user, Mapping) else None
    return name if isinstance(name, str) else ""


def _refused(action: Action, message: str) -> Reply:
    logger.info("%s was refused: %s", action.identifier, message, extra=_about(action))
    return {"success": False, "message": message}


def _about(action: Action) -> dict[str, str]:
    return {"action": action.identifier}
