import os
import uuid
import zipfile

import pytest

from ftrack_jobs import JobFailed
from ftrack_jobs.runner.attachment import component_id_of, discard, distinct_names, pack, upload
from ftrack_jobs.session import ask_raw


@pytest.fixture
def write(tmp_path):
    def write(name, text="text"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_one_file_goes_as_it_is_and_none_is_none(write, tmp_path):
    path = write("shots.csv")
    assert pack([path], tmp_path, "Export") == path
    assert pack([], tmp_path, "Export") is None


def test_several_files_become_one_zip_in_which_none_hides_another(write, tmp_path):
    files = [write("a/x.csv", "1"), write("b/x.csv", "2"), write("c/X.csv", "3"), write("y.txt", "4")]
    target = pack(files, tmp_path, "Export: Table")
    assert target.name == "Export_ Table.zip"
    with zipfile.ZipFile(target) as archive:
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            "x.csv": "1",
            "x (2).csv": "2",
            "X (3).csv": "3",
            "y.txt": "4",
        }


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(JobFailed, match=r"lost\.csv"):
        pack([tmp_path / "lost.csv"], tmp_path, "Export")


@pytest.mark.parametrize(
    ("names", "distinct"),
    [
        (["a", "b"], ["a", "b"]),
        (["a.csv", "a.csv", "a.csv"], ["a.csv", "a (2).csv", "a (3).csv"]),
        (["a (2).csv", "a.csv", "a.csv"], ["a (2).csv", "a.csv", "a (3).csv"]),
    ],
)
def test_names_are_told_apart(names, distinct):
    assert distinct_names(names) == distinct


def count(client, entity_type, criterion):
    expression = f"select id from {entity_type} where {criterion}"
    return len(ask_raw(client, [{"action": "query", "expression": expression}])[0]["data"])


@pytest.fixture
def component_id():
    return component_id_of(str(uuid.uuid4()))


def test_an_upload_is_made_once_and_taken_away_whole(client, ftrack_sandbox, write, component_id):
    path = write("Größe 映画.csv", "1;2")
    upload(client, path, component_id, lambda text: text)
    upload(client, path, component_id, lambda text: text)
    expression = f'select name, file_type, size from Component where id is "{component_id}"'
    row = ask_raw(client, [{"action": "query", "expression": expression}])[0]["data"][0]
    assert (row["name"], row["file_type"], row["size"]) == ("Größe 映画", ".csv", 3)
    assert count(client, "ComponentLocation", f'component_id is "{component_id}"') == 1
    assert ftrack_sandbox.storage.exists(component_id)

    discard(client, component_id)
    assert count(client, "Component", f'id is "{component_id}"') == 0
    assert count(client, "ComponentLocation", f'component_id is "{component_id}"') == 0
    assert not ftrack_sandbox.storage.exists(component_id)


def test_what_is_not_there_is_taken_away_without_a_word(client, component_id, caplog):
    discard(client, component_id)
    assert [record for record in caplog.records if record.levelname not in ("DEBUG", "INFO")] == []


def test_a_key_in_a_files_name_does_not_go_up(client, write, component_id):
    upload(client, write("key-123.txt"), component_id, lambda text: text.replace("key-123", "***"))
    expression = f'select name from Component where id is "{component_id}"'
    assert ask_raw(client, [{"action": "query", "expression": expression}])[0]["data"][0]["name"] == "***"


def test_the_component_follows_from_the_job():
    job_id = str(uuid.uuid4())
    assert component_id_of(job_id) == component_id_of(job_id) != component_id_of(str(uuid.uuid4()))


def test_files_older_than_zip_itself_are_packed_too(write, tmp_path):
    files = [write("old.csv", "1"), write("new.csv", "2")]
    os.utime(files[0], (0, 0))
    with zipfile.ZipFile(pack(files, tmp_path, "Export")) as archive:
        assert archive.read("old.csv") == b"1"
