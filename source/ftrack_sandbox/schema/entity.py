"""From declared types to the model the rest of the server works with; and the last checks."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.schema.document import definition
from ftrack_sandbox.schema.family import Declared
from ftrack_sandbox.schema.model import Attribute, EntityType, Join, Kind
from ftrack_sandbox.schema.notation import Line, NotationError

#: The wire forms of the notation's words (`Attribute.value`); the others are their own.
_VALUES = {
    "text": "string",
    "uid": "string",
    "key": "string",
    "typename": "string",
    "bool": "boolean",
    "int": "integer",
    "any": "variable",
    "time": "datetime",
}


def entity_type(
    declared: Declared,
    schema: Mapping[str, Any],
    types: Mapping[str, Declared],
    metadata: sqlalchemy.MetaData,
) -> EntityType:
    """Return the model of a declared type; *schema* is its served form."""
    attributes = {name: _attribute(line) for name, line in declared.lines.items() if not line.hidden}
    always = {*declared.always, *([declared.told_by] if declared.told_by else [])}
    return EntityType(
        name=declared.name,
        table=metadata.tables[declared.table],
        attributes=attributes,
        primary_key=declared.key,
        default_projections=declared.show,
        system_projections=tuple(sorted(always & attributes.keys())),
        required=frozenset(schema["required"]),
        immutable=frozenset(schema["immutable"]),
        computed=frozenset(schema.get("computed", ())),
        classifiers=declared.where,
        supertype=declared.supertype,
        concrete=_leaves(types, declared.name),
        legacy=(declared.legacy or declared.name).lower(),
        document=schema,
    )


def _attribute(line: Line) -> Attribute:
    related = line.kind in (Kind.RELATION, Kind.COLLECTION)
    return Attribute(
        name=line.name,
        kind=line.kind,
        definition=definition(line),
        value="" if related else _VALUES.get(line.word, line.word),
        target=line.target if related else None,
        join=Join(line.local or "id", line.remote or "id", line.link, line.where) if related else None,
        legacy=line.legacy or line.name,
        restricted="restricted" in line.flags,
        mapped=line.mapped,
        default="{uid}" if line.word == "uid" else line.default,
        enum=line.enum,
    )


def _leaves(types: Mapping[str, Declared], name: str) -> tuple[str, ...]:
    """The types below *name* that have none below themselves; *name* itself if it has none."""
    below = [each.name for each in types.values() if each.supertype == name]
    if not below:
        return (name,)
    return tuple(leaf for each in below for leaf in _leaves(types, each))


def check(declared: Mapping[str, Declared], metadata: sqlalchemy.MetaData) -> None:
    """Raise NotationError for a relation or collection whose type or columns do not exist."""
    for each in declared.values():
        for line in each.lines.values():
            if line.kind in (Kind.RELATION, Kind.COLLECTION):
                _check_join(each, line, declared, metadata)


def _check_join(
    owner: Declared, line: Line, declared: Mapping[str, Declared], metadata: sqlalchemy.MetaData
) -> None:
    for name in (line.target, line.shown):
        if name not in declared:
            raise NotationError(line.place, f"'{line.name}' leads to '{name}', which is no type.")
    local, target = metadata.tables[owner.table], metadata.tables[declared[line.target].table]
    wanted = [(local, line.local or "id"), (target, line.remote or "id")]
    wanted += [(target, column) for column, _ in line.where]
    if line.link is not None:
        between = metadata.tables[line.link.table]
        wanted += [(between, line.link.near), (between, line.link.far)]
    for place, column in wanted:
        if column not in place.c:
            raise NotationError(
                line.place, f"'{line.name}' needs {place.name}.{column}, which does not exist."
            )
