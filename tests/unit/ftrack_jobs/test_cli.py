"""The command line in this process, against a real server; the processes are in the acceptance tests."""

import configparser
import dataclasses
import logging
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from ftrack_jobs import __version__
from ftrack_jobs.cli import _log, main
from ftrack_jobs.config import Config

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
IDENTIFIER = "ftrack-jobs.export-table"

#: An action of which each field is of another kind; says what it got.
ECHO = """
from ftrack_jobs import Action, Boolean, Date, Form, MultiChoice, Number, Text, plugin

class EchoForm(Form):
    title = Text("Title")
    count = Number("Count", whole=True)
    day = Date("Day")
    loud = Boolean("Loud")
    kinds = MultiChoice("Kinds", {"a": "First", "b": "Second"})

class Echo(Action):
    label = "Echo [of all]"
    identifier = "test.echo"
    form = EchoForm

    def run(self, job):
        (job.workdir / "echo.txt").write_text(repr(job.values.as_json()), encoding="utf-8")
        job.attach(job.workdir / "echo.txt")
        return f"{job.user.username} on {sorted(each.id for each in job.selection)}"

register = plugin(Echo)
"""


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """The command configures logging for its process, which here is the tests'."""
    root, client = logging.getLogger(), logging.getLogger("ftrack_api")
    before = root.handlers[:], root.level, client.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    client.setLevel(before[2])
    session_logger = logging.getLogger("ftrack_api.session.Session")
    for each in session_logger.filters[:]:
        session_logger.removeFilter(each)


@pytest.fixture
def command(ftrack_sandbox, ftrack_jobs_schema_cache, monkeypatch, tmp_path):
    """Return a function that runs the command with the server and the shipped plugins in its environment."""
    monkeypatch.chdir(tmp_path)
    for name, value in ftrack_sandbox.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FTRACK_EVENT_PLUGIN_PATH", str(PLUGINS))
    runner = CliRunner()

    def run(*arguments, **environment):
        return runner.invoke(main, [str(each) for each in arguments], env=environment)

    return run


@pytest.fixture
def echo(tmp_path):
    folder = tmp_path / "echo_plugins"
    folder.mkdir()
    (folder / "echo.py").write_text(ECHO, encoding="utf-8")
    return folder


@pytest.fixture
def project(ftrack_session):
    return ftrack_session.query("select id, name from Project where is_private is false").first()


def jobs_of(session):
    return {job["id"] for job in session.query("select id from Job").all()}


def refusal(ended):
    """Return the sentence of a command that failed, without its first word."""
    assert ended.exit_code == 1, ended.output
    assert ended.stdout == ""
    assert isinstance(ended.exception, SystemExit)
    assert ended.stderr.startswith("Error: ")
    return ended.stderr.removeprefix("Error: ").rstrip("\n")


# The list


def test_actions_lists_each_on_a_line_with_its_fields(command, echo):
    listed = command("actions", "--plugin-path", PLUGINS, "--plugin-path", echo)
    assert listed.exit_code == 0
    heading, *lines = (re.split(r" {2,}", line.strip()) for line in listed.stdout.splitlines())
    assert heading == ["identifier", "title", "works on", "fields"]
    assert lines == [
        [
            IDENTIFIER,
            "Export Table",
            "Project, Folder, Episode, Sequence, Shot, AssetBuild",
            "entity_type, columns, format",
        ],
        ["test.echo", "Echo [of all]", "anything", "title, count, day, loud, kinds"],
    ]


def test_actions_needs_no_server_and_takes_folders_from_the_settings(command, echo):
    environment = {"FTRACK_SERVER": "", "FTRACK_EVENT_PLUGIN_PATH": "", "FTRACK_JOBS_PLUGIN_PATHS": str(echo)}
    listed = command("actions", **environment)
    assert listed.exit_code == 0
    assert "test.echo" in listed.stdout


def test_actions_names_files_that_cannot_be_loaded_and_lists_the_others(command, echo):
    (echo / "broken.py").write_text("import a_module_that_is_nowhere\n", encoding="utf-8")
    listed = command("actions", "--plugin-path", echo)
    assert listed.exit_code == 0
    assert "test.echo" in listed.stdout
    assert "broken.py" in listed.stderr and "a_module_that_is_nowhere" in listed.stderr


def test_a_folder_without_actions_is_said_to_be_one(command, tmp_path):
    said = refusal(command("actions", "--plugin-path", tmp_path))
    assert str(tmp_path) in said and "register = plugin(...)" in said


# A run


def test_every_kind_of_field_can_be_given_as_text(command, echo, tmp_path):
    ended = command(
        *("run", "test.echo", "--plugin-path", echo, "--output", tmp_path / "out"),
        *("--value", "title=a=b", "--value", "count=7", "--value", "day=2024-05-03", "--value", "loud=yes"),
        *("--value", "kinds=a", "--value", "kinds=b"),
    )
    assert ended.exit_code == 0, ended.output
    file = tmp_path / "out" / "echo.txt"
    assert ended.stdout == f"{file}\n"
    values = {"title": "a=b", "count": 7, "day": "2024-05-03", "loud": True, "kinds": ["a", "b"]}
    assert file.read_text(encoding="utf-8") == repr(values)


def test_a_run_is_made_as_the_user_of_the_environment_and_leaves_no_job(command, echo, ftrack_session):
    before = jobs_of(ftrack_session)
    ended = command("run", "test.echo", "--plugin-path", echo, FTRACK_API_USER="kim.ek")
    assert ended.exit_code == 0, ended.output
    # In this process the log may tell of other tests' threads as well.
    assert ended.stderr.splitlines()[-1] == "kim.ek on []"
    assert jobs_of(ftrack_session) == before


def test_entities_are_selected_by_name_and_by_id(command, echo, project, ftrack_session):
    sequence = ftrack_session.query(f"select id from Sequence where project_id is {project['id']}").first()
    user = ftrack_session.query('select id from User where username is "kim.ek"').one()
    ended = command(
        *("run", "test.echo", "--plugin-path", echo, "--select", f"Project:{project['name']}"),
        *("--select", f"Sequence:{sequence['id']}", "--select", "User:kim.ek"),
    )
    assert ended.exit_code == 0, ended.output
    assert ended.stderr.endswith(f" on {sorted([project['id'], sequence['id'], user['id']])}\n")


def test_an_ambiguous_name_is_answered_with_where_each_lies(command, ftrack_session):
    names = [task["name"] for task in ftrack_session.query("select name from Task").all()]
    name = next(each for each in names if names.count(each) > 1)
    said = refusal(command("run", IDENTIFIER, "--select", f"Task:{name}"))
    first, *lines = said.splitlines()
    assert f"{names.count(name)} entities of type Task are called {name!r}. Name one by its id:" == first
    task = ftrack_session.get("Task", lines[0].split()[0])
    assert lines[0].endswith(" / ".join(each["name"] for each in task["link"]))
    assert len(lines) == min(names.count(name), 6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("no.such",),
            f"No action with the identifier 'no.such' is installed here. Installed: {IDENTIFIER}.",
        ),
        (
            (IDENTIFIER, "--value", "colour=red"),
            "Export Table has no field 'colour'; it has entity_type, columns",
        ),
        ((IDENTIFIER, "--value", "format"), "--value 'format' is not of the form FIELD=VALUE."),
        ((IDENTIFIER, "--select", "Project"), "--select 'Project' is not of the form TYPE:NAME"),
        ((IDENTIFIER, "--select", ":x"), "--select ':x' is not of the form TYPE:NAME"),
        ((IDENTIFIER, "--select", "Projct:x"), "There is no entity type 'Projct' here. Nearest are: Project"),
        (
            (IDENTIFIER, "--select", 'Project:no "such'),
            "pipeline.service sees no Project called 'no \"such'. Check the name, and the rights of the key.",
        ),
    ],
)
def test_a_wrong_argument_is_named_with_the_way_out(command, ftrack_session, arguments, said):
    before = jobs_of(ftrack_session)
    assert refusal(command("run", *arguments)).startswith(said)
    assert jobs_of(ftrack_session) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--value", "format=docx"), 'File type: offers csv, not "docx".'),
        (("--value", "columns=nmae"), "nmae"),
        ((), "Export Table needs a selection."),
    ],
)
def test_a_run_that_fails_says_why_and_leaves_no_file(command, project, tmp_path, arguments, said):
    selection = ("--select", f"Project:{project['name']}") if arguments else ()
    ended = command("run", IDENTIFIER, *selection, *arguments, "--output", tmp_path / "out")
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert said in ended.stderr and "Traceback" not in ended.stderr
    assert not (tmp_path / "out").exists()


def test_an_exception_of_the_author_is_shown_with_its_place(command, tmp_path):
    folder = tmp_path / "raising"
    folder.mkdir()
    text = ECHO.replace('(job.workdir / "echo.txt").write_text', "raise KeyError('missing')  # ")
    (folder / "raising.py").write_text(text, encoding="utf-8")
    ended = command("run", "test.echo", "--plugin-path", folder)
    assert ended.exit_code == 1
    assert "raising.py" in ended.stderr and "KeyError" in ended.stderr
    assert "Echo [of all] failed unexpectedly (KeyError" in ended.stderr


@pytest.mark.parametrize("selected", [(), ("--select", "Project:x")])
def test_a_wrong_key_and_a_server_that_is_away_are_told_apart(command, echo, selected):
    arguments = ("run", "test.echo", "--plugin-path", echo, *selected)
    wrong = command(*arguments, FTRACK_API_KEY="not-the-key")
    away = command(*arguments, FTRACK_SERVER="http://127.0.0.1:9")
    for ended, said in ((wrong, "InvalidCredentialsError"), (away, "it cannot be reached")):
        assert ended.exit_code == 1
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr and "not-the-key" not in ended.stderr
        assert ended.stdout == ""


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (("FTRACK_API_KEY",), "FTRACK_API_KEY is not set."),
        (("FTRACK_SERVER", "FTRACK_API_USER"), "FTRACK_SERVER, FTRACK_API_USER are not set."),
    ],
)
@pytest.mark.parametrize("name", ["run", "listen"])
def test_a_site_that_is_not_named_is_asked_for(command, missing, said, name):
    arguments = ("run", IDENTIFIER) if name == "run" else ("listen",)
    text = refusal(command(*arguments, **dict.fromkeys(missing, "")))
    assert text.startswith(said) and "ftrack-sandbox serve" in text


# Help, version, samples


@pytest.mark.parametrize("name", [(), ("listen",), ("run",), ("actions",)])
def test_help_describes_each_option(command, name):
    shown = command(*name, "--help")
    assert shown.exit_code == 0
    group = main if not name else main.commands[name[0]]
    for parameter in group.params:
        if parameter.param_type_name == "option":
            assert parameter.help, f"{parameter.name} has no help"
            assert parameter.opts[0] in shown.stdout
    assert command(*name, "-h").stdout == shown.stdout


def test_help_names_the_defaults_as_they_are(command):
    assert f"Default: {Config().workers}," in " ".join(command("listen", "--help").stdout.split())
    assert command("--version").stdout.split()[-1] == __version__


def test_the_sample_of_settings_holds_every_setting_with_its_default():
    sample = ROOT / "resource" / "ftrack-jobs.ini"
    assert Config.load(sample, {}) == Config()
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(sample, encoding="utf-8")
    assert set(parser["ftrack-jobs"]) == {field.name for field in dataclasses.fields(Config)}


def test_the_sample_of_a_service_starts_what_there_is():
    unit = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    # As systemd has it.
    unit.optionxform = str
    unit.read(ROOT / "resource" / "ftrack-jobs.service", encoding="utf-8")
    program, command_name, *options = unit["Service"]["ExecStart"].split()
    assert Path(program).name == "ftrack-jobs"
    known = {each for parameter in main.commands[command_name].params for each in parameter.opts}
    assert {each for each in options if each.startswith("-")} <= known
    # Within five seconds its Jobs are ended.
    assert float(unit["Service"]["TimeoutStopSec"]) > 5


def test_the_key_is_in_no_line_of_the_log_whatever_its_level(monkeypatch, capsys):
    monkeypatch.setenv("FTRACK_API_KEY", "a-secret/key")
    _log("DEBUG")
    # As urllib3 logs each request, and as a traceback tells of one.
    logging.getLogger("urllib3.connectionpool").debug('"GET /component/remove?apiKey=%s"', "a-secret%2Fkey")
    try:
        raise ValueError("https://site/?apiKey=a-secret/key")
    except ValueError:
        logging.getLogger("a.plugin").exception("It failed")
    said = capsys.readouterr().err
    assert "component/remove" in said and "It failed" in said
    assert "a-secret" not in said
