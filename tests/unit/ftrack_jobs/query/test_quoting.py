import datetime
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_jobs.errors import QueryError
from ftrack_jobs.query import quote
from ftrack_jobs.query.quoting import fill


def unquoted(text):
    """Read a quoted text the way the language defines it: a backslash takes the next character as it is."""
    assert text[0] == text[-1] == '"'
    inner, read, escaped = text[1:-1], "", False
    for character in inner:
        if escaped or character != "\\":
            assert escaped or character != '"'
            read, escaped = read + character, False
        else:
            escaped = True
    assert not escaped
    return read


@given(text=st.text())
def test_text_comes_back_from_its_quotes(text):
    assert unquoted(quote(text)) == text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("comp", '"comp"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("a limit 3 b", '"a limit 3 b"'),
        ("two\nlines", '"two\nlines"'),
        ('") or (id is_not "', '"\\") or (id is_not \\""'),
        (5, "5"),
        (-1.5, "-1.5"),
        (True, "true"),
        (False, "false"),
        (None, "none"),
        (datetime.date(2024, 5, 3), '"2024-05-03"'),
        (datetime.datetime(2024, 5, 3, 9, 15), '"2024-05-03T09:15:00"'),
        (
            datetime.datetime(2024, 5, 3, 9, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            '"2024-05-03T07:15:00"',
        ),
        (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (["a", 'b"'], '("a", "b\\"")'),
        ((1, None), "(1, none)"),
        ({"b", "a"}, '("a", "b")'),
        ([], '("")'),
    ],
)
def test_values_have_one_form_each(value, expected):
    assert quote(value) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), b"bytes", {"a": 1}])
def test_values_without_a_form_are_refused(value):
    with pytest.raises(QueryError):
        quote(value)


def test_parameters_are_put_in_quoted():
    filled = fill("name is {name} and project_id in {ids}", {"name": 'a"b', "ids": ["1", "2"]})
    assert filled == 'name is "a\\"b" and project_id in ("1", "2")'


def test_a_value_that_looks_like_a_parameter_stays_a_value():
    assert fill("a is {a} and b is {b}", {"a": "{b}", "b": 1}) == 'a is "{b}" and b is 1'


def test_braces_within_quotes_are_text():
    assert fill('name is "{other}" and a is {a}', {"a": 1}) == 'name is "{other}" and a is 1'


@pytest.mark.parametrize(
    ("where", "params", "reason"),
    [
        ("id is {id}", {}, "no value for {id}"),
        ("id is 1", {"id": 2}, "no place for id"),
        ('name like "%{name}%"', {"name": "x"}, "without quotes"),
        ("a is 1) or (b is 2", {}, "parentheses"),
        ("(a is 1", {}, "parentheses"),
        ('a is "open', {}, "not closed"),
        ("a is 'open", {}, "not closed"),
        ("a is 1 order by b", {}, "'order'"),
        ("a is 1 ORDER  BY b", {}, "'ORDER'"),
        ("a is 1 limit 5", {}, "'limit'"),
        ("a is 1 offset 5", {}, "'offset'"),
        ("a is 1 group by a", {}, "'group'"),
    ],
)
def test_what_is_not_one_condition_is_refused_with_the_reason(where, params, reason):
    with pytest.raises(QueryError) as caught:
        fill(where, params)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "where",
    [
        'name is "order by x) limit 3"',
        "name is '('",
        "id in (select id from Task where a is 1 order by b limit 3)",
        "group is STORAGE",
        'not (a any (b is "c") and d has ())',
        "order.name is 3",
        'name is "ends with a backslash \\\\"',
    ],
)
def test_a_condition_stays_word_for_word(where):
    assert fill(where, {}) == where


@given(value=st.text())
def test_no_value_can_end_its_quotes(value):
    filled = fill("({a}) and b is {b}", {"a": value, "b": 1})
    assert filled.startswith('("') and filled.endswith('") and b is 1')
    # Read again as a condition, it is in balance still: nothing of the value became part of the language.
    assert fill(filled, {}) == filled.strip()
