"""A small change in an expression changes what it finds: no part of one is passed over.

Each pair is an expression of the language test and one that differs by a word, a sign or a value.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from contract.query.oracle import Row, stored


@dataclasses.dataclass(frozen=True)
class Mutation:
    """Two expressions, and what each must find of the type."""

    id: str
    entity_type: str
    expression: str
    predicate: Callable[[Row], Any]
    mutated: str
    other: Callable[[Row], Any]


MUTATIONS = [
    Mutation(
        "is_to_is_not", "Task",
        "Task where status.name is Approved", lambda t: t.status.name == "Approved",
        "Task where status.name is_not Approved", lambda t: t.status.name != "Approved",
    ),
    Mutation(
        "in_to_not_in", "Task",
        "Task where name in (fx, roto)", lambda t: t.name in ("fx", "roto"),
        "Task where name not_in (fx, roto)", lambda t: t.name not in ("fx", "roto"),
    ),
    Mutation(
        "greater_to_at_least", "AssetVersion",
        "AssetVersion where version > 3", lambda v: v.version > 3,
        "AssetVersion where version >= 3", lambda v: v.version >= 3,
    ),
    Mutation(
        "less_to_at_most", "Task",
        "Task where bid < 28800", lambda t: t.bid < 28800,
        "Task where bid <= 28800", lambda t: t.bid <= 28800,
    ),
    Mutation(
        "like_to_not_like", "Shot",
        "Shot where name like 'SPA%'", lambda s: s.name.startswith("SPA"),
        "Shot where name not_like 'SPA%'", lambda s: not s.name.startswith("SPA"),
    ),
    Mutation(
        "percent_moved", "Shot",
        "Shot where name like '%010'", lambda s: s.name.endswith("010"),
        "Shot where name like '%010%'", lambda s: "010" in s.name,
    ),
    Mutation(
        "percent_escaped", "AssetBuild",
        "AssetBuild where name like '%0%'", lambda b: "0" in b.name,
        r"AssetBuild where name like '%0\%%'", lambda b: "0%" in b.name,
    ),
    Mutation(
        "and_to_or", "Task",
        "Task where name is fx and bid > 50000", lambda t: t.name == "fx" and t.bid > 50000,
        "Task where name is fx or bid > 50000", lambda t: t.name == "fx" or t.bid > 50000,
    ),
    Mutation(
        "parentheses_moved", "Task",
        "Task where (name is fx or name is roto) and bid > 50000",
        lambda t: t.name in ("fx", "roto") and t.bid > 50000,
        "Task where name is fx or (name is roto and bid > 50000)",
        lambda t: t.name == "fx" or (t.name == "roto" and t.bid > 50000),
    ),
    Mutation(
        "not_taken_out_of_parentheses", "Task",
        "Task where not (name is fx or bid > 50000)", lambda t: not (t.name == "fx" or t.bid > 50000),
        "Task where not name is fx or bid > 50000", lambda t: t.name != "fx" or t.bid > 50000,
    ),
    Mutation(
        "any_to_not_any", "Shot",
        "Shot where notes any (is_todo is true)", lambda s: any(n.is_todo for n in s.notes),
        "Shot where not notes any (is_todo is true)", lambda s: not any(n.is_todo for n in s.notes),
    ),
    Mutation(
        "not_put_inside_any", "Asset",
        "Asset where not versions any (comment is '')",
        lambda a: not any(v.comment == "" for v in a.versions),
        "Asset where versions any (not comment is '')", lambda a: any(v.comment != "" for v in a.versions),
    ),
    Mutation(
        "any_split_in_two", "Asset",
        "Asset where versions any (version is 1 and is_latest_version is true)",
        lambda a: any(v.version == 1 and v.is_latest_version for v in a.versions),
        "Asset where versions any (version is 1) and versions any (is_latest_version is true)",
        lambda a: any(v.version == 1 for v in a.versions) and any(v.is_latest_version for v in a.versions),
    ),
    Mutation(
        "has_value_changed", "AssetVersion",
        "AssetVersion where user has (username is zoe.oconnor)", lambda v: v.user.username == "zoe.oconnor",
        "AssetVersion where user has (username is ravi.shah)", lambda v: v.user.username == "ravi.shah",
    ),
    Mutation(
        "none_to_not_none", "Component",
        "Component where container is none", lambda c: not c.container,
        "Component where container is_not none", lambda c: c.container,
    ),
    Mutation(
        "empty_text_to_none", "Task",
        'Task where description is ""', lambda t: t.description == "",
        "Task where description is none", lambda t: t.description is None,
    ),
    Mutation(
        "boolean_turned", "Note",
        "Note where is_todo is true", lambda n: n.is_todo,
        "Note where is_todo is false", lambda n: not n.is_todo,
    ),
    Mutation(
        "offset_of_a_date", "Timelog",
        'Timelog where start >= "2026-03-02T09:00:00Z"',
        lambda x: x.start.isoformat() >= "2026-03-02T09:00:00",
        'Timelog where start >= "2026-03-02T09:00:00-01:30"',
        lambda x: x.start.isoformat() >= "2026-03-02T10:30:00",
    ),
    Mutation(
        "letter_case", "AssetBuild",
        "AssetBuild where name is lighthouse", lambda b: b.name == "lighthouse",
        "AssetBuild where name is Lighthouse", lambda b: b.name == "Lighthouse",
    ),
    Mutation(
        "one_step_up", "AssetVersion",
        "AssetVersion where asset.parent.name like '%_0010'", lambda v: v.asset.parent.name.endswith("_0010"),
        "AssetVersion where asset.parent.parent.name like '%_010'",
        lambda v: (v.asset.parent.parent.name or "").endswith("_010"),
    ),
    Mutation(
        "ancestors_to_parent", "Task",
        "Task where ancestors.name is sq_040", lambda t: any(a.name == "sq_040" for a in t.ancestors),
        "Task where parent.name is sq_040", lambda t: t.parent.name == "sq_040",
    ),
    Mutation(
        "descendants_to_children", "Project",
        "Project where descendants any (name is roto)",
        lambda p: any(d.name == "roto" for d in p.descendants),
        "Project where children any (name is roto)", lambda p: any(c.name == "roto" for c in p.children),
    ),
    Mutation(
        "another_attribute_of_the_same_value", "Task",
        "Task where custom_attributes any (key is complexity and value is hard)",
        lambda t: "hard" in (stored(t, "complexity") or []),
        "Task where custom_attributes any (key is passes and value is hard)",
        lambda t: "hard" in (stored(t, "passes") or []),
    ),
    Mutation(
        "subquery_turned", "Task",
        "Task where id in (select context_id from Timelog where duration > 20000)",
        lambda t: any(x.duration > 20000 for x in t.timelogs),
        "Task where id not_in (select context_id from Timelog where duration > 20000)",
        lambda t: not any(x.duration > 20000 for x in t.timelogs),
    ),
    Mutation(
        "condition_moved_out_of_subquery", "Task",
        "Task where id in (select context_id from Timelog where name is fx or comment is '')",
        lambda t: any(x.name == "fx" or x.comment == "" for x in t.timelogs),
        "Task where id in (select context_id from Timelog where name is fx) or description is ''",
        lambda t: any(x.name == "fx" for x in t.timelogs) or t.description == "",
    ),
]  # fmt: skip


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.id)
def test_a_changed_expression_finds_something_else(mutation, studio, ask, key_of):
    def wanted(predicate):
        return {row.identity for row in studio.where(mutation.entity_type, predicate)}

    found, changed = (
        {key_of(entity) for entity in ask(expression)}
        for expression in (mutation.expression, mutation.mutated)
    )
    assert found == wanted(mutation.predicate)
    assert changed == wanted(mutation.other)
    assert found != changed
