"""Project schemas: which statuses and types a show offers for what.

Both sets of twins of a project schema (`_task_workflow` and `task_workflow_schema` ...) read the
same rows. Source: protocol reference 4.5.
"""

import dataclasses
from collections.abc import Iterator, Mapping

from ftrack_sandbox.seed.catalogue import object_type_id, status_id, type_id
from ftrack_sandbox.seed.row import Row, identify

#: Statuses (keys) and types (keys) of the object types that look alike in every schema.
_PLAIN = (("nst",), ("generic",))
_ASSET_BUILD = (("nst", "wip", "hld", "omt", "app"), ("character", "prop", "environment"))
_MILESTONE = (("nst", "don"), ("delivery",))


@dataclasses.dataclass(frozen=True)
class Scheme:
    """One project schema, everything by the keys of the workspace's statuses and types.

    *objects* maps object types to their (statuses, types); that of tasks stands apart: *workflow*
    and *task_types*, with *overrides* giving some task types a workflow of their own.
    """

    key: str
    name: str
    workflow: tuple[str, ...]
    versions: tuple[str, ...]
    task_types: tuple[str, ...]
    objects: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    overrides: Mapping[str, tuple[str, ...]]
    templates: Mapping[str, tuple[str, ...]]

    @property
    def id(self) -> str:
        """The id of the project schema."""
        return identify(f"scheme/{self.key}")

    def statuses(self, task_type: str) -> tuple[str, ...]:
        """Return the statuses a task of the type can have, in the order of work."""
        return self.overrides.get(task_type, self.workflow)


VFX = Scheme(
    key="vfx",
    name="VFX",
    workflow=("nst", "rdy", "wts", "wip", "rev", "crv", "fix", "hld", "omt", "app"),
    versions=("rev", "crv", "fix", "app", "dlv"),
    task_types=(
        *("generic", "matchmove", "roto", "layout", "animation", "fx", "lighting", "compositing"),
        *("concept", "modeling", "rigging", "texture", "lookdev", "editing", "production", "delivery"),
    ),
    objects={
        "Episode": _PLAIN,
        "Sequence": _PLAIN,
        "Folder": _PLAIN,
        "Shot": (("nst", "wip", "crv", "hld", "omt", "app", "dlv"), ("generic",)),
        "AssetBuild": _ASSET_BUILD,
        "Milestone": _MILESTONE,
    },
    overrides={"production": ("nst", "wip", "don"), "matchmove": ("nst", "wip", "app")},
    templates={
        "Shot": ("matchmove", "animation", "lighting", "compositing"),
        "Asset": ("modeling", "lookdev"),
    },
)

ANIMATION = Scheme(
    key="animation",
    name="2D Animation – Größe M",
    workflow=("nst", "wip", "rev", "fix", "hld", "don"),
    versions=("rev", "fix", "app"),
    task_types=(
        *("generic", "layout", "animation", "fx", "colouring", "compositing"),
        *("concept", "editing", "production"),
    ),
    objects={
        "Sequence": _PLAIN,
        "Folder": _PLAIN,
        "Shot": (("nst", "wip", "omt", "don"), ("generic",)),
        "AssetBuild": _ASSET_BUILD,
        "Milestone": _MILESTONE,
    },
    overrides={"editing": ("nst", "wip", "app")},
    templates={"Cut": ("layout", "animation", "colouring", "compositing")},
)


def rows(*schemes: Scheme) -> Iterator[Row]:
    """Yield the rows of the project schemas."""
    for scheme in schemes:
        yield from _scheme(scheme)
        yield from _objects(scheme)
        yield from _templates(scheme)


def _scheme(scheme: Scheme) -> Iterator[Row]:
    tasks, versions, types = (
        identify(f"scheme/{scheme.key}/{part}")
        for part in ("task workflow", "version workflow", "task types")
    )
    yield (
        "project_schema",
        {
            "id": scheme.id,
            "name": scheme.name,
            "task_workflow_schema_id": tasks,
            "asset_version_workflow_schema_id": versions,
            "task_type_schema_id": types,
        },
    )
    yield from _workflow(tasks, f"{scheme.name} tasks", scheme.workflow)
    yield from _workflow(versions, f"{scheme.name} versions", scheme.versions)
    yield "task_type_schema", {"id": types, "name": f"{scheme.name} task types"}
    for key in scheme.task_types:
        yield "task_type_schema_type", {"task_type_schema_id": types, "type_id": type_id(key)}
    for key, statuses in scheme.overrides.items():
        name = f"scheme/{scheme.key}/override/{key}"
        yield from _workflow(identify(f"{name}/workflow"), f"{scheme.name} {key}", statuses)
        row = {"id": identify(name), "project_schema_id": scheme.id, "type_id": type_id(key)}
        yield "project_schema_override", {**row, "workflow_schema_id": identify(f"{name}/workflow")}


def _workflow(key: str, name: str, statuses: tuple[str, ...]) -> Iterator[Row]:
    yield "workflow_schema", {"id": key, "name": name}
    for status in statuses:
        yield "workflow_schema_status", {"workflow_schema_id": key, "status_id": status_id(status)}


def _objects(scheme: Scheme) -> Iterator[Row]:
    for name in ("Task", *scheme.objects):
        ids = {"project_schema_id": scheme.id, "object_type_id": object_type_id(name)}
        yield "project_schema_object_type", ids
        if name == "Task":
            continue
        schema = identify(f"scheme/{scheme.key}/schema/{name}")
        yield "schema", {"id": schema, "type_id": object_type_id(name), **ids}
        statuses, types = scheme.objects[name]
        for sort, key in enumerate(statuses):
            yield "schema_status", {"schema_id": schema, "status_id": status_id(key), "sort": sort}
        for sort, key in enumerate(types):
            yield "schema_type", {"schema_id": schema, "type_id": type_id(key), "sort": sort}


def _templates(scheme: Scheme) -> Iterator[Row]:
    for name, types in scheme.templates.items():
        template = identify(f"scheme/{scheme.key}/template/{name}")
        yield "task_template", {"id": template, "name": name, "project_schema_id": scheme.id}
        for key in types:
            row = {"id": identify(f"{template}/{key}"), "template_id": template, "task_type_id": type_id(key)}
            yield "task_template_item", row
