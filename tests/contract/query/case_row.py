"""Sub-queries, what a private project hides, order and pages. Source: protocol reference 3.6, 3.8, 9.3."""

from contract.query.case import Case, finds, has, lists
from contract.query.oracle import ordered

SUBQUERIES = [
    finds(
        "subquery",
        'AssetVersion where asset_id in (select id from Asset where type.short is "geo")',
        "AssetVersion",
        lambda v: v.asset.type.short == "geo",
    ),
    finds(
        "subquery_not_in",
        lambda s: (
            "Task where id not_in (select context_id from Timelog"
            f' where user_id is "{s.one("User", username="tom.becker").id}")'
        ),
        "Task",
        lambda t: not any(x.user.username == "tom.becker" for x in t.timelogs),
    ),
    finds(
        "subquery_without_where",
        "Task where id not in (select context_id from Timelog)",
        "Task",
        lambda t: not t.timelogs,
    ),
    finds(
        "subquery_nested",
        "Shot where id in (select context_id from Asset where id in"
        " (select asset_id from AssetVersion where version is 5))",
        "Shot",
        lambda s: any(v.version == 5 for a in s.assets for v in a.versions),
    ),
    finds(
        "subquery_nested_three",
        "Sequence where id in (select parent_id from Shot where id in"
        " (select context_id from Asset where id in (select asset_id from AssetVersion where version is 5)))",
        "Sequence",
        lambda q: any(v.version == 5 for s in q.children for a in s.assets for v in a.versions),
    ),
    Case(
        "subquery_path",
        "User where id in (select user.id from AssetVersion where asset.parent.name like 'SPA02%')",
        lambda s: list(
            {
                v.user
                for v in s.all("AssetVersion")
                if has(v.asset.parent.name, lambda name: name.startswith("SPA02"))
            }
        ),
    ),
    Case(
        "subquery_on_another_attribute",
        "Task where name in (select name from AssetBuild where name like '%under%')",
        lambda s: [
            task
            for build in s.where("AssetBuild", lambda b: "under" in b.name)
            for task in s.where("Task", lambda t, name=build.name: t.name == name)
        ],
    ),
    finds(
        "subquery_inside_any",
        "Task where assignments any (resource_id in (select user_id from Membership where group.name is FX))",
        "Task",
        lambda t: any(m.group.name == "FX" for a in t.assignments for m in a.resource.memberships),
    ),
    finds(
        "subquery_and_criterion",
        "Task where (status_id in (select id from Status where state.short is DONE)) and bid > 100000",
        "Task",
        lambda t: t.status.state.short == "DONE" and t.bid > 100000,
    ),
    finds(
        "subquery_of_nothing",
        "Task where id in (select context_id from Timelog where comment is 'nobody wrote this')",
        "Task",
        lambda t: False,
        empty=True,
    ),
    finds(
        "subquery_holding_nulls_in_not_in",
        "Component where id not_in (select thumbnail_id from AssetVersion)",
        "Component",
        lambda c: not c.studio.rows_by("asset_version", "thumbnail_id", c.id),
    ),
]

PRIVATE = [
    finds("private_project", "Project where name is sol_levante", "Project", lambda p: False, empty=True),
    finds("private_projects", "Project where is_private is true", "Project", lambda p: False, empty=True),
    finds("private_tasks", 'Task where project.name is "sol_levante"', "Task", lambda t: False, empty=True),
    finds("private_by_name", "Task where name is colouring", "Task", lambda t: False, empty=True),
    *(
        finds(f"all_{name}", name, name, lambda row: True)
        for name in (
            "Asset", "AssetVersion", "AssetVersionLink", "Component", "ComponentLocation",
            "Note", "NoteLabelLink", "NoteComponent", "Recipient", "Metadata",
            "Timelog", "Appointment", "Manager", "StatusChange", "TypedContextLink",
            "List", "ListObject", "CalendarEvent", "CustomAttributeValue", "CustomAttributeLink",
            "ReviewSession", "ReviewSessionObject", "ReviewSessionInvitee", "ReviewSessionObjectStatus",
        )
    ),
]  # fmt: skip

ORDER = [
    lists(
        "order_by_name",
        "select name from Status order by name",
        lambda s: ordered(s.all("Status"), lambda x: x.name),
    ),
    lists(
        "order_descending",
        "Status order by sort desc",
        lambda s: ordered(s.all("Status"), lambda x: x.sort, backwards=(0,)),
    ),
    lists(
        "order_long_words",
        "Type order by is_billable descending, name ascending",
        lambda s: ordered(s.all("Type"), lambda x: x.is_billable, lambda x: x.name, backwards=(0,)),
    ),
    lists(
        "order_through_relation",
        "Shot where parent.parent.name is E01_Meridian order by status.sort desc, name asc",
        lambda s: ordered(
            s.where("Shot", lambda x: x.parent.parent.name == "E01_Meridian"),
            lambda x: x.status.sort,
            lambda x: x.name,
            backwards=(0,),
        ),
    ),
    lists(
        "order_through_two_relations",
        "AssetVersion where version is 5 order by asset.parent.name, date desc",
        lambda s: ordered(
            s.where("AssetVersion", lambda v: v.version == 5),
            lambda v: v.asset.parent.name,
            lambda v: v.date,
            backwards=(1,),
        ),
    ),
    lists(
        "order_three_keys",
        "Task where name is editorial or name is concept order by status.name, bid desc, start_date",
        lambda s: ordered(
            s.where("Task", lambda t: t.name in ("editorial", "concept")),
            lambda t: t.status.name,
            lambda t: t.bid,
            lambda t: t.start_date,
            backwards=(1,),
        ),
    ),
    lists(
        "order_nothing_first",
        "Group order by parent.name, name",
        lambda s: ordered(s.all("Group"), lambda g: g.parent.name, lambda g: g.name),
    ),
    lists(
        "order_nothing_last_when_descending",
        "Group order by parent.name desc",
        lambda s: ordered(s.all("Group"), lambda g: g.parent.name, backwards=(0,)),
    ),
    lists(
        "order_ties_by_key",
        "Task where name is lighting order by name",
        lambda s: ordered(s.where("Task", lambda t: t.name == "lighting")),
    ),
    lists(
        "order_by_computed",
        "Task where name is texture order by time_logged desc, id",
        lambda s: ordered(
            s.where("Task", lambda t: t.name == "texture"), lambda t: t.time_logged, backwards=(0,)
        ),
    ),
    lists(
        "order_hostile_names",
        "AssetBuild where parent.name like 'Alt-Import%' order by name",
        lambda s: ordered(
            s.where("AssetBuild", lambda b: b.parent.name.startswith("Alt-Import")), lambda b: b.name
        ),
    ),
    lists(
        "limit",
        "Task where name is fx order by id limit 7",
        lambda s: ordered(s.where("Task", lambda t: t.name == "fx"))[:7],
    ),
    lists(
        "limit_offset",
        "Task order by sort, id limit 5 offset 10",
        lambda s: ordered(s.all("Task"), lambda t: t.sort)[10:15],
    ),
    lists(
        "offset_limit",
        "Task order by sort, id offset 10 limit 5",
        lambda s: ordered(s.all("Task"), lambda t: t.sort)[10:15],
    ),
    lists(
        "offset_alone",
        "Status order by sort offset 9",
        lambda s: ordered(s.all("Status"), lambda x: x.sort)[9:],
    ),
    lists(
        "limit_beyond_the_end",
        "Status order by sort offset 9 limit 500",
        lambda s: ordered(s.all("Status"), lambda x: x.sort)[9:],
    ),
    lists("offset_beyond_the_end", "Status order by sort offset 100 limit 5", lambda s: []),
    lists(
        "page_by_key",
        lambda s: f'select id from Task where id > "{ordered(s.all("Task"))[1000].id}" order by id limit 100',
        lambda s: ordered(s.all("Task"))[1001:1101],
    ),
    lists(
        "limit_within_quotes_is_text",
        'AssetBuild where name is "a limit 3 b offset 2" order by id limit 1',
        lambda s: s.where("AssetBuild", lambda b: b.name == "a limit 3 b offset 2"),
    ),
    lists(
        "subquery_with_order_and_limit",
        "Status where id in (select id from Status order by sort desc limit 3) order by sort",
        lambda s: ordered(s.all("Status"), lambda x: x.sort)[-3:],
    ),
]
