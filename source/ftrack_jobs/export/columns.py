"""`Column`: a path into a row, what must be read for it, and what it finds there.

A path goes through relations and collections (`status.name`, `assignments.resource.username`). `link` is the
names from the project down; `custom_attributes[fps]` and `metadata[client]` are the value under that key. A
path that ends with a relation shows the entity's name, where its type has one. *Source*: protocol reference
1.5, 2.10, 2.11, 3.4.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .. import errors
from ..errors import QueryError
from ..query import Part, Row, Types, nearest, parse_path

#: What a cell of a table can hold; each writer decides how it looks. Times are aware.
Cell: TypeAlias = "bool | int | float | str | datetime.datetime | datetime.date | None"

#: What stands between the values of a collection, and between the names of a link.
LIST_SEPARATOR = ", "
LINK_SEPARATOR = " / "

#: What a related entity is called, the first that its type has. Of a Resource, most often a user, the user
#: name.
_NAMES = ("name", "username", "label", "full_name")


@dataclass(frozen=True)
class Column:
    """One column of an export: a path, and the label in the header, by default the path itself."""

    path: str
    label: str | None = None

    @property
    def heading(self) -> str:
        """The text of the header."""
        return self.path if self.label is None else self.label


def check_columns(schemas: Iterable[Mapping[str, Any]], entity_type: str, columns: Sequence[str]) -> None:
    """Refuse columns that cannot be read of a type. Asks the server nothing.

    *columns* are paths. Raises `QueryError` naming the column, the type at fault and the nearest right names.
    Which keys of custom attributes and metadata there are is in no schema, so they are not checked here.
    """
    types = Types(schemas)
    types.schema(entity_type)
    if not columns:
        raise QueryError(errors.NO_COLUMNS)
    for column in columns:
        complete(types, entity_type, column)


def split_columns(text: str) -> list[str]:
    """Return the paths of a text in which commas or line breaks stand between them, without empty ones."""
    paths = [""]
    depth = 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character in ",\n" and depth <= 0:
            paths.append("")
        else:
            paths[-1] += character
    return [path.strip() for path in paths if path.strip()]


def complete(types: Types, entity_type: str, path: str) -> list[Part]:
    """Return the parts of *path* down to a plain value: a relation at its end is followed to its name.

    Raises `QueryError` for a path that leads to none.
    """
    steps = types.walk(entity_type, path)
    parts = [part for _, part, _ in steps]
    _, last, attribute = steps[-1]
    if attribute.target is None or last.key is not None:
        return parts
    if attribute.keyed:
        raise QueryError(errors.KEY_MISSING.format(column=path, name=last.name))
    for name in _NAMES if attribute.target != "Resource" else ("username",):
        if types.attribute(attribute.target, name) is not None:
            return [*parts, Part(name)]
    near = nearest("name", types.names(attribute.target))
    raise QueryError(errors.BARE_RELATION.format(column=path, entity_type=attribute.target, nearest=near))


def projections(parts: Sequence[Part]) -> list[str]:
    """Return what must be selected to read a path.

    Of custom attributes all keys and values come, dense as the client reads them (protocol reference 2.10):
    asking for one key alone would leave out the defaults of values that are not stored.
    """
    path = ".".join(part.name for part in parts)
    return [path] if parts[-1].key is None else [f"{path}.key", f"{path}.value"]


def value_at(row: Row, parts: Sequence[Part]) -> Any:
    """Return what a path finds in a row: a plain value, or a list of them when it passed a collection.

    Rows that are no query's may name the whole path as one key.
    """
    found: list[Any] = [row]
    many = False
    for index, part in enumerate(parts):
        following: list[Any] = []
        for entity in found:
            value = _step(entity, part)
            if isinstance(value, list) and index < len(parts) - 1:
                many = True
                following += value
            elif value is not None:
                following.append(value)
        found = following
    if many:
        return found
    return found[0] if found else None


def cell_of(value: Any, is_link: bool = False) -> Cell:
    """Return a value that was found as the content of one cell.

    Lists are joined; what has a `url` is that; times and numbers stay what they are.
    """
    if is_link:
        return _link(value)
    if isinstance(value, list):
        texts = [text_of(cell_of(item)) for item in value]
        return LIST_SEPARATOR.join(text for text in texts if text)
    if isinstance(value, dict):
        return _object(value)
    if value is None or isinstance(value, (bool, int, float, str, datetime.date)):
        return value
    return str(value)


def text_of(cell: Cell) -> str:
    """Return a cell as text: `true` or `false`, times in ISO 8601, whole numbers without fraction."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return str(cell)


def names_of_link(value: Any) -> list[str]:
    """Return the names in the value of a `link`, from the project down. *Source*: protocol reference 1.5."""
    if isinstance(value, str):
        return [value]
    entries = value if isinstance(value, list) else []
    return [str(entry.get("name") or "") if isinstance(entry, dict) else str(entry) for entry in entries]


def as_parts(path: str) -> list[Part]:
    """Return the parts of a path into rows of which no schema is known."""
    return parse_path(path)


def _step(entity: Any, part: Part) -> Any:
    value = entity.get(part.name) if isinstance(entity, dict) else None
    if part.key is None or value is None:
        return value
    if isinstance(value, dict):
        return value.get(part.key)
    for item in value if isinstance(value, list) else ():
        if item.get("key") == part.key:
            return item.get("value")
    return None


def _link(value: Any) -> Cell:
    """Return one link, or several that a path through a collection found."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        return LIST_SEPARATOR.join(LINK_SEPARATOR.join(names_of_link(link)) for link in value)
    return None if value is None else LINK_SEPARATOR.join(names_of_link(value))


def _object(value: Row) -> Cell:
    if "url" in value:
        return cell_of(value["url"])
    for name in _NAMES:
        if isinstance(value.get(name), str):
            return str(value[name])
    return json.dumps(value, ensure_ascii=False, default=str)
