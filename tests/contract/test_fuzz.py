"""Whatever is sent: no HTTP 500, no traceback, no hang, no row out of reach.

Some 2,000 examples, the same each time; with FTRACK_SOAK=1 (`make soak`) ten times as many, and others
each time. Every example goes over a real socket. As the server runs in this process, what it logs as an
error counts as well: no failure inside may hide behind a polite answer.

Whoever sees one project only (`USERNAME`) sends about half of it; all ids that lie in other projects are
known here from plain SQL, and none may ever come back that was not in the request itself.
"""

import contextlib
import json
import logging
import os
import re
import socket
import time
import urllib.parse
import uuid

import hypothesis
import pytest
import requests
import sqlalchemy
import websocket
from hypothesis import strategies as st

import fuzzing
from ftrack_sandbox.faults import Fault
from ftrack_sandbox.sandbox import Sandbox
from ftrack_sandbox.seed.people import project_id

SOAK = os.environ.get("FTRACK_SOAK") == "1"
#: Seconds after which an answer counts as a hang.
HANG_S = 2.0
USERNAME, PROJECT = "pavel.novak", "open_shorts"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

pytestmark = pytest.mark.timeout(7200 if SOAK else 300)


#: How many examples each test has asked for.
ASKED = []


def examples(count):
    """Settings for so many examples in `make test`."""
    ASKED.append(10 * count if SOAK else count)
    return hypothesis.settings(
        max_examples=10 * count if SOAK else count,
        derandomize=not SOAK,
        deadline=None,
        database=None,
        print_blob=True,
        # What an example does depends on the rows that are left: shrinking would chase what is gone.
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )


#: For those that are put together within a test.
CHANGES, FRAMES = examples(250), examples(250)

# The server, and what is known of its rows.


class Inside(logging.Handler):
    """What the server logs as an error."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.said = []

    def emit(self, record):
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.said.append(f"{record.getMessage()}\n{trace}")


class Target:
    """A server under fire, whose rows come back from time to time."""

    def __init__(self, sandbox, inside):
        self.sandbox, self.inside = sandbox, inside
        self.http = requests.Session()
        self.sent = 0
        self._learn()

    def _plant(self):
        """Put a row where the demo has none that lies in another project."""
        with self.sandbox.store.read() as connection:
            found = self.elsewhere(connection)
        for table, column, owner in fuzzing.WAYS:
            if not found.get(table):
                keys = {
                    name: 910_000 if kind is int else str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{table}.{name}"))
                    for name, kind in fuzzing.key_of(table).items()
                }
                row = {**keys, column: min(found[owner])[0]}
                self.sandbox.store.load([(table, [row])])
                found[table] = {tuple(row[name] for name in keys)}

    def _learn(self):
        self._plant()
        self.key = self.sandbox.make_key(USERNAME)
        with self.sandbox.store.read() as connection:
            found = self.elsewhere(connection)
            named = [name for name in found if [*fuzzing.key_of(name)] == ["id"]]
            self.hidden = sorted({str(key[0]) for name in named for key in found[name]})
            self.out_of_reach = frozenset(self.hidden)
            self._known = {name: self._keys(connection, name) for name in fuzzing.TYPES}

    def _keys(self, connection, name):
        """The keys of some rows of the type, none out of reach."""
        found = self.sandbox.store.schema.types[name]
        own = [found.table.c[column] == value for column, value in found.classifiers.items()]
        columns = [found.table.c[column] for column in found.primary_key]
        rows = connection.execute(sqlalchemy.select(*columns).where(*own).order_by(*columns).limit(500))
        return [row for row in rows if not self.out_of_reach.intersection(row)][:10]

    def elsewhere(self, connection):
        """By table: the keys of what lies in other projects, whatever the server thinks of reach."""
        contexts = sqlalchemy.text("select id from context where coalesce(project_id, id) <> :own")
        found = {"context": {*map(tuple, connection.execute(contexts, {"own": project_id(PROJECT)}))}}
        fresh = dict(found)
        while fresh:
            above, fresh = fresh, {}
            for table, column, owner in fuzzing.WAYS:
                if owner not in above:
                    continue
                select = f"""select {", ".join(f'"{name}"' for name in fuzzing.key_of(table))} from {table}
                    where {column} in (select value from json_each(:above))"""
                values = json.dumps([key[0] for key in above[owner]])
                new = {*map(tuple, connection.execute(sqlalchemy.text(select), {"above": values}))}
                new -= found.setdefault(table, set())
                found[table] |= new
                if new:
                    fresh[table] = fresh.get(table, set()) | new
        return found

    def rows_out_of_reach(self):
        """Everything in the rows that lie in other projects now."""
        with self.sandbox.store.read() as connection:
            return {
                (table, tuple(row))
                for table, keys in self.elsewhere(connection).items()
                for row in connection.execute(sqlalchemy.text(f"select * from {table}"))
                if tuple(row._mapping[name] for name in fuzzing.key_of(table)) in keys
            }

    def filled(self, value):
        """Put ids in the place of placeholders."""
        if isinstance(value, dict):
            return {self.filled(name): self.filled(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        return re.sub(r"<(\w+) (\d) (\d)>", self._id, value) if isinstance(value, str) else value

    def _id(self, found):
        if found[1] == "hidden":
            # From all over, not ten of one kind.
            return self.hidden[int(found[2]) * (len(self.hidden) // 10)]
        rows = self._known.get(found[1])
        if not rows:
            return found[0]
        row = rows[int(found[2]) % len(rows)]
        return str(row[min(int(found[3]), len(row) - 1)])

    def post(self, operations, username=None, **headers):
        """Send operations and check the answer; *username* None means the service user."""
        self.sent += 1
        if self.sent % 250 == 0:
            self.refresh()
        body = json.dumps(self.filled(operations)).encode()

        def send():
            key = self.sandbox.api_key if username is None else self.key
            named = {"ftrack-user": username or self.sandbox.api_user, "ftrack-api-key": key, **headers}
            return self.http.post(f"{self.sandbox.url}/api", data=body, headers=named, timeout=30)

        reply = self.unhurt(send, body, hidden=username is not None)
        content = reply.json()
        assert isinstance(content, list) or content["exception"], reply.text
        if isinstance(content, dict) and content["exception"] == "InvalidCredentialsError":
            # It has deactivated its own user, or replaced its own key.
            self.refresh()
        return content

    def unhurt(self, send, body, hidden):
        """Send, and check what holds whatever was sent."""
        reply, seconds = timed(send)
        if seconds > HANG_S:
            # Or was the machine busy? The same once more, on the same rows.
            self.refresh()
            reply, seconds = timed(send)
        about = f"{body[:3000]!r} -> {reply.status_code} {reply.text[:1000]!r}"
        assert seconds <= HANG_S, f"{seconds:.1f} s for {about}"
        assert reply.status_code < 500, about
        assert "Traceback" not in reply.text and "failed unexpectedly" not in reply.text, about
        assert not self.inside.said, f"{about}\n{self.inside.said.pop()}"
        if hidden:
            leaked = self.out_of_reach & set(UUID.findall(reply.text)) - set(UUID.findall(body.decode()))
            assert not leaked, f"{leaked} told by {about}"
        return reply

    def refresh(self):
        self.sandbox.reset()
        self._learn()


def timed(send):
    started = time.perf_counter()
    return send(), time.perf_counter() - started


@pytest.fixture(scope="module")
def target():
    inside = Inside()
    logging.getLogger().addHandler(inside)
    with Sandbox(seed="demo") as running:
        yield Target(running, inside)
    logging.getLogger().removeHandler(inside)
    assert not inside.said, inside.said[0]


def test_an_answer_that_takes_too_long_is_noticed(target, monkeypatch):
    monkeypatch.setattr(target, "refresh", lambda: None)
    operations = [{"action": "query", "expression": "select id from Task limit 1"}]
    target.post(operations)
    monkeypatch.setitem(globals(), "HANG_S", 0.2)
    target.sandbox.faults.replace([Fault("delay", seconds=0.5, count=2)])
    with pytest.raises(AssertionError, match=r"0\.[5-9] s for"):
        target.post(operations)
    target.sandbox.faults.clear()


HEADERS = st.sampled_from(
    [
        {},
        {"ftrack-strict-api": "true"},
        {"ftrack-strict-api": "true", "ftrack-api-options": "strict:1;denormalize:1"},
        {"ftrack-api-options": "strict=1;=;;denormalize"},
    ]
)


def test_what_is_looked_out_for_is_there(target):
    """Or else the other tests would be content with anything."""
    assert len(target.hidden) > 3000
    assert {table for table, _ in target.rows_out_of_reach()} == fuzzing.INSIDE
    [result] = target.post([{"action": "query", "expression": "select id from Task"}])
    assert target.out_of_reach & {each["id"] for each in result["data"]}
    [result] = target.post([{"action": "query", "expression": "select id from Task"}], USERNAME)
    assert result["data"]


@examples(500)
@hypothesis.given(fuzzing.BATCHES, HEADERS)
def test_operations_of_an_ordinary_user(target, operations, headers):
    target.post(operations, USERNAME, **headers)


def test_a_row_out_of_reach_that_changes_is_noticed(target):
    target.refresh()
    before = target.rows_out_of_reach()
    task = {"action": "query", "expression": "select id from Task where project.name is stem2 limit 1"}
    [found] = target.post([task])
    key = found["data"][0]["id"]
    change = {"action": "update", "entity_type": "Task", "entity_key": [key], "entity_data": {"bid": 12345.0}}
    assert isinstance(target.post([change]), list)
    assert {row[0] for _, row in target.rows_out_of_reach() ^ before} == {key}
    note = {"content": "new", "parent_id": key, "parent_type": "TypedContext"}
    made = {"action": "create", "entity_type": "Note", "entity_data": {"__entity_type__": "Note", **note}}
    assert isinstance(target.post([made]), list)
    assert {table for table, _ in target.rows_out_of_reach() ^ before} == {"context", "note", "recipient"}


def test_an_ordinary_user_changes_no_row_out_of_reach(target):
    target.refresh()
    before = target.rows_out_of_reach()

    @CHANGES
    @hypothesis.given(st.one_of(fuzzing.SINGLE, fuzzing.SINGLE, fuzzing.BATCHES))
    def fire(operations):
        content = target.post(operations, USERNAME, **{"ftrack-strict-api": "true"})
        if not isinstance(content, list):
            return
        # Neither changed nor gone nor put there.
        changed = target.rows_out_of_reach() ^ before
        assert not changed, f"{target.filled(operations)} changed {list(changed)[:4]}"

    fire()


@pytest.mark.parametrize("action", ["delete", "encode_media"])
def test_a_refusal_names_no_row_out_of_reach(target, action):
    """A picture of no project may be the thumbnail of a version that is out of reach."""
    target.refresh()
    with target.sandbox.store.read() as connection:
        rows = connection.execute(
            sqlalchemy.text(
                "select v.id, c.id from asset_version v join component c on c.id = v.thumbnail_id"
            )
        ).all()
    component_id = next(
        other for version, other in rows if {version, other} & target.out_of_reach == {version}
    )
    whole = {
        "delete": {"action": "delete", "entity_type": "FileComponent", "entity_key": [component_id]},
        "encode_media": {"action": "encode_media", "component_id": component_id, "keep_original": False},
    }
    content = target.post([whole[action]], USERNAME)
    assert content["exception"] == "PermissionError"
    assert "AssetVersion" in content["content"]


@examples(350)
@hypothesis.given(fuzzing.BATCHES, HEADERS)
def test_operations_of_an_administrator(target, operations, headers):
    target.post(operations, **headers)


@examples(500)
@hypothesis.given(fuzzing.EXPRESSIONS, HEADERS)
# Configurations of another project named it.
@hypothesis.example("CustomConfigurationBase", {})
@hypothesis.example("select project.id, project_id, key from CustomAttributeConfiguration", {})
def test_expressions(target, expression, headers):
    target.post([{"action": "query", "expression": expression}], USERNAME, **headers)


@examples(60)
@hypothesis.given(
    st.binary(max_size=60), st.sampled_from([b"%s", b"[%s]", b'[{"action":"query","expression":"%s"}]'])
)
def test_bodies(target, inside, frame):
    body = frame % inside
    headers = {"ftrack-user": target.sandbox.api_user, "ftrack-api-key": target.sandbox.api_key}
    reply, seconds = timed(
        lambda: target.http.post(f"{target.sandbox.url}/api", data=body, headers=headers, timeout=30)
    )
    assert seconds <= HANG_S
    assert reply.status_code < 500, reply.text
    assert not target.inside.said, target.inside.said.pop()


class Raw:
    """A bare web socket that is opened again after each goodbye."""

    def __init__(self, target):
        self.target = target
        self.open()

    def open(self):
        sandbox = self.target.sandbox
        headers = {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key}
        session = requests.get(f"{sandbox.url}/socket.io/1/", headers=headers, timeout=30).text.split(":")[0]
        url = f"ws{sandbox.url.removeprefix('http')}/socket.io/1/websocket/{session}"
        self.socket = websocket.create_connection(url, timeout=30)
        self.number = 0

    def answers(self):
        """Whether an acknowledged event still gets its acknowledgement; False after a goodbye."""
        self.number += 1
        mark = uuid.uuid4().hex
        event = {"topic": "fuzz", "data": {"mark": mark}, "source": {}}
        frame = f"5:9{self.number:06}+::" + json.dumps({"name": "ftrack.event", "args": [event]})
        try:
            self.socket.send(frame)
            while True:
                packet = self.socket.recv()
                assert "Traceback" not in packet
                if packet.startswith("0") or packet == "":
                    return False
                if packet.startswith(f"6:::9{self.number:06}+"):
                    return True
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return False


def test_hub_frames(target):
    raw, quiet = Raw(target), Raw(target)

    @FRAMES
    @hypothesis.given(st.lists(fuzzing.frames(), min_size=1, max_size=4))
    def fire(sent):
        with contextlib.suppress(websocket.WebSocketConnectionClosedException, ConnectionError):
            for frame in target.filled(sent):
                (raw.socket.send_binary if isinstance(frame, bytes) else raw.socket.send)(frame)
        lives, seconds = timed(raw.answers)
        assert seconds <= HANG_S, sent
        if not lives:
            raw.open()
        # Nobody else suffers.
        assert quiet.answers(), sent
        assert not target.inside.said, f"{sent}\n{target.inside.said.pop()}"

    fire()
    raw.socket.close()
    quiet.socket.close()


@examples(150)
@hypothesis.given(fuzzing.uploads(), st.booleans())
def test_uploads(target, upload, ordinary):
    username = USERNAME if ordinary else None
    content = target.post([upload["operation"]], username)
    if isinstance(content, dict):
        return
    urls = [content[0]["url"]] if "url" in content[0] else [each["signed_url"] for each in content[0]["urls"]]
    for url in urls:
        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        if upload["change"] is not None:
            query[upload["change"][0]] = str(target.filled(upload["change"][1]))
        text = urllib.parse.urlencode(query, errors="replace")
        length = upload["announced"] or str(upload["size"])
        headers = [("Content-Length", length), *upload["headers"]]
        ask(target, "PUT", f"{parts.path}?{text}", headers, b"x" * upload["size"])


@examples(150)
@hypothesis.given(
    st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "BREW"]),
    fuzzing.PATHS,
    st.dictionaries(
        st.sampled_from(
            ["id", "size", "username", "apiKey", "expires", "signature", "upload", "part", "name"]
        ),
        st.one_of(fuzzing.PLACEHOLDERS, fuzzing.SCALARS, st.just("<hidden 5 0>")),
        max_size=5,
    ),
    st.booleans(),
)
def test_addresses(target, method, path, query, signed_on):
    if signed_on:
        query = {**query, "username": USERNAME, "apiKey": target.key}
    text = urllib.parse.urlencode(
        {name: str(value) for name, value in target.filled(query).items()}, errors="replace"
    )
    reply = ask(target, method, f"{path}?{text}", [("Content-Length", "0")], b"")
    asked = target.filled(query).get("id")
    if signed_on and path.startswith("/component/") and asked in target.out_of_reach:
        assert b" 200 " not in reply.split(b"\r\n")[0], reply[:500]


def ask(target, method, path, headers, body):
    """Send a request made by hand, end our side, and read whatever comes."""
    address = urllib.parse.urlsplit(target.sandbox.url)
    lines = [f"{method} {path} HTTP/1.1", "Host: sandbox", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    request = "\r\n".join([*lines, "", ""]).encode("utf-8") + body

    def send():
        reply = bytearray()
        with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                while block := connection.recv(65536):
                    reply += block
        return bytes(reply)

    reply, seconds = timed(send)
    if seconds > HANG_S:
        reply, seconds = timed(send)
    assert seconds <= HANG_S, request
    assert b"Traceback" not in reply, (request, reply[:2000])
    if reply:
        status = int(reply.split(b" ", 2)[1])
        assert status < 500 or status == 501, (request, reply[:2000])
    assert not target.inside.said, f"{request!r}\n{target.inside.said.pop()}"
    return reply


def test_there_are_as_many_examples_as_are_promised():
    assert len(ASKED) == 8
    assert sum(ASKED) >= (20_000 if SOAK else 2_000)
