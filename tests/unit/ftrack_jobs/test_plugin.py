import gc
import logging
import threading
import weakref

import ftrack_api
import pytest

from ftrack_jobs import Action, DeclarationError, Job, plugin
from ftrack_jobs.plugin import host_of, register_folder


class Sample(Action):
    label = "Sample"
    identifier = "test.sample"

    def run(self, job: Job) -> str:
        return ""


PLUGIN = """
from ftrack_jobs import Action, Job, plugin

class Found(Action):
    label = "{label}"
    identifier = "test.{label}"

    def run(self, job: Job) -> str:
        return ""

register = plugin(Found)
"""

FOREIGN = """
def register(session, **options):
    session.event_hub.subscribe("topic=test.foreign", lambda event: str(options))
"""


def publish(session, topic, user=None, **data):
    event = ftrack_api.event.base.Event(
        topic, data=data, source={"id": "browser", "user": {"username": user or session.api_user}}
    )
    return [reply for reply in session.event_hub.publish(event, synchronous=True) if reply is not None]


def offered(session, user=None):
    replies = publish(session, "ftrack.action.discover", user, selection=[])
    return {item["actionIdentifier"] for reply in replies for item in reply["items"]}


@pytest.fixture
def open_with(ftrack_session, ftrack_schema_cache, tmp_path):
    """Return a function that opens a session the way any host does, with plugin files in its path."""
    opened = []

    def open_with(files, **arguments):
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        session = ftrack_api.Session(
            ftrack_session.server_url,
            ftrack_session.api_key,
            ftrack_session.api_user,
            plugin_paths=[str(tmp_path)],
            schema_cache_path=str(ftrack_schema_cache),
            plugin_arguments=arguments,
        )
        opened.append(session)
        return session

    open_with.opened = opened
    yield open_with
    for session in opened:
        session.close()


def test_a_wrong_declaration_is_told_where_the_file_is_loaded():
    with pytest.raises(DeclarationError):
        plugin(type("Unnamed", (Sample,), {"label": ""}))


def test_any_host_finds_the_action_in_its_plugin_path(open_with):
    session = open_with({"found.py": PLUGIN.format(label="one")})
    assert offered(session) == {"test.one"}


def test_all_plugin_files_of_a_session_share_one_host(open_with):
    session = open_with({"a.py": PLUGIN.format(label="one"), "b.py": PLUGIN.format(label="two")})
    assert offered(session) == {"test.one", "test.two"}
    assert [each.identifier for each in host_of(session).registry] == ["test.one", "test.two"]


def test_two_sessions_have_two_hosts(ftrack_session, open_with):
    assert host_of(open_with({})) is not host_of(ftrack_session)
    assert host_of(ftrack_session) is host_of(ftrack_session)


def test_registering_asks_nothing_and_starts_no_thread(ftrack_session, ftrack_sandbox):
    threads, requests = threading.active_count(), ftrack_sandbox.requests.count
    plugin(Sample)(ftrack_session)
    assert (threading.active_count(), ftrack_sandbox.requests.count) == (threads, requests)
    assert offered(ftrack_session) == {"test.sample"}


def test_arguments_of_other_plugins_do_no_harm(open_with):
    session = open_with({"found.py": PLUGIN.format(label="one")}, studio="x", number=3)
    assert offered(session) == {"test.one"}


@pytest.mark.parametrize("thing", [None, object(), {"event_hub": None}])
def test_other_interfaces_that_scan_the_path_are_left_alone(thing):
    plugin(Sample)(thing)


def test_registering_never_raises(ftrack_session, monkeypatch, caplog):
    broken = type("Broken", (Sample,), {"__init__": lambda self, session: 1 / 0})
    plugin(broken, Sample)(ftrack_session)
    assert "test.sample could not be registered" in caplog.text
    assert offered(ftrack_session) == {"test.sample"}


def test_a_setting_that_cannot_be_used_is_told_and_costs_no_action(ftrack_session, monkeypatch, caplog):
    monkeypatch.setenv("FTRACK_JOBS_WORKERS", "many")
    plugin(Sample)(ftrack_session)
    assert "FTRACK_JOBS_WORKERS" in caplog.text
    assert offered(ftrack_session) == {"test.sample"}


def test_registered_for_one_user_it_is_for_that_user_only(ftrack_session):
    plugin(Sample)(ftrack_session, limit_to_user="nina.holm")
    assert offered(ftrack_session) == set()
    assert offered(ftrack_session, "nina.holm") == {"test.sample"}


def test_a_folder_is_registered_whole_and_a_broken_file_costs_no_other(ftrack_session, tmp_path, caplog):
    files = {
        "a_broken.py": "raise RuntimeError('no licence')",
        "b_raises.py": "def register(session):\n    raise RuntimeError('not today')",
        "c_nothing.py": "def register():\n    pass",
        "d_helper.py": "number = 3",
        "e_foreign.py": FOREIGN,
        "ended.py": "import sys\nsys.exit('usage: ended.py FILE')",
        "f_ours.py": PLUGIN.format(label="one"),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    caplog.set_level(logging.INFO)
    register_folder(ftrack_session, tmp_path, limit_to_user="nina.holm")
    assert offered(ftrack_session, "nina.holm") == {"test.one"}
    assert offered(ftrack_session) == set()
    # Others know nothing of the limit.
    assert publish(ftrack_session, "test.foreign") == ["{}"]
    problems = [each.message for each in caplog.records if each.levelno >= logging.ERROR]
    assert [name for name in files if any(name in line for line in problems)] == [
        "a_broken.py",
        "b_raises.py",
        "c_nothing.py",
        "ended.py",
    ]
    assert "no licence" in caplog.text


def test_a_folder_that_is_not_there_is_told(ftrack_session, tmp_path, caplog):
    register_folder(ftrack_session, tmp_path / "missing")
    assert "missing does not exist" in caplog.text


def test_a_registered_session_is_let_go_with_its_host(open_with):
    session = open_with({"found.py": PLUGIN.format(label="one")})
    references = weakref.ref(session), weakref.ref(host_of(session))
    session.close()
    open_with.opened.clear()
    del session
    # Once for the session, once for the host that it has let go.
    gc.collect()
    gc.collect()
    assert [reference() for reference in references] == [None, None]
