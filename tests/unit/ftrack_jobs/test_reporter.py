import json
import logging
import threading

import pytest

from ftrack_jobs.job_record import Report, claim
from ftrack_jobs.reporter import Reporter
from ftrack_jobs.session import Connection

PATIENCE_S = 20.0


def description(row):
    return json.loads(row["data"])["description"]


@pytest.fixture
def waiting():
    """Return a function that waits for a condition, with a deadline."""

    def wait(condition):
        tick = threading.Event()
        for _ in range(int(PATIENCE_S / 0.02)):
            if condition():
                return True
            tick.wait(0.02)
        return False

    return wait


@pytest.fixture
def reporter(connection):
    reporter = Reporter(connection, interval_s=0.05)
    yield reporter
    reporter.close()


@pytest.fixture
def make_job(client, make_launch, reporter):
    def make(text="Starting"):
        report = Report(text)
        record = claim(client, make_launch(), owner="test", description=text)
        reporter.watch(record, report)
        return record, report

    return make


def test_what_a_run_says_last_is_shown(make_job, job_row, waiting):
    record, report = make_job()
    for number in range(1000):
        report.count(number, 1000)
    report.say("Reading tasks")
    report.count(7, 10)
    assert waiting(lambda: description(job_row(record.id)) == "Reading tasks 7 of 10 (70 %)")
    assert job_row(record.id)["status"] == "queued"


def test_many_reports_of_many_jobs_are_one_batch_a_round(make_job, ftrack_sandbox, job_row, waiting):
    jobs = [make_job() for _ in range(5)]
    ftrack_sandbox.requests.clear()
    for round_ in range(3):
        for _, report in jobs:
            report.say(f"Round {round_}")
        assert waiting(
            lambda text=f"Round {round_}": all(description(job_row(each.id)) == text for each, _ in jobs)
        )
    updates = [each.request for each in ftrack_sandbox.requests if each.operation == "update"]
    assert len(updates) >= 15
    # Each round's words went out in one request, unless a round fell between two of them.
    assert len(set(updates)) <= 6


def test_a_job_that_says_nothing_new_is_only_looked_at(make_job, ftrack_sandbox, job_row, waiting):
    record, report = make_job()
    report.say("Once")
    assert waiting(lambda: description(job_row(record.id)) == "Once")
    ftrack_sandbox.requests.clear()

    def looks():
        return [
            each
            for each in ftrack_sandbox.requests
            if each.expression and "select id, status" in each.expression
        ]

    assert waiting(lambda: len(looks()) >= 3)
    assert [each for each in ftrack_sandbox.requests if each.operation == "update"] == []


@pytest.mark.parametrize("how", ["failed", "done", "deleted"])
def test_a_run_whose_job_was_ended_elsewhere_is_told_to_stop(make_job, set_status, delete_job, waiting, how):
    record, report = make_job()
    if how == "deleted":
        delete_job(record.id)
    else:
        set_status(record.id, how)
    assert waiting(lambda: report.stop_reason == "Cancelled")


def test_a_deleted_job_keeps_no_other_from_being_shown(make_job, delete_job, job_row, waiting):
    gone, gone_report = make_job()
    here, report = make_job()
    delete_job(gone.id)
    gone_report.say("Nobody reads this")
    report.say("Everybody reads this")
    assert waiting(lambda: description(job_row(here.id)) == "Everybody reads this")


def test_a_batch_refused_for_one_job_is_sent_again_job_by_job(
    make_job, client, connection, delete_job, job_row
):  # Deleted between the look and the batch: what the thread does then, done here step by step.
    gone, _ = make_job()
    here, _ = make_job()
    own = Reporter(connection)
    delete_job(gone.id)
    watched = [type("W", (), {"record": record, "report": None, "shown": None})() for record in (gone, here)]
    own._send(client, [(watched[0], "lost"), (watched[1], "found")])
    assert description(job_row(here.id)) == "found"
    assert [each.shown for each in watched] == [None, "found"]


def test_after_release_nothing_is_written_any_more(make_job, job_row, reporter, waiting):
    record, report = make_job()
    other, other_report = make_job()
    reporter.release(report)
    report.say("Too late")
    other_report.say("In time")
    assert waiting(lambda: description(job_row(other.id)) == "In time")
    assert description(job_row(record.id)) == "Starting"
    reporter.release(report)


def test_a_stopped_run_is_not_described_any_more(make_job, job_row, waiting):
    record, report = make_job()
    other, other_report = make_job()
    report.stop("Cancelled")
    report.say("Never shown")
    other_report.say("Shown")
    assert waiting(lambda: description(job_row(other.id)) == "Shown")
    assert description(job_row(record.id)) == "Starting"


def test_without_jobs_there_is_neither_thread_nor_request(connection, ftrack_sandbox):
    threads, requests = threading.active_count(), ftrack_sandbox.requests.count
    reporter = Reporter(connection)
    assert (threading.active_count(), ftrack_sandbox.requests.count) == (threads, requests)
    reporter.close()


def test_the_key_is_not_shown(make_job, connection, job_row, waiting):
    record, report = make_job()
    report.say(f"Reading https://site?apiKey={connection.api_key}")
    assert waiting(lambda: description(job_row(record.id)) == "Reading https://site?apiKey=***")


def test_a_server_out_of_reach_is_told_once(make_launch, connection, client, caplog, waiting):
    nowhere = Connection("http://127.0.0.1:9", connection.api_user, connection.api_key)
    reporter = Reporter(nowhere, interval_s=0.01)
    rounds = []
    reporter._tell_trouble, tell = (lambda error: (rounds.append(error), tell(error))), reporter._tell_trouble
    caplog.set_level(logging.INFO)
    reporter.watch(claim(client, make_launch(), owner="test", description="Starting"), Report("Starting"))
    assert waiting(lambda: len(rounds) >= 3)
    reporter.close()
    assert [each.message for each in caplog.records if "cannot be shown" in each.message] == [
        "Progress of Jobs cannot be shown at the moment: The server gave no usable answer (it"
        " cannot be reached)."
        " Start it again when the server can be reached."
    ]


def test_what_one_run_says_wrongly_silences_no_other(make_job, job_row, waiting, ftrack_sandbox):
    _, bad = make_job()
    record, report = make_job()
    bad.count(["three"], 4)
    report.say("Reading tasks")
    assert waiting(lambda: description(job_row(record.id)) == "Reading tasks")
    # Nor does it cost a new session each second.
    ftrack_sandbox.requests.clear()
    report.say("Writing tasks")
    assert waiting(lambda: description(job_row(record.id)) == "Writing tasks")
    assert not [each for each in ftrack_sandbox.requests if each.operation == "query_server_information"]


def test_a_release_can_be_given_a_limit(connection):
    reporter = Reporter(connection)
    with reporter._sending:
        reporter.release(Report("Starting"), timeout_s=0.05)


def test_a_reporter_that_cannot_start_its_thread_tries_again(
    connection, client, make_launch, job_row, waiting, monkeypatch
):
    reporter = Reporter(connection, interval_s=0.05)
    record, report = claim(client, make_launch(), owner="test", description="Starting"), Report("Reading")
    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "ftrack-jobs reporter":
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            reporter.watch(record, report)
    reporter.watch(record, report)
    try:
        assert waiting(lambda: description(job_row(record.id)) == "Reading")
    finally:
        reporter.close()
