"""Keys, users, roles and what they reach."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy

from ftrack_sandbox import access
from ftrack_sandbox.access import Access, Caller
from ftrack_sandbox.access.reach import Reach, reached
from ftrack_sandbox.access.right import check_write
from ftrack_sandbox.errors import InvalidCredentials, PermissionDenied
from ftrack_sandbox.schema import load_schema
from ftrack_sandbox.store import Store
from fuzzing import ways

#: User -> role, and how far the role reaches.
HELD = {
    "admin": ("Administrator", {"is_all_projects": True, "is_all_open_projects": False}),
    "manager": ("Project manager", {"is_all_projects": False, "is_all_open_projects": True}),
    "artist": ("User", {"is_all_projects": False, "is_all_open_projects": False}),
}


def rows() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield "security_role", [{"id": f"role {name}", "name": name} for name, _ in HELD.values()]
    yield (
        "resource",
        [
            {"id": f"id {name}", "username": name, "is_active": name != "gone", "resource_type": "user"}
            for name in (*HELD, "gone", "nobody")
        ],
    )
    yield (
        "user_security_role",
        [
            {"id": f"held {user}", "user_id": f"id {user}", "security_role_id": f"role {role}", **reach}
            for user, (role, reach) in HELD.items()
        ],
    )
    yield (
        "user_security_role_project",
        [{"id": "listed", "user_security_role_id": "held artist", "project_id": "private"}],
    )
    yield (
        "context",
        [
            {
                "id": name,
                "name": name,
                "context_type": "show",
                "is_private": name != "open",
                "project_id": name,
            }
            for name in ("open", "private", "other")
        ],
    )
    yield (
        "context",
        [
            {"id": f"task {name}", "name": "t", "context_type": "task", "parent_id": name, "project_id": name}
            for name in ("open", "private", "other")
        ],
    )
    yield (
        "asset",
        [{"id": f"asset {name}", "context_id": f"task {name}"} for name in ("open", "private", "other")],
    )
    yield (
        "asset_version",
        [
            {"id": f"version {name}", "asset_id": f"asset {name}", "version": 1}
            for name in ("open", "private", "other")
        ],
    )
    yield (
        "component",
        [
            {"id": f"component {name}", "name": "c", "system_type": "file", "version_id": version}
            for name, version in (("other", "version other"), ("open", "version open"), ("loose", None))
        ],
    )
    yield (
        "note",
        [
            {"id": "note version", "parent_id": "version other", "in_reply_to_id": None},
            {"id": "note reply", "parent_id": None, "in_reply_to_id": "note version"},
            {"id": "note open", "parent_id": "task open", "in_reply_to_id": None},
        ],
    )
    yield (
        "recipient",
        [{"note_id": f"note {each}", "resource_id": "x"} for each in ("version", "reply", "open")],
    )
    yield (
        "job_component",
        [{"component_id": f"component {each}", "job_id": "j"} for each in ("other", "open")],
    )
    yield "setting", [{"name": "storage_scenario", "group": "STORAGE", "value": "x"}]


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Iterator[Store]:
    store = Store(load_schema(), f"sqlite:///{tmp_path / 'data.db'}", [access.METADATA])
    store.load(rows())
    yield store
    store.close()


@pytest.fixture
def keys(store: Store) -> Access:
    return Access(store)


def seen(store: Store, keys: Access, caller: Caller, name: str, column: str = "id") -> set[str]:
    entity_type = store.schema.find(name)
    select = sqlalchemy.select(entity_type.table.c[column])
    condition = keys.visible(caller, entity_type, entity_type.table)
    if condition is not None:
        select = select.where(condition)
    for each, value in entity_type.classifiers.items():
        select = select.where(entity_type.table.c[each] == value)
    with store.read() as connection:
        return set(connection.execute(select).scalars())


def test_a_personal_key_is_its_owners_only(keys: Access) -> None:
    key = keys.make_key("artist")
    assert keys.authenticate("artist", key).user_id == "id artist"
    with pytest.raises(InvalidCredentials):
        keys.authenticate("manager", key)


def test_a_new_personal_key_ends_the_old_one(keys: Access) -> None:
    old = keys.make_key("artist")
    assert keys.authenticate("artist", old)
    new = keys.make_key("artist")
    assert keys.authenticate("artist", new)
    with pytest.raises(InvalidCredentials):
        keys.authenticate("artist", old)


def test_a_global_key_acts_as_any_active_user(keys: Access) -> None:
    key = keys.make_key()
    caller = keys.authenticate("artist", key)
    assert (caller.user_id, caller.is_global, caller.is_administrator) == ("id artist", True, True)
    for name in ("gone", "unknown", "", None):
        with pytest.raises(InvalidCredentials):
            keys.authenticate(name, key)


def test_wrong_keys_are_refused(keys: Access) -> None:
    for key in ("", None, "guess", "ü\ud800"):
        with pytest.raises(InvalidCredentials):
            keys.authenticate("artist", key)


def test_a_user_deactivated_meanwhile_is_refused(store: Store, keys: Access) -> None:
    key = keys.make_key("artist")
    keys.authenticate("artist", key)
    with store.write() as transaction:
        transaction.update(store.schema.find("User"), ("id artist",), {"is_active": False})
    with pytest.raises(InvalidCredentials):
        keys.authenticate("artist", key)


@pytest.mark.parametrize(
    ("user", "projects"),
    [
        ("admin", {"open", "private", "other"}),
        ("manager", {"open"}),
        ("artist", {"private"}),
        ("nobody", set()),
    ],
)
def test_roles_open_projects(store: Store, keys: Access, user: str, projects: set[str]) -> None:
    caller = keys.authenticate(user, keys.make_key(user))
    assert seen(store, keys, caller, "Project") == projects
    assert seen(store, keys, caller, "AssetVersion") == {f"version {name}" for name in projects}


def test_a_global_key_sees_open_projects_and_those_granted_to_it(store: Store, keys: Access) -> None:
    key = keys.make_key()
    assert seen(store, keys, keys.authenticate("artist", key), "Project") == {"open"}
    keys.grant_project(key, "other")
    keys.grant_project(key, "other")
    assert seen(store, keys, keys.authenticate("artist", key), "Project") == {"open", "other"}
    with pytest.raises(InvalidCredentials):
        keys.grant_project("no key", "other")


def test_what_hangs_on_a_hidden_project_is_hidden_with_it(store: Store, keys: Access) -> None:
    caller = keys.authenticate("manager", keys.make_key("manager"))
    assert seen(store, keys, caller, "Component") == {"component open", "component loose"}
    assert seen(store, keys, caller, "Note") == {"note open"}
    assert seen(store, keys, caller, "Recipient", "note_id") == {"note open"}
    assert seen(store, keys, caller, "JobComponent", "component_id") == {"component open"}
    assert seen(store, keys, caller, "TypedContext") == {"task open"}


def test_settings_are_the_administrators(store: Store, keys: Access) -> None:
    assert seen(store, keys, keys.authenticate("admin", keys.make_key("admin")), "Setting", "name")
    assert not seen(store, keys, keys.authenticate("artist", keys.make_key("artist")), "Setting", "name")


def test_who_may_write_what(store: Store, keys: Access) -> None:
    admin, manager, artist = (keys.authenticate(name, keys.make_key(name)) for name in HELD)
    status, project, task, user = (store.schema.find(name) for name in ("Status", "Project", "Task", "User"))
    check_write(admin, status, None)
    check_write(manager, project, None)
    check_write(artist, task, None)
    check_write(artist, user, {"id": "id artist"})
    for caller, entity_type, row in (
        (manager, status, None),
        (artist, project, None),
        (artist, user, None),
        (artist, user, {"id": "id manager"}),
    ):
        with pytest.raises(PermissionDenied, match=caller.username):
            check_write(caller, entity_type, row)


def hold(store: Store, user: str, role_type: str, project: str | None = None, **reach: bool) -> None:
    """Give a user one more role, of a kind."""
    key = f"{role_type} {user} {project}"
    held = {"is_all_projects": False, "is_all_open_projects": False, **reach}
    with store.write() as transaction:
        for name, row in (
            ("SecurityRole", {"id": key, "name": key, "type": role_type}),
            ("UserSecurityRole", {"id": key, "user_id": f"id {user}", "security_role_id": key, **held}),
            ("UserSecurityRoleProject", {"id": key, "user_security_role_id": key, "project_id": project}),
        ):
            if name != "UserSecurityRoleProject" or project is not None:
                transaction.insert(store.schema.find(name), row)


@pytest.mark.parametrize(
    ("reach", "assigned"),
    [
        ({"is_all_projects": True}, {"open", "private", "other"}),
        ({"is_all_open_projects": True}, {"open"}),
        ({"project": "other"}, {"other"}),
    ],
)
def test_a_role_for_assignments_shows_the_projects_and_what_is_assigned(
    store: Store, keys: Access, reach: dict[str, Any], assigned: set[str]
) -> None:
    hold(store, "nobody", "ASSIGNED", **reach)
    key = keys.make_key("nobody")
    caller = keys.authenticate("nobody", key)
    assert (caller.project_ids, caller.assigned_ids) == (frozenset(), frozenset(assigned))
    assert seen(store, keys, caller, "Project") == assigned
    assert seen(store, keys, caller, "TypedContext") == set()
    given = {"id": "given", "context_id": "task other", "resource_id": "id nobody", "type": "assignment"}
    nowhere = {"id": "nowhere", "context_id": None, "resource_id": "id nobody", "type": "assignment"}
    with store.write() as transaction:
        transaction.insert(store.schema.find("Appointment"), given)
        transaction.insert(store.schema.find("Appointment"), nowhere)
    caller = keys.authenticate("nobody", key)
    told = {"other"} & assigned
    assert seen(store, keys, caller, "TypedContext") == {f"task {each}" for each in told}
    assert seen(store, keys, caller, "AssetVersion") == {f"version {each}" for each in told}
    # Neither who is assigned nor what merely leads to a task is the caller's to write.
    tasks = {f"task {each}" for each in told}
    for name, rows in (("Context", tasks), ("Appointment", {"nowhere"})):
        entity_type = store.schema.find(name)
        condition = keys.writable(caller, entity_type, entity_type.table)
        assert condition is not None
        with store.read() as connection:
            found = connection.execute(sqlalchemy.select(entity_type.table.c.id).where(condition))
            assert set(found.scalars()) == rows


def test_a_role_of_another_kind_shows_all_of_the_project(store: Store, keys: Access) -> None:
    hold(store, "artist", "ASSIGNED", "private")
    hold(store, "artist", "ASSIGNED", "other")
    caller = keys.authenticate("artist", keys.make_key("artist"))
    assert (caller.project_ids, caller.assigned_ids) == (frozenset({"private"}), frozenset({"other"}))
    assert seen(store, keys, caller, "Project") == {"private", "other"}
    assert seen(store, keys, caller, "TypedContext") == {"task private"}


def test_a_project_made_by_somebody_with_two_roles_is_granted_to_the_one_that_shows_all(
    store: Store, keys: Access
) -> None:
    hold(store, "artist", "ASSIGNED", is_all_projects=True)
    key = keys.make_key("artist")
    caller = keys.authenticate("artist", key)
    assert caller.assigned_ids == {"open", "other"}
    with store.write() as transaction:
        wider = keys.admit(transaction, caller, "other")
    again = keys.authenticate("artist", key)
    for each in (wider, again):
        assert each.project_ids == frozenset({"private", "other"})
        assert each.assigned_ids == {"open"}


def test_who_has_no_role_for_assignments_is_asked_no_more_of(store: Store, keys: Access) -> None:
    caller = keys.authenticate("artist", keys.make_key("artist"))
    for name in ("Task", "Component", "Metadata", "Appointment", "ListObject"):
        entity_type = store.schema.find(name)
        visible = keys.visible(caller, entity_type, entity_type.table)
        assert visible is not None
        assert "membership" not in str(sqlalchemy.select(entity_type.table).where(visible))
        assert str(keys.writable(caller, entity_type, entity_type.table)) == str(visible)


@pytest.mark.parametrize("way", ways(), ids=".".join)
def test_what_belongs_to_something_out_of_reach_is_out_of_reach(
    store: Store, way: tuple[str, str, str]
) -> None:
    """By every way that the schema tells of, at the end of the shortest line from a task."""
    table = store.schema.metadata.tables[way[0]]
    keys = {name: place(store, [*line(way[2]), way], f"task {name}") for name in ("open", "other")}
    assert keys["open"] != keys["other"]
    condition = reached(store.schema, table.name, table, Reach(["open"]))
    assert condition is not None
    column = table.primary_key.columns[0] if way[1] not in table.primary_key.columns else table.c[way[1]]
    with store.read() as connection:
        found = set(connection.execute(sqlalchemy.select(column).where(condition)).scalars())
    assert keys["open"][column.name] in found
    assert keys["other"][column.name] not in found


def line(owner: str) -> list[tuple[str, str, str]]:
    """The shortest line of ways from a table up to contexts, the uppermost first."""
    lines: dict[str, list[tuple[str, str, str]]] = {"context": []}
    while owner not in lines:
        for each in ways():
            if each[2] in lines and each[0] not in lines:
                lines[each[0]] = [*lines[each[2]], each]
    return lines[owner]


def place(store: Store, steps: list[tuple[str, str, str]], context_id: str) -> dict[str, Any]:
    """Make a row for each step, the first of which belongs to the context; return the last one."""
    row: dict[str, Any] = {"id": "open" if context_id == "task open" else "other"}
    if steps and steps[0][1] != "project_id":
        row = {"id": context_id}
    for name, column, _ in steps:
        table = store.schema.metadata.tables[name]
        number = len(context_id) * 1000 + steps.index((name, column, _))
        keys = {
            each.name: number if isinstance(each.type, sqlalchemy.Integer) else f"new {number}"
            for each in table.primary_key.columns
        }
        row = {**keys, column: row.get("id")}
        store.load([(name, [row])])
    return row


def test_no_two_expressions_of_one_statement_go_by_one_name() -> None:
    schema = load_schema()
    tables, reaches = schema.metadata.tables, [Reach([f"project {number}"]) for number in range(50)]
    for reach in reaches:
        reached(schema, "note_component", tables["note_component"], reach)
    names = [str(each.name) for reach in reaches for each in reach.hidden.values()]
    # Names go by places in memory with some versions of SQLAlchemy, and places are used again.
    assert len(names) > len(reaches)
    assert len(set(names)) == len(names)
