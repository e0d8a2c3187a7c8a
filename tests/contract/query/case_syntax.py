"""Operators, values, dates, and, or, not. Source: protocol reference 3.1 to 3.3."""

from contract.query.case import at, finds, has

OPERATORS = [
    finds("is", 'Task where name is "compositing"', "Task", lambda t: t.name == "compositing"),
    finds("equals_sign", 'Task where name = "compositing"', "Task", lambda t: t.name == "compositing"),
    finds("equals_sign_without_blanks", "Task where name=fx", "Task", lambda t: t.name == "fx"),
    finds(
        "is_not", 'Shot where status.name is_not "Approved"', "Shot", lambda s: s.status.name != "Approved"
    ),
    finds(
        "not_equal_sign",
        'Shot where status.name != "Approved"',
        "Shot",
        lambda s: s.status.name != "Approved",
    ),
    finds("greater_than", "Task where bid greater_than 100000", "Task", lambda t: t.bid > 100000),
    finds("greater_sign", "Task where bid > 100800", "Task", lambda t: t.bid > 100800),
    finds("less_than", "Task where bid less_than 14400", "Task", lambda t: t.bid < 14400),
    finds("less_sign", "Task where bid<28800", "Task", lambda t: t.bid < 28800),
    finds("at_least", "Task where bid >= 100800", "Task", lambda t: t.bid >= 100800),
    finds("at_most", "Task where bid <= 14400.0", "Task", lambda t: t.bid <= 14400),
    finds(
        "after",
        'Task where start_date after "2026-05-06"',
        "Task",
        lambda t: has(t.start_date, lambda d: d > at(2026, 5, 6)),
    ),
    finds(
        "before",
        'Task where start_date before "2025-09-01"',
        "Task",
        lambda t: has(t.start_date, lambda d: d < at(2025, 9, 1)),
    ),
    finds("text_after", 'Episode where name > "E01_Z"', "Episode", lambda e: e.name > "E01_Z"),
    finds("text_before", 'Status where name before "C"', "Status", lambda s: s.name < "C"),
    finds("text_at_least", 'Status where name >= "Retake"', "Status", lambda s: s.name >= "Retake"),
    finds("like_start", 'Shot where name like "sq_01%"', "Shot", lambda s: s.name.startswith("sq_01")),
    finds("like_end", 'Shot where name like "%0"', "Shot", lambda s: s.name.endswith("0")),
    finds("like_inside", "Status where name like '%ie%'", "Status", lambda s: "ie" in s.name),
    finds(
        "like_two_parts",
        'Shot where name like "sq_%_0010"',
        "Shot",
        lambda s: s.name.startswith("sq_") and s.name.endswith("_0010"),
    ),
    finds("like_whole", "Task where name like roto", "Task", lambda t: t.name == "roto"),
    finds(
        "like_percent",
        r'AssetBuild where name like "%\%%"',
        "AssetBuild",
        lambda b: "%" in b.name,
    ),
    finds(
        "like_percent_before_text",
        r'AssetBuild where name like "100\% w%"',
        "AssetBuild",
        lambda b: b.name.startswith("100% w"),
    ),
    # `_` standing for itself, and case counting, are assumed of the server.
    finds(
        "like_underscore_is_itself",
        'AssetBuild where name like "%r_s%"',
        "AssetBuild",
        lambda b: "r_s" in b.name,
    ),
    finds(
        "like_counts_case",
        'AssetBuild where name like "light%"',
        "AssetBuild",
        lambda b: b.name[:5] == "light",
    ),
    finds(
        "is_counts_case",
        "AssetBuild where name is LIGHTHOUSE",
        "AssetBuild",
        lambda b: b.name == "LIGHTHOUSE",
    ),
    finds(
        "like_glob_characters",
        'AssetBuild where name like "%*%"',
        "AssetBuild",
        lambda b: "*" in b.name,
        empty=True,
    ),
    finds(
        "like_over_line_breaks",
        'Note where content like "Please check:%again"',
        "Note",
        lambda n: n.content.startswith("Please check:") and n.content.endswith("again"),
    ),
    finds("not_like", 'Status where name not_like "%e%"', "Status", lambda s: "e" not in s.name),
    finds(
        "not_like_of_nothing",
        'Shot where description not_like "%e%"',
        "Shot",
        lambda s: s.description is None or "e" not in s.description,
    ),
    finds(
        "in",
        'Shot where status.name in ("Approved", "Not started")',
        "Shot",
        lambda s: s.status.name in ("Approved", "Not started"),
    ),
    finds("in_bare_words", "Task where name in (fx,roto)", "Task", lambda t: t.name in ("fx", "roto")),
    finds(
        "in_numbers", "AssetVersion where version in (3, '4')", "AssetVersion", lambda v: v.version in (3, 4)
    ),
    finds(
        "not_in",
        "Task where name not_in (compositing, animation, layout)",
        "Task",
        lambda t: t.name not in ("compositing", "animation", "layout"),
    ),
    finds(
        "not_in_as_two_words",
        'Task where name not in ("compositing", "animation", "layout")',
        "Task",
        lambda t: t.name not in ("compositing", "animation", "layout"),
    ),
    finds(
        "not_in_of_nothing",
        'Task where description not_in ("", "0042")',
        "Task",
        lambda t: t.description not in ("", "0042"),
    ),
    finds(
        "in_with_none",
        'Task where description in (none, "0042")',
        "Task",
        lambda t: t.description in (None, "0042"),
    ),
]

VALUES = [
    finds("text_single_quotes", "Task where name is 'lookdev'", "Task", lambda t: t.name == "lookdev"),
    finds(
        "escaped_double_quote",
        r'AssetBuild where name is "Prop, \"lantern\", broken"',
        "AssetBuild",
        lambda b: b.name == 'Prop, "lantern", broken',
    ),
    finds(
        "double_quotes_within_single",
        "AssetBuild where name is 'Prop, \"lantern\", broken'",
        "AssetBuild",
        lambda b: b.name == 'Prop, "lantern", broken',
    ),
    finds(
        "escaped_single_quote",
        r"AssetBuild where name is 'It\'s O\'Brien\'s boat'",
        "AssetBuild",
        lambda b: b.name == "It's O'Brien's boat",
    ),
    finds(
        "uuid_unquoted",
        lambda s: f"Status where id is {s.one('Status', name='Retake').id}",
        "Status",
        lambda s: s.name == "Retake",
    ),
    finds("negative_number", "Status where sort > -1", "Status", lambda s: s.sort > -1),
    finds("number_quoted", 'AssetVersion where version is "5"', "AssetVersion", lambda v: v.version == 5),
    finds(
        "number_with_fraction", "AssetVersion where version > 3.5", "AssetVersion", lambda v: v.version > 3.5
    ),
    finds(
        "text_that_looks_like_a_number",
        "AssetBuild where name is 007",
        "AssetBuild",
        lambda b: b.name == "007",
    ),
    finds("text_1e5", "AssetBuild where name is 1e5", "AssetBuild", lambda b: b.name == "1e5"),
    finds("empty_text", 'Task where description is ""', "Task", lambda t: t.description == ""),
    finds("boolean_True", "Note where is_todo is True", "Note", lambda n: n.is_todo),
    finds("boolean_true", "Note where is_todo = true", "Note", lambda n: n.is_todo),
    finds("boolean_False", "User where is_active is False", "User", lambda u: not u.is_active),
    finds("boolean_false", "Status where is_active is_not false", "Status", lambda s: s.is_active),
    finds(
        "boolean_through_relation",
        "UserSecurityRole where user.is_active is false",
        "UserSecurityRole",
        lambda r: not r.user.is_active,
    ),
    finds("none", "Task where description is none", "Task", lambda t: t.description is None),
    finds("None", "Task where description is None", "Task", lambda t: t.description is None),
    finds("null", "Task where description = null", "Task", lambda t: t.description is None),
    finds("is_not_none", "Shot where thumbnail_id is_not none", "Shot", lambda s: s.thumbnail_id is not None),
    finds(
        "not_equal_None",
        "Component where version_id != None",
        "Component",
        lambda c: c.version_id is not None,
    ),
    # In quotes it is a text: assumed, but the studio holds an asset build of this name.
    finds("quoted_none_is_text", 'AssetBuild where name is "none"', "AssetBuild", lambda b: b.name == "none"),
    finds(
        "True_is_text_for_a_text", "AssetBuild where name is True", "AssetBuild", lambda b: b.name == "True"
    ),
    finds("relation_is_none", "Note where category is none", "Note", lambda n: not n.category),
    finds("relation_is_not_none", "Note where in_reply_to is_not none", "Note", lambda n: n.in_reply_to),
    finds("relation_is_null", "Component where container is null", "Component", lambda c: not c.container),
    finds(
        "relation_behind_relation_is_none",
        "Component where container.version is_not none",
        "Component",
        lambda c: c.container.version,
    ),
    finds(
        "scalar_behind_no_relation_is_none",
        "Component where container.name is none",
        "Component",
        lambda c: c.container.name is None,
    ),
    finds(
        "is_not_behind_no_relation",
        'Note where completed_by.username is_not "kim.ek"',
        "Note",
        lambda n: n.completed_by.username != "kim.ek",
    ),
    finds(
        "ordering_never_finds_nothing",
        "Task where start_date < 2030-01-01",
        "Task",
        lambda t: t.start_date is not None,
    ),
    finds(
        "not_ordering_finds_nothing",
        "Task where not start_date < 2026-06-01",
        "Task",
        lambda t: t.start_date is None or t.start_date >= at(2026, 6, 1),
    ),
]

DATES = [
    finds(
        "date_bare_is_midnight",
        'CalendarEvent where start is "2026-05-04"',
        "CalendarEvent",
        lambda e: e.start == at(2026, 5, 4),
    ),
    finds(
        "date_bare_is_not_the_whole_day",
        'Task where start_date is "2025-12-02"',
        "Task",
        lambda t: t.start_date == at(2025, 12, 2),
        empty=True,
    ),
    finds(
        "date_unquoted",
        "Task where start_date >= 2026-06-01",
        "Task",
        lambda t: has(t.start_date, lambda d: d >= at(2026, 6, 1)),
    ),
    finds(
        "date_and_time",
        'Task where start_date is "2025-12-02 09:00:00"',
        "Task",
        lambda t: t.start_date == at(2025, 12, 2, 9),
    ),
    finds(
        "date_T_time",
        "Task where start_date is '2025-12-02T09:00:00'",
        "Task",
        lambda t: t.start_date == at(2025, 12, 2, 9),
    ),
    finds(
        "date_without_seconds",
        'Task where start_date is "2025-12-02 09:00"',
        "Task",
        lambda t: t.start_date == at(2025, 12, 2, 9),
    ),
    finds(
        "date_Z",
        'Task where start_date = "2025-12-02T09:00:00Z"',
        "Task",
        lambda t: t.start_date == at(2025, 12, 2, 9),
    ),
    finds(
        "date_milliseconds_Z",
        'Task where start_date = "2025-12-02T09:00:00.000Z"',
        "Task",
        lambda t: t.start_date == at(2025, 12, 2, 9),
    ),
    finds(
        "date_offset_zero",
        'Task where start_date = "2025-12-02T09:00:00+00:00"',
        "Task",
        lambda t: t.start_date == at(2025, 12, 2, 9),
    ),
    finds(
        "date_offset_east",
        'Task where start_date = "2025-12-02T11:00:00+02:00"',
        "Task",
        lambda t: t.start_date == at(2025, 12, 2, 9),
    ),
    finds(
        "date_offset_west",
        'Task where start_date >= "2026-05-31T22:30:00-03:30"',
        "Task",
        lambda t: has(t.start_date, lambda d: d >= at(2026, 6, 1, 2)),
    ),
    finds(
        "date_fraction",
        'Timelog where start > "2026-03-12T09:00:00.250"',
        "Timelog",
        lambda t: t.start > at(2026, 3, 12, 9),
    ),
    finds(
        "date_range",
        'Timelog where start >= "2026-02-01" and start < "2026-03-01"',
        "Timelog",
        lambda t: at(2026, 2, 1) <= t.start < at(2026, 3, 1),
    ),
    finds(
        "date_in",
        'Task where start_date in ("2025-12-02 09:00:00", "2026-03-01T09:00:00Z")',
        "Task",
        lambda t: t.start_date in (at(2025, 12, 2, 9), at(2026, 3, 1, 9)),
    ),
    finds("date_none", "Task where start_date is none", "Task", lambda t: t.start_date is None),
    finds(
        "date_is_not",
        'List where date is_not "2026-03-14 09:00:00"',
        "List",
        lambda x: x.date != at(2026, 3, 14, 9),
        empty=True,
    ),
]

LOGIC = [
    finds(
        "and",
        "Task where name is fx and bid > 50000",
        "Task",
        lambda t: t.name == "fx" and t.bid > 50000,
    ),
    finds(
        "or",
        "Task where status.name is Retake or status.name is Omitted",
        "Task",
        lambda t: t.status.name == "Retake" or t.status.name == "Omitted",
    ),
    finds(
        "and_binds_tighter_on_the_right",
        "Task where name is roto or name is fx and bid > 50000",
        "Task",
        lambda t: t.name == "roto" or (t.name == "fx" and t.bid > 50000),
    ),
    finds(
        "and_binds_tighter_on_the_left",
        "Task where name is fx and bid > 50000 or name is roto",
        "Task",
        lambda t: (t.name == "fx" and t.bid > 50000) or t.name == "roto",
    ),
    finds(
        "parentheses",
        "Task where (name is roto or name is fx) and bid > 50000",
        "Task",
        lambda t: t.name in ("roto", "fx") and t.bid > 50000,
    ),
    finds(
        "parentheses_around_one",
        "Task where ((name is fx))",
        "Task",
        lambda t: t.name == "fx",
    ),
    finds("not", "Status where not name is Approved", "Status", lambda s: s.name != "Approved"),
    finds(
        "not_binds_tightest",
        "Task where not name is compositing and bid > 100000",
        "Task",
        lambda t: t.name != "compositing" and t.bid > 100000,
    ),
    finds(
        "not_of_parentheses",
        "Task where not (name is compositing or bid < 100000)",
        "Task",
        lambda t: not (t.name == "compositing" or t.bid < 100000),
    ),
    finds("not_not", "Task where not not name is fx", "Task", lambda t: t.name == "fx"),
    finds(
        "three_ands_and_an_or",
        "Task where project.name is stem2 and status.state.short is DONE and bid >= 100800"
        ' or priority.name is "Urgent"',
        "Task",
        lambda t: (
            (t.project.name == "stem2" and t.status.state.short == "DONE" and t.bid >= 100800)
            or t.priority.name == "Urgent"
        ),
    ),
    finds(
        "irregular_whitespace",
        'Task\n  where name   is\t"fx"\nand(bid>50000)and not(bid>=100800)',
        "Task",
        lambda t: t.name == "fx" and 50000 < t.bid < 100800,
    ),
    finds(
        "missing_space_before_and",
        'Task where name is "fx"and bid > 50000',
        "Task",
        lambda t: t.name == "fx" and t.bid > 50000,
    ),
    finds(
        "attribute_named_as_a_word_of_the_language",
        "CustomAttributeConfiguration where group is none and type.name is number",
        "CustomAttributeConfiguration",
        lambda c: not c.group and c.type.name == "number",
    ),
]
