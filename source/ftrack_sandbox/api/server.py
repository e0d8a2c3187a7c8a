"""`query_server_information` and `query_schemas`: what a client asks for first.

Source: protocol reference 1.7, 1.8.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.errors import ValidationError

#: Answered to a plain request. Source: protocol reference 1.7, the recorded reply.
_USUAL = ("version", "schema_hash", "storage_scenario", "is_timezone_support_enabled")

#: What clients are told the server's version is. Source: the recorded reply.
VERSION = "dev"


def query_server_information(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "query_server_information", "values"?: [...]}`: the bare information.

    Without *values* the four keys of the recorded reply; with them those that are known, an
    unknown one as `null` (assumed). Source: protocol reference 1.7.
    """
    values = operation.get("values")
    if values is None:
        values = _USUAL
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise ValidationError("values must be a list of names.")
    return {str(name): _answer(batch, str(name)) for name in values}


def query_schemas(batch: Batch, operation: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Answer `{"action": "query_schemas"}`: the bare list. Source: protocol reference 1.3, 4."""
    return batch.schema.document


def _answer(batch: Batch, name: str) -> Any:
    answer = _KNOWN.get(name)
    return answer(batch) if answer is not None else None


def _user_information(batch: Batch) -> dict[str, Any]:
    user = batch.schema.find("User")
    caller = batch.caller
    table = user.table
    row = batch.connection.execute(table.select().where(table.c.id == caller.user_id)).mappings().one()
    thumbnail_id = row["thumbnail_id"]
    return {
        "id": caller.user_id,
        "username": caller.username,
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "thumbnail_id": thumbnail_id,
        "thumbnail_url": batch.urls.thumbnail(thumbnail_id) if thumbnail_id is not None else None,
        "restricted_user": caller.role_names == {"Restricted user"},
        "access_key_id": caller.key_id,
        "is_global_access_key": caller.is_global,
        "permissions": sorted(caller.role_names),
    }


#: Source: protocol reference 1.7; the values of the keys that the recorded reply lacks are assumed.
_KNOWN: Mapping[str, Callable[[Batch], Any]] = {
    "version": lambda batch: VERSION,
    "schema_hash": lambda batch: batch.schema.hash,
    "storage_scenario": lambda batch: {"scenario": "ftrack.automatic", "data": {}},
    "is_timezone_support_enabled": lambda batch: True,
    "is_nested_subqueries_enabled": lambda batch: True,
    "week_startday": lambda batch: 1,
    "workday_length": lambda batch: 28800,
    "display_week_numbers": lambda batch: False,
    "display_task_dates_as_time": lambda batch: False,
    "preferred_language": lambda batch: "en",
    "default_colors": lambda batch: [],
    "product": lambda batch: {"name": "ftrack-sandbox"},
    "company_information": lambda batch: {"name": "ftrack sandbox", "logo_url": None},
    "user_information": _user_information,
}
