"""The settings every workspace has before there is a project in it."""

from collections.abc import Iterator

from ftrack_sandbox.seed.catalogue import (
    ASSET_TYPES,
    LIST_CATEGORIES,
    LOCATIONS,
    MANAGER_TYPES,
    NOTE_LABELS,
    OBJECT_TYPES,
    PRIORITIES,
    ROLES,
    SETTINGS,
    STATES,
    STATUSES,
    TYPES,
    USER_TYPES,
    priority_id,
    role_id,
    status_id,
    type_id,
    user_type_id,
)
from ftrack_sandbox.seed.row import Row, identify


def rows() -> Iterator[Row]:
    """Yield the rows of a workspace without projects, people and project schemas."""
    yield from _object_types()
    for short, name in STATES.items():
        yield "state", {"id": identify(f"state/{short}"), "name": name, "short": short}
    for sort, (key, (name, state, color, active)) in enumerate(STATUSES.items()):
        row = {"id": status_id(key), "name": name, "color": color, "sort": sort, "is_active": active}
        yield "status", {**row, "state_id": identify(f"state/{state}")}
    for sort, (key, (name, color, billable)) in enumerate(TYPES.items()):
        kind = {"id": type_id(key), "name": name, "color": color, "sort": sort}
        yield "type", {**kind, "is_billable": billable}
    for sort, (name, (_, color, weight)) in enumerate(PRIORITIES.items()):
        priority = {"id": priority_id(name), "name": name, "color": color, "sort": sort}
        yield "priority", {**priority, "value": weight}
    for name, (key, label) in LOCATIONS.items():
        yield "location", {"id": key, "name": name, "label": label, "description": f"Built in: {label}"}
    for short, name in ASSET_TYPES.items():
        yield (
            "asset_type",
            {"id": identify(f"asset type/{short}"), "name": name, "short": short, "component": "main"},
        )
    for name, role_type in ROLES.items():
        yield "security_role", {"id": role_id(name), "name": name, "type": role_type}
    for name in USER_TYPES:
        yield "user_type", {"id": user_type_id(name), "name": name}
    for sort, (name, color) in enumerate(NOTE_LABELS.items()):
        yield "note_label", {"id": identify(f"label/{name}"), "name": name, "color": color, "sort": sort}
    for table, prefix, names in (
        ("list_category", "list category", LIST_CATEGORIES),
        ("manager_type", "manager type", MANAGER_TYPES),
    ):
        for name in names:
            yield table, {"id": identify(f"{prefix}/{name}"), "name": name}
    for (group, name), value in SETTINGS.items():
        yield "setting", {"group": group, "name": name, "value": value}


def _object_types() -> Iterator[Row]:
    switches = (
        "is_leaf",
        "is_schedulable",
        "is_statusable",
        "is_taskable",
        "is_time_reportable",
        "is_typeable",
    )
    for sort, (name, (key, icon, *values)) in enumerate(OBJECT_TYPES.items()):
        row = {"id": key, "name": "Asset Build" if name == "AssetBuild" else name, "icon": icon, "sort": sort}
        yield "object_type", {**row, **dict(zip(switches, values, strict=True))}
