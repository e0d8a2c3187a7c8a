import csv
import errno

import pytest

from ftrack_jobs.errors import JobCancelled, QueryError
from ftrack_jobs.export import Column, export
from ftrack_jobs.export.reader import sort_key
from ftrack_jobs.export.writers import WRITERS

ROWS = [
    {"name": "b", "status": {"name": "Done"}, "link": [{"name": "Show"}, {"name": "b"}]},
    {"name": "a", "status": None, "link": [{"name": "Show"}, {"name": "a"}]},
    {"name": "c", "status": {"name": "Done"}, "link": [{"name": "Other"}]},
]


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_rows_become_a_file_with_a_header(tmp_path):
    path = tmp_path / "a.csv"
    assert export(ROWS, [Column("name", "Shot"), Column("status.name")], path) == 3
    assert table(path) == [["Shot", "status.name"], ["b", "Done"], ["a", ""], ["c", "Done"]]


def test_rows_are_ordered_and_what_is_missing_comes_last(tmp_path):
    path = tmp_path / "a.csv"
    export(ROWS, ["name"], path, order_by=["link"])
    assert table(path)[1:] == [["c"], ["a"], ["b"]]
    export(ROWS, ["name"], path, order_by=["status.name"])
    assert table(path)[1:] == [["b"], ["c"], ["a"]]


def test_flat_rows_name_the_whole_path(tmp_path):
    path = tmp_path / "a.csv"
    export([{"status.name": "Done", "name": "x"}], ["name", "status.name"], path)
    assert table(path)[1:] == [["x", "Done"]]


def test_no_rows_are_a_file_with_a_header(tmp_path):
    path = tmp_path / "a.csv"
    assert export([], ["name"], path) == 0
    assert path.read_bytes() == b"\xef\xbb\xbfname\r\n"


def test_a_heading_is_defused_as_well(tmp_path):
    path = tmp_path / "a.csv"
    export([], [Column("name", "=1")], path)
    assert table(path) == [["'=1"]]


def test_progress_tells_rows_and_their_total(tmp_path):
    told = []
    rows = [{"n": n} for n in range(1200)]
    export(rows, ["n"], tmp_path / "a.csv", on_progress=lambda *each: told.append(each))
    assert told == [(0, 1200), (500, 1200), (1000, 1200), (1200, 1200)]
    told.clear()
    export(iter(rows), ["n"], tmp_path / "a.csv", on_progress=lambda *each: told.append(each))
    assert told[-1] == (1200, None)


def test_an_older_file_is_replaced_only_by_a_complete_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def cancel(done, total):
        if done:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        export(ROWS, ["name"], path, on_progress=cancel)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    export(ROWS, ["name"], path)
    assert list(tmp_path.iterdir()) == [path]
    assert table(path)[1] == ["b"]


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path, monkeypatch):
    class Full(WRITERS[".csv"]):
        def close(self):
            super().close()
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(WRITERS, ".csv", Full)
    with pytest.raises(OSError, match="No space left") as caught:
        export(ROWS, ["name"], tmp_path / "a.csv")
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_what_failed_first_is_told_even_if_the_disk_is_full_too(tmp_path, monkeypatch):
    class Full(WRITERS[".csv"]):
        def close(self):
            super().close()
            raise OSError(errno.ENOSPC, "No space left on device")

    def broken():
        yield {"name": "a"}
        raise KeyError("broken source")

    monkeypatch.setitem(WRITERS, ".csv", Full)
    with pytest.raises(KeyError, match="broken source"):
        export(broken(), ["name"], tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_file_type_is_refused(tmp_path):
    with pytest.raises(QueryError, match=r"'\.odt'.*\.csv"):
        export(ROWS, ["name"], tmp_path / "a.odt")
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_in_capitals_is_the_same(tmp_path):
    assert export(ROWS, ["name"], tmp_path / "a.CSV") == 3


def test_no_columns_are_refused(tmp_path):
    with pytest.raises(QueryError, match="No column"):
        export(ROWS, [], tmp_path / "a.csv")


def test_values_of_any_kinds_can_be_compared():
    values = [None, "b", 2, ["a"], True, "a", {"x": 1}, 1.5]
    assert sorted(values, key=sort_key) == [True, 1.5, 2, "a", "b", ["a"], {"x": 1}, None]
