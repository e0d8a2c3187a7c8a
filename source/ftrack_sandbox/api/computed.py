"""Attributes that are worked out: for all rows of a result at once, never row by row.

`COMPUTED` gives values to be shown, `EXPRESSIONS` the same as SQL for criteria and order.
Source: protocol reference 1.5, 2.8, 4.5; what a value is made of is assumed where a function
says so.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy

from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.row import slices
from ftrack_sandbox.encode import Entity

Taken = Sequence[tuple[Entity, Mapping[str, Any]]]
Compute = Callable[[Batch, Taken], list[Any]]
Expression = Callable[[sqlalchemy.FromClause], sqlalchemy.ColumnElement[Any]]

#: The location whose components the server itself holds. Source: protocol reference 8.1.
SERVER_LOCATION_ID = "3a372bde-05bc-11e4-8908-20c9d081909b"


def context_links(batch: Batch, context_ids: Iterable[Any]) -> dict[Any, list[dict[str, Any]]]:
    """Return the `link` of each context: entries `id`, `name`, `type` from the project down.

    An entry's type is `Project` or `TypedContext`. Source: protocol reference 1.5; the words
    are assumed.
    """
    table = batch.schema.metadata.tables["context"]
    columns = (table.c.id, table.c.name, table.c.context_type, table.c.parent_id)
    wanted = list(dict.fromkeys(each for each in context_ids if each is not None))
    known: dict[Any, Any] = {}
    missing = wanted
    # One statement a level of the tree, however many contexts.
    while missing:
        found: dict[Any, Any] = {}
        for part in slices(missing):
            select = sqlalchemy.select(*columns).where(table.c.id.in_(part))
            found.update((row.id, row) for row in batch.connection.execute(select))
        known.update(found)
        above = (row.parent_id for row in found.values() if row.parent_id is not None)
        missing = list(dict.fromkeys(each for each in above if each not in known))
    return {each: _chain(known, each) for each in wanted}


def _chain(known: Mapping[Any, Any], context_id: Any) -> list[dict[str, Any]]:
    chain: list[dict[str, Any]] = []
    row = known.get(context_id)
    while row is not None:
        kind = "Project" if row.context_type == "show" else "TypedContext"
        chain.append({"id": row.id, "name": row.name, "type": kind})
        row = known.get(row.parent_id)
    return chain[::-1]


def _context_link(batch: Batch, taken: Taken) -> list[Any]:
    links = context_links(batch, (row["id"] for _, row in taken))
    return [links.get(row["id"], []) for _, row in taken]


def _version_link(batch: Batch, taken: Taken) -> list[Any]:
    """The asset's parents, then the version as `<asset> v<number>` (assumed)."""
    table = batch.schema.metadata.tables["asset"]
    wanted = list(dict.fromkeys(row["asset_id"] for _, row in taken if row["asset_id"] is not None))
    assets: dict[Any, Any] = {}
    for part in slices(wanted):
        select = sqlalchemy.select(table.c.id, table.c.name, table.c.context_id).where(table.c.id.in_(part))
        assets.update((row.id, row) for row in batch.connection.execute(select))
    links = context_links(batch, (asset.context_id for asset in assets.values()))
    values: list[Any] = []
    for _, row in taken:
        asset = assets.get(row["asset_id"])
        name = f"{asset.name if asset is not None else ''} v{row['version']}".strip()
        above = links.get(asset.context_id, []) if asset is not None else []
        values.append([*above, {"id": row["id"], "name": name, "type": "AssetVersion"}])
    return values


def _group_link(batch: Batch, taken: Taken) -> list[Any]:
    """The groups from the topmost down (assumed). There are few groups, so all are read."""
    table = batch.schema.metadata.tables["resource"]
    select = sqlalchemy.select(table.c.id, table.c.name, table.c.parent_id)
    groups = {row.id: row for row in batch.connection.execute(select.where(table.c.resource_type == "group"))}
    values: list[Any] = []
    for _, row in taken:
        chain: dict[Any, dict[str, Any]] = {}
        group = groups.get(row["id"])
        while group is not None and group.id not in chain:
            chain[group.id] = {"id": group.id, "name": group.name, "type": "Group"}
            group = groups.get(group.parent_id)
        values.append(list(chain.values())[::-1])
    return values


def _signed(url: str | None) -> dict[str, str] | None:
    """The object that stands for an address. Source: protocol reference 1.5."""
    return {"url": url, "value": url} if url is not None else None


def _thumbnail_url(batch: Batch, taken: Taken) -> list[Any]:
    """Null where there is no thumbnail (assumed)."""
    ids = [row.get("thumbnail_id") for _, row in taken]
    return [_signed(batch.urls.thumbnail(each) if each is not None else None) for each in ids]


def _component_thumbnail_url(batch: Batch, taken: Taken) -> list[Any]:
    return [_signed(batch.urls.thumbnail(row["component_id"])) for _, row in taken]


def _component_url(batch: Batch, taken: Taken) -> list[Any]:
    return [_signed(batch.urls.download(row["component_id"])) for _, row in taken]


def _location_url(batch: Batch, taken: Taken) -> list[Any]:
    """Null unless the server itself holds the component (assumed)."""
    values: list[Any] = []
    for _, row in taken:
        here = row["location_id"] == SERVER_LOCATION_ID and row["component_id"] is not None
        values.append(_signed(batch.urls.download(row["component_id"]) if here else None))
    return values


def _time_logged(batch: Batch, taken: Taken) -> list[Any]:
    """Seconds logged on the entity itself, not below it (assumed)."""
    table = batch.schema.metadata.tables["timelog"]
    totals: dict[Any, Any] = {}
    for part in slices([row["id"] for _, row in taken]):
        select = sqlalchemy.select(table.c.context_id, sqlalchemy.func.sum(table.c.duration))
        select = select.where(table.c.context_id.in_(part)).group_by(table.c.context_id)
        totals.update((context_id, total) for context_id, total in batch.connection.execute(select))
    return [totals.get(row["id"]) or 0 for _, row in taken]


def _difference(batch: Batch, taken: Taken) -> list[Any]:
    """Bid less what was logged: what is left, in seconds."""
    logged = _time_logged(batch, taken)
    return [(row["bid"] or 0) - each for (_, row), each in zip(taken, logged, strict=True)]


def _is_open(batch: Batch, taken: Taken) -> list[Any]:
    """A review session is open between its two dates (assumed)."""
    values: list[Any] = []
    for _, row in taken:
        start, end = row["start_date"], row["end_date"]
        values.append((start is None or start <= batch.now) and (end is None or batch.now <= end))
    return values


#: By table and attribute: the values for the rows of a result, in their order.
COMPUTED: Mapping[tuple[str, str], Compute] = {
    ("context", "link"): _context_link,
    ("context", "_link"): _context_link,
    ("context", "thumbnail_url"): _thumbnail_url,
    ("context", "time_logged"): _time_logged,
    ("context", "bid_time_logged_difference"): _difference,
    ("asset_version", "link"): _version_link,
    ("asset_version", "_link"): _version_link,
    ("asset_version", "thumbnail_url"): _thumbnail_url,
    ("resource", "link"): _group_link,
    ("resource", "thumbnail_url"): _thumbnail_url,
    ("review_session", "thumbnail_url"): _thumbnail_url,
    ("review_session", "is_open"): _is_open,
    ("component_location", "url"): _location_url,
    ("job_component", "url"): _component_url,
    ("note_component", "url"): _component_url,
    ("note_component", "thumbnail_url"): _component_thumbnail_url,
    ("setting_component", "url"): _component_url,
    ("setting_component", "thumbnail_url"): _component_thumbnail_url,
}


def _table(source: sqlalchemy.FromClause, name: str) -> sqlalchemy.Table:
    """The table *name* of the schema that *source*, a table or an alias of one, belongs to."""
    table = source
    while not isinstance(table, sqlalchemy.Table):
        table = getattr(table, "element")  # noqa: B009
    return table.metadata.tables[name]


def _time_logged_sql(source: sqlalchemy.FromClause) -> sqlalchemy.ColumnElement[Any]:
    timelog = _table(source, "timelog").alias()
    total = sqlalchemy.func.coalesce(sqlalchemy.func.sum(timelog.c.duration), 0)
    return sqlalchemy.select(total).where(timelog.c.context_id == source.c.id).scalar_subquery()


def _difference_sql(source: sqlalchemy.FromClause) -> sqlalchemy.ColumnElement[Any]:
    return sqlalchemy.func.coalesce(source.c.bid, 0) - _time_logged_sql(source)


def _is_open_sql(source: sqlalchemy.FromClause) -> sqlalchemy.ColumnElement[Any]:
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
    return sqlalchemy.and_(
        sqlalchemy.or_(source.c.start_date.is_(None), source.c.start_date <= now),
        sqlalchemy.or_(source.c.end_date.is_(None), source.c.end_date >= now),
    )


def _attribute_key_sql(source: sqlalchemy.FromClause) -> sqlalchemy.ColumnElement[Any]:
    table = _table(source, "custom_attribute_configuration").alias()
    return sqlalchemy.select(table.c.key).where(table.c.id == source.c.configuration_id).scalar_subquery()


#: By table and attribute: the value as SQL, given the table or alias that the row comes from.
EXPRESSIONS: Mapping[tuple[str, str], Expression] = {
    ("context", "time_logged"): _time_logged_sql,
    ("context", "bid_time_logged_difference"): _difference_sql,
    ("review_session", "is_open"): _is_open_sql,
    ("custom_attribute_value", "key"): _attribute_key_sql,
}
