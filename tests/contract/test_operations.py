"""Operations beyond the four of entities: search, delayed jobs, uploads in parts, media, invitations.

Driven by the unmodified Python client, through its own methods where it has one and else through
`Session.call`. How words match and what Jobs look like is assumed: see `doc/sandbox-assumptions.md`.
"""

import base64
import concurrent.futures
import hashlib
import io
import json
import random
import threading
import uuid

import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import PIL.Image
import pytest
import requests
from ftrack_api.exception import ServerError

from ftrack_sandbox import urls
from ftrack_sandbox.sandbox import Sandbox
from ftrack_sandbox.seed.people import project_id
from ftrack_sandbox.storage import Parts

TIMEOUT_S = 30
SERVER = ftrack_api.symbol.SERVER_LOCATION_ID

#: The demo's private project, which `ravi.shah` does not see.
HIDDEN = project_id("sol_levante")


@pytest.fixture
def call(ftrack_session):
    """Send one operation, return its result."""
    return lambda action, **fields: ftrack_session.call([{"action": action, **fields}])[0]


@pytest.fixture
def session_as(ftrack_sandbox, ftrack_schema_cache):
    """Return a function that opens a session with a user's personal key."""
    opened = []

    def run(username):
        session = ftrack_api.Session(
            server_url=ftrack_sandbox.url,
            api_user=username,
            api_key=ftrack_sandbox.make_key(username),
            plugin_paths=[],
            auto_connect_event_hub=False,
            schema_cache_path=str(ftrack_schema_cache),
        )
        opened.append(session)
        return session

    yield run
    for each in opened:
        each.close()


@pytest.fixture
def folder(ftrack_session):
    """A folder of a name of its own below an open project."""
    project = ftrack_session.query("Project where name is stem2").one()
    folder = ftrack_session.create("Folder", {"name": f"Fjäll {uuid.uuid4().hex[:8]}", "parent": project})
    ftrack_session.commit()
    return folder


@pytest.fixture
def task(ftrack_session, folder):
    task = ftrack_session.create("Task", {"name": "Åre slope", "parent": folder})
    ftrack_session.commit()
    return task


@pytest.fixture
def version(ftrack_session, task):
    asset_type = ftrack_session.query("AssetType").first()
    asset = ftrack_session.create("Asset", {"name": "plate", "parent": task["parent"], "type": asset_type})
    version = ftrack_session.create("AssetVersion", {"asset": asset, "task": task})
    ftrack_session.commit()
    return version


def ids(reply):
    return {each["id"] for each in reply["data"]}


def picture(width, height, form="PNG", mode="RGB"):
    file = io.BytesIO()
    PIL.Image.new(mode, (width, height), "red").save(file, form)
    return file.getvalue()


# Search (2.1, 3.11).


def test_a_search_answers_as_a_query_does(call, folder, task):
    reply = call(
        "search",
        expression=f"select name, parent.name from Task where parent_id is {folder['id']}",
        entity_type="Task",
        terms=["slope"],
    )
    assert (reply["action"], reply["metadata"]) == ("search", {"next": {"offset": None}})
    (found,) = reply["data"]
    assert (found["id"], found["name"], found["parent"]["name"]) == (task["id"], task["name"], folder["name"])


@pytest.mark.parametrize("term", ["åre", "ÅRE SLOPE", "re sl", " slope "])
def test_a_term_may_stand_anywhere_in_a_name_in_any_case(call, folder, task, term):
    expression = f"select id from Task where parent_id is {folder['id']}"
    assert ids(call("search", expression=expression, entity_type="Task", terms=[term])) == {task["id"]}


@pytest.mark.parametrize("term", ["are", "%", "_", "slope\\", "nowhere"])
def test_a_term_is_no_pattern(call, folder, task, term):
    expression = f"select id from Task where parent_id is {folder['id']}"
    assert ids(call("search", expression=expression, entity_type="Task", terms=[term])) == set()


def test_every_term_must_occur_each_wherever_it_likes(call, folder, task):
    def found(*terms):
        return ids(call("search", expression="select id from Task", entity_type="Task", terms=list(terms)))

    # The task's, its folder's and its project's.
    assert found("slope", folder["name"], "STEM2") == {task["id"]}
    assert found("slope", folder["name"], "sol_levante") == set()
    assert found("slope", folder["name"], "") == {task["id"]}


def test_without_terms_the_expression_alone_counts(call, folder, task):
    expression = f"select id from Task where parent_id is {folder['id']}"
    assert ids(call("search", expression=expression, entity_type="Task", terms=[])) == {task["id"]}
    assert ids(call("search", expression=expression, entity_type="Task")) == {task["id"]}


def test_a_version_is_found_by_its_asset_and_all_that_is_above_it(call, folder, version):
    for terms in (["plate", folder["name"]], [folder["name"], "stem2"]):
        reply = call("search", expression="AssetVersion", entity_type="AssetVersion", terms=terms)
        assert ids(reply) == {version["id"]}
    reply = call("search", expression="Asset", entity_type="Asset", terms=["plate", folder["name"]])
    assert ids(reply) == {version["asset_id"]}


def test_users_are_found_by_each_of_their_names(call, ftrack_session):
    kim = ftrack_session.query("User where username is kim.ek").one()
    for terms in (["KIM.EK"], [kim["first_name"].upper(), kim["last_name"].lower()]):
        assert ids(call("search", expression="User", entity_type="User", terms=terms)) == {kim["id"]}


def test_order_limit_and_offset_are_those_of_the_expression(call, ftrack_session):
    everything = ftrack_session.query(
        "select name from Shot where project.name is stem2 order by name, id"
    ).all()
    expected = [each["id"] for each in everything]
    assert len(expected) > 3
    reply = call(
        "search",
        expression="select id from Shot order by name, id offset 1 limit 2",
        entity_type="Shot",
        terms=["stem2"],
    )
    assert [each["id"] for each in reply["data"]] == expected[1:3]
    assert reply["metadata"]["next"]["offset"] == 3


def test_a_context_narrows_a_search_to_what_lies_in_it(call, ftrack_session, folder, task, version):
    def found(type_name, context_id):
        fields = {"expression": f"select id from {type_name}", "entity_type": type_name}
        return ids(call("search", context_id=context_id, terms=[], **fields))

    assert found("TypedContext", folder["id"]) == {folder["id"], task["id"]}
    assert found("TypedContext", task["id"]) == {task["id"]}
    assert found("AssetVersion", folder["id"]) == {version["id"]}
    show = folder["project_id"]
    everything = ftrack_session.query(f"select id from TypedContext where project_id is {show}")
    assert found("TypedContext", show) == {each["id"] for each in everything}
    assert found("Task", str(uuid.uuid4())) == set()


def test_object_types_narrow_a_search(call, ftrack_session, folder, task):
    def found(*type_ids):
        expression = "select id from TypedContext"
        fields = {"context_id": folder["id"], "object_type_ids": list(type_ids), "terms": []}
        return ids(call("search", expression=expression, entity_type="TypedContext", **fields))

    assert found(task["object_type_id"]) == {task["id"]}
    assert found(folder["object_type_id"], task["object_type_id"]) == {folder["id"], task["id"]}
    assert found("no such type") == set()
    assert found(*(str(number) for number in range(40_000))) == set()
    assert found() == {folder["id"], task["id"]}


def test_a_search_finds_nothing_out_of_reach(session_as):
    def search(username):
        (reply,) = session_as(username).call([{"action": "search", **fields}])
        return {each["project"]["name"] for each in reply["data"]}

    fields = {"expression": "select id, project.name from Task", "entity_type": "Task", "terms": ["comp"]}
    assert search("pipeline.service") == {"open_shorts", "stem2", "sol_levante"}
    assert search("ravi.shah") == {"stem2"}
    fields["terms"] = ["sol_levante"]
    assert search("pipeline.service") == {"sol_levante"}
    assert search("ravi.shah") == set()


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"expression": None}, "expression"),
        ({"expression": "select from"}, "ParseError"),
        ({"expression": "select id from Shot"}, "asks for Shot"),
        ({"expression": "select count(id) from Task"}, "group"),
        ({"entity_type": "Nonsense"}, "Nonsense"),
        ({"entity_type": 7}, "entity_type"),
        ({"terms": "comp"}, "terms"),
        ({"terms": [7]}, "terms"),
        ({"terms": ["x"] * 21}, "20"),
        ({"context_id": 7}, "context_id"),
        ({"object_type_ids": "x"}, "object_type_ids"),
        ({"expression": "User", "entity_type": "User", "object_type_ids": ["x"]}, "object_type_ids"),
        ({"expression": "User", "entity_type": "User", "context_id": "x"}, "context_id"),
        ({"expression": "Job", "entity_type": "Job", "terms": ["x"]}, "no name"),
    ],
)
def test_a_search_that_cannot_be_says_what_is_wrong(call, fields, text):
    with pytest.raises(ServerError) as caught:
        call("search", **{"expression": "select id from Task", "entity_type": "Task", "terms": [], **fields})
    assert text in caught.value.message


# Delayed jobs (2.1).


def test_a_delayed_deletion_deletes_and_answers_a_job_that_is_done(call, ftrack_session, task):
    data = {"entity_type": "Task", "entity_key": [task["id"]]}
    reply = call("delayed_job", job_type="DELETE", data=data)
    job = reply["data"]
    assert (reply["action"], job.entity_type, job["status"]) == ("delayed_job", "Job", "done")
    ftrack_session.reset()
    assert ftrack_session.get("Task", task["id"]) is None
    stored = ftrack_session.get("Job", job["id"])
    assert (stored["status"], stored["user"]["username"]) == ("done", ftrack_session.api_user)
    assert stored["type"] != "api_job"
    assert stored["finished_at"] is not None
    assert json.loads(stored["data"])["description"]


def test_a_delayed_deletion_takes_along_what_a_deletion_does(call, ftrack_session, folder, task):
    call("delayed_job", job_type="DELETE", data={"entity_type": "Folder", "entity_key": folder["id"]})
    ftrack_session.reset()
    assert ftrack_session.get("Task", task["id"]) is None


def test_what_cannot_be_deleted_makes_no_job(call, session_as, ftrack_session, task):
    before = len(ftrack_session.query("select id from Job").all())
    for data in (
        {},
        None,
        {"entity_type": "Task"},
        {"entity_type": "Task", "entity_key": str(uuid.uuid4())},
        [1],
    ):
        with pytest.raises(ServerError):
            call("delayed_job", job_type="DELETE", data=data)
    operation = {"action": "delayed_job", "job_type": "DELETE"}
    data = {"entity_type": "Task", "entity_key": [task["id"]]}
    with pytest.raises(ServerError, match="permission"):
        session_as("hana.sato").call([{**operation, "data": data}])
    assert len(ftrack_session.query("select id from Job").all()) == before


def test_users_can_be_synchronised_by_administrators(call, session_as):
    assert call("delayed_job", job_type="SYNC_USERS_LDAP")["data"]["status"] == "done"
    with pytest.raises(ServerError, match="PermissionError"):
        session_as("client.review").call([{"action": "delayed_job", "job_type": "SYNC_USERS_LDAP"}])


def test_a_structure_can_be_synchronised(call, folder):
    data = {"context_id": folder["id"], "include_children": True, "task_placeholder": False}
    assert call("delayed_job", job_type="ICONIK_SYNC_STRUCTURE", data=data)["data"]["status"] == "done"
    for wrong in ({}, {"context_id": "nowhere"}, {**data, "include_tasks": "yes"}):
        with pytest.raises(ServerError, match="ValidationError"):
            call("delayed_job", job_type="ICONIK_SYNC_STRUCTURE", data=wrong)


@pytest.mark.parametrize("job_type", ["MAKE_COFFEE", None, ["DELETE"], "delete"])
def test_an_unknown_delayed_job_is_an_error(call, job_type):
    with pytest.raises(ServerError, match="delayed job"):
        call("delayed_job", job_type=job_type, data={})


# Uploads in parts (8.3).


class Upload:
    """A component whose content goes up in parts of the given length, and what came of it."""

    def __init__(self, call, content, length):
        self.id = str(uuid.uuid4())
        self.content = content
        self.pieces = [content[at : at + length] for at in range(0, len(content), length)]
        self._call = call
        self.metadata = call(
            "get_upload_metadata",
            component_id=self.id,
            file_name="film.mov",
            file_size=len(content),
            parts=len(self.pieces),
        )
        self.urls = {each["part_number"]: each["signed_url"] for each in self.metadata["urls"]}

    def put(self, number, piece=None):
        data = self.pieces[number - 1] if piece is None else piece
        return requests.put(self.urls[number], data=data, timeout=TIMEOUT_S)

    def complete(self, replies, **changes):
        # The client takes the quotes off. Source: protocol reference 8.3.
        parts = [
            {"part_number": number, "e_tag": reply.headers["ETag"].replace('"', "")}
            for number, reply in sorted(replies.items())
        ]
        fields = {"component_id": self.id, "upload_id": self.metadata["upload_id"], "parts": parts, **changes}
        return self._call("complete_multipart_upload", **fields)


@pytest.fixture
def upload(call):
    content = random.Random(8).randbytes(700_000)
    return Upload(call, content, 256 * 1024)


def unfinished(sandbox):
    return [*(sandbox.storage.root / "parts").iterdir(), *(sandbox.storage.root / "incoming").iterdir()]


def test_others_write_while_parts_are_joined(ftrack_sandbox, upload, session_as, monkeypatch):
    """The parts of a film are copied for seconds, and nobody has to wait for that."""
    joining, written = threading.Event(), threading.Event()
    join = Parts.join

    def slow(self, tags, target):
        joining.set()
        assert written.wait(TIMEOUT_S), "nobody could write meanwhile"
        join(self, tags, target)

    monkeypatch.setattr(Parts, "join", slow)
    replies = {number: upload.put(number) for number in (1, 2, 3)}
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(upload.complete, replies)
        assert joining.wait(TIMEOUT_S)
        other = session_as("kim.ek")
        job = other.create("Job", {"data": "{}"})
        other.commit()
        written.set()
        assert running.result(TIMEOUT_S)["component_id"] == upload.id
    assert ftrack_sandbox.storage.path(upload.id).read_bytes() == upload.content
    other.delete(job)
    other.commit()


def test_parts_have_an_address_each_and_are_joined_in_their_order(ftrack_sandbox, ftrack_session, upload):
    assert set(upload.metadata) == {"component_id", "upload_id", "urls"}
    assert upload.metadata["component_id"] == upload.id
    assert [each["part_number"] for each in upload.metadata["urls"]] == [1, 2, 3]
    # Clients begin at the end. Source: protocol reference 8.3.
    replies = {number: upload.put(number) for number in (3, 1, 2)}
    assert {each.status_code for each in replies.values()} == {200}
    reply = upload.complete(replies)
    assert set(reply) == {"action", "component_id", "url"}
    assert (reply["action"], reply["component_id"]) == ("complete_multipart_upload", upload.id)
    assert ftrack_sandbox.storage.path(upload.id).read_bytes() == upload.content
    assert unfinished(ftrack_sandbox) == []
    component = ftrack_session.create("FileComponent", {"id": upload.id, "name": "film", "file_type": ".mov"})
    ftrack_session.commit()
    assert requests.get(reply["url"], timeout=TIMEOUT_S).content == upload.content
    # Without any row of its location. Source: protocol reference 8.4.
    known = {"id": component["id"], "username": ftrack_session.api_user, "apiKey": ftrack_session.api_key}
    sent = requests.get(f"{ftrack_sandbox.url}/component/get", params=known, timeout=TIMEOUT_S)
    assert sent.content == upload.content


def test_pages_of_other_origins_may_read_the_tag_of_a_part(upload):
    origin = "https://studio.example"
    asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    allowed = requests.options(upload.urls[1], headers=asked, timeout=TIMEOUT_S)
    assert allowed.status_code == 200
    assert "PUT" in allowed.headers["access-control-allow-methods"]
    sent = requests.put(upload.urls[1], data=upload.pieces[0], headers={"Origin": origin}, timeout=TIMEOUT_S)
    assert sent.headers["access-control-allow-origin"] == origin
    assert "etag" in sent.headers["access-control-expose-headers"].lower()
    assert sent.headers["ETag"].strip('"') == hashlib.md5(upload.pieces[0], usedforsecurity=False).hexdigest()


def test_a_part_that_comes_again_replaces_the_first(ftrack_sandbox, upload):
    first = {number: upload.put(number, b"x" * 10) for number in (1, 2, 3)}
    replies = {number: upload.put(number) for number in (1, 2, 3)}
    with pytest.raises(ServerError, match="another tag"):
        upload.complete(first)
    upload.complete(replies)
    assert ftrack_sandbox.storage.path(upload.id).read_bytes() == upload.content


def test_an_upload_is_completed_only_by_all_its_parts_with_their_tags(ftrack_sandbox, upload):
    replies = {number: upload.put(number) for number in (1, 2)}
    with pytest.raises(ServerError, match="Part 3 of 3 has not come"):
        upload.complete(replies)
    replies[3] = upload.put(3)
    tags = [each.headers["ETag"].strip('"') for each in replies.values()]
    good = [{"part_number": number, "e_tag": tag} for number, tag in enumerate(tags, 1)]
    swapped = [{**each, "e_tag": tag} for each, tag in zip(good, reversed(tags), strict=True)]
    for wrong, text in (
        (swapped, "Part 1 has another tag"),
        (good[:2], "Part 3 has another tag"),
        (good[::-1], "part 3 where part 1 is due"),
        ([good[0], good[0], good[2]], "part 1 where part 2 is due"),
        ([], "another tag"),
        (None, "part_number"),
        ([None], "part_number"),
        ([{"part_number": True, "e_tag": tags[0]}], "part_number"),
        ([{"part_number": 1, "e_tag": 5}], "e_tag"),
    ):
        with pytest.raises(ServerError) as caught:
            upload.complete(replies, parts=wrong)
        assert text in caught.value.message
    assert not ftrack_sandbox.storage.exists(upload.id)
    # Nothing of this spoilt it.
    upload.complete(replies, parts=good)
    assert ftrack_sandbox.storage.path(upload.id).read_bytes() == upload.content


def test_the_parts_must_add_up_to_what_was_declared(ftrack_sandbox, call, upload):
    replies = {number: upload.put(number) for number in (1, 2)}
    replies[3] = upload.put(3, b"short")
    with pytest.raises(ServerError, match="700000 were declared"):
        upload.complete(replies)
    assert upload.put(3, b"x" * 700_001).status_code == 400
    assert not ftrack_sandbox.storage.exists(upload.id)
    digest = base64.b64encode(hashlib.md5(b"other", usedforsecurity=False).digest()).decode()
    metadata = call(
        "get_upload_metadata", component_id="c", file_name="a", file_size=5, checksum=digest, parts=1
    )
    sent = requests.put(metadata["urls"][0]["signed_url"], data=b"wrong", timeout=TIMEOUT_S)
    with pytest.raises(ServerError, match="MD5"):
        call(
            "complete_multipart_upload",
            component_id="c",
            upload_id=metadata["upload_id"],
            parts=[{"part_number": 1, "e_tag": sent.headers["ETag"].strip('"')}],
        )


def test_an_upload_ends_with_its_completion(upload):
    replies = {number: upload.put(number) for number in (1, 2, 3)}
    upload.complete(replies)
    assert upload.put(1).status_code == 404
    with pytest.raises(ServerError, match="no upload"):
        upload.complete(replies)


def test_an_upload_belongs_to_its_component(upload):
    replies = {number: upload.put(number) for number in (1, 2, 3)}
    with pytest.raises(ServerError, match="no upload"):
        upload.complete(replies, component_id=str(uuid.uuid4()))
    for upload_id in ("", "../component", None, 7):
        with pytest.raises(ServerError, match="no upload"):
            upload.complete(replies, upload_id=upload_id)


def test_nothing_is_in_place_when_the_batch_of_the_completion_fails(ftrack_sandbox, ftrack_session, upload):
    replies = {number: upload.put(number) for number in (1, 2, 3)}
    parts = [
        {"part_number": number, "e_tag": reply.headers["ETag"].strip('"')}
        for number, reply in replies.items()
    ]
    complete = {"action": "complete_multipart_upload", "component_id": upload.id, "parts": parts}
    complete["upload_id"] = upload.metadata["upload_id"]
    failing = {"action": "delete", "entity_type": "Task", "entity_key": [str(uuid.uuid4())]}
    with pytest.raises(ServerError, match="Task"):
        ftrack_session.call([complete, failing])
    assert not ftrack_sandbox.storage.exists(upload.id)
    assert list((ftrack_sandbox.storage.root / "incoming").iterdir()) == []
    # And it can be tried again.
    ftrack_session.call([complete])
    assert ftrack_sandbox.storage.path(upload.id).read_bytes() == upload.content


def test_the_address_of_a_part_cannot_be_bent(upload):
    for bent in (
        upload.urls[1].replace("part=1", "part=2"),
        upload.urls[1].replace(upload.metadata["upload_id"], "0" * 32),
        upload.urls[1].split("&expires")[0],
    ):
        assert bent != upload.urls[1]
        assert requests.put(bent, data=b"x", timeout=TIMEOUT_S).status_code == 403


def test_a_component_out_of_reach_takes_no_parts(session_as):
    hidden = (
        session_as("pipeline.service")
        .query(f"select id from FileComponent where version.asset.parent.project_id is {HIDDEN}")
        .first()
    )
    operation = {"action": "get_upload_metadata", "component_id": hidden["id"], "file_name": "a"}
    with pytest.raises(ServerError, match="PermissionError"):
        session_as("client.review").call([{**operation, "file_size": 1, "parts": 3}])


def test_abandoned_parts_are_gone_after_a_reset_and_after_a_stop(tmp_path):
    with Sandbox(
        seed="empty", database=f"sqlite:///{tmp_path / 'db'}", storage=tmp_path / "files"
    ) as sandbox:
        headers = {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key}

        def begin():
            operation = {
                "action": "get_upload_metadata",
                "component_id": "c",
                "file_name": "a",
                "file_size": 9,
            }
            body = [{**operation, "parts": 2}]
            reply = requests.post(f"{sandbox.url}/api", json=body, headers=headers, timeout=TIMEOUT_S).json()
            url = reply[0]["urls"][0]["signed_url"]
            assert requests.put(url, data=b"123", timeout=TIMEOUT_S).status_code == 200
            assert unfinished(sandbox) != []
            return url

        url = begin()
        sandbox.reset()
        assert unfinished(sandbox) == []
        assert requests.put(url, data=b"123", timeout=TIMEOUT_S).status_code == 404
        begin()
    assert unfinished(sandbox) == []


# Media (8.5).


@pytest.fixture
def file(tmp_path):
    def run(content, name="still.png"):
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return run


def test_a_picture_becomes_reviewable_and_the_thumbnail_of_its_version(ftrack_session, version, file):
    job = ftrack_session.encode_media(file(picture(1600, 900)), version_id=version["id"], keep_original=True)
    assert job["status"] == "done"
    assert job["type"] != "api_job"
    assert job["user"]["username"] == ftrack_session.api_user
    data = json.loads(job["data"])
    assert data["keep_original"] is True
    assert ftrack_session.get("FileComponent", data["source_component_id"])["version_id"] == version["id"]
    attached = {each["component_id"] for each in job["job_components"]}
    assert {each["component_id"] for each in data["output"]} == attached
    ftrack_session.reset()
    review = ftrack_session.query(
        f"Component where name is 'ftrackreview-image' and version.id is {version['id']}"
        " and metadata any (key is ftr_meta)"
    ).one()
    assert review["id"] in attached
    assert isinstance(json.loads(review["metadata"]["ftr_meta"]), dict)
    (place,) = review["component_locations"]
    assert place["location_id"] == SERVER
    shown = PIL.Image.open(io.BytesIO(requests.get(place["url"]["url"], timeout=TIMEOUT_S).content))
    assert shown.size == (1600, 900)
    formats = {each["component_id"]: each["format"] for each in data["output"]}
    assert formats[review["id"]] == PIL.Image.MIME[shown.format]
    again = ftrack_session.get("AssetVersion", version["id"])
    assert again["thumbnail_id"] in attached - {review["id"]}
    small = requests.get(again["thumbnail_url"]["url"], timeout=TIMEOUT_S).content
    assert max(PIL.Image.open(io.BytesIO(small)).size) <= 300


def test_a_file_is_the_servers_no_longer_once_it_is_encoded(ftrack_session, file):
    job = ftrack_session.encode_media(file(picture(64, 64, "JPEG"), "still.jpg"))
    data = json.loads(job["data"])
    assert data["keep_original"] is False
    ftrack_session.reset()
    assert ftrack_session.get("FileComponent", data["source_component_id"]) is None
    for each in job["job_components"]:
        assert each["component"]["version_id"] is None
        assert requests.get(each["url"]["url"], timeout=TIMEOUT_S).status_code == 200


def test_a_component_stays_when_it_is_encoded(ftrack_session, file):
    location = ftrack_session.get("Location", SERVER)
    component = ftrack_session.create_component(file(picture(64, 64)), location=location)
    job = ftrack_session.encode_media(component)
    assert job["status"] == "done"
    ftrack_session.reset()
    assert ftrack_session.get("FileComponent", component["id"]) is not None


def test_a_film_ends_in_a_job_that_says_why_it_failed(ftrack_session, version, file):
    job = ftrack_session.encode_media(file(b"\0\0\0\x18ftypmp42" * 50, "film.mp4"), version_id=version["id"])
    data = json.loads(job["data"])
    assert (job["status"], list(job["job_components"]), data["output"]) == ("failed", [], [])
    assert "cannot encode video" in data["description"]
    assert job["finished_at"] is not None
    ftrack_session.reset()
    # A failure costs nobody the original.
    assert ftrack_session.get("FileComponent", data["source_component_id"]) is not None
    assert ftrack_session.get("AssetVersion", version["id"])["thumbnail_id"] is None


def test_a_component_without_data_ends_in_a_failed_job(ftrack_session):
    component = ftrack_session.create("FileComponent", {"name": "nothing"})
    ftrack_session.commit()
    job = ftrack_session.encode_media(component)
    assert job["status"] == "failed"
    assert "no data" in json.loads(job["data"])["description"]


def test_what_cannot_be_encoded_makes_no_job(call, session_as, ftrack_session, version, file):
    location = ftrack_session.get("Location", SERVER)
    known = ftrack_session.create_component(file(picture(8, 8)), location=location)["id"]
    hidden = (
        session_as("pipeline.service")
        .query(f"select id from AssetVersion where asset.parent.project_id is {HIDDEN}")
        .first()["id"]
    )

    def made():
        return [len(ftrack_session.query(f"select id from {each}").all()) for each in ("Job", "Component")]

    before = made()
    for fields in (
        {"component_id": str(uuid.uuid4())},
        {"component_id": None},
        {"component_id": known, "version_id": str(uuid.uuid4())},
        {"component_id": known, "version_id": 7},
        {"component_id": known, "keep_original": "auto"},
    ):
        with pytest.raises(ServerError, match="ValidationError"):
            call("encode_media", **fields)
    with pytest.raises(ServerError, match="PermissionError"):
        session_as("client.review").call(
            [{"action": "encode_media", "component_id": known, "version_id": hidden}]
        )
    assert made() == before


# Invitations and widgets (2.1).


def test_invitations_are_said_to_be_sent(call, session_as, ftrack_session):
    user = ftrack_session.query("User where username is kim.ek").one()
    invitee = ftrack_session.query("ReviewSessionInvitee").first()
    ftrack_session.send_user_invite(user)
    ftrack_session.send_review_session_invites([invitee])
    assert call("send_user_invite", user_id=user["id"])["sent"] is True
    assert call("send_review_session_invite", review_session_invitee_id=invitee["id"])["sent"] is True
    for action, fields in (
        ("send_user_invite", {"user_id": str(uuid.uuid4())}),
        ("send_user_invite", {}),
        ("send_user_invite", {"user_id": ["x"]}),
        ("send_review_session_invite", {"review_session_invitee_id": str(uuid.uuid4())}),
    ):
        with pytest.raises(ServerError, match="There is no"):
            call(action, **fields)
    with pytest.raises(ServerError, match="PermissionError"):
        session_as("client.review").send_user_invite(user)


def test_nobody_invites_to_a_review_session_out_of_sight(session_as, ftrack_session):
    invitee = ftrack_session.query(
        "ReviewSessionInvitee where review_session.project.name is_not stem2"
    ).first()
    with pytest.raises(ServerError, match="There is no"):
        session_as("client.review").send_review_session_invite(invitee)


def test_a_widget_has_an_address_on_this_server_for_six_minutes(
    ftrack_sandbox, ftrack_session, task, monkeypatch
):
    for url in (
        ftrack_session.get_widget_url("info", entity=task, theme="light"),
        ftrack_session.get_widget_url("tasks"),
        ftrack_session.get_widget_url("tasks_browser", theme="no such theme"),
    ):
        assert url.startswith(f"{ftrack_sandbox.url}/")
        assert ftrack_sandbox.api_key not in url
        shown = requests.get(url, timeout=TIMEOUT_S)
        assert shown.status_code == 200
        assert requests.get(url.replace("name=", "name=x"), timeout=TIMEOUT_S).status_code == 403
    url = ftrack_session.get_widget_url("info", entity=task)
    assert task["id"] in requests.get(url, timeout=TIMEOUT_S).text
    now = urls.time.time()
    clock = type("Clock", (), {"time": staticmethod(lambda: now + 361)})
    monkeypatch.setattr(urls, "time", clock)
    assert requests.get(url, timeout=TIMEOUT_S).status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "kettle"},
        {"name": None},
        {"name": "info", "entity_type": "Task", "entity_key": "nowhere"},
        {"name": "info", "entity_type": "Task", "entity_key": [{"a": 1}]},
        {"name": "info", "entity_type": "Nonsense", "entity_key": "x"},
        {"name": "info", "entity_type": 7},
    ],
)
def test_a_widget_that_cannot_be_shown_has_no_address(call, fields):
    with pytest.raises(ServerError):
        call("get_widget_url", **fields)


# The rest.


@pytest.mark.parametrize(
    "action", ["permissions", "compute_rollups", "generate_signed_url", "parse_query", "x"]
)
def test_every_other_operation_is_unknown(call, action):
    with pytest.raises(ServerError) as caught:
        call(action)
    assert f"Invalid action u'{action}'" in caught.value.message
