"""What tests of several chapters use of the sandbox that all of them share."""

import contextlib

import ftrack_api
import pytest
import requests

from web_page import DEADLINE_S, Page


@pytest.fixture
def send(ftrack_sandbox):
    """Return a function that sends operations without a client library and returns the JSON."""

    def post(*operations, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        whole = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key, **named}
        return requests.post(f"{ftrack_sandbox.url}/api", json=operations, headers=whole, timeout=30).json()

    return post


@pytest.fixture
def open_session(ftrack_sandbox, ftrack_schema_cache):
    """Return a function that opens sessions of the client, closed with the test."""
    with contextlib.ExitStack() as stack:

        def run(username=None, **options):
            session = ftrack_api.Session(
                server_url=ftrack_sandbox.url,
                api_user=username or ftrack_sandbox.api_user,
                api_key=options.pop("api_key", ftrack_sandbox.api_key),
                plugin_paths=[],
                schema_cache_path=str(ftrack_schema_cache),
                **options,
            )
            stack.callback(session.close)
            if options.get("auto_connect_event_hub"):
                # Connected is not all: the thread goes on to send what was subscribed to before.
                session._auto_connect_event_hub_thread.join(DEADLINE_S)
                assert session.event_hub.connected
            return session

        yield run


@pytest.fixture
def page(ftrack_sandbox, ftrack_session):
    """Kim's web page as a bare web socket, so that the server's choice shows and not the client's."""
    user = ftrack_session.query('User where username is "kim.ek"').one()
    page = Page(ftrack_sandbox, "kim.ek", user["id"])
    yield page
    page.close()
