"""`delayed_job`: what a server would do in its own time, done at once.

Source: protocol reference 2.1. What a Job of it looks like is unknown: assumed are the type below
and a `description` in its data.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ftrack_sandbox.api import job, write
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.row import check_reach
from ftrack_sandbox.errors import ApiError, PermissionDenied, ValidationError

#: The `type` of the Jobs.
JOB_TYPE = "delayed_job"


def delayed_job(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "delayed_job", "job_type": ..., "data"?: {...}}` with a Job that is done.

    What cannot be done fails the request, and there is no Job then (assumed). Raises ApiError for
    an unknown type, ValidationError for wrong data, and whatever the work itself raises.
    """
    job_type, data = operation.get("job_type"), operation.get("data")
    work = _WORK.get(job_type) if isinstance(job_type, str) else None
    if work is None:
        raise ApiError(f"There is no delayed job '{job_type}'; known are {', '.join(_WORK)}.")
    data = {} if data is None else data
    if not isinstance(data, Mapping):
        raise ValidationError("'data' of delayed_job must be an object.")
    made = job.queue(batch, JOB_TYPE, {"description": f"{job_type} is waiting"})
    job.end(batch, made, "done", {"description": work(batch, data)})
    return {"action": "delayed_job", "data": made}


def _delete(batch: Batch, data: Mapping[str, Any]) -> str:
    write.delete(batch, {**data, "action": "delete"})
    return f"Deleted a {data['entity_type']}"


def _synchronise_users(batch: Batch, data: Mapping[str, Any]) -> str:
    """There is no directory of users to follow; that only administrators may ask is assumed."""
    if not batch.caller.is_administrator:
        raise PermissionDenied(f"{batch.caller.username} has no permission to synchronise users.")
    return "Synchronised users with LDAP"


def _synchronise_structure(batch: Batch, data: Mapping[str, Any]) -> str:
    """There is no iconik to tell; the data are checked all the same."""
    context_id = data.get("context_id")
    context = batch.schema.find("Context")
    if not isinstance(context_id, str) or batch.writer.fetch(context, (context_id,)) is None:
        raise ValidationError(f"There is no Context {context_id}.")
    check_reach(batch, context, [(context_id,)])
    for name in ("include_children", "task_placeholder", "include_tasks"):
        if not isinstance(data.get(name, True), bool):
            raise ValidationError(f"'{name}' of delayed_job must be true or false.")
    return "Synchronised a structure with iconik"


#: By `job_type`: does the work and returns what the Job says. Source: protocol reference 2.1; the names
#: of further types are unknown.
_WORK: Mapping[str, Callable[[Batch, Mapping[str, Any]], str]] = {
    "DELETE": _delete,
    "SYNC_USERS_LDAP": _synchronise_users,
    "ICONIK_SYNC_STRUCTURE": _synchronise_structure,
}
