import pytest

from ftrack_jobs.job_record import Report


@pytest.mark.parametrize(
    ("words", "counted", "text"),
    [
        ("Reading tasks", (12_000, 41_230), "Reading tasks 12,000 of 41,230 (29 %)"),
        ("", (12_000, 41_230), "12,000 of 41,230 (29 %)"),
        ("Reading", (7, None), "Reading 7"),
        ("Reading", (0, 0), "Reading 0"),
        ("Reading", (7, 3), "Reading 7 of 3 (100 %)"),
        ("Reading", (0, 3), "Reading 0 of 3 (0 %)"),
    ],
)
def test_a_report_reads_as_people_write(words, counted, text):
    report = Report("Running")
    report.say(words)
    report.count(*counted)
    assert report.text == text


def test_new_words_forget_the_count():
    report = Report("Running")
    report.count(3, 4)
    report.say("Writing")
    assert report.text == "Writing"


def test_the_first_reason_to_stop_stands():
    report = Report("Running")
    assert report.stop_reason is None
    report.stop("host was closed")
    report.stop("Cancelled")
    assert report.stop_reason == "host was closed"


def test_only_one_may_write_the_end():
    report = Report("Running")
    assert [report.take_ending(), report.take_ending()] == [True, False]
