"""What expressions find, on a small studio put into memory by hand (see conftest)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_sandbox.errors import ParseError, UnknownAttribute, UnknownType
from ftrack_sandbox.query import ast
from ftrack_sandbox.query.ast import Literal
from ftrack_sandbox.schema import load_schema
from ftrack_sandbox.schema.model import EntityType, Kind

CRITERIA = [
    # Types: a supertype stands for its subtypes, a concrete one for itself.
    ("Task", "t1 t2 t3"),
    ("TypedContext", "s1 s2 s3 sq1 t1 t2 t3"),
    ("Context where name like 'S%'", "show"),
    ("Resource", "ab kim team"),
    ("User", "ab kim"),
    # Text: case counts, for `like` too; quotes and escapes.
    ("Task where name is comp", "t1 t3"),
    ("Task where name is 'Comp'", ""),
    ("Task where name != comp", "t2"),
    ("Task where name in (comp, 'x')", "t1 t3"),
    ("Task where name not_in (comp)", "t2"),
    ("Task where name not in ('comp', anim)", ""),
    ("Task where name > anim", "t1 t3"),
    ("Task where name <= 'anim'", "t2"),
    (r'User where first_name is "A \"quoted\" \\ name"', "ab"),
    ("Task where description like 'First%'", "t1"),
    ("Task where description like 'first%'", "t2"),
    ("Task where description like '%irst%'", "t1 t2"),
    ("Task where description like 'First [A]'", "t1"),
    (r"Task where description like '%50\%'", "t2"),
    (r"Task where description like '%[A]\%'", ""),
    ("Task where description like 'first_a%'", "t2"),
    ("Task where description like 'first?a%'", ""),
    ("Task where description like 'f____%'", ""),
    ("Task where description like first", ""),
    ("Task where description not_like 'first%'", "t1 t3"),
    # No value: two-valued logic.
    ("Task where description is none", "t3"),
    ("Task where description is_not None", "t1 t2"),
    ("Task where description is 'none'", ""),
    ("Task where description is_not 'First [A]'", "t2 t3"),
    ("Task where not (description is 'First [A]')", "t2 t3"),
    ("Task where not description is_not 'First [A]'", "t1"),
    ("Task where description not_in ('First [A]')", "t2 t3"),
    ("Task where description in ('First [A]', none)", "t1 t3"),
    ("Task where description not_in ('First [A]', null)", "t2"),
    ("Task where description > 'a' or not description > 'a'", "t1 t2 t3"),
    # Numbers, quoted and bare.
    ("Task where bid is 3600", "t1"),
    ("Task where bid is '3600.0'", "t1"),
    ("Task where bid > 7", "t1 t2"),
    ("Task where bid >= 7.5 and bid <= 3600", "t1 t2"),
    ("Task where bid less_than 0", "t3"),
    ("Task where bid is -1", "t3"),
    ("Task where bid in (-1, '7.5')", "t2 t3"),
    ("Task where bid < 99999999999999999999999999", "t1 t2 t3"),
    ("Event where id is 7", "7"),
    ("AssetVersion where version is 2", "v2"),
    # Booleans.
    ("User where is_active is True", "kim"),
    ("User where is_active is_not true", "ab"),
    ("User where is_active is false", "ab"),
    ("User where is_active = FALSE", "ab"),
    # Dates: naive UTC inside.
    ("Task where start_date is '2024-05-03'", "t2"),
    ("Task where start_date is 2024-05-03T09:15:00", "t1"),
    ("Task where start_date is '2024-05-03 09:15:00'", "t1"),
    ("Task where start_date is '2024-05-03T09:15:00.000Z'", "t1"),
    ("Task where start_date is '2024-05-03T11:15:00+02:00'", "t1"),
    ("Task where start_date is '2024-05-03T04:15:00-0500'", "t1"),
    ("Task where start_date after '2024-05-03'", "t1"),
    ("Task where start_date >= '2024-05-03'", "t1 t2"),
    ("Task where start_date before '2024-05-03T09:15:00.5'", "t1 t2"),
    ("Task where start_date < '2024-05-03'", ""),
    ("Task where start_date is none", "t3"),
    ("Task where start_date in ('2024-05-03', '2024-05-03T09:15:00')", "t1 t2"),
    # Relations.
    ("Task where status.name is Ready", "t1"),
    ("Task where status.state.short is NOT_STARTED", "t1"),
    ("Task where status.state.short is_not DONE", "t1 t3"),
    ("Task where status is none", "t3"),
    ("Task where status is_not none", "t1 t2"),
    ("Task where not status is none", "t1 t2"),
    ("Shot where status is none", "s2 s3"),
    ("Shot where status_id is none", "s3"),
    ("Shot where status.name is none", "s2 s3"),
    ("Task where project.status is active", "t1 t2 t3"),
    ("Task where project.full_name is 'The Show' and parent.parent.name is sq010", "t1 t2 t3"),
    ("Task where parent.name is sh010 or status.name is Done", "t1 t2"),
    ("Task where status has (name is Ready and sort > 1)", "t1"),
    ("Task where status has (name is Ready and sort > 2)", ""),
    ("Task where status has ()", "t1 t2"),
    ("Task where not status has (name is Ready)", "t2 t3"),
    ("Task where parent.parent has (name is sq010)", "t1 t2 t3"),
    ("AssetVersion where asset.parent.name is sh010", "v1 v2"),
    ("AssetVersion where task.status.name is Ready", "v1"),
    ("Asset where parent is none", "as2"),
    ("Asset where latest_version.version is 2", "as1"),
    ("Asset where latest_version.version is 1", ""),
    ("Asset where latest_version is none", "as2"),
    ("TypedContextLink where from.name is comp and to has (name is anim)", "k1"),
    ("Job where user.username is kim", "j1"),
    # Collections: some element, each path its own; `any` binds.
    ("Task where assignments any ()", "t1 t2"),
    ("Task where not assignments any ()", "t3"),
    ("Task where allocations any ()", "t2"),
    ("Task where appointments.type is allocation", "t2"),
    ("Task where assignments.resource.username is kim", "t1"),
    ("Task where assignments.resource.username is none", "t2"),
    ("Task where assignments.resource.name is Team", "t2"),
    ("Task where assignments any (resource.username is kim)", "t1"),
    ("Task where assignments any (resource has (username is kim or name is Team))", "t1 t2"),
    ("Task where appointments any (resource.username is kim and type is allocation)", "t2"),
    ("Task where appointments.resource.username is kim and appointments.resource.username is ab", "t1"),
    ("Task where appointments any (resource.username is kim and resource.username is ab)", ""),
    ("Task where assignments.resource.username is_not kim", "t1 t2"),
    ("Task where not assignments.resource.username is kim", "t2 t3"),
    ("Task where assignments.resource_id not_in (kim)", "t1 t2"),
    ("Project where children.children.name is sh020", "show"),
    ("Project where children.children.children.name is anim", "show"),
    ("Context where children any (children any (name is comp))", "sq1"),
    ("Sequence where children any (not children any ())", "sq1"),
    ("Context where children.children any (name is comp)", "sq1"),
    ("Context where parent.children any (name is sh020)", "s1 s2 s3"),
    ("Context where children.thumbnail_id is none and context_type is show", "show"),
    ("Task where ancestors any (id is s1)", "t1 t2"),
    ("TypedContext where ancestors.name is sq010 and not descendants any ()", "s3 t1 t2 t3"),
    ("Shot where descendants any (name is comp)", "s1 s2"),
    ("Task where timelogs any (user.username is kim and duration > 50)", "t1"),
    # Metadata and custom attributes.
    ("Task where metadata any (key is 'a' and value is 'd')", "t2"),
    ("Task where metadata.key is a and metadata.value is d", "t1 t2"),
    ("Task where custom_attributes any (key is 'fstart' and value is 1001)", "t1 t3"),
    ("Task where custom_attributes any (key is fstart and value is '1001')", "t1 t3"),
    ("Task where custom_attributes any (key is fstart and value is 12.50)", "t2"),
    ("Task where custom_attributes any (key is fstart and value in (12.5, 1001))", "t1 t2 t3"),
    ("Task where custom_attributes any (key is fstart and value > 12)", "t1 t2"),
    ("Task where custom_attributes any (key is fstart and value <= 12.5)", "t2"),
    ("Task where custom_attributes any (key is fstart and value like '10%')", "t3"),
    ("Task where custom_attributes any (key is fstart and value is_not 1001)", "t2"),
    ("Task where custom_attributes any (key is tags and value is fx)", "t1"),
    ("Task where custom_attributes any (key is tags and value is 'grün')", "t1"),
    ("Task where custom_attributes any (key is tags and value like 'gr%')", "t1"),
    ("Task where custom_attributes any (key is tags and value is none)", ""),
    ("Task where custom_attributes any (key is approved and value is true)", "t1"),
    ("Task where custom_attributes any (key is approved and value is 1)", "t2"),
    ("Task where custom_attributes any (value is '2024-05-03')", "t1"),
    ("Task where custom_attributes any (value after '2024-05-02')", "t1"),
    ("Task where custom_attributes any (key is delivery and value before '2024-05-03T00:00:00Z')", ""),
    ("Shot where custom_attributes any (value is none)", "s1"),
    ("Shot where custom_attributes any (value is_not none)", ""),
    ("Task where custom_attributes.configuration.key is 'tags'", "t1 t2"),
    ("Task where not custom_attributes.key is 'tags'", "t3"),
    ("CustomAttributeValue where configuration.key is approved", "t1 t2"),
    ("ContextCustomAttributeValue where entity_id in (t1, t2) and key is delivery", "t1"),
    ("CustomAttributeConfiguration where default is 1", "cf1"),
    ("CustomAttributeConfiguration where default is none", "cf3 cf4"),
    # Sub-queries.
    ("Task where id in (select context_id from Timelog where user_id is kim)", "t1"),
    ("Task where id not_in (select context_id from Timelog)", "t2 t3"),
    ("Task where not id in (select context_id from Timelog)", "t2 t3"),
    ("Shot where id in (select parent_id from Task where id in (select context_id from Timelog))", "s1"),
    ("Shot where id in (select parent.id from Task where name is anim)", "s1"),
    ("User where id in (select assignments.resource_id from Task)", "ab kim"),
    ("Task where id in (select id from Task order by sort limit 1)", "t2"),
    ("Task where status.name in (select name from Status where is_active is true)", "t1"),
    ("Task where sort in (select version from AssetVersion)", "t1 t2"),
    # What the server works out itself.
    ("Task where time_logged > 60", "t1"),
    ("Task where parent.parent.name is sq010 and time_logged is 0", "t2 t3"),
    ("AssetVersion where task.time_logged is none", "v2"),
    # Out of reach.
    ("Task where name is hidden", ""),
    ("Status where tasks any (name is hidden)", ""),
    ("Task where id in (select id from Task where name is hidden)", ""),
    # Logic.
    ("Task where name is anim or name is comp and bid > 0", "t1 t2"),
    ("Task where (name is anim or name is comp) and bid < 0", "t3"),
    ("Task where not (name is anim or bid < 0)", "t1"),
    ("Task where not not name is anim", "t2"),
    ("select value from Setting where name is 'storage_scenario' and group is 'STORAGE'", None),
]


@pytest.mark.parametrize(("expression", "wanted"), CRITERIA)
def test_criteria_find(studio: Any, expression: str, wanted: str | None) -> None:
    if wanted is None:
        assert len(studio.rows(expression)) == 1
    else:
        assert studio.found(expression) == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("Task order by name", "t2 t1 t3"),
        ("Task order by name desc", "t1 t3 t2"),
        ("Task order by sort descending limit 2", "t3 t1"),
        ("Task order by sort offset 1", "t1 t3"),
        ("Task order by sort offset 1 limit 1", "t1"),
        ("Task order by sort limit 0", ""),
        ("Task order by status.sort", "t3 t2 t1"),
        ("Task order by status.sort desc", "t1 t2 t3"),
        ("Task order by parent.name desc, status.state.short ascending", "t3 t2 t1"),
        ("Task where status.name is Ready or bid < 0 order by status.name desc", "t1 t3"),
        ("Asset order by latest_version.version", "as2 as1"),
        ("Task order by time_logged desc, id", "t1 t2 t3"),
        ("AssetVersion order by task.time_logged, id desc", "v2 v1"),
    ],
)
def test_order_and_pages(studio: Any, expression: str, wanted: str) -> None:
    assert " ".join(studio.ids(expression)) == wanted


def test_limit_and_offset_are_told(studio: Any) -> None:
    compiled = studio.compile("Task offset 3 limit 5")
    assert (compiled.offset, compiled.limit, compiled.grouped) == (3, 5, False)


def test_rows_hold_every_column_under_its_plain_name(studio: Any) -> None:
    (row,) = studio.rows("select id from Task where status.name is Ready and parent.name is sh010")
    assert set(row) == set(studio.schema.find("Task").table.c.keys())
    assert row["name"] == "comp"


REFUSED = [
    ("Task where nothing is 1", "No attribute 'nothing' exists for schema 'Task'."),
    ("select nothing from Task", "No attribute 'nothing' exists for schema 'Task'."),
    ("select parent.nothing from Task", "No attribute 'nothing' exists for schema 'Context'."),
    ("Task order by nothing", "No attribute 'nothing' exists for schema 'Task'."),
    ("Task where parent.status.name is 'x'", "No attribute 'status' exists for schema 'Context'."),
    ("Task where children any (bid > 1)", "No attribute 'bid' exists for schema 'Context'."),
    ("Note where parent.name is 'x'", "No attribute 'parent' exists for schema 'Note'."),
    ("Task where id in (select nothing from Shot)", "No attribute 'nothing' exists for schema 'Shot'."),
    ("Tsk", "no schema 'Tsk' exists"),
    ("Task where id in (select id from Tsk)", "no schema 'Tsk' exists"),
    ("Task where name.first is 'x'", "'name' of 'Task' is no relation"),
    ("select name.first from Task", "'name' of 'Task' is no relation"),
    ("Task where bid is abc", "'abc' is no number, as 'bid' of 'Task' is"),
    ("Task where bid in (1, 'abc')", "'abc' is no number"),
    ("AssetVersion where version > one", "'one' is no integer, as 'version' of 'AssetVersion' is"),
    ("User where is_active is 1", "'1' is no boolean, as 'is_active' of 'User' is"),
    ("Task where start_date is 'tomorrow'", "'tomorrow' is no datetime"),
    ("Task where start_date is '2024-02-30'", "'2024-02-30' is no datetime"),
    ("Task where start_date is '0001-01-01T00:00:00+10:00'", "is no datetime"),
    ("Task where bid is '{0}'", "'(0)' is no number"),
    ("User where is_active > true", "'>' does not apply to 'is_active'"),
    ("Task where bid like 1", "'like' does not apply to 'bid'"),
    ("Task where start_date like '2024%'", "'like' does not apply to 'start_date'"),
    ("Task where bid > none", "'>' takes no 'none'"),
    ("Task where name like none", "'like' takes no 'none'"),
    ("Task where status is 'ready'", "'status' of 'Task' is a relation"),
    ("Task where status > none", "'status' of 'Task' is a relation"),
    ("Task where children is none", "'children' of 'Task' is a collection"),
    ("Task where status in (a)", "'status' of 'Task' cannot be compared"),
    ("Task where status any ()", "'any' needs a collection; 'status' of 'Task' is a relation"),
    ("Task where assignments has ()", "'has' needs a relation; 'assignments' of 'Task' is a collection"),
    ("Task where name any ()", "'any' needs a collection; 'name' of 'Task' is a scalar"),
    ("Task where link is 'x'", "'link' of 'Task' cannot be compared"),
    ("Task order by thumbnail_url", "'thumbnail_url' of 'Task' cannot be compared or sorted"),
    ("Task order by status", "'status' of 'Task' cannot be compared or sorted"),
    ("Task order by assignments.type", "'assignments' of 'Task' is a collection"),
    ("CustomAttributeValue order by value", "'value' of 'CustomAttributeValue'"),
    ("select custom_attribute_links from Task", "'custom_attribute_links' of 'Task' cannot be selected"),
    ("Task where id in (select id, name from Shot)", "a sub-query selects one attribute"),
    ("Task where id in (select count(id) from Shot)", "a sub-query selects one attribute"),
    ("Task where id in (select parent from Task)", "'parent' of 'Task' cannot be compared"),
    ("Task where bid in (select name from Task)", "'bid' of 'Task' (number) cannot be looked for"),
    ("select name, count(id) from Task", "'name' is selected, but not in group by"),
    ("select sum(name) from Task", "'sum' does not apply to 'name'"),
    ("Task group by name", "group by needs select"),
    ("select name, count(id) from Task group by name order by bid", "groups cannot be sorted by 'bid'"),
    ("select count(id) from Task group by children.name", "'children' of 'Task' is a collection"),
    ("Task where " + "parent." * 40 + "id is 1", "has more than 30 names"),
    ("select " + "parent." * 40 + "id from Task", "has more than 30 names"),
    ("Task order by " + "parent." * 40 + "id", "has more than 30 names"),
    (
        "Task where " + "parent." * 29 + "id is 1 and status." + "state has (id is 1) and project."
        + "parent." * 25 + "id is 2",
        "more than 40 relations",
    ),
    ("Task where name like '" + "%a" * 6000 + "'", "a pattern for like"),
    ("Task where " + "(id is 1 or id is 2 and " * 24 + "id is 3" + ")" * 24, "inside one another"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "content"), REFUSED)
def test_refusals_name_the_thing(studio: Any, expression: str, content: str) -> None:
    with pytest.raises(ParseError) as caught:
        studio.compile(expression)
    assert content in caught.value.content
    assert not set("{}") & set(caught.value.content)


def test_unknown_names_have_errors_of_their_own(studio: Any) -> None:
    with pytest.raises(UnknownAttribute):
        studio.compile("Task where nothing is 1")
    with pytest.raises(UnknownType):
        studio.compile("Tsk")


def test_without_select_the_types_default_projections_are_selected(studio: Any) -> None:
    task = studio.schema.find("Task")
    assert tuple(studio.compile("Task where id is 1").projection.scalars) == task.default_projections


def test_every_type_can_be_asked_for_its_default_projections_by_name(studio: Any) -> None:
    for name, entity_type in studio.schema.types.items():
        studio.rows(name)
        studio.rows(f"select {', '.join(entity_type.default_projections)} from {name}")


def test_every_attribute_of_every_type_can_be_selected_or_is_restricted(studio: Any) -> None:
    for name, entity_type in studio.schema.types.items():
        for attribute in entity_type.attributes.values():
            if attribute.restricted:
                with pytest.raises(ParseError, match="cannot be selected"):
                    studio.compile(f"select {attribute.name} from {name}")
            else:
                studio.rows(f"select {attribute.name} from {name}")


def test_every_relation_and_collection_of_every_type_can_be_passed_through(studio: Any) -> None:
    for name, entity_type in studio.schema.types.items():
        for attribute in entity_type.attributes.values():
            if attribute.kind.value == "relation":
                key = studio.schema.find(attribute.target).primary_key[0]
                studio.rows(
                    f"{name} where {attribute.name}.{key} is 1 or {attribute.name} is none"
                    f" order by {attribute.name}.{key}"
                )
            elif attribute.kind.value == "collection":
                studio.rows(f"{name} where {attribute.name} any ()")


def test_projections_are_a_tree(studio: Any) -> None:
    projection = studio.compile(
        "select name, name, link, status.name, status, assignments.resource.username,"
        " assignments.type, parent from Task"
    ).projection
    assert (projection.type.name, projection.scalars) == ("Task", ("name", "link"))
    assert list(projection.relations) == ["status", "assignments", "parent"]
    status, assignments, parent = projection.relations.values()
    assert (status.type.name, status.scalars, dict(status.relations)) == ("Status", ("name",), {})
    assert (assignments.type.name, assignments.scalars) == ("Appointment", ("type",))
    assert assignments.relations["resource"].scalars == ("username",)
    assert (parent.type.name, parent.scalars, dict(parent.relations)) == ("Context", (), {})


def test_a_bare_mapped_collection_brings_keys_and_values(studio: Any) -> None:
    projection = studio.compile("select custom_attributes, metadata.key from Task").projection
    assert projection.relations["custom_attributes"].scalars == ("key", "value")
    assert projection.relations["metadata"].scalars == ("key",)


@pytest.mark.parametrize(
    ("type_name", "path", "keys", "wanted"),
    [
        ("Task", "status", ["ready", "done", "gone"], [("done", "done"), ("ready", "ready")]),
        ("Task", "assignments", ["t1", "t2", "t3"], [("t1", "a1"), ("t1", "a2"), ("t2", "a3")]),
        ("Task", "ancestors", ["t1", "t3"], [("t1", "s1"), ("t1", "sq1"), ("t3", "s2"), ("t3", "sq1")]),
        ("Asset", "latest_version", ["as1", "as2"], [("as1", "v2")]),
        ("Status", "tasks", ["ready"], [("ready", "s1"), ("ready", "t1")]),
        ("Task", "parent", ["secret", "s1"], [("s1", "s1")]),
    ],
)
def test_related_rows_come_with_their_owner_and_only_those_in_reach(
    studio: Any, type_name: str, path: str, keys: list[str], wanted: list[tuple[str, str]]
) -> None:
    assert sorted(studio.related(type_name, path, keys)) == wanted


def test_groups(studio: Any) -> None:
    compiled = studio.compile(
        "select count(id), max(bid), status_id from Task group by status_id order by count_id, status_id"
    )
    assert compiled.grouped and compiled.projection is None
    rows = [dict(row) for row in studio.connection.execute(compiled.statement).mappings()]
    assert rows == [
        {"count_id": 1, "max_bid": -1.0, "status_id": None},
        {"count_id": 1, "max_bid": 7.5, "status_id": "done"},
        {"count_id": 1, "max_bid": 3600.0, "status_id": "ready"},
    ]


def test_groups_along_relations(studio: Any) -> None:
    rows = studio.rows(
        "select status.state.short, count(id), sum(bid), min(name), avg(status.sort) from Task"
        " where bid > 0 group by status.state.short order by status.state.short desc limit 1"
    )
    assert [dict(row) for row in rows] == [
        {
            "status.state.short": "NOT_STARTED",
            "count_id": 1,
            "sum_bid": 3600.0,
            "min_name": "comp",
            "avg_status_sort": 2.0,
        }
    ]


def test_functions_without_groups_give_one_row(studio: Any) -> None:
    assert [dict(row) for row in studio.rows("select count(id), min(start_date) from Shot")] == [
        {"count_id": 3, "min_start_date": None}
    ]


def _plan(studio: Any, expression: str) -> str:
    statement = studio.compile(expression).statement.compile(
        studio.connection, compile_kwargs={"literal_binds": True}
    )
    rows = studio.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
    return "\n".join(row[-1] for row in rows)


def test_pages_by_key_use_the_index_and_sort_nothing(studio: Any) -> None:
    for type_name in ("Note", "Task"):
        plan = _plan(studio, f'{type_name} where id > "5f28" order by id limit 500')
        assert "SEARCH" in plan and "(id>?)" in plan
        assert "TEMP B-TREE" not in plan


def test_sorting_by_a_relation_joins_by_key(studio: Any) -> None:
    plan = _plan(studio, "Task order by status.name limit 500")
    assert "CORRELATED" not in plan
    assert plan.count("SEARCH status_") == 1


def test_the_key_of_a_custom_attribute_is_joined(studio: Any) -> None:
    statement = str(studio.compile("ContextCustomAttributeValue where key is fstart").statement)
    assert "LEFT OUTER JOIN custom_attribute_configuration" in statement


def test_a_path_is_joined_once_however_often_it_is_named(studio: Any) -> None:
    statement = str(
        studio.compile(
            "Task where status.name is a or status.sort > 1 and status has (is_active is true)"
            " order by status.name, status.sort"
        ).statement
    )
    assert statement.count("JOIN") == 1


@pytest.mark.parametrize(
    "expression",
    [
        "Metadata where " + " or ".join(f'(parent_id is "{number}"and key is "a")' for number in range(3500)),
        "Task where " + " and ".join(f"id is_not {number}" for number in range(10_000)),
        "CustomAttributeValue where " + " or ".join(["value is '2024-05-03'"] * 1_000),
        "Task where " + " or ".join(["children any (id is 3)"] * 400),
        "Task where id in (" + ", ".join(f'"{number:032x}"' for number in range(13_000)) + ")",
        "Context where " + "children any (" * 25 + "id is 1" + ")" * 25,
        "Task where " + "id in (select id from Task where " * 25 + "id is 1" + ")" * 25,
        "Context where " + "parent has (" * 25 + "id is 1" + ")" * 25,
        "Context where " + "not parent has (" * 12 + "id is 1" + ")" * 12,
        "CustomAttributeValue where "
        + "(entity_id is a or entity_id is b and " * 13
        + "value is 1"
        + ")" * 13,
        "Context where " + "(id is a or parent has (not parent has (" * 8 + "id is 1" + ")))" * 8,
        "Task where " + "not (" * 12 + "id is 1" + ")" * 12,
        "Task where " + "(id is a or id is b and " * 13 + "id is 3" + ")" * 13,
        "Context where " + "children." * 29 + "id is 1",
        "Context where " + "parent." * 29 + "id is 1",
    ],
)
def test_large_and_deep_expressions_run(studio: Any, expression: str) -> None:
    assert isinstance(studio.rows(expression), list)


@pytest.mark.parametrize(
    "expression",
    [
        "CustomAttributeValue where " + " or ".join(["value is '2024-05-03'"] * 9_000),
        "Task where " + " or ".join(["children any ()"] * 5_000),
    ],
)
def test_what_would_take_more_parameters_than_the_database_has_is_refused(
    studio: Any, expression: str
) -> None:
    with pytest.raises(ParseError, match="too many values and relations"):
        studio.compile(expression)


_TYPES = "Task Context Project AssetVersion Resource ContextCustomAttributeValue Component Asset".split()
_VALUES = """none true 5 -1.5 1e400 99999999999999999999999 0x1 nan comp 1001 fx kim 2024-05-03
9999-12-31T23:59:59-12:00 % \\% \\ _%""".split()
_LITERALS = st.builds(
    Literal, st.sampled_from(_VALUES) | st.text(st.characters(codec="utf-8"), max_size=4), st.booleans()
)
_SCHEMA = load_schema()


@st.composite
def _criteria(draw: st.DrawFn, entity_type: EntityType, depth: int) -> ast.Criterion:
    """A criterion whose paths exist, though its values and operators may not fit."""
    form = draw(st.integers(0, 9))
    if depth and form < 4:
        first, second = (draw(_criteria(entity_type, depth - 1)) for _ in range(2))
        return [ast.Not(first), ast.And((first, second)), ast.Or((first, second)), ast.Not(second)][form]
    path: tuple[str, ...] = ()
    while True:
        attribute = draw(st.sampled_from(list(entity_type.attributes.values())))
        path += (attribute.name,)
        if attribute.target is None or form == 9:
            break
        entity_type = _SCHEMA.find(attribute.target)
        if form >= 7:
            inner = draw(st.none() | _criteria(entity_type, depth - 1)) if depth else None
            return ast.Related(path, attribute.kind is Kind.COLLECTION, inner)
    if form == 4:
        literals = draw(st.lists(_LITERALS, min_size=1, max_size=3))
        return ast.Membership(path, tuple(literals), draw(st.booleans()))
    if form == 5:
        other = draw(st.sampled_from(_TYPES))
        name = draw(st.sampled_from(list(_SCHEMA.find(other).attributes)))
        return ast.Membership(path, ast.Query(other, ((name,),)), draw(st.booleans()))
    return ast.Comparison(path, draw(st.sampled_from(ast.Operator)), draw(_LITERALS))


@given(
    st.sampled_from(_TYPES).flatmap(lambda name: st.tuples(st.just(name), _criteria(_SCHEMA.find(name), 2)))
)
@settings(max_examples=500, deadline=None)
def test_the_opposite_finds_exactly_the_other_rows(studio: Any, asked: tuple[str, ast.Criterion]) -> None:
    """And, on the way: whatever compiles runs, and no relation doubles or loses a row."""
    name, criterion = asked
    try:
        found = studio.run(ast.Query(name, where=criterion))
    except ParseError:
        return
    others = studio.run(ast.Query(name, where=ast.Not(criterion)))
    assert sorted(found + others) == sorted(studio.run(ast.Query(name)))
