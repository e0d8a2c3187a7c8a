import datetime

import pytest

from ftrack_jobs.query import Types
from ftrack_jobs.query.reply import Reply, decode_date

CONTEXT = {"id": {}, "context_type": {}, "object_type_id": {}}
TYPES = Types(
    [
        {"id": "Task", "primary_key": ["id"], "properties": CONTEXT},
        {"id": "TypedContext", "primary_key": ["id"], "properties": CONTEXT},
        {"id": "AssetVersion", "primary_key": ["id"], "properties": {}},
        {"id": "Asset", "primary_key": ["id"], "properties": {}},
        {"id": "Status", "primary_key": ["id"], "properties": {}},
        {"id": "State", "primary_key": ["id"], "properties": {}},
        {"id": "Metadata", "primary_key": ["parent_id", "key"], "properties": {}},
    ]
)


def entity(entity_type, entity_id, **values):
    return {"__entity_type__": entity_type, "id": entity_id, **values}


def rows(*data):
    return Reply(TYPES).rows(data)


def test_a_status_spelled_out_once_is_whole_in_every_row():
    state = entity("State", "s", short="NOT_STARTED")
    first, second = rows(
        entity("Task", "1", status=entity("Status", "x", state=state)),
        entity("Task", "2", status=entity("Status", "x")),
    )
    assert first["status"]["state"]["short"] == "NOT_STARTED"
    assert second["status"] is first["status"]


def test_a_row_nested_in_itself_is_the_row():
    (version,) = rows(
        entity(
            "AssetVersion",
            "v1",
            version=1,
            asset=entity(
                "Asset", "a", versions=[entity("AssetVersion", "v1"), entity("AssetVersion", "v2", version=2)]
            ),
        )
    )
    assert [each["version"] for each in version["asset"]["versions"]] == [1, 2]


def test_the_place_spelled_out_may_come_after_the_references():
    first, second = rows(
        entity("Task", "1", status=entity("Status", "x")),
        entity("Task", "2", status=entity("Status", "x", name="Done")),
    )
    assert first["status"]["name"] == second["status"]["name"] == "Done"


def test_places_that_each_tell_a_part_are_put_together():
    first, second = rows(
        entity("Task", "1", name="a", parent=entity("Task", "2", name="b")),
        entity("Task", "2", bid=3, parent=None),
    )
    assert first["parent"] is second
    assert (second["name"], second["bid"], second["parent"]) == ("b", 3, None)


def test_a_supertype_and_the_concrete_type_are_one_entity():
    first, second = rows(
        entity("Task", "1", parent=entity("TypedContext", "2")),
        entity("Task", "2", name="b"),
    )
    assert first["parent"]["name"] == "b"
    assert second["__entity_type__"] == "Task"


def test_equal_ids_of_different_types_are_different_entities():
    (task,) = rows(entity("Task", "1", status=entity("Status", "1", name="Done")))
    assert "name" not in task


def test_keys_of_several_attributes_tell_entities_apart():
    (task,) = rows(
        entity(
            "Task",
            "1",
            metadata=[
                {"__entity_type__": "Metadata", "parent_id": "1", "key": "a", "value": "x"},
                {"__entity_type__": "Metadata", "parent_id": "1", "key": "b", "value": "y"},
            ],
        )
    )
    assert [each["value"] for each in task["metadata"]] == ["x", "y"]


def test_entities_without_their_key_are_not_mixed_up():
    first, second = rows({"__entity_type__": "Task", "name": "a"}, {"__entity_type__": "Task", "name": "b"})
    assert (first["name"], second["name"]) == ("a", "b")


def test_several_queries_of_one_reply_share_their_entities():
    reply = Reply(TYPES)
    reply.rows([entity("Task", "1", status=entity("Status", "x", name="Done"))])
    (second,) = reply.rows([entity("Task", "2", status=entity("Status", "x"))])
    assert second["status"]["name"] == "Done"


def test_values_that_are_no_entities_stay_as_they_are():
    (task,) = rows(
        entity(
            "Task", "1", link=[{"id": "p", "name": "Show", "type": "Project"}], tags=["a"], thumb={"url": "u"}
        )
    )
    assert task["link"] == [{"id": "p", "name": "Show", "type": "Project"}]
    assert task["tags"] == ["a"]
    assert task["thumb"] == {"url": "u"}


UTC = datetime.timezone.utc


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("datetime", "2024-05-03T09:15:00", datetime.datetime(2024, 5, 3, 9, 15, tzinfo=UTC)),
        ("datetime", "2024-05-03T09:15:00Z", datetime.datetime(2024, 5, 3, 9, 15, tzinfo=UTC)),
        ("datetime", "2024-05-03T09:15:00.5Z", datetime.datetime(2024, 5, 3, 9, 15, 0, 500000, tzinfo=UTC)),
        (
            "datetime",
            "2024-05-03T09:15:00.1234567",
            datetime.datetime(2024, 5, 3, 9, 15, 0, 123456, tzinfo=UTC),
        ),
        ("datetime", "2024-05-03T11:15:00+02:00", datetime.datetime(2024, 5, 3, 9, 15, tzinfo=UTC)),
        ("date", "2024-05-03", datetime.date(2024, 5, 3)),
        ("datetime", "0000-00-00T00:00:00", "0000-00-00T00:00:00"),
        ("datetime", "0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00"),
        ("datetime", None, None),
        ("unheard of", "x", "x"),
    ],
)
def test_dates_leave_their_envelope(kind, text, expected):
    decoded = decode_date({"__type__": kind, "value": text})
    assert decoded == expected
    if isinstance(expected, datetime.datetime):
        assert decoded.utcoffset() == datetime.timedelta(0)
