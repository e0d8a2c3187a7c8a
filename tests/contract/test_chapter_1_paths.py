"""Section 1.9 of the protocol reference: the HTTP paths that clients touch besides the API."""

import asyncio
import contextlib
import http.server
import threading
import urllib.parse

import ftrack_api
import pytest
import requests
from starlette.exceptions import HTTPException
from starlette.requests import Request

from ftrack_sandbox.access import Access
from ftrack_sandbox.login_route import LoginRoute

LOGIN = "/user/api_credentials"


@pytest.fixture
def waiting():
    """What Connect does while the browser logs in: it listens on a port and takes note of what comes."""
    came = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            came.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1], came
        server.shutdown()
        thread.join()


def ask(sandbox, redirect_url="http://localhost:1", headers=None, **query):
    query = {"identifier": "ftrack-connect", "redirect_url": redirect_url, **query}
    return requests.get(
        f"{sandbox.url}{LOGIN}", params=query, headers=headers, allow_redirects=False, timeout=30
    )


def told(reply):
    """User and key in the address that the browser is sent to."""
    assert reply.status_code == 302, reply.text
    found = urllib.parse.parse_qs(urllib.parse.urlsplit(reply.headers["Location"]).query)
    return found["api_user"][0], found["api_key"][0]


@contextlib.contextmanager
def session_of(sandbox, user, key):
    session = ftrack_api.Session(sandbox.url, key, user, plugin_paths=[], schema_cache_path=False)
    yield session
    session.close()


def test_1_9_the_login_by_browser_brings_a_key_that_opens_a_session(ftrack_sandbox, waiting):
    port, came = waiting
    query = {"identifier": "ftrack-connect", "redirect_url": f"http://localhost:{port}"}
    assert requests.get(f"{ftrack_sandbox.url}{LOGIN}", params=query, timeout=30).status_code == 200
    [path] = came
    found = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    assert found.keys() == {"api_user", "api_key"}
    assert found["api_user"] == [ftrack_sandbox.api_user]
    with session_of(ftrack_sandbox, found["api_user"][0], found["api_key"][0]) as session:
        assert session.query("Project").all()
        # It is a personal key, not the one for everybody.
        information = session.call([{"action": "query_server_information", "values": ["user_information"]}])[
            0
        ]["user_information"]
        assert information["is_global_access_key"] is False
        assert information["username"] == ftrack_sandbox.api_user


def test_1_9_a_user_may_be_named_whose_rights_the_key_then_has(ftrack_sandbox, ftrack_session):
    user, key = told(ask(ftrack_sandbox, username="pavel.novak"))
    assert user == "pavel.novak"
    with session_of(ftrack_sandbox, user, key) as session:
        seen = {each["id"] for each in session.query("select id from Project")}
    assert seen < {each["id"] for each in ftrack_session.query("select id from Project")}


def test_1_9_a_second_login_does_not_end_the_first(ftrack_sandbox):
    first = told(ask(ftrack_sandbox, username="kim.ek"))
    assert told(ask(ftrack_sandbox, username="kim.ek")) == first
    ftrack_sandbox.make_key("kim.ek")
    _, key = told(ask(ftrack_sandbox, username="kim.ek"))
    assert key != first[1]
    with session_of(ftrack_sandbox, "kim.ek", key) as session:
        assert session.api_user == "kim.ek"


def test_1_9_what_the_redirect_address_holds_already_stays(ftrack_sandbox):
    target = ask(ftrack_sandbox, "http://127.0.0.1:8123/signed/in?state=a%20b").headers["Location"]
    parts = urllib.parse.urlsplit(target)
    assert (parts.netloc, parts.path) == ("127.0.0.1:8123", "/signed/in")
    assert urllib.parse.parse_qs(parts.query).keys() == {"state", "api_user", "api_key"}
    assert urllib.parse.parse_qs(parts.query)["state"] == ["a b"]


@pytest.mark.parametrize(
    "redirect_url",
    [
        "",
        "http://example.com",
        "https://localhost:8123",
        "//localhost",
        "javascript:alert(1)",
        "http://localhost.example.com/",
        "http://localhost@example.com/",
        "http://example.com:80#@localhost/",
        "http://localhost:port/",
        "http://[::1",
    ],
)
def test_1_9_a_key_is_sent_to_this_computer_only(ftrack_sandbox, redirect_url):
    reply = ask(ftrack_sandbox, redirect_url)
    assert reply.status_code == 400
    assert "Location" not in reply.headers


@pytest.mark.parametrize("redirect_url", ["http://example.com\\@localhost/", "http://a:b@localhost:1/\\x"])
def test_1_9_an_address_that_can_be_read_in_two_ways_is_written_anew(ftrack_sandbox, redirect_url):
    reply = ask(ftrack_sandbox, redirect_url)
    assert reply.status_code == 302
    assert reply.headers["Location"].startswith(("http://localhost/", "http://localhost:1/"))
    assert "\\" not in reply.headers["Location"]


@pytest.mark.parametrize("username", ["nobody", "pierre.garnier"])
def test_1_9_nobody_logs_in_who_is_unknown_or_inactive(ftrack_sandbox, ftrack_session, username):
    if username != "nobody":
        user = ftrack_session.create("User", {"username": username, "is_active": False})
        ftrack_session.commit()
        assert user["is_active"] is False
    reply = ask(ftrack_sandbox, username=username)
    assert reply.status_code == 404
    assert "Location" not in reply.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://a.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Mode": "cors"},
        {"Sec-Fetch-Mode": "no-cors"},
        # A name of the page's own that leads to this computer.
        {"Host": "a.test:8090"},
    ],
    ids=str,
)
def test_1_9_no_web_page_gets_at_a_key(ftrack_sandbox, headers):
    """A page could send a script to the address and read where it is led."""
    reply = ask(ftrack_sandbox, f"{ftrack_sandbox.url}/", headers=headers)
    assert reply.status_code == 403
    assert "Location" not in reply.headers


@pytest.mark.parametrize(("client", "status"), [("127.0.0.1", 302), ("::1", 302), ("192.0.2.7", 403)])
def test_1_9_no_other_computer_gets_at_a_key(ftrack_sandbox, client, status):
    """Asked without a socket, for the other end of one is always here."""
    [route] = LoginRoute(Access(ftrack_sandbox.store), ftrack_sandbox.api_user).routes
    scope = {
        "type": "http",
        "method": "GET",
        "path": LOGIN,
        "query_string": b"redirect_url=http://localhost:1",
        "headers": [(b"host", b"localhost")],
        "client": (client, 50000),
    }
    try:
        answered = asyncio.run(route.endpoint(Request(scope))).status_code
    except HTTPException as error:
        answered = error.status_code
    assert answered == status


def test_1_9_connect_finds_version_and_default_picture(ftrack_sandbox, ftrack_session):
    front = requests.get(f"{ftrack_sandbox.url}/", timeout=30)
    assert front.status_code == 200
    assert front.headers["ftrack_version"] == ftrack_session.server_information["version"]
    picture = requests.get(f"{ftrack_sandbox.url}/img/thumbnail2.png", timeout=30)
    assert picture.status_code == 200
    assert picture.headers["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")
