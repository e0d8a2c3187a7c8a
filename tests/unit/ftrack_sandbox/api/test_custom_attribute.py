"""Custom attribute values: dense reading, upsert, validation."""

import json
from typing import Any

import pytest

from ftrack_sandbox.errors import ApiError, IntegrityError, PermissionDenied, ValidationError

Desk = Any

TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"


def configure(desk: Desk, key: str, **data: Any) -> str:
    values: dict[str, Any] = {
        "key": key,
        "label": key,
        "entity_type": "task",
        "object_type_id": TASK,
        "type_id": "kind-text",
    }
    roles = [desk.ref("SecurityRole", "role-admin"), desk.ref("SecurityRole", "role-user")]
    values.update(read_security_roles=roles, write_security_roles=roles)
    found: str = desk.create("CustomAttributeConfiguration", **{**values, **data})["id"]
    return found


def values_of(desk: Desk, entity_type: str, key: str) -> dict[str, Any]:
    (row,) = desk.query(f"select custom_attributes from {entity_type} where id is {key}")
    return {each["key"]: each["value"] for each in row["custom_attributes"]}


def assign(desk: Desk, configuration_id: str, entity_id: str, value: Any, owner: str = "Context") -> Any:
    return desk.update(f"{owner}CustomAttributeValue", [configuration_id, entity_id], value=value)


def test_every_applicable_attribute_is_there_with_its_default(desk: Desk) -> None:
    configure(desk, "grade", default="neutral")
    configure(desk, "frames", type_id="kind-number", default=24)
    configure(desk, "of shots", object_type_id="bad911de-3bd6-47b9-8b46-3476e237cb36", default="x")
    configure(desk, "of projects", entity_type="show", object_type_id=None, default="x")
    configure(desk, "of the other", project_id="secret", default="x")
    assert values_of(desk, "Task", "comp") == {"grade": "neutral", "frames": 24}
    assert values_of(desk, "Shot", "sh010") == {"of shots": "x"}
    assert values_of(desk, "Project", "show") == {"of projects": "x"}
    assert values_of(desk, "Task", "hidden") == {"grade": "neutral", "frames": 24, "of the other": "x"}


def test_a_value_set_is_read_in_place_of_the_default(desk: Desk) -> None:
    grade = configure(desk, "grade", default="neutral")
    reply = assign(desk, grade, "comp", "warm")
    assert reply == {
        "__entity_type__": "ContextCustomAttributeValue",
        "configuration_id": grade,
        "entity_id": "comp",
        "key": "grade",
        "value": "warm",
    }
    assert values_of(desk, "Task", "comp") == {"grade": "warm"}
    assign(desk, grade, "comp", "cold")
    assert values_of(desk, "Task", "comp") == {"grade": "cold"}
    assign(desk, grade, "comp", None)
    assert values_of(desk, "Task", "comp") == {"grade": None}
    assert desk.delete("ContextCustomAttributeValue", grade, "comp") is True
    assert values_of(desk, "Task", "comp") == {"grade": "neutral"}


def test_one_of_the_project_wins_over_the_global_one_of_that_key(desk: Desk) -> None:
    configure(desk, "grade", default="global")
    configure(desk, "grade", default="own", project_id="show")
    assert values_of(desk, "Task", "comp") == {"grade": "own"}
    assert values_of(desk, "Task", "hidden") == {"grade": "global"}


def test_a_hierarchical_one_answers_only_where_it_is_stored(desk: Desk) -> None:
    fps = configure(desk, "fps", is_hierarchical=True, type_id="kind-number", default=24, object_type_id=None)
    assign(desk, fps, "show", 25)
    assert values_of(desk, "Project", "show") == {"fps": 25}
    assert values_of(desk, "Shot", "sh010") == {"fps": None}
    assert values_of(desk, "Task", "comp") == {"fps": None}


def test_values_of_versions_users_assets_and_lists(desk: Desk) -> None:
    ids = {
        word: configure(desk, f"of {word}", entity_type=word, object_type_id=None, default="d")
        for word in ("assetversion", "asset", "user", "list")
    }
    own = configure(desk, "own", entity_type="asset", object_type_id=None, project_id="show")
    desk.create("Asset", id="a", name="a", context_id="sh010")
    desk.create("AssetVersion", id="v", asset_id="a")
    desk.create("TypedContextList", id="l", name="l", project_id="show", category_id="category")
    assert values_of(desk, "AssetVersion", "v") == {"of assetversion": "d"}
    assert values_of(desk, "Asset", "a") == {"of asset": "d", "own": ""}
    assign(desk, ids["assetversion"], "v", "1", "AssetVersion")
    assign(desk, ids["asset"], "a", "2", "Asset")
    assign(desk, own, "a", "5", "Asset")
    assign(desk, ids["user"], "user-lee", "3", "User")
    assign(desk, ids["list"], "l", "4", "List")
    assert values_of(desk, "AssetVersion", "v") == {"of assetversion": "1"}
    assert values_of(desk, "Asset", "a") == {"of asset": "2", "own": "5"}
    assert values_of(desk, "User", "user-lee") == {"of user": "3"}
    assert values_of(desk, "TypedContextList", "l") == {"of list": "4"}


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("text", "ü 日本", "ü 日本"),
        ("boolean", True, True),
        ("number", 1001, 1001),
        ("number", 1.5, 1.5),
        ("enumerator", ["a", "b"], ["a", "b"]),
        ("enumerator", "a", ["a"]),
        ("expression", "{a}+1", "{a}+1"),
        (
            "date",
            {"__type__": "datetime", "value": "2024-05-03T11:15:00+02:00"},
            {"__type__": "datetime", "value": "2024-05-03T09:15:00"},
        ),
        ("date", "2024-05-03", {"__type__": "datetime", "value": "2024-05-03T00:00:00"}),
    ],
)
def test_values_of_each_type(desk: Desk, kind: str, value: Any, told: Any) -> None:
    key = configure(desk, "x", type_id=f"kind-{kind}")
    assert assign(desk, key, "comp", value)["value"] == told
    assert values_of(desk, "Task", "comp") == {"x": told}
    direct = desk.query(f"select value, key from ContextCustomAttributeValue where configuration_id is {key}")
    assert direct[0]["value"] == told
    assert direct[0]["key"] == "x"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "many"),
        ("number", True),
        ("text", 5),
        ("boolean", 1),
        ("date", "soon"),
        ("enumerator", [1]),
        ("enumerator", {"a": 1}),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_in_the_servers_words(desk: Desk, kind: str, value: Any) -> None:
    key = configure(desk, "fstart", type_id=f"kind-{kind}")
    with pytest.raises(ValidationError) as caught:
        assign(desk, key, "comp", value)
    begin = f'Custom attribute value for "fstart" must be of type {kind}. Got '
    assert caught.value.content.startswith(begin)
    assert "{" not in caught.value.content


def test_a_value_may_be_set_in_the_batch_that_creates_its_entity(desk: Desk) -> None:
    grade = configure(desk, "grade")
    desk.run(
        desk.creating("Task", id="t", name="t", parent_id="sh010"),
        desk.updating("ContextCustomAttributeValue", [grade, "t"], value="warm"),
        desk.updating(
            "Task",
            "t",
            custom_attributes=[
                desk.ref("ContextCustomAttributeValue", grade, "t", names=("configuration_id", "entity_id"))
            ],
        ),
    )
    assert values_of(desk, "Task", "t") == {"grade": "warm"}


def test_what_does_not_exist_or_does_not_fit_is_refused(desk: Desk) -> None:
    grade = configure(desk, "grade")
    with pytest.raises(IntegrityError, match="nowhere"):
        assign(desk, grade, "nowhere", "x")
    with pytest.raises(IntegrityError, match="nothing"):
        assign(desk, "nothing", "comp", "x")
    with pytest.raises(ApiError):
        assign(desk, grade, "user-lee", "x", "User")


def test_rows_of_the_owners_types_are_not_created_but_generic_ones_are(desk: Desk) -> None:
    grade = configure(desk, "grade")
    with pytest.raises(ValidationError, match="update"):
        desk.create("ContextCustomAttributeValue", configuration_id=grade, entity_id="comp", value="x")
    desk.create("CustomAttributeValue", configuration_id=grade, entity_id="comp", value="warm")
    assert values_of(desk, "Task", "comp") == {"grade": "warm"}
    desk.update("CustomAttributeValue", [grade, "comp"], value="cold")
    assert values_of(desk, "Task", "comp") == {"grade": "cold"}


def test_values_out_of_reach_cannot_be_set(desk: Desk) -> None:
    grade = configure(desk, "grade")
    with pytest.raises(PermissionDenied):
        assign(desk.as_user("lee"), grade, "hidden", "x")


def test_who_lacks_the_role_neither_reads_nor_writes(desk: Desk) -> None:
    only_admin = [desk.ref("SecurityRole", "role-admin")]
    budget = configure(desk, "budget", read_security_roles=only_admin, write_security_roles=only_admin)
    nobody = configure(desk, "nobody's", read_security_roles=[], write_security_roles=[])
    open_one = configure(desk, "grade", write_security_roles=only_admin)
    assign(desk, budget, "comp", "much")
    lee = desk.as_user("lee")
    assert set(values_of(desk, "Task", "comp")) == {"budget", "grade"}
    assert set(values_of(lee, "Task", "comp")) == {"grade"}
    assert lee.query("select value from ContextCustomAttributeValue where entity_id is comp") == []
    assert lee.query('Task where custom_attributes any (key is "budget" and value is much)') == []
    for key in (budget, nobody, open_one):
        with pytest.raises(PermissionDenied, match="custom attribute"):
            assign(lee, key, "comp", "x")


def test_filtering_sees_stored_values_by_key(desk: Desk) -> None:
    frame = configure(desk, "fstart", type_id="kind-number", default=1)
    assign(desk, frame, "comp", 1001)
    found = desk.query('Task where custom_attributes any (key is "fstart" and value is 1001)')
    assert [row["id"] for row in found] == ["comp"]
    assert desk.query('Task where custom_attributes.key is "other"') == []


def test_rows_of_a_large_result_cost_no_statement_each(desk: Desk) -> None:
    configure(desk, "grade", default="neutral")
    desk.run(*[desk.creating("Task", name=f"t{n}", parent_id="sh010") for n in range(60)])
    import sqlalchemy

    statements: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        statements.append(statement)

    sqlalchemy.event.listen(desk.services.store.engine, "before_cursor_execute", count)
    rows = desk.query(
        "select name, link, status.state.short, parent.name, custom_attributes, time_logged, "
        "notes.recipients, assignments.resource.username, thumbnail_url from Task"
    )
    sqlalchemy.event.remove(desk.services.store.engine, "before_cursor_execute", count)
    assert len(rows) == 62
    assert len(statements) < 25


def test_config_is_told_as_the_text_it_is(desk: Desk) -> None:
    config = json.dumps({"multiSelect": True, "data": json.dumps([{"menu": "A", "value": "a"}])})
    key = configure(desk, "choice", type_id="kind-enumerator", config=config)
    assert (
        desk.query(f"select config from CustomAttributeConfiguration where id is {key}")[0]["config"]
        == config
    )
