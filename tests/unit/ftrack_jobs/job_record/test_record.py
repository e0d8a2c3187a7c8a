import json

import pytest

from ftrack_jobs.errors import ServerError
from ftrack_jobs.job_record import JobRecord, claim, finish, job_id_of, look, start, status_update, statuses
from ftrack_jobs.launch import EntityRef
from ftrack_jobs.session import ask_raw


def make(client, launch, owner="here"):
    return claim(client, launch, owner=owner, description="Starting")


def test_a_claim_makes_a_queued_job_of_the_user_that_tells_all_it_takes_to_run_it(
    client, make_launch, job_row
):
    launch = make_launch(selection=[EntityRef("Project", "p1")], values={"kind": "csv"})
    record = make(client, launch)
    row = job_row(record.id)
    assert row["status"] == "queued"
    assert row["user_id"] == launch.user_id
    assert json.loads(row["data"])["description"] == "Starting"
    assert JobRecord.from_data(record.id, row["data"]) == record
    assert record.launch == launch


def test_of_two_claims_of_one_click_only_the_first_wins(client, make_launch, job_row):
    launch = make_launch()
    first = make(client, launch, "one")
    assert make(client, launch, "two") is None
    assert JobRecord.from_data(first.id, job_row(first.id)["data"]).owner == "one"


def test_the_id_of_a_job_follows_from_click_and_attempt_alone():
    assert job_id_of("abc") == job_id_of("abc", 0)
    assert len({job_id_of("abc"), job_id_of("abc", 1), job_id_of("abd")}) == 3


def test_a_claim_whose_reply_was_lost_is_found_again(client, make_launch, job_row, lose_replies):
    launch = make_launch()
    lose_replies(client, 1)
    record = make(client, launch)
    assert record is not None
    assert JobRecord.from_data(record.id, job_row(record.id)["data"]).nonce == record.nonce


def test_somebody_elses_claim_is_recognised_although_our_reply_was_lost(
    client, connection, make_launch, lose_replies
):
    launch = make_launch()
    make(client, launch, "one")
    lose_replies(client, 1)
    assert make(client, launch, "two") is None


def test_a_claim_that_the_server_refuses_for_another_reason_says_why(client, make_launch):
    launch = make_launch().with_user("00000000-0000-0000-0000-000000000000")
    with pytest.raises(ServerError) as caught:
        make(client, launch)
    assert not caught.value.lost


def test_a_job_starts_once_and_only_while_it_is_queued(client, make_launch, job_row, set_status, delete_job):
    record = make(client, make_launch())
    assert start(client, record, "Running") is True
    assert job_row(record.id)["status"] == "running"
    assert start(client, record, "Running") is False

    stopped = make(client, make_launch())
    set_status(stopped.id, "failed")
    assert start(client, stopped, "Running") is False
    assert job_row(stopped.id)["status"] == "failed"

    deleted = make(client, make_launch())
    delete_job(deleted.id)
    assert start(client, deleted, "Running") is False


def test_statuses_leave_out_what_is_gone(client, make_launch, delete_job):
    here, gone = make(client, make_launch()), make(client, make_launch())
    delete_job(gone.id)
    assert statuses(client, [here.id, gone.id]) == {here.id: "queued"}
    assert statuses(client, []) == {}


def test_an_end_whose_reply_was_lost_is_not_written_twice(client, make_launch, job_row, lose_replies):
    record = make(client, make_launch())
    lose_replies(client, 1)
    finish(client, record, "done", "Exported 3 shots")
    row = job_row(record.id)
    assert row["status"] == "done"
    assert json.loads(row["data"])["description"] == "Exported 3 shots"


def test_an_end_with_a_component_that_does_not_exist_changes_nothing(client, make_launch, job_row):
    record = make(client, make_launch())
    with pytest.raises(ServerError):
        finish(client, record, "done", "Done", "00000000-0000-0000-0000-000000000000")
    assert job_row(record.id)["status"] == "queued"


def test_an_end_without_status_leaves_the_servers(client, make_launch, job_row, set_status):
    record = make(client, make_launch())
    set_status(record.id, "failed")
    finish(client, record, None, "Cancelled")
    assert look(client, record.id) == ("failed", record.data("Cancelled"))


def test_the_end_of_a_deleted_job_cannot_be_written(client, make_launch, delete_job):
    record = make(client, make_launch())
    delete_job(record.id)
    with pytest.raises(ServerError):
        finish(client, record, "done", "Done")


def test_several_ends_go_in_one_batch(client, make_launch, job_row):
    records = [make(client, make_launch()) for _ in range(2)]
    ask_raw(client, [status_update(record, "failed", "host was closed") for record in records])
    assert [job_row(record.id)["status"] for record in records] == ["failed", "failed"]


@pytest.mark.parametrize("text", [None, "", "no JSON", "[]", '{"description": "x"}', '{"launch": 3}'])
def test_the_data_of_others_jobs_is_not_ours(text):
    assert JobRecord.from_data("id", text) is None


def test_a_description_without_end_is_cut(make_launch):
    record = JobRecord("id", make_launch(), "here", "nonce")
    assert len(json.loads(record.data("x" * 100_000))["description"]) == 2000
