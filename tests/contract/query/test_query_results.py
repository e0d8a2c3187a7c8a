"""What a query brings along: selected values, what clients ask by themselves, groups, odd names, pages.

Source: protocol reference 1.5, 2.2, 3.4 to 3.9.
"""

import dataclasses
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import arrow
import pytest
import requests

from contract.query.case import Case
from contract.query.cases import BY_ID
from contract.query.oracle import Row, Studio, ordered, stored


@dataclasses.dataclass(frozen=True)
class Values:
    """A projection: which rows it is about, and the values, read from an entity and from a row."""

    id: str
    expression: str
    entity_type: str
    predicate: Callable[[Row], Any]
    read: Callable[[Any], Any]
    wanted: Callable[[Row], Any]


def name_or_none(entity: Any) -> Any:
    return None if entity is None else entity["name"]


def naive(moment: Any) -> Any:
    return None if moment is None else moment.naive


def plain(value: Any) -> Any:
    """Return a custom attribute's value as it is stored: a date as ISO text."""
    return value.naive.isoformat() if isinstance(value, arrow.Arrow) else value


def dense(shot: Row) -> dict[str, Any]:
    """Every custom attribute that applies to a shot: stored value, default, or nothing if hierarchical."""
    return {
        each.key: stored(shot, each.key)
        if stored(shot, each.key) is not None or each.is_hierarchical
        else each.default
        for each in shot.studio.all("CustomAttributeConfiguration")
        if each.is_hierarchical
        or (each.object_type.name == "Shot" and each.project_id in (None, shot.project_id))
    }


PROJECTIONS = [
    Values(
        "scalars",
        "select name, bid, sort, description from Task where name is concept",
        "Task",
        lambda t: t.name == "concept",
        lambda e: (e["name"], e["bid"], e["sort"], e["description"]),
        lambda t: (t.name, t.bid, t.sort, t.description),
    ),
    Values(
        "system_projections",
        "select name from Task where name is concept",
        "Task",
        lambda t: t.name == "concept",
        lambda e: (e.entity_type, e["context_type"], e["project_id"], e["object_type_id"]),
        lambda t: ("Task", "task", t.project_id, t.object_type_id),
    ),
    Values(
        "dates",
        "select start_date, end_date, created_at from Task where name is concept or start_date is none",
        "Task",
        lambda t: t.name == "concept" or t.start_date is None,
        lambda e: (naive(e["start_date"]), naive(e["end_date"]), naive(e["created_at"])),
        lambda t: (t.start_date, t.end_date, t.created_at),
    ),
    Values(
        "through_relations",
        "select status.name, status.state.short, project.full_name, parent.parent.name from Task"
        " where name is fx",
        "Task",
        lambda t: t.name == "fx",
        lambda e: (
            e["status"]["name"],
            e["status"]["state"]["short"],
            e["project"]["full_name"],
            e["parent"]["parent"]["name"],
        ),
        lambda t: (t.status.name, t.status.state.short, t.project.full_name, t.parent.parent.name),
    ),
    Values(
        "relation_without_a_row",
        "select category.name, completed_by.username, in_reply_to.content, content from Note",
        "Note",
        lambda n: True,
        lambda e: (name_or_none(e["category"]), e["completed_by"] is None, e["in_reply_to"] is None),
        lambda n: (n.category.name, not n.completed_by, not n.in_reply_to),
    ),
    Values(
        "bare_relation_is_a_reference",
        "select status, thumbnail from Shot where name like 'sq_04%'",
        "Shot",
        lambda s: s.name.startswith("sq_04"),
        lambda e: (e["status"]["id"], e["thumbnail"] and e["thumbnail"]["id"]),
        lambda s: (s.status_id, s.thumbnail_id),
    ),
    Values(
        "bare_collection_is_references",
        "select children from Sequence",
        "Sequence",
        lambda s: True,
        lambda e: {child["id"] for child in e["children"]},
        lambda s: {child.id for child in s.children},
    ),
    Values(
        "through_collections",
        "select versions.version, versions.components.file_type from Asset where type.short is edit",
        "Asset",
        lambda a: a.type.short == "edit",
        lambda e: sorted(
            (v["version"], sorted(c["file_type"] for c in v["components"])) for v in e["versions"]
        ),
        lambda a: sorted((v.version, sorted(c.file_type for c in v.components)) for v in a.versions),
    ),
    Values(
        "empty_collection",
        "select notes.content from Shot where name like 'sq_01%'",
        "Shot",
        lambda s: s.name.startswith("sq_01"),
        lambda e: sorted(n["content"] for n in e["notes"]),
        lambda s: sorted(n.content for n in s.notes),
    ),
    Values(
        "people",
        "select assignments.resource.username, assignments.type from Task where name is roto",
        "Task",
        lambda t: t.name == "roto",
        lambda e: sorted(a["resource"]["id"] for a in e["assignments"]),
        lambda t: sorted(a.resource_id for a in t.assignments),
    ),
    Values(
        "concrete_types",
        "select name from Component where version.asset.type.short is geo",
        "Component",
        lambda c: c.version.asset.type.short == "geo",
        lambda e: (e.entity_type, e["name"]),
        lambda c: (f"{c.system_type.capitalize()}Component", c.name),
    ),
    Values(
        "concrete_types_of_contexts",
        "select name from Context where name like 'E0%' or name is stem2 or name like '%lock%'",
        "Context",
        lambda c: c.name.startswith("E0") or c.name == "stem2" or "lock" in c.name,
        lambda e: (e.entity_type, e["name"]),
        lambda c: ("Project" if c.kind == "project" else c.object_type.name, c.name),
    ),
    Values(
        "concrete_types_of_resources",
        "Resource",
        "Resource",
        lambda r: True,
        lambda e: e.entity_type,
        lambda r: r.resource_type.capitalize(),
    ),
    Values(
        "link",
        "select link from Task where name is editorial",
        "Task",
        lambda t: t.name == "editorial",
        lambda e: [(each["id"], each["name"]) for each in e["link"]],
        lambda t: [(c.id, c.name) for c in (t.project, *reversed(t.ancestors), t)],
    ),
    Values(
        "time_logged",
        "select time_logged, bid_time_logged_difference from Task where name is texture",
        "Task",
        lambda t: t.name == "texture",
        lambda e: (e["time_logged"], e["bid_time_logged_difference"]),
        lambda t: (t.time_logged, t.bid - t.time_logged),
    ),
    Values(
        "custom_attributes_are_dense",
        "select custom_attributes from Shot where name like 'sq_04%' or name like 'MER01_02%'",
        "Shot",
        lambda s: s.name.startswith(("sq_04", "MER01_02")),
        lambda e: {key: plain(value) for key, value in e["custom_attributes"].items()},
        dense,
    ),
    Values(
        "metadata",
        "select metadata.key, metadata.value from Project",
        "Project",
        lambda p: True,
        lambda e: dict(e["metadata"].items()),
        lambda p: {m.key: m.value for m in p.metadata},
    ),
    Values(
        "ancestors_and_descendants",
        "select ancestors.name, descendants.name from Sequence where parent.name is E02_Sparks",
        "Sequence",
        lambda s: s.parent.name == "E02_Sparks",
        lambda e: (sorted(a["name"] for a in e["ancestors"]), sorted(d["name"] for d in e["descendants"])),
        lambda s: (sorted(a.name for a in s.ancestors), sorted(d.name for d in s.descendants)),
    ),
    Values(
        "list_items",
        "select name, items.name from TypedContextList",
        "TypedContextList",
        lambda x: True,
        lambda e: (e["name"], sorted(item["id"] for item in e["items"])),
        lambda x: (x.name, sorted(item.id for item in x.items)),
    ),
]


@pytest.mark.parametrize("case", PROJECTIONS, ids=lambda case: case.id)
def test_a_projection_brings_the_values(case, studio, ask, key_of, ftrack_session):
    # What the reply lacks is then not asked for again, and shows.
    with ftrack_session.auto_populating(False):
        found = {key_of(entity): case.read(entity) for entity in ask(case.expression)}
    wanted = {row.identity: case.wanted(row) for row in studio.where(case.entity_type, case.predicate)}
    assert wanted
    assert found == wanted


def task_with_metadata(studio: Studio) -> Row:
    return next(task for task in studio.all("Task") if task.metadata)


def component_in(studio: Studio, location: str) -> Row:
    return next(each for each in studio.all("ComponentLocation") if each.location.name == location)


def by_client(id: str, expression: Callable[[Studio], str], answer: Callable[[Studio], Any]) -> Case:
    return Case(id, expression, answer)


def tasks(studio: Studio) -> list[Row]:
    return studio.all("Task")[:2]


#: Queries the Python client makes by itself. Source: protocol reference 3.9.
BY_CLIENT = [
    by_client(
        "user_by_name",
        lambda s: 'select username from User where username is "kim.ek" limit 2',
        lambda s: [s.one("User", username="kim.ek")],
    ),
    by_client(
        "scalar_read",
        lambda s: f"select bid from Task where id is {tasks(s)[0].id} offset 0 limit 500",
        lambda s: tasks(s)[:1],
    ),
    by_client(
        "relation_read",
        lambda s: f"select status.id from Task where id is {tasks(s)[0].id} offset 0 limit 500",
        lambda s: tasks(s)[:1],
    ),
    by_client(
        "relation_read_with_defaults",
        lambda s: (
            "select parent.context_type, parent.id, parent.name from Task"
            f" where id is {tasks(s)[0].id} offset 0 limit 500"
        ),
        lambda s: tasks(s)[:1],
    ),
    by_client(
        "populate",
        lambda s: (
            "select status.name, bid from Task"
            f" where id in ({tasks(s)[0].id},{tasks(s)[1].id}) offset 0 limit 500"
        ),
        tasks,
    ),
    by_client(
        "get",
        lambda s: (
            f'select context_type, id, name from Task where (id is "{tasks(s)[0].id}") offset 0 limit 500'
        ),
        lambda s: tasks(s)[:1],
    ),
    by_client(
        "get_by_two_keys",
        lambda s: (
            "select parent_id, key, value, parent_type from Metadata where"
            f' (parent_id is "{task_with_metadata(s).id}" and key is "legacy_path") offset 0 limit 500'
        ),
        lambda s: task_with_metadata(s).metadata,
    ),
    by_client(
        "populate_by_two_keys_without_a_blank",
        lambda s: (
            "select value from Metadata where"
            f' (parent_id is "{task_with_metadata(s).id}"and key is "legacy_path") offset 0 limit 500'
        ),
        lambda s: task_with_metadata(s).metadata,
    ),
    by_client(
        "populate_several_by_two_keys",
        lambda s: (
            "select value from Metadata"
            f' where (parent_id is "{task_with_metadata(s).id}"and key is "legacy_path")'
            f' or (parent_id is "{s.one("Project", name="stem2").id}"and key is "Farbe") offset 0 limit 500'
        ),
        lambda s: [
            *task_with_metadata(s).metadata,
            *(m for m in s.one("Project", name="stem2").metadata if m.key == "Farbe"),
        ],
    ),
    by_client(
        "component_locations_of_some",
        lambda s: (
            "select component_id, resource_identifier from ComponentLocation where location_id is"
            f" 3a372bde-05bc-11e4-8908-20c9d081909b and component_id in"
            f" ({component_in(s, 'ftrack.server').component_id},"
            f" {component_in(s, 'ftrack.unmanaged').component_id})"
            " offset 0 limit 500"
        ),
        lambda s: [component_in(s, "ftrack.server")],
    ),
    by_client(
        "component_location_of_one",
        lambda s: (
            "select id from ComponentLocation where component_id is"
            f" {component_in(s, 'ftrack.unmanaged').component_id}"
            " and location_id is cb268ecc-8809-11e3-a7e2-20c9d081909b"
        ),
        lambda s: [component_in(s, "ftrack.unmanaged")],
    ),
    by_client(
        "timer",
        lambda s: f'select id from Timer where user_id = "{s.all("Timer")[0].user_id}" limit 2',
        lambda s: s.all("Timer"),
    ),
    by_client(
        "schema_status",
        lambda s: (
            f"select task_status from SchemaStatus where schema_id is {s.all('SchemaStatus')[0].schema_id}"
        ),
        lambda s: s.rows_by("schema_status", "schema_id", s.all("SchemaStatus")[0].schema_id),
    ),
    by_client(
        "schema_type",
        lambda s: f"select task_type from SchemaType where schema_id is {s.all('SchemaType')[0].schema_id}",
        lambda s: s.rows_by("schema_type", "schema_id", s.all("SchemaType")[0].schema_id),
    ),
    by_client(
        "configurations",
        lambda s: (
            "select key, project_id, id, object_type_id, entity_type, is_hierarchical"
            " from CustomAttributeConfiguration"
        ),
        lambda s: s.all("CustomAttributeConfiguration"),
    ),
    by_client(
        "storage_scenario",
        lambda s: 'select value from Setting where name is "storage_scenario" and group is "STORAGE"',
        lambda s: [s.one("Setting", name="storage_scenario")],
    ),
    by_client(
        "ensure",
        lambda s: (
            'select id from Task where name is "editorial" and bid is'
            f" {s.one('Task', name='editorial').bid}"
            f" and parent_id is {s.one('Task', name='editorial').parent_id}"
            " and description is_not None limit 2"
        ),
        lambda s: (
            [s.one("Task", name="editorial")]
            if s.one("Task", name="editorial").description is not None
            else []
        ),
    ),
    by_client(
        "several_for_none",
        lambda s: "select thumbnail.id, thumbnail from User where thumbnail_id is None offset 0 limit 500",
        lambda s: s.where("User", lambda u: u.thumbnail_id is None),
    ),
]


@pytest.mark.parametrize("case", BY_CLIENT, ids=lambda case: case.id)
def test_what_the_client_asks_by_itself_is_understood(case, studio, ask, key_of):
    assert {key_of(entity) for entity in ask(case.text(studio))} == {
        row.identity for row in case.answer(studio)
    }


def test_get_answers_an_entity_with_its_values_or_none(studio, ftrack_session):
    task = studio.one("Task", name="editorial")
    assert ftrack_session.get("Task", task.id)["name"] == "editorial"
    assert ftrack_session.get("TypedContext", task.id).entity_type == "Task"
    assert ftrack_session.get("Task", "00000000-0000-0000-0000-000000000000") is None
    row = task_with_metadata(studio).metadata[0]
    assert ftrack_session.get("Metadata", [row.parent_id, "legacy_path"])["value"] == row.value


def test_every_selected_attribute_is_answered_with_null_where_there_is_nothing(studio, ftrack_sandbox):
    note = next(note for note in studio.all("Note") if not note.category and not note.in_reply_to)
    expression = f"select category.name, in_reply_to, completed_at, replies from Note where id is {note.id}"
    (row,) = raw(ftrack_sandbox, expression)["data"]
    assert {name: row[name] for name in ("category", "in_reply_to", "completed_at")} == {
        "category": None,
        "in_reply_to": None,
        "completed_at": None,
    }
    assert [each["id"] for each in row["replies"]] == [each.id for each in note.replies]


#: Cases of the language test that go through `Session.query` as well.
THROUGH_QUERY = (
    "is", "like_percent", "not_in_as_two_words", "escaped_double_quote", "date_offset_east", "none",
    "and_binds_tighter_on_the_right", "path_four", "path_through_two_collections",
    "any_nested_three_deep", "not_any_empty", "has_nested", "context_both_kinds", "component", "resource",
    "list",
    "attribute_number", "attribute_enumerator", "attribute_hierarchical_of_project", "metadata_path",
    "ancestors_name",
    "lists_of_tasks", "note_recipients", "subquery_nested_three", "private_tasks", "all_AssetVersion",
    "order_through_relation", "order_nothing_first", "order_hostile_names",
)  # fmt: skip


@pytest.mark.parametrize("name", THROUGH_QUERY)
def test_the_same_through_the_clients_own_query(name, studio, ftrack_session, key_of):
    case = BY_ID[name]
    found = [key_of(entity) for entity in ftrack_session.query(case.text(studio))]
    wanted = [row.identity for row in case.answer(studio)]
    assert found == wanted if case.sorted else set(found) == set(wanted)
    assert len(found) == len(wanted)


def test_pages_of_the_client_put_together_are_the_whole(studio, ftrack_session):
    wanted = [task.id for task in ordered(studio.where("Task", lambda t: t.name == "lighting"))]
    result = ftrack_session.query("select id from Task where name is lighting order by id", page_size=100)
    assert [task["id"] for task in result] == wanted
    assert ftrack_session.query("Task where name is lighting order by id").first()["id"] == wanted[0]
    assert [
        each["id"] for each in ftrack_session.query("Task where name is lighting order by id limit 3")
    ] == wanted[:3]


def test_a_full_page_tells_where_the_next_one_begins(ftrack_sandbox):
    def following(expression):
        return raw(ftrack_sandbox, expression)["metadata"]["next"]["offset"]

    assert following("Status limit 1") == 1
    assert following("Status limit 2") == 2
    assert following("Status offset 3 limit 5") == 8
    assert following("Status limit 500") is None
    assert following("Status") is None


@pytest.mark.parametrize("quote", ['"', "'"], ids=["double", "single"])
def test_every_odd_name_of_the_studio_is_found_by_its_quoted_text(quote, studio, ftrack_session):
    folder = studio.one("Folder", name="Alt-Import 2019 (nicht löschen!)")
    builds = [each for each in folder.children if each.object_type.name == "Asset Build"]
    assert len(builds) > 30
    expressions = []
    for build in builds:
        text = build.name.replace("\\", "\\\\").replace(quote, f"\\{quote}")
        expressions.append(f"AssetBuild where parent_id is {folder.id} and name is {quote}{text}{quote}")
    answers = ftrack_session.call([{"action": "query", "expression": each} for each in expressions])
    found = [[each["id"] for each in answer["data"]] for answer in answers]
    assert found == [[build.id] for build in builds]


def test_every_odd_name_is_found_among_all_in_one_list(studio, ask):
    folder = studio.one("Folder", name="Alt-Import 2019 (nicht löschen!)")
    names = sorted({child.name for child in folder.children})
    quoted = ", ".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names)
    found = ask(f"select name from AssetBuild where name in ({quoted})")
    assert sorted(each["name"] for each in found) == names


def test_a_backslash_before_an_ordinary_letter_stays(studio, ask):
    # The JavaScript client escapes quotes, but not backslashes. Source: protocol reference 3.3.
    (build,) = ask(r'select name from AssetBuild where name is "back\slash"')
    assert build["id"] == studio.one("AssetBuild", name="back\\slash").id


def test_a_grant_makes_the_private_project_appear(studio, ftrack_sandbox, ask):
    assert ask("Project where name is sol_levante") == []
    hidden = studio.private[0]
    ftrack_sandbox.grant_project(hidden)
    try:
        assert [each["id"] for each in ask("Project where name is sol_levante")] == [hidden]
        assert ask("Task where project.name is sol_levante limit 1")
        assert ask("Component where container.version.asset.parent.project_id is " + hidden + " limit 1")
    finally:
        ftrack_sandbox.reset()


def raw(sandbox: Any, expression: str, **headers: str) -> Any:
    """Return the answer to one query as it comes over the wire."""
    answer = requests.post(
        f"{sandbox.url}/api",
        data=json.dumps([{"action": "query", "expression": expression}]),
        headers={
            "ftrack-user": sandbox.api_user,
            "ftrack-api-key": sandbox.api_key,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()[0]


def groups(sandbox: Any, expression: str) -> list[dict[str, Any]]:
    """Return the rows of a grouped query. Source: protocol reference 3.7."""
    rows: list[dict[str, Any]] = raw(sandbox, expression, ftrack_strict_api="true")["data"]
    return rows


def grouped(rows: list[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def test_counts_by_one_attribute(studio, ftrack_sandbox):
    rows = groups(
        ftrack_sandbox,
        "select count(id), status_id from Task where project.name is stem2 group by status_id",
    )
    wanted = grouped(studio.where("Task", lambda t: t.project.name == "stem2"), lambda t: t.status_id)
    assert {row["status_id"]: row["count_id"] for row in rows} == {
        key: len(each) for key, each in wanted.items()
    }
    assert all(set(row) == {"status_id", "count_id"} for row in rows)


def test_all_functions_by_two_attributes(studio, ftrack_sandbox):
    rows = groups(
        ftrack_sandbox,
        "select count(id), sum(bid), avg(bid), min(bid), max(bid), type_id, project_id from Task"
        " where bid > 0 group by type_id, project_id",
    )
    wanted = grouped(studio.where("Task", lambda t: t.bid > 0), lambda t: (t.type_id, t.project_id))
    assert {(row["type_id"], row["project_id"]) for row in rows} == set(wanted)
    for row in rows:
        bids = [task.bid for task in wanted[row["type_id"], row["project_id"]]]
        assert (row["count_id"], row["sum_bid"], row["min_bid"], row["max_bid"]) == (
            len(bids),
            sum(bids),
            min(bids),
            max(bids),
        )
        assert row["avg_bid"] == pytest.approx(sum(bids) / len(bids))


def test_a_group_of_nothing_and_functions_that_pass_over_nothing(studio, ftrack_sandbox):
    rows = groups(
        ftrack_sandbox, "select count(id), count(completed_at), category_id from Note group by category_id"
    )
    wanted = grouped(studio.all("Note"), lambda n: n.category_id)
    assert None in wanted
    assert {row["category_id"]: (row["count_id"], row["count_completed_at"]) for row in rows} == {
        key: (len(each), sum(note.completed_at is not None for note in each)) for key, each in wanted.items()
    }


def test_groups_through_a_relation_in_order_with_a_limit(studio, ftrack_sandbox):
    rows = groups(
        ftrack_sandbox,
        "select count(id), status.name from Shot group by status.name order by status.name desc limit 2",
    )
    wanted = grouped(studio.all("Shot"), lambda s: s.status.name)
    assert [(row["status.name"], row["count_id"]) for row in rows] == [
        (name, len(wanted[name])) for name in sorted(wanted, reverse=True)[:2]
    ]


def test_aggregates_without_groups_are_one_row(studio, ftrack_sandbox):
    (row,) = groups(
        ftrack_sandbox, "select count(id), sum(duration) from Timelog where user.username is tom.becker"
    )
    logs = studio.where("Timelog", lambda x: x.user.username == "tom.becker")
    assert row == {"count_id": len(logs), "sum_duration": sum(each.duration for each in logs)}
    (row,) = groups(ftrack_sandbox, "select count(id) from Task where project.name is sol_levante")
    assert row == {"count_id": 0}
