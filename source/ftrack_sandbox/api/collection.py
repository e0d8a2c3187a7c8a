"""Whole-list updates of collections: the list a client sends becomes the collection.

What a list leaves out stays where it is if its rows belong to their owner by a key of their own
(assumed: the reference says the treatment is unknown, and a client that appends must not cut
off what another appended meanwhile). Metadata and everything kept in a link table (items of
lists, scopes, ...) is replaced, save for members that the caller does not see.
Source: protocol reference 2.6, 2.11, 2.12.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy

from ftrack_sandbox.access.right import check_write
from ftrack_sandbox.api import default
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.cascade import remove
from ftrack_sandbox.api.row import check_reach, fetch, name_of, rows_where, slices
from ftrack_sandbox.api.upkeep import change
from ftrack_sandbox.api.value import Reference
from ftrack_sandbox.encode import Key
from ftrack_sandbox.errors import IntegrityError, ValidationError
from ftrack_sandbox.schema.model import Attribute, EntityType, Join, Link

#: Collections that follow from other rows; nobody writes them. Assumed for the latter two.
_DERIVED = frozenset({"ancestors", "descendants", "status_changes", "feeds"})


def assign(
    batch: Batch, owner: EntityType, row: Mapping[str, Any], lists: Mapping[str, Sequence[Reference]]
) -> None:
    """Make each list of references the collection of that name of the entity in *row*.

    Raises ValidationError for a collection that cannot be written, IntegrityError for a member
    that does not exist, PermissionDenied for one out of reach.
    """
    for name, members in lists.items():
        attribute = owner.attributes[name]
        if attribute.join is None or name in _DERIVED or name in owner.immutable:
            raise ValidationError(f"'{name}' of {owner.name} cannot be set.")
        if attribute.mapped and attribute.target != "Metadata":
            # The values themselves come by updates of their own.
            continue
        keys = list(dict.fromkeys(key for _, key in members))
        if attribute.join.link is not None:
            _link(batch, owner, attribute, attribute.join, attribute.join.link, row, keys)
        else:
            _adopt(batch, owner, attribute, attribute.join, row, keys)


def _adopt(
    batch: Batch,
    owner: EntityType,
    attribute: Attribute,
    join: Join,
    row: Mapping[str, Any],
    keys: Sequence[Key],
) -> None:
    """Point the members' own key at the owner."""
    target = batch.schema.find(attribute.target or "")
    columns = {**dict(join.where), join.remote: row[join.local]}
    if target.table.name == "note" and "parent_type" in target.table.c:
        columns["parent_type"] = "TypedContext" if row.get("object_type_id") is not None else owner.name
    for key in keys:
        found = batch.writer.fetch(target, key)
        if found is None:
            raise IntegrityError(
                f"'{attribute.name}' of {owner.name} names {name_of(target, key)}, which does not exist."
            )
        concrete = batch.schema.concrete(target, found)
        check_reach(batch, concrete, [key])
        check_write(batch.caller, concrete, found)
        if join.remote in concrete.primary_key:
            if found[join.remote] != row[join.local]:
                raise ValidationError(f"{name_of(concrete, key)} cannot get another {join.remote}.")
            continue
        change(batch, concrete, key, columns)
    if attribute.mapped:
        _drop_omitted(batch, target, join, row, set(keys))


def _drop_omitted(
    batch: Batch, target: EntityType, join: Join, row: Mapping[str, Any], keys: set[Key]
) -> None:
    for found in rows_where(batch, target.table, join.remote, [row[join.local]]):
        key = tuple(found[name] for name in target.primary_key)
        if key not in keys:
            remove(batch, target, key, found)


def _link(
    batch: Batch,
    owner: EntityType,
    attribute: Attribute,
    join: Join,
    link: Link,
    row: Mapping[str, Any],
    keys: Sequence[Key],
) -> None:
    """Make the rows of a link table those that tie the owner to the members."""
    target = batch.schema.find(attribute.target or "")
    wanted: dict[Any, None] = {}
    for key in keys:
        found = batch.writer.fetch(target, key)
        if found is None:
            raise IntegrityError(
                f"'{attribute.name}' of {owner.name} names {name_of(target, key)}, which does not exist."
            )
        check_reach(batch, batch.schema.concrete(target, found), [key])
        wanted[found[join.remote]] = None
    table = batch.schema.metadata.tables[link.table]
    near = row[join.local]
    select = sqlalchemy.select(table).where(table.c[link.near] == near)
    present = {each[link.far]: each for each in fetch(batch, select)}
    linking = _entity_type_of(batch, link.table)
    if linking is not None:
        check_write(batch.caller, linking, None)
    omitted = [far for far in present if far not in wanted]
    unseen = _unseen(batch, target, join, omitted)
    for far in omitted:
        if far in unseen:
            continue
        _unlink(batch, linking, table, link, present[far])
    for far in wanted:
        if far not in present:
            _tie(batch, linking, table, {link.near: near, link.far: far})


def _unseen(batch: Batch, target: EntityType, join: Join, values: Sequence[Any]) -> set[Any]:
    """Those of the members that the caller does not see, and so cannot have meant to leave out."""
    table = target.table
    within = batch.visible(target, table)
    if within is None:
        return set()
    column = table.c[join.remote]
    hidden: set[Any] = set()
    for part in slices(values):
        select = sqlalchemy.select(column).where(column.in_(part), sqlalchemy.not_(within))
        hidden.update(batch.connection.execute(select).scalars())
    return hidden


def _tie(batch: Batch, linking: EntityType | None, table: sqlalchemy.Table, values: dict[str, Any]) -> None:
    if linking is None:
        batch.connection.execute(table.insert(), values)
        return
    row = {**dict.fromkeys(table.c.keys()), **linking.classifiers, **values}
    row.update(default.identify(batch, linking, row))
    row.update(default.supply(batch, linking, row))
    batch.writer.insert(linking, row)
    batch.touch(linking, tuple(row[name] for name in linking.primary_key), created=True)


def _unlink(
    batch: Batch,
    linking: EntityType | None,
    table: sqlalchemy.Table,
    link: Link,
    row: Mapping[str, Any],
) -> None:
    if linking is not None:
        remove(batch, linking, tuple(row[name] for name in linking.primary_key), row)
        return
    batch.connection.execute(
        table.delete().where(table.c[link.near] == row[link.near], table.c[link.far] == row[link.far])
    )


def _entity_type_of(batch: Batch, table: str) -> EntityType | None:
    """The entity type whose rows a link table holds, if a schema shows them (`ListObject`)."""

    def find() -> EntityType | None:
        types = [each for each in batch.schema.types.values() if each.table.name == table]
        return types[0] if types else None

    return batch.remember(("entity type of", table), find)
