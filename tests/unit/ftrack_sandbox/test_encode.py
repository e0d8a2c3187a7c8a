"""Rows to wire JSON and back."""

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ftrack_sandbox.encode import Encoder, Identities, Shaped, from_wire, key_of, read_datetime, to_wire
from ftrack_sandbox.errors import ParseError, ValidationError
from ftrack_sandbox.schema import Schema, load_schema


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema()


def test_an_entity_is_spelled_out_once_whatever_place_comes_first(schema: Schema) -> None:
    known = Identities()
    asset = known.of(schema.find("Asset"), ("a",))
    first = known.of(schema.find("AssetVersion"), ("v1",))
    first.values.update(version=1, asset=asset)
    asset.values.update(name="geo", versions=[first])
    wire = Encoder().encode(first)
    assert wire == {
        "__entity_type__": "AssetVersion",
        "id": "v1",
        "version": 1,
        "asset": {
            "__entity_type__": "Asset",
            "id": "a",
            "name": "geo",
            "versions": [{"__entity_type__": "AssetVersion", "id": "v1"}],
        },
    }


def test_the_rule_spans_the_results_of_a_batch(schema: Schema) -> None:
    known, encoder = Identities(), Encoder()
    job = known.of(schema.find("Job"), ("j",))
    job.values["status"] = "done"
    assert encoder.encode(job)["status"] == "done"
    assert encoder.encode(known.of(schema.find("Job"), ("j",))) == {"__entity_type__": "Job", "id": "j"}


@dataclasses.dataclass
class Asked:
    scalars: Sequence[str] = ()
    relations: Mapping[str, "Asked"] = dataclasses.field(default_factory=dict)


def test_repetition_on_request_spells_each_place_out_as_it_was_asked_for(schema: Schema) -> None:
    known, encoder = Identities(), Encoder(repeat=True, strict=True)
    task = known.of(schema.find("Task"), ("t",))
    status = known.of(schema.find("Status"), ("s",))
    status.values.update(name="done", color="#fff", tasks=[task])
    task.values.update(status=status, name="comp")
    shape = Asked(["name"], {"status": Asked(["name"], {"tasks": Asked(["id"])})})
    for _ in range(2):
        assert encoder.encode(Shaped(task, shape)) == {
            "__entity_type__": "Task",
            "id": "t",
            "name": "comp",
            "status": {
                "__entity_type__": "Status",
                "id": "s",
                "name": "done",
                "tasks": [{"__entity_type__": "Task", "id": "t"}],
            },
        }


def test_only_requested_attributes_when_asked_for(schema: Schema) -> None:
    user = Identities().of(schema.find("User"), ("u",))
    user.values.update(resource_type="user", username="kim")
    assert Encoder(strict=True).encode(user) == {"__entity_type__": "User", "id": "u", "username": "kim"}


def test_times_go_out_naive_in_whole_seconds() -> None:
    moment = datetime.datetime(2024, 5, 3, 9, 15, 0, 123456)
    assert to_wire(moment) == {"__type__": "datetime", "value": "2024-05-03T09:15:00"}
    assert to_wire(datetime.date(2024, 5, 3)) == {"__type__": "date", "value": "2024-05-03"}


@pytest.mark.parametrize(
    "sent",
    [
        {"__type__": "datetime", "value": "2024-05-03T09:15:00"},
        {"__type__": "datetime", "value": "2024-05-03T11:15:00+02:00"},
        {"__type__": "datetime", "value": "2024-05-03T09:15:00.1Z"},
        {"__type__": "datetime", "value": "2024-05-03T09:15:00.123456+00:00"},
        "2024-05-03 09:15:00",
    ],
)
def test_times_come_in_as_clients_send_them(sent: Any) -> None:
    assert read_datetime(sent) == datetime.datetime(2024, 5, 3, 9, 15)


def test_a_bare_date_is_midnight() -> None:
    assert read_datetime({"__type__": "date", "value": "2024-05-03"}) == datetime.datetime(2024, 5, 3)


@pytest.mark.parametrize("sent", ["", "2024-13-01", 5, {"value": None}, {}])
def test_what_is_no_time_is_refused(sent: Any) -> None:
    with pytest.raises(ValueError):
        read_datetime(sent)


@pytest.mark.parametrize(
    ("entity_type", "name", "value"),
    [
        ("Job", "status", "gone"),
        ("Job", "data", 5),
        ("User", "is_active", "yes"),
        ("FileComponent", "size", 1.5),
        ("FileComponent", "size", True),
        ("Task", "bid", "{}"),
        ("Task", "bid", float("nan")),
        ("Task", "start_date", "soon"),
    ],
)
def test_a_wrong_value_is_refused_naming_attribute_and_type(
    schema: Schema, entity_type: str, name: str, value: Any
) -> None:
    found = schema.find(entity_type)
    with pytest.raises(ValidationError, match=name) as caught:
        from_wire(found.attributes[name], value, found)
    assert entity_type in caught.value.content
    assert "{" not in caught.value.content


@pytest.mark.parametrize(
    ("entity_type", "name", "value", "stored"),
    [
        ("FileComponent", "size", 13, 13),
        ("FileComponent", "size", 13.0, 13),
        ("FileComponent", "size", 9223372036854775807, 9223372036854775807),
        ("Task", "bid", 3, 3),
        ("User", "is_active", True, True),
        ("Task", "description", "ü 日本 🎬\n=1", "ü 日本 🎬\n=1"),
        ("Task", "description", None, None),
    ],
)
def test_a_right_value_is_stored_as_it_is(
    schema: Schema, entity_type: str, name: str, value: Any, stored: Any
) -> None:
    found = schema.find(entity_type)
    assert from_wire(found.attributes[name], value, found) == stored


def test_a_reference_is_type_and_key(schema: Schema) -> None:
    found, key = key_of(schema, {"__entity_type__": "JobComponent", "job_id": "j", "component_id": "c"})
    assert (found.name, key) == ("JobComponent", ("c", "j"))


@pytest.mark.parametrize(
    "sent", ["j", None, {"id": "j"}, {"__entity_type__": "Job"}, {"__entity_type__": "Job", "id": None}]
)
def test_what_is_no_reference_is_refused(schema: Schema, sent: Any) -> None:
    with pytest.raises(ValidationError):
        key_of(schema, sent)


def test_a_reference_to_an_unknown_type_is_refused(schema: Schema) -> None:
    with pytest.raises(ParseError, match="Nonsense"):
        key_of(schema, {"__entity_type__": "Nonsense", "id": "1"})
    with pytest.raises((ParseError, ValidationError)):
        key_of(schema, {"__entity_type__": ["Task"], "id": "1"})
