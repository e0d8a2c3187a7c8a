import datetime

import pytest

from ftrack_jobs.errors import QueryError
from ftrack_jobs.export import check_columns, split_columns
from ftrack_jobs.export.columns import as_parts, cell_of, complete, projections, value_at
from ftrack_jobs.query import Types


def schema(type_name, key=("id",), /, **properties):
    return {"id": type_name, "primary_key": list(key), "properties": {"id": {"type": "string"}, **properties}}


TEXT = {"type": "string"}
SCHEMAS = [
    schema(
        "Task",
        name=TEXT,
        link=TEXT,
        bid={"type": "number"},
        status={"$ref": "Status"},
        assignments={"type": "array", "items": {"$ref": "Appointment"}},
        notes={"type": "array", "items": {"$ref": "Note"}},
        children={"type": "array", "items": {"$ref": "Task"}},
        metadata={"type": "mapped_array", "items": {"$ref": "Metadata"}},
        custom_attributes={"type": "mapped_array", "items": {"$ref": "ContextCustomAttributeValue"}},
        custom_attribute_links={
            "type": "mapped_array",
            "items": {"$ref": "CustomAttributeLink"},
            "restricted_projection": True,
        },
        _private=TEXT,
    ),
    schema("Status", name=TEXT, color=TEXT),
    schema("Note", content=TEXT, author={"$ref": "User"}),
    schema("Appointment", resource={"$ref": "Resource"}),
    schema("Resource", resource_type=TEXT),
    schema("User", username=TEXT, first_name=TEXT, user_type_id={"description": "has no type"}),
    schema("Group", name=TEXT),
    schema("Metadata", ("parent_id", "key"), key=TEXT, value=TEXT),
    schema(
        "ContextCustomAttributeValue", ("configuration_id", "entity_id"), key=TEXT, value={"type": "variable"}
    ),
    schema("CustomAttributeLink"),
]


def refusal(*columns):
    with pytest.raises(QueryError) as caught:
        check_columns(SCHEMAS, "Task", columns)
    return str(caught.value)


def test_right_columns_pass():
    check_columns(
        SCHEMAS,
        "Task",
        [
            "name",
            " link ",
            "status",
            "status.color",
            "assignments.resource.username",
            "assignments.resource.name",
            "notes.author.first_name",
            "custom_attributes[fps]",
            "metadata[a key. with a dot]",
            "children.custom_attributes[fps]",
        ],
    )


@pytest.mark.parametrize(
    ("column", "named"),
    [
        ("nam", ["'nam'", "Task", "name"]),
        ("Status.name", ["'Status.name'", "Task", "status"]),
        ("status.colour", ["'status.colour'", "Status", "color"]),
        ("assignments.resource.usernam", ["Resource", "username"]),
        ("notes.author.user_type_id", ["User", "user_type_id"]),
        ("name.first", ["'name' of Task is a plain value"]),
        ("custom_attributes[fps].value", ["plain value"]),
        ("custom_attribute_links", ["custom_attribute_links"]),
        ("custom_attributes", ["custom_attributes[fps]"]),
        ("metadata", ["metadata[fps]"]),
        ("name[0]", ["in brackets"]),
        ("notes", ["'notes'", "Note", "content"]),
        ("a b", ["not a path"]),
        ("status.", ["not a path"]),
        (".name", ["not a path"]),
        ("", ["not a path"]),
        ("name from Task where x", ["not a path"]),
        ("custom_attributes[]", ["not a path"]),
    ],
)
def test_a_wrong_column_is_refused_by_name_with_the_nearest_right_ones(column, named):
    told = refusal("name", column)
    for each in named:
        assert each in told


def test_names_meant_for_clients_are_not_proposed():
    assert "_private" not in refusal("privat")


def test_no_column_at_all_is_refused():
    assert "No column" in refusal()


def test_an_unknown_type_is_refused_with_the_nearest():
    with pytest.raises(QueryError, match=r"'Tasks'.*Task"):
        check_columns(SCHEMAS, "Tasks", ["name"])


def test_a_relation_at_the_end_shows_its_name():
    types = Types(SCHEMAS)
    assert [part.name for part in complete(types, "Task", "status")] == ["status", "name"]
    assert [part.name for part in complete(types, "Task", "assignments.resource")][-1] == "username"


def test_a_key_in_brackets_asks_for_keys_and_values():
    assert projections(as_parts("parent.custom_attributes[fps]")) == [
        "parent.custom_attributes.key",
        "parent.custom_attributes.value",
    ]


def test_a_list_of_columns_is_split_at_commas_outside_of_brackets():
    assert split_columns("link, name,,\n metadata[a, b] ,") == ["link", "name", "metadata[a, b]"]


ROW = {
    "name": "anim",
    "status": {"name": "Done"},
    "type": None,
    "link": [{"name": "Show"}, {"name": "sc 10"}, {"name": "anim"}],
    "assignments": [{"resource": {"username": "kim"}}, {"resource": None}, {"resource": {"username": "lee"}}],
    "children": [{"link": [{"name": "A"}, {"name": "B"}]}, {"link": [{"name": "A"}, {"name": "C"}]}],
    "thumbnail_url": {"url": "https://x/t", "value": "t"},
    "custom_attributes": [{"key": "fps", "value": 25.0}, {"key": "tags", "value": ["a", "b"]}],
    "metadata": {"client": "Acme"},
    "bid": 0,
}


@pytest.mark.parametrize(
    ("path", "cell"),
    [
        ("name", "anim"),
        ("status.name", "Done"),
        ("type.name", None),
        ("missing.name", None),
        ("link", "Show / sc 10 / anim"),
        ("children.link", "A / B, A / C"),
        ("assignments.resource.username", "kim, lee"),
        ("assignments.resource", "kim, lee"),
        ("thumbnail_url", "https://x/t"),
        ("custom_attributes[fps]", 25.0),
        ("custom_attributes[tags]", "a, b"),
        ("custom_attributes[none]", None),
        ("metadata[client]", "Acme"),
        ("bid", 0),
    ],
)
def test_a_path_finds_its_cell(path, cell):
    assert cell_of(value_at(ROW, as_parts(path)), path.endswith("link")) == cell


def test_times_stay_times():
    moment = datetime.datetime(2024, 5, 3, tzinfo=datetime.timezone.utc)
    assert cell_of(value_at({"start": moment}, as_parts("start"))) is moment
    assert cell_of([moment, None, True, 2.0]) == "2024-05-03T00:00:00+00:00, true, 2"
