import sys

import pytest

from ftrack_jobs import Action, DeclarationError, Job
from ftrack_jobs.registry import Registry, actions_of, load_file, plugin_files

PLUGIN = """
from __future__ import annotations
from dataclasses import dataclass
from ftrack_jobs import Action, Job, plugin

@dataclass
class Found:
    name: str

class Sample(Action):
    label = "{label}"
    identifier = "{identifier}"

    def run(self, job: Job) -> str:
        return Found("x").name

register = plugin(Sample)
"""


@pytest.fixture
def folder(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    write.path = tmp_path
    return write


def test_plugins_are_found_at_any_depth_in_order(folder):
    folder("b.py", "")
    folder("a/deep.py", "")
    folder("notes.txt", "")
    assert [path.name for path in plugin_files([folder.path])] == ["deep.py", "b.py"]


def test_a_folder_gives_its_actions_and_a_broken_file_costs_no_other(folder):
    folder("one.py", PLUGIN.format(label="One", identifier="test.one"))
    folder("two.py", PLUGIN.format(label="Two", identifier="test.two"))
    folder("broken.py", "raise RuntimeError('no licence')")
    folder("foreign.py", "def register(session):\n    raise AssertionError('nobody asked')")
    registry = Registry()
    problems = registry.load([folder.path, folder.path / "missing"])
    assert [each.identifier for each in registry] == ["test.one", "test.two"]
    assert len(problems) == 2
    assert "broken.py" in problems[0] and "no licence" in problems[0]
    assert "missing" in problems[1]


def test_the_later_of_two_with_one_identifier_is_the_one(folder):
    folder("a.py", PLUGIN.format(label="Old", identifier="test.same"))
    folder("b.py", PLUGIN.format(label="New", identifier="test.same"))
    registry = Registry()
    assert registry.load([folder.path]) == []
    assert registry.find("test.same").label == "New"


def test_an_unknown_identifier_names_those_that_are_there():
    registry = Registry()
    with pytest.raises(DeclarationError, match=r"test\.none.*none"):
        registry.find("test.none")

    class Known(Action):
        label = identifier = "test.known"

        def run(self, job: Job) -> str:
            return ""

    registry.add(Known)
    with pytest.raises(DeclarationError, match=r"Installed: test\.known"):
        registry.find("test.none")


def test_a_file_is_loaded_under_the_same_name_each_time(folder):
    path = folder("one.py", PLUGIN.format(label="One", identifier="test.one"))
    first, second = load_file(path), load_file(path)
    assert first.__name__ == second.__name__
    assert sys.modules[first.__name__] is second
    assert actions_of(second)[0].__module__ == first.__name__


def test_two_files_of_one_name_do_not_meet(folder):
    text = PLUGIN.format(label="One", identifier="test.one")
    assert load_file(folder("a/x.py", text)).__name__ != load_file(folder("b/x.py", text)).__name__


def test_a_file_that_fails_leaves_no_module(folder):
    path = folder("broken.py", "1 / 0")
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        load_file(path)
    assert set(sys.modules) == before


def test_a_script_that_ends_its_process_costs_no_other(folder):
    folder("a_script.py", "import sys\nsys.exit('usage: a_script.py FILE')")
    folder("b.py", PLUGIN.format(label="B", identifier="test.b"))
    registry = Registry()
    (problem,) = registry.load([folder.path])
    assert "a_script.py" in problem and "usage" in problem
    assert [each.identifier for each in registry] == ["test.b"]
