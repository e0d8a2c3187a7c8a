import logging
import subprocess
import sys

import pytest

from ftrack_jobs import Action, Choice, DeclarationError, Form, FormError, Job, QueryError, Text
from ftrack_jobs.action import check_declaration, read_values, title_of
from ftrack_jobs.launch import Launch


class Plain(Action):
    label = "Plain"
    identifier = "test.plain"

    def run(self, job: Job) -> str:
        return ""


def test_importing_us_leaves_the_root_logger_as_it_was():
    # In a process of its own, for here everything is imported already.
    script = (
        "import logging; root = logging.getLogger();"
        "before = (list(root.handlers), root.level);"
        "import ftrack_jobs;"
        "assert (list(root.handlers), root.level) == before, (root.handlers, root.level);"
        "import ftrack_action_handler.action.base as base;"
        "assert issubclass(ftrack_jobs.Action, base.BaseAction)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["discover", "launch", "interface", "_launch"])
def test_what_would_work_in_the_event_thread_cannot_be_overridden(name):
    with pytest.raises(DeclarationError, match=rf"{name}\(\)"):
        type("Old", (Plain,), {name: lambda self, *args: True})


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"label": ""}, "label"),
        ({"identifier": None}, "identifier"),
        ({"identifier": 'a"b'}, "identifier"),
        ({"identifier": "a*"}, "identifier"),
        ({"allowed_types": "Shot"}, "allowed_types"),
        ({"allowed_roles": ("",)}, "allowed_roles"),
        ({"form": dict}, "form"),
        ({"reads": "all"}, "reads"),
        ({"reads": "service"}, "allowed_roles"),
        ({"run": Action.run}, "run"),
    ],
)
def test_a_wrong_declaration_is_told_to_its_author(attributes, told):
    action_class = type("Wrong", (Plain,), attributes)
    with pytest.raises(DeclarationError, match=told):
        check_declaration(action_class)


def test_right_declarations_pass():
    check_declaration(Plain)
    check_declaration(type("Service", (Plain,), {"reads": "service", "allowed_roles": ["Administrator"]}))


@pytest.mark.parametrize("thing", [dict, 3, Plain.__init__])
def test_what_is_no_action_is_refused(thing):
    with pytest.raises(DeclarationError):
        check_declaration(thing)


def test_a_title_is_made_of_label_and_variant_unless_given():
    assert title_of(Plain) == "Plain"
    assert title_of(type("V", (Plain,), {"variant": "Weekly"})) == "Plain Weekly"
    assert title_of(type("T", (Plain,), {"variant": "Weekly", "title": "The report"})) == "The report"


def test_only_a_run_with_the_services_reads_gets_at_the_session():
    with pytest.raises(DeclarationError, match=r"job\.query"):
        _ = Plain("session").session
    service = type("Service", (Plain,), {"reads": "service", "allowed_roles": ("Administrator",)})
    assert service("session").session == "session"


def test_the_instance_that_answers_events_has_no_session(ftrack_session):
    service = type("Service", (Plain,), {"reads": "service", "allowed_roles": ("Administrator",)})
    action = service(ftrack_session)
    action.subscribe(ftrack_session.event_hub, None)
    with pytest.raises(DeclarationError, match="only while run"):
        _ = action.session


def test_registering_as_of_old_says_how_it_is_done(ftrack_session, caplog):
    before = len(ftrack_session.event_hub._subscribers)
    Plain(ftrack_session).register()
    assert "register = plugin(Plain)" in caplog.text
    assert len(ftrack_session.event_hub._subscribers) == before


class Asking(Action):
    label = "Asking"
    identifier = "test.asking"

    class form(Form):
        kind = Choice("Kind", {"a": "A", "b": "B"}, default="a")
        name = Text("Name", required=True)

    def check(self, values, launch, schemas):
        if values.name == "unknown":
            raise QueryError(f"{values.name} is none of {len(schemas)} types")

    def run(self, job: Job) -> str:
        return ""


def launch(values):
    return Launch("test.asking", "event", "kim", values=values)


def test_values_are_read_and_checked():
    values = read_values(Asking(None), launch({"name": "x", "kind": "b"}), [])
    assert (values.kind, values.name) == ("b", "x")


def test_what_the_action_refuses_comes_back_as_a_reason():
    with pytest.raises(FormError, match="unknown is none of 2 types"):
        read_values(Asking(None), launch({"name": "unknown"}), [{}, {}])


def test_without_submitted_values_the_defaults_are_taken_or_missed():
    with pytest.raises(FormError) as caught:
        read_values(Asking(None), launch(None), [])
    assert list(caught.value.reasons) == ["name"]
    assert read_values(Plain(None), launch(None), []).as_json() == {}


def test_importing_us_sets_no_level():
    assert logging.getLogger("ftrack_jobs").level == logging.NOTSET
