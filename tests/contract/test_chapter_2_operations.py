"""Section 2.1 of the protocol reference: each operation that an official client sends, field by field.

Uploads in parts (8.3) and media (8.5) are operations too. What they do beyond the reference's words is the
matter of `test_operations.py`.
"""

import base64
import hashlib
import io
import json
import uuid

import ftrack_api.exception
import ftrack_api.symbol
import PIL.Image
import pytest
import requests

SERVER = ftrack_api.symbol.SERVER_LOCATION_ID
MIB = 1024 * 1024


@pytest.fixture(scope="module", autouse=True)
def left_as_found(ftrack_sandbox):
    """Take back what the tests of this module write; all tests share the sandbox."""
    yield
    ftrack_sandbox.reset()


@pytest.fixture
def call(ftrack_session):
    """Send one operation, return its result."""
    return lambda action, **fields: ftrack_session.call([{"action": action, **fields}])[0]


@pytest.fixture
def folder(ftrack_session):
    """A folder of a name of its own below an open project."""
    project = ftrack_session.query("Project where name is stem2").one()
    folder = ftrack_session.create("Folder", {"name": f"c2_{uuid.uuid4().hex[:8]}", "parent": project})
    ftrack_session.commit()
    return folder


@pytest.fixture
def version(ftrack_session, folder):
    kind = ftrack_session.query("AssetType").first()
    asset = ftrack_session.create("Asset", {"name": "plate", "parent": folder, "type": kind})
    version = ftrack_session.create("AssetVersion", {"asset": asset})
    ftrack_session.commit()
    return version


@pytest.fixture
def still(tmp_path):
    """A picture in a file."""
    target = io.BytesIO()
    PIL.Image.new("RGB", (640, 360), "red").save(target, "JPEG")
    (tmp_path / "still.jpg").write_bytes(target.getvalue())
    return str(tmp_path / "still.jpg")


def data(entity_type, **values):
    return {"entity_type": entity_type, "entity_data": {"__entity_type__": entity_type, **values}}


def test_2_1_query_create_update_and_delete(call):
    job_id = str(uuid.uuid4())
    made = call("create", entity_key=[job_id], **data("Job", id=job_id, data="{}", status="running"))
    assert set(made) == {"action", "data"}
    assert (made["action"], made["data"]["id"], made["data"]["status"]) == ("create", job_id, "running")
    changed = call("update", entity_key=[job_id], **data("Job", status="done"))
    assert set(changed) == {"action", "data"}
    assert (changed["action"], changed["data"]["id"], changed["data"]["status"]) == ("update", job_id, "done")
    found = call("query", expression=f"select status from Job where id is {job_id}")
    assert (found["action"], found["metadata"]) == ("query", {"next": {"offset": None}})
    assert [(each["id"], each["status"]) for each in found["data"]] == [(job_id, "done")]
    gone = call("delete", entity_type="Job", entity_key=[job_id])
    assert gone == {"action": "delete", "data": True}


def test_2_1_search(call, folder):
    reply = call(
        "search",
        expression="select name from Folder",
        entity_type="Folder",
        terms=[folder["name"]],
        context_id=folder["project_id"],
        object_type_ids=[folder["object_type_id"]],
    )
    assert (reply["action"], reply["metadata"]) == ("search", {"next": {"offset": None}})
    assert [each["id"] for each in reply["data"]] == [folder["id"]]


def test_2_1_query_server_information_and_schemas(call):
    assert set(call("query_server_information")) == {
        "version",
        "schema_hash",
        "storage_scenario",
        "is_timezone_support_enabled",
    }
    assert set(call("query_server_information", values=["version"])) == {"version"}
    assert len(call("query_schemas")) == 116


def test_2_1_get_upload_metadata_in_one_piece(call):
    component_id, content = str(uuid.uuid4()), b"content"
    reply = call(
        "get_upload_metadata",
        component_id=component_id,
        file_name="Weekly report.xlsx",
        file_size=len(content),
        checksum=base64.b64encode(hashlib.md5(content).digest()).decode(),
    )
    assert set(reply) == {"component_id", "url", "headers"}
    assert reply["component_id"] == component_id
    assert reply["headers"]["Content-Length"] == str(len(content))
    assert reply["headers"]["Content-Type"]
    sent = requests.put(reply["url"], data=content, headers=reply["headers"], timeout=30)
    assert sent.status_code < 400


def test_8_3_an_upload_in_parts_from_the_first_question_to_the_address(call, ftrack_session):
    component_id, parts = str(uuid.uuid4()), [b"a" * 5 * MIB, b"b" * 5 * MIB, b"c"]
    size = sum(len(each) for each in parts)
    created, asked = ftrack_session.call(
        [
            {
                "action": "create",
                **data("FileComponent", id=component_id, name="film", file_type=".mov", size=size),
            },
            {
                "action": "get_upload_metadata",
                "component_id": component_id,
                "file_name": "film.mov",
                "file_size": size,
                "parts": len(parts),
            },
        ]
    )
    assert created["data"]["id"] == component_id
    assert set(asked) == {"component_id", "upload_id", "urls"}
    assert [set(each) for each in asked["urls"]] == [{"part_number", "signed_url"}] * 3
    tags = {}
    for each in reversed(asked["urls"]):
        number = each["part_number"]
        sent = requests.put(
            each["signed_url"],
            data=parts[number - 1],
            headers={"Origin": "https://studio.example"},
            timeout=30,
        )
        assert sent.status_code == 200
        assert "etag" in sent.headers["access-control-expose-headers"].lower()
        tags[number] = sent.headers["ETag"].replace('"', "")
    place = {"component_id": component_id, "resource_identifier": component_id, "location_id": SERVER}
    done, placed = ftrack_session.call(
        [
            {
                "action": "complete_multipart_upload",
                "component_id": component_id,
                "upload_id": asked["upload_id"],
                "parts": [{"part_number": number, "e_tag": tags[number]} for number in sorted(tags)],
            },
            {"action": "create", **data("ComponentLocation", **place)},
        ]
    )
    assert set(done) == {"action", "component_id", "url"}
    assert (done["action"], done["component_id"]) == ("complete_multipart_upload", component_id)
    assert placed["data"]["component_id"] == component_id
    component = ftrack_session.get("FileComponent", component_id)
    url = ftrack_session.get("Location", SERVER).get_url(component)
    assert requests.get(url, timeout=30).content == b"".join(parts)


def test_2_1_encode_media_answers_the_id_of_a_job(call, ftrack_session, still, version):
    location = ftrack_session.get("Location", SERVER)
    component = ftrack_session.create_component(still, location=location)
    reply = call("encode_media", component_id=component["id"], version_id=version["id"], keep_original=True)
    assert ftrack_session.get("Job", reply["job_id"]).entity_type == "Job"


def test_8_5_encoding_answers_a_job_that_tells_what_it_made(ftrack_session, still, version):
    job = ftrack_session.encode_media(still, version_id=version["id"], keep_original=True)
    told = json.loads(job["data"])
    assert told["keep_original"] is True
    assert ftrack_session.get("FileComponent", told["source_component_id"])["version_id"] == version["id"]
    assert {frozenset(each) for each in told["output"]} == {frozenset({"format", "component_id"})}
    attached = {each["component_id"] for each in job["job_components"]}
    assert {each["component_id"] for each in told["output"]} == attached


@pytest.mark.parametrize("name", ["info", "tasks", "tasks_browser"])
def test_2_1_get_widget_url(name, ftrack_session, folder):
    url = ftrack_session.get_widget_url(name, entity=folder if name == "info" else None, theme="dark")
    assert url.startswith(ftrack_session.server_url)
    assert requests.get(url, timeout=30).status_code == 200


def test_2_1_reset_remote_takes_a_plain_id(call, ftrack_session, ftrack_sandbox):
    user = ftrack_session.query('User where username is "hana.sato"').one()
    reply = call("reset_remote", reset_type="api_key", entity_type="User", entity_key=user["id"])
    assert set(reply["data"]) == {"api_key"}
    session = ftrack_api.Session(
        ftrack_sandbox.url, reply["data"]["api_key"], "hana.sato", plugin_paths=[], schema_cache_path=False
    )
    assert session.query("Project").first() is not None
    session.close()


def test_2_1_invitations(call, ftrack_session):
    user, invitee = (ftrack_session.query(each).first() for each in ("User", "ReviewSessionInvitee"))
    assert call("send_user_invite", user_id=user["id"])["sent"] is True
    assert call("send_review_session_invite", review_session_invitee_id=invitee["id"])["sent"] is True
    ftrack_session.send_user_invites([user])
    ftrack_session.send_review_session_invite(invitee)


def test_2_1_a_delayed_job_answers_a_job(call, ftrack_session, folder):
    reply = call(
        "delayed_job", job_type="DELETE", data={"entity_type": "Folder", "entity_key": [folder["id"]]}
    )
    assert (reply["action"], reply["data"].entity_type) == ("delayed_job", "Job")
    assert ftrack_session.query(f"Folder where id is {folder['id']}").all() == []


def test_2_1_an_unknown_operation_is_told_so_that_the_client_knows(call, ftrack_session):
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        call("no_such_thing")
    assert "Invalid action u'no_such_thing'" in caught.value.message
