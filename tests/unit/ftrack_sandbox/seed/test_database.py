"""The seeds as they stand in a database, held against the schema."""

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy

from ftrack_sandbox import seed
from ftrack_sandbox.schema import Schema, load_schema
from ftrack_sandbox.schema.model import EntityType, Kind
from ftrack_sandbox.store import Store


@pytest.fixture(scope="module", params=seed.NAMES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: pathlib.Path = tmp_path_factory.mktemp("seed") / "data.db"
    store = Store(load_schema(), f"sqlite:///{path.as_posix()}")
    store.load(seed.rows(request.param))
    yield store
    store.close()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(load_schema(), f"sqlite:///{(tmp_path_factory.mktemp('seed') / 'data.db').as_posix()}")
    store.load(seed.rows("demo"))
    yield store
    store.close()


def rows_of(store: Store, entity_type: EntityType) -> list[dict[str, Any]]:
    table = entity_type.table
    where = [table.c[name] == value for name, value in entity_type.classifiers.items()]
    with store.read() as connection:
        return [dict(row) for row in connection.execute(sqlalchemy.select(table).where(*where)).mappings()]


@pytest.mark.parametrize("name", seed.NAMES)
def test_every_table_and_column_is_one_of_the_schema(name: str) -> None:
    tables = load_schema().metadata.tables
    for table, rows in seed.rows(name):
        assert table in tables
        assert set(rows[0]) <= set(tables[table].c.keys()), table


def test_required_columns_are_filled(store: Store) -> None:
    checked = 0
    for entity_type in store.schema.types.values():
        if entity_type.name not in entity_type.concrete:
            continue
        names = [name for name in entity_type.required if name in entity_type.table.c]
        for row in rows_of(store, entity_type):
            missing = [name for name in names if row[name] is None]
            assert not missing, (entity_type.name, missing, row)
            checked += len(names)
    assert checked > 100


def test_every_key_points_at_a_row(store: Store) -> None:
    """Walks all relations of the schema, and the tables between collections."""
    walked = 0
    with store.read() as connection:
        for entity_type in store.schema.types.values():
            for what, local, remote in joins(store.schema, entity_type):
                where = [local.is_not(None)]
                if local.table is entity_type.table:
                    where += [local.table.c[name] == value for name, value in entity_type.classifiers.items()]
                other = remote.table.alias()
                where.append(~sqlalchemy.exists().where(other.c[remote.name] == local))
                lost = connection.execute(sqlalchemy.select(local).where(*where).limit(3)).scalars().all()
                assert not lost, what
                walked += 1
    assert walked > 200


def joins(
    schema: Schema, entity_type: EntityType
) -> Iterator[tuple[str, sqlalchemy.Column[Any], sqlalchemy.Column[Any]]]:
    """What refers to what: (attribute, referring column, column referred to)."""
    table = entity_type.table
    for attribute in entity_type.attributes.values():
        join = attribute.join
        if join is None or attribute.target is None:
            continue
        what = f"{entity_type.name}.{attribute.name}"
        target = schema.find(attribute.target).table
        if join.link is not None:
            between = schema.metadata.tables[join.link.table]
            if join.link.table != "list_object":
                yield f"{what} (near)", between.c[join.link.near], table.c[join.local]
                yield f"{what} (far)", between.c[join.link.far], target.c[join.remote]
        elif attribute.kind is Kind.RELATION and join.local != "id":
            yield what, table.c[join.local], target.c[join.remote]


def test_rows_without_a_relation_name_something_that_exists(studio: Store) -> None:
    """Columns that hold an id without the schema telling of what."""
    tables = studio.schema.metadata.tables
    known: dict[str, set[str]] = {}
    with studio.read() as connection:
        for name in ("context", "asset_version", "component", "asset", "resource", "list", "review_session"):
            known[name] = set(connection.execute(sqlalchemy.select(tables[name].c.id)).scalars())
        kinds = {"Task": "context", "Project": "context", "TypedContext": "context"}
        kinds |= {"AssetVersion": "asset_version", "FileComponent": "component", "User": "resource"}
        for name in ("metadata", "note", "status_change"):
            table = tables[name]
            pairs = sqlalchemy.select(table.c.parent_type, table.c.parent_id).where(
                table.c.parent_id.is_not(None)
            )
            found = connection.execute(pairs).all()
            assert found
            assert all(parent_id in known[kinds[kind]] for kind, parent_id in found), name
        owners = {"Context": "context", "AssetVersion": "asset_version", "Asset": "asset", "User": "resource"}
        owners["List"] = "list"
        values = tables["custom_attribute_value"]
        for kind, entity_id in connection.execute(sqlalchemy.select(values.c.owner_type, values.c.entity_id)):
            assert entity_id in known[owners[kind]]
        listed, lists = tables["list_object"], tables["list"]
        content = sqlalchemy.select(lists.c.system_type, listed.c.entity_id).join(
            lists, lists.c.id == listed.c.list_id
        )
        of = {"task": "context", "assetversion": "asset_version"}
        assert all(entity_id in known[of[kind]] for kind, entity_id in connection.execute(content))


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Episode",
            "Sequence",
            "Shot",
            "AssetBuild",
            "Task",
            "Folder",
            "Milestone",
            "Project",
            "User",
            "Group",
        ),
        *("Asset", "AssetVersion", "FileComponent", "SequenceComponent", "ContainerComponent"),
        *(
            "ComponentLocation",
            "Location",
            "Note",
            "NoteLabel",
            "NoteLabelLink",
            "NoteComponent",
            "Recipient",
        ),
        *("TypedContextList", "AssetVersionList", "ListObject", "ReviewSession", "ReviewSessionObject"),
        *("ReviewSessionInvitee", "ReviewSessionObjectStatus", "Timelog", "Timer", "Appointment", "Manager"),
        *("TypedContextLink", "AssetVersionLink", "TypedContextStatusChange", "Metadata", "Scope", "Disk"),
        *("Setting", "CalendarEvent", "CalendarEventResource", "Membership", "UserSecurityRole"),
        *("UserSecurityRoleProject", "CustomAttributeConfiguration", "CustomAttributeLinkConfiguration"),
        *("ContextCustomAttributeValue", "AssetVersionCustomAttributeValue", "AssetCustomAttributeValue"),
        *("UserCustomAttributeValue", "ListCustomAttributeValue", "ContextCustomAttributeLinkFrom"),
        *(
            "ProjectSchemaOverride",
            "SchemaStatus",
            "SchemaType",
            "TaskTemplateItem",
            "Conversation",
            "Message",
        ),
        *("Dashboard", "DashboardWidget", "DashboardResource", "UserApplicationState"),
    ],
)
def test_the_studio_has_entities_of_the_type(studio: Store, name: str) -> None:
    assert rows_of(studio, studio.schema.find(name))


def test_jobs_are_left_to_the_users(studio: Store) -> None:
    assert not rows_of(studio, studio.schema.find("Job"))
