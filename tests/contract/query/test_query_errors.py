"""What is no query is a ParseError that names what is wrong, and where; never another exception.

Source: protocol reference 1.4, 3.10.
"""

import json

import ftrack_api.exception
import pytest
import requests

#: Expression -> what the text of the error must name.
BAD = {
    "unknown_attribute": ("Task where nonsense is 1", ["No attribute 'nonsense' exists for schema 'Task'."]),
    "unknown_projection": (
        "select url from Component",
        ["No attribute 'url' exists for schema 'Component'."],
    ),
    "letter_case_counts": ("Task where Name is fx", ["No attribute 'Name' exists for schema 'Task'."]),
    "unknown_behind_relation": ("Task where status.colour is red", ["'colour'", "'Status'"]),
    "unknown_in_projected_relation": ("select status.state.label from Task", ["'label'", "'State'"]),
    "unknown_in_order": ("Task order by status.nonsense", ["'nonsense'", "'Status'"]),
    "unknown_inside_any": ("Task where assignments any (user is none)", ["'user'", "'Appointment'"]),
    "unknown_in_subquery": ("Task where id in (select task from Timelog)", ["'task'", "'Timelog'"]),
    "unknown_in_subquery_criteria": (
        "Task where id in (select context_id from Timelog where nonsense is 1)",
        ["'nonsense'", "'Timelog'"],
    ),
    "path_beyond_the_declared_type": ("Task where parent.status.name is Approved", ["'status'", "'Context'"]),
    "note_has_no_parent": ("Note where parent.name is x", ["'parent'", "'Note'"]),
    "context_has_no_project": (
        "AssetVersion where asset.parent.project.name is x",
        ["'project'", "'Context'"],
    ),
    "restricted": ("select custom_attribute_links from Task", ["'custom_attribute_links'", "'Task'"]),
    "unknown_type": ("select id from Nonsense", ["'Nonsense'"]),
    "type_in_lower_case": ("select id from task", ["'task'"]),
    "unknown_type_in_subquery": ("Task where id in (select id from Nonsense)", ["'Nonsense'"]),
    "empty": ("", ["end of the expression"]),
    "blank": ("  \n ", ["end of the expression"]),
    "where_without_criteria": ("Task where", ["end of the expression"]),
    "no_operator": ("Task where name", ["end of the expression"]),
    "no_value": ("Task where name is", ["end of the expression"]),
    "unknown_operator": ("Task where name contains fx", ["'contains fx'", "character 17"]),
    "value_in_two_words": ("Task where name is two words", ["'words'", "character 24"]),
    "unclosed_quote": ('Task where name is "fx', ["'\"fx'", "character 20"]),
    "stray_quote_of_user_input": ("Task where name is 'O'Brien'", ["Brien'", "character 23"]),
    "unclosed_parenthesis": ("Task where (name is fx", ["end of the expression"]),
    "superfluous_parenthesis": ("Task where name is fx)", ["')'", "character 22"]),
    "empty_list": ("Task where name in ()", ["')'", "character 21"]),
    "list_without_parentheses": ("Task where name in fx", ["'fx'", "character 20"]),
    "empty_has": ("Task where status.name.x has ()", ["'name'", "'Status'"]),
    # `from` may be an attribute, so it is the type that stands in a wrong place.
    "trailing_comma": ("select id, from Task", ["'Task'", "character 17"]),
    "projection_without_type": ("select id", ["end of the expression"]),
    "limit_without_number": ("Task limit", ["end of the expression"]),
    "limit_negative": ("Task limit -1", ["'-1'", "character 12"]),
    "limit_twice": ("Task limit 1 limit 2", ["limit", "twice"]),
    "order_before_where": ("Task order by name where name is fx", ["'where name is fx'", "character 20"]),
    "rubbish_behind": ("Task limit 1 please", ["'please'", "character 14"]),
    "sql": ("Task; DROP TABLE context", ["'; DROP TABLE context'", "character 5"]),
    "text_for_a_number": ("Task where bid > lots", ["'lots'", "'bid'", "'Task'"]),
    "text_for_a_boolean": ("Note where is_todo is perhaps", ["'perhaps'", "'is_todo'", "'Note'"]),
    "text_for_a_date": ("Task where start_date > tomorrow", ["'tomorrow'", "'start_date'", "'Task'"]),
    "impossible_date": ("Task where start_date > 2026-02-30", ["'2026-02-30'", "'start_date'", "'Task'"]),
    "like_of_a_number": ("Task where bid like '1%'", ["like", "'bid'", "'Task'"]),
    "order_of_a_boolean": ("Note where is_todo > false", ["'is_todo'", "'Note'"]),
    "order_of_none": ("Task where bid > none", ["none"]),
    "relation_with_a_value": ("Task where status is Approved", ["'status'", "'Task'", "relation"]),
    "collection_with_a_value": ("Task where notes is none", ["'notes'", "'Task'", "collection"]),
    "any_of_a_relation": ("Task where status any (name is Approved)", ["any", "'status'", "'Task'"]),
    "has_of_a_collection": ("Task where notes has (is_todo is true)", ["has", "'notes'", "'Task'"]),
    "any_of_a_scalar": ("Task where name any ()", ["any", "'name'", "'Task'"]),
    "path_through_a_scalar": ("Task where name.length > 3", ["'name'", "'Task'"]),
    "path_through_a_scalar_projected": ("select name.length from Task", ["'name'", "'Task'"]),
    "order_through_a_collection": ("Task order by notes.content", ["'notes'", "'Task'"]),
    "order_by_a_relation": ("Task order by status", ["'status'", "'Task'"]),
    "computed_that_no_database_knows": ("Task where thumbnail_url is none", ["'thumbnail_url'", "'Task'"]),
    "in_a_relation": ("Task where status in (Approved)", ["'status'", "'Task'"]),
    "subquery_of_two_attributes": ("Task where id in (select id, name from Task)", ["sub-query"]),
    "subquery_of_another_kind": ("Task where id in (select bid from Task)", ["'id'", "'bid'"]),
    "grouping_without_strict_mode": ("select count(id) from Task", ["ftrack-strict-api"]),
    "unknown_function": ("select median(bid) from Task", ["'median'"]),
    "nested_too_deep": ("Task where " + "(" * 5000 + "name is fx" + ")" * 5000, ["nested"]),
    "nots_without_end": ("Task where " + "not " * 5000 + "name is fx", ["nested"]),
    "braces": ("Task where {name} is fx", ["'(name) is fx'", "character 12"]),
    "nul": ("Task where name is 'a\0b'", ["NUL", "21"]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_query_is_a_parse_error_naming_what_is_wrong(name, ftrack_session):
    expression, named = BAD[name]
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.call([{"action": "query", "expression": expression}])
    assert caught.value.message.startswith("Server reported error: ParseError(")
    for each in named:
        assert each in caught.value.message
    # `str` of the client's error runs `str.format` over the text.
    assert "ParseError" in str(caught.value)


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
@pytest.mark.parametrize(
    "expression", [None, 7, [], {"select": "id"}], ids=["null", "number", "list", "object"]
)
def test_an_expression_that_is_no_text_is_a_parse_error(expression, strict, ftrack_sandbox):
    answer = requests.post(
        f"{ftrack_sandbox.url}/api",
        data=json.dumps([{"action": "query", "expression": expression}]),
        headers={
            "ftrack-user": ftrack_sandbox.api_user,
            "ftrack-api-key": ftrack_sandbox.api_key,
            **({"ftrack-strict-api": "true"} if strict else {}),
        },
        timeout=30,
    )
    assert answer.json()["exception"] == "ParseError"
    assert answer.json()["content"].startswith("Failed to parse:")
    assert (answer.status_code >= 400) is strict


def test_a_session_goes_on_after_a_bad_query(ftrack_session, ask):
    with pytest.raises(ftrack_api.exception.ServerError):
        ask("Task where")
    assert len(ask("Task limit 1")) == 1


def test_one_bad_query_fails_its_whole_batch(ftrack_session):
    operations = [
        {"action": "query", "expression": each} for each in ("Task limit 1", "Task where", "Task limit 1")
    ]
    with pytest.raises(ftrack_api.exception.ServerError, match="ParseError"):
        ftrack_session.call(operations)


def test_the_client_itself_refuses_an_unknown_type(ftrack_session):
    with pytest.raises(KeyError, match="Nonsense"):
        ftrack_session.query("Nonsense where id is 1").all()
