"""Chapter 3 of the protocol reference: the query language, through the calls that make the queries.

Whether the language finds the right rows in a whole studio is the matter of `query/`, which has an oracle.
Here stand the forms of the reference, one by one, on a few entities made for them.
"""

import datetime
import types
import uuid

import ftrack_api
import ftrack_api.exception
import ftrack_api.inspection
import ftrack_api.symbol
import pytest
import requests

SERVER = ftrack_api.symbol.SERVER_LOCATION_ID
UNMANAGED = ftrack_api.symbol.UNMANAGED_LOCATION_ID


@pytest.fixture(scope="module")
def open_session(ftrack_sandbox, ftrack_schema_cache):
    """Open sessions of the client with nothing in their caches, closed with the module."""
    opened = []

    def run():
        opened.append(
            ftrack_api.Session(
                server_url=ftrack_sandbox.url,
                api_user=ftrack_sandbox.api_user,
                api_key=ftrack_sandbox.api_key,
                plugin_paths=[],
                schema_cache_path=str(ftrack_schema_cache),
            )
        )
        return opened[-1]

    yield run
    for session in opened:
        session.close()
    ftrack_sandbox.reset()


@pytest.fixture(scope="module")
def made(open_session):
    """Entities that a query can be about, as ids: a sequence of three shots with tasks, an asset, a note."""
    session = open_session()
    one = {
        name: session.query(expression).one()
        for name, expression in {
            "project": "Project where name is stem2",
            "kim": 'User where username is "kim.ek"',
            "nina": 'User where username is "nina.holm"',
            "working": 'Status where name is "In progress"',
            "approved": "Status where name is Approved",
            "scope": 'Scope where name is "4K"',
            "geo": "AssetType where short is geo",
        }.items()
    }
    name = f"c3_{uuid.uuid4().hex[:8]}"
    create = session.create
    one["sequence"] = sequence = create("Sequence", {"name": name, "parent": one["project"]})
    for number in (1, 2, 3):
        shot = {"name": f"{name}_{number}", "parent": sequence, "status": one["working"]}
        one[f"shot_{number}"] = create("Shot", shot)
    one["comp"] = create(
        "Task",
        {
            "name": "comp",
            "parent": one["shot_1"],
            "status": one["working"],
            "bid": 3600,
            "description": 'say "hi"',
            "start_date": datetime.datetime(2024, 5, 3, 9, 15),
        },
    )
    one["anim"] = create(
        "Task",
        {
            "name": "anim",
            "parent": one["shot_1"],
            "status": one["approved"],
            "bid": 7200,
            "description": "O'Brien 100%",
            "start_date": datetime.datetime(2024, 5, 3),
        },
    )
    one["layout"] = create(
        "Task", {"name": "layout", "parent": one["shot_2"], "status": one["approved"], "bid": 5400}
    )
    create("Appointment", {"context": one["comp"], "resource": one["kim"], "type": "assignment"})
    create("Appointment", {"context": one["anim"], "resource": one["kim"], "type": "allocation"})
    create("Appointment", {"context": one["anim"], "resource": one["nina"], "type": "assignment"})
    create("Timelog", {"context": one["comp"], "user": one["kim"], "duration": 60, "start": "2024-05-03"})
    one["shot_3"]["scopes"].append(one["scope"])
    one["comp"]["metadata"]["a"] = "b"
    one["anim"]["metadata"]["a"] = "c"
    session.commit()
    one["shot_1"]["custom_attributes"]["fstart"] = 1001
    one["shot_2"]["custom_attributes"]["fstart"] = 1101
    one["asset"] = create("Asset", {"name": name, "parent": one["shot_1"], "type": one["geo"]})
    session.commit()
    for number in (1, 2):
        one[f"version_{number}"] = create("AssetVersion", {"asset": one["asset"], "task": one["comp"]})
        session.commit()
    one["note"] = one["comp"].create_note("Please check", author=one["kim"])
    one["list"] = create(
        "TypedContextList",
        {
            "name": name,
            "project": one["project"],
            "category": session.query("ListCategory").first(),
            "is_open": True,
        },
    )
    session.commit()
    one["list"]["items"].append(one["comp"])
    session.commit()
    return types.SimpleNamespace(
        name=name,
        ids={
            key: ftrack_api.inspection.primary_key(each)["id"]
            for key, each in one.items()
            if "id" in each.primary_key_attributes
        },
    )


@pytest.fixture
def rows(send):
    """Ask one query without a client library; returns its rows."""
    return lambda expression, **headers: send(query(expression), **headers)[0]["data"]


@pytest.fixture
def asked(ftrack_sandbox):
    """The expressions asked since the test's `asked.clear()`."""

    class Log:
        clear = ftrack_sandbox.requests.clear

        def __call__(self):
            return [each.expression for each in ftrack_sandbox.requests if each.operation == "query"]

    return Log()


def query(expression):
    return {"action": "query", "expression": expression}


def reference(entity_type, entity_id, **system):
    return {"__entity_type__": entity_type, "id": entity_id, **system}


def error_of(reply):
    return reply["exception"], reply["content"]


@pytest.fixture
def found(made, rows):
    """Ask for made tasks or shots by criteria; returns the names found among those made."""

    def run(criteria, entity_type="Task"):
        below = f"parent.parent_id is {made.ids['sequence']}"
        if entity_type == "Shot":
            below = f"parent_id is {made.ids['sequence']}"
        text = criteria.format(**made.ids, name=made.name)
        names = [each["name"] for each in rows(f"select name from {entity_type} where {below} and ({text})")]
        assert len(names) == len(set(names))
        return {each.rpartition("_")[2] for each in names}

    return run


# 3.1 Shape.


def test_3_1_the_three_example_queries(made, rows):
    shot = made.ids["shot_1"]
    project = made.ids["project"]
    found = rows(f'Task where name is "comp" and project_id is "{project}" and parent_id is {shot}')
    assert [each["id"] for each in found] == [made.ids["comp"]]
    found = rows(
        "select name, status.name, parent.link, assignments.resource from Task where"
        f" status.state.short is_not DONE and parent_id is {shot} order by sort desc, name limit 20"
    )
    (task,) = found
    assert (task["name"], task["status"]["name"]) == ("comp", "In progress")
    assert [each["id"] for each in task["parent"]["link"]] == [
        project,
        made.ids["sequence"],
        made.ids["shot_1"],
    ]
    assert [each["resource"]["id"] for each in task["assignments"]] == [made.ids["kim"]]
    found = rows(
        "select id from TypedContext where project.status is active"
        f' and ancestors any (id is "{made.ids["sequence"]}")'
    )
    below = ("shot_1", "shot_2", "shot_3", "comp", "anim", "layout")
    assert {each["id"] for each in found} == {made.ids[name] for name in below}


def test_3_1_names_of_attributes_and_types_count_their_case(send):
    assert error_of(send(query("Task where Name is comp"))) == (
        "ParseError",
        "No attribute 'Name' exists for schema 'Task'.",
    )
    assert send(query("select id from task"))["exception"] == "ParseError"


def test_3_1_without_select_the_client_asks_for_the_default_projections(made, open_session, asked):
    session = open_session()
    asked.clear()
    task = session.query(f"Task where id is {made.ids['comp']}").one()
    expression = f"select context_type, id, name from Task where id is {made.ids['comp']} limit 2"
    assert asked() == [expression]
    with session.auto_populating(False):
        assert (task["id"], task["name"], task["context_type"]) == (made.ids["comp"], "comp", "task")
        assert task["bid"] is ftrack_api.symbol.NOT_SET


def test_3_1_a_select_brings_what_is_selected_with_key_and_system_projections(made, rows):
    (task,) = rows(f"select bid from Task where id is {made.ids['comp']}")
    assert task == {
        "__entity_type__": "Task",
        "id": made.ids["comp"],
        "bid": 3600,
        "context_type": "task",
        "object_type_id": "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c",
        "project_id": made.ids["project"],
    }


def test_3_1_the_clauses_come_in_the_orders_of_the_client(made, open_session, asked):
    session, shots = open_session(), f"Shot where parent_id is {made.ids['sequence']} order by name"
    whole = f"select context_type, id, name from {shots}"
    asked.clear()
    last = f"{made.name}_3"
    assert session.query(shots).first()["name"] == f"{made.name}_1"
    assert session.query(f"{shots} offset 2").first()["name"] == last
    assert [each["name"] for each in session.query(f"{shots} limit 5 offset 2")] == [last]
    assert [each["name"] for each in session.query(f"{shots} offset 2 limit 5")] == [last]
    assert session.query(f"Shot where name is {last}").one()["name"] == last
    assert asked() == [
        f"{whole} limit 1",
        f"{whole} offset 2 limit 1",
        f"{whole} offset 2 limit 5",
        f"{whole} offset 2 limit 5",
        f"select context_type, id, name from Shot where name is {last} limit 2",
    ]


def test_3_1_one_wants_exactly_one(made, open_session):
    session = open_session()
    with pytest.raises(ftrack_api.exception.MultipleResultsFoundError):
        session.query(f"Shot where parent_id is {made.ids['sequence']}").one()
    with pytest.raises(ftrack_api.exception.NoResultFoundError):
        session.query(f"Shot where parent_id is {made.ids['comp']}").one()


@pytest.mark.parametrize(
    "expression",
    [
        "Task where id={comp}",
        "Task\n  where   id is {comp}\n\n and bid   >  5",
        'Task where (id is "{comp}"and name is "comp")',
        "select   id ,bid\tfrom Task where id is {comp}",
    ],
    ids=["no_spaces_round_the_sign", "line_breaks", "no_space_before_and", "spaces_in_select"],
)
def test_3_1_whitespace_may_be_irregular(expression, made, rows):
    assert [each["id"] for each in rows(expression.format(**made.ids))] == [made.ids["comp"]]


# 3.2 Operators.

ALL = {"comp", "anim", "layout"}

#: Criteria on the three made tasks, and who meets them.
OPERATORS = {
    "name is comp": {"comp"},
    "name = comp": {"comp"},
    "description is none": {"layout"},
    "name is_not comp": {"anim", "layout"},
    "name != comp": {"anim", "layout"},
    "description is_not none": {"comp", "anim"},
    'name in ("comp", "layout")': {"comp", "layout"},
    'name not_in ("comp", "layout")': {"anim"},
    'name not in ("comp", "layout")': {"anim"},
    'name like "%o%"': {"comp", "layout"},
    'name not_like "%o%"': {"anim"},
    "bid greater_than 5400": {"anim"},
    "bid > 5400": {"anim"},
    "bid less_than 5400": {"comp"},
    "bid < 5400": {"comp"},
    'start_date after "2024-05-03 01:00:00"': {"comp"},
    'start_date before "2024-05-03 01:00:00"': {"anim"},
    "name after comp": {"layout"},
    "name before comp": {"anim"},
    "bid >= 5400": {"anim", "layout"},
    "bid <= 5400": {"comp", "layout"},
    'start_date >= "2024-05-03 09:15:00"': {"comp"},
    "status has (name is Approved)": {"anim", "layout"},
    "appointments any (resource_id is {kim})": {"comp", "anim"},
    "assignments any ()": {"comp", "anim"},
    "not assignments any ()": {"layout"},
    "bid > 4000 and description is none": {"layout"},
    "name is comp or name is anim and bid is 1": {"comp"},
    "(name is comp or name is anim) and bid is 7200": {"anim"},
    "not (bid is 3600 or bid is 7200)": {"layout"},
    "not name is comp": {"anim", "layout"},
    r'description like "%100\%"': {"anim"},
    "thumbnail_id is none": ALL,
    "thumbnail is none": ALL,
    "thumbnail is_not none": set(),
    "description is_not None": {"comp", "anim"},
}


@pytest.mark.parametrize("criteria", OPERATORS)
def test_3_2_operators(criteria, found):
    assert found(criteria) == OPERATORS[criteria]


# 3.3 Values.

VALUES = {
    'name is "comp"': {"comp"},
    "name is 'comp'": {"comp"},
    "name is comp": {"comp"},
    "id is {comp}": {"comp"},
    r'description is "say \"hi\""': {"comp"},
    r"description is 'O\'Brien 100%'": {"anim"},
    "bid is 3600": {"comp"},
    'bid is "3600"': {"comp"},
    "bid > 5399.5 and bid < 5400.5": {"layout"},
    "bid > -1": ALL,
    "status.is_active is True": ALL,
    "status.is_active is true": ALL,
    "status.is_active is False": set(),
    "status.is_active is_not false": ALL,
    "description is null": {"layout"},
    "description is None": {"layout"},
    'start_date is "2024-05-03"': {"anim"},
    'start_date is "2024-05-03 09:15:00"': {"comp"},
    'start_date is "2024-05-03T09:15:00"': {"comp"},
    'start_date is "2024-05-03T09:15:00.000Z"': {"comp"},
    'start_date is "2024-05-03T09:15:00+00:00"': {"comp"},
    'start_date > "2024-05-03"': {"comp"},
    'name in (comp, anim, "layout")': ALL,
    "id in ({comp},{anim})": {"comp", "anim"},
}


@pytest.mark.parametrize("criteria", VALUES)
def test_3_3_values(criteria, found):
    assert found(criteria) == VALUES[criteria]


# 3.4 Paths, relations, collections.

PATHS = {
    "parent.name is {name}_1": {"comp", "anim"},
    "parent.parent.id is {sequence}": ALL,
    "project.name is stem2": ALL,
    "assignments.resource.username is kim.ek": {"comp"},
    'appointments any (resource.username is "kim.ek" and type is "assignment")': {"comp"},
    "timelogs.user_id is {kim}": {"comp"},
    "lists.name is {name}": {"comp"},
    "parent.assets any (versions any (version is 2))": {"comp", "anim"},
    "parent.children.name is layout": {"layout"},
    "parent has (children any (name is comp))": {"comp", "anim"},
}


@pytest.mark.parametrize("criteria", PATHS)
def test_3_4_paths_walk_relations_and_collections(criteria, found):
    assert found(criteria) == PATHS[criteria]


def test_3_4_collections_of_scopes_custom_attributes_and_grandchildren(found, made, rows):
    assert found('scopes.name is "4K"', "Shot") == {"3"}
    assert found("custom_attributes.configuration.key is fstart", "Shot") == {"1", "2"}
    nested = f"id is {made.ids['sequence']} and children any (children any (name is layout))"
    assert [each["id"] for each in rows(f"Sequence where {nested}")] == [made.ids["sequence"]]
    path = f"id is {made.ids['sequence']} and children.children.name is layout"
    assert [each["id"] for each in rows(f"Sequence where {path}")] == [made.ids["sequence"]]


def test_3_4_the_example_of_a_projection_through_a_collection(made, rows):
    first, second = made.ids["version_1"], made.ids["version_2"]
    (row,) = rows(f"select version, asset.versions.version from AssetVersion where id is {first}")
    versions = row["asset"].pop("versions")
    assert row == {
        "__entity_type__": "AssetVersion",
        "id": first,
        "asset_id": made.ids["asset"],
        "version": 1,
        "asset": {
            "__entity_type__": "Asset",
            "id": made.ids["asset"],
            "context_id": made.ids["shot_1"],
        },
    }
    assert sorted(versions, key=len) == [
        {"__entity_type__": "AssetVersion", "id": first},
        {"__entity_type__": "AssetVersion", "id": second, "asset_id": made.ids["asset"], "version": 2},
    ]


def test_3_4_bare_relations_and_collections_are_references(made, rows):
    (task,) = rows(
        f"select status, assignments, thumbnail, incoming_links from Task where id is {made.ids['comp']}"
    )
    assert task["status"] == reference("Status", made.ids["working"])
    assert [set(each) for each in task["assignments"]] == [{"__entity_type__", "id"}]
    assert task["thumbnail"] is None
    assert task["incoming_links"] == []


@pytest.mark.parametrize(
    ("supertype", "entity", "concrete"),
    [
        ("TypedContext", "comp", "Task"),
        ("TypedContext", "shot_1", "Shot"),
        ("Context", "sequence", "Sequence"),
        ("Context", "project", "Project"),
        ("Resource", "kim", "User"),
        ("List", "list", "TypedContextList"),
    ],
)
def test_3_4_a_supertype_gives_rows_of_their_concrete_type(supertype, entity, concrete, made, open_session):
    result = open_session().query(f"{supertype} where id is {made.ids[entity]}").one()
    assert (result.entity_type, result["id"]) == (concrete, made.ids[entity])


def test_3_4_a_path_uses_only_what_the_declared_type_has(made, send, rows):
    assert error_of(send(query("Task where parent.project.name is x"))) == (
        "ParseError",
        "No attribute 'project' exists for schema 'Context'.",
    )
    (task,) = rows(f"select parent.project_id from Task where id is {made.ids['comp']}")
    assert task["parent"]["project_id"] == made.ids["project"]


@pytest.mark.parametrize("expression", ["select parent.name from Note", "Note where parent.name is x"])
def test_3_4_a_note_has_no_relation_to_what_it_is_on(expression, made, send, rows):
    text = "No attribute 'parent' exists for schema 'Note'."
    assert error_of(send(query(expression))) == ("ParseError", text)
    (note,) = rows(f"select parent_id, parent_type from Note where id is {made.ids['note']}")
    assert (note["parent_id"], note["parent_type"]) == (made.ids["comp"], "TypedContext")


# 3.5 Custom attributes and metadata.


def test_3_5_a_custom_attribute_equals(found):
    assert found('custom_attributes any (key is "fstart" and value is 1001)', "Shot") == {"1"}


def test_3_5_has_the_key(found):
    assert found('custom_attributes.configuration.key is "fstart"', "Shot") == {"1", "2"}


def test_3_5_all_custom_attributes_bring_key_and_value(made, open_session, asked):
    session = open_session()
    asked.clear()
    shot = session.query(f"select custom_attributes from Shot where id is {made.ids['shot_1']}").one()
    with session.auto_populating(False):
        assert dict(shot["custom_attributes"].items())["fstart"] == 1001
    assert len(asked()) == 1


def test_3_5_value_rows_can_be_asked_for_directly(made, rows):
    (configuration,) = rows(
        "select id, key, entity_type, object_type_id, is_hierarchical, default from"
        " CustomAttributeConfiguration where key is fstart"
    )
    assert configuration["entity_type"] == "task"
    assert configuration["object_type_id"] == "bad911de-3bd6-47b9-8b46-3476e237cb36"
    assert configuration["is_hierarchical"] is False
    assert "default" in configuration
    found = rows(
        "select value, entity_id from ContextCustomAttributeValue where entity_id in"
        f" ({made.ids['shot_1']}, {made.ids['shot_2']}) and configuration_id is {configuration['id']}"
    )
    assert {each["entity_id"]: each["value"] for each in found} == {
        made.ids["shot_1"]: 1001,
        made.ids["shot_2"]: 1101,
    }
    found = rows('select entity_id from CustomAttributeValue where configuration.key is "fstart"')
    assert {made.ids["shot_1"], made.ids["shot_2"]} <= {each["entity_id"] for each in found}


def test_3_5_numbers_of_custom_attributes_compare_as_numbers(found):
    assert found("custom_attributes any (key is fstart and value is '1001.0')", "Shot") == {"1"}


def test_3_5_metadata_by_criteria_and_by_projection(made, found, rows):
    assert found('metadata any (key is "a" and value is "b")') == {"comp"}
    (task,) = rows(f"select metadata.key, metadata.value from Task where id is {made.ids['anim']}")
    assert [(each["key"], each["value"]) for each in task["metadata"]] == [("a", "c")]


# 3.6 Sub-queries.


def test_3_6_the_two_examples(made, found, rows):
    assert found('id not_in (select context_id from Timelog where user_id is "{kim}")') == {"anim", "layout"}
    versions = rows(
        'AssetVersion where asset_id in (select id from Asset where type.short is "geo")'
        f" and asset_id is {made.ids['asset']}"
    )
    assert {each["id"] for each in versions} == {made.ids["version_1"], made.ids["version_2"]}


def test_3_6_a_sub_query_may_hold_another(found):
    within = "select id from Shot where id in (select parent_id from Task where name is layout)"
    assert found(f"parent_id in ({within})") == {"layout"}


# 3.7 Grouping.


def test_3_7_the_example_and_all_functions(made, rows):
    found = rows(
        "select count(id), sum(bid), avg(bid), min(bid), max(bid), status_id from Task"
        f" where parent.parent_id is {made.ids['sequence']} group by status_id",
        ftrack_strict_api="true",
    )
    assert sorted(found, key=lambda row: row["count_id"]) == [
        {
            "count_id": 1,
            "sum_bid": 3600,
            "avg_bid": 3600,
            "min_bid": 3600,
            "max_bid": 3600,
            "status_id": made.ids["working"],
        },
        {
            "count_id": 2,
            "sum_bid": 12600,
            "avg_bid": 6300,
            "min_bid": 5400,
            "max_bid": 7200,
            "status_id": made.ids["approved"],
        },
    ]


def test_3_7_grouping_needs_strict_mode(send):
    assert (
        send(query("select count(id), status_id from Task group by status_id"))["exception"] == "ParseError"
    )


# 3.8 Order, paging, limits.


def test_3_8_pages_follow_the_offset_that_the_reply_names(made, open_session, asked):
    session, shots = open_session(), f"Shot where parent_id is {made.ids['sequence']} order by name"
    asked.clear()
    assert [each["name"][-1] for each in session.query(shots, page_size=2)] == ["1", "2", "3"]
    whole = f"select context_type, id, name from {shots}"
    assert asked() == [f"{whole} offset 0 limit 2", f"{whole} offset 2 limit 2"]


def test_3_8_a_written_limit_below_the_page_becomes_the_page(made, open_session, asked):
    asked.clear()
    expression = f"select id from Shot where parent_id is {made.ids['sequence']}"
    assert len(open_session().query(f"{expression} order by name limit 2")) == 2
    assert asked() == [f"{expression} order by name offset 0 limit 2"]


def test_3_8_the_offset_of_the_next_page_is_always_there(made, send):
    expression = f"select id from Shot where parent_id is {made.ids['sequence']}"
    replies = send(
        *(query(expression + page) for page in ("", " limit 2", " limit 2 offset 2", " limit 3 offset 3"))
    )
    assert [each["metadata"] for each in replies] == [
        {"next": {"offset": offset}} for offset in (None, 2, None, None)
    ]


def test_3_8_rows_are_ordered_by_attributes_of_relations(made, rows):
    found = rows(
        f"select name from Task where parent.parent_id is {made.ids['sequence']}"
        " order by status.name desc, parent.name descending, name asc"
    )
    assert [each["name"] for each in found] == ["comp", "layout", "anim"]


def test_3_8_thousands_of_ids_fit_into_a_list(made, rows):
    ids = [str(uuid.uuid4()) for _ in range(4999)] + [made.ids["comp"]]
    assert [each["id"] for each in rows(f"select id from Task where id in ({', '.join(ids)})")] == ids[-1:]


def test_3_8_a_limit_within_quotes_is_text_to_the_server_but_not_to_the_client(
    made, open_session, rows, asked
):
    session = open_session()
    name = f"{made.name} a limit 3 b"
    folder = session.create("Folder", {"name": name, "parent": session.get("Project", made.ids["project"])})
    session.commit()
    assert [each["id"] for each in rows(f'Folder where name is "{name}" limit 7')] == [folder["id"]]
    asked.clear()
    with pytest.raises(ftrack_api.exception.ServerError, match="ParseError"):
        session.query(f'select id from Folder where name is "{name}" limit 7').all()
    cut = name.replace("limit 3", "")
    assert asked() == [f'select id from Folder where name is "{cut}" limit 7 offset 0 limit 3']


def test_3_8_a_result_is_lazy(ftrack_sandbox, made, open_session, asked):
    session = open_session()
    asked.clear()
    result = session.query(f"Shot where parent_id is {made.ids['sequence']} order by name", page_size=1)
    assert asked() == []
    assert result[0]["name"] == f"{made.name}_1"
    assert len(asked()) == 1
    assert len(result) == 3
    assert len(asked()) >= 3


# 3.9 Queries that the client makes by itself.


@pytest.fixture
def fresh(open_session, asked):
    """A session that knows nothing; what it asks from now on is what the test looks at."""
    session = open_session()
    asked.clear()
    return session


@pytest.fixture
def known(open_session, asked):
    """Get an entity into a session that knows no more than its key and name."""

    def run(entity_type, entity_id, session=None):
        session = session or open_session()
        entity = session.query(f"select id from {entity_type} where id is {entity_id}").one()
        asked.clear()
        return entity

    return run


def test_3_9_one_of_a_user_by_name(fresh, asked, made):
    assert fresh.query('User where username is "kim.ek"').one()["id"] == made.ids["kim"]
    assert asked() == ['select id from User where username is "kim.ek" limit 2']


def test_3_9_a_scalar_is_read(known, asked, made):
    assert known("Task", made.ids["comp"])["bid"] == 3600
    assert asked() == [f"select bid from Task where id is {made.ids['comp']} offset 0 limit 500"]


def test_3_9_a_collection_is_read(known, asked, made):
    notes = known("Task", made.ids["comp"])["notes"]
    assert asked() == [f"select notes from Task where id is {made.ids['comp']} offset 0 limit 500"]
    assert [each["id"] for each in notes] == [made.ids["note"]]


def test_3_9_a_relation_is_read(known, asked, made):
    status = known("Task", made.ids["comp"])["status"]
    assert asked() == [f"select status.id from Task where id is {made.ids['comp']} offset 0 limit 500"]
    assert status["name"] == "In progress"


def test_3_9_a_relation_is_read_with_the_default_projections_of_its_type(known, asked, made):
    task = known("Task", made.ids["comp"])
    parent = task["parent"]
    assert (parent.entity_type, parent["name"]) == ("Shot", f"{made.name}_1")
    assert asked() == [
        "select parent.context_type, parent.id, parent.name from Task"
        f" where id is {made.ids['comp']} offset 0 limit 500"
    ]


def test_3_9_a_relation_that_leads_nowhere_is_asked_once(known, asked, made):
    task = known("Task", made.ids["comp"])
    assert [task["thumbnail"], task["thumbnail"]] == [None, None]
    assert asked() == [
        "select thumbnail.id, thumbnail.system_type from Task"
        f" where id is {made.ids['comp']} offset 0 limit 500"
    ]


def test_3_9_several_entities_are_populated(known, asked, made):
    first = known("Task", made.ids["comp"])
    second = known("Task", made.ids["anim"], first.session)
    first.session.populate([first, second], "status.name, bid")
    assert asked() == [
        f"select status.name, bid from Task where id in ({first['id']},{second['id']}) offset 0 limit 500"
    ]
    assert [(each["status"]["name"], each["bid"]) for each in (first, second)] == [
        ("In progress", 3600),
        ("Approved", 7200),
    ]
    assert len(asked()) == 1


def test_3_9_get_of_what_is_not_in_the_cache(fresh, asked, made):
    assert fresh.get("Task", made.ids["comp"])["name"] == "comp"
    assert fresh.get("Task", made.ids["comp"])["name"] == "comp"
    assert asked() == [
        f'select context_type, id, name from Task where (id is "{made.ids["comp"]}") offset 0 limit 500'
    ]


def test_3_9_get_of_what_does_not_exist_is_none(fresh, asked):
    nowhere = str(uuid.uuid4())
    assert fresh.get("Task", nowhere) is None
    assert asked() == [
        f'select context_type, id, name from Task where (id is "{nowhere}") offset 0 limit 500'
    ]


def test_3_9_get_by_a_composite_key(fresh, asked, made):
    metadata = fresh.get("Metadata", [made.ids["comp"], "a"])
    names = ", ".join(fresh.types["Metadata"].default_projections)
    assert set(names.split(", ")) == {"parent_id", "key", "value", "parent_type"}
    assert (metadata["value"], metadata["parent_type"]) == ("b", "Task")
    assert asked() == [
        f'select {names} from Metadata where (parent_id is "{made.ids["comp"]}" and key is "a")'
        " offset 0 limit 500"
    ]


def test_3_9_composite_keys_are_populated_without_a_space_before_and(fresh, asked, made):
    first, second = (fresh.get("Metadata", [made.ids[name], "a"]) for name in ("comp", "anim"))
    for row in (first, second):
        del row["value"]
    asked.clear()
    fresh.populate(first, "value")
    fresh.populate([first, second], "value")
    keys = [f'(parent_id is "{each["parent_id"]}"and key is "a")' for each in (first, second)]
    assert asked() == [
        f"select value from Metadata where {keys[0]} offset 0 limit 500",
        f"select value from Metadata where {' or '.join(keys)} offset 0 limit 500",
    ]
    assert [first["value"], second["value"]] == ["b", "c"]


def test_3_9_metadata_are_read_with_key_and_value(known, asked, made):
    assert dict(known("Task", made.ids["comp"])["metadata"].items()) == {"a": "b"}
    assert asked()[0].startswith("select metadata")
    assert f"from Task where id is {made.ids['comp']} offset 0 limit 500" in asked()[0]


def test_3_9_custom_attributes_of_a_stored_entity_are_read(known, asked, made):
    assert known("Shot", made.ids["shot_1"])["custom_attributes"]["fstart"] == 1001
    assert asked()[0].startswith("select custom_attributes")
    assert f"from Shot where id is {made.ids['shot_1']} offset 0 limit 500" in asked()[0]


def test_3_9_custom_attributes_of_a_new_entity_ask_for_all_configurations(fresh, asked, made):
    sequence = fresh.get("Sequence", made.ids["sequence"])
    asked.clear()
    shot = fresh.create(
        "Shot", {"name": f"{made.name}_new", "parent": sequence, "project_id": made.ids["project"]}
    )
    shot["custom_attributes"]["fstart"] = 7
    assert (
        "select key, project_id, id, object_type_id, entity_type, is_hierarchical from"
        " CustomAttributeConfiguration offset 0 limit 500" in asked()
    )
    fresh.commit()
    assert shot["custom_attributes"]["fstart"] == 7
    fresh.delete(shot)
    fresh.commit()


def test_3_9_notes_are_written_and_read_through_the_collection(known, asked, made):
    task = known("Task", made.ids["layout"])
    note = task.create_note("Looks good", author=task.session.get("User", made.ids["kim"]))
    task.session.commit()
    assert f"select notes from Task where id is {task['id']} offset 0 limit 500" in asked()
    asked.clear()
    assert (note["content"], note["author"]["id"]) == ("Looks good", made.ids["kim"])
    task.session.delete(note)
    task.session.commit()


def test_3_9_create_component_asks_where_the_component_is(fresh, asked, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    server = fresh.get("Location", SERVER)
    component = fresh.create_component(str(tmp_path / "a.txt"), location=server)
    looked_up = (
        "select component_id, resource_identifier from ComponentLocation where"
        f" location_id is {SERVER} and component_id in ({component['id']}) offset 0 limit 500"
    )
    assert looked_up in asked()
    asked.clear()
    assert server.get_resource_identifier(component) == component["id"]
    assert asked() == [looked_up]


def test_3_9_availability_of_several_components_is_one_list(fresh, asked, tmp_path):
    server, components = fresh.get("Location", SERVER), []
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
        components.append(fresh.create_component(str(tmp_path / name), location=server))
    asked.clear()
    ids = [each["id"] for each in components]
    assert server.get_resource_identifiers(components) == ids
    assert server.get_component_availabilities(components) == [100.0, 100.0]
    assert asked()[0] == (
        "select component_id, resource_identifier from ComponentLocation where"
        f" location_id is {SERVER} and component_id in ({', '.join(ids)}) offset 0 limit 500"
    )


def test_3_9_removing_a_component_asks_for_its_location_row(fresh, asked, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    unmanaged = fresh.get("Location", UNMANAGED)
    component = fresh.create_component(str(tmp_path / "a.txt"), location=unmanaged)
    asked.clear()
    unmanaged.remove_component(component, recursive=False)
    names = ", ".join(fresh.types["ComponentLocation"].default_projections)
    criteria = f"component_id is {component['id']} and location_id is {UNMANAGED}"
    assert f"select {names} from ComponentLocation where {criteria} offset 0 limit 500" in asked()
    with pytest.raises(ftrack_api.exception.ComponentNotInLocationError):
        unmanaged.get_resource_identifier(component)


def test_3_9_get_url_asks_for_the_resource_identifier(fresh, asked, tmp_path):
    (tmp_path / "a.txt").write_text("content")
    server = fresh.get("Location", SERVER)
    component = fresh.create_component(str(tmp_path / "a.txt"), location=server)
    asked.clear()
    url = server.get_url(component)
    assert requests.get(url, timeout=30).content == b"content"
    assert [each.partition(" from ")[2].partition(" ")[0] for each in asked()] == ["ComponentLocation"]


def test_3_9_locations_are_looked_up_for_auto(fresh, asked, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    component = fresh.create_component(str(tmp_path / "a.txt"))
    assert "select id from Location offset 0 limit 500" in asked()
    assert fresh.pick_location(component)["name"] == "ftrack.unmanaged"


def test_3_9_a_timer_is_found_by_its_user(fresh, asked, made):
    user = fresh.get("User", made.ids["kim"])
    user.start_timer(fresh.get("Task", made.ids["comp"]), force=True)
    asked.clear()
    timelog = user.stop_timer()
    assert asked()[0] == f'select id from Timer where user_id = "{user["id"]}" limit 2'
    assert (timelog["user_id"], timelog["context_id"]) == (user["id"], made.ids["comp"])
    assert fresh.query(f"Timer where user_id is {user['id']}").all() == []


def test_3_9_statuses_and_types_of_a_schema(fresh, asked, made):
    schema = fresh.get("Project", made.ids["project"])["project_schema"]
    statuses, kinds = schema.get_statuses("Shot"), schema.get_types("AssetBuild")
    assert "In progress" in [each["name"] for each in statuses]
    assert kinds
    for name, entity_type in (("task_status", "SchemaStatus"), ("task_type", "SchemaType")):
        (expression,) = [each for each in asked() if f" from {entity_type} " in each]
        assert expression.startswith(f"select {name} from {entity_type} where schema_id is ")


def test_3_9_the_storage_scenario_is_a_setting(fresh, asked):
    setting = fresh.query(
        'select value from Setting where name is "storage_scenario" and group is "STORAGE"'
    ).one()
    assert setting["value"] == '{"scenario": "ftrack.automatic", "data": {}}'


def test_3_9_ensure_asks_and_then_makes_finds_or_changes(fresh, asked, made):
    data = {"name": f"{made.name} x", "bid": 3, "parent_id": made.ids["shot_3"], "description": None}
    keys = ["name", "bid", "parent_id", "description"]
    expression = (
        f'select context_type, id, name from Task where name is "{made.name} x" and bid is 3 and parent_id is'
        f' "{made.ids["shot_3"]}" and description is None limit 2'
    )
    task = fresh.ensure("Task", data, identifying_keys=keys)
    assert asked() == [expression]
    asked.clear()
    assert fresh.ensure("Task", data, identifying_keys=keys)["id"] == task["id"]
    assert asked() == [expression]
    changed = fresh.ensure("Task", {**data, "description": "as is"}, identifying_keys=keys[:3])
    assert (changed["id"], changed["description"]) == (task["id"], "as is")
    fresh.delete(task)
    fresh.commit()


def test_3_9_ensure_writes_dates_as_naive_text_without_microseconds(fresh, asked, made):
    moment = datetime.datetime(2024, 5, 3, 9, 15, 0, 999)
    found = fresh.ensure(
        "Task",
        {"name": "comp", "parent_id": made.ids["shot_1"], "start_date": moment},
        identifying_keys=["name", "start_date", "parent_id"],
    )
    assert asked()[0] == (
        'select context_type, id, name from Task where name is "comp" and start_date is'
        f' "2024-05-03T09:15:00" and parent_id is "{made.ids["shot_1"]}" limit 2'
    )
    assert found["id"] == made.ids["comp"]


def test_3_9_every_selected_attribute_is_answered(made, rows):
    names = "status.id, thumbnail.id, end_date, description, incoming_links, time_logged"
    (task,) = rows(f"select {names} from Task where id is {made.ids['layout']}")
    assert {name: task[name] for name in ("thumbnail", "end_date", "description", "incoming_links")} == {
        "thumbnail": None,
        "end_date": None,
        "description": None,
        "incoming_links": [],
    }
    assert task["status"] == reference("Status", made.ids["approved"])
    assert task["time_logged"] == 0


# 3.10 Errors.

ERRORS = {
    "Task where nonsense is 1": "No attribute 'nonsense' exists for schema 'Task'.",
    "select url from Component": "No attribute 'url' exists for schema 'Component'.",
    "select status.nonsense from Task": "No attribute 'nonsense' exists for schema 'Status'.",
    "Task where status.nonsense is 1": "No attribute 'nonsense' exists for schema 'Status'.",
    "Task order by nonsense": "No attribute 'nonsense' exists for schema 'Task'.",
}


@pytest.mark.parametrize("expression", ERRORS)
def test_3_10_an_unknown_attribute_is_told_in_the_documented_words(expression, ftrack_session):
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.query(expression).all()
    assert caught.value.message == f"Server reported error: ParseError({ERRORS[expression]})"


@pytest.mark.parametrize("expression", ["Task where", "Task where name is a b", "Task where (id is 1"])
def test_3_10_wrong_syntax_failed_to_parse(expression, ftrack_session):
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.query(expression).all()
    assert caught.value.message.startswith("Server reported error: ParseError(Failed to parse: ")


def test_3_10_an_unknown_type_is_an_error_of_the_client_and_of_the_server(ftrack_session, send):
    with pytest.raises(KeyError):
        ftrack_session.query("Nonsense")
    with pytest.raises(KeyError):
        ftrack_session.get("Nonsense", "1")
    with pytest.raises(ftrack_api.exception.UnrecognisedEntityTypeError):
        ftrack_session.create("Nonsense", {})
    assert "'Nonsense'" in send(query("select id from Nonsense"))["content"]


def test_3_10_what_is_restricted_cannot_be_selected(send):
    reply = send(query("select custom_attribute_links from Task"))
    assert reply["exception"] == "ParseError"
    assert "'custom_attribute_links'" in reply["content"]


# 3.11 Search.


def test_3_11_a_search_takes_its_fields_and_answers_as_a_query_does(made, send):
    operation = {
        "action": "search",
        "expression": "select id, name from Shot",
        "entity_type": "Shot",
        "terms": [made.name],
        "context_id": made.ids["sequence"],
        "object_type_ids": ["bad911de-3bd6-47b9-8b46-3476e237cb36"],
    }
    (reply,) = send(operation)
    assert reply["action"] == "search"
    assert {each["id"] for each in reply["data"]} == {made.ids[f"shot_{number}"] for number in (1, 2, 3)}
    assert {each["__entity_type__"] for each in reply["data"]} == {"Shot"}
    assert reply["metadata"] == {"next": {"offset": None}}
    (reply,) = send({**operation, "terms": [f"{made.name}_2"]})
    assert [each["id"] for each in reply["data"]] == [made.ids["shot_2"]]
