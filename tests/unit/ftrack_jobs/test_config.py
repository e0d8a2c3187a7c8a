import os

import pytest

from ftrack_jobs.config import Config
from ftrack_jobs.errors import ConfigError


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "jobs.ini"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_defaults_hold_where_nothing_is_set():
    assert Config.load(environment={}) == Config()
    assert Config().workers == 4


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(written):
    path = written("[ftrack-jobs]\nworkers = 1\nqueue_limit = 10\nlog_level = debug\n")
    environment = {"FTRACK_JOBS_WORKERS": "2", "FTRACK_JOBS_QUEUE_LIMIT": "20"}
    config = Config.load(path, environment, workers=3, log_level=None)
    assert (config.workers, config.queue_limit, config.log_level) == (3, 20, "DEBUG")


def test_the_environment_names_the_file(written):
    path = written("[ftrack-jobs]\nworkers = 7\n")
    assert Config.load(environment={"FTRACK_JOBS_CONFIG": str(path)}).workers == 7


def test_folders_are_split_as_the_platform_does(written):
    environment = {"FTRACK_JOBS_PLUGIN_PATHS": os.pathsep.join(["/a", "", "/b"])}
    assert Config.load(environment=environment).plugin_paths == ("/a", "/b")
    path = written("[ftrack-jobs]\nplugin_paths =\n    /a\n    /b\n")
    assert Config.load(path, {}).plugin_paths == ("/a", "/b")
    assert Config.load(environment={}, plugin_paths=["/c"]).plugin_paths == ("/c",)


def test_percent_signs_and_empty_variables_mean_nothing_special(written):
    path = written("[ftrack-jobs]\nplugin_paths = /a/%(user)s/50%\n")
    config = Config.load(path, {"FTRACK_JOBS_WORKERS": ""})
    assert config.plugin_paths == ("/a/%(user)s/50%",)
    assert config.workers == 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("workers", "0"),
        ("workers", "many"),
        ("workers", "1.5"),
        ("report_interval_s", "0"),
        ("report_interval_s", "nan"),
        ("request_timeout_s", "inf"),
        ("log_level", "loud"),
    ],
)
def test_a_wrong_setting_is_named_with_its_source(name, text, written):
    variable = f"FTRACK_JOBS_{name.upper()}"
    with pytest.raises(ConfigError, match=f"{name}.*{variable}.*{text}"):
        Config.load(environment={variable: text})
    path = written(f"[ftrack-jobs]\n{name} = {text}\n")
    with pytest.raises(ConfigError, match=name) as caught:
        Config.load(path, {})
    assert str(path) in str(caught.value)


def test_an_unknown_setting_is_refused_with_the_nearest_name(written):
    with pytest.raises(ConfigError, match=r"'worker'.*'workers'"):
        Config.load(written("[ftrack-jobs]\nworker = 3\n"), {})
    with pytest.raises(ConfigError, match="command line"):
        Config.load(environment={}, wrokers=3)


@pytest.mark.parametrize("text", ["workers = 3\n", "[jobs]\nworkers = 3\n", "[ftrack-jobs\n"])
def test_a_file_that_is_none_is_refused_by_its_name(text, written):
    path = written(text)
    with pytest.raises(ConfigError) as caught:
        Config.load(path, {})
    assert str(path) in str(caught.value)


def test_a_missing_file_is_refused_by_its_name(tmp_path):
    with pytest.raises(ConfigError) as caught:
        Config.load(tmp_path / "none.ini", {})
    assert "none.ini" in str(caught.value)
