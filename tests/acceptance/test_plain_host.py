"""Hosts that know nothing of us but a plugin path: what they get, what it costs them, how they end."""

import csv
import io
import json
import logging
import os
import signal
import sys
import threading
import urllib.request
from pathlib import Path

import ftrack_api
import ftrack_api.event.base
import pytest

from coordinator import PLUGINS, fetch, selected, wait_for
from ftrack_jobs import Action, plugin
from ftrack_jobs.plugin import host_of
from hosting import at_the_gate, first_menu, gated, write_plugin

IDENTIFIER = "ftrack-jobs.export-table"
COORDINATOR = "kim.ek"

#: The plain host of ftrack's own documentation.
HOST = "import ftrack_api; s = ftrack_api.Session(auto_connect_event_hub=True); s.event_hub.wait()"
#: A script that handles events for a while, and then has nothing left to do.
ENDING_HOST = """
import pathlib, sys, ftrack_api
session = ftrack_api.Session(auto_connect_event_hub=True)
while not pathlib.Path(sys.argv[1]).exists():
    session.event_hub.wait(duration=0.1)
"""
#: What an import leaves behind on the root logger.
ROOT_LOGGER = """
import json, logging, sys
root = logging.getLogger()
if sys.argv[1] == "with a handler":
    root.addHandler(logging.StreamHandler())
    root.setLevel(logging.ERROR)
def state():
    return [[id(each) for each in root.handlers], root.level, root.disabled, len(root.filters)]
before = state()
import ftrack_jobs, ftrack_jobs.plugin, ftrack_jobs.cli
print(json.dumps([before, state(), logging.root.manager.disable]))
"""

#: Seconds within which a process must have ended that needs five at most; the rest is for a busy machine.
ENDED_WITHIN_S = 20


@pytest.fixture
def project(studio):
    session = studio.session()
    yield session.query("Project where is_private is false order by name").first()
    session.close()


@pytest.fixture
def in_process(studio, monkeypatch, tmp_path):
    """Return a function that opens a session of a host in this process, with folders of plugins."""
    monkeypatch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", studio.environment["FTRACK_API_SCHEMA_CACHE_PATH"])
    opened = []

    def open_host(*folders):
        session = ftrack_api.Session(
            server_url=studio.environment["FTRACK_SERVER"],
            api_user=COORDINATOR,
            api_key=studio.environment["FTRACK_API_KEY"],
            plugin_paths=[str(folder) for folder in folders],
            auto_connect_event_hub=False,
        )
        opened.append(session)
        return session

    yield open_host
    for session in opened:
        if not session.closed:
            host_of(session).close()
            session.close()


@pytest.fixture
def interruptible():
    """Let processes that are started here be interrupted, also where this one was started with `&`."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, signal.SIG_IGN)


posix_signals = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows cannot send these to another process"
)


def requests_of(studio):
    """Return how many requests the server has answered."""
    asked = urllib.request.Request(
        studio.environment["FTRACK_SERVER"] + "/sandbox/requests",
        headers={
            "ftrack-user": studio.environment["FTRACK_API_USER"],
            "ftrack-api-key": studio.environment["FTRACK_API_KEY"],
        },
    )
    with urllib.request.urlopen(asked, timeout=60) as reply:
        return json.load(reply)["count"]


def launch_here(session, identifier, *entities, **data):
    """Click on an action in the host's own process; returns the replies."""
    event = ftrack_api.event.base.Event(
        "ftrack.action.launch",
        data={"actionIdentifier": identifier, "selection": [selected(each) for each in entities], **data},
    )
    return session.event_hub.publish(event, synchronous=True)


def assert_closed(browser, jobs):
    # The server is asked once: nothing is left to be written when the process is gone.
    found = {job["id"]: job for job in browser.jobs()}
    assert [(found[job["id"]]["status"], found[job["id"]]["description"]) for job in jobs] == [
        ("failed", "host was closed")
    ] * len(jobs)


def test_an_action_on_the_plugin_path_appears_and_a_click_becomes_a_file(studio, project):
    host = studio.start(["-c", HOST], FTRACK_EVENT_PLUGIN_PATH=str(PLUGINS))
    browser = studio.browser(COORDINATOR)
    assert [item["actionIdentifier"] for item in first_menu(browser, host, project)] == [IDENTIFIER]
    job = browser.run(IDENTIFIER, project, values={"entity_type": "Sequence", "columns": "name"})
    assert job["status"] == "done"
    header, *rows = csv.reader(io.StringIO(fetch(job["urls"][0]).decode("utf-8-sig"), newline=""))
    names = [row["name"] for row in browser.session.query(f"Sequence where project_id is {project['id']}")]
    assert header == ["name"]
    assert sorted(row[0] for row in rows) == sorted(names)


def test_registering_asks_nothing_and_starts_no_thread_until_a_launch(studio, project, in_process):
    first = in_process()
    before = requests_of(studio)
    in_process()
    without = requests_of(studio) - before

    threads = set(threading.enumerate())
    before = requests_of(studio)
    session = in_process(PLUGINS)
    assert requests_of(studio) - before == without
    assert set(threading.enumerate()) == threads
    assert len(session.event_hub._subscribers) > len(first.event_hub._subscribers)

    replies = launch_here(session, IDENTIFIER, project)
    assert replies[0]["success"] is True, replies
    assert {thread.name for thread in set(threading.enumerate()) - threads} >= {"ftrack-jobs reporter"}
    assert host_of(session).join(60)


def test_register_bears_sessions_that_are_half_made_and_those_of_other_interfaces(studio, in_process, caplog):
    class Nothing(Action):
        label = "Nothing"
        identifier = "test.nothing"

        def run(self, job):
            return ""

    register = plugin(Nothing)
    for other in (None, object(), "a session", ftrack_api):
        assert register(other) is None
    assert caplog.records == []
    # So the client hands a session to plugins: what it knows of entities comes later.
    session = in_process()
    del session.schemas, session.types
    before = len(session.event_hub._subscribers)
    register(session, an_option_of="somebody else")
    assert len(session.event_hub._subscribers) == before + 2
    with caplog.at_level(logging.ERROR):
        register(ftrack_api.Session.__new__(ftrack_api.Session))
    assert "test.nothing" in caplog.text


def test_the_files_of_a_plugin_path_share_one_pool(studio, project, tmp_path):
    folders = [
        write_plugin(tmp_path / name, "own.py", gated(identifier))
        for name, identifier in (("one", "test.gated"), ("two", "test.gated-too"))
    ]
    host = studio.start(
        ["-c", HOST],
        FTRACK_EVENT_PLUGIN_PATH=os.pathsep.join(map(str, folders)),
        FTRACK_JOBS_WORKERS="1",
    )
    browser = studio.browser(COORDINATOR)
    first_menu(browser, host, project)
    gate = tmp_path / "gate"
    known, mine = browser.jobs(), []
    for identifier in ("test.gated", "test.gated-too"):
        assert browser.launch(identifier, values={"gate": str(gate)})["success"] is True
        mine.append(browser.new_job(known + mine))

    def second_waits():
        shown = next(job for job in browser.jobs() if job["id"] == mine[1]["id"])
        return (shown["status"], shown["description"]) == ("queued", "Waiting, 1st in line")

    wait_for(second_waits, "The Job of the second folder in the line of the first")
    gate.touch()
    assert [browser.ended(job)["status"] for job in mine] == ["done", "done"]


@pytest.mark.parametrize("before", ["bare", "with a handler"])
def test_importing_leaves_the_root_logger_as_it_was(studio, before):
    process = studio.start(["-c", ROOT_LOGGER, before])
    assert process.popen.wait(60) == 0, process.output()
    then, now, disabled = json.loads(process.output())
    assert now == then
    assert disabled == 0


@posix_signals
@pytest.mark.parametrize(
    ("number", "reports"),
    [(signal.SIGINT, False), (signal.SIGINT, True), (signal.SIGTERM, True)],
    ids=["interrupted, silent run", "interrupted", "terminated"],
)
def test_the_jobs_of_a_host_that_is_killed_end_as_failed(
    studio, project, plugin_file, tmp_path, interruptible, number, reports
):
    host = studio.start(
        ["-c", HOST], FTRACK_EVENT_PLUGIN_PATH=str(plugin_file(gated())), FTRACK_JOBS_WORKERS="1"
    )
    browser = studio.browser(COORDINATOR)
    first_menu(browser, host, project)
    jobs = at_the_gate(browser, tmp_path / "never", reports=reports)
    host.popen.send_signal(number)
    # It dies of the signal, as it would without us.
    assert host.popen.wait(ENDED_WITHIN_S) == -number, host.output()
    assert_closed(browser, jobs)


def test_the_jobs_of_a_script_that_simply_ends_end_as_failed(studio, project, plugin_file, tmp_path):
    end = tmp_path / "end"
    host = studio.start(
        ["-c", ENDING_HOST, str(end)],
        FTRACK_EVENT_PLUGIN_PATH=str(plugin_file(gated())),
        FTRACK_JOBS_WORKERS="1",
    )
    browser = studio.browser(COORDINATOR)
    first_menu(browser, host, project)
    jobs = at_the_gate(browser, tmp_path / "never")
    end.touch()
    assert host.popen.wait(ENDED_WITHIN_S) == 0, host.output()
    assert_closed(browser, jobs)


@posix_signals
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["terminated", "interrupted"])
def test_the_listener_stops_in_order_and_closes_its_jobs(
    studio, plugin_file, tmp_path, interruptible, number
):
    listener = studio.listen(plugin_file(gated()), FTRACK_JOBS_WORKERS="1")
    browser = studio.browser(COORDINATOR)
    jobs = at_the_gate(browser, tmp_path / "never")
    listener.popen.send_signal(number)
    assert listener.popen.wait(ENDED_WITHIN_S) == 0, listener.output()
    assert_closed(browser, jobs)
    assert "Traceback" not in listener.output()
    assert not list(Path(studio.folder).glob("listening-*")), "the ready file stayed"
