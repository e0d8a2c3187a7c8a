import contextlib
import logging
import queue
import socket
import threading
import time
import uuid

import ftrack_api.event.base
import pytest

from ftrack_jobs.config import Config
from ftrack_jobs.job_record import job_id_of
from ftrack_jobs.listener import Listener
from ftrack_jobs.session import Connection, ask_raw, drop_connection, open_session
from ftrack_sandbox import sandbox

PATIENCE_S = 40.0

SAMPLE = """
from ftrack_jobs import Action, Job, plugin

class Sample(Action):
    label = "Sample"
    identifier = "test.sample"

    def run(self, job: Job) -> str:
        return "Done here"

register = plugin(Sample)
"""

#: What it subscribes to with `=""` makes the client raise out of `wait` (protocol reference 5.5).
FOREIGN = """
def register(session):
    session.event_hub.subscribe("topic=test.foreign", lambda event: {"heard": event["data"]["word"]})
    session.event_hub.subscribe("topic=test.poison", lambda event: None, priority=200)
    session.event_hub.subscribe('data.poison=""', lambda event: None)
"""


@pytest.fixture
def plugins(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "a_broken.py").write_text(
        "def register(session):\n    raise RuntimeError('x')", encoding="utf-8"
    )
    (folder / "b_sample.py").write_text(SAMPLE, encoding="utf-8")
    (folder / "c_foreign.py").write_text(FOREIGN, encoding="utf-8")
    return folder


@pytest.fixture
def listen(plugins, ftrack_jobs_schema_cache):
    """Return a function that starts a listener in a thread; it is stopped at the end."""
    running = []

    def listen(connection, wait=True):
        ready = threading.Event()
        listener = Listener(connection, [plugins], Config(), on_ready=ready.set)
        codes = []
        thread = threading.Thread(target=lambda: codes.append(listener.run()))
        thread.start()
        running.append((listener, thread))
        if wait:
            assert ready.wait(PATIENCE_S)

        def stop():
            listener.stop()
            thread.join(PATIENCE_S)
            return codes[0]

        return ready, stop

    yield listen
    for listener, thread in running:
        listener.stop()
        thread.join(PATIENCE_S)


class Browser:
    def __init__(self, client):
        self.client = client
        # Else it silences all logging while the server is gone (protocol reference 5.7).
        client.event_hub._auto_reconnect_attempts = 0
        client.event_hub.connect()

    def ask(self, topic, patience_s=PATIENCE_S, **data):
        source = {"user": {"username": self.client.api_user}}
        event = ftrack_api.event.base.Event(topic, id=uuid.uuid4().hex, data=data, source=source)
        replies = queue.Queue()
        self.client.event_hub.publish(event, on_reply=lambda reply: replies.put(reply["data"]))
        deadline = time.monotonic() + patience_s
        while replies.empty():
            if time.monotonic() > deadline:
                return event["id"], None
            self.client.event_hub.wait(0.05)
        return event["id"], replies.get()

    def click(self):
        return self.ask("ftrack.action.launch", actionIdentifier="test.sample", selection=[])


@pytest.fixture
def browse():
    with contextlib.ExitStack() as stack:

        def browse(connection):
            client = open_session(connection)
            stack.callback(client.close)
            stack.callback(drop_connection, client.event_hub)
            return Browser(client)

        yield browse


def ended(client, event_id):
    expression = f'select status from Job where id is "{job_id_of(event_id)}"'
    deadline = time.monotonic() + PATIENCE_S
    tick = threading.Event()
    while True:
        found = ask_raw(client, [{"action": "query", "expression": expression}])[0]["data"]
        if found and found[0]["status"] in ("done", "failed"):
            return found[0]["status"]
        assert time.monotonic() < deadline
        tick.wait(0.02)


def until(condition, what):
    tick = threading.Event()
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        tick.wait(0.02)


def test_it_hosts_our_actions_and_others_plugins_and_stops_when_told(listen, browse, connection, caplog):
    _, stop = listen(connection)
    browser = browse(connection)
    event_id, reply = browser.click()
    assert reply["success"] is True
    assert ended(browser.client, event_id) == "done"
    assert browser.ask("test.foreign", word="hello")[1] == {"heard": "hello"}
    assert "a_broken.py cannot be used" in caplog.text
    assert stop() == 0
    assert browser.ask("test.foreign", patience_s=0.3, word="hello")[1] is None


def test_a_subscription_that_raises_does_not_end_it(listen, browse, connection, caplog):
    listen(connection)
    browser = browse(connection)
    browser.ask("test.poison", patience_s=0.2, poison="x")
    assert browser.ask("test.foreign", word="still")[1] == {"heard": "still"}
    assert "A subscription failed" in caplog.text


def subscribed(ftrack_sandbox):
    return [each.id for each in ftrack_sandbox.hub.connections if "test.foreign" in str(each.subscriptions)]


def test_a_dropped_connection_is_made_anew_and_told_once(
    listen, browse, connection, ftrack_sandbox, caplog, client_logging
):
    caplog.set_level(logging.INFO)
    listen(connection)
    browser = browse(connection)
    # One of them says `source.id="<the hub's>"`.
    (told,) = [
        str(each.subscriptions)
        for each in ftrack_sandbox.hub.connections
        if "test.foreign" in str(each.subscriptions)
    ]
    (first,) = subscribed(ftrack_sandbox)
    assert ftrack_sandbox.hub.drop(first)
    until(lambda: [each for each in subscribed(ftrack_sandbox) if each != first], "no new connection")
    assert browser.ask("test.foreign", word="again")[1] == {"heard": "again"}
    assert sum("is lost" in each.message for each in caplog.records) == 1
    assert not [each for each in client_logging.silencers if each in told]


def test_a_reader_that_ended_without_a_word_is_noticed(listen, browse, connection, ftrack_sandbox):
    listen(connection)
    browser = browse(connection)
    (first,) = subscribed(ftrack_sandbox)
    # A packet that the client does not know ends its reader thread; the socket stays open (reference 5.2).
    (peer,) = [each for each in ftrack_sandbox.hub._connections if each.id == first]
    peer.send("8::")
    until(lambda: [each for each in subscribed(ftrack_sandbox) if each != first], "no new connection")
    assert browser.ask("test.foreign", word="again")[1] == {"heard": "again"}


def test_refused_credentials_end_it(listen, connection, caplog):
    ready, stop = listen(Connection(connection.server_url, connection.api_user, "a wrong key"), wait=False)
    until(lambda: "refuses the credentials" in caplog.text, "no word of the credentials")
    assert stop() == 2
    assert not ready.is_set()
    assert "a wrong key" not in caplog.text


def test_it_waits_for_a_server_that_is_not_there_yet(listen, connection, caplog, monkeypatch):
    monkeypatch.setattr("ftrack_jobs.listener.FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr("ftrack_jobs.listener.LONGEST_PAUSE_S", 0.2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        # Bound, and not listening: whoever connects is refused.
        ready, stop = listen(Connection(f"http://127.0.0.1:{port}", "kim", "key"), wait=False)
        until(lambda: "it cannot be reached" in caplog.text, "no word of the server")
        assert not ready.is_set()
        assert stop() == 0
    assert sum("Trying again" in each.message for each in caplog.records if each.levelno > logging.DEBUG) == 1


def test_it_comes_back_after_a_restart_of_the_server(listen, browse, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr("ftrack_jobs.listener.FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr("ftrack_jobs.listener.LONGEST_PAUSE_S", 0.2)
    database = f"sqlite:///{tmp_path / 'studio.db'}"
    first = sandbox.Sandbox(database=database, storage=tmp_path / "files", seed="empty")
    with first:
        connection = Connection(first.url, first.api_user, first.api_key)
        _, stop = listen(connection)
    until(lambda: "is lost" in caplog.text, "the loss was not noticed")
    port = int(first.url.rpartition(":")[2])
    second = sandbox.Sandbox(port=port, database=database, storage=tmp_path / "files", seed="empty")
    with second:
        until(lambda: subscribed(second), "no new connection")
        assert browse(connection).ask("test.foreign", word="back")[1] == {"heard": "back"}
        assert stop() == 0
