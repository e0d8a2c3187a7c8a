"""The server in a thread."""

import socket
import sqlite3
import tempfile
import threading
import uuid
from pathlib import Path

import pytest
import requests

from ftrack_sandbox import sandbox as module
from ftrack_sandbox.errors import InvalidCredentials
from ftrack_sandbox.sandbox import Sandbox, StartError


@pytest.fixture
def sandbox():
    with Sandbox(seed="empty") as running:
        yield running


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder that temporary things go to."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def call(sandbox, *operations, user=None, key=None):
    headers = {"ftrack-user": user or sandbox.api_user, "ftrack-api-key": key or sandbox.api_key}
    return requests.post(f"{sandbox.url}/api", json=list(operations), headers=headers, timeout=30).json()


def make_user(sandbox, username):
    data = {"username": username, "is_active": True}
    reply = call(sandbox, {"action": "create", "entity_type": "User", "entity_data": data})
    return reply[0]["data"]["id"]


def servers():
    """The threads of all running sandboxes; other tests share one."""
    return {each for each in threading.enumerate() if each.name == "ftrack-sandbox"}


def usernames(sandbox):
    rows = call(sandbox, {"action": "query", "expression": "select username from User"})[0]["data"]
    return {row["username"] for row in rows}


def test_it_serves_when_it_has_started(sandbox):
    assert requests.get(f"{sandbox.url}/sandbox/ready", timeout=30).ok
    assert sandbox.api_user in usernames(sandbox)


def test_the_environment_is_what_a_client_needs(sandbox):
    assert sandbox.environment == {
        "FTRACK_SERVER": sandbox.url,
        "FTRACK_API_USER": sandbox.api_user,
        "FTRACK_API_KEY": sandbox.api_key,
    }


def test_several_run_side_by_side_and_know_nothing_of_each_other(sandbox):
    with Sandbox(seed="empty") as other:
        assert other.url != sandbox.url
        assert other.api_key != sandbox.api_key
        make_user(other, "only-there")
        assert "only-there" in usernames(other)
        assert "only-there" not in usernames(sandbox)
        assert call(sandbox, key=other.api_key)["exception"] == "InvalidCredentialsError"


def test_after_the_stop_nothing_listens_and_nothing_is_left(temporary):
    before = servers()
    sandbox = Sandbox(seed="empty")
    sandbox.start()
    assert len(servers()) == len(before) + 1
    assert list(temporary.iterdir()) != []
    sandbox.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{sandbox.url}/sandbox/ready", timeout=30)
    assert list(temporary.iterdir()) == []
    assert servers() == before
    sandbox.stop()


def test_it_can_be_started_again_on_its_port():
    with Sandbox(seed="empty") as first:
        port = int(first.url.rpartition(":")[2])
        call(first)
    with Sandbox(seed="empty", port=port) as again:
        assert again.url == first.url
        assert call(again) == []


def test_it_stops_while_an_upload_is_half_done_and_leaves_no_half_file(tmp_path):
    before = servers()
    with Sandbox(seed="empty", storage=tmp_path / "files") as sandbox:
        operation = {
            "action": "get_upload_metadata",
            "component_id": str(uuid.uuid4()),
            "file_name": "a",
            "file_size": 1000,
        }
        target = call(sandbox, operation)[0]["url"].removeprefix(sandbox.url)
        host, _, port = sandbox.url.removeprefix("http://").rpartition(":")
        client = socket.create_connection((host, int(port)), timeout=30)
        head = f"PUT {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
        client.sendall(head.encode())
        # The answer to `Expect` says that the server is reading.
        assert b"100 Continue" in client.recv(1000)
        client.sendall(b"half")
    client.close()
    assert [each for each in (tmp_path / "files").rglob("*") if each.is_file()] == []
    assert servers() == before


def test_its_stop_is_bounded_below_two_seconds():
    assert module._GOODBYE_S + module._GRACE_S + module._END_S < 1.8


def test_reset_returns_to_the_seed_and_keeps_the_key(sandbox):
    before = usernames(sandbox)
    make_user(sandbox, "new")
    sandbox.storage.write("component", b"x")
    personal = sandbox.make_key("new")
    assert usernames(sandbox) == before | {"new"}
    sandbox.reset()
    assert usernames(sandbox) == before
    assert not sandbox.storage.exists("component")
    assert call(sandbox, user="new", key=personal)["exception"] == "InvalidCredentialsError"


def test_nobody_sees_a_server_that_is_half_reset(sandbox, monkeypatch):
    """Whoever asks in the middle of it gets the server as it was."""
    make_user(sandbox, "new")
    sandbox.storage.write("component", b"x")
    before, seen = usernames(sandbox), []

    def rows(*arguments):
        for portion in seed(*arguments):
            yield portion
            seen.append((usernames(sandbox), sandbox.storage.exists("component")))

    seed = module.seeds.rows
    monkeypatch.setattr(module.seeds, "rows", rows)
    sandbox.reset()
    assert len(seen) > 10
    assert all(each == (before, True) for each in seen)
    assert usernames(sandbox) == before - {"new"}
    assert not sandbox.storage.exists("component")


def test_reset_can_be_asked_for_over_http(sandbox):
    make_user(sandbox, "new")
    headers = {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key}
    assert requests.post(f"{sandbox.url}/sandbox/reset", headers=headers, timeout=30).ok
    assert "new" not in usernames(sandbox)


def test_reset_is_not_for_ordinary_users(sandbox):
    make_user(sandbox, "kim")
    headers = {"ftrack-user": "kim", "ftrack-api-key": sandbox.make_key("kim")}
    assert requests.post(f"{sandbox.url}/sandbox/reset", headers=headers, timeout=30).status_code == 403
    assert "kim" in usernames(sandbox)


def test_a_key_is_made_for_known_users_only(sandbox):
    make_user(sandbox, "kim")
    assert call(sandbox, user="kim", key=sandbox.make_key("kim")) == []
    with pytest.raises(InvalidCredentials):
        sandbox.make_key("nobody")


def test_a_private_project_is_seen_when_it_is_granted():
    private = {"action": "query", "expression": "select name from Project where is_private is true"}
    with Sandbox() as sandbox:
        assert call(sandbox, private)[0]["data"] == []
        table = sandbox.store.schema.find("Project").table
        with sandbox.store.read() as connection:
            rows = connection.execute(table.select().where(table.c.is_private.is_(True))).mappings().all()
        sandbox.grant_project(rows[0]["id"])
        assert [row["id"] for row in call(sandbox, private)[0]["data"]] == [rows[0]["id"]]


# Databases and folders of one's own.


def url_of(path: Path) -> str:
    return f"sqlite:///{path.as_posix()}"


def test_a_filled_database_is_kept_and_not_seeded_again(tmp_path):
    database = url_of(tmp_path / "studio.db")
    with Sandbox(seed="empty", database=database) as first:
        make_user(first, "kim")
        first.storage.write("component", b"kept")
        before = usernames(first)
    # Another seed: it must not be used.
    with Sandbox(seed="demo", database=database) as second:
        assert usernames(second) == before
        assert second.storage.path("component").read_bytes() == b"kept"
        assert second.api_key != first.api_key


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE user (name TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StartError, match="name an empty database"):
        Sandbox(seed="empty", database=url_of(path)).start()
    assert path.read_bytes() == before


def test_an_empty_database_file_is_filled(tmp_path):
    path = tmp_path / "studio.db"
    path.touch()
    with Sandbox(seed="empty", database=url_of(path)) as sandbox:
        assert usernames(sandbox)


@pytest.mark.parametrize(
    ("database", "text"),
    [
        ("no url", "is not a database URL"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("nosuchkind://kim:secret@host/db", "cannot be opened"),
        ("sqlite:////nonexistent/folder/x.db", "cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told_without_its_password(database, text):
    with pytest.raises(StartError, match=text) as caught:
        Sandbox(seed="empty", database=database).start()
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_told(tmp_path):
    path = tmp_path / "text.db"
    path.write_bytes(b"this is text " * 1000)
    with pytest.raises(StartError, match="cannot be opened"):
        Sandbox(seed="empty", database=url_of(path)).start()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="storage folder"):
        Sandbox(seed="empty", storage=tmp_path / "file" / "below").start()


def test_a_port_in_use_is_told_and_a_failed_start_leaves_nothing(sandbox, temporary):
    port = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(StartError, match=f"Port {port} "):
        Sandbox(seed="empty", port=port).start()
    assert list(temporary.iterdir()) == []
    assert call(sandbox) == []


def test_an_unknown_host_is_told():
    with pytest.raises(StartError, match="no host 'nowhere\\.invalid'"):
        Sandbox(host="nowhere.invalid", seed="empty").start()
