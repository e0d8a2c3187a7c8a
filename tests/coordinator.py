"""Somebody who clicks: what ftrack's web page does, done with the official client."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ftrack_api.event.base
import pytest

#: Seconds until a reply, a Job's end or a process's start must have come. Long, for a busy machine: only
#: failures wait.
PATIENCE_S = 60.0

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"


def wait_for(condition: Callable[[], Any], what: str, between: Callable[[], Any] | None = None) -> Any:
    """Return the first true answer of *condition*; calls *between* after each false one."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come within {PATIENCE_S:.0f} s")
        if between is None:
            time.sleep(0.02)
        else:
            between()


class Browser:
    """Does what ftrack's web page does, with a session of the official client.

    *Source*: protocol reference 6.1 to 6.4: events with `applicationId = ftrack.client.web`.
    """

    def __init__(self, session: Any) -> None:
        self.session = session
        self.hub = session.event_hub
        self.hub.connect()
        self.user = session.query(f'User where username is "{session.api_user}"').one()
        self.source = {
            "applicationId": "ftrack.client.web",
            "user": {"username": self.user["username"], "id": self.user["id"]},
        }

    def publish(self, topic: str, data: dict[str, Any], **source: Any) -> tuple[str, list[Any]]:
        """Publish an event; returns its id and the list that its replies are put into while the hub waits."""
        replies: list[Any] = []
        event = ftrack_api.event.base.Event(topic, data=data, source={**self.source, **source})
        self.hub.publish(event, on_reply=lambda reply: replies.append(reply["data"]))
        return event["id"], replies

    def ask(self, topic: str, data: dict[str, Any], **source: Any) -> Any:
        """Publish an event and return the first reply."""
        _, replies = self.publish(topic, data, **source)
        return wait_for(lambda: replies, f"A reply to {topic}", lambda: self.hub.wait(0.05))[0]

    def menu(self, *entities: Any) -> list[Any]:
        """Return the items that the first listener to answer offers for the selection."""
        return self.ask("ftrack.action.discover", {"selection": [selected(each) for each in entities]})[
            "items"
        ]

    def launch(
        self, identifier: str, *entities: Any, values: dict[str, Any] | None = None, **source: Any
    ) -> Any:
        """Click on an action; returns the reply: a form, or a message."""
        data: dict[str, Any] = {
            "actionIdentifier": identifier,
            "selection": [selected(each) for each in entities],
        }
        if values is not None:
            data["values"] = values
        return self.ask("ftrack.action.launch", data, **source)

    def jobs(self) -> list[Any]:
        """Return the user's Jobs, newest first, as plain dicts with `description` beside the rest."""
        reply = self.session.call(
            [
                {
                    "action": "query",
                    "expression": "select id, status, data, created_at, finished_at,"
                    " job_components.component_id,"
                    f" job_components.url from Job where user_id is {self.user['id']} order by"
                    f" created_at desc",
                }
            ]
        )
        return [
            {
                "id": job["id"],
                "status": job["status"],
                "data": json.loads(job["data"]),
                "description": json.loads(job["data"]).get("description"),
                "urls": [each["url"]["url"] for each in job["job_components"]],
            }
            for job in reply[0]["data"]
        ]

    def new_job(self, before: list[Any]) -> Any:
        """Return the Job that is not among those of *before*, as soon as there is one."""
        known = {job["id"] for job in before}
        return wait_for(
            lambda: next((job for job in self.jobs() if job["id"] not in known), None), "A new Job", pause
        )

    def ended(self, job: Any) -> Any:
        """Return the Job as it is once it is done or failed."""

        def look() -> Any:
            found = next((each for each in self.jobs() if each["id"] == job["id"]), None)
            return found if found is None or found["status"] in ("done", "failed") else None

        return wait_for(look, "The end of the Job", pause)

    def run(self, identifier: str, *entities: Any, values: dict[str, Any] | None = None) -> Any:
        """Click, and return the Job once it has ended."""
        before = self.jobs()
        reply = self.launch(identifier, *entities, values={} if values is None else values)
        assert reply.get("success") is True, reply
        return self.ended(self.new_job(before))

    def close(self) -> None:
        self.session.close()


def pause() -> None:
    time.sleep(0.05)


def selected(entity: Any) -> dict[str, str]:
    """Return an entity, or a (legacy type, id) pair, as events name it. *Source*: protocol reference 6.2."""
    if isinstance(entity, tuple):
        return {"entityType": entity[0], "entityId": entity[1]}
    legacy = {"Project": "show"}.get(entity.entity_type, "task")
    return {"entityType": legacy, "entityId": entity["id"]}


def fetch(url: str) -> bytes:
    """Return what a signed URL leads to, without any credentials."""
    with urllib.request.urlopen(url, timeout=60) as reply:
        return reply.read()
