"""Files of components: upload, download, removal, pictures, signed addresses.

Source: protocol reference 7.2, 8.2, 8.4, 8.5.
"""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import PIL.Image
import pytest
import requests

CONTENT = b"first line\r\n\x00\xff" + bytes(range(256)) * 300


@pytest.fixture
def server_location(ftrack_session):
    return ftrack_session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)


@pytest.fixture
def upload(ftrack_session, server_location, tmp_path):
    """Upload bytes through the client; returns the component."""

    def run(content=CONTENT, file_name="report.csv", **data):
        path = tmp_path / f"{uuid.uuid4().hex}-{file_name}"
        path.write_bytes(content)
        return ftrack_session.create_component(str(path), data=data, location=server_location)

    return run


def picture(width, height, form="PNG", mode="RGB"):
    file = io.BytesIO()
    PIL.Image.new(mode, (width, height), "red" if mode != "RGBA" else (255, 0, 0, 100)).save(file, form)
    return file.getvalue()


def get(url):
    return requests.get(url, timeout=30)


def size_of(reply):
    reply.raise_for_status()
    return PIL.Image.open(io.BytesIO(reply.content)).size


def raw_metadata(session, content, component_id=None, **more):
    operation = {
        "action": "get_upload_metadata",
        "component_id": component_id or str(uuid.uuid4()),
        "file_name": "a.bin",
        "file_size": len(content),
        **more,
    }
    return session.call([operation])[0]


def md5(content):
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def kept(sandbox, component_id):
    """Whether the sandbox has a file of the component, and no half one of anything."""
    storage = sandbox.storage
    assert list((storage.root / "incoming").iterdir()) == []
    return storage.exists(component_id)


# Upload and download.


def test_a_file_comes_back_as_it_was_sent(ftrack_session, server_location, upload):
    component = upload(name="Weekly report")
    assert component["size"] == len(CONTENT)
    assert get(server_location.get_url(component)).content == CONTENT
    accessor = server_location.accessor
    assert accessor.open(component["id"], "rb").read() == CONTENT


def test_an_empty_file_is_a_file(server_location, upload):
    component = upload(b"")
    reply = get(server_location.get_url(component))
    assert (reply.status_code, reply.content) == (200, b"")


def test_an_upload_is_the_three_requests_of_the_client(ftrack_sandbox, upload, server_location):
    ftrack_sandbox.requests.clear()
    upload()
    asked = list(ftrack_sandbox.requests)
    assert [each.operation for each in asked] == ["query", "get_upload_metadata", "create", "create"]
    assert [each.entity_type for each in asked[2:]] == ["FileComponent", "ComponentLocation"]
    assert len({each.request for each in asked}) == 3


def test_a_component_is_available_where_it_was_uploaded(ftrack_session, server_location, upload):
    component = upload()
    ftrack_session.reset()
    again = ftrack_session.get("FileComponent", component["id"])
    location = ftrack_session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)
    assert location.get_component_availability(again) == 100.0
    assert ftrack_session.get_component_availability(again)[location["id"]] == 100.0


def test_the_members_of_a_sequence_are_files_of_their_own(ftrack_session, server_location, tmp_path):
    for number in (1, 2, 3):
        (tmp_path / f"plate.{number:04d}.exr").write_bytes(b"frame %d" % number)
    sequence = ftrack_session.create_component(f"{tmp_path}/plate.%04d.exr [1-3]", location=server_location)
    contents = {each["name"]: get(server_location.get_url(each)).content for each in sequence["members"]}
    assert contents == {"0001": b"frame 1", "0002": b"frame 2", "0003": b"frame 3"}


@pytest.mark.parametrize(
    ("name", "plain", "full"),
    [
        ("Weekly report", "Weekly report.csv", "Weekly%20report.csv"),
        ("Übersicht", "_bersicht.csv", "%C3%9Cbersicht.csv"),
        ("日本", "__.csv", "%E6%97%A5%E6%9C%AC.csv"),
        ('a"b\\c/d:e', "a_b_c_d_e.csv", "a_b_c_d_e.csv"),
        ("line\r\nSet-Cookie: x", "line__Set-Cookie_ x.csv", "line__Set-Cookie_%20x.csv"),
        ("100%41;x", "100_41;x.csv", "100%2541%3Bx.csv"),
        ("..", "csv", "csv"),
    ],
)
def test_a_download_is_named_after_the_component(server_location, upload, name, plain, full):
    reply = get(server_location.get_url(upload(name=name)))
    wanted = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{full}"
    assert reply.headers["content-disposition"] == wanted
    assert "set-cookie" not in reply.headers


def test_a_part_of_a_file_can_be_asked_for(server_location, upload):
    component = upload(b"0123456789")
    reply = requests.get(server_location.get_url(component), headers={"Range": "bytes=2-4"}, timeout=30)
    assert (reply.status_code, reply.content) == (206, b"234")


def test_credentials_are_wanted_and_checked(ftrack_sandbox, upload):
    component = upload()
    known = {"id": component["id"], "username": ftrack_sandbox.api_user, "apiKey": ftrack_sandbox.api_key}
    for path in ("get", "remove", "thumbnail"):
        url = f"{ftrack_sandbox.url}/component/{path}"
        for changes in ({"apiKey": "wrong"}, {"username": "nobody"}, {"apiKey": None}, {"username": None}):
            query = {name: value for name, value in {**known, **changes}.items() if value is not None}
            assert requests.get(url, params=query, timeout=30).status_code == 401
        assert requests.get(url, params={**known, "id": ""}, timeout=30).status_code == 400
        assert requests.get(url, params={**known, "id": "../../x"}, timeout=30).status_code == 404
        assert requests.get(url, params={**known, "id": str(uuid.uuid4())}, timeout=30).status_code == 404
    assert kept(ftrack_sandbox, component["id"])


def test_after_removal_there_is_nothing_to_get(ftrack_sandbox, ftrack_session, server_location, upload):
    component = upload()
    url = server_location.get_url(component)
    thumbnail = server_location.get_thumbnail_url(component)
    assert get(url).status_code == 200
    server_location.remove_component(component)
    assert get(url).status_code == 404
    assert get(thumbnail).status_code == 404
    assert not kept(ftrack_sandbox, component["id"])
    assert ftrack_session.get("FileComponent", component["id"]) is not None
    with pytest.raises(ftrack_api.exception.AccessorOperationFailedError):
        server_location.accessor.open(component["id"], "rb").read()


def test_a_component_without_a_row_cannot_be_got(ftrack_sandbox, ftrack_session):
    content = b"early"
    metadata = raw_metadata(ftrack_session, content)
    requests.put(metadata["url"], data=content, headers=metadata["headers"], timeout=30).raise_for_status()
    query = {
        "id": metadata["component_id"],
        "username": ftrack_sandbox.api_user,
        "apiKey": ftrack_sandbox.api_key,
    }
    assert requests.get(f"{ftrack_sandbox.url}/component/get", params=query, timeout=30).status_code == 404
    row = {
        "action": "create",
        "entity_type": "FileComponent",
        "entity_data": {"id": query["id"], "name": "a"},
    }
    ftrack_session.call([row])
    assert requests.get(f"{ftrack_sandbox.url}/component/get", params=query, timeout=30).content == content


# What an upload is held to.


def test_the_metadata_tell_what_the_upload_must_carry(ftrack_session):
    content = b"12345"
    metadata = raw_metadata(ftrack_session, content, checksum=md5(content), file_name="sheet.csv")
    assert sorted(metadata) == ["component_id", "headers", "url"]
    assert metadata["headers"] == {
        "Content-Length": "5",
        "Content-Type": "text/csv",
        "Content-MD5": md5(content),
    }
    bare = raw_metadata(ftrack_session, content, file_name="a.unknown-kind")
    assert bare["headers"] == {"Content-Length": "5", "Content-Type": "application/octet-stream"}


@pytest.mark.parametrize(
    "sent",
    [
        {"data": b"1234"},
        {"data": b"123456"},
        {"data": iter([b"12", b"34"])},
        {"data": iter([b"123", b"456"])},
        {"data": b"12345", "headers": {"Content-MD5": md5(b"other")}},
        {"data": b"54321"},
    ],
    ids=["short", "long", "short in chunks", "long in chunks", "wrong header", "other content"],
)
def test_an_upload_that_is_not_as_declared_is_refused_and_not_kept(ftrack_sandbox, ftrack_session, sent):
    metadata = raw_metadata(ftrack_session, b"12345", checksum=md5(b"12345"))
    reply = requests.put(metadata["url"], timeout=30, **sent)
    assert reply.status_code == 400
    assert not kept(ftrack_sandbox, metadata["component_id"])


@pytest.mark.parametrize("blocks", [[b"12", b"34"], [b"123", b"456"]], ids=["short", "long"])
def test_without_length_and_checksum_the_bytes_are_counted(ftrack_sandbox, ftrack_session, blocks):
    metadata = raw_metadata(ftrack_session, b"12345")
    assert requests.put(metadata["url"], data=iter(blocks), timeout=30).status_code == 400
    assert not kept(ftrack_sandbox, metadata["component_id"])


def test_an_upload_in_chunks_is_as_good_as_one_with_a_length(ftrack_sandbox, ftrack_session):
    metadata = raw_metadata(ftrack_session, b"12345", checksum=md5(b"12345"))
    reply = requests.put(metadata["url"], data=iter([b"12", b"345"]), timeout=30)
    assert reply.status_code == 200
    assert reply.headers["etag"] == f'"{hashlib.md5(b"12345", usedforsecurity=False).hexdigest()}"'
    assert kept(ftrack_sandbox, metadata["component_id"])


def test_a_refused_upload_leaves_the_file_that_was_there(ftrack_session, server_location, upload):
    component = upload(b"good")
    metadata = raw_metadata(ftrack_session, b"better", component["id"])
    assert requests.put(metadata["url"], data=b"worse", timeout=30).status_code == 400
    assert get(server_location.get_url(component)).content == b"good"
    assert requests.put(metadata["url"], data=b"better", timeout=30).status_code == 200
    assert get(server_location.get_url(component)).content == b"better"


def test_an_upload_that_breaks_off_is_not_kept(ftrack_sandbox, ftrack_session):
    metadata = raw_metadata(ftrack_session, b"x" * 100_000)

    def half():
        yield b"x" * 50_000
        raise ConnectionAbortedError

    with pytest.raises((ConnectionAbortedError, requests.ConnectionError)):
        requests.put(metadata["url"], data=half(), timeout=30)
    # The server may still be at it when the client has gone already.
    waiting = threading.Event()
    for _ in range(200):
        if not list((ftrack_sandbox.storage.root / "incoming").iterdir()):
            break
        waiting.wait(0.05)
    assert not kept(ftrack_sandbox, metadata["component_id"])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"parts": 0}, "parts"),
        ({"parts": "3"}, "parts"),
        ({"parts": True}, "parts"),
        ({"parts": 10_001}, "parts"),
        ({"component_id": None}, "component_id"),
        ({"component_id": 7}, "component_id"),
        ({"file_size": "5"}, "file_size"),
        ({"file_size": -1}, "file_size"),
        ({"file_size": True}, "file_size"),
        ({"file_size": 1 << 60}, "too large"),
        ({"file_name": None}, "file_name"),
        ({"checksum": "no checksum"}, "checksum"),
        ({"checksum": 5}, "checksum"),
    ],
)
def test_wrong_metadata_are_refused_by_name(ftrack_session, changes, text):
    operation = {"action": "get_upload_metadata", "component_id": "c", "file_name": "a", "file_size": 1}
    with pytest.raises(ftrack_api.exception.ServerError, match=text):
        ftrack_session.call([{**operation, **changes}])


def test_an_upload_address_cannot_be_bent(ftrack_sandbox, ftrack_session):
    metadata = raw_metadata(ftrack_session, b"12345")
    url = metadata["url"]
    other = str(uuid.uuid4())
    for bent in (
        url.replace(metadata["component_id"], other),
        url.replace("size=5", "size=6"),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.partition("?")[0],
        url + "&more=1",
    ):
        assert bent != url
        assert requests.put(bent, data=b"12345", timeout=30).status_code == 403
    assert not kept(ftrack_sandbox, other)


# Signed addresses.


def test_the_attachment_of_a_job_is_had_without_credentials(ftrack_sandbox, ftrack_session, upload):
    user = ftrack_session.query("User").first()
    component = upload(name="Weekly report")
    job = ftrack_session.create(
        "Job", {"user": user, "status": "running", "data": json.dumps({"description": "Weekly report"})}
    )
    ftrack_session.commit()
    ftrack_session.create("JobComponent", {"component_id": component["id"], "job_id": job["id"]})
    ftrack_session.commit()
    ftrack_session.reset()
    url = ftrack_session.get("Job", job["id"])["job_components"][0]["url"]
    reply = get(url["url"])
    assert url["value"] == url["url"]
    assert reply.content == CONTENT
    assert 'filename="Weekly report.csv"' in reply.headers["content-disposition"]
    assert ftrack_sandbox.api_key not in url["url"]


def test_the_attachment_of_a_note_and_a_place_are_had_without_credentials(ftrack_session, upload):
    component = upload()
    note = ftrack_session.create(
        "Note", {"content": "see file", "author": ftrack_session.query("User").first()}
    )
    ftrack_session.commit()
    ftrack_session.create("NoteComponent", {"component_id": component["id"], "note_id": note["id"]})
    ftrack_session.commit()
    ftrack_session.reset()
    attached = ftrack_session.get("Note", note["id"])["note_components"][0]
    assert get(attached["url"]["url"]).content == CONTENT
    place = ftrack_session.query(
        f"select url from ComponentLocation where component_id is {component['id']}"
    ).one()
    assert get(place["url"]["url"]).content == CONTENT


def test_a_signed_address_is_403_when_bent_and_404_when_the_file_is_gone(
    ftrack_session, server_location, upload
):
    component, other = upload(picture(20, 20)), upload()
    place = ftrack_session.query(
        f"select url from ComponentLocation where component_id is {component['id']}"
    ).one()
    url = place["url"]["url"]
    assert get(url.replace(component["id"], other["id"])).status_code == 403
    assert get(url.partition("&signature")[0]).status_code == 403
    assert get(url.replace("/file?", "/thumbnail?")).status_code == 403
    assert get(url).status_code == 200
    server_location.remove_component(component)
    assert get(url).status_code == 404


# Pictures.


@pytest.mark.parametrize(
    ("content", "asked", "wanted"),
    [
        (picture(400, 200), 100, (100, 50)),
        (picture(200, 400), 100, (50, 100)),
        (picture(400, 200, "JPEG"), 10, (10, 5)),
        (picture(400, 200, "PNG", "RGBA"), 100, (100, 50)),
        (picture(400, 200, "GIF"), 100, (100, 50)),
        (picture(40, 20), 100, (40, 20)),
        (picture(400, 200), None, (400, 200)),
        (b"no picture", 100, (100, 100)),
        (b"", 100, (100, 100)),
        (picture(400, 200)[:100], 64, (64, 64)),
    ],
    ids=["wide", "high", "jpeg", "with alpha", "gif", "small", "no size", "no picture", "empty", "torn"],
)
def test_a_picture_fits_its_square_and_is_never_scaled_up(server_location, upload, content, asked, wanted):
    component = upload(content, "picture.png")
    reply = get(server_location.get_thumbnail_url(component, size=asked))
    assert reply.headers["content-type"] in ("image/png", "image/jpeg")
    assert size_of(reply) == wanted


def test_alpha_survives(server_location, upload):
    component = upload(picture(40, 20, "PNG", "RGBA"), "picture.png")
    reply = get(server_location.get_thumbnail_url(component, size=10))
    assert PIL.Image.open(io.BytesIO(reply.content)).mode == "RGBA"


@pytest.mark.parametrize("size", ["0", "-1", "x", "1e3", "99999999", "５"])
def test_a_size_that_is_none_is_refused(server_location, upload, size):
    component = upload(picture(40, 20), "picture.png")
    assert get(server_location.get_thumbnail_url(component) + f"&size={size}").status_code == 400


def test_a_thumbnail_is_set_and_had_without_credentials(ftrack_session, tmp_path):
    path = tmp_path / "thumbnail.png"
    path.write_bytes(picture(1000, 500))
    task = ftrack_session.query("Task").first()
    component = task.create_thumbnail(str(path))
    ftrack_session.reset()
    task = ftrack_session.query(
        f"select thumbnail_id, thumbnail_url from Task where id is {task['id']}"
    ).one()
    assert task["thumbnail_id"] == component["id"]
    width, height = size_of(get(task["thumbnail_url"]["url"]))
    assert (width, height) == (width, width // 2)


def test_the_default_picture_is_one(ftrack_sandbox):
    reply = get(f"{ftrack_sandbox.url}/img/thumbnail2.png")
    assert reply.headers["content-type"] == "image/png"
    assert size_of(reply)[0] > 0


# Reach.


@pytest.fixture
def stranger(ftrack_sandbox, ftrack_session, tmp_path_factory):
    """A session of somebody who does not see the private project, and that project's id."""
    project = ftrack_session_of_all(ftrack_sandbox)
    user = ftrack_session.create(
        "User", {"username": f"stranger-{uuid.uuid4().hex[:8]}", "is_active": True, "first_name": "S"}
    )
    ftrack_session.commit()
    key = ftrack_sandbox.make_key(user["username"])
    session = ftrack_api.Session(
        server_url=ftrack_sandbox.url,
        api_user=user["username"],
        api_key=key,
        plugin_paths=[],
        auto_connect_event_hub=False,
        schema_cache_path=str(tmp_path_factory.mktemp("stranger")),
    )
    yield session, project
    session.close()


def ftrack_session_of_all(sandbox):
    table = sandbox.store.schema.find("Project").table
    with sandbox.store.read() as connection:
        rows = connection.execute(table.select().where(table.c.is_private.is_(True))).mappings().all()
    return rows[0]["id"]


def component_below(sandbox, project_id):
    """A component of a version in the project."""
    component = sandbox.store.schema.find("Component").table
    version = sandbox.store.schema.find("AssetVersion").table
    asset = sandbox.store.schema.find("Asset").table
    context = sandbox.store.schema.find("Context").table
    joined = (
        component.join(version, version.c.id == component.c.version_id)
        .join(asset, asset.c.id == version.c.asset_id)
        .join(context, context.c.id == asset.c.context_id)
    )
    select = component.select().select_from(joined).where(context.c.project_id == project_id)
    with sandbox.store.read() as connection:
        rows = connection.execute(select).mappings().all()
    return next(row["id"] for row in rows if sandbox.storage.exists(row["id"]))


def test_a_file_of_a_project_one_does_not_see_is_not_there(ftrack_sandbox, stranger):
    session, project = stranger
    hidden = component_below(ftrack_sandbox, project)
    query = {"id": hidden, "username": session.api_user, "apiKey": session.api_key}
    for path in ("get", "thumbnail", "remove"):
        reply = requests.get(f"{ftrack_sandbox.url}/component/{path}", params=query, timeout=30)
        assert reply.status_code == 404
    assert ftrack_sandbox.storage.exists(hidden)
    with pytest.raises(ftrack_api.exception.ServerError, match="PermissionError"):
        raw_metadata(session, b"mine now", hidden)


# Memory.


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_large_upload_and_download_need_little_memory(tmp_path):
    address = tmp_path / "address.env"
    command = [sys.executable, "-m", "ftrack_sandbox", "serve", "--port", "0", "--env-file", str(address)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FTRACK_")}
    with subprocess.Popen([*command, "--seed", "demo"], stdout=subprocess.PIPE, env=environment) as process:
        try:
            lines = [process.stdout.readline().decode().strip() for _ in range(3)]
            known = dict(line.split("=", 1) for line in lines)
            session = ftrack_api.Session(
                server_url=known["FTRACK_SERVER"],
                api_user=known["FTRACK_API_USER"],
                api_key=known["FTRACK_API_KEY"],
                plugin_paths=[],
                auto_connect_event_hub=False,
                schema_cache_path=str(tmp_path),
            )
            path = tmp_path / "large.bin"
            with path.open("wb") as file:
                for _ in range(200):
                    file.write(os.urandom(1 << 20))
            location = session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)
            component = session.create_component(str(path), location=location)
            digest = hashlib.md5(usedforsecurity=False)
            with requests.get(location.get_url(component), stream=True, timeout=60) as reply:
                for block in reply.iter_content(1 << 20):
                    digest.update(block)
            with path.open("rb") as file:
                wanted = hashlib.md5(usedforsecurity=False)
                while block := file.read(1 << 20):
                    wanted.update(block)
            session.close()
            assert digest.digest() == wanted.digest()
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
            peak_kb = int(status.split("VmHWM:")[1].split()[0])
            assert peak_kb < 150 * 1024
        finally:
            process.terminate()
