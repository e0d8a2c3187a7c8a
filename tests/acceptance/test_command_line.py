"""The commands as processes: `listen` beside others' plugins and through outages, `run` without a Job."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from coordinator import PLUGINS, Browser, fetch, wait_for
from hosting import discover, first_menu, write_plugin

IDENTIFIER = "ftrack-jobs.export-table"
COORDINATOR = "kim.ek"
COMMAND = [sys.executable, "-c", "from ftrack_jobs.cli import main; main()"]

#: What studios have on their plugin paths: subscriptions by hand ...
BY_HAND = """
    import pathlib
    import ftrack_api

    def register(session, **options):
        if not isinstance(session, ftrack_api.Session):
            return

        def ready(event):
            count = len(session.query("Project").all())
            pathlib.Path(__file__).with_name("ready").write_text(str(count))

        def discover(event):
            return {"items": [{"label": "By hand", "actionIdentifier": "studio.by-hand"}]}

        def launch(event):
            return {"success": True, "message": "By hand, for " + event["source"]["user"]["username"]}

        hub = session.event_hub
        hub.subscribe("topic=ftrack.api.session.ready", ready)
        hub.subscribe("topic=ftrack.action.discover", discover)
        hub.subscribe("topic=ftrack.action.launch and data.actionIdentifier=studio.by-hand", launch)
"""
#: ... and actions on the action handler, that take the session alone.
BY_HANDLER = """
    from __future__ import annotations
    from dataclasses import dataclass
    from ftrack_action_handler.action import BaseAction

    @dataclass
    class Shout:
        text: str

    class Handled(BaseAction):
        label = "Handled"
        identifier = "studio.handled"

        def discover(self, session, entities, event):
            return True

        def launch(self, session, entities, event):
            name = session.get(*entities[0])["name"]
            return {"success": True, "message": Shout(name).text.upper()}

    def register(session):
        Handled(session).register()
"""


@pytest.fixture
def project(studio):
    session = studio.session()
    yield session.query("Project where is_private is false order by name").first()
    session.close()


@pytest.fixture
def run_command(studio, tmp_path):
    """Return a function that runs `ftrack-jobs` to its end, by default as a coordinator."""

    def run(*arguments, **environment):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FTRACK_")}
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            env={**inherited, **studio.environment, "FTRACK_API_USER": COORDINATOR, **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=100,
            check=False,
        )

    return run


def test_others_plugins_are_hosted_unchanged_and_broken_ones_cost_nobody_else(studio, project, tmp_path):
    folder = write_plugin(tmp_path / "studio", "by_hand.py", BY_HAND)
    write_plugin(folder, "raises_at_import.py", "import a_module_that_is_nowhere\n")
    write_plugin(folder, "raises_in_register.py", "def register(session):\n    session.types['Task']\n")
    write_plugin(folder, "helper.py", "ANSWER = 42\n")
    write_plugin(folder / "below", "by_handler.py", BY_HANDLER)
    listener = studio.listen(folder, PLUGINS)
    browser = studio.browser(COORDINATOR)

    replies = discover(browser, project)
    wait_for(lambda: len(replies) >= 3, "The replies of three actions", lambda: browser.hub.wait(0.05))
    offered = {item["actionIdentifier"] for reply in replies for item in reply["items"]}
    assert offered == {"studio.by-hand", "studio.handled", IDENTIFIER}
    by_hand = browser.launch("studio.by-hand", project)
    assert by_hand == {"success": True, "message": f"By hand, for {COORDINATOR}"}
    assert browser.launch("studio.handled", project)["message"] == project["name"].upper()
    # Registered early enough to hear that the session is ready, as the client itself does it.
    assert int((folder / "ready").read_text(encoding="utf-8")) >= 1

    log = listener.output()
    for name in ("raises_at_import.py", "raises_in_register.py"):
        assert re.search(rf"ERROR The plugin \S*{name} cannot be used", log), log
    assert "a_module_that_is_nowhere" in log
    assert "helper.py has no function called register" in log
    assert "by_h" not in log


@pytest.fixture
def restartable(studio, tmp_path):
    """Return a function that starts a server of its own, again and again on one port, with one database.

    The first call, which makes the database, also puts its address and key into the environment.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    before = dict(studio.environment)

    def start():
        address = tmp_path / "address.env"
        address.unlink(missing_ok=True)
        server = studio.script(
            "ftrack_sandbox",
            *("serve", "--port", str(port), "--database", f"sqlite:///{(tmp_path / 'own.db').as_posix()}"),
            *("--env-file", str(address)),
        )

        def look():
            assert server.popen.poll() is None, server.output()
            return address.exists()

        wait_for(look, "The server")
        if studio.environment == before:
            lines = address.read_text(encoding="utf-8").split()
            studio.environment.update(line.split("=", 1) for line in lines)
        return server

    yield start
    studio.environment = before


def test_the_listener_waits_for_the_server_and_comes_back_after_an_outage(studio, restartable, tmp_path):
    restartable().stop()
    listener = studio.script("ftrack_jobs", "listen", "--plugin-path", str(PLUGINS))
    wait_for(lambda: "No session with" in listener.output(), "The complaint that no server is there")

    def click():
        browser = Browser(studio.session(COORDINATOR))
        try:
            project = browser.session.query("Project where is_private is false").first()
            first_menu(browser, listener, project)
            values = {"entity_type": "Sequence", "columns": "name"}
            assert browser.run(IDENTIFIER, project, values=values)["status"] == "done"
        finally:
            browser.close()

    server = restartable()
    click()
    server.stop()
    wait_for(lambda: "The connection to the event hub is lost" in listener.output(), "Word of the outage")
    restartable()
    click()
    assert listener.output().count("Listening at") == 2
    assert listener.stop() == 0


def test_a_wrong_key_ends_the_listener_with_a_sentence(studio):
    listener = studio.script(
        "ftrack_jobs", "listen", "--plugin-path", str(PLUGINS), FTRACK_API_KEY="not-the-key"
    )
    assert listener.popen.wait(60) == 2
    log = listener.output()
    assert f"refuses the credentials of {studio.environment['FTRACK_API_USER']}" in log
    assert "FTRACK_API_KEY" in log
    assert "not-the-key" not in log and "Traceback" not in log


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ((), {}, "No folder of plugins is named. Give --plugin-path, or set FTRACK_EVENT_PLUGIN_PATH"),
        (("--plugin-path", "/nowhere"), {}, "There is no folder /nowhere. Correct the plugin path."),
        ((), {"FTRACK_EVENT_PLUGIN_PATH": "/not/there"}, "There is no folder /not/there."),
        (
            ("--plugin-path", "."),
            {"FTRACK_SERVER": "", "FTRACK_API_KEY": ""},
            "FTRACK_SERVER, FTRACK_API_KEY",
        ),
        (("--plugin-path", ".", "--workers", "0"), {}, "The setting 'workers', read from the command line"),
        (("--plugin-path", ".", "--config", "none.ini"), {}, "The file none.ini cannot be read"),
        (("--plugin-path", ".", "--ready-file", "nowhere/ready"), {}, "nowhere/ready cannot be written"),
    ],
    ids=["no folder", "no such folder", "none in the environment", "no site", "workers", "config", "ready"],
)
def test_what_the_listener_cannot_work_with_is_said_in_a_sentence(run_command, arguments, environment, said):
    ended = run_command("listen", *arguments, **environment)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert ended.stderr.startswith("Error: ") and "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_run_writes_the_file_of_a_click_and_makes_no_job(studio, project, run_command, tmp_path):
    values = {"entity_type": "Shot", "columns": "link, name, status.name", "format": "csv"}
    studio.listen()
    browser = studio.browser(COORDINATOR)
    job = browser.run(IDENTIFIER, project, values=values)
    before = [job["id"] for job in browser.jobs()]

    options = [word for name, value in values.items() for word in ("--value", f"{name}={value}")]
    ended = run_command(
        *("run", IDENTIFIER, "--plugin-path", PLUGINS, "--select", f"Project:{project['name']}"),
        *options,
        *("--output", tmp_path / "out"),
        # As in a terminal, where the bar is drawn.
        FORCE_COLOR="1",
    )
    assert ended.returncode == 0, ended.stderr
    (file,) = (tmp_path / "out").iterdir()
    assert ended.stdout == f"{file}\n"
    assert file.read_bytes() == fetch(job["urls"][0])
    assert file.name.endswith(".csv") and "-Shot-" in file.name
    # Its bar, with the title, and what a Job would say.
    assert "Export Table" in ended.stderr and "%" in ended.stderr
    assert job["description"] in ended.stderr
    assert [job["id"] for job in browser.jobs()] == before


def test_what_run_cannot_do_is_said_in_a_sentence(studio, project, run_command, tmp_path):
    browser = studio.browser(COORDINATOR)
    before = [job["id"] for job in browser.jobs()]
    ended = run_command(
        *("run", IDENTIFIER, "--select", f"Project:{project['name']}", "--value", "format=docx"),
        FTRACK_EVENT_PLUGIN_PATH=str(PLUGINS),
    )
    assert ended.returncode == 1
    assert ended.stderr == 'File type: offers csv, not "docx".\n'
    assert ended.stdout == ""
    assert list(tmp_path.iterdir()) == []
    assert [job["id"] for job in browser.jobs()] == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to another process")
def test_an_interrupted_run_ends_at_once_and_leaves_nothing(studio, plugin_file, tmp_path):
    folder = plugin_file(
        "import pathlib, time\n"
        "from ftrack_jobs import Action, plugin\n"
        "class Endless(Action):\n"
        "    label = 'Endless'\n"
        "    identifier = 'test.endless'\n"
        "    def run(self, job):\n"
        "        (job.workdir / 'half').touch()\n"
        "        pathlib.Path('begun').write_text(str(job.workdir))\n"
        "        while True:\n"
        "            time.sleep(0.02)\n"
        "register = plugin(Endless)\n"
    )
    begun = studio.folder / "begun"
    process = studio.script("ftrack_jobs", "run", "test.endless", "--plugin-path", str(folder))
    workdir = Path(wait_for(lambda: begun.exists() and begun.read_text(encoding="utf-8"), "The run"))
    begun.unlink()
    assert (workdir / "half").exists()
    assert process.stop(signal.SIGINT) != 0
    assert not workdir.exists()
