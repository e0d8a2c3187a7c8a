"""What the rest of the server is told of the types: tables, keys, joins, families."""

import pytest
import sqlalchemy

from ftrack_sandbox.errors import UnknownType
from ftrack_sandbox.schema import load_schema
from ftrack_sandbox.schema.model import Kind

TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SHOT = "bad911de-3bd6-47b9-8b46-3476e237cb36"


@pytest.fixture(scope="module")
def schema():
    return load_schema()


def attributes(schema):
    for entity_type in schema.types.values():
        for attribute in entity_type.attributes.values():
            yield entity_type, attribute


def test_every_scalar_has_a_column_and_nothing_computed_has(schema):
    for entity_type, attribute in attributes(schema):
        if attribute.kind is Kind.SCALAR:
            assert attribute.name in entity_type.table.c, (entity_type.name, attribute.name)
        if attribute.kind is Kind.COMPUTED:
            assert attribute.name not in entity_type.table.c, (entity_type.name, attribute.name)


def test_every_relation_and_collection_has_a_join_over_columns_that_exist(schema):
    for entity_type, attribute in attributes(schema):
        if attribute.kind not in (Kind.RELATION, Kind.COLLECTION):
            assert attribute.join is None and attribute.target is None
            continue
        join, target = attribute.join, schema.find(attribute.target).table
        assert join.local in entity_type.table.c, (entity_type.name, attribute.name)
        assert join.remote in target.c, (entity_type.name, attribute.name)
        assert all(column in target.c for column, _ in join.where)
        if join.link is not None:
            columns = schema.metadata.tables[join.link.table].c
            assert join.link.near in columns and join.link.far in columns


def test_columns_of_both_sides_of_a_join_are_of_one_kind(schema):
    for entity_type, attribute in attributes(schema):
        if attribute.join is not None:
            near = entity_type.table.c[attribute.join.local].type
            far = schema.find(attribute.target).table.c[attribute.join.remote].type
            assert type(near) is type(far), (entity_type.name, attribute.name)


def test_every_relation_ends_at_a_key_except_the_latest_version(schema):
    loose = {
        f"{entity_type.name}.{attribute.name}"
        for entity_type, attribute in attributes(schema)
        if attribute.kind is Kind.RELATION
        and (attribute.join.remote,) != schema.find(attribute.target).primary_key
    }
    # A setting's key has two parts, and a join one column.
    assert loose == {"Asset.latest_version", "SettingComponent.setting"}


def test_joins_are_indexed(schema):
    for _, attribute in attributes(schema):
        if attribute.join is None or attribute.join.link is not None:
            continue
        column = schema.find(attribute.target).table.c[attribute.join.remote]
        assert column.index or column.primary_key, f"{column.table.name}.{column.name}"


def test_a_table_has_the_key_of_each_of_its_types(schema):
    for entity_type in schema.types.values():
        assert {column.name for column in entity_type.table.primary_key} == set(entity_type.primary_key)


def test_families_share_a_table_named_after_their_root(schema):
    tables = {name: schema.find(name).table.name for name in schema.types}
    assert {tables[name] for name in ("Project", "TypedContext", "Task", "Folder")} == {"context"}
    assert {tables[name] for name in ("User", "Group", "Resource")} == {"resource"}
    assert {tables[name] for name in ("NoteLabel", "NoteCategory")} == {"note_label"}
    assert tables["CustomAttributeLinkConfiguration"] == "custom_attribute_configuration"
    assert tables["AssetVersionLink"] == "asset_version_link"


def test_tables_are_fit_for_a_database(schema):
    engine = sqlalchemy.create_engine("sqlite://")
    schema.metadata.create_all(engine)
    assert set(sqlalchemy.inspect(engine).get_table_names()) == set(schema.metadata.tables)
    engine.dispose()


@pytest.mark.parametrize(
    ("asked", "row", "found"),
    [
        ("Context", {"context_type": "show", "object_type_id": None}, "Project"),
        ("Context", {"context_type": "task", "object_type_id": SHOT}, "Shot"),
        ("TypedContext", {"context_type": "task", "object_type_id": TASK}, "Task"),
        ("TypedContext", {"context_type": "task", "object_type_id": "of the studio's own"}, "TypedContext"),
        ("Component", {"system_type": "sequence"}, "SequenceComponent"),
        ("Resource", {"resource_type": "group"}, "Group"),
        ("List", {"system_type": "assetversion"}, "AssetVersionList"),
        ("CustomAttributeValue", {"owner_type": "User"}, "UserCustomAttributeValue"),
        ("CustomConfigurationBase", {"configuration_type": "value"}, "CustomAttributeConfiguration"),
        ("CustomAttributeLink", {"to_entity_type": "User"}, "UserCustomAttributeLink"),
        ("CustomAttributeLinkFrom", {"from_entity_type": "Context"}, "ContextCustomAttributeLinkFrom"),
        ("StatusChange", {"parent_type": "TypedContext"}, "TypedContextStatusChange"),
        ("NoteCategory", {"name": "any"}, "NoteCategory"),
        ("Job", {"status": "done"}, "Job"),
    ],
)
def test_a_row_tells_its_concrete_type(schema, asked, row, found):
    assert schema.concrete(schema.find(asked), row).name == found


def test_a_row_with_a_types_classifiers_is_of_that_type(schema):
    for entity_type in schema.types.values():
        for name in entity_type.concrete:
            concrete = schema.find(name)
            assert schema.concrete(entity_type, concrete.classifiers) is concrete


def test_a_resource_reaches_what_users_and_groups_have(schema):
    resource, context = schema.find("Resource"), schema.find("Context")
    assert schema.reachable(resource, "username") is schema.find("User").attributes["username"]
    assert schema.reachable(resource, "local") is schema.find("Group").attributes["local"]
    assert schema.reachable(resource, "resource_type") is resource.attributes["resource_type"]
    assert schema.reachable(resource, "bid") is None
    assert schema.reachable(context, "status_id") is None
    assert schema.reachable(schema.find("CustomAttributeLink"), "user").target == "User"


def test_an_unknown_type_is_named(schema):
    with pytest.raises(UnknownType, match="Tsk"):
        schema.find("Tsk")
    with pytest.raises(UnknownType):
        schema.find(["Task"])


def test_system_projections_are_told_in_modern_names_and_in_one_order(schema):
    told = {name: schema.find(name).system_projections for name in schema.types}
    assert told["Task"] == ("context_type", "object_type_id", "project_id")
    assert told["Project"] == ("context_type",)
    assert told["AssetVersion"] == ("asset_id",)
    assert told["Asset"] == ("context_id",)
    assert told["User"] == ("resource_type",)
    assert told["Status"] == ()


def test_events_name_types_and_columns_as_the_server_did_of_old(schema):
    legacy = {name: schema.find(name).legacy for name in schema.types}
    assert legacy["Shot"] == legacy["TypedContext"] == "task"
    assert (legacy["Project"], legacy["AssetVersion"], legacy["TypedContextList"]) == (
        "show",
        "assetversion",
        "list",
    )
    assert (legacy["TypedContextLink"], legacy["UserSecurityRoleProject"]) == (
        "dependency",
        "userroleproject",
    )
    task = schema.find("Task").attributes
    assert (task["status_id"].legacy, task["thumbnail_id"].legacy, task["bid"].legacy) == (
        "statusid",
        "thumbid",
        "bid",
    )


def test_what_the_server_marks_is_known_of_each_type(schema):
    task, job = schema.find("Task"), schema.find("Job")
    assert {"status_id", "name", "id"} <= task.required
    assert {"object_type", "object_type_id", "created_by", "created_by_id"} <= task.immutable
    assert "status_id" in schema.find("Episode").immutable and "status_id" not in task.immutable
    assert task.computed == {"time_logged", "bid_time_logged_difference", "thumbnail_url"}
    assert task.attributes["custom_attribute_links"].restricted
    assert not task.attributes["custom_attributes"].restricted and task.attributes["custom_attributes"].mapped
    assert job.attributes["status"].enum == ("queued", "running", "done", "failed")
    assert task.attributes["object_type_id"].default == TASK
    assert job.attributes["id"].default == "{uid}"


def test_values_have_the_form_they_take_on_the_wire(schema):
    forms = {
        name: schema.find(owner).attributes[name].value
        for owner, name in (
            ("Task", "start_date"),
            ("Task", "link"),
            ("Task", "thumbnail_url"),
            ("Job", "data"),
            ("CustomAttributeValue", "value"),
            ("Task", "bid"),
            ("AssetVersion", "version"),
            ("Project", "is_private"),
            ("Note", "parent_type"),
        )
    }
    assert forms == {
        "start_date": "datetime",
        "link": "link",
        "thumbnail_url": "object",
        "data": "json",
        "value": "variable",
        "bid": "number",
        "version": "integer",
        "is_private": "boolean",
        "parent_type": "string",
    }
