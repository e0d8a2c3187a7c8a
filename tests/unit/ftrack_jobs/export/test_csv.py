import csv
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_jobs.export.writers.csv import CsvWriter, defuse

#: What UTF-8 can hold; a NUL is left out on purpose.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def written(path, *rows):
    writer = CsvWriter(path)
    for row in rows:
        writer.write(row)
    writer.close()
    return path.read_bytes()


def read_back(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_a_file_begins_with_a_byte_order_mark_and_its_lines_end_with_cr_lf(tmp_path):
    data = written(tmp_path / "a.csv", ["Name", "Größe"], ["東京 🎬", 1])
    assert data == b"\xef\xbb\xbf" + "Name,Größe\r\n東京 🎬,1\r\n".encode()


def test_quotes_commas_and_line_breaks_are_quoted(tmp_path):
    data = written(tmp_path / "a.csv", ['say "hi"', "a,b", "one\ntwo", "cr\rlf", " blank "])
    assert data[3:] == b'"say ""hi""","a,b","one\ntwo","cr\rlf", blank \r\n'


def test_values_look_as_spreadsheets_read_them(tmp_path):
    moment = datetime.datetime(2024, 5, 3, 9, 15, tzinfo=datetime.timezone.utc)
    data = written(
        tmp_path / "a.csv",
        [None, True, False, 7, -7, -0.5, 43200.0, 1e300, moment, datetime.date(2024, 5, 3), "007"],
    )
    assert data[3:] == b",true,false,7,-7,-0.5,43200,1e+300,2024-05-03T09:15:00+00:00,2024-05-03,007\r\n"


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+49 123", "-5", "@sum", "\tx", "\rx", "  =1", "\n=1", "\u00a0=1", "＝1", "＋1", "－1", "＠a"],
)
def test_text_that_begins_like_a_formula_is_defused(text, tmp_path):
    path = tmp_path / "a.csv"
    written(path, [text])
    assert read_back(path) == [["'" + text]]


@pytest.mark.parametrize("text", ["a=1", "1-2", "'=1", "x@y", " text", "\nline", "–dash"])
def test_other_text_stays_as_it_is(text, tmp_path):
    path = tmp_path / "a.csv"
    written(path, [text])
    assert read_back(path) == [[text]]


def test_what_utf_8_cannot_hold_does_no_harm(tmp_path):
    path = tmp_path / "a.csv"
    written(path, ["half \ud800 pair", "nul\0l", "\0=1"])
    assert read_back(path) == [["half ? pair", "null", "'=1"]]


def test_a_row_of_one_empty_cell_is_a_row(tmp_path):
    path = tmp_path / "a.csv"
    written(path, [None], [""])
    assert read_back(path) == [[""], [""]]


@given(rows=st.lists(st.lists(TEXTS, min_size=1, max_size=4), max_size=5))
def test_what_python_reads_back_is_what_went_in_defusing_aside(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    written(path, *rows)
    assert read_back(path) == [[defuse(text) for text in row] for row in rows]


@given(text=TEXTS)
def test_defusing_adds_an_apostrophe_or_nothing(text):
    assert defuse(text) in (text, "'" + text)
    assert defuse(text).lstrip()[:1] not in set("=+-@")
