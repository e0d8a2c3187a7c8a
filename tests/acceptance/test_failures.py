"""Failures end well: the user reads what is wrong and what to do next, and nothing is left behind."""

import json
import re
import tempfile
import urllib.request
import uuid
from pathlib import Path

import pytest

from coordinator import fetch, wait_for
from ftrack_jobs import errors
from ftrack_sandbox import seed

IDENTIFIER = "ftrack-jobs.export-table"
COORDINATOR = "kim.ek"

#: Actions that go wrong, one for each way. `gate` is a file that the test makes when the run may go on.
ACTIONS = """
import os
import pathlib
import time

from ftrack_jobs import Action, Form, Job, JobFailed, Text, plugin


class GateForm(Form):
    gate = Text("Gate", default="")


class Odd(Action):
    label = "Odd"
    form = GateForm


class Raises(Odd):
    variant = "Raises"
    identifier = "test.raises"

    def run(self, job: Job[GateForm]) -> str:
        raise ZeroDivisionError("a colour of {grey}")


class Fails(Odd):
    variant = "Fails"
    identifier = "test.fails"

    def run(self, job: Job[GateForm]) -> str:
        raise JobFailed("The reel is empty. Load another one.")


class FullDisk(Odd):
    variant = "Full disk"
    identifier = "test.full-disk"

    def run(self, job: Job[GateForm]) -> str:
        path = job.workdir / "result.txt"
        path.symlink_to("/dev/full")
        with path.open("w") as stream:
            stream.write("x" * 100_000)
        return "written"


class Forgets(Odd):
    variant = "Forgets"
    identifier = "test.forgets"
    reads = "service"
    allowed_roles = ("Project manager",)

    def run(self, job: Job[GateForm]) -> str:
        project = job.session.query("Project").first()
        project["color"] = "#123456"
        return "changed"


class Waits(Odd):
    variant = "Waits"
    identifier = "test.waits"

    def run(self, job: Job[GateForm]) -> str:
        job.progress("At the gate")
        gate = pathlib.Path(job.values.gate)
        (job.workdir / "result.txt").write_text("made before the gate")
        job.attach(job.workdir / "result.txt")
        deadline = time.monotonic() + 60
        while not gate.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        return "through the gate"


class Misspelt(Odd):
    variant = "Misspelt"
    identifier = "test.misspelt"

    def run(self, job: Job[GateForm]) -> str:
        return str(len(job.query("Shot", "id, nmae")))


register = plugin(Raises, Fails, FullDisk, Forgets, Waits, Misspelt)
"""


def told(template, text):
    """Tell whether *text* is the sentence *template* with its facts filled in."""
    pattern = "".join(
        ".+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", template)
    )
    return re.fullmatch(pattern, text, flags=re.DOTALL) is not None


@pytest.fixture(scope="module")
def scene(server, tmp_path_factory):
    """A listener with the shipped and the odd actions, and somebody who clicks."""
    folder = tmp_path_factory.mktemp("odd_plugins")
    (folder / "odd.py").write_text(ACTIONS, encoding="utf-8")
    temporary = tmp_path_factory.mktemp("temporary")
    server.listen(Path(__file__).parents[2] / "plugins", folder, TMPDIR=str(temporary))
    scene = server.browser(COORDINATOR)
    scene.temporary = temporary
    yield scene
    server.close()


@pytest.fixture
def fault(server):
    """Ask the server for faults; they are taken back at the end."""

    def ask(*faults):
        request = urllib.request.Request(
            server.environment["FTRACK_SERVER"] + "/sandbox/faults",
            data=json.dumps(faults).encode(),
            headers={
                "ftrack-user": server.environment["FTRACK_API_USER"],
                "ftrack-api-key": server.environment["FTRACK_API_KEY"],
            },
        )
        urllib.request.urlopen(request, timeout=30).close()

    yield ask
    ask()


@pytest.fixture(autouse=True)
def nothing_is_left(scene):
    """After each failure: no Job of the user is unfinished, and no temporary file is there."""
    yield
    wait_for(lambda: all(job["status"] in ("done", "failed") for job in scene.jobs()), "The end of every Job")
    wait_for(lambda: list(scene.temporary.iterdir()) == [], "The removal of the temporary files")


def failed(job):
    assert job["status"] == "failed", job
    return job["description"]


@pytest.fixture
def project(scene):
    return scene.session.query('Project where name is "open_shorts"').one()


def test_an_entity_that_is_not_there_is_named_with_its_type_and_id(scene):
    gone = str(uuid.uuid4())
    text = failed(scene.run(IDENTIFIER, ("show", gone), values={"entity_type": "Task"}))
    assert told(errors.UNKNOWN_ENTITY, text)
    assert "Project" in text and gone in text


def test_a_project_that_the_key_cannot_see_is_told_apart_from_nothing_found(scene, project, server):
    session = server.session()
    name = f"empty {uuid.uuid4().hex[:8]}"
    schema = session.query("ProjectSchema").first()
    empty = session.create("Project", {"name": name, "full_name": name, "project_schema": schema})
    session.commit()
    nothing = failed(scene.run(IDENTIFIER, empty, values={"entity_type": "Shot"}))
    assert nothing.startswith("No shots are in or below the selection.")
    # A manager of all projects selects the private one, which is not granted to the key.
    hidden = next(
        row["id"]
        for table, rows in seed.rows("demo")
        if table == "context"
        for row in rows
        if row["name"] == "sol_levante" and row["context_type"] == "show"
    )
    manager = server.browser("joerg.weiss")
    unseen = failed(manager.run(IDENTIFIER, ("show", hidden), values={"entity_type": "Shot"}))
    assert told(errors.UNKNOWN_ENTITY, unseen) and "service's key" in unseen
    session.delete(empty)
    session.commit()
    session.close()


def test_a_project_that_the_user_cannot_reach_is_told_apart_from_one_that_the_key_cannot_see(server, scene):
    outsider = server.browser("pavel.novak")
    other = scene.session.query('Project where name is "stem2"').one()
    text = failed(outsider.run(IDENTIFIER, other, values={"entity_type": "Shot"}))
    assert told(errors.NOT_REACHED, text)


def test_an_empty_selection_is_refused_at_the_click(scene):
    before = len(scene.jobs())
    reply = scene.launch(IDENTIFIER, values={"entity_type": "Task"})
    assert reply["success"] is False
    assert told(errors.EMPTY_SELECTION, reply["message"])
    assert len(scene.jobs()) == before


def test_a_selection_of_another_type_is_refused_at_the_click(scene):
    task = scene.session.query("Task").first()
    reply = scene.launch(IDENTIFIER, task, values={"entity_type": "Task"})
    assert reply["success"] is False
    assert told(errors.WRONG_TYPE, reply["message"]) and "Task" in reply["message"]


def test_an_unknown_column_brings_the_form_back_and_names_the_nearest(scene, project):
    form = scene.launch(IDENTIFIER, project, values={"entity_type": "Shot", "columns": "name, descripton"})
    text = form["items"][0]["value"]
    assert "descripton" in text and "Shot" in text and "description" in text


def test_an_unknown_column_in_an_actions_own_query_fails_its_job(scene, project):
    text = failed(scene.run("test.misspelt", project))
    assert told(errors.UNKNOWN_COLUMN, text) and "nmae" in text and "name" in text


def test_an_unknown_custom_attribute_fails_the_job_and_is_named(scene, project):
    values = {"entity_type": "Shot", "columns": "name, custom_attributes[fsp]"}
    text = failed(scene.run(IDENTIFIER, project, values=values))
    assert told(errors.UNKNOWN_CUSTOM_ATTRIBUTE, text) and "fsp" in text and "fps" in text


def test_a_server_error_in_the_middle_is_told_with_the_servers_answer(scene, project, fault):
    fault(
        {
            "operation": "query",
            "entity_type": "Task",
            "skip": 2,
            "count": 1000,
            "exception": "DatabaseError",
            "content": "The disk of {db-3} is on fire",
        }
    )
    text = failed(scene.run(IDENTIFIER, project, values={"entity_type": "Task"}))
    assert told(errors.SERVER_REFUSED, text) and "on fire" in text


def test_a_page_in_place_of_an_answer_is_told_as_a_lost_server(scene, project, fault):
    fault({"kind": "page", "operation": "query", "entity_type": "Task", "skip": 2, "count": 1000})
    text = failed(scene.run(IDENTIFIER, project, values={"entity_type": "Task"}))
    assert told(errors.SERVER_LOST, text)


def test_a_lost_reply_to_the_claim_still_makes_one_job_that_runs(scene, project, fault):
    before = scene.jobs()
    fault({"kind": "lost", "operation": "create", "entity_type": "Job"})
    job = scene.run(IDENTIFIER, project, values={"entity_type": "Sequence", "columns": "name"})
    assert job["status"] == "done"
    assert len(scene.jobs()) == len(before) + 1


def test_a_refused_claim_is_told_at_the_click_and_leaves_no_job(scene, project, fault):
    before = scene.jobs()
    fault({"operation": "create", "entity_type": "Job", "content": "Jobs are closed today"})
    reply = scene.launch(IDENTIFIER, project, values={"entity_type": "Sequence"})
    assert reply["success"] is False
    assert told(errors.NOT_CLAIMED, reply["message"]) and "closed today" in reply["message"]
    assert [job["id"] for job in scene.jobs()] == [job["id"] for job in before]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_named(scene, project):
    assert told(errors.DISK_FULL, failed(scene.run("test.full-disk", project)))


def test_an_authors_own_sentence_stands_as_it_is(scene, project):
    job = scene.run("test.fails", project)
    assert failed(job) == "The reel is empty. Load another one."
    assert job["urls"] == []


def test_an_unexpected_exception_is_attached_as_a_text_file(scene, project):
    job = scene.run("test.raises", project)
    text = failed(job)
    assert told(errors.UNEXPECTED, text) and "a colour of {grey}" in text
    attached = fetch(job["urls"][0]).decode("utf-8")
    assert "ZeroDivisionError: a colour of {grey}" in attached and "in run" in attached


def test_uncommitted_changes_fail_the_job(scene, project):
    assert told(errors.UNCOMMITTED, failed(scene.run("test.forgets", project)))


def test_a_job_that_is_deleted_meanwhile_leaves_nothing_behind(server, scene, project, tmp_path):
    session = server.session()
    components = {each["id"] for each in session.query("select id from Component")}
    before = scene.jobs()
    gate = tmp_path / "gate"
    scene.launch("test.waits", project, values={"gate": str(gate)})
    job = scene.new_job(before)
    wait_for(
        lambda: any(each["description"] == "At the gate" for each in scene.jobs()), "The run at the gate"
    )
    session.call([{"action": "delete", "entity_type": "Job", "entity_key": [job["id"]]}])
    gate.touch()
    wait_for(lambda: list(scene.temporary.iterdir()) == [], "The end of the run")
    assert [each["id"] for each in scene.jobs()] == [each["id"] for each in before]
    assert {each["id"] for each in server.session().query("select id from Component")} == components


def test_a_job_that_somebody_ended_meanwhile_keeps_that_status_and_gets_no_file(
    server, scene, project, tmp_path
):
    session = server.session()
    before = scene.jobs()
    gate = tmp_path / "gate"
    scene.launch("test.waits", project, values={"gate": str(gate)})
    job = scene.new_job(before)
    session.call(
        [
            {
                "action": "update",
                "entity_type": "Job",
                "entity_key": [job["id"]],
                "entity_data": {"__entity_type__": "Job", "status": "failed"},
            }
        ]
    )
    gate.touch()
    wait_for(lambda: list(scene.temporary.iterdir()) == [], "The end of the run")
    ended = next(each for each in scene.jobs() if each["id"] == job["id"])
    assert ended["status"] == "failed" and ended["urls"] == []


def test_the_temporary_folder_of_this_test_is_the_one_that_runs_use(scene):
    assert str(scene.temporary) != tempfile.gettempdir()
