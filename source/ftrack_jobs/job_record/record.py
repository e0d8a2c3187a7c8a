"""`JobRecord` and the requests that make, read and change the Job it stands for.

All of them are raw: the client's own `create` and `commit` would keep a refused operation and send it again
with every later commit, `get` answers from a cache after a lost reply, and `call` logs an error for each
click that another process was faster at. *Source*: protocol reference 2.6 and 7.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import LaunchError, ServerError
from ..launch import Launch
from ..session import Client, ask_raw

QUEUED = "queued"
RUNNING = "running"
DONE = "done"
FAILED = "failed"

#: Ids of Jobs are made under it, so that no other use of the same event id makes the same id.
_NAMESPACE = uuid.UUID("6d0c1b1e-3d0c-5b5f-9a53-6a0f4f8f7d11")
#: Times that a create is sent whose reply was lost. The same id and nonce make sending it again harmless.
_CLAIM_TRIES = 3
#: Characters of a description. The server's limit is unknown; no menu shows more.
_DESCRIPTION_LIMIT = 2000


@dataclass(frozen=True)
class JobRecord:
    """One Job of ours, as far as it never changes: what its `data` holds beside the description.

    *owner* names the process that made it, *nonce* the very claim: whoever finds its own nonce on the server
    has won. *attempt* counts the Jobs made for one click, from 0.
    """

    id: str
    launch: Launch
    owner: str
    nonce: str
    attempt: int = 0

    def data(self, description: str) -> str:
        """Return the JSON text for the Job's `data`; `from_data` reads it back.

        *Source*: protocol reference 7.1: the page shows `description` and ignores all other keys.
        """
        facts = {
            "attempt": self.attempt,
            "description": description[:_DESCRIPTION_LIMIT],
            "identifier": self.launch.identifier,
            "launch": self.launch.to_json(),
            "nonce": self.nonce,
            "owner": self.owner,
        }
        return json.dumps(facts, sort_keys=True)

    @classmethod
    def from_data(cls, job_id: str, text: str | None) -> JobRecord | None:
        """Return the record that `data` wrote, or None when *text* is not ours."""
        try:
            facts = json.loads(text or "")
            return cls(
                id=job_id,
                launch=Launch.from_json(facts["launch"]),
                owner=str(facts["owner"]),
                nonce=str(facts["nonce"]),
                attempt=int(facts["attempt"]),
            )
        except (ValueError, TypeError, KeyError, LaunchError):
            return None


def job_id_of(event_id: str, attempt: int = 0) -> str:
    """Return the id of the Job for a click: the same in every process that hears of the click."""
    return str(uuid.uuid5(_NAMESPACE, f"{event_id}:{attempt}"))


def claim(
    client: Client, launch: Launch, *, owner: str, description: str, attempt: int = 0
) -> JobRecord | None:
    """Make the queued Job for *launch*, or return None because another process has made it.

    The server's primary key decides who of many is first. The launch's *user_id* must be known.
    Raises `ServerError` when nobody has claimed it and we could not.

    *Source*: protocol reference 2.3; assumed: a create under an id that exists is refused.
    """
    record = JobRecord(job_id_of(launch.event_id, attempt), launch, owner, uuid.uuid4().hex, attempt)
    operation = _create(record, description)
    for _ in range(_CLAIM_TRIES):
        try:
            ask_raw(client, [operation])
            return record
        except ServerError as error:
            problem = error
        # Refused as a duplicate, or the reply was lost after the Job was made: the row itself tells.
        seen = look(client, record.id)
        if seen is not None:
            there = JobRecord.from_data(record.id, seen[1])
            return record if there is not None and there.nonce == record.nonce else None
        if not problem.lost:
            break
    raise problem


def start(client: Client, record: JobRecord, description: str) -> bool:
    """Mark the Job as running; return False when it is gone or no longer queued: somebody stopped it.

    Raises `ServerError`.
    """
    if statuses(client, [record.id]).get(record.id) != QUEUED:
        return False
    ask_raw(client, [_update(record, {"status": RUNNING, "data": record.data(description)})])
    return True


def statuses(client: Client, job_ids: Iterable[str]) -> dict[str, str]:
    """Return id -> status of those Jobs that are still there, with one request. Raises `ServerError`."""
    wanted = list(job_ids)
    if not wanted:
        return {}
    ids = ", ".join(f'"{job_id}"' for job_id in wanted)
    found = _rows(client, f"select id, status from Job where id in ({ids}) limit {len(wanted)}")
    return {row["id"]: row["status"] for row in found}


def description_update(record: JobRecord, description: str) -> dict[str, Any]:
    """Return the operation that shows *description*; it never touches the status."""
    return _update(record, {"data": record.data(description)})


def status_update(record: JobRecord, status: str, description: str) -> dict[str, Any]:
    """Return the operation that sets status and description, to be sent together with others."""
    return _update(record, {"status": status, "data": record.data(description)})


def finish(
    client: Client,
    record: JobRecord,
    status: str | None,
    description: str,
    component_id: str | None = None,
) -> None:
    """Write the end of a Job in one batch: its one file, then status and description. All of it, or nothing.

    *status* None leaves the status as the server has it. Written once although the reply was lost.
    Raises `ServerError`.

    *Source*: protocol reference 2.7 and 7.2.
    """
    changes = {"data": record.data(description), **({"status": status} if status else {})}
    operations = [_update(record, changes)]
    if component_id:
        operations.insert(0, _attach(record, component_id))
    try:
        ask_raw(client, operations)
    except ServerError:
        # The batch may have been carried out all the same: then what we wanted to write is there.
        seen = look(client, record.id)
        if seen is None or seen[1] != changes["data"] or status not in (None, seen[0]):
            raise


def look(client: Client, job_id: str) -> tuple[str, str | None] | None:
    """Return status and data of the Job, or None when it is not there. Raises `ServerError`."""
    found = _rows(client, f'select status, data from Job where id is "{job_id}" limit 1')
    return (found[0]["status"], found[0]["data"]) if found else None


def _rows(client: Client, expression: str) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = ask_raw(client, [{"action": "query", "expression": expression}])[0]["data"]
    return result


def _create(record: JobRecord, description: str) -> dict[str, Any]:
    facts = {
        "__entity_type__": "Job",
        "id": record.id,
        "user_id": record.launch.user_id,
        "type": "api_job",
        "status": QUEUED,
        "data": record.data(description),
    }
    return {"action": "create", "entity_type": "Job", "entity_key": [record.id], "entity_data": facts}


def _update(record: JobRecord, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "action": "update",
        "entity_type": "Job",
        "entity_key": [record.id],
        "entity_data": {"__entity_type__": "Job", **changes},
    }


def _attach(record: JobRecord, component_id: str) -> dict[str, Any]:
    return {
        "action": "create",
        "entity_type": "JobComponent",
        "entity_key": [component_id, record.id],
        "entity_data": {
            "__entity_type__": "JobComponent",
            "component_id": component_id,
            "job_id": record.id,
        },
    }
