"""Runs as they happen: clicked over the hub, worked on by a host in this process."""

import errno
import json
import logging
import threading
import time
import zipfile
from pathlib import Path

import pytest
import requests.adapters
import requests.exceptions

from ftrack_jobs import Action, EntityRef, Form, JobFailed, Text
from ftrack_jobs.job_record import Report, claim
from ftrack_jobs.registry import Registry
from ftrack_jobs.runner import Runner
from ftrack_jobs.runner.attachment import component_id_of
from ftrack_jobs.session import ask_raw
from ftrack_sandbox.faults import Fault

PATIENCE_S = 20.0


def acting(work, **attributes):
    """Return an action whose run is *work*, a function of action and job."""
    names = {"label": "Test", "identifier": "test.run", "run": work, **attributes}
    return type("Test", (Action,), names)


def unrestricted(work):
    return acting(work, reads="service", allowed_roles=("Administrator",))


@pytest.fixture
def left_behind(client, ftrack_sandbox):
    """Return a function that lists what a Job has left on the server beside itself."""

    def look(job_id):
        component_id = component_id_of(job_id)
        questions = [
            f'select id from Component where id is "{component_id}"',
            f'select id from ComponentLocation where component_id is "{component_id}"',
            f'select job_id from JobComponent where job_id is "{job_id}"',
        ]
        found = ask_raw(client, [{"action": "query", "expression": text} for text in questions])
        rows = [row["__entity_type__"] for result in found for row in result["data"]]
        return rows + ["data"] * ftrack_sandbox.storage.exists(component_id)

    return look


def write(job, name, text):
    path = job.workdir / name
    path.write_text(text, encoding="utf-8")
    job.attach(path)


def test_what_run_returns_is_what_the_job_says(launch_action):
    ended = launch_action(acting(lambda self, job: "Counted 3 shots"))
    assert (ended.status, ended.description) == ("done", "Counted 3 shots")


def test_a_run_that_says_nothing_is_done(launch_action):
    assert launch_action(acting(lambda self, job: None)).description == "Done"


def test_a_run_knows_what_was_selected_by_its_real_type(launch_action, ftrack_session):
    shot = ftrack_session.query("Shot").first()
    ended = launch_action(acting(lambda self, job: repr(job.selection)), selection=[shot])
    assert ended.description == repr((EntityRef("Shot", shot["id"]),))


def test_a_run_knows_its_user_and_its_values(launch_action):
    class OneForm(Form):
        word = Text("Word", default="hello")

    work = acting(lambda self, job: f"{job.user.username} says {job.values.word}", form=OneForm)
    assert launch_action(work, user="nina.holm").description == "nina.holm says hello"
    ended = launch_action(work, values={"word": "bye"}, user="nina.holm")
    assert ended.description == "nina.holm says bye"


def test_the_file_of_a_run_is_attached_under_its_name(launch_action):
    ended = launch_action(acting(lambda self, job: write(job, "Größe, 映画.csv", "a;b")))
    assert ended.status == "done"
    assert [(path.name, path.read_text()) for path in ended.attachments] == [("Größe, 映画.csv", "a;b")]


def test_several_files_become_one_zip(launch_action):
    def work(self, job):
        write(job, "a.csv", "1")
        write(job, "b.csv", "2")

    ended = launch_action(acting(work, title="Two files"))
    (path,) = ended.attachments
    assert path.name == "Two files.zip"
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["a.csv", "b.csv"]


def test_a_failure_the_author_foresaw_is_told_in_the_authors_words(launch_action, left_behind):
    def work(self, job):
        write(job, "half.csv", "1")
        raise JobFailed("No shots match.")

    ended = launch_action(acting(work))
    assert (ended.status, ended.description, ended.attachments) == ("failed", "No shots match.", ())
    assert left_behind(ended.job_id) == []


def test_an_exception_nobody_foresaw_is_attached_without_the_key(launch_action, caplog):
    key = launch_action.host.connection.api_key

    def work(self, job):
        raise RuntimeError(f"cannot read https://site/?apiKey={key}")

    ended = launch_action(acting(work))
    assert ended.status == "failed"
    assert ended.description.startswith("Test failed unexpectedly (RuntimeError: cannot read")
    (path,) = ended.attachments
    assert path.name == "Test failed.txt"
    assert "in work" in path.read_text()
    assert key not in ended.description + path.read_text() + caplog.text


def test_a_full_disk_is_told(launch_action):
    def work(self, job):
        raise OSError(errno.ENOSPC, "No space left on device", "/full/shots.csv")

    ended = launch_action(acting(work))
    assert ended.status == "failed"
    assert "is full (/full/shots.csv)" in ended.description
    assert ended.attachments == ()


def test_an_entity_that_is_not_there_is_named(launch_action):
    lost = EntityRef("TypedContext", "00000000-1111-2222-3333-444444444444")
    ended = launch_action(acting(lambda self, job: ""), selection=[lost])
    assert ended.status == "failed"
    assert lost.id in ended.description


def test_a_type_that_does_not_fit_is_told_by_the_run_too(
    launch_action, make_launch, client, project, job_row
):  # A launch that came past the desk, as it may when it is taken up later.
    action = acting(lambda self, job: "", allowed_types=("Shot",))
    registry = Registry()
    registry.add(action)
    launch = make_launch("test.run", [EntityRef("Project", project["id"])])
    record = claim(client, launch, owner="test", description="Starting")
    Runner(registry, launch_action.host.connection).run(record, Report("Starting"))
    row = job_row(record.id)
    assert row["status"] == "failed"
    assert "does not work on Project" in row["data"]


def test_an_action_that_is_not_installed_here_is_named(launch_action, make_launch, client, job_row):
    record = claim(client, make_launch("test.unknown"), owner="test", description="Starting")
    report = Report("Starting")
    Runner(Registry(), launch_action.host.connection).run(record, report)
    row = job_row(record.id)
    assert (row["status"], "test.unknown" in json.loads(row["data"])["description"]) == ("failed", True)
    assert report.ended.is_set()


def test_an_answer_of_the_server_is_passed_on(launch_action):
    def work(self, job):
        job.session.query("select nonsense from Task").first()

    ended = launch_action(unrestricted(work))
    assert ended.status == "failed"
    assert "nonsense" in ended.description
    assert ended.description.startswith("The server refused a request")


def test_changes_that_were_not_committed_are_told_and_not_saved(launch_action, project, ftrack_session):
    def work(self, job):
        found = self.session.query(f"Project where id is {project['id']}").one()
        found["full_name"] = "never saved"
        write(job, "a.txt", "a")
        return "Renamed"

    ended = launch_action(unrestricted(work))
    assert ended.status == "failed"
    assert "commit()" in ended.description
    assert ended.attachments == ()
    row = ftrack_session.query(f"select full_name from Project where id is {project['id']}").one()
    assert row["full_name"] != "never saved"


def test_changes_left_over_by_a_failed_run_do_not_go_up_with_its_report(
    launch_action, project, ftrack_session
):
    def work(self, job):
        found = job.session.query(f"Project where id is {project['id']}").one()
        found["full_name"] = "never saved"
        raise RuntimeError("in between")

    ended = launch_action(unrestricted(work))
    assert len(ended.attachments) == 1
    row = ftrack_session.query(f"select full_name from Project where id is {project['id']}").one()
    assert row["full_name"] != "never saved"


def test_a_run_that_closed_its_session_ends_all_the_same(launch_action):
    def work(self, job):
        write(job, "a.txt", "a")
        job.session.close()
        return "Closed it"

    ended = launch_action(unrestricted(work))
    assert (ended.status, len(ended.attachments)) == ("done", 1)


@pytest.mark.parametrize("losses", [1, 3])
def test_replies_lost_at_the_end_cost_neither_file_nor_end(launch_action, lose_replies, losses, monkeypatch):
    monkeypatch.setattr("ftrack_jobs.runner.ending.FIRST_PAUSE_S", 0.05)

    def work(self, job):
        write(job, "a.txt", "a")
        lose_replies(job.session, losses)
        return "Written"

    ended = launch_action(unrestricted(work))
    assert (ended.status, ended.description, len(ended.attachments)) == ("done", "Written", 1)


class Dead(requests.adapters.HTTPAdapter):
    """Reaches nobody."""

    def send(self, *arguments, **more):
        raise requests.exceptions.ConnectionError("nobody there")


def test_an_end_is_written_over_a_new_session_when_the_first_is_dead(launch_action, monkeypatch):
    monkeypatch.setattr("ftrack_jobs.runner.ending.FIRST_PAUSE_S", 0.05)

    def work(self, job):
        job.session._request.mount("http://", Dead())
        return "Written"

    assert launch_action(unrestricted(work)).description == "Written"


def test_the_folder_of_a_run_is_gone_afterwards(launch_action):
    seen = []

    def work(self, job):
        seen.append(job.workdir)
        assert job.workdir.is_dir()
        (job.workdir / "left.txt").write_text("left", encoding="utf-8")
        if len(seen) == 2:
            raise RuntimeError("this time")
        return ""

    action = acting(work)
    launch_action(action)
    launch_action(action)
    assert [path.exists() or path.parent.exists() for path in seen] == [False, False]


def test_each_run_has_an_instance_of_its_own(launch_action):
    def work(self, job):
        self.runs = getattr(self, "runs", 0) + 1
        return str(self.runs)

    action = acting(work)
    assert [launch_action(action).description for _ in range(2)] == ["1", "1"]


class Gate:
    """A run that waits to be let on, and reports after that."""

    def __init__(self):
        self.running, self.go_on = threading.Event(), threading.Event()

    def run(self, job):
        write(job, "a.txt", "a")
        job.progress("Waiting at the gate")
        self.running.set()
        assert self.go_on.wait(PATIENCE_S)
        return "Came through"


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.go_on.set()


@pytest.fixture
def run_in_background(make_launch, client, connection):
    """Return a function that starts a run in a thread; what it returns waits for the end."""

    def start(work, action=None, **more):
        action = action or acting(work)
        registry = Registry()
        registry.add(action)
        record = claim(client, make_launch("test.run"), owner="test", description="Starting")
        report = Report("Starting")
        thread = threading.Thread(target=Runner(registry, connection, **more).run, args=(record, report))
        thread.start()

        def join():
            thread.join(PATIENCE_S)
            assert report.ended.is_set()

        return record, report, join

    return start


def test_a_job_deleted_while_it_ran_leaves_nothing_and_makes_no_noise(
    run_in_background, gate, delete_job, left_behind, caplog
):
    record, _, join = run_in_background(gate.run)
    assert gate.running.wait(PATIENCE_S)
    delete_job(record.id)
    gate.go_on.set()
    join()
    assert left_behind(record.id) == []
    assert [each.message for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_a_job_ended_by_somebody_else_stays_as_they_left_it(
    run_in_background, gate, set_status, left_behind, job_row
):
    record, _, join = run_in_background(gate.run)
    assert gate.running.wait(PATIENCE_S)
    set_status(record.id, "failed")
    gate.go_on.set()
    join()
    row = job_row(record.id)
    assert (row["status"], json.loads(row["data"])["description"]) == ("failed", "Cancelled")
    assert left_behind(record.id) == []


def test_a_stopped_run_ends_as_failed_saying_why(run_in_background, gate, job_row, left_behind):
    def work(action, job):
        gate.run(job)
        job.progress("never shown")

    record, report, join = run_in_background(work)
    assert gate.running.wait(PATIENCE_S)
    report.stop("host was closed")
    gate.go_on.set()
    join()
    row = job_row(record.id)
    assert (row["status"], json.loads(row["data"])["description"]) == ("failed", "host was closed")
    assert left_behind(record.id) == []


def test_a_job_stopped_while_it_waited_is_not_run(make_launch, client, connection, set_status, job_row):
    ran = []
    registry = Registry()
    registry.add(acting(lambda self, job: ran.append(job)))
    record = claim(client, make_launch("test.run"), owner="test", description="Starting")
    set_status(record.id, "failed")
    Runner(registry, connection).run(record, Report("Starting"))
    assert ran == []
    assert job_row(record.id)["status"] == "failed"


def test_who_was_faster_writes_the_end(run_in_background, gate, job_row):
    record, report, join = run_in_background(gate.run)
    assert gate.running.wait(PATIENCE_S)
    assert report.take_ending()
    gate.go_on.set()
    join()
    assert job_row(record.id)["status"] == "running"


def test_a_server_that_never_answers_is_given_up_in_the_end(
    make_launch, client, connection, caplog, monkeypatch, tmp_path
):
    monkeypatch.setattr("ftrack_jobs.runner.ending.FIRST_PAUSE_S", 0.01)
    registry = Registry()
    registry.add(acting(lambda self, job: ""))
    record = claim(client, make_launch("test.run"), owner="test", description="Starting")
    nowhere = type(connection)("http://127.0.0.1:9", connection.api_user, connection.api_key)
    report = Report("Starting")
    Runner(registry, nowhere, ending_tried_for_s=0.2).run(record, report)
    assert report.ended.is_set()
    assert "could not be written" in caplog.text


def test_the_log_of_a_run_names_its_job_and_user(launch_action, caplog):
    caplog.set_level(logging.INFO, logger="ftrack_jobs.job")
    ended = launch_action(acting(lambda self, job: job.log.info("Hello")))
    (record,) = [each for each in caplog.records if each.message == "Hello"]
    assert (record.job_id, record.action) == (ended.job_id, "test.run")
    assert record.user == launch_action.host.connection.api_user


def test_a_run_that_returns_something_else_than_text_is_told(launch_action):
    ended = launch_action(acting(lambda self, job: {"success": True}))
    assert ended.status == "failed"
    assert "must return a text" in ended.description


def test_running_leaves_nothing_in_the_folder_for_temporary_files(launch_action, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    launch_action(acting(lambda self, job: write(job, "a.txt", "a")))
    assert [path.name for path in Path(tmp_path).iterdir() if path.name.startswith("ftrack-jobs-")] == []


# The client closes the files of an upload that fails only when its exception is forgotten.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_upload_that_is_refused_ends_the_job_at_once_and_names_no_signed_address(
    launch_action, ftrack_sandbox, left_behind
):
    ftrack_sandbox.faults.add(Fault("page", operation="upload", status=403, count=5))
    try:
        began = time.monotonic()
        ended = launch_action(acting(lambda self, job: write(job, "a.csv", "1")))
        assert time.monotonic() - began < 10
    finally:
        ftrack_sandbox.faults.clear()
    assert ended.status == "failed"
    assert "403" in ended.description
    assert "http" not in ended.description
    assert left_behind(ended.job_id) == []
