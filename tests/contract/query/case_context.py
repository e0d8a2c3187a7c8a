"""What hangs on a context: relatives, people, lists, notes, links. Source: protocol reference 4.5."""

from contract.query.case import finds

RELATED = [
    finds(
        "metadata",
        'AssetVersion where metadata any (key is "host" and value is "ws-12")',
        "AssetVersion",
        lambda v: any(m.values["key"] == "host" and m.value == "ws-12" for m in v.metadata),
    ),
    finds(
        "metadata_path",
        "Project where metadata.value like '/mnt/vault/s%'",
        "Project",
        lambda p: any(m.value.startswith("/mnt/vault/s") for m in p.metadata),
    ),
    finds(
        "no_metadata", "Task where not metadata any (key is legacy_path)", "Task", lambda t: not t.metadata
    ),
    finds(
        "metadata_rows",
        "Metadata where key is Farbe and parent_type is Project",
        "Metadata",
        lambda m: m.key == "Farbe" and m.parent_type == "Project",
    ),
    finds(
        "ancestors_id",
        lambda s: (
            "TypedContext where project.status is active"
            f' and ancestors any (id is "{s.one("Episode", name="E02_Sparks").id}")'
        ),
        "TypedContext",
        lambda c: any(a.name == "E02_Sparks" for a in c.ancestors),
    ),
    finds(
        "ancestors_name",
        "Task where ancestors.name is sq_040",
        "Task",
        lambda t: any(a.name == "sq_040" for a in t.ancestors),
    ),
    finds(
        "no_ancestors", "TypedContext where not ancestors any ()", "TypedContext", lambda c: not c.ancestors
    ),
    finds(
        "descendants",
        "TypedContext where descendants any (name is roto and status.name is 'Client review')",
        "TypedContext",
        lambda c: any(d.name == "roto" and d.status.name == "Client review" for d in c.descendants),
    ),
    finds(
        "descendants_of_project",
        "Project where descendants any (object_type.name is Episode)",
        "Project",
        lambda p: any(d.object_type.name == "Episode" for d in p.descendants),
    ),
    finds(
        "not_descendants",
        "Folder where not descendants any (object_type.name is Task)",
        "Folder",
        lambda f: not any(d.object_type.name == "Task" for d in f.descendants),
        empty=True,
    ),
    finds(
        "children_of_project",
        "TypedContext where parent.parent is none and parent.name is stem2",
        "TypedContext",
        lambda c: c.parent and not c.parent.parent and c.parent.name == "stem2",
    ),
    finds(
        "parent_with_hostile_name",
        'AssetBuild where parent.name is "Alt-Import 2019 (nicht löschen!)"',
        "AssetBuild",
        lambda b: b.parent.name == "Alt-Import 2019 (nicht löschen!)",
    ),
    finds(
        "parents_children",
        "Task where parent.children any (name is rigging)",
        "Task",
        lambda t: any(c.name == "rigging" for c in t.parent.children),
    ),
    finds(
        "assignments_two_conditions",
        'Task where assignments any (resource.username is "tom.becker" and type is "assignment")',
        "Task",
        lambda t: any(a.resource.username == "tom.becker" for a in t.assignments),
    ),
    finds(
        "assignments_group",
        "Task where assignments any (resource.name is Lighting)",
        "Task",
        lambda t: any(a.resource.name == "Lighting" for a in t.assignments),
    ),
    finds(
        "allocations",
        "Project where allocations any (resource.name is Client)",
        "Project",
        lambda p: any(a.resource.name == "Client" for a in p.allocations),
    ),
    finds(
        "appointments_of_user",
        "User where appointments any (type is allocation)",
        "User",
        lambda u: any(a.type == "allocation" for a in u.appointments),
    ),
    finds(
        "assignments_back_to_contexts",
        "User where assignments.context.name is rigging",
        "User",
        lambda u: any(a.context.name == "rigging" for a in u.assignments),
    ),
    finds(
        "lists_of_tasks",
        "Task where lists any (name is 'Urgent, \"please\" – heute!')",
        "Task",
        lambda t: any(x.name == 'Urgent, "please" – heute!' for x in t.lists),
    ),
    finds(
        "lists_of_versions",
        "AssetVersion where lists.category.name is Deliveries",
        "AssetVersion",
        lambda v: any(x.category.name == "Deliveries" for x in v.lists),
    ),
    finds(
        "list_items",
        "TypedContextList where items any (name is compositing and priority.name is Urgent)",
        "TypedContextList",
        lambda x: any(i.name == "compositing" and i.priority.name == "Urgent" for i in x.items),
    ),
    finds(
        "notes",
        "Task where notes any (is_todo is true and completed_at is none)",
        "Task",
        lambda t: any(n.is_todo and n.completed_at is None for n in t.notes),
    ),
    finds(
        "notes_of_version",
        "AssetVersion where notes.replies any ()",
        "AssetVersion",
        lambda v: any(n.replies for n in v.notes),
    ),
    finds(
        "note_recipients",
        "Note where recipients any (recipient.name is Production)",
        "Note",
        lambda n: any(r.recipient.name == "Production" for r in n.recipients),
    ),
    finds(
        "note_labels",
        "Note where note_label_links any (label.name is 'Technik & Färbung')",
        "Note",
        lambda n: any(x.label.name == "Technik & Färbung" for x in n.note_label_links),
    ),
    finds(
        "note_category",
        "Note where category.name is 'Client feedback'",
        "Note",
        lambda n: n.category.name == "Client feedback",
    ),
    finds(
        "note_in_reply_to",
        'Note where in_reply_to.author.username is "kim.ek"',
        "Note",
        lambda n: n.in_reply_to.author.username == "kim.ek",
    ),
    finds(
        "note_parent_id",
        lambda s: f"Note where parent_id is {s.one('Project', name='stem2').id}",
        "Note",
        lambda n: n.parent_id == n.studio.one("Project", name="stem2").id,
    ),
    finds(
        "component_locations",
        "Component where component_locations any (location.name is ftrack.server)",
        "Component",
        lambda c: any(x.location.name == "ftrack.server" for x in c.component_locations),
    ),
    finds(
        "outgoing_links",
        "Task where outgoing_links any (to.name is lookdev)",
        "Task",
        lambda t: any(x.to.name == "lookdev" for x in t.outgoing_links),
    ),
    finds(
        "incoming_links_from",
        "Task where incoming_links.from.name is rigging",
        "Task",
        lambda t: any(x.from_.name == "rigging" for x in t.incoming_links),
    ),
    finds(
        "status_changes",
        "Task where status_changes any (status.name is Omitted)",
        "Task",
        lambda t: any(c.status.name == "Omitted" for c in t.status_changes),
    ),
    finds(
        "review",
        "AssetVersion where review_session_objects any (review_session.project.name is stem2)",
        "AssetVersion",
        lambda v: any(o.review_session.project.name == "stem2" for o in v.review_session_objects),
    ),
    finds("time_logged_compared", "Task where time_logged > 60000", "Task", lambda t: t.time_logged > 60000),
    finds(
        "bid_difference_compared",
        "Task where bid_time_logged_difference < 0",
        "Task",
        lambda t: t.bid - t.time_logged < 0,
    ),
]
