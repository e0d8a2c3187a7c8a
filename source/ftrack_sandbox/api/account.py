"""Operations on users' accounts.

Source: protocol reference 2.1, 9.1.
"""

from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.errors import ApiError, PermissionDenied, ValidationError


def reset_remote(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "reset_remote", "reset_type": "api_key", "entity_type"?, "entity_key"?}`.

    The user's former personal key stops working; the reply holds the new one. The key is a
    plain id; without one it is the caller's own (assumed). Administrators may reset others'.
    An unknown reset_type is a plain ServerError. Source: protocol reference 2.1.
    """
    reset_type = operation.get("reset_type")
    if reset_type != "api_key":
        raise ApiError(f"'{reset_type}' cannot be reset; known is api_key.")
    user = batch.schema.find("User")
    key = operation.get("entity_key")
    user_id = batch.caller.user_id if key is None else key[0] if isinstance(key, list) and key else key
    if not isinstance(user_id, str) or batch.writer.fetch(user, (user_id,)) is None:
        raise ValidationError(f"There is no User {user_id}.")
    if user_id != batch.caller.user_id and not batch.caller.is_administrator:
        raise PermissionDenied(f"{batch.caller.username} may not reset the key of User {user_id}.")
    return {
        "action": "reset_remote",
        "data": {"api_key": batch.access.make_key_for(batch.writer, user_id)},
    }
