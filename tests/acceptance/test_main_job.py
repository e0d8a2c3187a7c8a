"""A click becomes a file: the shipped action, a listener process, and a second client that clicks."""

import csv
import io
import json
import threading

import pytest

from coordinator import PLUGINS, fetch, wait_for

IDENTIFIER = "ftrack-jobs.export-table"
COORDINATOR = "kim.ek"

#: An action that takes its time and tells how far it is; it goes on when the file it is told of appears.
SLOW = """
import pathlib
import time
from ftrack_jobs import Action, Form, Job, Text, plugin

class WaitForm(Form):
    gate = Text("Gate")

class Slow(Action):
    label = "Slow"
    identifier = "test.slow"
    allowed_types = ("Project",)
    form = WaitForm

    def run(self, job: Job[WaitForm]) -> str:
        gate = pathlib.Path(job.values.gate)
        deadline = time.monotonic() + 60
        while not gate.exists() and time.monotonic() < deadline:
            job.progress(3, 10)
            time.sleep(0.02)
        return "The gate opened"

register = plugin(Slow)
"""

#: An action that leaves a line wherever it runs.
TALLYING = """
from ftrack_jobs import Action, Job, plugin

class Tally(Action):
    label = "Tally"
    identifier = "test.tally"

    def run(self, job: Job) -> str:
        with open({tally!r}, "a", encoding="utf-8") as stream:
            stream.write("ran\\n")
        return "Tallied"

register = plugin(Tally)
"""


@pytest.fixture
def project(studio):
    session = studio.session()
    yield session.query("Project where is_private is false order by name").first()
    session.close()


def rows_of(job):
    text = fetch(job["urls"][0]).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_the_menu_offers_the_action_where_it_fits_and_hides_it_elsewhere(studio, project):
    studio.listen()
    browser = studio.browser(COORDINATOR)
    offered = browser.menu(project)
    assert [(item["label"], item["variant"], item["actionIdentifier"]) for item in offered] == [
        ("Export", "Table", IDENTIFIER)
    ]
    task = browser.session.query("Task").first()
    _, replies = browser.publish(
        "ftrack.action.discover", {"selection": [{"entityType": "task", "entityId": task["id"]}]}
    )
    # A menu that fits, asked for later, is answered later: by then the first would have been.
    assert browser.menu(project)
    assert replies == []


def test_a_click_shows_the_form_then_answers_then_makes_a_job_with_its_file(studio, project):
    studio.listen()
    browser = studio.browser(COORDINATOR)
    form = browser.launch(IDENTIFIER, project)
    assert [item["name"] for item in form["items"] if "name" in item] == ["entity_type", "columns", "format"]
    assert {each["value"] for each in form["items"][0]["data"]} >= {"Task", "Shot", "Sequence", "AssetBuild"}

    before = browser.jobs()
    reply = browser.launch(
        IDENTIFIER, project, values={"entity_type": "Task", "columns": "link, name", "format": "csv"}
    )
    assert reply["success"] is True
    job = browser.ended(browser.new_job(before))
    assert job["status"] == "done"
    header, *rows = rows_of(job)
    assert header == ["link", "name"]
    assert job["description"] == f"Exported {len(rows):,} tasks"
    tasks = browser.session.query(f"select id from Task where project_id is {project['id']}").all()
    assert len(rows) == len(tasks)


def test_wrong_values_bring_the_form_back_filled_in_with_the_reason_on_top(studio, project):
    studio.listen()
    browser = studio.browser(COORDINATOR)
    before = browser.jobs()
    values = {"entity_type": "Shot", "columns": "name, statsu.name", "format": "csv"}
    form = browser.launch(IDENTIFIER, project, values=values)
    assert form["items"][0]["type"] == "label"
    assert "statsu" in form["items"][0]["value"] and "status" in form["items"][0]["value"]
    filled_in = {item["name"]: item["value"] for item in form["items"] if "name" in item}
    assert filled_in == values
    assert [job["id"] for job in browser.jobs()] == [job["id"] for job in before]


def test_the_answer_comes_before_the_work_ends_and_progress_shows(studio, project, plugin_file, tmp_path):
    studio.listen(plugin_file(SLOW))
    browser = studio.browser(COORDINATOR)
    gate = tmp_path / "gate"
    before = browser.jobs()
    reply = browser.launch("test.slow", project, values={"gate": str(gate)})
    assert reply["success"] is True
    job = browser.new_job(before)
    # The work cannot have ended: its gate is still closed.
    assert job["status"] in ("queued", "running")
    wait_for(
        lambda: any("30 %" in each["description"] for each in browser.jobs() if each["id"] == job["id"]),
        "The progress of the Job",
    )
    gate.touch()
    assert browser.ended(job)["description"] == "The gate opened"


def test_waiting_jobs_show_their_place(studio, project, plugin_file, tmp_path):
    studio.listen(plugin_file(SLOW), FTRACK_JOBS_WORKERS="1")
    browser = studio.browser(COORDINATOR)
    gate = tmp_path / "gate"
    known = browser.jobs()
    mine = []
    for _ in range(3):
        assert browser.launch("test.slow", project, values={"gate": str(gate)})["success"] is True
        mine.append(browser.new_job(known + mine))
    places = ["Waiting, 1st in line", "Waiting, 2nd in line"]

    def described():
        found = {job["id"]: job["description"] for job in browser.jobs()}
        return [found[job["id"]] for job in mine[1:]] == places

    wait_for(described, "The places of the waiting Jobs")
    gate.touch()
    assert [browser.ended(job)["status"] for job in mine] == ["done"] * 3


def test_two_users_who_click_at_once_each_get_their_own_file(studio, project):
    studio.listen()
    ended = {}

    def click(username, entity_type):
        browser = studio.browser(username)
        ended[username] = browser.run(
            IDENTIFIER, project, values={"entity_type": entity_type, "columns": "name"}
        )

    threads = [
        threading.Thread(target=click, args=each)
        for each in ((COORDINATOR, "Shot"), ("joerg.weiss", "Sequence"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {job["status"] for job in ended.values()} == {"done"}
    assert "shots" in ended[COORDINATOR]["description"]
    assert "sequences" in ended["joerg.weiss"]["description"]


def test_two_listeners_make_one_job_of_one_click_and_one_of_them_answers(
    studio, project, plugin_file, tmp_path
):
    tally = tmp_path / "tally"
    folder = plugin_file(TALLYING.format(tally=str(tally)))
    for _ in range(2):
        studio.listen(folder)
    browser = studio.browser(COORDINATOR)
    selection = {"selection": [{"entityType": "show", "entityId": project["id"]}]}
    before = browser.jobs()
    _, answers = browser.publish("ftrack.action.launch", {**selection, "actionIdentifier": "test.tally"})
    assert browser.ended(browser.new_job(before))["status"] == "done"
    # Both have answered this later menu, so both are through with the click.
    _, menus = browser.publish("ftrack.action.discover", selection)
    wait_for(lambda: len(menus) == 2, "The second listener's menu", lambda: browser.hub.wait(0.05))
    assert [answer["success"] for answer in answers] == [True]
    assert len(browser.jobs()) == len(before) + 1
    assert tally.read_text(encoding="utf-8") == "ran\n"


def test_the_key_is_in_no_job_no_event_no_log_and_no_file(studio, project, plugin_file):
    folder = plugin_file(
        "import os\n"
        "from ftrack_jobs import Action, Job, plugin\n"
        "class Leaky(Action):\n"
        "    label = 'Leaky'\n"
        "    identifier = 'test.leaky'\n"
        "    def run(self, job: Job) -> str:\n"
        "        raise RuntimeError('see http://x/?apiKey=' + os.environ['FTRACK_API_KEY'])\n"
        "register = plugin(Leaky)\n"
    )
    listener = studio.listen(PLUGINS, folder, FTRACK_JOBS_LOG_LEVEL="DEBUG")
    browser = studio.browser(COORDINATOR)
    events = []
    browser.hub.subscribe("topic=ftrack.*", lambda event: events.append(str(event)))
    failed = browser.run("test.leaky", project)
    done = browser.run(IDENTIFIER, project, values={"entity_type": "Sequence"})
    assert (failed["status"], done["status"]) == ("failed", "done")
    files = [fetch(url).decode("utf-8") for job in (failed, done) for url in job["urls"]]
    assert len(files) == 2 and "RuntimeError" in files[0]
    wait_for(
        lambda: any("ftrack.update" in each and done["id"] in each for each in events),
        "The event of the Job",
        lambda: browser.hub.wait(0.05),
    )
    listener.stop()
    key = studio.environment["FTRACK_API_KEY"]
    jobs = json.dumps([failed, done])
    places = {"job": jobs, "files": "".join(files), "log": listener.output(), "events": "".join(events)}
    assert all(places.values())
    assert [name for name, text in places.items() if key in text] == []
