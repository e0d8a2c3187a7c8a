"""The file that ftrack Connect executes, in this process; elsewhere it is run as Connect does."""

import importlib.util
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import ftrack_api.event.base
import pytest

ROOT = Path(__file__).resolve().parents[3]
HOOK = ROOT / "hooks" / "ftrack_jobs_hook.py"

#: Executes each file of a folder as the client does, and tells what that changed.
EXECUTE = """
import json, logging, pathlib, runpy, sys, threading
modules, path, root = set(sys.modules), list(sys.path), logging.getLogger()
for file in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    runpy.run_path(str(file))
print(json.dumps({
    "modules": sorted(name for name in set(sys.modules) - modules if name.partition(".")[0] not in
                      sys.stdlib_module_names),
    "path": sys.path != path,
    "logging": [len(root.handlers), root.level],
    "threads": threading.active_count(),
}))
"""


@pytest.fixture
def hook(monkeypatch):
    """The hook as a module; what it appends to `sys.path` goes with the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("hook_under_test", HOOK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ask(session, topic, data, username):
    """Publish in the session's own process, as somebody; returns the replies."""
    event = ftrack_api.event.base.Event(topic, data=data, source={"user": {"username": username}})
    return [reply for reply in session.event_hub.publish(event, synchronous=True) if reply is not None]


def test_executing_the_file_has_no_effect():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", EXECUTE, str(HOOK.parent)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == {
        "modules": [],
        "path": False,
        "logging": [0, logging.WARNING],
        "threads": 1,
    }


def test_the_plugins_are_offered_to_the_sessions_own_user_only(hook, ftrack_session):
    hook.register(ftrack_session, an_option_of="Connect")
    project = ftrack_session.query("Project").first()
    data = {"selection": [{"entityType": "show", "entityId": project["id"]}]}
    topic = "ftrack.action.discover"
    own = ask(ftrack_session, topic, data, ftrack_session.api_user)
    assert [item["actionIdentifier"] for reply in own for item in reply["items"]] == [
        "ftrack-jobs.export-table"
    ]
    assert ask(ftrack_session, topic, data, "kim.ek") == []
    launch = {"actionIdentifier": "ftrack-jobs.export-table", **data}
    assert ask(ftrack_session, "ftrack.action.launch", launch, "kim.ek") == []


def test_the_bundle_comes_last_on_the_path_and_once(hook, ftrack_session):
    before = list(sys.path)
    hook.register(ftrack_session)
    hook.register(ftrack_session)
    assert sys.path == [*before, str(ROOT / "dependencies")]


@pytest.mark.parametrize("other", [None, "a session", object()])
def test_what_is_no_session_of_this_interface_is_left_alone(hook, other, caplog):
    before = list(sys.path)
    hook.register(other)
    assert sys.path == before
    assert caplog.records == []


def test_a_bundle_that_cannot_be_imported_is_logged_and_costs_nobody_else(
    hook, ftrack_session, monkeypatch, caplog
):
    monkeypatch.setitem(sys.modules, "ftrack_jobs.plugin", None)
    hook.register(ftrack_session)
    assert str(ROOT) in caplog.text and "ftrack_jobs.plugin" in caplog.text
