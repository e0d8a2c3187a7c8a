"""`Types`: what the site's schemas say about entity types, and paths checked against it.

*Source*: protocol reference 4.1, 4.2, 4.4.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .. import errors
from ..errors import QueryError

#: Types whose rows may also be called by another name, and that name. Typed contexts are found by their
#: attributes.
_FAMILIES = {
    "Project": "Context",
    "Context": "Context",
    "FileComponent": "Component",
    "SequenceComponent": "Component",
    "ContainerComponent": "Component",
    "User": "Resource",
    "Group": "Resource",
    "TypedContextList": "List",
    "AssetVersionList": "List",
    "TypedContextStatusChange": "StatusChange",
    "AssetVersionStatusChange": "StatusChange",
    "CustomAttributeConfiguration": "CustomConfigurationBase",
    "CustomAttributeLinkConfiguration": "CustomConfigurationBase",
    "NoteCategory": "NoteLabel",
}

#: One part of a path: a name, and a key in brackets behind it.
_PART = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[([^\[\]]+)\])?(?:\.(?=.)|$)")


@dataclass(frozen=True)
class Attribute:
    """One attribute of an entity type.

    *target* is the type at the other end of a relation or collection, None for a plain value. *many* is true
    for a collection; *keyed* for one whose rows are `key` and `value`: custom attributes and metadata.
    """

    name: str
    target: str | None = None
    many: bool = False
    keyed: bool = False


@dataclass(frozen=True)
class Part:
    """One part of a path: `custom_attributes[fps]` has the name `custom_attributes` and the key `fps`."""

    name: str
    key: str | None = None


class Types:
    """The entity types of a site, by name. Cheap to make; only read, so any thread may use it."""

    def __init__(self, schemas: Iterable[Mapping[str, Any]]) -> None:
        self._schemas = {schema["id"]: schema for schema in schemas}

    def __contains__(self, name: object) -> bool:
        return name in self._schemas

    def schema(self, name: str) -> Mapping[str, Any]:
        """Return the schema of a type. Raises `QueryError` with the nearest names for one that is unknown."""
        found = self._schemas.get(name)
        if found is None:
            raise QueryError(errors.UNKNOWN_TYPE.format(name=name, nearest=nearest(name, self._schemas)))
        return found

    def primary_key(self, name: str) -> tuple[str, ...]:
        """Return the attributes that make up a type's key, in order; those of an unknown type are `id`."""
        schema = self._schemas.get(name)
        return tuple(schema["primary_key"]) if schema else ("id",)

    def family(self, name: str) -> str:
        """Return the name under which rows of a type and of its super- and subtypes are one and the same.

        *Source*: protocol reference 4.4; that typed contexts are what has an object type and a context type
        holds for every type recorded.
        """
        known = _FAMILIES.get(name)
        if known is not None:
            return known
        if name.endswith("CustomAttributeValue"):
            return "CustomAttributeValue"
        properties = self._schemas.get(name, {}).get("properties", {})
        return "Context" if "object_type_id" in properties and "context_type" in properties else name

    def attribute(self, entity_type: str, name: str) -> Attribute | None:
        """Return what can be selected under a name, or None.

        Through a Resource, users' and groups' attributes can. *Source*: protocol reference 3.9 (`_overrides`
        and the like are selected by clients), 4.2 for what cannot be selected.
        """
        for candidate in self._bearers(entity_type):
            found = _attribute(name, self.schema(candidate)["properties"].get(name, {}))
            if found is not None:
                return found
        return None

    def names(self, entity_type: str) -> list[str]:
        """Return the names of all attributes that can be selected, less those meant for clients alone."""
        names = dict.fromkeys(
            name for candidate in self._bearers(entity_type) for name in self.schema(candidate)["properties"]
        )
        return [name for name in names if not name.startswith("_") and self.attribute(entity_type, name)]

    def walk(self, entity_type: str, path: str) -> list[tuple[str, Part, Attribute]]:
        """Return the steps of *path*: for each the type it starts at, its part, its attribute.

        Raises `QueryError` naming the column, the type at fault and the nearest right names.
        """
        steps: list[tuple[str, Part, Attribute]] = []
        current: str | None = entity_type
        before = ""
        for part in parse_path(path):
            if current is None:
                start = steps[-1][0]
                raise QueryError(errors.NO_RELATION.format(column=path, entity_type=start, name=before))
            attribute = self.attribute(current, part.name)
            if attribute is None:
                near = nearest(part.name, self.names(current))
                raise QueryError(
                    errors.UNKNOWN_COLUMN.format(
                        column=path, entity_type=current, name=part.name, nearest=near
                    )
                )
            if part.key is not None and not attribute.keyed:
                raise QueryError(errors.KEY_UNEXPECTED.format(column=path))
            steps.append((current, part, attribute))
            current = None if part.key is not None else attribute.target
            before = part.name
        return steps

    def _bearers(self, entity_type: str) -> Sequence[str]:
        if entity_type == "Resource":
            return [name for name in ("Resource", "User", "Group") if name in self._schemas]
        return [entity_type]


def parse_path(path: str) -> list[Part]:
    """Return the parts of a column's path: names with dots between them, keys in brackets.

    Raises `QueryError` for text that is no path.
    """
    parts = []
    position = 0
    text = path.strip()
    while position < len(text):
        found = _PART.match(text, position)
        if found is None:
            break
        parts.append(Part(found.group(1), found.group(2)))
        position = found.end()
    if not parts or position < len(text):
        raise QueryError(errors.BAD_COLUMN.format(column=path))
    return parts


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the three of *names* that are most like *name*, for a sentence."""
    by_lower = {each.lower(): each for each in sorted(names)}
    near = difflib.get_close_matches(name.lower(), by_lower, n=3, cutoff=0.0)
    return ", ".join(by_lower[each] for each in near) or "none"


def _attribute(name: str, definition: Mapping[str, Any]) -> Attribute | None:
    if definition.get("restricted_projection"):
        return None
    kind = definition.get("type")
    if kind in ("array", "mapped_array"):
        return Attribute(name, definition["items"]["$ref"], many=True, keyed=kind == "mapped_array")
    if kind is not None:
        # The foreign keys of DashboardResource carry a `$ref` beside their type, and are plain values.
        return Attribute(name)
    return Attribute(name, definition["$ref"]) if "$ref" in definition else None
