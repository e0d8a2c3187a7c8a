"""What queries must find, worked out in plain Python from the rows of the demo studio.

Nothing of the server's own query code is used, nor its schema: relations are written down here
by hand, from the types' attributes in the reference. A row is walked like an object, so that a
predicate reads like the question: `lambda task: task.status.state.short == "DONE"`.

Rows of the private show do not exist here, as they do not for a global key without a grant.
Source: protocol reference 3, 4.4, 4.5, 9.1, 9.3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ftrack_sandbox import seed

#: Object types' ids. Source: protocol reference 4.4.
OBJECT_TYPES = {
    "Task": "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c",
    "Shot": "bad911de-3bd6-47b9-8b46-3476e237cb36",
    "AssetBuild": "4be63b64-5010-42fb-bf1f-428af9d638f0",
    "Milestone": "01decdd1-51cb-11e3-9d5b-20c9d0831e59",
    "Sequence": "e5139355-61da-4c8f-9db4-3abc870166bc",
    "Episode": "22139355-61da-4c8f-9db4-3abc870166bc",
    "Folder": "3c133785-51cb-11e3-980a-20c9d0831e59",
}

#: Entity type -> (table, what its rows have in common). Source: protocol reference 4.4.
TYPES: dict[str, tuple[str, dict[str, str]]] = {
    "Context": ("context", {}),
    "Project": ("context", {"context_type": "show"}),
    "TypedContext": ("context", {"context_type": "task"}),
    **{name: ("context", {"object_type_id": key}) for name, key in OBJECT_TYPES.items()},
    "Component": ("component", {}),
    "FileComponent": ("component", {"system_type": "file"}),
    "SequenceComponent": ("component", {"system_type": "sequence"}),
    "ContainerComponent": ("component", {"system_type": "container"}),
    "Resource": ("resource", {}),
    "User": ("resource", {"resource_type": "user"}),
    "Group": ("resource", {"resource_type": "group"}),
    "List": ("list", {}),
    "TypedContextList": ("list", {"system_type": "task"}),
    "AssetVersionList": ("list", {"system_type": "assetversion"}),
    "ContextCustomAttributeValue": ("custom_attribute_value", {"owner_type": "Context"}),
    "UserCustomAttributeValue": ("custom_attribute_value", {"owner_type": "User"}),
    "CustomAttributeConfiguration": ("custom_attribute_configuration", {"configuration_type": "value"}),
    "TypedContextStatusChange": ("status_change", {"parent_type": "TypedContext"}),
    "AssetVersionStatusChange": ("status_change", {"parent_type": "AssetVersion"}),
}

_CONTEXT_ONE = {
    "parent": ("context", "parent_id"),
    "created_by": ("resource", "created_by_id"),
    "thumbnail": ("component", "thumbnail_id"),
}
_LIST_ONE = {
    "category": ("list_category", "category_id"),
    "project": ("context", "project_id"),
    "owner": ("resource", "user_id"),
}

#: Relations: kind of row -> name -> (table, the row's own column).
ONE: dict[str, dict[str, tuple[str, str]]] = {
    "project": {
        **_CONTEXT_ONE,
        "project_schema": ("project_schema", "project_schema_id"),
        "disk": ("disk", "disk_id"),
    },
    "typed": {
        **_CONTEXT_ONE,
        "project": ("context", "project_id"),
        "object_type": ("object_type", "object_type_id"),
        "status": ("status", "status_id"),
        "type": ("type", "type_id"),
        "priority": ("priority", "priority_id"),
    },
    "status": {"state": ("state", "state_id")},
    "asset": {"parent": ("context", "context_id"), "type": ("asset_type", "type_id")},
    "asset_version": {
        "asset": ("asset", "asset_id"),
        "status": ("status", "status_id"),
        "task": ("context", "task_id"),
        "user": ("resource", "user_id"),
        "thumbnail": ("component", "thumbnail_id"),
    },
    "component": {"version": ("asset_version", "version_id"), "container": ("component", "container_id")},
    "component_location": {
        "component": ("component", "component_id"),
        "location": ("location", "location_id"),
    },
    "appointment": {"context": ("context", "context_id"), "resource": ("resource", "resource_id")},
    "manager": {
        "context": ("context", "context_id"),
        "user": ("resource", "user_id"),
        "type": ("manager_type", "type_id"),
    },
    "timelog": {"context": ("context", "context_id"), "user": ("resource", "user_id")},
    "timer": {"context": ("context", "context_id"), "user": ("resource", "user_id")},
    "note": {
        "author": ("resource", "user_id"),
        "category": ("note_label", "category_id"),
        "completed_by": ("resource", "completed_by_id"),
        "in_reply_to": ("note", "in_reply_to_id"),
    },
    "note_component": {"note": ("note", "note_id"), "component": ("component", "component_id")},
    "note_label_link": {"note": ("note", "note_id"), "label": ("note_label", "label_id")},
    "recipient": {
        "note": ("note", "note_id"),
        "user": ("resource", "resource_id"),
        "recipient": ("resource", "resource_id"),
    },
    "resource": {"parent": ("resource", "parent_id"), "user_type": ("user_type", "user_type_id")},
    "membership": {"group": ("resource", "group_id"), "user": ("resource", "user_id")},
    "user_security_role": {
        "user": ("resource", "user_id"),
        "security_role": ("security_role", "security_role_id"),
    },
    "status_change": {
        "status": ("status", "status_id"),
        "from_status": ("status", "from_status_id"),
        "user": ("resource", "user_id"),
        "parent": ("context", "parent_id"),
    },
    "typed_context_link": {"from": ("context", "from_id"), "to": ("context", "to_id")},
    "list": _LIST_ONE,
    "list_object": {"list": ("list", "list_id")},
    "custom_attribute_value": {"configuration": ("custom_attribute_configuration", "configuration_id")},
    "custom_attribute_configuration": {
        "type": ("custom_attribute_type", "type_id"),
        "group": ("custom_attribute_group", "group_id"),
        "object_type": ("object_type", "object_type_id"),
    },
    "review_session": {"project": ("context", "project_id")},
    "review_session_object": {
        "asset_version": ("asset_version", "version_id"),
        "review_session": ("review_session", "review_session_id"),
    },
    "schema_status": {"task_status": ("status", "status_id")},
    "schema_type": {"task_type": ("type", "type_id")},
}

_CONTEXT_MANY: dict[str, tuple[str, str]] = {
    "children": ("context", "parent_id"),
    "assets": ("asset", "context_id"),
    "notes": ("note", "parent_id"),
    "managers": ("manager", "context_id"),
    "timelogs": ("timelog", "context_id"),
    "appointments": ("appointment", "context_id"),
    "custom_attributes": ("custom_attribute_value", "entity_id"),
    "metadata": ("metadata", "parent_id"),
}

#: Collections: kind of row -> name -> (table, the elements' column that holds the row's id).
MANY: dict[str, dict[str, tuple[str, str]]] = {
    "project": {**_CONTEXT_MANY, "review_sessions": ("review_session", "project_id")},
    "typed": {
        **_CONTEXT_MANY,
        "status_changes": ("status_change", "parent_id"),
        "incoming_links": ("typed_context_link", "to_id"),
        "outgoing_links": ("typed_context_link", "from_id"),
    },
    "asset": {
        "versions": ("asset_version", "asset_id"),
        "custom_attributes": ("custom_attribute_value", "entity_id"),
    },
    "asset_version": {
        "components": ("component", "version_id"),
        "notes": ("note", "parent_id"),
        "metadata": ("metadata", "parent_id"),
        "custom_attributes": ("custom_attribute_value", "entity_id"),
        "review_session_objects": ("review_session_object", "version_id"),
    },
    "component": {
        "component_locations": ("component_location", "component_id"),
        "members": ("component", "container_id"),
        "metadata": ("metadata", "parent_id"),
    },
    "list": {"custom_attributes": ("custom_attribute_value", "entity_id")},
    "note": {
        "replies": ("note", "in_reply_to_id"),
        "recipients": ("recipient", "note_id"),
        "note_label_links": ("note_label_link", "note_id"),
        "note_components": ("note_component", "note_id"),
    },
    "resource": {
        "appointments": ("appointment", "resource_id"),
        "memberships": ("membership", "user_id"),
        "timelogs": ("timelog", "user_id"),
        "children": ("resource", "parent_id"),
        "user_security_roles": ("user_security_role", "user_id"),
        "custom_attributes": ("custom_attribute_value", "entity_id"),
    },
    "review_session": {"review_session_objects": ("review_session_object", "review_session_id")},
    "custom_attribute_group": {
        "custom_attribute_configurations": ("custom_attribute_configuration", "group_id")
    },
}

#: What identifies a row that has no `id`. Source: protocol reference 4.5.
KEYS = {
    "metadata": ("parent_id", "key"),
    "custom_attribute_value": ("configuration_id", "entity_id"),
    "note_component": ("component_id", "note_id"),
    "note_label_link": ("note_id", "label_id"),
    "recipient": ("note_id", "resource_id"),
    "setting": ("name", "group"),
    "schema_status": ("status_id", "schema_id"),
    "schema_type": ("type_id", "schema_id"),
}

#: The columns by which a row belongs to something else: what is hidden hides it.
_OWNERS = {
    "asset": ("context_id",),
    "asset_version": ("asset_id",),
    "component": ("version_id", "container_id"),
    "component_location": ("component_id",),
    "appointment": ("context_id",),
    "timelog": ("context_id",),
    "timer": ("context_id",),
    "manager": ("context_id",),
    "note": ("parent_id", "in_reply_to_id"),
    "recipient": ("note_id",),
    "note_label_link": ("note_id",),
    "note_component": ("note_id",),
    "metadata": ("parent_id",),
    "custom_attribute_value": ("entity_id",),
    "custom_attribute_link": ("from_id",),
    "status_change": ("parent_id",),
    "typed_context_link": ("from_id", "to_id"),
    "asset_version_link": ("from_id", "to_id"),
    "list": ("project_id",),
    "list_object": ("list_id",),
    "calendar_event": ("project_id",),
    "review_session": ("project_id",),
    "review_session_object": ("review_session_id",),
    "review_session_invitee": ("review_session_id",),
    "review_session_object_status": ("review_session_object_id",),
}


class Nowhere:
    """What a relation without a row leads to: false, every value is None, every collection empty."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._kind == "context":
            for kind in ("typed", "project"):
                if name in ONE[kind]:
                    return Nowhere(ONE[kind][name][0])
        if name in ONE.get(self._kind, {}):
            return Nowhere(ONE[self._kind][name][0])
        return () if name in MANY.get(self._kind, {}) else None


class Row:
    """A row of the studio with its relations and collections as attributes."""

    def __init__(self, studio: Studio, table: str, values: Mapping[str, Any]) -> None:
        self.studio, self.table, self.values = studio, table, values
        self.kind = table
        if table == "context":
            self.kind = "project" if values["context_type"] == "show" else "typed"

    @property
    def identity(self) -> Any:
        """The id, or the sorted (attribute, value) pairs of a key of several attributes."""
        names = KEYS.get(self.table)
        return (
            self.values["id"] if names is None else tuple(sorted((name, self.values[name]) for name in names))
        )

    def __getattr__(self, name: str) -> Any:
        # `from` is a word of Python's own.
        name = name.rstrip("_")
        if (self.table, name) in _SPECIAL:
            return _SPECIAL[self.table, name](self)
        if name in ONE.get(self.kind, {}):
            table, column = ONE[self.kind][name]
            return self.studio.row(table, self.values.get(column))
        if name in MANY.get(self.kind, {}):
            table, column = MANY[self.kind][name]
            return self.studio.rows_by(table, column, self.values["id"])
        if name in self.studio.columns[self.table]:
            return self.values.get(name)
        raise AttributeError(f"{self.kind} has no {name}")

    def __repr__(self) -> str:
        return f"<{self.kind} {self.values.get('name', self.identity)!r}>"


def _appointments(kind: str) -> Callable[[Row], list[Row]]:
    return lambda row: [each for each in row.appointments if each.type == kind]


def _above(row: Row) -> list[Row]:
    """Typed contexts from the parent up; the project is none."""
    found, parent = [], row.parent
    while parent and parent.kind == "typed":
        found.append(parent)
        parent = parent.parent
    return found


def _below(row: Row) -> list[Row]:
    return [each for child in row.children for each in (child, *_below(child))]


def _lists(row: Row) -> list[Row]:
    return [each.list for each in row.studio.rows_by("list_object", "entity_id", row.id) if each.list]


def _items(row: Row) -> list[Row]:
    table = "context" if row.system_type == "task" else "asset_version"
    objects = row.studio.rows_by("list_object", "list_id", row.id)
    return [found for each in objects if (found := row.studio.row(table, each.entity_id))]


def _scopes(row: Row) -> list[Row]:
    links = row.studio.rows_by("context_scope", "context_id", row.id)
    return [row.studio.row("scope", each.scope_id) for each in links]


_SPECIAL: dict[tuple[str, str], Callable[[Row], Any]] = {
    ("context", "assignments"): _appointments("assignment"),
    ("context", "allocations"): _appointments("allocation"),
    ("resource", "assignments"): _appointments("assignment"),
    ("resource", "allocations"): _appointments("allocation"),
    ("context", "ancestors"): _above,
    ("context", "descendants"): _below,
    ("context", "scopes"): _scopes,
    ("context", "lists"): _lists,
    ("asset_version", "lists"): _lists,
    ("list", "items"): _items,
    ("asset", "latest_version"): lambda row: max(row.versions, key=lambda version: version.version),
    ("custom_attribute_value", "key"): lambda row: (
        row.values["configuration_id"] and row.configuration.values["key"]
    ),
    ("context", "time_logged"): lambda row: sum(each.duration for each in row.timelogs),
}


class Studio:
    """The demo studio as a global key sees it."""

    def __init__(self) -> None:
        self.columns: dict[str, set[str]] = defaultdict(set)
        self._tables: dict[str, list[Row]] = defaultdict(list)
        for table, rows in seed.rows("demo"):
            for values in rows:
                self.columns[table].update(values)
                self._tables[table].append(Row(self, table, values))
        #: Ids of the projects that are not seen.
        self.private = [row.values["id"] for row in self._tables["context"] if row.values.get("is_private")]
        self._hide(set(self.private))
        self._by_id = {row.values.get("id"): row for rows in self._tables.values() for row in rows}
        self._indexes: dict[tuple[str, str], dict[Any, list[Row]]] = {}

    def _hide(self, hidden: set[str]) -> None:
        """Take away everything that lies, through however many owners, in a private project."""
        hidden = hidden | {
            row.values["id"] for row in self._tables["context"] if row.values["project_id"] in hidden
        }
        while True:
            more = {
                row.values["id"]
                for table, columns in _OWNERS.items()
                for row in self._tables[table]
                if "id" in row.values and any(row.values.get(column) in hidden for column in columns)
            }
            if more <= hidden:
                break
            hidden |= more
        for table, rows in self._tables.items():
            owners = _OWNERS.get(table, ())
            self._tables[table] = [
                row
                for row in rows
                if row.values.get("id") not in hidden
                and not any(row.values.get(column) in hidden for column in owners)
            ]

    def all(self, entity_type: str) -> list[Row]:
        """Return all rows of an entity type, those of its subtypes included."""
        table, common = TYPES.get(entity_type, (_snake(entity_type), {}))
        return [
            row
            for row in self._tables[table]
            if all(row.values.get(name) == value for name, value in common.items())
        ]

    def where(self, entity_type: str, predicate: Callable[[Row], Any]) -> list[Row]:
        """Return the rows of a type that *predicate* holds for."""
        return [row for row in self.all(entity_type) if predicate(row)]

    def one(self, entity_type: str, **values: Any) -> Row:
        """Return the first row of a type with these values."""
        return next(
            row for row in self.all(entity_type) if all(row.values.get(n) == v for n, v in values.items())
        )

    def row(self, table: str, key: Any) -> Row | Nowhere:
        """Return the row with an id, or what stands for none."""
        found = self._by_id.get(key) if key is not None else None
        return found if found is not None and found.table == table else Nowhere(table)

    def rows_by(self, table: str, column: str, value: Any) -> list[Row]:
        """Return the rows of a table that hold *value* in *column*."""
        index = self._indexes.get((table, column))
        if index is None:
            index = self._indexes[table, column] = defaultdict(list)
            for row in self._tables[table]:
                index[row.values.get(column)].append(row)
        return index.get(value, [])


def ordered(rows: Iterable[Row], *keys: Callable[[Row], Any], backwards: tuple[int, ...] = ()) -> list[Row]:
    """Return *rows* sorted by *keys*, those whose positions are in *backwards* descending.

    No value comes before all others, equal rows stand by their ids (both assumed of the server).
    """
    found = sorted(rows, key=lambda row: row.identity)
    for position in reversed(range(len(keys))):
        key = keys[position]
        # `reverse` keeps equal rows in their order, as wanted.
        found.sort(key=lambda row, key=key: (key(row) is not None, key(row)), reverse=position in backwards)
    return found


def stored(row: Row, key: str) -> Any:
    """Return the stored value of a custom attribute, None where nothing is stored."""
    return next((each.value for each in row.custom_attributes if each.key == key), None)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
