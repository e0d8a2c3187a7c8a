"""Custom attributes. Source: protocol reference 2.10, 3.5."""

from contract.query.case import Case, finds, has
from contract.query.oracle import stored

CUSTOM_ATTRIBUTES = [
    finds(
        "attribute_number",
        'Shot where custom_attributes any (key is "fend" and value is 1179)',
        "Shot",
        lambda s: stored(s, "fend") == 1179,
    ),
    finds(
        "attribute_number_quoted",
        'Shot where custom_attributes any (key is "fend" and value is "1179")',
        "Shot",
        lambda s: stored(s, "fend") == 1179,
    ),
    finds(
        "attribute_number_fraction",
        "Task where custom_attributes any (key is fps and value is 59.94)",
        "Task",
        lambda t: stored(t, "fps") == 59.94,
    ),
    finds(
        "attribute_number_greater",
        "Shot where custom_attributes any (key is fend and value > 1150)",
        "Shot",
        lambda s: has(stored(s, "fend"), lambda v: v > 1150),
    ),
    finds(
        "attribute_text",
        'Shot where custom_attributes any (key is brief and value is "=A1")',
        "Shot",
        lambda s: stored(s, "brief") == "=A1",
    ),
    finds(
        "attribute_text_that_looks_like_a_number",
        'User where custom_attributes any (key is staff_number and value is "00042")',
        "User",
        lambda u: stored(u, "staff_number") == "00042",
    ),
    finds(
        "attribute_text_like",
        'Shot where custom_attributes any (key is brief and value like "%sky%")',
        "Shot",
        lambda s: has(stored(s, "brief"), lambda v: "sky" in v),
    ),
    finds(
        "attribute_text_non_ascii",
        "Asset where custom_attributes any (key is subtype and value is 'Größe M')",
        "Asset",
        lambda a: stored(a, "subtype") == "Größe M",
    ),
    finds(
        "attribute_boolean",
        "Shot where custom_attributes any (key is on_hold and value is True)",
        "Shot",
        lambda s: stored(s, "on_hold") is True,
    ),
    finds(
        "attribute_boolean_false",
        "AssetVersion where custom_attributes any (key is tech_ok and value is false)",
        "AssetVersion",
        lambda v: stored(v, "tech_ok") is False,
    ),
    finds(
        "attribute_enumerator",
        "Task where custom_attributes any (key is complexity and value is hard)",
        "Task",
        lambda t: "hard" in (stored(t, "complexity") or []),
    ),
    finds(
        "attribute_enumerator_one_of_several",
        'Task where custom_attributes any (key is passes and value is "mask, matte")',
        "Task",
        lambda t: "mask, matte" in (stored(t, "passes") or []),
    ),
    finds(
        "attribute_enumerator_in",
        "User where custom_attributes any (key is skills and value in (nuke, maya))",
        "User",
        lambda u: {"nuke", "maya"} & set(stored(u, "skills") or []),
    ),
    finds(
        "attribute_date",
        'AssetVersion where custom_attributes any (key is sent_on and value > "2026-02-01")',
        "AssetVersion",
        lambda v: has(stored(v, "sent_on"), lambda text: text > "2026-02-01"),
    ),
    finds(
        "attribute_hierarchical_stored_only",
        "TypedContext where custom_attributes any (key is colour_space and value is rec709)",
        "TypedContext",
        lambda c: stored(c, "colour_space") == ["rec709"],
    ),
    finds(
        "attribute_hierarchical_of_project",
        "Project where custom_attributes any (key is resolution and value is 4096x2160)",
        "Project",
        lambda p: stored(p, "resolution") == "4096x2160",
    ),
    finds(
        "attribute_default_is_not_seen",
        "Shot where custom_attributes any (key is handles and value is 8)",
        "Shot",
        lambda s: stored(s, "handles") == 8,
        empty=True,
    ),
    finds(
        "attribute_zero_is_a_value",
        "Shot where custom_attributes any (key is handles and value is 0)",
        "Shot",
        lambda s: stored(s, "handles") == 0,
    ),
    finds(
        "attribute_key_through_configuration",
        'Task where custom_attributes.configuration.key is "passes"',
        "Task",
        lambda t: stored(t, "passes") is not None,
    ),
    finds(
        "attribute_not_stored",
        "Shot where not custom_attributes any (key is handles)",
        "Shot",
        lambda s: stored(s, "handles") is None,
    ),
    finds(
        "attribute_two_of_them",
        "Shot where custom_attributes any (key is fend and value > 1100)"
        " and custom_attributes any (key is handles and value < 12)",
        "Shot",
        lambda s: has(stored(s, "fend"), lambda v: v > 1100) and has(stored(s, "handles"), lambda v: v < 12),
    ),
    finds(
        "attribute_through_relation",
        "Project where custom_attributes any (configuration has (group.name is Büro) and value like '00%')",
        "Project",
        lambda p: any(
            v.configuration.group.name == "Büro" and isinstance(v.value, str) and v.value.startswith("00")
            for v in p.custom_attributes
        ),
    ),
    finds(
        "attribute_value_rows",
        'CustomAttributeValue where configuration.key is "poly_count" and value > 500000',
        "CustomAttributeValue",
        lambda v: v.key == "poly_count" and v.value > 500000,
    ),
    Case(
        "attribute_value_rows_of_contexts",
        lambda s: (
            "select value, entity_id from ContextCustomAttributeValue where entity_id in ("
            + ", ".join(shot.id for shot in s.all("Shot")[:40])
            + ") and configuration_id is "
            + s.one("CustomAttributeConfiguration", key="fend").id
        ),
        lambda s: [
            value
            for shot in s.all("Shot")[:40]
            for value in s.rows_by("custom_attribute_value", "entity_id", shot.id)
            if value.key == "fend"
        ],
    ),
    finds(
        "attribute_configurations",
        "CustomAttributeConfiguration where is_hierarchical is true and entity_type is show",
        "CustomAttributeConfiguration",
        lambda c: c.is_hierarchical and c.entity_type == "show",
    ),
    finds(
        "attribute_configurations_of_object_type",
        "CustomAttributeConfiguration where object_type.name is Shot and default is_not none",
        "CustomAttributeConfiguration",
        lambda c: c.object_type.name == "Shot" and c.default is not None,
    ),
]
