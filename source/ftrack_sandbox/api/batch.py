"""What the operations of one request share: connection, caller, identities, noted changes."""

import contextlib
import dataclasses
import datetime
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy

from ftrack_sandbox.access import Access, Caller
from ftrack_sandbox.encode import Entity, Identities, Key
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.schema.model import EntityType
from ftrack_sandbox.storage import Storage
from ftrack_sandbox.store import Transaction
from ftrack_sandbox.urls import Urls

T = TypeVar("T")

#: Where a row lives: table name and primary key.
Place = tuple[str, Key]


@dataclasses.dataclass
class Touched:
    """One row that the batch made or changed, to be looked at when the last operation is done.

    *type* is the row's concrete type; *columns* are those that operations wrote; *sent* are
    the attributes that the caller named, in order - the reply spells them out.
    """

    type: EntityType
    key: Key
    entity: Entity
    created: bool
    columns: set[str] = dataclasses.field(default_factory=set)
    sent: dict[str, None] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Batch:
    """One request's operations. Used in one thread.

    *transaction* is None when the request holds nothing that writes. *urls* signs addresses
    that begin with the one the caller reached the server under. *caller* is replaced when the
    batch itself widens what the caller reaches (a private project just made).
    """

    schema: Schema
    caller: Caller
    access: Access
    connection: sqlalchemy.Connection
    transaction: Transaction | None
    urls: Urls
    storage: Storage
    strict: bool
    client_token: str | None = None
    push_token: str | None = None
    identities: Identities = dataclasses.field(default_factory=Identities)
    #: Rows to be checked when the last operation is done, in the order they were touched.
    touched: dict[Place, Touched] = dataclasses.field(default_factory=dict)
    #: Rows that an operation removed along with something else.
    dropped: set[Place] = dataclasses.field(default_factory=set)
    #: Closed when all is done or undone: files on their way in that were not kept go with it.
    unfinished: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)
    #: By the identity of an operation: what was done for it before the transaction began.
    prepared: dict[int, Any] = dataclasses.field(default_factory=dict)
    #: Whatever operations remember within the batch, such as configurations read once.
    memory: dict[Any, Any] = dataclasses.field(default_factory=dict)

    def visible(
        self, entity_type: EntityType, table: sqlalchemy.FromClause
    ) -> sqlalchemy.ColumnElement[bool] | None:
        """The condition that rows must meet to be seen by the caller, or None."""
        return self.access.visible(self.caller, entity_type, table)

    def writable(
        self, entity_type: EntityType, table: sqlalchemy.FromClause
    ) -> sqlalchemy.ColumnElement[bool] | None:
        """The condition that rows must meet to be within reach of the caller's writes, or None."""
        return self.access.writable(self.caller, entity_type, table)

    @functools.cached_property
    def writer(self) -> Transaction:
        """The write transaction; asking for it in a batch that reads only is a programming error."""
        if self.transaction is None:
            raise RuntimeError("this batch was opened for reading")
        return self.transaction

    @functools.cached_property
    def now(self) -> datetime.datetime:
        """The time of this batch: naive UTC, whole seconds, one for all rows it makes."""
        return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)

    def remember(self, key: Any, make: Callable[[], T]) -> T:
        """Return what *make* returned under *key* the first time it was asked in this batch."""
        if key not in self.memory:
            self.memory[key] = make()
        found: T = self.memory[key]
        return found

    def touch(self, entity_type: EntityType, key: Key, created: bool = False) -> Touched:
        """Note that a row was made or changed; return what is known of it."""
        place = (entity_type.table.name, key)
        known = self.touched.get(place)
        if known is None:
            entity = self.identities.of(entity_type, key)
            known = self.touched[place] = Touched(entity_type, key, entity, created)
        return known
