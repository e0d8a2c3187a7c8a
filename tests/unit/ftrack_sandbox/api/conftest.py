"""A small studio in a temporary database, and a desk to send operations from."""

import datetime
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from ftrack_sandbox import access
from ftrack_sandbox.access import Access, Caller
from ftrack_sandbox.api.operation import Services, run_batch
from ftrack_sandbox.schema import Schema, load_schema
from ftrack_sandbox.storage import Storage
from ftrack_sandbox.store import Store

TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SHOT = "bad911de-3bd6-47b9-8b46-3476e237cb36"
FOLDER = "3c133785-51cb-11e3-980a-20c9d0831e59"
SERVER_LOCATION = "3a372bde-05bc-11e4-8908-20c9d081909b"
PRIORITY = "9661b320-3a0c-11e2-81c1-0800200c9a66"
USER_TYPE = "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8"
LONG_AGO = datetime.datetime(2020, 1, 2, 3, 4, 5)


def creating(entity_type: str, /, **data: Any) -> dict[str, Any]:
    return {
        "action": "create",
        "entity_type": entity_type,
        "entity_data": {"__entity_type__": entity_type, **data},
    }


def updating(entity_type: str, key: Any, /, **data: Any) -> dict[str, Any]:
    return {
        "action": "update",
        "entity_type": entity_type,
        "entity_key": [key] if isinstance(key, str) else list(key),
        "entity_data": {"__entity_type__": entity_type, **data},
    }


def deleting(entity_type: str, *key: str) -> dict[str, Any]:
    return {"action": "delete", "entity_type": entity_type, "entity_key": list(key)}


def ref(entity_type: str, *key: str, names: tuple[str, ...] = ("id",)) -> dict[str, Any]:
    return {"__entity_type__": entity_type, **dict(zip(names, key, strict=True))}


class Listener:
    """Stands where the hub is; keeps what was published."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def publish(self, event: Any) -> None:
        self.events.append(event)


class Desk:
    """Sends operations as one user and hands back the results."""

    creating = staticmethod(creating)
    updating = staticmethod(updating)
    deleting = staticmethod(deleting)
    ref = staticmethod(ref)

    def __init__(self, services: Services, caller: Caller, hub: Listener) -> None:
        self.services = services
        self.caller = caller
        self.hub = hub

    def run(self, *operations: Any, repeat: bool = False, strict: bool = False) -> list[Any]:
        return run_batch(
            self.services,
            self.caller,
            list(operations),
            base_url="http://studio.test",
            strict=strict,
            repeat=repeat,
            only_requested=False,
            client_token=None,
            push_token=None,
        )

    def query(self, expression: str) -> list[dict[str, Any]]:
        return self.run({"action": "query", "expression": expression})[0]["data"]

    def create(self, entity_type: str, /, **data: Any) -> dict[str, Any]:
        return self.run(creating(entity_type, **data))[0]["data"]

    def update(self, entity_type: str, key: Any, /, **data: Any) -> dict[str, Any]:
        return self.run(updating(entity_type, key, **data))[0]["data"]

    def delete(self, entity_type: str, *key: str) -> Any:
        return self.run(deleting(entity_type, *key))[0]["data"]

    def as_user(self, username: str) -> "Desk":
        key = self.services.access.make_key(username)
        return Desk(self.services, self.services.access.authenticate(username, key), self.hub)


def studio() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Rows of a studio: one open show, one private, statuses, types, three people."""
    yield "state", [{"id": "state-ns", "name": "Not started", "short": "NOT_STARTED"}]
    yield (
        "status",
        [
            {"id": f"status-{name}", "name": name, "sort": sort, "is_active": True, "state_id": "state-ns"}
            for sort, name in enumerate(("ready", "working", "done", "pending"))
        ],
    )
    yield (
        "type",
        [
            {"id": f"type-{name}", "name": name, "sort": sort, "color": "#fff", "is_billable": True}
            for sort, name in enumerate(("generic", "comp", "shot"))
        ],
    )
    yield "priority", [{"id": PRIORITY, "name": "None", "sort": 0}]
    yield (
        "object_type",
        [{"id": TASK, "name": "Task"}, {"id": SHOT, "name": "Shot"}, {"id": FOLDER, "name": "Folder"}],
    )
    yield "workflow_schema", [{"id": f"flow-{name}", "name": name} for name in ("task", "comp", "version")]
    yield (
        "workflow_schema_status",
        [
            {"workflow_schema_id": "flow-task", "status_id": "status-working"},
            {"workflow_schema_id": "flow-task", "status_id": "status-done"},
            {"workflow_schema_id": "flow-comp", "status_id": "status-done"},
            {"workflow_schema_id": "flow-version", "status_id": "status-pending"},
        ],
    )
    yield "task_type_schema", [{"id": "types", "name": "types"}]
    yield (
        "task_type_schema_type",
        [
            {"task_type_schema_id": "types", "type_id": "type-comp"},
            {"task_type_schema_id": "types", "type_id": "type-shot"},
        ],
    )
    yield (
        "project_schema",
        [
            {
                "id": "scheme",
                "name": "Scheme",
                "task_workflow_schema_id": "flow-task",
                "asset_version_workflow_schema_id": "flow-version",
                "task_type_schema_id": "types",
            }
        ],
    )
    yield (
        "project_schema_override",
        [
            {
                "id": "over",
                "project_schema_id": "scheme",
                "type_id": "type-comp",
                "workflow_schema_id": "flow-comp",
            }
        ],
    )
    yield "schema", [{"id": "shots", "project_schema_id": "scheme", "type_id": SHOT, "object_type_id": SHOT}]
    yield "schema_status", [{"schema_id": "shots", "status_id": "status-done", "sort": 0}]
    yield "schema_type", [{"schema_id": "shots", "type_id": "type-shot", "sort": 0}]
    yield "asset_type", [{"id": "asset-type", "name": "Geometry", "short": "geo"}]
    yield "location", [{"id": SERVER_LOCATION, "name": "ftrack.server"}, {"id": "disk", "name": "disk"}]
    yield "note_label", [{"id": "label", "name": "Internal"}]
    yield "list_category", [{"id": "category", "name": "Dailies"}]
    yield "scope", [{"id": "scope-a", "name": "a"}, {"id": "scope-b", "name": "b"}]
    yield "user_type", [{"id": USER_TYPE, "name": "Artist"}]
    yield (
        "resource",
        [
            {"id": f"user-{name}", "username": name, "is_active": name != "gone", "resource_type": "user"}
            for name in ("kim", "lee", "gone")
        ],
    )
    yield (
        "security_role",
        [{"id": "role-admin", "name": "Administrator"}, {"id": "role-user", "name": "User"}],
    )
    yield (
        "user_security_role",
        [
            {
                "id": "held-kim",
                "user_id": "user-kim",
                "security_role_id": "role-admin",
                "is_all_projects": True,
                "is_all_open_projects": False,
            },
            {
                "id": "held-lee",
                "user_id": "user-lee",
                "security_role_id": "role-user",
                "is_all_projects": False,
                "is_all_open_projects": True,
            },
        ],
    )
    yield (
        "context",
        [
            {
                "id": key,
                "name": key,
                "full_name": key,
                "context_type": "show",
                "status": "active",
                "is_private": key == "secret",
                "is_global": False,
                "project_id": key,
                "project_schema_id": "scheme",
                "created_at": LONG_AGO,
            }
            for key in ("show", "secret")
        ],
    )
    yield (
        "context",
        [
            {
                "id": key,
                "name": key,
                "context_type": "task",
                "object_type_id": object_type,
                "parent_id": parent,
                "project_id": project,
                "status_id": "status-ready",
                "type_id": "type-generic",
                "priority_id": PRIORITY,
                "bid": 0.0,
                "sort": 0.0,
            }
            for key, object_type, parent, project in (
                ("sh010", SHOT, "show", "show"),
                ("comp", TASK, "sh010", "show"),
                ("hidden", TASK, "secret", "secret"),
            )
        ],
    )
    yield "context_ancestor", [{"ancestor_id": "sh010", "descendant_id": "comp"}]
    yield (
        "custom_attribute_type",
        [
            {"id": f"kind-{name}", "name": name, "core": True}
            for name in ("text", "boolean", "date", "enumerator", "number", "expression")
        ],
    )


@pytest.fixture(scope="session")
def schema() -> Schema:
    return load_schema()


@pytest.fixture(scope="session")
def studio_file(schema: Schema, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A database with the studio in it, to be copied."""
    path = tmp_path_factory.mktemp("studio") / "studio.db"
    store = Store(schema, f"sqlite:///{path}", [access.METADATA])
    store.load(studio())
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return path


@pytest.fixture
def services(schema: Schema, studio_file: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[Services]:
    path = tmp_path / "studio.db"
    shutil.copy(studio_file, path)
    store = Store(schema, f"sqlite:///{path}", [access.METADATA])
    listener: Any = Listener()
    yield Services(schema, store, Access(store), listener, b"secret", Storage(tmp_path / "files"))
    store.close()


@pytest.fixture
def desk(services: Services) -> Desk:
    """The desk of kim, an administrator who sees all projects."""
    hub: Any = services.hub
    roles = frozenset({"Administrator"}), frozenset({"role-admin"})
    caller = Caller("user-kim", "kim", "key-kim", False, True, None, *roles)
    return Desk(services, caller, hub)
