"""Rows of the custom attributes: types, groups, configurations, and who may read and write them.

Source: protocol reference 2.10.
"""

import json
from collections.abc import Iterator
from typing import Any

from ftrack_sandbox.seed.catalogue import ROLES, object_type_id, role_id
from ftrack_sandbox.seed.configuration import APPROVER_ID, CONFIGURATIONS, Configuration
from ftrack_sandbox.seed.people import project_id
from ftrack_sandbox.seed.row import Row, identify

#: The types, by the names the server gives them. Source: protocol reference 2.10.
TYPES = ("text", "boolean", "date", "enumerator", "dynamic enumerator", "number", "expression")
GROUPS = ("Cut", "Delivery", "Büro")


def rows() -> Iterator[Row]:
    """Yield the types, groups and configurations, with who may read and write them."""
    for name in GROUPS:
        yield "custom_attribute_group", {"id": identify(f"attribute group/{name}"), "name": name}
    for sort, each in enumerate(CONFIGURATIONS):
        yield "custom_attribute_configuration", _configuration(each, sort)
        for names, table in (
            (each.readers, "configuration_read_role"),
            (each.writers, "configuration_write_role"),
        ):
            for name in names:
                yield table, {"configuration_id": each.id, "security_role_id": role_id(name)}


def link_rows() -> Iterator[Row]:
    """Yield the attribute whose value is another entity: who approves a shot."""
    row = {"id": APPROVER_ID, "configuration_type": "link", "key": "approver", "label": "Approver"}
    ends = {"entity_type": "task", "object_type_id": object_type_id("Shot"), "entity_type_to": "user"}
    yield (
        "custom_attribute_configuration",
        {**row, **ends, "one_to_one": True, "config": "{}", "core": False, "sort": len(CONFIGURATIONS)},
    )
    for name in ROLES:
        for table in ("configuration_read_role", "configuration_write_role"):
            yield table, {"configuration_id": APPROVER_ID, "security_role_id": role_id(name)}


def type_rows() -> Iterator[Row]:
    """Yield the types, which a workspace without projects has too."""
    for name in TYPES:
        row = {"id": identify(f"attribute type/{name}"), "name": name, "core": False}
        yield "custom_attribute_type", {**row, "form_config": "{}"}


def _configuration(each: Configuration, sort: int) -> dict[str, Any]:
    return {
        "id": each.id,
        "configuration_type": "value",
        "key": each.key,
        "label": each.label,
        "type_id": identify(f"attribute type/{each.type}"),
        "entity_type": each.entity_type,
        "object_type_id": object_type_id(each.object_type) if each.object_type else None,
        "project_id": project_id(each.show) if each.show else None,
        "is_hierarchical": each.hierarchical,
        "default": each.default,
        "config": json.dumps(each.config, ensure_ascii=False),
        "core": False,
        "group_id": identify(f"attribute group/{each.group}") if each.group else None,
        "sort": sort,
    }
