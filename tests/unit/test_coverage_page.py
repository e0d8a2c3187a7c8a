"""The page about what the sandbox can do: which tests it finds, and when it says that something is wrong."""

import importlib.util
import sys
import types
from pathlib import Path

import pytest

DOC = Path(__file__).resolve().parents[2] / "doc"


@pytest.fixture(scope="module")
def script():
    """The script and the two modules that lie beside it."""
    sys.path.insert(0, str(DOC))
    # Under a name of its own: a well-known tool is called as the file is.
    spec = importlib.util.spec_from_file_location("sandbox_coverage", DOC / "coverage.py")
    page = sys.modules["sandbox_coverage"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    yield types.SimpleNamespace(page=page, features=page.features, scan=page.scan)
    sys.path.remove(str(DOC))
    for name in ("sandbox_coverage", "features", "scan"):
        del sys.modules[name]


@pytest.fixture
def write(tmp_path):
    """Write files of tests; returns their folder."""

    def run(**files):
        for name, text in files.items():
            path = tmp_path / "tests" / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "tests"

    return run


@pytest.fixture
def one_table(script, monkeypatch):
    """Let the page be about two operations only."""
    found = script.page.in_layers(script.features.operations_in)
    table = script.page.Table("Operations", "Two of them.", ["create", "search"], found)
    monkeypatch.setattr(script.page, "tables", lambda: [table])


@pytest.fixture
def features_of(script, write):
    """What the only test among some files uses, with the layer where it does."""

    def run(found_in, **files):
        (test,) = script.scan.tests_of(write(**files))
        return dict(script.page.in_layers(found_in)(test))

    return run


SEARCHES = 'def test_a(call):\n    call("search", terms=[])\n    return {"action": "create"}\n'


def test_a_page_just_written_is_fresh(script, one_table, write, tmp_path, capsys):
    tests, target = write(test_a=SEARCHES), tmp_path / "page.md"
    assert script.page.main([], tests, target) == 0
    assert script.page.main(["--check"], tests, target) == 0
    assert capsys.readouterr().err == ""
    assert "| `search` | 1 | `test_a.py::test_a` |" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize("stale", [None, "", "more"], ids=["missing", "empty", "longer"])
def test_a_stale_page_fails_with_the_command_that_renews_it(
    stale, script, one_table, write, tmp_path, capsys
):
    tests, target = write(test_a=SEARCHES), tmp_path / "page.md"
    if stale is not None:
        script.page.main([], tests, target)
        target.write_text(stale and target.read_text(encoding="utf-8") + stale, encoding="utf-8")
    assert script.page.main(["--check"], tests, target) == 1
    assert capsys.readouterr().err == (
        "doc/page.md is stale: run `python doc/coverage.py`, which writes it anew.\n"
    )
    script.page.main([], tests, target)
    assert script.page.main(["--check"], tests, target) == 0


def test_a_new_test_makes_the_page_stale_and_an_edit_above_it_does_not(script, one_table, write, tmp_path):
    tests, target = write(test_a=SEARCHES), tmp_path / "page.md"
    script.page.main([], tests, target)
    write(test_a='"""Lines."""\n\nimport os\n\n\n' + SEARCHES)
    assert script.page.main(["--check"], tests, target) == 0
    write(test_b=SEARCHES.replace("test_a", "test_b"))
    assert script.page.main(["--check"], tests, target) == 1


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=["write", "check"])
def test_a_feature_without_a_test_fails_with_its_name(arguments, script, one_table, write, tmp_path, capsys):
    tests, target = write(test_a='def test_a(call):\n    call("search")\n'), tmp_path / "page.md"
    script.page.main([], tests, target)
    capsys.readouterr()
    assert script.page.main(arguments, tests, target) == 1
    assert capsys.readouterr().err == "There is no test of this in tests/: Operations: create\n"


def test_everything_that_the_sandbox_can_do_has_a_test(script):
    tests = script.scan.tests_of(script.page.TESTS)
    text, untested = script.page.page(tests)
    assert len(tests) > 500
    assert untested == []
    assert len(text.splitlines()) < 400


def test_the_page_lists_what_there_is(script):
    features = script.features
    assert {"query", "search", "encode_media", "complete_multipart_upload"} <= set(features.operations())
    assert len(features.entity_types()) == 116
    assert {"word `not in`", "word `>=`", "word `ascending`", "sub-query", "function `avg`"} <= set(
        features.query_features()
    )
    assert {"ftrack.update", "ftrack.action.launch", "ftrack.location.component-removed"} <= set(
        features.topics()
    )
    assert "ftrack.client.web" not in features.topics()
    assert {"task", "userroleproject"} <= set(features.update_kinds())


# What is found in tests.


def test_an_operation_is_found_by_its_name_and_by_the_method_of_the_client(script, features_of):
    text = (
        "def test_a(session, send):\n"
        '    """Says nothing of: {"action": "delete"}."""\n'
        '    send({"action": "update", "entity_type": "Job"})\n'
        "    session.encode_media('x.mov')\n"
    )
    assert features_of(script.features.operations_in, test_a=text) == {"update": 0, "encode_media": 0}


def test_tables_and_helpers_count_wherever_they_are_and_fixtures_do_not(script, features_of):
    found = features_of(
        script.features.types_in,
        test_a="""
import pytest
import helper
from helper import ask
from tables import CASES, UNUSED

@pytest.fixture
def note(session):
    return session.create("Note")

@pytest.mark.parametrize("case", CASES)
def test_a(note, case):
    assert "Task where name is x"
    ask()
    helper.make()
""",
        helper="""
def ask():
    return "select id from Shot where name is x"

def make():
    return _made()

def _made():
    return "Job"
""",
        tables="""
import more
from more import EVEN_MORE
CASES = ["Asset", *EVEN_MORE, more.LAST]
UNUSED = ["User"]
""",
        more='EVEN_MORE = ["Sequence"]\nLAST = "Episode"\n',
    )
    assert found == {"Task": 0, "Asset": 1, "Sequence": 1, "Episode": 1, "Shot": 2, "Job": 2}


def test_a_type_is_named_by_a_text_or_a_query_and_not_by_a_header_or_a_sentence(script, features_of):
    text = (
        "def test_a(reply, kind):\n"
        '    assert reply.headers["Location"] != "The Job where it ends"\n'
        '    assert f"select id from AssetVersion where id is {kind}" and "Timer"\n'
        '    assert "Status order by name"\n'
    )
    found = features_of(script.features.types_in, test_a=text)
    assert found == {"AssetVersion": 0, "Timer": 0, "Status": 0}


@pytest.mark.parametrize(
    ("types_of_it", "every"),
    [("sorted(SCHEMA.types)", True), ("TYPES", True), ("[each for each in TYPES if each != 'Job']", False)],
)
def test_a_test_of_every_type_counts_for_each_unless_some_are_left_out(types_of_it, every, script, write):
    text = (
        "import pytest\nSCHEMA = None\nTYPES = sorted(SCHEMA.types)\n\n"
        f"@pytest.mark.parametrize('name', {types_of_it})\ndef test_a(name): pass\n"
    )
    (test,) = script.scan.tests_of(write(test_a=text))
    assert ("Dashboard" in script.page.types_of(test)) is every


def test_queries_and_criteria_are_read_with_the_grammar_and_other_texts_are_not(script, features_of):
    text = (
        "def test_a(name):\n"
        "    a = f'select name from Task where bid >= {name} order by status.name desc'\n"
        "    b = 'name not in (a, \"b\")'\n"
        "    c = 'topic=ftrack.update and data.name like x'\n"
        "    d = 'nothing is like it, or less_than that'\n"
    )
    found = features_of(script.features.query_features_in, test_a=text)
    assert {"word `>=`", "word `desc`", "path in `order by`", "word `not in`", "list of values"} <= set(found)
    assert {"value as a bare word", "value in double quotes", "value that is a number"} & set(found) == {
        "value as a bare word",
        "value in double quotes",
    }
    assert not {"word `like`", "word `less_than`", "word `or`", "word `=`"} & set(found)


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("topic=ftrack.action.launch and data.actionIdentifier=x", {"ftrack.action.launch"}),
        ("topic=ftrack.location.*", {
            "ftrack.location.component-added",
            "ftrack.location.component-removed",
            "ftrack.location.request-resolve",
        }),
        ("ftrack.updated", set()),
        ("my.ftrack.update", set()),
    ],
)  # fmt: skip
def test_topics_are_found_whole_and_under_a_wild_card(text, topics, script, features_of):
    found = features_of(script.features.topics_in, test_a=f"def test_a():\n    return {text!r}\n")
    assert set(found) == topics


def test_a_topic_is_found_with_a_gap_for_its_last_word(script, features_of):
    text = "def test_a(name):\n    return f'topic=ftrack.location.component-{name}'\n"
    assert set(features_of(script.features.topics_in, test_a=text)) == {
        "ftrack.location.component-added",
        "ftrack.location.component-removed",
    }


def test_the_most_telling_tests_come_first_and_each_file_once(script, one_table, write):
    tests = write(
        test_b='def test_b(call):\n    call("search")\n',
        test_a=(
            'def use(call):\n    call("search")\n\n\n'
            "def test_a(call):\n    use(call)\n\n\n"
            'def test_the_search(call):\n    call("search")\n    return {"action": "create"}\n'
        ),
    )
    text, _ = script.page.page(script.scan.tests_of(tests))
    assert "| `search` | 3 | `test_a.py::test_the_search`, `test_b.py::test_b` |" in text
