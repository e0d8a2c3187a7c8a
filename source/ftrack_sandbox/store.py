"""The database: engine, transactions, reset. Knows no hub and no HTTP.

A write transaction notes every change it makes; the caller hands that list on after the commit.
"""

import contextlib
import dataclasses
import pathlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import event

from ftrack_sandbox.encode import Key
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import EntityType

#: Marks a connection whose transaction will write, for the engine's listeners.
_WRITES = "sandbox_writes"

#: Seconds to wait for another process that writes the same file.
_BUSY_S = 30

#: One bulk load: table name and rows.
Rows = Iterable[tuple[str, list[dict[str, Any]]]]


@dataclasses.dataclass(frozen=True)
class Change:
    """One row that a transaction made, changed or removed.

    *action* is `add`, `update` or `remove`; *old* and *new* map the columns concerned to their
    values; *row* is the whole row as it stands after the change (before it, for `remove`).
    """

    action: str
    entity_type: EntityType
    key: Key
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    row: Mapping[str, Any]


class Transaction:
    """One open write transaction. Used in the thread that opened it only."""

    def __init__(self, connection: sqlalchemy.Connection, schema: Schema) -> None:
        self.connection = connection
        self.schema = schema
        self.changes: list[Change] = []
        #: Called in order once everything is committed; must be quick and raise nothing.
        self.after_commit: list[Callable[[], None]] = []

    def fetch(self, entity_type: EntityType, key: Key) -> dict[str, Any] | None:
        """Return the row under *key* if it is one of *entity_type*, else None."""
        where = _is(entity_type, key)
        where += [entity_type.table.c[name] == value for name, value in entity_type.classifiers.items()]
        found = self.connection.execute(sqlalchemy.select(entity_type.table).where(*where)).mappings().first()
        return dict(found) if found is not None else None

    def exists(self, entity_type: EntityType, key: Key) -> bool:
        """Return whether the type's table has a row under *key*, be it of another type."""
        found = sqlalchemy.select(sqlalchemy.literal(1)).where(*_is(entity_type, key))
        return self.connection.execute(found.select_from(entity_type.table)).first() is not None

    def insert(self, entity_type: EntityType, row: Mapping[str, Any]) -> None:
        """Add *row* to the type's table, classifiers included."""
        whole: dict[str, Any] = {column.name: None for column in entity_type.table.columns}
        whole.update(entity_type.classifiers)
        whole.update(row)
        self.connection.execute(entity_type.table.insert(), whole)
        key = tuple(whole[name] for name in entity_type.primary_key)
        if entity_type.table.name == "context":
            self._place(key[0], whole["parent_id"])
            for child_id in self._children(key[0]):
                # Made earlier in the batch than the parent it names.
                self._move(child_id, key[0])
        given = {name: value for name, value in whole.items() if value is not None}
        self.changes.append(Change("add", entity_type, key, {}, given, whole))

    def update(self, entity_type: EntityType, key: Key, values: Mapping[str, Any]) -> dict[str, Any]:
        """Set columns of one row; return the row as it stands then.

        Only real differences are written and noted. Raises KeyError when there is no such row.
        """
        row = self.fetch(entity_type, key)
        if row is None:
            raise KeyError(key)
        new = {name: value for name, value in values.items() if row[name] != value}
        if new:
            old = {name: row[name] for name in new}
            self.connection.execute(entity_type.table.update().where(*_is(entity_type, key)), new)
            row.update(new)
            concrete = self.schema.concrete(entity_type, row)
            self.changes.append(Change("update", concrete, key, old, new, dict(row)))
            if entity_type.table.name == "context" and "parent_id" in new:
                self._move(key[0], new["parent_id"])
        return row

    def delete_rows(self, rows: Sequence[tuple[EntityType, Mapping[str, Any]]]) -> None:
        """Remove many rows of one table that were just read; the given types are their concrete ones."""
        if not rows:
            return
        entity_type = rows[0][0]
        keys = [tuple(row[name] for name in entity_type.primary_key) for _, row in rows]
        columns = [entity_type.table.c[name] for name in entity_type.primary_key]
        where = [column == sqlalchemy.bindparam(f"key_{index}") for index, column in enumerate(columns)]
        self.connection.execute(
            entity_type.table.delete().where(*where),
            [{f"key_{index}": part for index, part in enumerate(key)} for key in keys],
        )
        if entity_type.table.name == "context":
            self._displace([key[0] for key in keys])
        for (concrete, row), key in zip(rows, keys, strict=True):
            gone = {name: value for name, value in row.items() if value is not None}
            self.changes.append(Change("remove", concrete, key, gone, {}, dict(row)))

    def _displace(self, context_ids: Sequence[str]) -> None:
        closure = self.schema.metadata.tables["context_ancestor"]
        for column in ("ancestor_id", "descendant_id"):
            self.connection.execute(
                closure.delete().where(closure.c[column] == sqlalchemy.bindparam("gone")),
                [{"gone": context_id} for context_id in context_ids],
            )

    def _ancestors(self, parent_id: str | None) -> list[str]:
        """The typed contexts above a child of *parent_id*, the parent included."""
        closure = self.schema.metadata.tables["context_ancestor"]
        context = self.schema.metadata.tables["context"]
        above = sqlalchemy.select(closure.c.ancestor_id).where(closure.c.descendant_id == parent_id)
        found = list(self.connection.execute(above).scalars())
        kind = sqlalchemy.select(context.c.context_type).where(context.c.id == parent_id)
        if self.connection.execute(kind).scalar() == "task":
            found.append(str(parent_id))
        return found

    def _children(self, context_id: str) -> list[str]:
        context = self.schema.metadata.tables["context"]
        below = sqlalchemy.select(context.c.id).where(context.c.parent_id == context_id)
        return list(self.connection.execute(below).scalars())

    def _place(self, context_id: str, parent_id: str | None) -> None:
        rows = [
            {"ancestor_id": ancestor, "descendant_id": context_id} for ancestor in self._ancestors(parent_id)
        ]
        if rows:
            self.connection.execute(self.schema.metadata.tables["context_ancestor"].insert(), rows)

    def _move(self, context_id: str, parent_id: str | None) -> None:
        closure = self.schema.metadata.tables["context_ancestor"]
        below = sqlalchemy.select(closure.c.descendant_id).where(closure.c.ancestor_id == context_id)
        moved = [context_id, *self.connection.execute(below).scalars()]
        self.connection.execute(
            closure.delete().where(closure.c.descendant_id.in_(moved), closure.c.ancestor_id.not_in(moved))
        )
        rows = [
            {"ancestor_id": ancestor, "descendant_id": descendant}
            for ancestor in self._ancestors(parent_id)
            for descendant in moved
        ]
        if rows:
            self.connection.execute(closure.insert(), rows)


class Store:
    """The engine and its one writer at a time. Thread-safe.

    *url* is a SQLAlchemy database URL; without one a temporary SQLite file is made and removed
    by `close()`. *metadatas* are the tables to be created besides the schema's.
    """

    def __init__(
        self, schema: Schema, url: str | None = None, metadatas: Iterable[sqlalchemy.MetaData] = ()
    ) -> None:
        self.schema = schema
        #: Counts the commits, so that whatever is derived from rows knows when to be derived anew.
        self.generation = 0
        self._metadatas = (schema.metadata, *metadatas)
        self._writing = threading.Lock()
        self._folder: pathlib.Path | None = None
        if url is None:
            self._folder = pathlib.Path(tempfile.mkdtemp(prefix="ftrack-sandbox-"))
            url = f"sqlite:///{(self._folder / 'sandbox.db').as_posix()}"
        self.engine = _engine(url)
        self._create()

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlalchemy.Connection]:
        """Yield a connection that sees one state of the database throughout."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """Yield the one write transaction; committed at the end, rolled back on an exception.

        What is in its `after_commit` by then is called before the next writer begins, so what two
        transactions tell the world comes in the order of their commits.
        """
        with self._writing:
            with self._writer() as connection:
                transaction = Transaction(connection, self.schema)
                yield transaction
            self.generation += 1
            for tell in transaction.after_commit:
                tell()

    def load(self, rows: Rows) -> None:
        """Insert rows in bulk, unchecked and without changes noted."""
        tables = {name: table for each in self._metadatas for name, table in each.tables.items()}
        with self._writing:
            with self._writer() as connection:
                for name, batch in rows:
                    connection.execute(tables[name].insert(), batch)
            self.generation += 1

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been loaded yet (a database URL may name a filled one)."""
        table = self.schema.metadata.tables["state"]
        with self.read() as connection:
            return connection.execute(sqlalchemy.select(table.c.id).limit(1)).first() is None

    def replace(self, rows: Callable[[sqlalchemy.Connection], Rows], then: Callable[[], None]) -> None:
        """Put new rows in the place of all there are, unchecked, and so that nobody sees less than either.

        *rows* is called while the old ones are there; *then* when the new ones are, before the next
        writer begins.
        """
        tables = {name: table for each in self._metadatas for name, table in each.tables.items()}
        with self._writing:
            with self._writer() as connection:
                new = rows(connection)
                for metadata in self._metadatas:
                    for table in reversed(metadata.sorted_tables):
                        connection.execute(table.delete())
                for name, batch in new:
                    connection.execute(tables[name].insert(), batch)
            self.generation += 1
            then()

    def close(self) -> None:
        """Close all connections; remove the temporary file if there is one."""
        self.engine.dispose()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @contextlib.contextmanager
    def _writer(self) -> Iterator[sqlalchemy.Connection]:
        with self.engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection

    def _create(self) -> None:
        for metadata in self._metadatas:
            metadata.create_all(self.engine)


def _is(entity_type: EntityType, key: Key) -> list[sqlalchemy.ColumnElement[bool]]:
    return [
        entity_type.table.c[name] == value for name, value in zip(entity_type.primary_key, key, strict=True)
    ]


def _engine(url: str) -> sqlalchemy.Engine:
    if not url.startswith("sqlite"):
        return sqlalchemy.create_engine(url)
    engine = sqlalchemy.create_engine(url, pool_size=40, max_overflow=8, connect_args={"timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        # The driver's own transaction handling begins too late for a consistent read.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")

    @event.listens_for(engine, "begin")
    def begin(connection: sqlalchemy.Connection) -> None:
        # A transaction that read before its first write cannot be promoted once another process
        # wrote in between; so one that will write takes the lock at once.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
