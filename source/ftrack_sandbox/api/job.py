"""Jobs that the server makes by itself.

Source: protocol reference 7.1: their type is another than that of Jobs made through the API.
They are the caller's, and are done when the request is answered (assumed: a real server takes
its time).
"""

import json
from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.api import write
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.encode import Entity


def queue(batch: Batch, job_type: str, data: Mapping[str, Any]) -> Entity:
    """Make a Job of the caller; *data* is what its JSON text holds, `description` among it."""
    row = {"type": job_type, "status": "queued", "user_id": batch.caller.user_id, "data": json.dumps(data)}
    job: Entity = write.create(batch, {"action": "create", "entity_type": "Job", "entity_data": row})["data"]
    return job


def end(batch: Batch, job: Entity, status: str, data: Mapping[str, Any]) -> None:
    """End a Job as `done` or `failed`, with new *data*."""
    row = {"status": status, "data": json.dumps(data)}
    write.update(
        batch, {"action": "update", "entity_type": "Job", "entity_key": list(job.key), "entity_data": row}
    )
