"""What the seeds hold, read as plain rows."""

import collections
import datetime
import io
import itertools
import json
from collections.abc import Iterable
from typing import Any

import pytest
from PIL import Image

from ftrack_sandbox import seed
from ftrack_sandbox.seed.cut import films
from ftrack_sandbox.seed.row import BATCH_ROWS

Rows = dict[str, list[dict[str, Any]]]

TASK = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"
SHOT = "bad911de-3bd6-47b9-8b46-3476e237cb36"
SERVER = "3a372bde-05bc-11e4-8908-20c9d081909b"


class Files:
    """Keeps what would be written."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    def write(self, component_id: str, data: bytes) -> None:
        assert component_id not in self.data
        self.data[component_id] = data


def collect(batches: Iterable[tuple[str, list[dict[str, Any]]]]) -> Rows:
    tables: Rows = collections.defaultdict(list)
    for table, rows in batches:
        tables[table] += rows
    return tables


@pytest.fixture(scope="module")
def files() -> Files:
    return Files()


@pytest.fixture(scope="module")
def demo(files: Files) -> Rows:
    return collect(seed.rows("demo", 1, files))


def by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows}


def tasks(tables: Rows) -> list[dict[str, Any]]:
    return [row for row in tables["context"] if row.get("object_type_id") == TASK]


def projects(tables: Rows) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in tables["context"] if row["context_type"] == "show"}


def test_unknown_seeds_and_scales_are_refused() -> None:
    with pytest.raises(ValueError, match="no seed 'dmeo'"):
        seed.rows("dmeo")
    with pytest.raises(ValueError, match="at least 1"):
        seed.rows("demo", 0)


def test_two_runs_give_equal_rows_and_files(demo: Rows, files: Files) -> None:
    again = Files()
    assert collect(seed.rows("demo", 1, again)) == demo
    assert again.data == files.data


def test_rows_do_not_depend_on_whether_files_are_written(demo: Rows) -> None:
    assert collect(seed.rows("demo")) == demo


def test_rows_of_a_batch_have_the_same_keys() -> None:
    for _, rows in seed.rows("demo", 2):
        assert 0 < len(rows) <= BATCH_ROWS
        assert {tuple(row) for row in rows} == {tuple(rows[0])}


def test_scale_three_has_three_times_the_tasks_and_holds_all_of_scale_one(demo: Rows) -> None:
    large = collect(seed.rows("demo", 3))
    assert len(tasks(large)) == 3 * len(tasks(demo))
    for table, rows in demo.items():
        known = {tuple(map(repr, row.items())) for row in large[table]}
        assert all(tuple(map(repr, row.items())) in known for row in rows), table


def test_rows_are_made_while_they_are_taken() -> None:
    # Anything that made them all first would not come back from this.
    begun = collect(itertools.islice(seed.rows("demo", 1_000_000), 60))
    assert 3_000 < len(begun["context"]) < 100_000


def test_there_are_three_shows_of_different_build(demo: Rows) -> None:
    shows = projects(demo)
    kinds = {row["id"]: row["name"] for row in demo["object_type"]}
    build = {
        name: {
            kinds[row["object_type_id"]]
            for row in demo["context"]
            if row["context_type"] == "task" and row["project_id"] == show["id"]
        }
        for name, show in shows.items()
    }
    assert build == {
        "open_shorts": {"Episode", "Sequence", "Shot", "Asset Build", "Task"},
        "stem2": {"Folder", "Sequence", "Shot", "Asset Build", "Milestone", "Task"},
        "sol_levante": {"Sequence", "Shot", "Task"},
    }
    assert [name for name, show in shows.items() if show["is_private"]] == ["sol_levante"]
    assert len({show["project_schema_id"] for show in shows.values()}) == 2


def test_two_thousand_tasks_are_in_open_shows(demo: Rows) -> None:
    private = projects(demo)["sol_levante"]["id"]
    assert sum(row["project_id"] != private for row in tasks(demo)) >= 2000


def test_shots_have_the_lengths_and_rates_of_the_films(demo: Rows) -> None:
    keys = {row["id"]: row["key"] for row in demo["custom_attribute_configuration"]}
    values: dict[str, dict[str, Any]] = collections.defaultdict(dict)
    for row in demo["custom_attribute_value"]:
        values[row["entity_id"]][keys[row["configuration_id"]]] = row["value"]
    found = collections.Counter(
        (values[row["id"]]["fps"], values[row["id"]]["fend"] - values[row["id"]]["fstart"] + 1)
        for row in demo["context"]
        if row.get("object_type_id") == SHOT
    )
    assert found == collections.Counter(
        (film.fps, cut.frames) for film in films().values() for cut in film.cuts
    )


def test_films_are_read_as_written() -> None:
    assert {name: (film.fps, len(film.cuts)) for name, film in films().items()} == {
        "Meridian": (59.94, 82),
        "Sparks": (59.94, 39),
        "StEM2": (24.0, 195),
        "Sol Levante": (24.0, 72),
        "Sol Levante (animatic)": (23.976, 62),
    }
    assert [cut.frames for cut in films()["Meridian"].cuts[:3]] == [251, 241, 234]
    assert films()["Meridian"].cuts[-1].name == "Credits"


def test_siblings_have_different_names(demo: Rows) -> None:
    # That a real server forbids it is unknown; a seed that has none fits both.
    names = collections.Counter(
        (row["parent_id"], row["object_type_id"], row["name"])
        for row in demo["context"]
        if row["context_type"] == "task"
    )
    assert max(names.values()) == 1


def test_users_hold_roles_from_restricted_to_administrator(demo: Rows) -> None:
    users = [row for row in demo["resource"] if row["resource_type"] == "user"]
    roles = {row["id"]: row["name"] for row in demo["security_role"]}
    held = collections.Counter(roles[row["security_role_id"]] for row in demo["user_security_role"])
    assert len(users) == 20
    assert [row["username"] for row in users if not row["is_active"]] == ["ingrid.solberg"]
    assert held == {"User": 13, "Project manager": 3, "Administrator": 2, "Restricted user": 2}


@pytest.mark.parametrize("name", seed.NAMES)
def test_the_service_user_is_an_active_administrator_of_everything(name: str) -> None:
    tables = collect(seed.rows(name))
    user = next(row for row in tables["resource"] if row.get("username") == seed.SERVICE_USER)
    role = next(row for row in tables["user_security_role"] if row["user_id"] == user["id"])
    assert user["is_active"] and role["is_all_projects"]
    assert by_id(tables["security_role"])[role["security_role_id"]]["name"] == "Administrator"


def test_assigned_people_reach_the_show_they_work_on(demo: Rows) -> None:
    shows = {row["id"]: row for row in projects(demo).values()}
    roles = {row["user_id"]: row for row in demo["user_security_role"]}
    listed = {(row["user_security_role_id"], row["project_id"]) for row in demo["user_security_role_project"]}
    project_of = {row["id"]: row["project_id"] for row in demo["context"]}
    for row in demo["appointment"]:
        role = roles.get(row["resource_id"])
        if role is None:
            continue
        show = shows[project_of[row["context_id"]]]
        is_open = role["is_all_open_projects"] and not show["is_private"]
        assert role["is_all_projects"] or is_open or (role["id"], show["id"]) in listed


def test_statuses_and_types_are_those_the_project_schema_offers(demo: Rows) -> None:
    schemes = by_id(demo["project_schema"])
    flows: dict[str, set[str]] = collections.defaultdict(set)
    for row in demo["workflow_schema_status"]:
        flows[row["workflow_schema_id"]].add(row["status_id"])
    offered = {(row["task_type_schema_id"], row["type_id"]) for row in demo["task_type_schema_type"]}
    overrides = {
        (row["project_schema_id"], row["type_id"]): row["workflow_schema_id"]
        for row in demo["project_schema_override"]
    }
    schemas = {(row["project_schema_id"], row["type_id"]): row["id"] for row in demo["schema"]}
    statuses = {(row["schema_id"], row["status_id"]) for row in demo["schema_status"]}
    types = {(row["schema_id"], row["type_id"]) for row in demo["schema_type"]}
    scheme_of = {row["id"]: row["project_schema_id"] for row in projects(demo).values()}
    used_overrides = set()
    for row in demo["context"]:
        if row["context_type"] == "show":
            continue
        scheme = schemes[scheme_of[row["project_id"]]]
        if row["object_type_id"] == TASK:
            override = (scheme["id"], row["type_id"])
            used_overrides.add(override)
            assert row["status_id"] in flows[overrides.get(override, scheme["task_workflow_schema_id"])]
            assert (scheme["task_type_schema_id"], row["type_id"]) in offered
        else:
            schema = schemas[scheme["id"], row["object_type_id"]]
            assert (schema, row["status_id"]) in statuses
            assert (schema, row["type_id"]) in types
    assert used_overrides & set(overrides)


def test_every_status_in_use_and_every_state_occurs_among_tasks(demo: Rows) -> None:
    statuses = by_id(demo["status"])
    states = {row["id"]: row["short"] for row in demo["state"]}
    found = {states[statuses[row["status_id"]]["state_id"]] for row in tasks(demo)}
    assert found == {"NOT_STARTED", "IN_PROGRESS", "DONE", "BLOCKED"}


def test_dates_run_forward_and_some_tasks_have_none(demo: Rows) -> None:
    dated = [row for row in tasks(demo) if row["start_date"]]
    assert len(tasks(demo)) > len(dated) > 0.9 * len(tasks(demo))
    assert all(row["start_date"] < row["end_date"] for row in dated)
    assert all(row["bid"] > 0 and row["bid"] % 900 == 0 for row in dated)
    times = [value for rows in demo.values() for row in rows for value in row.values()]
    moments = [value for value in times if isinstance(value, datetime.datetime)]
    assert moments and all(value.tzinfo is None and value.microsecond == 0 for value in moments)


def test_ancestors_are_the_typed_contexts_up_to_the_project(demo: Rows) -> None:
    contexts = by_id(demo["context"])
    expected = set()
    for row in demo["context"]:
        parent = contexts.get(row["parent_id"])
        while parent is not None and parent["context_type"] == "task":
            expected.add((parent["id"], row["id"]))
            parent = contexts.get(parent["parent_id"])
    found = [(row["ancestor_id"], row["descendant_id"]) for row in demo["context_ancestor"]]
    assert set(found) == expected
    assert len(found) == len(expected)


def test_versions_count_up_and_the_last_is_the_latest(demo: Rows) -> None:
    versions: dict[str, list[dict[str, Any]]] = collections.defaultdict(list)
    for row in demo["asset_version"]:
        versions[row["asset_id"]].append(row)
    assert versions.keys() == {row["id"] for row in demo["asset"]}
    for rows in versions.values():
        assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
        assert [row["is_latest_version"] for row in rows] == [*[False] * (len(rows) - 1), True]
    assert max(map(len, versions.values())) == 5


def test_every_component_on_the_server_has_a_picture_of_its_size(demo: Rows, files: Files) -> None:
    placed = {row["component_id"] for row in demo["component_location"] if row["location_id"] == SERVER}
    assert placed == files.data.keys()
    assert 100 < len(placed) < 1000
    components = by_id(demo["component"])
    assert all(components[key]["size"] == len(data) for key, data in files.data.items())
    assert {components[key]["file_type"] for key in placed} == {".jpg", ".png"}
    for key, data in itertools.islice(files.data.items(), 40):
        with Image.open(io.BytesIO(data)) as image:
            assert components[key]["file_type"] == {"JPEG": ".jpg", "PNG": ".png"}[image.format or ""]
            image.load()


def test_shots_versions_users_and_projects_have_thumbnails(demo: Rows, files: Files) -> None:
    for table, minimum in (("context", 100), ("asset_version", 100), ("resource", 20)):
        shown = {row["thumbnail_id"] for row in demo[table] if row.get("thumbnail_id")}
        assert len(shown) >= minimum and shown <= files.data.keys()
    assert all(row["thumbnail_id"] in files.data for row in projects(demo).values())


def test_custom_attributes_of_every_type_occur_with_values_of_that_type(demo: Rows) -> None:
    kinds = {row["id"]: row["name"] for row in demo["custom_attribute_type"]}
    configurations = by_id(demo["custom_attribute_configuration"])
    fits = {
        "text": lambda value: isinstance(value, str),
        "boolean": lambda value: isinstance(value, bool),
        "date": lambda value: bool(datetime.datetime.fromisoformat(value)),
        "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        "enumerator": lambda value: isinstance(value, list),
        "dynamic enumerator": lambda value: isinstance(value, list),
    }
    stored = collections.Counter[str]()
    for row in demo["custom_attribute_value"]:
        kind = kinds[configurations[row["configuration_id"]]["type_id"]]
        stored[kind] += 1
        assert fits[kind](row["value"]), row
    assert stored.keys() == fits.keys()
    values = [row for row in configurations.values() if row["configuration_type"] == "value"]
    assert {kinds[row["type_id"]] for row in values} == {*fits, "expression"}
    assert {row["entity_type"] for row in values} == {"task", "show", "assetversion", "asset", "user", "list"}
    assert any(row["is_hierarchical"] for row in values)
    assert any(row["project_id"] for row in values)


def test_enumerators_hold_their_choices_as_json_within_json_and_values_are_among_them(demo: Rows) -> None:
    kinds = {row["id"]: row["name"] for row in demo["custom_attribute_type"]}
    choices = {
        row["id"]: {each["value"] for each in json.loads(json.loads(row["config"])["data"])}
        for row in demo["custom_attribute_configuration"]
        if kinds.get(row.get("type_id")) == "enumerator"
    }
    chosen = [row for row in demo["custom_attribute_value"] if row["configuration_id"] in choices]
    assert chosen
    assert all(set(row["value"]) <= choices[row["configuration_id"]] for row in chosen)


def test_the_budget_is_for_managers_only(demo: Rows) -> None:
    budget = next(row["id"] for row in demo["custom_attribute_configuration"] if row["key"] == "budget")
    roles = {row["id"]: row["name"] for row in demo["security_role"]}
    readers = {
        roles[row["security_role_id"]]
        for row in demo["configuration_read_role"]
        if row["configuration_id"] == budget
    }
    assert readers == {"Project manager", "Administrator", "API"}


def test_a_task_and_its_shot_tell_the_frame_rate_under_one_key(demo: Rows) -> None:
    configurations = [row for row in demo["custom_attribute_configuration"] if row["key"] == "fps"]
    assert {row["object_type_id"] for row in configurations} == {TASK, SHOT}
    on_tasks = next(row for row in configurations if row["object_type_id"] == TASK)
    rates = {
        row["value"] for row in demo["custom_attribute_value"] if row["configuration_id"] == on_tasks["id"]
    }
    # The rate that is the default needs no row.
    assert rates == {59.94, 23.976}
    assert on_tasks["default"] == 24


def texts(tables: Rows) -> set[str]:
    return {
        value
        for table in ("context", "note", "timelog", "asset_version")
        for row in tables[table]
        for value in row.values()
        if isinstance(value, str)
    }


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(lambda text: "ü" in text, id="umlaut"),
        pytest.param(lambda text: "灯台" in text, id="Japanese"),
        pytest.param(lambda text: any(ord(letter) > 0xFFFF for letter in text), id="emoji"),
        pytest.param(lambda text: '"' in text, id="quote"),
        pytest.param(lambda text: "," in text, id="comma"),
        pytest.param(lambda text: ";" in text, id="semicolon"),
        pytest.param(lambda text: "\n" in text, id="line break"),
        pytest.param(lambda text: "\r\n" in text, id="Windows line break"),
        pytest.param(lambda text: text.startswith("="), id="leading ="),
        pytest.param(lambda text: text.startswith("+"), id="leading +"),
        pytest.param(lambda text: text.startswith("-"), id="leading -"),
        pytest.param(lambda text: text.startswith("@"), id="leading @"),
        pytest.param(lambda text: text.startswith("\t"), id="leading tab"),
        pytest.param(lambda text: text.isdigit() and text.startswith("0"), id="leading zero"),
        pytest.param(lambda text: text.endswith(" "), id="trailing blank"),
        pytest.param(lambda text: text.startswith(" "), id="leading blank"),
        pytest.param(lambda text: len(text) > 200, id="long"),
        pytest.param(lambda text: "<script>" in text, id="script"),
        pytest.param(lambda text: "\\" in text, id="backslash"),
        pytest.param(lambda text: "%" in text, id="percent"),
    ],
)
def test_text_is_as_it_really_occurs(demo: Rows, test: Any) -> None:
    assert any(test(text) for text in texts(demo))


def test_notes_have_replies_labels_recipients_and_pictures(demo: Rows) -> None:
    notes = by_id(demo["note"])
    replies = [row for row in notes.values() if row["in_reply_to_id"]]
    assert replies and all(row["in_reply_to_id"] in notes for row in replies)
    labels = {row["note_id"]: row["label_id"] for row in demo["note_label_link"]}
    assert labels and all(notes[key]["category_id"] == label for key, label in labels.items())
    recipients = {(row["note_id"], row["resource_id"]) for row in demo["recipient"]}
    assert all((row["id"], row["user_id"]) in recipients for row in notes.values())
    assert demo["note_component"]
    assert any(row["completed_at"] for row in notes.values())


def test_the_empty_seed_has_settings_but_no_project() -> None:
    empty = collect(seed.rows("empty"))
    for table in ("context", "asset", "note", "appointment", "component", "custom_attribute_configuration"):
        assert table not in empty
    for table in ("object_type", "status", "type", "priority", "state", "asset_type", "location"):
        assert empty[table]
    assert len(empty["project_schema"]) == 1
    assert len(empty["resource"]) == 1
    assert empty["resource"][0]["thumbnail_id"] is None


def test_the_settings_of_both_seeds_are_the_same(demo: Rows) -> None:
    empty = collect(seed.rows("empty"))
    for table in ("object_type", "status", "type", "security_role", "location", "custom_attribute_type"):
        assert empty[table] == demo[table]
