"""The joins lead where they should: rows in a database, each relation followed by its own join."""

import pytest
import sqlalchemy

from ftrack_sandbox.schema import load_schema

TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SHOT = "bad911de-3bd6-47b9-8b46-3476e237cb36"

#: A project `p` with shot `s`, tasks `t` and `u` in it, and what hangs on them.
ROWS = {
    "context": [
        {"id": "p", "context_type": "show", "project_id": "p"},
        {"id": "s", "context_type": "task", "object_type_id": SHOT, "parent_id": "p", "project_id": "p"},
        {"id": "t", "context_type": "task", "object_type_id": TASK, "parent_id": "s", "project_id": "p"},
        {"id": "u", "context_type": "task", "object_type_id": TASK, "parent_id": "s", "project_id": "p"},
    ],
    "context_ancestor": [
        {"ancestor_id": "s", "descendant_id": "t"},
        {"ancestor_id": "s", "descendant_id": "u"},
    ],
    "context_scope": [{"context_id": "p", "scope_id": "4k"}],
    "scope": [{"id": "4k", "name": "4K"}],
    "resource": [{"id": "kim", "resource_type": "user"}, {"id": "all", "resource_type": "group"}],
    "appointment": [
        {"id": "a1", "context_id": "t", "resource_id": "kim", "type": "assignment"},
        {"id": "a2", "context_id": "t", "resource_id": "all", "type": "allocation"},
    ],
    "asset": [{"id": "geo", "context_id": "s"}],
    "asset_version": [
        {"id": "v1", "asset_id": "geo", "version": 1, "is_latest_version": False, "task_id": "t"},
        {"id": "v2", "asset_id": "geo", "version": 2, "is_latest_version": True, "task_id": "t"},
    ],
    "asset_version_link": [{"id": "l", "from_id": "v1", "to_id": "v2"}],
    "component": [
        {"id": "seq", "system_type": "sequence", "version_id": "v2"},
        {"id": "seq1", "system_type": "file", "container_id": "seq"},
    ],
    "typed_context_link": [{"id": "d", "from_id": "t", "to_id": "u"}],
    "note": [
        {"id": "n1", "parent_id": "t", "parent_type": "TypedContext", "user_id": "kim"},
        {"id": "n2", "parent_id": "t", "parent_type": "TypedContext", "in_reply_to_id": "n1"},
    ],
    "recipient": [{"note_id": "n1", "resource_id": "all"}, {"note_id": "n1", "resource_id": "kim"}],
    "list": [{"id": "day", "system_type": "task"}, {"id": "cut", "system_type": "assetversion"}],
    "list_object": [
        {"id": "o1", "list_id": "day", "entity_id": "s"},
        {"id": "o2", "list_id": "day", "entity_id": "t"},
        {"id": "o3", "list_id": "cut", "entity_id": "v2"},
    ],
    "status": [{"id": "wip", "state_id": "busy"}],
    "state": [{"id": "busy"}],
    "project_schema": [{"id": "vfx", "task_workflow_schema_id": "w"}],
    "workflow_schema": [{"id": "w"}],
    "workflow_schema_status": [{"workflow_schema_id": "w", "status_id": "wip"}],
    "custom_attribute_configuration": [{"id": "c", "configuration_type": "value"}],
    "configuration_read_role": [{"configuration_id": "c", "security_role_id": "r"}],
    "security_role": [{"id": "r"}],
    "custom_attribute_value": [
        {"configuration_id": "c", "entity_id": "t", "owner_type": "Context", "value": [1]},
        {"configuration_id": "c", "entity_id": "kim", "owner_type": "User", "value": None},
    ],
    "custom_attribute_link": [
        {"id": "x", "from_id": "t", "to_id": "kim", "from_entity_type": "Context", "to_entity_type": "User"}
    ],
    "event": [{"id": 7}],
    "feed": [{"id": "f", "social_id": 7}],
}


@pytest.fixture(scope="module")
def schema():
    return load_schema()


@pytest.fixture(scope="module")
def connection(schema):
    engine = sqlalchemy.create_engine("sqlite://")
    schema.metadata.create_all(engine)
    with engine.connect() as connection:
        for table, rows in ROWS.items():
            for row in rows:
                connection.execute(schema.metadata.tables[table].insert(), row)
        yield connection
    engine.dispose()


def related(schema, connection, path, key):
    """The keys of the rows that an attribute (`Type.attribute`) leads to from the row under *key*."""
    owner_name, _, name = path.partition(".")
    owner = schema.find(owner_name)
    attribute = owner.attributes[name]
    join, target = attribute.join, schema.find(attribute.target)
    near, far = owner.table.alias(), target.table.alias()
    select = sqlalchemy.select(far).select_from(near)
    if join.link is None:
        select = select.join(far, far.c[join.remote] == near.c[join.local])
    else:
        link = schema.metadata.tables[join.link.table].alias()
        select = select.join(link, link.c[join.link.near] == near.c[join.local])
        select = select.join(far, far.c[join.remote] == link.c[join.link.far])
    conditions = [far.c[column] == value for column, value in (*join.where, *target.classifiers.items())]
    found = connection.execute(select.where(near.c[owner.primary_key[0]] == key, *conditions)).mappings()
    return sorted(str(row[target.primary_key[-1]]) for row in found)


@pytest.mark.parametrize(
    ("path", "key", "found"),
    [
        ("Project.children", "p", ["s"]),
        ("Project.descendants", "p", ["s", "t", "u"]),
        ("Project.scopes", "p", ["4k"]),
        ("Shot.children", "s", ["t", "u"]),
        ("Shot.parent", "s", ["p"]),
        ("Shot.descendants", "s", ["t", "u"]),
        ("Shot.ancestors", "s", []),
        ("Task.ancestors", "t", ["s"]),
        ("Task.project", "t", ["p"]),
        ("Task.appointments", "t", ["a1", "a2"]),
        ("Task.assignments", "t", ["a1"]),
        ("Task.allocations", "t", ["a2"]),
        ("User.assignments", "kim", ["a1"]),
        ("Group.assignments", "all", []),
        ("Task.outgoing_links", "t", ["d"]),
        ("Task.incoming_links", "t", []),
        ("Task.incoming_links", "u", ["d"]),
        ("Task.lists", "t", ["day"]),
        ("Task.notes", "t", ["n1", "n2"]),
        ("Shot.assets", "s", ["geo"]),
        ("Asset.versions", "geo", ["v1", "v2"]),
        ("Asset.latest_version", "geo", ["v2"]),
        ("Asset.parent", "geo", ["s"]),
        ("AssetVersion.task", "v2", ["t"]),
        ("AssetVersion.uses_versions", "v2", ["v1"]),
        ("AssetVersion.used_in_versions", "v2", []),
        ("AssetVersion.used_in_versions", "v1", ["v2"]),
        ("AssetVersion.incoming_links", "v2", ["l"]),
        ("AssetVersion.components", "v2", ["seq"]),
        ("AssetVersion.lists", "v2", ["cut"]),
        ("SequenceComponent.members", "seq", ["seq1"]),
        ("FileComponent.container", "seq1", ["seq"]),
        ("Note.author", "n1", ["kim"]),
        ("Note.replies", "n1", ["n2"]),
        ("Note.in_reply_to", "n2", ["n1"]),
        ("TypedContextList.items", "day", ["s", "t"]),
        ("AssetVersionList.items", "cut", ["v2"]),
        ("Status.state", "wip", ["busy"]),
        ("ProjectSchema._task_workflow", "vfx", ["w"]),
        ("ProjectSchema.task_workflow_schema", "vfx", ["w"]),
        ("ProjectSchema._version_workflow", "vfx", []),
        ("WorkflowSchema.statuses", "w", ["wip"]),
        ("CustomAttributeConfiguration.read_security_roles", "c", ["r"]),
        ("CustomAttributeConfiguration.write_security_roles", "c", []),
        ("Task.custom_attributes", "t", ["t"]),
        ("User.custom_attributes", "kim", ["kim"]),
        ("Task.custom_attribute_links", "t", ["x"]),
        ("Task.custom_attribute_links_from", "t", []),
        ("User.custom_attribute_links_from", "kim", ["x"]),
        ("UserCustomAttributeLink.user", "x", ["kim"]),
        ("ContextCustomAttributeLinkFrom.context", "x", ["t"]),
        ("Event.feeds", 7, ["f"]),
        ("Feed.event", "f", ["7"]),
    ],
)
def test_a_join_leads_to_the_right_rows(schema, connection, path, key, found):
    assert related(schema, connection, path, key) == found


def test_a_recipient_that_is_a_group_has_no_user(schema, connection):
    user, group = (
        schema.find("Recipient").attributes["user"],
        schema.find("Recipient").attributes["recipient"],
    )
    assert (user.join, user.target) == (group.join, "User")
    assert related(schema, connection, "Recipient.user", "n1") == ["kim"]
    assert related(schema, connection, "Recipient.recipient", "n1") == ["all", "kim"]


def test_no_value_is_null_in_the_database_too(schema, connection):
    values = schema.metadata.tables["custom_attribute_value"]
    empty = sqlalchemy.select(values.c.entity_id).where(values.c.value.is_(None))
    assert connection.execute(empty).scalars().all() == ["kim"]
