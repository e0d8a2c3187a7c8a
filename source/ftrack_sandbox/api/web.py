"""Operations that end in somebody's mailbox or browser: invitations and widgets.

No mail is sent. Source: protocol reference 2.1.
"""

from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.access.right import check_write
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.row import name_of, out_of_reach, rows_by_key
from ftrack_sandbox.encode import Key
from ftrack_sandbox.errors import ValidationError

_WIDGETS = ("info", "tasks", "tasks_browser")
_THEMES = ("light", "dark")


def send_user_invite(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "send_user_invite", "user_id"}`: `sent`.

    Assumed: who may write a user may invite it. Raises ValidationError, PermissionDenied.
    """
    row = _seen(batch, "User", (operation.get("user_id"),))
    check_write(batch.caller, batch.schema.find("User"), row)
    return {"action": "send_user_invite", "sent": True}


def send_review_session_invite(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "send_review_session_invite", "review_session_invitee_id"}`: `sent`.

    Raises ValidationError for an invitee that the caller does not see.
    """
    _seen(batch, "ReviewSessionInvitee", (operation.get("review_session_invitee_id"),))
    return {"action": "send_review_session_invite", "sent": True}


def get_widget_url(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "get_widget_url", "name", "theme"?, "entity_type"?, "entity_key"?}`: `widget_url`.

    A page of the sandbox's own that says what would be shown. Raises ValidationError for an unknown
    widget (assumed) and for an entity that the caller does not see; an unknown theme is dark.
    """
    name, theme = operation.get("name"), operation.get("theme")
    if name not in _WIDGETS:
        raise ValidationError(f"There is no widget '{name}'; known are {', '.join(_WIDGETS)}.")
    query = {"name": name, "theme": theme if theme in _THEMES else "dark"}
    entity_type = operation.get("entity_type")
    if entity_type is not None:
        if not isinstance(entity_type, str):
            raise ValidationError("'entity_type' of get_widget_url must be a text.")
        key = operation.get("entity_key")
        parts = tuple(key) if isinstance(key, list) else (key,)
        _seen(batch, entity_type, parts)
        query |= {"entity_type": entity_type, "entity_key": ",".join(map(str, parts))}
    return {"action": "get_widget_url", "widget_url": batch.urls.widget(query)}


def _seen(batch: Batch, type_name: str, key: Key) -> Mapping[str, Any]:
    """Return the row under *key*; one that the caller does not see does not exist."""
    entity_type = batch.schema.find(type_name)
    fitting = len(key) == len(entity_type.primary_key) and all(isinstance(part, str) for part in key)
    row = rows_by_key(batch, entity_type, [key]).get(key) if fitting else None
    if row is None or out_of_reach(batch, entity_type, [key]) is not None:
        raise ValidationError(f"There is no {name_of(entity_type, key)}.")
    return row
