"""The official JavaScript client, unmodified, against the running sandbox.

The scenarios are scripts in `javascript/`; `make test` installs the client where there is Node. What the
client shows is asserted here, beside what the server was asked.
"""

import json
import os
import queue
import re
import shutil
import subprocess
import threading
import time
import uuid
from pathlib import Path

import pytest
import requests
from ftrack_api.event.base import Event
from ftrack_api.event.hub import EventHub

FOLDER = Path(__file__).parent / "javascript"
DEADLINE_S = 60
SERVER = "3a372bde-05bc-11e4-8908-20c9d081909b"


def lacking():
    """Why the scripts cannot run here, or None."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return "node or npm is missing"
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(re.match(r"v(\d+)", version).group(1)) < 18:
        return f"node {version} is too old, 18 is needed"
    if not (FOLDER / "node_modules" / "@ftrack" / "api").is_dir():
        return "@ftrack/api is not installed; `make test` installs it"
    return None


@pytest.fixture(scope="module", autouse=True)
def node():
    """Skip where there is no Node; in CI that is a failure."""
    reason = lacking()
    if reason is not None:
        if os.environ.get("CI", "").lower() in ("true", "1"):
            pytest.fail(f"{reason}, and CI must run these tests")
        pytest.skip(reason)


class Script:
    """A scenario that runs; told and asked by lines of JSON."""

    def __init__(self, environment, script, scenario, arguments):
        self._process = subprocess.Popen(
            ["node", str(FOLDER / script), scenario, json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, **environment},
        )
        self._end = time.monotonic() + DEADLINE_S
        self._lines = queue.Queue()
        self._errors = []
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self._lines.put), daemon=True),
            threading.Thread(
                target=self._read, args=(self._process.stderr, self._errors.append), daemon=True
            ),
        ]
        for each in self._readers:
            each.start()

    def _read(self, stream, take):
        for line in stream:
            take(line)
        take("")

    def hear(self, name="said"):
        """Return what the script says next."""
        try:
            line = self._lines.get(timeout=max(0.0, self._end - time.monotonic()))
        except queue.Empty:
            line = ""
        if not line:
            self.stop()
            pytest.fail(f"the script ended or hung:\n{''.join(self._errors)}")
        (found,) = json.loads(line).items()
        # A wrong kind of line is the news, not a missing key.
        assert found[0] == name, line
        return found[1]

    def tell(self, value=None):
        """Let the script go on."""
        self._process.stdin.write(f"{json.dumps(value)}\n")
        self._process.stdin.flush()

    def result(self):
        """Return what the script ends with."""
        return self.hear("result")

    def stop(self):
        self._process.kill()
        self._process.wait()
        for each in self._readers:
            each.join(DEADLINE_S)
        for each in (self._process.stdin, self._process.stdout, self._process.stderr):
            each.close()


@pytest.fixture
def start(ftrack_sandbox):
    """Start a scenario as the service user, or as another one with a personal key."""
    running = []

    def run(script, scenario, username=None, **arguments):
        environment = dict(ftrack_sandbox.environment)
        if username is not None:
            key = ftrack_sandbox.make_key(username)
            environment |= {"FTRACK_API_USER": username, "FTRACK_API_KEY": key}
        script = Script(environment, script, scenario, arguments)
        running.append(script)
        return script

    yield run
    for each in running:
        each.stop()


@pytest.fixture
def run(start):
    """Run a scenario to its end; return its result."""
    return lambda *names, **arguments: start(*names, **arguments).result()


@pytest.fixture
def hub(ftrack_sandbox):
    """The Python client's hub, as another user."""
    hub = EventHub(ftrack_sandbox.url, "kim.ek", ftrack_sandbox.make_key("kim.ek"))
    hub.connect()
    yield hub
    hub.disconnect()


def until(condition, hub):
    """Let *hub* handle its events until *condition* holds; return what that gave."""
    end = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        assert time.monotonic() < end, "the condition never came to hold"
        hub.wait(duration=0)
    return found


def subscribed(sandbox, text):
    """The connections with a subscription to *text*."""
    return [each for each in sandbox.hub.connections if text in each.subscriptions]


@pytest.fixture
def folder(ftrack_session):
    """A folder of a name of its own below an open project."""
    project = ftrack_session.query("Project where name is stem2").one()
    folder = ftrack_session.create("Folder", {"name": f"js {uuid.uuid4().hex[:8]}", "parent": project})
    ftrack_session.commit()
    return folder


@pytest.fixture
def tasks(ftrack_session, folder):
    tasks = [ftrack_session.create("Task", {"name": f"slope {n}", "parent": folder}) for n in range(3)]
    ftrack_session.commit()
    return tasks


# Start (1.6, 1.7).


def test_it_starts_with_one_request_for_information_and_schemas(ftrack_sandbox, ftrack_session, run):
    ftrack_sandbox.requests.clear()
    found = run("session.mjs", "start")
    asked = [(each.request, each.operation) for each in ftrack_sandbox.requests]
    first = asked[0][0]
    assert asked == [(first, "query_server_information"), (first, "query_schemas")]
    assert found["information"] == ftrack_session.server_information
    assert found["version"] == ftrack_session.server_information["version"]
    assert found["schemas"] == [each["id"] for each in ftrack_session.schemas]
    assert (found["task"], found["metadata"]) == (["id"], ["parent_id", "key"])


def test_it_asks_for_the_information_it_is_told_to(run):
    found = run("session.mjs", "start", values=["version", "user_information"])
    assert set(found["information"]) == {"version", "user_information", "is_timezone_support_enabled"}


def test_wrong_credentials_are_an_error(run):
    found = run("session.mjs", "wrongKey")
    assert (found["name"], found["code"]) == ("ServerError", "api_credentials_invalid")


# Queries (1.5, 3).

TREE = "select name, parent.name, parent.children.name from Task"


def test_a_query_merges_what_is_spelled_out_once(run, folder, tasks):
    text = f"{TREE} where parent_id is {folder['id']} order by name"
    found = run("session.mjs", "query", text=text)
    assert found["response"]["metadata"] == {"next": {"offset": None}}
    rows = found["response"]["data"]
    assert [each["name"] for each in rows] == ["slope 0", "slope 1", "slope 2"]
    for each in rows:
        assert each["parent"]["name"] == folder["name"]
        assert len(each["parent"]["children"]) == 3
    assert found["shared"] == ["Folder", "Task"]


def test_a_serializable_reply_repeats_everything_and_adds_nothing(run, folder, tasks):
    text = f"{TREE} where parent_id is {folder['id']} order by name"
    found = run("session.mjs", "query", text=text, options={"ensureSerializableResponse": True})
    assert found["shared"] == []
    children = [{"__entity_type__": "Task", "id": each["id"], "name": each["name"]} for each in tasks]
    parent = {"__entity_type__": "Folder", "id": folder["id"], "name": folder["name"]}
    for row, task in zip(found["response"]["data"], children, strict=True):
        below = sorted(row["parent"].pop("children"), key=lambda each: each["name"])
        assert (row, below) == ({**task, "parent": parent}, children)


# Writing (1.5, 2.3 to 2.5).


def test_it_creates_updates_and_deletes(run, folder):
    moment = "2024-05-03T09:15:00.000Z"
    found = run("session.mjs", "write", parent=folder["id"], moment=moment)
    created, updated = found["created"], found["updated"]
    assert (created["action"], created["data"]["name"]) == ("create", "comp")
    # The server makes up the id that this client leaves out.
    assert uuid.UUID(created["data"]["id"])
    assert created["data"]["parent_id"] == folder["id"]
    assert (updated["action"], updated["data"]["description"]) == ("update", "by a bare key")
    assert updated["data"]["id"] == created["data"]["id"]
    task = found["task"]
    assert (task["name"], task["description"], task["bid"]) == ("comp", "by a bare key", 3600)
    assert (task["start_date"], task["utc"]) == (moment, True)
    # From a Date and from a text that looks like one.
    assert found["iso"]["start_date"] == found["iso"]["end_date"]
    assert found["iso"]["start_date"].startswith("2024-05-03T09:15:00")
    assert found["deleted"] == {"action": "delete", "data": True}
    assert found["left"] == []


def test_errors_are_told_by_their_classes(run, tasks):
    errors = run("session.mjs", "errors", username="ravi.shah", task=tasks[0]["id"], user="new.one")
    assert "none" not in {name for each in errors.values() for name in each}
    assert {kind: each["name"] for kind, each in errors.items()} == {
        "parse": "ServerError",
        "value": "ServerValidationError",
        "missing": "ServerValidationError",
        "operation": "ServerError",
        "permission": "ServerPermissionDeniedError",
        "strict": "ServerError",
    }
    assert "No attribute 'nonsense' exists for schema 'Task'." in errors["parse"]["message"]
    assert errors["strict"]["message"] == errors["parse"]["message"]
    assert "Invalid action u'compute_rollups'" in errors["operation"]["message"]


def test_ensure_makes_finds_and_changes(run, folder):
    found = run("session.mjs", "ensure", parent=folder["id"])
    assert found["made"] == found["same"] == found["changed"]
    (row,) = found["data"]
    assert (row["name"], row["description"]) == ("ensured", "new")


def test_a_search_finds_by_words_context_and_object_type(run, folder, tasks):
    found = run("session.mjs", "search", parent=folder["id"], objectType=tasks[0]["object_type_id"])
    assert found["whole"]["action"] == "search"
    assert found["whole"]["metadata"] == {"next": {"offset": None}}
    assert {each["id"] for each in found["whole"]["data"]} == {each["id"] for each in tasks}
    names = ["slope 0", "slope 1", "slope 2"]
    assert (found["below"], found["typed"]) == (sorted([folder["name"], *names]), names)
    assert found["wrong"]["name"] == "ServerValidationError"


@pytest.mark.parametrize("name", ["plain", "it's", 'say "slope"', "Åre – 日本"])
def test_its_helper_for_expressions_finds_names_with_quotes(run, folder, name):
    assert run("session.mjs", "quotes", parent=folder["id"], name=name) == [name]


def test_its_helper_for_statuses_knows_every_project_schema(run, ftrack_session):
    schemas = ftrack_session.query("ProjectSchema").all()
    compositing = ftrack_session.query("Type where name is Compositing").one()
    found = run("session.mjs", "statuses", schemas=[each["id"] for each in schemas], type=compositing["id"])
    shots = 0
    for schema in schemas:
        told = found[schema["id"]]
        for label, arguments in {
            "Task": ("Task",),
            "typed": ("Task", compositing["id"]),
            "AssetVersion": ("AssetVersion",),
        }.items():
            expected = [each["name"] for each in schema.get_statuses(*arguments)]
            assert sorted(told[label]) == sorted(expected)
            assert told[label]
        shots += len(told["Shot"])
    assert shots


# Uploads (8.3).


def stored(sandbox, component_id):
    return sandbox.storage.path(component_id).read_bytes()


def content(size):
    return bytes((at * 7 + (at >> 8) * 13) & 255 for at in range(size))


def test_it_uploads_a_small_file_in_one_piece(ftrack_sandbox, ftrack_session, run):
    ftrack_sandbox.requests.clear()
    found = run("upload.mjs", "upload", size=5321, name="Weekly report.txt", data={})
    asked = [(each.request, each.operation, each.entity_type) for each in ftrack_sandbox.requests][2:]
    first = asked[0][0]
    assert asked == [
        (first, "create", "FileComponent"),
        (first, "get_upload_metadata", None),
        (first + 1, "create", "ComponentLocation"),
    ]
    component = found["component"]["data"]
    assert (component["name"], component["file_type"], component["size"]) == ("Weekly report", ".txt", 5321)
    assert found["put"] == ["/upload"]
    assert stored(ftrack_sandbox, component["id"]) == content(5321)
    assert found["size"] == 5321
    assert 'filename="Weekly report.txt"' in found["disposition"]
    assert (found["thumbnail"], found["none"], found["missing"]) == (200, "image/png", 404)
    place = ftrack_session.query(f"ComponentLocation where component_id is {component['id']}").one()
    assert (place["location_id"], place["resource_identifier"]) == (SERVER, component["id"])
    assert found["location"]["data"]["id"] == place["id"]


@pytest.mark.parametrize(("chunk", "parts"), [(64 * 1024, 10), (200_000, 4)])
def test_it_uploads_a_large_file_in_parts(ftrack_sandbox, ftrack_session, run, chunk, parts):
    version = ftrack_session.query("AssetVersion").first()
    size = 640_000
    ftrack_sandbox.requests.clear()
    found = run(
        "upload.mjs", "upload", size=size, name="film.mov", chunk=chunk, data={"version_id": version["id"]}
    )
    asked = [(each.operation, each.entity_type) for each in ftrack_sandbox.requests][2:]
    assert asked == [
        ("create", "FileComponent"),
        ("get_upload_metadata", None),
        ("complete_multipart_upload", None),
        ("create", "ComponentLocation"),
    ]
    component_id = found["component"]["data"]["id"]
    assert (found["put"], found["size"]) == (["/upload/part"] * parts, size)
    assert stored(ftrack_sandbox, component_id) == content(size)
    assert list((ftrack_sandbox.storage.root / "parts").iterdir()) == []
    component = ftrack_session.get("FileComponent", component_id)
    assert (component["version_id"], component["size"]) == (version["id"], size)
    url = ftrack_session.get("Location", SERVER).get_url(component)
    assert requests.get(url, timeout=DEADLINE_S).content == content(size)


def test_an_upload_is_told_to_the_hub(hub, ftrack_sandbox, run):
    heard = []
    hub.subscribe("topic=ftrack.location.component-added", lambda event: heard.append(event["data"]))
    until(lambda: subscribed(ftrack_sandbox, "topic=ftrack.location.component-added"), hub)
    found = run("upload.mjs", "upload", size=10, name="a.txt", data={}, connect=True)
    until(lambda: heard, hub)
    assert heard == [{"component_id": found["component"]["data"]["id"], "location_id": SERVER}]


# The event hub (5).


def test_it_hears_its_own_events(ftrack_sandbox, run):
    topic = f"studio.{uuid.uuid4().hex}"
    found = run("hub.mjs", "publish", topic=topic, others=topic[:20])
    (event,) = found["heard"]
    assert (event["id"], event["topic"]) == (found["id"], topic)
    assert event["data"] == {"nested": {"list": [1, "two", None]}}
    assert event["source"]["applicationId"] == "ftrack.api.javascript"
    assert event["source"]["user"]["username"] == ftrack_sandbox.api_user
    assert (event["target"], event["inReplyToEvent"]) == ("", None)


def test_it_hears_what_a_python_listener_replies(ftrack_sandbox, hub, start):
    topics = [f"studio.{uuid.uuid4().hex}" for _ in range(2)]
    asked = []

    def answer(event):
        asked.append(event["data"])
        return {"answer": event["data"]["question"]}

    for topic in topics:
        hub.subscribe(f"topic={topic}", answer)
    until(lambda: all(subscribed(ftrack_sandbox, f"topic={each}") for each in topics), hub)
    script = start("hub.mjs", "ask", topic=topics[0], again=topics[1])
    until(lambda: len(asked) == 2, hub)
    found = script.result()
    assert [found[each]["data"] for each in ("first", "second")] == [{"answer": 1}, {"answer": 2}]
    assert found["first"]["topic"] == "ftrack.meta.reply"
    assert found["first"]["source"]["user"]["username"] == "kim.ek"


def test_its_listener_replies_to_python(ftrack_sandbox, hub, start):
    topic = f"studio.{uuid.uuid4().hex}"
    script = start("hub.mjs", "answer", topic=topic)
    assert script.hear() == "subscribed"
    until(lambda: subscribed(ftrack_sandbox, f"topic={topic}"), hub)
    replies = []
    question = Event(topic, data={"question": 41})
    hub.publish(question, on_reply=replies.append)
    until(lambda: replies, hub)
    assert [each["data"] for each in replies] == [{"answer": 42}]
    assert replies[0]["in_reply_to_event"] == question["id"]
    script.tell()
    event = script.result()
    assert (event["data"], event["source"]["user"]["username"]) == ({"question": 41}, "kim.ek")


def test_its_tokens_come_back_in_the_event_of_an_update(ftrack_sandbox, hub, start, tasks):
    tokens = {"clientToken": f"js-{uuid.uuid4().hex}", "pushToken": "a push"}
    script = start("hub.mjs", "update", task=tasks[0]["id"], **tokens)
    assert script.hear() == "subscribed"
    until(lambda: subscribed(ftrack_sandbox, "topic=ftrack.update"), hub)
    script.tell()
    data = script.result()["data"]
    assert {name: data[name] for name in tokens} == tokens
    (entity,) = data["entities"]
    assert (entity["entityId"], entity["action"], entity["keys"]) == (
        tasks[0]["id"],
        "update",
        ["description"],
    )


def test_it_reconnects_after_the_server_dropped_it_and_misses_nothing_it_publishes(
    ftrack_sandbox, hub, start
):
    topic = f"studio.{uuid.uuid4().hex}"
    script = start("hub.mjs", "reconnect", topic=topic)
    assert script.hear() == "subscribed"
    (before,) = until(lambda: subscribed(ftrack_sandbox, f"topic={topic}"), hub)
    hub.publish(Event(topic, data="first"))
    assert script.hear() == "first"
    assert ftrack_sandbox.hub.drop(before.id)
    until(lambda: not subscribed(ftrack_sandbox, f"topic={topic}"), hub)
    script.tell()
    (after,) = until(lambda: subscribed(ftrack_sandbox, f"topic={topic}"), hub)
    assert after.id != before.id
    # What waited goes out by itself.
    assert script.hear() == "from the client"
    hub.publish(Event(topic, data="last"))
    assert script.hear() == "last"
    assert script.result() == ["first", "from the client", "last"]
