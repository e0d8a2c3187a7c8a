"""Texts of queries, as the clients write them and as nobody should, to ASTs and back."""

import sys
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_sandbox.errors import ParseError
from ftrack_sandbox.query import ast, parse
from ftrack_sandbox.query.ast import Comparison, Literal, Operator
from ftrack_sandbox.query.printer import print_query

#: What the Python client makes by itself; ids shortened as in the reference, but shaped like real ones.
CLIENT_QUERIES = [
    'select context_type, id, name from User where username is "kim" limit 2',
    "select bid from Task where id is 5f2893c7-11aa-4b0c-9d3e-0123456789ab offset 0 limit 500",
    "select status.id from Task where id is 5f2893c7-11aa-4b0c-9d3e-0123456789ab offset 0 limit 500",
    "select parent.context_type, parent.id, parent.name from Task where id is 5f28 offset 0 limit 500",
    "select status.name, bid from Task where id in (5f2893c7-11aa,77aa93c7-11aa) offset 0 limit 500",
    'select context_type, id, name from Task where (id is "5f28…") offset 0 limit 500',
    "select parent_id, key, value, parent_type from Metadata where"
    ' (parent_id is "5f28…" and key is "a") offset 0 limit 500',
    'select value from Metadata where (parent_id is "5f28…"and key is "a") offset 0 limit 500',
    'select value from Metadata where (parent_id is "1"and key is "a") or (parent_id is "2"and key is "a")'
    " offset 0 limit 500",
    "select component_id, resource_identifier from ComponentLocation where location_id is 3a37-11"
    " and component_id in (9a6e-11, 02bc-22) offset 0 limit 500",
    "select id from ComponentLocation where component_id is 9a6e-11 and location_id is 3a37-11",
    'select id from Timer where user_id = "9f…" limit 2',
    "select task_status from SchemaStatus where schema_id is 0c1d-11",
    "select task_type from SchemaType where schema_id is 0c1d-11",
    "select key, project_id, id, object_type_id, entity_type, is_hierarchical"
    " from CustomAttributeConfiguration",
    'select value from Setting where name is "storage_scenario" and group is "STORAGE"',
    'Task where name is "x" and bid is 3 and parent_id is None limit 2',
]


def criterion(text: str) -> Any:
    return parse(f"Task where {text}").where


def refusal(text: str) -> str:
    with pytest.raises(ParseError) as caught:
        parse(text)
    return caught.value.content


@pytest.mark.parametrize("text", CLIENT_QUERIES)
def test_what_the_client_sends_parses_and_says_the_same_when_printed(text: str) -> None:
    query = parse(text)
    assert parse(print_query(query)) == query


def test_a_whole_query_has_all_its_parts() -> None:
    query = parse(
        "select name, status.name, assignments.resource from Task where bid > 5"
        " order by sort desc, status.sort ascending, name offset 10 limit 20"
    )
    assert query == ast.Query(
        entity_type="Task",
        projections=(("name",), ("status", "name"), ("assignments", "resource")),
        where=Comparison(("bid",), Operator.GREATER, Literal("5", False)),
        order_by=(ast.Order(("sort",), True), ast.Order(("status", "sort")), ast.Order(("name",))),
        offset=10,
        limit=20,
    )


def test_without_select_nothing_is_named_to_be_selected() -> None:
    assert parse("Task").projections is None


def test_limit_may_come_before_offset() -> None:
    assert parse("Task limit 2 offset 4") == parse("Task offset 4 limit 2")


@pytest.mark.parametrize(
    ("written", "operator"),
    [
        ("is", Operator.IS),
        ("=", Operator.IS),
        ("is_not", Operator.IS_NOT),
        ("!=", Operator.IS_NOT),
        ("like", Operator.LIKE),
        ("not_like", Operator.NOT_LIKE),
        ("after", Operator.GREATER),
        ("greater_than", Operator.GREATER),
        (">", Operator.GREATER),
        ("before", Operator.LESS),
        ("less_than", Operator.LESS),
        ("<", Operator.LESS),
        (">=", Operator.AT_LEAST),
        ("<=", Operator.AT_MOST),
    ],
)
def test_operator_words_and_signs(written: str, operator: Operator) -> None:
    assert criterion(f"bid {written} 5") == Comparison(("bid",), operator, Literal("5", False))


def test_signs_need_no_spaces() -> None:
    assert criterion("id=5f28") == criterion("id is 5f28")
    assert criterion("bid>=5 and bid!=-1") == criterion("bid >= 5 and bid is_not -1")


@pytest.mark.parametrize("written", ["not_in", "not in", "not\n  in"])
def test_not_in_may_be_written_apart(written: str) -> None:
    wanted = ast.Membership(("id",), (Literal("a", False), Literal("b c")), negated=True)
    assert criterion(f'id {written} (a, "b c")') == wanted


def test_and_binds_tighter_than_or_and_not_tighter_than_and() -> None:
    a, b, c = (Comparison((name,), Operator.IS, Literal("1", False)) for name in "abc")
    assert criterion("a is 1 or b is 1 and c is 1") == ast.Or((a, ast.And((b, c))))
    assert criterion("(a is 1 or b is 1) and c is 1") == ast.And((ast.Or((a, b)), c))
    assert criterion("not a is 1 and b is 1") == ast.And((ast.Not(a), b))


def test_any_and_has_may_be_empty_and_nest() -> None:
    assert criterion("tasks any ()") == ast.Related(("tasks",), True)
    assert criterion("not asset.parent has()") == ast.Not(ast.Related(("asset", "parent"), False))
    inner = ast.Related(("children",), True, Comparison(("name",), Operator.IS, Literal("x")))
    assert criterion('children any (children any (name is "x"))') == ast.Related(("children",), True, inner)


def test_sub_queries_nest() -> None:
    found = criterion(
        'asset_id in (select id from Asset where type_id in (select id from Type where a is "b"))'
    )
    assert isinstance(found.values, ast.Query)
    assert isinstance(found.values.where.values, ast.Query)
    assert found.values.where.values.entity_type == "Type"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r'"a \"b\" c"', 'a "b" c'),
        (r"'it\'s'", "it's"),
        ("'say \"x\"'", 'say "x"'),
        (r'"C:\shots\a"', r"C:\shots\a"),
        (r'"a\\"', "a\\"),
        (r'"50\%"', r"50\%"),
        ('"two\nlines"', "two\nlines"),
        ('""', ""),
        ('"a limit 3 b"', "a limit 3 b"),
        ('"日本 🎬"', "日本 🎬"),
    ],
)
def test_quotes_and_backslashes(written: str, text: str) -> None:
    assert criterion(f"name is {written}").value == Literal(text)


@pytest.mark.parametrize(
    "word", ["NOT_STARTED", "comp-v01", "a.b", "10:30", "-1.5", "and", "5f28-and", "from", "http://x/y?z=1"]
)
def test_bare_words(word: str) -> None:
    assert criterion(f"name is {word} and a is 1").criteria[0].value == Literal(word, False)


@pytest.mark.parametrize("word", ["none", "None", "NONE", "null"])
def test_none_is_a_word_without_quotes(word: str) -> None:
    assert Literal(word, False).is_none
    assert not Literal(word).is_none


@pytest.mark.parametrize(
    "name",
    (
        "type is_open in_reply_to order link limit offset group from to select where any has like desc is in"
        " and or insert not_x"
    ).split(),
)
def test_keywords_are_attribute_names_too(name: str) -> None:
    path = (name, "id")
    query = parse(
        f"select {name}, {name}.id from Task where {name}.id is 1 and {name} any () order by {name}, id"
    )
    assert query.projections == ((name,), path)
    assert query.where == ast.And(
        (Comparison(path, Operator.IS, Literal("1", False)), ast.Related((name,), True))
    )
    assert query.order_by == (ast.Order((name,)), ast.Order(("id",)))


def test_keywords_in_any_case_and_white_space_of_any_kind() -> None:
    text = "SELECT id FROM Task\n WHERE a IS 1\tAND NOT b IN (2)\r\nORDER  BY a DESC LIMIT 3"
    assert parse(text) == parse("select id from Task where a is 1 and not b in (2) order by a desc limit 3")


def test_grouping() -> None:
    query = parse("select count(id), status_id from Task where a is 1 group by status_id")
    assert query.projections == (ast.Aggregate("count", ("id",)), ("status_id",))
    assert query.group_by == (("status_id",),)
    assert ast.Aggregate("count", ("id",)).label == "count_id"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "the end of the expression"),
        ("Task where", "the end of the expression"),
        ("Task where name", "the end of the expression"),
        ('Task where name is "open', "'\"open' at character 20"),
        ("Task where name ~ 3", "'~ 3' at character 17"),
        ("Task where (a is 1", "the end of the expression"),
        ("Task where a is 1)", "')' at character 18"),
        ("Task where a in ()", "')' at character 18"),
        ("Task Shot", "'Shot' at character 6"),
        ("select from Task", "'Task' at character 13"),
        ("select foo(id) from Task", "no function 'foo' exists"),
        ("Task limit 2 limit 3", "limit given twice"),
        ("Task limit -1", "'-1' at character 12"),
        ("Task limit 99999999999999999999", "99999999999999999999 is more than"),
        ("Task where a is \ud800", "half a character"),
        ("Task where a is '\0'", "NUL"),
        ("Task where a. is 1", "'. is 1' at character 13"),
    ],
)
def test_a_refusal_names_what_is_wrong(text: str, named: str) -> None:
    content = refusal(text)
    assert content.startswith("Failed to parse: ")
    assert named in content


def test_refusals_hold_no_braces() -> None:
    assert not set("{}") & set(refusal("Task where {a} is 1"))


@pytest.mark.parametrize(
    "text",
    [
        "Task where " + "(" * 100_000,
        "Task where " + "not " * 100_000 + "a is 1",
        "Task where " + "a any (" * 50_000,
        "Task where " + "a in (select a from B where " * 10_000,
        "Task where " + "not (" * 20 + "a is 1" + ")" * 20,
    ],
)
def test_deep_nesting_is_refused(text: str) -> None:
    assert "deep" in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "Task" + " " * 600_000,
        "Task where a is '" + "\\" * 490_000,
        "Task where a in (" + "1," * 40_000 + "1)",
    ],
)
def test_huge_texts_are_refused(text: str) -> None:
    assert refusal(text)


def test_five_thousand_ids_and_a_thousand_composite_keys_are_not_too_many() -> None:
    ids = ", ".join(f'"{number:032x}"' for number in range(5000))
    assert len(criterion(f"id in ({ids})").values) == 5000
    keys = " or ".join(f'(parent_id is "{number}"and key is "a")' for number in range(1000))
    assert len(criterion(keys).criteria) == 1000


def test_depth_does_not_depend_on_the_callers_stack() -> None:
    text = "Task where " + "(a is 1 or b is 2 and " * 24 + "c is 3" + ")" * 24
    found: list[ast.Query] = []

    def descend(levels: int) -> None:
        if levels:
            descend(levels - 1)
        else:
            found.append(parse(text))

    descend(sys.getrecursionlimit() // 2)
    assert parse(print_query(found[0])) == found[0]


def test_threads_parse_at_once() -> None:
    texts = [f"Task where name is x{number} and (a any (b is {number}))" for number in range(50)]
    found: dict[int, list[ast.Query]] = {}

    def work(number: int) -> None:
        found[number] = [parse(text) for text in texts]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wanted = [parse(text) for text in texts]
    assert [found[number] for number in range(4)] == [wanted] * 4


_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
#: Names that are keywords where a criterion begins need a different place to be names.
_PATHS = st.lists(
    _NAMES.filter(lambda name: name.lower() not in ("not", "select")), min_size=1, max_size=3
).map(tuple)
_TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
_WORDS = st.from_regex(r"[^\s(),\"'\x00]{1,12}", fullmatch=True).filter(lambda word: word.lower() != "select")
_LITERALS = st.one_of(st.builds(Literal, _TEXTS), st.builds(Literal, _WORDS, st.just(False)))
_LISTS = st.lists(_LITERALS, min_size=1, max_size=4).map(tuple)


def _queries(criteria: st.SearchStrategy[Any], projections: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        ast.Query,
        _NAMES.filter(lambda name: name.lower() != "select"),
        projections,
        st.none() | criteria,
        st.lists(_PATHS, max_size=2).map(tuple),
        st.lists(st.builds(ast.Order, _PATHS, st.booleans()), max_size=2).map(tuple),
        st.none() | st.integers(0, 10**6),
        st.none() | st.integers(0, 10**6),
    )


_AGGREGATES = st.builds(ast.Aggregate, st.sampled_from(["count", "sum", "avg", "min", "max"]), _PATHS)
_SELECTED = st.lists(_PATHS | _AGGREGATES, min_size=1, max_size=3).map(tuple)
_LEAVES = st.one_of(
    st.builds(Comparison, _PATHS, st.sampled_from(Operator), _LITERALS),
    st.builds(ast.Membership, _PATHS, _LISTS, st.booleans()),
    st.builds(ast.Related, _PATHS, st.booleans()),
)
_CRITERIA = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(ast.Not, inner),
        st.builds(ast.And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(ast.Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(ast.Related, _PATHS, st.booleans(), inner),
        st.builds(ast.Membership, _PATHS, _queries(inner, _SELECTED), st.booleans()),
    ),
    max_leaves=8,
)


@given(_queries(_CRITERIA, st.none() | _SELECTED))
@settings(max_examples=300, deadline=None)
def test_what_is_printed_reads_back_the_same(query: ast.Query) -> None:
    assert parse(print_query(query)) == query


_PIECES = """Task where select from ( ) , . and or not in any has is = > "a" 'b none 5f limit 3 offset
order by group desc count \\""".split()


@given(st.text(max_size=60) | st.lists(st.sampled_from(_PIECES), max_size=25).map(" ".join))
@settings(max_examples=500, deadline=None)
def test_any_text_is_a_query_or_refused(text: str) -> None:
    try:
        query = parse(text)
    except ParseError as error:
        assert error.content
    else:
        assert parse(print_query(query)) == query
