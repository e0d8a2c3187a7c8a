import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_jobs.filename import safe_filename


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sol Levante-Task-2026-01-31.csv", "Sol Levante-Task-2026-01-31.csv"),
        ('a/b\\c:d*e?f"g<h>i|j.csv', "a_b_c_d_e_f_g_h_i_j.csv"),
        ("line\nbreak\tand  blanks", "line_break_and blanks"),
        ("ends with dots...", "ends with dots"),
        ("ends with blanks  ", "ends with blanks"),
        ("con", "_con"),
        ("NUL.csv", "_NUL.csv"),
        ("COM1", "_COM1"),
        ("COM10", "COM10"),
        ("Ünïcödé 映画 🎬", "Ünïcödé 映画 🎬"),
        ("half \ud83c a pair", "half _ a pair"),
        ("", "unnamed"),
        ("...", "unnamed"),
    ],
)
def test_a_name_is_changed_only_where_a_system_refuses_it(text, expected):
    assert safe_filename(text) == expected


def test_a_long_name_is_cut_between_characters_and_keeps_its_ending():
    name = safe_filename("映画" * 200 + ".csv")
    assert name.endswith("映.csv") or name.endswith("画.csv")
    assert len(name.encode("utf-8")) <= 200


@given(st.text(max_size=300))
def test_no_text_gives_a_name_that_a_system_refuses(text):
    name = safe_filename(text)
    assert name
    assert not set(name) & set('<>:"/\\|?*' + string.whitespace.replace(" ", ""))
    assert name[-1] not in " ."
    assert len(name.encode("utf-8", "replace")) <= 201
    assert safe_filename(name) == name
