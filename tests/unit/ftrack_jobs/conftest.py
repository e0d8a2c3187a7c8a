"""What tests of ftrack_jobs share: a session of ours, launches, and a network that loses replies."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import requests.adapters
import requests.exceptions

from ftrack_jobs.launch import EntityRef, Launch
from ftrack_jobs.session import Client, Connection, ask_raw, open_session


@pytest.fixture
def connection(ftrack_session: Any, ftrack_jobs_schema_cache: Any) -> Connection:
    return Connection.of(ftrack_session)


@pytest.fixture
def client(connection: Connection) -> Iterator[Client]:
    opened = open_session(connection)
    yield opened
    opened.recorded_operations.clear()
    opened.close()


@pytest.fixture
def project(ftrack_session: Any) -> Any:
    return ftrack_session.query(
        "select id, name from Project where is_private is false order by name"
    ).first()


@pytest.fixture
def make_launch(ftrack_session: Any) -> Callable[..., Launch]:
    """Return a function that makes a launch by the session's own user, each under an event id of its own."""
    user = ftrack_session.query(f'select id from User where username is "{ftrack_session.api_user}"').one()

    def make(identifier: str = "test.action", selection: Sequence[EntityRef] = (), **facts: Any) -> Launch:
        facts.setdefault("event_id", uuid.uuid4().hex)
        return Launch(
            identifier=identifier,
            username=ftrack_session.api_user,
            user_id=user["id"],
            selection=tuple(selection),
            **facts,
        )

    return make


@pytest.fixture
def job_row(client: Client) -> Callable[[str], dict[str, Any] | None]:
    """Return a function that reads a Job: its status, data and components; None when it is gone."""

    def read(job_id: str) -> dict[str, Any] | None:
        expression = (
            f'select status, data, user_id, job_components.component_id from Job where id is "{job_id}"'
        )
        found = ask_raw(client, [{"action": "query", "expression": expression}])[0]["data"]
        return found[0] if found else None

    return read


class LostReplies(requests.adapters.HTTPAdapter):
    """Carries out requests, then loses the replies of as many as are in *to_lose*."""

    def __init__(self, to_lose: int) -> None:
        super().__init__()
        self.to_lose = to_lose

    def send(self, *arguments: Any, **more: Any) -> Any:
        response = super().send(*arguments, **more)
        if self.to_lose > 0:
            self.to_lose -= 1
            response.close()
            raise requests.exceptions.ConnectionError("the reply was lost")
        return response


@pytest.fixture
def lose_replies() -> Callable[[Any, int], None]:
    """Return a function after which a client does not hear the replies to its next requests."""

    def lose(client: Any, count: int = 1) -> None:
        client._request.mount("http://", LostReplies(count))

    return lose


@pytest.fixture
def delete_job(client: Client) -> Callable[[str], None]:
    """Return a function that deletes a Job, as a user does in the web page."""

    def delete(job_id: str) -> None:
        ask_raw(client, [{"action": "delete", "entity_type": "Job", "entity_key": [job_id]}])

    return delete


@pytest.fixture
def set_status(client: Client) -> Callable[[str, str], None]:
    """Return a function that sets a Job's status from elsewhere."""

    def change(job_id: str, status: str) -> None:
        data = {"__entity_type__": "Job", "status": status}
        ask_raw(
            client,
            [{"action": "update", "entity_type": "Job", "entity_key": [job_id], "entity_data": data}],
        )

    return change
