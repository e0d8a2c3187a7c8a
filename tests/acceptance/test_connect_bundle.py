"""The bundle for ftrack Connect: what is in it, and the main job out of it in a host like Connect."""

import csv
import email
import importlib.metadata
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from coordinator import fetch, selected
from hosting import discover, write_plugin

ROOT = Path(__file__).resolve().parents[2]
IDENTIFIER = "ftrack-jobs.export-table"
#: The person at the machine on which Connect runs, and another one.
HERE, ELSEWHERE = "kim.ek", "joerg.weiss"

#: What Connect ships of what we need, with what that needs. *Source*: protocol reference 10.2.
SHIPPED = (
    *("ftrack-python-api", "ftrack-action-handler", "arrow", "clique", "platformdirs", "pyparsing"),
    *("requests", "urllib3", "certifi", "charset-normalizer", "idna", "websocket-client", "six"),
    *("python-dateutil", "packaging"),
)

#: Connect, as far as plugins see it: a session with plugins, a thread that pumps the hub, and a launcher that
#: publishes in its own process. Takes events on standard input, answers on standard output.
#: *Source*: protocol reference 6.9, 10.2.
CONNECT = """
import json, sys, threading
sys.path.append(sys.argv[1])
import ftrack_api, ftrack_api.event.base

session = ftrack_api.Session(auto_connect_event_hub=True)
stopping = threading.Event()

def pump():
    while not stopping.is_set():
        session.event_hub.wait(duration=0)

thread = threading.Thread(target=pump)
thread.start()
heard = threading.Event()
session.event_hub.subscribe("topic=test.heard", lambda event: heard.set())
session.event_hub.publish(ftrack_api.event.base.Event("test.heard"))
print(json.dumps(heard.wait(60)), flush=True)
for line in sys.stdin:
    topic, data = json.loads(line)
    if topic == "modules":
        answer = {name: getattr(sys.modules.get(name), "__file__", None) for name in data}
    else:
        event = ftrack_api.event.base.Event(topic, data=data)
        answer = session.event_hub.publish(event, synchronous=True)
    print(json.dumps(answer), flush=True)
stopping.set()
thread.join()
"""


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """The zip, as `python setup.py build_plugin` makes it."""
    folder = tmp_path_factory.mktemp("build")
    options = ["--build-base", str(folder / "build"), "--dist-dir", str(folder / "dist")]
    built = subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_plugin", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = (folder / "dist").iterdir()
    return found


@pytest.fixture(scope="session")
def bundle(archive, tmp_path_factory):
    """The unpacked bundle, elsewhere than where it was staged."""
    folder = tmp_path_factory.mktemp("ftrack-connect-plugins")
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="session")
def connect_site(tmp_path_factory):
    """A folder with the distributions that Connect ships, and nothing else."""
    site = tmp_path_factory.mktemp("connect-site")
    for name in SHIPPED:
        for file in importlib.metadata.files(name) or ():
            source = Path(file.locate())
            if ".." not in file.parts and "__pycache__" not in file.parts and source.is_file():
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    return site


class Connect:
    """A running process that is like ftrack Connect, with one bundle."""

    def __init__(self, studio, bundle, site, folder):
        script = folder / "connect.py"
        script.write_text(CONNECT, encoding="utf-8")
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("FTRACK_", "PYTHON", "VIRTUAL_ENV"))
        }
        self.log = folder / "connect.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", str(script), str(site)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={
                    **inherited,
                    **studio.environment,
                    "FTRACK_API_USER": HERE,
                    "FTRACK_EVENT_PLUGIN_PATH": str(bundle / "hook"),
                },
                cwd=folder,
            )
        assert self._answer() is True

    def ask(self, topic, data):
        """Let Connect's own launcher publish; returns the replies of its plugins."""
        self.process.stdin.write(json.dumps([topic, data]).encode() + b"\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self):
        with self.process:
            self.process.stdin.close()
        return self.process.returncode

    def _answer(self):
        line = self.process.stdout.readline()
        assert line, self.log.read_text(encoding="utf-8", errors="replace")
        return json.loads(line)


@pytest.fixture
def connect(studio, bundle, connect_site, tmp_path):
    """Return a function that starts Connect with the bundle, or with a bundle of the test's own."""
    started = []

    def start(own=None):
        started.append(Connect(studio, own or bundle, connect_site, tmp_path))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def project(studio):
    session = studio.session()
    yield session.query("Project where is_private is false order by name").first()
    session.close()


def names_in(archive):
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        return [Path(name) for name in opened.namelist() if not name.endswith("/")]


# What is in it


def test_the_bundle_is_named_and_laid_out_as_connect_expects(archive, bundle):
    version = re.search(
        r'__version__ = "(.+)"', (ROOT / "source/ftrack_jobs/__init__.py").read_text(encoding="utf-8")
    ).group(1)
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?(rc\d+)?", version)
    assert archive.name == f"ftrack-jobs-{version}.zip"
    assert bundle.name == f"ftrack-jobs-{version}"
    assert {name.parts[0] for name in names_in(archive)} == {bundle.name}
    assert {each.name for each in bundle.iterdir()} == (
        {"hook", "plugins", "dependencies", "resource", "__version__.py", "LICENSE"}
    )
    assert (bundle / "__version__.py").read_text(encoding="utf-8") == f'__version__ = "{version}"\n'
    # All of `hook` is executed, so there is but the one file.
    assert [each.name for each in (bundle / "hook").rglob("*")] == ["ftrack_jobs_hook.py"]
    for folder, source in (("plugins", "plugins"), ("resource", "resource")):
        expected = {each.name for each in (ROOT / source).iterdir() if each.name != "__pycache__"}
        assert {each.name for each in (bundle / folder).iterdir()} == expected
    package = ROOT / "source" / "ftrack_jobs"
    assert {each.relative_to(package) for each in package.rglob("*.py")} == {
        each.relative_to(bundle / "dependencies/ftrack_jobs")
        for each in (bundle / "dependencies/ftrack_jobs").rglob("*.py")
    }


def test_nothing_in_it_is_compiled_or_ships_with_connect(archive, bundle):
    suffixes = {name.suffix for name in names_in(archive)}
    assert not suffixes & {".pyc", ".so", ".pyd", ".dll", ".dylib", ".exe"}
    shipped = {name.replace("-", "_").lower() for name in SHIPPED}
    shipped |= {"ftrack_api", "websocket", "dateutil", "yaml", "pyside6"}
    top = {each.name.lower() for each in (bundle / "dependencies").iterdir()}
    assert not {name for name in top if re.split(r"[-.]", name)[0] in shipped}
    # And what the command line needs is there.
    assert {"ftrack_jobs", "click", "rich"} <= top


def test_every_dependency_is_pure_and_takes_connects_python(bundle):
    folders = list((bundle / "dependencies").glob("*.dist-info"))
    assert folders
    for folder in folders:
        wheel = email.message_from_string((folder / "WHEEL").read_text(encoding="utf-8"))
        assert wheel["Root-Is-Purelib"] == "true", folder.name
        assert all(tag.endswith("-none-any") for tag in wheel.get_all("Tag")), folder.name
        metadata = email.message_from_string((folder / "METADATA").read_text(encoding="utf-8"))
        assert SpecifierSet(metadata["Requires-Python"] or "").contains("3.13.0"), folder.name


# What it does


def test_a_click_of_the_person_at_the_machine_becomes_a_file(studio, connect, project):
    connect()
    browser = studio.browser(HERE)
    assert [item["actionIdentifier"] for item in browser.menu(project)] == [IDENTIFIER]
    form = browser.launch(IDENTIFIER, project)
    assert [item["name"] for item in form["items"] if "name" in item] == ["entity_type", "columns", "format"]
    values = {"entity_type": "Sequence", "columns": "name", "format": "csv"}
    job = browser.run(IDENTIFIER, project, values=values)
    assert job["status"] == "done", job
    header, *rows = csv.reader(io.StringIO(fetch(job["urls"][0]).decode("utf-8-sig"), newline=""))
    sequences = browser.session.query(f"select name from Sequence where project_id is {project['id']}")
    assert header == ["name"]
    assert sorted(row[0] for row in rows) == sorted(each["name"] for each in sequences)


def test_everybody_elses_menu_shows_nothing_of_it_and_their_clicks_do_nothing(studio, connect, project):
    connect()
    other, browser = studio.browser(ELSEWHERE), studio.browser(HERE)
    before = other.jobs()
    menu = discover(other, project)
    _, clicked = other.publish(
        "ftrack.action.launch",
        {"actionIdentifier": IDENTIFIER, "selection": [selected(project)], "values": {}},
    )
    # Connect handles one event after the other, and it has come to this one.
    assert browser.menu(project)
    other.hub.wait(0.3)
    assert menu == [] and clicked == []
    assert other.jobs() == before


def test_connects_own_launcher_gets_a_message_and_runs_with_the_defaults(studio, connect, project):
    host = connect()
    selection = {"selection": [selected(project)]}
    replies = host.ask("ftrack.action.discover", selection)
    assert [item["label"] for reply in replies for item in reply["items"]] == ["Export"]
    browser = studio.browser(HERE)
    before = browser.jobs()
    replies = host.ask("ftrack.action.launch", {"actionIdentifier": IDENTIFIER, **selection})
    assert replies == [{"success": True, "message": "Export Table started. Follow it in your Jobs menu."}]
    job = browser.ended(browser.new_job(before))
    assert job["status"] == "done", job
    assert re.fullmatch(r"Exported [\d,]+ tasks", job["description"])
    assert fetch(job["urls"][0]).startswith(b"\xef\xbb\xbflink,name,type.name")


def test_a_field_without_default_is_named_where_no_form_is_shown(studio, connect, bundle, project, tmp_path):
    own = tmp_path / bundle.name
    shutil.copytree(bundle, own)
    asks = """
        from ftrack_jobs import Action, Form, Number, Text, plugin

        class Questions(Form):
            reason = Text("The reason", required=True)
            count = Number("How many", default=3)

        class Asks(Action):
            label = "Asks"
            identifier = "test.asks"
            form = Questions

            def run(self, job):
                return job.values.reason

        register = plugin(Asks)
    """
    write_plugin(own / "plugins", "asks.py", asks)
    host = connect(own)
    browser = studio.browser(HERE)
    before = browser.jobs()
    (reply,) = host.ask("ftrack.action.launch", {"actionIdentifier": "test.asks", "selection": []})
    assert reply["success"] is False
    assert "The reason" in reply["message"] and "How many" not in reply["message"]
    assert "web page" in reply["message"]
    assert [job["id"] for job in browser.jobs()] == [job["id"] for job in before]
    # The web page shows the form.
    assert browser.run("test.asks", values={"reason": "because"})["description"] == "because"


def test_connect_keeps_what_it_ships_and_takes_the_rest_from_the_bundle(connect, bundle, connect_site):
    found = connect().ask("modules", ["requests", "ftrack_api", "ftrack_jobs", "pytest", "setuptools"])
    assert Path(found["requests"]).is_relative_to(connect_site)
    assert Path(found["ftrack_api"]).is_relative_to(connect_site)
    assert Path(found["ftrack_jobs"]).is_relative_to(bundle / "dependencies")
    assert found["pytest"] is None and found["setuptools"] is None


def test_connect_ends_in_order_with_the_bundle_in_it(studio, connect, project):
    host = connect()
    browser = studio.browser(HERE)
    values = {"entity_type": "Sequence", "columns": "name"}
    assert browser.run(IDENTIFIER, project, values=values)["status"] == "done"
    code = host.close()
    # The client's own files may make newer Pythons warn.
    log = host.log.read_text(encoding="utf-8")
    assert code == 0, log
    assert "Traceback" not in log and "ftrack_jobs" not in log
