"""A sample of the studio, made once more through `/api`: the rows must be the seed's."""

import collections
from collections.abc import Iterator
from typing import Any

import ftrack_api
import pytest
import sqlalchemy

from ftrack_sandbox import seed
from ftrack_sandbox.encode import to_wire
from ftrack_sandbox.sandbox import Sandbox
from ftrack_sandbox.schema.model import Kind

Row = dict[str, Any]

#: What a caller cannot choose: the server writes it by itself.
SERVER_MADE = {"is_latest_version", "thread_activity"}


@pytest.fixture(scope="module")
def demo() -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = collections.defaultdict(list)
    for table, rows in seed.rows("demo"):
        tables[table] += rows
    return tables


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed="empty") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def sample(demo: dict[str, list[Row]]) -> list[tuple[str, str, Row]]:
    """(type, table, row) of one noted version, what it hangs on and what hangs on it."""
    tables = {name: {row.get("id"): row for row in rows} for name, rows in demo.items()}
    note = next(row for row in demo["note"] if row["parent_type"] == "AssetVersion" and row["category_id"])
    asset = tables["asset"][tables["asset_version"][note["parent_id"]]["asset_id"]]
    versions = [row for row in demo["asset_version"] if row["asset_id"] == asset["id"]]
    chain = [tables["context"][versions[0]["task_id"]]]
    while chain[0]["context_type"] == "task":
        chain.insert(0, tables["context"][chain[0]["parent_id"]])
    task = chain[-1]
    known = [*chain, asset, *versions, note]
    appointments = [row for row in demo["appointment"] if row["context_id"] == task["id"]]
    logs = [row for row in demo["timelog"] if row["context_id"] == task["id"]]
    people = {row["user_id"] for row in [*versions, *logs, note]} | {
        row["resource_id"] for row in appointments
    }
    people |= {row["created_by_id"] for row in chain}
    users = [row for row in demo["resource"] if row["id"] in people and row["resource_type"] == "user"]
    pictures = {row["thumbnail_id"] for row in [*known, *users] if row.get("thumbnail_id")}
    kinds = {row["id"]: row["name"].replace(" ", "") for row in demo["object_type"]}
    return [
        *(("Disk", "disk", row) for row in demo["disk"]),
        *(("User", "resource", row) for row in users),
        *(("FileComponent", "component", tables["component"][key]) for key in sorted(pictures)),
        *((kinds.get(row.get("object_type_id"), "Project"), "context", row) for row in chain),
        ("Asset", "asset", asset),
        *(("AssetVersion", "asset_version", row) for row in versions),
        ("Note", "note", note),
        *(("Appointment", "appointment", row) for row in appointments),
        *(("Timelog", "timelog", row) for row in logs),
    ]


#: Columns in which the API puts its own moment and caller, whatever is sent.
STAMPED = {"created_at", "created_by_id", "thread_activity"}


def create(sandbox: Sandbox, name: str, row: Row) -> Row:
    """The operation that creates *row*: its columns, where the type has attributes of the name."""
    attributes = sandbox.store.schema.find(name).attributes
    data = {
        column: to_wire(value)
        for column, value in row.items()
        if value is not None and column in attributes and attributes[column].kind is Kind.SCALAR
    }
    return {
        "action": "create",
        "entity_type": name,
        "entity_key": [row["id"]],
        "entity_data": {"__entity_type__": name, **{k: v for k, v in data.items() if k not in SERVER_MADE}},
    }


def test_a_sample_made_through_the_api_has_the_rows_of_the_seed(
    sandbox: Sandbox, sample: list[tuple[str, str, Row]], demo: dict[str, list[Row]]
) -> None:
    assert {name for name, _, _ in sample} >= {
        "Project",
        "Task",
        "AssetVersion",
        "Note",
        "User",
        "Appointment",
    }
    with ftrack_api.Session(
        sandbox.url,
        api_key=sandbox.api_key,
        api_user=sandbox.api_user,
        plugin_paths=[],
        schema_cache_path=False,
    ) as session:
        session.call([create(sandbox, name, row) for name, _, row in sample])
    tables = sandbox.store.schema.metadata.tables
    made = {row["id"] for _, _, row in sample}
    with sandbox.store.read() as connection:
        for _, table, row in sample:
            select = sqlalchemy.select(tables[table]).where(tables[table].c.id == row["id"])
            found = connection.execute(select).mappings().one()
            ours = {column: value for column, value in row.items() if column not in STAMPED}
            assert {column: found[column] for column in ours} == ours
        closure = {tuple(pair) for pair in connection.execute(sqlalchemy.select(tables["context_ancestor"]))}
    expected = {(row["ancestor_id"], row["descendant_id"]) for row in demo["context_ancestor"]}
    assert closure == {pair for pair in expected if pair[1] in made}
