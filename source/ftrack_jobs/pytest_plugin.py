"""Fixture for tests of actions: `launch_action` clicks one for you, over a real event hub and a real host.

It works on whatever server the fixture `ftrack_session` is connected to: a sandbox, or a site's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
import time
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .action import Action
from .config import Config
from .filename import safe_filename
from .host import Host
from .job_record import job_id_of
from .launch import EntityRef
from .query import quote
from .session import Client, Connection, ask_raw, drop_connection, new_event, open_session

#: Seconds within which the server must take in subscriptions and a click must be answered.
_ANSWER_TIMEOUT_S = 30.0


if TYPE_CHECKING:
    _OwnPath = Path
else:
    # Before Python 3.12 only the class for this system can be derived from.
    _OwnPath = type(Path())


class Attachment(_OwnPath):
    """The path of a downloaded file; its text is read as UTF-8, with or without a byte order mark."""

    def read_text(self, encoding: str | None = "utf-8-sig", errors: str | None = None, **more: Any) -> str:
        """Return the file's text; as `Path.read_text`, but for the default of *encoding*."""
        return super().read_text(encoding, errors, **more)


@dataclass(frozen=True)
class Ended:
    """What came of a click.

    *status* is `done` or `failed` as the Job has it, or `refused` where no Job was made. *description* is the
    Job's text, or the refusal. *attachments* are the Job's files, downloaded. *reply* is the answer to the
    click.
    """

    status: str
    description: str
    attachments: tuple[Attachment, ...] = ()
    reply: Mapping[str, Any] = field(default_factory=dict)
    job_id: str = ""


class LaunchAction:
    """What the fixture `launch_action` gives: call it to click an action and wait for its Job."""

    def __init__(self, session: Client, folder: Path) -> None:
        self._folder = folder
        self._stage = contextlib.ExitStack()
        connection = Connection.of(session)
        self._serving = self._open(connection)
        self._clicking = self._open(connection)
        self.host = Host(self._serving, Config(report_interval_s=0.2))
        self._stage.callback(self.host.close)
        self._connect()

    def __call__(
        self,
        action: type[Action] | str,
        selection: Sequence[Any] = (),
        values: Mapping[str, Any] | None = None,
        user: Any = None,
        timeout_s: float = 60.0,
    ) -> Ended:
        """Click *action* on *selection* as *user*, submit *values*, wait for the Job, fetch its files.

        *action* is a subclass of `Action`, or the identifier of one that was clicked before. *selection*
        holds entities, `EntityRef`s or pairs of type and id. Without *values* a form is submitted as it is
        shown. *user* is an entity or a name; the session's own unless given.
        """
        if isinstance(action, str):
            identifier = self.host.registry.find(action).identifier
        else:
            identifier = action.identifier
            self.host.add(action)
            self._settle()
        data: dict[str, Any] = {"actionIdentifier": identifier, "selection": self._selection(selection)}
        if values is not None:
            data["values"] = dict(values)
        event_id, reply = self._click(data, user)
        if values is None and reply.get("items"):
            shown = {item["name"]: item.get("value") for item in reply["items"] if item.get("name")}
            event_id, reply = self._click({**data, "values": shown}, user)
        if not reply.get("success"):
            return Ended("refused", _refusal(reply), reply=reply)
        assert self.host.join(timeout_s), f"The Job of {identifier} did not end within {timeout_s:g} s."
        return self._ended(job_id_of(event_id), reply)

    def close(self) -> None:
        """End host and sessions."""
        self._stage.close()

    def _open(self, connection: Connection) -> Client:
        client = open_session(connection)
        self._stage.callback(client.close)
        self._stage.callback(drop_connection, client.event_hub)
        return client

    def _connect(self) -> None:
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                self._serving.event_hub.wait(0.1)

        for client in (self._serving, self._clicking):
            hub: Any = client.event_hub
            # Else a server that goes away silences all logging of the tests (protocol reference 5.7).
            hub._auto_reconnect_attempts = 0
            hub.connect()
        thread = threading.Thread(target=serve, name="ftrack-jobs test host", daemon=True)
        thread.start()
        self._stage.callback(thread.join, 10.0)
        self._stage.callback(stop.set)

    def _settle(self) -> None:
        """Wait until the server knows the host's subscriptions: an event sent after them comes back."""
        hub, back, topic = self._serving.event_hub, threading.Event(), f"ftrack-jobs.test.{uuid.uuid4().hex}"
        subscriber = hub.subscribe(f"topic={topic}", lambda event: back.set())
        hub.publish(new_event(topic, {}))
        assert back.wait(_ANSWER_TIMEOUT_S), "The event hub does not send an event back to its publisher."
        hub.unsubscribe(subscriber)

    def _click(self, data: Mapping[str, Any], user: Any) -> tuple[str, Mapping[str, Any]]:
        event = new_event(
            "ftrack.action.launch",
            data,
            source={"applicationId": "ftrack.client.web", "user": self._user(user)},
        )
        replies: queue.Queue[Mapping[str, Any]] = queue.Queue()
        hub = self._clicking.event_hub
        hub.publish(event, on_reply=lambda reply: replies.put(reply["data"]))
        deadline = time.monotonic() + _ANSWER_TIMEOUT_S
        while replies.empty():
            assert time.monotonic() < deadline, "Nobody answered the click."
            hub.wait(0.05)
        return event["id"], replies.get()

    def _user(self, user: Any) -> dict[str, str]:
        name = user if isinstance(user, str) else user["username"] if user else self._clicking.api_user
        found = self._rows(f"select id from User where username is {quote(name)} limit 1")
        return {"username": name, **({"id": found[0]["id"]} if found else {})}

    def _selection(self, selection: Sequence[Any]) -> list[dict[str, str]]:
        found = []
        for each in selection:
            if isinstance(each, EntityRef):
                entity_type, entity_id = each.type, each.id
            elif isinstance(each, tuple):
                entity_type, entity_id = each
            else:
                entity_type, entity_id = each.entity_type, each["id"]
            found.append({"entityType": self._event_type(entity_type), "entityId": entity_id})
        return found

    def _event_type(self, name: str) -> str:
        """Return what events call the type *name*. *Source*: protocol reference 4.1, 6.2."""
        for schema in self._clicking.schemas:
            alias = schema.get("alias_for")
            if schema["id"] == name and alias:
                return str(alias["id"] if isinstance(alias, Mapping) else alias).lower()
        return name.lower()

    def _ended(self, job_id: str, reply: Mapping[str, Any]) -> Ended:
        jobs = self._rows(f"select status, data from Job where id is {quote(job_id)}")
        if not jobs:
            return Ended("deleted", "", reply=reply, job_id=job_id)
        attached = self._rows(
            "select url, component.name, component.file_type from JobComponent"
            f" where job_id is {quote(job_id)}"
        )
        files = tuple(self._download(row, job_id) for row in attached)
        description = self._description(jobs[0]["data"])
        return Ended(jobs[0]["status"], description, files, reply, job_id)

    def _download(self, row: Mapping[str, Any], job_id: str) -> Attachment:
        component = row["component"]
        folder = self._folder / job_id
        folder.mkdir(exist_ok=True)
        target = Attachment(folder, safe_filename(component["name"] + (component["file_type"] or "")))
        with urllib.request.urlopen(row["url"]["url"], timeout=60) as stream, target.open("wb") as file:
            while block := stream.read(1 << 20):
                file.write(block)
        return target

    def _description(self, data: str) -> str:
        return str(json.loads(data)["description"])

    def _rows(self, expression: str) -> list[dict[str, Any]]:
        result: list[dict[str, Any]] = ask_raw(
            self._clicking, [{"action": "query", "expression": expression}]
        )[0]["data"]
        return result


@pytest.fixture(scope="session")
def ftrack_jobs_schema_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the sessions of Jobs a schema cache of their own: the usual one belongs to the studio's site."""
    name = "FTRACK_API_SCHEMA_CACHE_PATH"
    if name in os.environ:
        yield Path(os.environ[name])
        return
    folder = tmp_path_factory.mktemp("ftrack-jobs-schema-cache")
    os.environ[name] = str(folder)
    yield folder
    del os.environ[name]


@pytest.fixture
def launch_action(
    ftrack_session: Any, ftrack_jobs_schema_cache: Path, tmp_path: Path
) -> Iterator[LaunchAction]:
    """Click actions in a test and wait for what comes of it.

        ended = launch_action(ExportShots, selection=[project], values={"kind": "csv"})

    The click goes over the event hub to a host in this process, and the action runs as a Job on the server of
    the fixture `ftrack_session`.
    """
    launcher = LaunchAction(ftrack_session, tmp_path)
    try:
        yield launcher
    finally:
        launcher.close()


def _refusal(reply: Mapping[str, Any]) -> str:
    if reply.get("items"):
        return str(reply["items"][0].get("value", ""))
    return str(reply.get("message", ""))
