"""Chapter 10 of the protocol reference where the server has a part: what plugins meet as a session starts."""

import contextlib
import textwrap
import threading

import ftrack_api
import pytest
import requests

from web_page import DEADLINE_S, until

#: A plugin that tells the test of each moment; `tell` and `subscription` come by `plugin_arguments`.
PLUGIN = """
    import ftrack_api

    def register(session, tell=None, subscription=None, **options):
        if not isinstance(session, ftrack_api.Session):
            return
        tell("register", session)
        session.event_hub.subscribe(
            "topic=ftrack.api.session.ready", lambda event: tell("ready", event["data"]["session"])
        )
        if subscription:
            session.event_hub.subscribe(subscription, lambda event: tell("event", event))
"""


@pytest.fixture
def plugins(tmp_path):
    """A folder tree with one plugin in a folder below."""
    folder = tmp_path / "plugins" / "below"
    folder.mkdir(parents=True)
    (folder / "studio.py").write_text(textwrap.dedent(PLUGIN), encoding="utf-8")
    return tmp_path / "plugins"


@pytest.fixture
def open_session(ftrack_sandbox, plugins, tmp_path):
    """Open sessions that load the plugin and know no schemas yet, closed with the test."""
    with contextlib.ExitStack() as stack:

        def run(tell, subscription=None, **options):
            ftrack_sandbox.requests.clear()
            session = ftrack_api.Session(
                server_url=ftrack_sandbox.url,
                api_user=ftrack_sandbox.api_user,
                api_key=ftrack_sandbox.api_key,
                plugin_paths=[str(plugins)],
                plugin_arguments={"tell": tell, "subscription": subscription, "unknown": 1},
                schema_cache_path=str(tmp_path),
                **options,
            )
            stack.callback(session.close)
            return session

        yield run


@pytest.fixture
def asked(ftrack_sandbox):
    return lambda: [each.operation for each in ftrack_sandbox.requests]


def test_10_1_plugins_register_after_the_information_and_before_the_schemas(open_session, asked):
    moments = []
    open_session(lambda moment, session: moments.append((moment, asked())))
    assert moments == [
        ("register", ["query_server_information"]),
        ("ready", ["query_server_information", "query_schemas"]),
    ]


def test_10_1_in_register_nothing_can_be_asked_of_the_server(open_session, asked):
    refused = []

    def tell(moment, session):
        if moment != "register":
            return
        assert session.server_information["schema_hash"]
        for attempt in (
            lambda: session.types,
            lambda: session.query("Project").first(),
            lambda: session.create("Job", {}),
            lambda: session.get("Project", "1"),
        ):
            with pytest.raises(AttributeError):
                attempt()
            refused.append(asked())

    open_session(tell)
    assert refused == [["query_server_information"]] * 4


def test_10_1_when_the_session_is_ready_everything_can_be_asked(open_session):
    found = []

    def tell(moment, session):
        if moment == "ready":
            found.append(session.query('Project where name is "stem2"').one()["name"])
            found.append(session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)["name"])

    open_session(tell)
    assert found == ["stem2", "ftrack.server"]


def test_10_1_what_register_subscribed_to_before_the_connection_was_there_is_heard(
    open_session, ftrack_sandbox
):
    heard = []

    def tell(moment, event):
        if moment == "event":
            heard.append(event["data"])

    session = open_session(tell, "topic=test.plugin", auto_connect_event_hub=True)
    session._auto_connect_event_hub_thread.join(DEADLINE_S)
    until(lambda: any("topic=test.plugin" in each.subscriptions for each in ftrack_sandbox.hub.connections))
    ftrack_sandbox.hub.publish({"topic": "test.plugin", "data": {"n": 1}})
    until(lambda: heard, session.event_hub)
    assert heard == [{"n": 1}]


def test_10_1_each_session_registers_the_plugin_anew(open_session, ftrack_sandbox):
    sessions = []

    def tell(moment, session):
        if moment == "register":
            sessions.append(session)

    opened = [open_session(tell, "topic=test.twice", auto_connect_event_hub=True) for _ in range(2)]
    assert sessions == opened

    def listeners():
        return sum("topic=test.twice" in each.subscriptions for each in ftrack_sandbox.hub.connections)

    until(lambda: listeners() == 2)
    for each in opened:
        each._auto_connect_event_hub_thread.join(DEADLINE_S)


def test_10_2_connect_checks_the_login_and_then_starts_with_plugins(
    ftrack_sandbox, plugins, monkeypatch, tmp_path, asked
):
    front = requests.get(f"{ftrack_sandbox.url}/", timeout=DEADLINE_S)
    assert front.status_code == 200
    assert front.headers["FTRACK_VERSION"]
    for name, value in ftrack_sandbox.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FTRACK_EVENT_PLUGIN_PATH", str(plugins))
    monkeypatch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", str(tmp_path))
    ftrack_sandbox.requests.clear()
    ftrack_api.Session(plugin_paths=[]).close()
    assert asked() == ["query_server_information", "query_schemas"]
    moments, heard, ended = [], [], threading.Event()
    session = ftrack_api.Session(
        auto_connect_event_hub=True,
        plugin_arguments={"tell": lambda moment, _: moments.append(moment)},
    )
    assert moments == ["register", "ready"]
    session._auto_connect_event_hub_thread.join(DEADLINE_S)
    session.event_hub.subscribe("topic=test.connect", heard.append)
    until(lambda: any("topic=test.connect" in each.subscriptions for each in ftrack_sandbox.hub.connections))

    def listen():
        while not ended.is_set():
            session.event_hub.wait(duration=0)

    thread = threading.Thread(target=listen)
    thread.start()
    ftrack_sandbox.hub.publish({"topic": "test.connect"})
    until(lambda: heard)
    ended.set()
    thread.join(DEADLINE_S)
    session.close()
