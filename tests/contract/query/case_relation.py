"""Paths, `any`, `has`, types with subtypes. Source: protocol reference 3.4."""

from contract.query.case import finds

PATHS = [
    finds("path_one", "Task where type.name is FX", "Task", lambda t: t.type.name == "FX"),
    finds(
        "path_two",
        "Task where status.state.short is BLOCKED",
        "Task",
        lambda t: t.status.state.short == "BLOCKED",
    ),
    finds(
        "path_three",
        "AssetVersion where asset.parent.parent.name is sq_040",
        "AssetVersion",
        lambda v: v.asset.parent.parent.name == "sq_040",
    ),
    finds(
        "path_four",
        "AssetVersion where asset.parent.parent.parent.name is E01_Meridian",
        "AssetVersion",
        lambda v: v.asset.parent.parent.parent.name == "E01_Meridian",
    ),
    finds(
        "path_five",
        "Component where version.task.project.project_schema.name is VFX and version.task.name is editorial",
        "Component",
        lambda c: c.version.task.project.project_schema.name == "VFX" and c.version.task.name == "editorial",
    ),
    finds(
        "path_to_text_of_project",
        "Task where project.status is active and name is editorial",
        "Task",
        lambda t: t.project.status == "active" and t.name == "editorial",
    ),
    finds(
        "path_to_computed_latest_version",
        'Asset where latest_version.status.name is "Client review"',
        "Asset",
        lambda a: a.latest_version.status.name == "Client review",
    ),
    finds(
        "path_through_collection",
        "Sequence where children.name like '%_0100'",
        "Sequence",
        lambda s: any(c.name.endswith("_0100") for c in s.children),
    ),
    finds(
        "path_through_two_collections",
        "Episode where children.children.name is SPA02_030_0020",
        "Episode",
        lambda e: any(g.name == "SPA02_030_0020" for c in e.children for g in c.children),
    ),
    finds(
        "path_collections_and_relations_mixed",
        "Shot where assets.versions.user.username is zoe.oconnor",
        "Shot",
        lambda s: any(v.user.username == "zoe.oconnor" for a in s.assets for v in a.versions),
    ),
    finds(
        "path_through_collection_is_not_finds_others",
        "TypedContextList where items.name is_not compositing",
        "TypedContextList",
        lambda x: any(i.name != "compositing" for i in x.items),
    ),
    finds(
        "path_through_collection_not_excludes",
        "Asset where not versions.version is 2",
        "Asset",
        lambda a: not any(v.version == 2 for v in a.versions),
    ),
    finds(
        "path_through_collection_none",
        "Asset where versions.thumbnail_id is none",
        "Asset",
        lambda a: any(v.thumbnail_id is None for v in a.versions),
    ),
    finds(
        "paths_look_for_their_own_element",
        "Note where recipients.user.username is kim.ek and recipients.user.username is zoe.oconnor",
        "Note",
        lambda n: {"kim.ek", "zoe.oconnor"} <= {r.user.username for r in n.recipients},
    ),
    finds(
        "scopes", 'Context where scopes.name is "4K"', "Context", lambda c: "4K" in {s.name for s in c.scopes}
    ),
    finds(
        "scopes_of_shots",
        "Shot where scopes any (name is 4K)",
        "Shot",
        lambda s: any(each.name == "4K" for each in s.scopes),
    ),
    finds(
        "project_id_on_context",
        lambda s: f"Context where project_id is {s.one('Project', name='stem2').id} and name like '%lock%'",
        "Context",
        lambda c: c.project_id and c.studio.row("context", c.project_id).name == "stem2" and "lock" in c.name,
    ),
    finds(
        "managers",
        'Project where managers any (user.username is "kim.ek" and type.name is "Coordinator")',
        "Project",
        lambda p: any(m.user.username == "kim.ek" and m.type.name == "Coordinator" for m in p.managers),
    ),
]

ANY_HAS = [
    finds(
        "any",
        'Task where assignments any (resource.username is "zoe.oconnor")',
        "Task",
        lambda t: any(a.resource.username == "zoe.oconnor" for a in t.assignments),
    ),
    finds(
        "any_binds_conditions_to_one_element",
        "Asset where versions any (version is 1 and is_latest_version is true)",
        "Asset",
        lambda a: any(v.version == 1 and v.is_latest_version for v in a.versions),
    ),
    finds(
        "any_with_or",
        "Task where timelogs any (duration > 30000 or comment like '%again')",
        "Task",
        lambda t: any(x.duration > 30000 or x.comment.endswith("again") for x in t.timelogs),
    ),
    finds("any_empty", "Shot where notes any ()", "Shot", lambda s: s.notes),
    finds("not_any_empty", "Task where not assignments any ()", "Task", lambda t: not t.assignments),
    finds(
        "not_any",
        "Note where not recipients any (user.username is zoe.oconnor)",
        "Note",
        lambda n: not any(r.user.username == "zoe.oconnor" for r in n.recipients),
    ),
    finds(
        "any_with_not_inside",
        "Asset where versions any (not status.name is Retake)",
        "Asset",
        lambda a: any(v.status.name != "Retake" for v in a.versions),
    ),
    finds(
        "no_any_with_not_inside_is_all",
        "Asset where not versions any (not comment is_not '')",
        "Asset",
        lambda a: all(v.comment != "" for v in a.versions),
    ),
    finds("has", 'Task where status has (name is "Retake")', "Task", lambda t: t.status.name == "Retake"),
    finds(
        "has_binds_conditions",
        "AssetVersion where user has (first_name is Zoë and is_active is true)",
        "AssetVersion",
        lambda v: v.user.first_name == "Zoë" and v.user.is_active,
    ),
    finds("not_has", "Note where not category has (name like '%')", "Note", lambda n: not n.category),
    finds(
        "has_nested",
        "AssetVersion where asset has (parent has (parent has (name is sq_040)))",
        "AssetVersion",
        lambda v: v.asset.parent.parent.name == "sq_040",
    ),
    finds(
        "any_nested_three_deep",
        "Project where children any (children any (children any (name is MER01_020_0030)))",
        "Project",
        lambda p: any(g.name == "MER01_020_0030" for e in p.children for q in e.children for g in q.children),
    ),
    finds(
        "any_nested_with_conditions_on_each_level",
        "Shot where assets any (type.short is comp"
        " and versions any (version > 1 and components any (file_type is .exr)))",
        "Shot",
        lambda s: any(
            a.type.short == "comp"
            and any(v.version > 1 and any(c.file_type == ".exr" for c in v.components) for v in a.versions)
            for a in s.assets
        ),
    ),
    finds(
        "has_and_any_nested",
        "AssetVersion where task has (assignments any (resource has (id is_not none))"
        " and not timelogs any ())",
        "AssetVersion",
        lambda v: v.task and any(a.resource for a in v.task.assignments) and not v.task.timelogs,
    ),
    finds(
        "any_at_the_end_of_a_path",
        "AssetVersion where asset.parent.notes any (is_todo is true)",
        "AssetVersion",
        lambda v: any(n.is_todo for n in v.asset.parent.notes),
    ),
    finds(
        "any_behind_a_collection",
        "Sequence where children.notes any ()",
        "Sequence",
        lambda s: any(c.notes for c in s.children),
    ),
    finds(
        "any_without_blank",
        "Task where not timelogs any() and assignments any(type is assignment)",
        "Task",
        lambda t: not t.timelogs and t.assignments,
    ),
]

TYPES_OF_ROWS = [
    finds("all_tasks", "Task", "Task", lambda t: True),
    finds("all_projects", "select id from Project", "Project", lambda p: True),
    finds(
        "context_both_kinds",
        'Context where name like "%s%2"',
        "Context",
        lambda c: "s" in c.name[:-1] and c.name.endswith("2"),
    ),
    finds(
        "context_by_kind",
        "Context where context_type is show",
        "Context",
        lambda c: c.kind == "project",
    ),
    finds(
        "typed_context",
        'TypedContext where object_type.name in ("Milestone", "Folder")',
        "TypedContext",
        lambda c: c.object_type.name in ("Milestone", "Folder"),
    ),
    finds(
        "typed_context_has_no_projects",
        'TypedContext where name in (stem2, "Editorial")',
        "TypedContext",
        lambda c: c.name == "Editorial",
    ),
    finds(
        "component",
        "Component where system_type is sequence",
        "Component",
        lambda c: c.system_type == "sequence",
    ),
    finds(
        "file_component",
        'FileComponent where name is "geometry"',
        "FileComponent",
        lambda c: c.name == "geometry",
    ),
    finds(
        "sequence_component",
        "SequenceComponent where padding is 4 and members any (name is 1001)",
        "SequenceComponent",
        lambda c: c.padding == 4 and any(m.name == "1001" for m in c.members),
    ),
    finds(
        "container_component",
        "ContainerComponent where members.file_type is .zip",
        "ContainerComponent",
        lambda c: any(m.file_type == ".zip" for m in c.members),
    ),
    finds("resource", "Resource", "Resource", lambda r: True),
    finds(
        "resource_by_kind",
        "Resource where resource_type is group",
        "Resource",
        lambda r: r.resource_type == "group",
    ),
    finds("group", 'Group where parent.name is "Shots"', "Group", lambda g: g.parent.name == "Shots"),
    finds(
        "group_children",
        "Group where children any (name is FX)",
        "Group",
        lambda g: any(c.name == "FX" for c in g.children),
    ),
    finds(
        "user_memberships",
        'User where memberships any (group.name is "2D")',
        "User",
        lambda u: any(m.group.name == "2D" for m in u.memberships),
    ),
    finds("list", "List where is_open is false", "List", lambda x: not x.is_open),
    finds(
        "typed_context_list",
        'TypedContextList where name like "Due%"',
        "TypedContextList",
        lambda x: x.name[:3] == "Due",
    ),
    finds(
        "status_change",
        "StatusChange where status.name is Retake",
        "StatusChange",
        lambda c: c.status.name == "Retake",
    ),
    finds(
        "typed_context_status_change",
        "TypedContextStatusChange where parent.name is fx and status.name is Approved",
        "TypedContextStatusChange",
        lambda c: c.parent.name == "fx" and c.status.name == "Approved",
    ),
]
