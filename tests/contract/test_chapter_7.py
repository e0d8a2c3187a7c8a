"""Jobs as an action makes them: what is shown of them, how they end, what is attached to them.

Named after the sections of the protocol reference.
"""

import datetime
import json
import uuid

import ftrack_api
import ftrack_api.exception
import ftrack_api.symbol
import pytest
import requests

TIMEOUT_S = 30


@pytest.fixture
def user(ftrack_session):
    return ftrack_session.query("User where username is kim.ek").one()


@pytest.fixture
def job(ftrack_session, user):
    """The reference's own example: a job that runs."""
    data = json.dumps({"description": "Weekly report", "source": "Übersicht"})
    made = ftrack_session.create("Job", {"user": user, "status": "running", "data": data})
    ftrack_session.commit()
    yield made
    ftrack_session.rollback()
    if stored(ftrack_session, made["id"]) is not None:
        ftrack_session.delete(made)
        ftrack_session.commit()


@pytest.fixture
def upload(ftrack_session, tmp_path):
    """Upload bytes to the server's location."""
    location = ftrack_session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)

    def run(content, name="Weekly report", file_name="report.xlsx"):
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        (folder / file_name).write_bytes(content)
        return ftrack_session.create_component(
            str(folder / file_name), data={"name": name}, location=location
        )

    return run


@pytest.fixture
def owner_session(ftrack_sandbox, ftrack_schema_cache):
    """The session of the user whose jobs these are, with a key of their own."""
    session = ftrack_api.Session(
        server_url=ftrack_sandbox.url,
        api_user="kim.ek",
        api_key=ftrack_sandbox.make_key("kim.ek"),
        plugin_paths=[],
        auto_connect_event_hub=False,
        schema_cache_path=str(ftrack_schema_cache),
    )
    yield session
    session.close()


def stored(session, job_id):
    """What the server has of a job, as plain values; None when there is none."""
    (reply,) = session.call(
        [
            {
                "action": "query",
                "expression": "select status, type, data, user_id, created_at, finished_at from Job "
                f'where id is "{job_id}"',
            }
        ]
    )
    return reply["data"][0] if reply["data"] else None


def moment(value):
    """A time of a raw reply, which the client has decoded already, without offset."""
    found = getattr(value, "naive", value)
    assert isinstance(found, datetime.datetime), value
    return found


# 7.1 Life of a job.


def test_7_1_a_job_is_found_by_its_user_with_its_text(job, owner_session):
    found = owner_session.query(
        "select data, status from Job where user.username is kim.ek and status is running "
        f"and id is {job['id']}"
    ).one()
    # Keys besides the text are free.
    assert json.loads(found["data"]) == {"description": "Weekly report", "source": "Übersicht"}
    assert found["status"] == "running"


def test_7_1_a_running_job_was_created_and_has_not_finished(ftrack_session, job):
    found = stored(ftrack_session, job["id"])
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs(moment(found["created_at"]) - now) < datetime.timedelta(minutes=5)
    assert found["finished_at"] is None
    assert found["type"] == "api_job"
    assert found["user_id"] == job["user_id"]


@pytest.mark.parametrize("status", ["done", "failed"])
def test_7_1_a_job_that_ends_has_finished_after_it_was_created(ftrack_session, job, status):
    job["status"] = status
    ftrack_session.commit()
    found = stored(ftrack_session, job["id"])
    assert found["status"] == status
    assert moment(found["finished_at"]) >= moment(found["created_at"])


def test_7_1_a_job_waits_when_no_status_was_given(ftrack_session, user):
    made = ftrack_session.create("Job", {"user": user})
    ftrack_session.commit()
    assert stored(ftrack_session, made["id"])["status"] == "queued"
    ftrack_session.delete(made)
    ftrack_session.commit()


@pytest.mark.parametrize("status", ["queued", "running", "done", "failed"])
def test_7_1_every_status_of_the_enumeration_is_taken(ftrack_session, job, status):
    job["status"] = status
    ftrack_session.commit()
    assert stored(ftrack_session, job["id"])["status"] == status


@pytest.mark.parametrize("status", ["finished", "Done", "", "killed"])
def test_7_1_no_other_status_is(ftrack_session, job, status):
    job["data"] = json.dumps({"description": "not stored either"})
    job["status"] = status
    with pytest.raises(ftrack_api.exception.ServerError, match="ValidationError"):
        ftrack_session.commit()
    found = stored(ftrack_session, job["id"])
    assert found["status"] == "running"
    assert json.loads(found["data"])["description"] == "Weekly report"


def test_7_1_another_type_is_refused_before_anything_is_sent(ftrack_sandbox, ftrack_session, user):
    before = ftrack_sandbox.requests.count
    with pytest.raises(ValueError, match="api_job"):
        ftrack_session.create("Job", {"user": user, "type": "encode_media"})
    assert ftrack_sandbox.requests.count == before


def test_7_1_progress_is_another_text_in_one_update(ftrack_sandbox, ftrack_session, job):
    ftrack_sandbox.requests.clear()
    job["data"] = json.dumps({"description": "Weekly report: 40 %"})
    ftrack_session.commit()
    assert [(each.operation, each.entity_type) for each in ftrack_sandbox.requests] == [("update", "Job")]
    assert json.loads(stored(ftrack_session, job["id"])["data"]) == {"description": "Weekly report: 40 %"}


def test_7_1_a_job_can_be_deleted_with_what_is_attached_to_it(ftrack_session, user, upload):
    component = upload(b"content")
    made = ftrack_session.create("Job", {"user": user, "status": "done"})
    ftrack_session.commit()
    ftrack_session.create("JobComponent", {"component_id": component["id"], "job_id": made["id"]})
    ftrack_session.commit()
    ftrack_session.delete(made)
    ftrack_session.commit()
    assert stored(ftrack_session, made["id"]) is None
    links = ftrack_session.query(f"JobComponent where component_id is {component['id']}").all()
    assert list(links) == []


# 7.2 Attachments.


def test_7_2_the_wire_form_of_an_attachment_is_taken_and_answered_with_its_key(ftrack_session, job, upload):
    component = upload(b"content")
    both = {"component_id": component["id"], "job_id": job["id"]}
    (reply,) = ftrack_session.call(
        [
            {
                "action": "create",
                "entity_type": "JobComponent",
                "entity_key": [component["id"], job["id"]],
                "entity_data": {"__entity_type__": "JobComponent", **both},
            }
        ]
    )
    assert reply["action"] == "create"
    assert {name: reply["data"][name] for name in both} == both


def test_7_2_one_attachment_is_made_once_only(ftrack_session, job, upload):
    both = {"component_id": upload(b"content")["id"], "job_id": job["id"]}
    ftrack_session.create("JobComponent", both)
    ftrack_session.commit()
    ftrack_session.reset()
    ftrack_session.create("JobComponent", both)
    with pytest.raises(ftrack_api.exception.ServerError, match="DuplicateEntryError"):
        ftrack_session.commit()


def test_7_2_two_attachments_are_each_had_by_an_address_without_credentials(
    ftrack_sandbox, ftrack_session, job, upload, owner_session
):
    wanted = {}
    for name, file_name in (("Weekly report", "report.xlsx"), ("Übersicht", "all.csv")):
        content = uuid.uuid4().bytes
        component = upload(content, name, file_name)
        ftrack_session.create("JobComponent", {"component_id": component["id"], "job_id": job["id"]})
        ftrack_session.commit()
        wanted[component["id"]] = (content, name + file_name[file_name.index(".") :])
    found = owner_session.query(
        "select job_components.component_id, job_components.url, job_components.component.name from Job "
        f"where id is {job['id']}"
    ).one()
    assert {each["component_id"] for each in found["job_components"]} == set(wanted)
    for each in found["job_components"]:
        address = each["url"]["url"]
        assert each["url"]["value"] == address
        for secret in (ftrack_sandbox.api_key, owner_session.api_key, ftrack_sandbox.api_user, "apiKey"):
            assert secret not in address
        reply = requests.get(address, timeout=TIMEOUT_S)
        content, file_name = wanted[each["component_id"]]
        assert (reply.status_code, reply.content) == (200, content)
        named = requests.utils.quote(file_name, safe="")
        assert f"filename*=UTF-8''{named}" in reply.headers["content-disposition"]


def test_7_2_the_address_that_a_location_gives_holds_the_key_in_clear_and_works(
    ftrack_sandbox, ftrack_session, upload
):
    component = upload(b"content")
    location = ftrack_session.get("Location", ftrack_api.symbol.SERVER_LOCATION_ID)
    address = location.get_url(component)
    assert address.startswith(f"{ftrack_sandbox.url}/component/get?")
    assert ftrack_sandbox.api_key in address
    assert requests.get(address, timeout=TIMEOUT_S).content == b"content"
