import gc
import json
import threading
import time
import uuid
import weakref

import ftrack_api
import ftrack_api.event.base
import pytest

from ftrack_jobs import Action, Job
from ftrack_jobs.config import Config
from ftrack_jobs.errors import ServerError
from ftrack_jobs.host import Host
from ftrack_jobs.job_record import job_id_of
from ftrack_jobs.reporter import Reporter
from ftrack_jobs.session import Connection

PATIENCE_S = 20.0


class Held(Action):
    """Runs until it is let go; reports only when asked to."""

    label = "Held"
    identifier = "test.held"
    running = threading.Semaphore(0)
    release = threading.Event()
    reports = True

    def run(self, job: Job) -> str:
        (job.workdir / "open.txt").write_text("x", encoding="utf-8")
        folders.append(job.workdir)
        self.running.release()
        deadline = time.monotonic() + PATIENCE_S
        while not self.release.wait(0.01) and time.monotonic() < deadline:
            if self.reports:
                job.progress("Held")
        return "Let go"


folders = []


@pytest.fixture
def held():
    folders.clear()
    held = type("Held", (Held,), {"running": threading.Semaphore(0), "release": threading.Event()})
    yield held
    held.release.set()


@pytest.fixture
def host(ftrack_session, ftrack_jobs_schema_cache):
    host = Host(ftrack_session, Config(workers=2, report_interval_s=0.05))
    yield host
    host.close()


@pytest.fixture
def click(ftrack_session):
    def click(identifier):
        event = ftrack_api.event.base.Event(
            "ftrack.action.launch",
            id=uuid.uuid4().hex,
            data={"actionIdentifier": identifier, "selection": []},
            source={"id": "browser", "user": {"username": ftrack_session.api_user}},
        )
        replies = ftrack_session.event_hub.publish(event, synchronous=True)
        assert [reply["success"] for reply in replies if reply] == [True]
        return job_id_of(event["id"])

    return click


def shown(row):
    return row["status"], json.loads(row["data"])["description"]


def until(condition):
    tick = threading.Event()
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        tick.wait(0.02)


def test_a_host_without_clicks_has_neither_threads_nor_requests(ftrack_session, ftrack_sandbox, held):
    threads, requests = threading.active_count(), ftrack_sandbox.requests.count
    host = Host(ftrack_session)
    host.add(held)
    assert (threading.active_count(), ftrack_sandbox.requests.count) == (threads, requests)
    host.close()


def test_jobs_in_line_show_their_place_and_move_up(host, held, click, job_row):
    host.add(held)
    jobs = [click("test.held") for _ in range(4)]
    for _ in range(2):
        assert held.running.acquire(timeout=PATIENCE_S)
    until(lambda: shown(job_row(jobs[2])) == ("queued", "Waiting, 1st in line"))
    until(lambda: shown(job_row(jobs[3])) == ("queued", "Waiting, 2nd in line"))
    until(lambda: {shown(job_row(each)) for each in jobs[:2]} == {("running", "Held")})
    held.release.set()
    assert host.join(PATIENCE_S)
    assert [job_row(each)["status"] for each in jobs] == ["done"] * 4


def test_the_answer_does_not_wait_for_the_work(host, held, click, job_row):
    host.add(held)
    job = click("test.held")
    assert held.running.acquire(timeout=PATIENCE_S)
    assert job_row(job)["status"] == "running"


def test_a_user_who_ends_the_job_ends_the_run(host, held, click, job_row, set_status):
    host.add(held)
    job = click("test.held")
    assert held.running.acquire(timeout=PATIENCE_S)
    set_status(job, "failed")
    assert host.join(PATIENCE_S)
    assert shown(job_row(job)) == ("failed", "Cancelled")


def test_closing_ends_running_and_waiting_jobs(host, held, click, job_row):
    host.add(held)
    jobs = [click("test.held") for _ in range(4)]
    for _ in range(2):
        assert held.running.acquire(timeout=PATIENCE_S)
    host.close()
    assert [shown(job_row(each)) for each in jobs] == [("failed", "host was closed")] * 4
    assert host.join(0)


def test_closing_does_not_wait_for_a_run_that_never_reports(host, held, click, job_row):
    others = set(threading.enumerate())
    held.reports = False
    host.add(held)
    job = click("test.held")
    assert held.running.acquire(timeout=PATIENCE_S)
    began = time.monotonic()
    host.close(timeout_s=0.4)
    assert time.monotonic() - began < 5
    assert shown(job_row(job)) == ("failed", "host was closed")
    assert not folders[0].exists()
    # What the run brings later is thrown away.
    held.release.set()
    until(lambda: not any("worker" in each.name for each in set(threading.enumerate()) - others))
    assert shown(job_row(job)) == ("failed", "host was closed")


def test_closing_leaves_alone_what_has_ended(host, held, click, job_row):
    host.add(held)
    held.release.set()
    job = click("test.held")
    assert host.join(PATIENCE_S)
    host.close()
    assert shown(job_row(job)) == ("done", "Let go")


def test_closing_leaves_the_owners_session_open(host, ftrack_session):
    host.close()
    assert ftrack_session.query("Project").first()


def test_a_host_goes_with_its_session(ftrack_session, ftrack_jobs_schema_cache):
    session = ftrack_api.Session(
        ftrack_session.server_url, ftrack_session.api_key, ftrack_session.api_user, plugin_paths=[]
    )
    host = Host(session)
    host.add(Held)
    references = weakref.ref(session), weakref.ref(host)
    session.close()
    del session, host
    gc.collect()
    assert [reference() for reference in references] == [None, None]


def test_a_server_that_did_not_answer_is_not_asked_again_at_once(host, ftrack_session):
    host.connection = Connection("http://127.0.0.1:9", "kim", "key")
    with pytest.raises(ServerError), host.client():
        pass
    host.connection = Connection.of(ftrack_session)
    # It could be reached again by now, but the next menu is not made to wait for finding out.
    with pytest.raises(ServerError), host.client():
        pass


def test_the_owner_of_a_job_is_named_in_it(host, held, click, job_row):
    host.add(held)
    held.release.set()
    job = click("test.held")
    data = json.loads(job_row(job)["data"])
    assert data["owner"] == host.owner
    assert host.connection.api_key not in job_row(job)["data"]


def test_a_job_for_which_no_thread_can_be_started_ends_as_failed(
    host, held, ftrack_session, job_row, monkeypatch
):
    host.add(held)
    start = threading.Thread.start

    def refuse(thread):
        if thread.name.startswith("ftrack-jobs"):
            raise RuntimeError("can't start new thread")
        start(thread)

    event = ftrack_api.event.base.Event(
        "ftrack.action.launch",
        id=uuid.uuid4().hex,
        data={"actionIdentifier": "test.held", "selection": []},
        source={"id": "browser", "user": {"username": ftrack_session.api_user}},
    )
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        (reply,) = ftrack_session.event_hub.publish(event, synchronous=True)
    assert reply["success"] is False
    status, words = shown(job_row(job_id_of(event["id"])))
    assert (status, words.startswith("Held failed unexpectedly")) == ("failed", True)
    assert host.join(1)


def test_a_description_on_its_way_does_not_undo_how_a_closing_host_ends_a_job(host, held, click, job_row):
    host.add(held)
    held.reports = False
    job_ids = [click("test.held") for _ in range(3)]
    until(lambda: shown(job_row(job_ids[2]))[1] == "Waiting, 1st in line")
    reporter = host._reporter
    on_its_way, go_on = threading.Event(), threading.Event()

    def late(client, changed):
        on_its_way.set()
        go_on.wait(PATIENCE_S)
        Reporter._send(reporter, client, changed)

    reporter._send = late
    # Something new to say about the one in line.
    next(report for report in host._active if report.text.startswith("Waiting")).say("Waiting still")
    assert on_its_way.wait(PATIENCE_S)
    closing = threading.Thread(target=host.close)
    closing.start()
    threading.Timer(0.15, go_on.set).start()
    closing.join(PATIENCE_S)
    with reporter._sending:
        pass
    assert shown(job_row(job_ids[2])) == ("failed", "host was closed")


def test_closing_does_not_wait_for_a_question_of_the_event_thread(host):
    asking, over = threading.Event(), threading.Event()

    def ask():
        with host.client():
            asking.set()
            over.wait(PATIENCE_S)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    assert asking.wait(PATIENCE_S)
    began = time.monotonic()
    threading.Timer(8.0, over.set).start()
    host.close()
    assert time.monotonic() - began < 5.5
    over.set()
    thread.join(PATIENCE_S)
