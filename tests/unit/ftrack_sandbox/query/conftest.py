"""A small studio in memory, put there by hand, and how queries are run on it."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.pool import StaticPool

from ftrack_sandbox.query import ast, parse
from ftrack_sandbox.query.sql import Compiled, compile_query, related_statement
from ftrack_sandbox.schema import Schema, load_schema
from ftrack_sandbox.schema.model import EntityType

DAY = datetime.datetime(2024, 5, 3)

#: Type -> rows; `id` first. A caller of this studio sees project `show`, not `secret`.
STUDIO: dict[str, list[dict[str, Any]]] = {
    "Project": [
        {"id": "show", "name": "Show", "full_name": "The Show", "status": "active", "project_id": "show"},
        {"id": "secret", "name": "Secret", "status": "active", "project_id": "secret"},
    ],
    "Sequence": [{"id": "sq1", "name": "sq010", "parent_id": "show", "project_id": "show"}],
    "Shot": [
        {"id": "s1", "name": "sh010", "parent_id": "sq1", "project_id": "show", "status_id": "ready"},
        {"id": "s2", "name": "sh020", "parent_id": "sq1", "project_id": "show", "status_id": "gone"},
        {"id": "s3", "name": "sh030", "parent_id": "sq1", "project_id": "show"},
    ],
    "Task": [
        {"id": "t1", "name": "comp", "parent_id": "s1", "project_id": "show", "status_id": "ready",
         "type_id": "fx", "description": "First [A]", "bid": 3600.0, "sort": 2.0,
         "start_date": DAY + datetime.timedelta(hours=9, minutes=15)},
        {"id": "t2", "name": "anim", "parent_id": "s1", "project_id": "show", "status_id": "done",
         "type_id": "fx", "description": "first_a 50%", "bid": 7.5, "sort": 1.0, "start_date": DAY},
        {"id": "t3", "name": "comp", "parent_id": "s2", "project_id": "show", "bid": -1.0, "sort": 3.0},
        {"id": "t4", "name": "hidden", "parent_id": "secret", "project_id": "secret", "status_id": "ready"},
    ],
    "State": [{"id": "S1", "name": "Not started", "short": "NOT_STARTED"}, {"id": "S2", "short": "DONE"}],
    "Status": [
        {"id": "ready", "name": "Ready", "sort": 2, "is_active": True, "state_id": "S1"},
        {"id": "done", "name": "Done", "sort": 1, "is_active": False, "state_id": "S2"},
    ],
    "Type": [{"id": "fx", "name": "FX"}],
    "User": [
        {"id": "kim", "username": "kim", "first_name": "Kim", "is_active": True},
        {"id": "ab", "username": "ab", "first_name": 'A "quoted" \\ name', "is_active": False},
    ],
    "Group": [{"id": "team", "name": "Team", "local": True}],
    "Appointment": [
        {"id": "a1", "context_id": "t1", "resource_id": "kim", "type": "assignment"},
        {"id": "a2", "context_id": "t1", "resource_id": "ab", "type": "assignment"},
        {"id": "a3", "context_id": "t2", "resource_id": "team", "type": "assignment"},
        {"id": "a4", "context_id": "t2", "resource_id": "kim", "type": "allocation"},
    ],
    "Timelog": [
        {"id": "l1", "context_id": "t1", "user_id": "kim", "duration": 60.0},
        {"id": "l2", "context_id": "t1", "user_id": "ab", "duration": 30.0},
        {"id": "l3", "context_id": None, "user_id": "kim", "duration": 5.0},
    ],
    "Asset": [
        {"id": "as1", "name": "plate", "context_id": "s1"},
        {"id": "as2", "name": "orphan", "context_id": None},
    ],
    "AssetVersion": [
        {"id": "v1", "asset_id": "as1", "version": 1, "is_latest_version": False, "comment": "old",
         "task_id": "t1"},
        {"id": "v2", "asset_id": "as1", "version": 2, "is_latest_version": True, "comment": "new"},
    ],
    "Metadata": [
        {"parent_id": "t1", "key": "a", "value": "b", "parent_type": "Task"},
        {"parent_id": "t1", "key": "c", "value": "d", "parent_type": "Task"},
        {"parent_id": "t2", "key": "a", "value": "d", "parent_type": "Task"},
    ],
    "CustomAttributeConfiguration": [
        {"id": "cf1", "key": "fstart", "default": 1, "config": "{}"},
        {"id": "cf2", "key": "tags", "default": [], "config": "{}"},
        {"id": "cf3", "key": "approved", "default": None, "config": "{}"},
        {"id": "cf4", "key": "delivery", "default": None, "config": "{}"},
    ],
    "ContextCustomAttributeValue": [
        {"configuration_id": "cf1", "entity_id": "t1", "value": 1001},
        {"configuration_id": "cf1", "entity_id": "t2", "value": 12.5},
        {"configuration_id": "cf1", "entity_id": "t3", "value": "1001"},
        {"configuration_id": "cf1", "entity_id": "s1", "value": None},
        {"configuration_id": "cf2", "entity_id": "t1", "value": ["fx", "grün"]},
        {"configuration_id": "cf2", "entity_id": "t2", "value": []},
        {"configuration_id": "cf3", "entity_id": "t1", "value": True},
        {"configuration_id": "cf3", "entity_id": "t2", "value": 1},
        {"configuration_id": "cf4", "entity_id": "t1", "value": "2024-05-03T00:00:00"},
    ],
    "Setting": [
        {"name": "storage_scenario", "group": "STORAGE", "value": "{}"},
        {"name": "other", "group": "STORAGE", "value": "x"},
    ],
    "TypedContextLink": [{"id": "k1", "from_id": "t1", "to_id": "t2"}],
    "Event": [{"id": 7, "action": "change.status", "project_id": "show"}],
    "Job": [{"id": "j1", "status": "done", "type": "api_job", "user_id": "kim"}],
}  # fmt: skip
LINKS = {
    "context_ancestor": [
        {"ancestor_id": above, "descendant_id": below}
        for above, below in [
            ("sq1", "s1"), ("sq1", "s2"), ("sq1", "s3"), ("sq1", "t1"), ("sq1", "t2"), ("sq1", "t3"),
            ("s1", "t1"), ("s1", "t2"), ("s2", "t3"),
        ]
    ]
}  # fmt: skip


def seen(entity_type: EntityType, table: sqlalchemy.FromClause) -> sqlalchemy.ColumnElement[bool] | None:
    """Everything but what is in the project `secret`."""
    if "project_id" not in table.c or entity_type.table.name == "custom_attribute_configuration":
        return None
    return sqlalchemy.or_(table.c.project_id.is_(None), table.c.project_id == "show")


class Studio:
    """Runs expressions on the rows above, seen without the project `secret`."""

    def __init__(self, schema: Schema, connection: sqlalchemy.Connection) -> None:
        self.schema = schema
        self.connection = connection
        timelog = schema.metadata.tables["timelog"]
        self.expressions: Mapping[tuple[str, str], Any] = {
            ("context", "time_logged"): lambda table: (
                sqlalchemy.select(sqlalchemy.func.coalesce(sqlalchemy.func.sum(timelog.c.duration), 0))
                .where(timelog.c.context_id == table.c.id)
                .scalar_subquery()
            ),
        }

    def compile(self, expression: str) -> Compiled:
        return compile_query(parse(expression), self.schema, seen, self.expressions)

    def rows(self, expression: str) -> Sequence[Mapping[str, Any]]:
        return self.connection.execute(self.compile(expression).statement).mappings().all()

    def run(self, query: ast.Query) -> list[tuple[Any, ...]]:
        """The rows found, each as a tuple of the primary key."""
        compiled = compile_query(query, self.schema, seen, self.expressions)
        key = self.schema.find(query.entity_type).primary_key
        rows = self.connection.execute(compiled.statement).mappings()
        return [tuple(row[name] for name in key) for row in rows]

    def ids(self, expression: str) -> list[Any]:
        """The ids found (of values: their entity's), in the order of the answer."""
        return [row["id"] if "id" in row else row["entity_id"] for row in self.rows(expression)]

    def found(self, expression: str) -> str:
        """The ids found, sorted, with spaces between; one that comes twice is told twice."""
        return " ".join(sorted(map(str, self.ids(expression))))

    def related(self, type_name: str, path: str, keys: Sequence[Any]) -> list[tuple[Any, Any]]:
        """(owner's value, id of the related row) for one relation or collection."""
        projection = self.compile(f"select {path} from {type_name}").projection
        assert projection is not None
        (name, below), *_ = projection.relations.items()
        attribute = self.schema.reachable(projection.type, name)
        assert attribute is not None
        statement = related_statement(attribute, below, keys, self.schema, seen)
        return [(row["_owner"], row["id"]) for row in self.connection.execute(statement).mappings()]


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    schema = load_schema()
    engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool)
    schema.metadata.create_all(engine)
    with engine.begin() as connection:
        for name, rows in STUDIO.items():
            entity_type = schema.find(name)
            for row in rows:
                connection.execute(entity_type.table.insert(), {**entity_type.classifiers, **row})
        for name, rows in LINKS.items():
            connection.execute(schema.metadata.tables[name].insert(), rows)
        yield Studio(schema, connection)
    engine.dispose()
