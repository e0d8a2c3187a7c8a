"""Who may write rows of which type.

Source: protocol reference 9.2, 9.3.
"""

from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.access.caller import Caller
from ftrack_sandbox.errors import PermissionDenied
from ftrack_sandbox.schema.model import EntityType

#: Tables whose rows only administrators write. Source: protocol reference 9.3 ("administrative
#: types: roles, schemas, configurations, users"); which tables these are is assumed.
_ADMINISTRATIVE = frozenset(
    {
        "asset_type",
        "custom_attribute_configuration",
        "custom_attribute_group",
        "custom_attribute_link_configuration",
        "custom_attribute_type",
        "custom_configuration_base",
        "disk",
        "membership",
        "object_type",
        "priority",
        "project_schema",
        "project_schema_object_type",
        "project_schema_override",
        "resource",
        "schema",
        "schema_status",
        "schema_type",
        "security_role",
        "setting",
        "setting_component",
        "state",
        "status",
        "task_template",
        "task_template_item",
        "task_type_schema",
        "task_type_schema_type",
        "type",
        "user_security_role",
        "user_security_role_project",
        "user_type",
        "workflow_schema",
        "workflow_schema_status",
    }
)

#: The built-in roles that decide something. Source: protocol reference 9.2.
ADMINISTRATOR, MANAGER = "Administrator", "Project manager"


def check_write(caller: Caller, entity_type: EntityType, row: Mapping[str, Any] | None) -> None:
    """Refuse writes that the caller's roles do not allow; *row* is None for a new one.

    Administrative types are the administrators', projects theirs and the project managers';
    users may change themselves. Raises PermissionDenied. Source: protocol reference 9.3; the
    division is assumed.
    """
    if caller.is_administrator:
        return
    name = entity_type.table.name
    if name == "resource" and row is not None and row["id"] == caller.user_id:
        return
    if (entity_type.name == "Project" and MANAGER not in caller.role_names) or name in _ADMINISTRATIVE:
        raise PermissionDenied(f"{caller.username} has no permission to write a {entity_type.name}.")
