import errno
import json

import ftrack_api.exception
import pytest
import requests.exceptions

from ftrack_jobs import errors
from ftrack_jobs.errors import (
    AccessError,
    FormError,
    JobCancelled,
    JobFailed,
    LaunchRefused,
    QueryError,
    ServerError,
)
from ftrack_jobs.runner.outcome import done, outcome_of

KEY = "a-secret-key"


def outcome(error, headless=False):
    return outcome_of(
        error,
        title="Export Table",
        identifier="test.export",
        key=KEY,
        scrub=lambda text: text.replace(KEY, "***"),
        headless=headless,
    )


def raised(error):
    """Return *error* as it is when it was raised, with a traceback."""
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001
        return caught


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (JobFailed("No shots match."), "No shots match."),
        (QueryError("There is no column x."), "There is no column x."),
        (AccessError("You may not."), "You may not."),
        (FormError({"columns": "is empty."}, {"columns": "Columns"}), "Columns: is empty."),
        (LaunchRefused("Select something."), "Select something."),
        (ServerError("PermissionError(No)"), str(ServerError("PermissionError(No)"))),
        (
            ftrack_api.exception.ServerError("Server reported error: ValidationError(Bad {braces})"),
            str(ServerError("ValidationError(Bad {braces})")),
        ),
        (requests.exceptions.ConnectTimeout("x"), str(ServerError("no reply in time", lost=True))),
    ],
)
def test_what_is_meant_for_users_is_the_sentence_and_nothing_more(error, told):
    found = outcome(raised(error))
    assert (found.status, found.description, found.detail) == ("failed", told, "")


def test_a_full_disk_is_told_with_its_place(tmp_path):
    error = OSError(errno.ENOSPC, "No space left on device", "/jobs/shots.csv")
    found = outcome(raised(error))
    assert found.description.endswith(
        "is full (/jobs/shots.csv). Free some space there, or ask its administrator, then start it again."
    )
    assert found.detail == ""


def test_a_full_disk_is_found_behind_what_the_client_makes_of_it():
    full = OSError(errno.ENOSPC, "No space left on device")
    wrapped = ftrack_api.exception.LocationError("Failed: {error}", details={"error": full})
    assert "is full" in outcome(raised(wrapped)).description
    chained = RuntimeError("cannot write")
    chained.__cause__ = full
    assert "is full" in outcome(raised(chained)).description


def test_another_error_of_the_system_is_not_taken_for_a_full_disk():
    assert outcome(raised(OSError(errno.EACCES, "Permission denied"))).detail


def test_an_unexpected_exception_comes_with_its_traceback_and_without_values():
    def work():
        password = "typed in secret"
        return {}[password[:1]]

    try:
        work()
    except KeyError as error:
        found = outcome(error)
    assert found.description == errors.UNEXPECTED.format(title="Export Table", error="KeyError: 't'")
    assert "in work" in found.detail
    assert "test.export" in found.detail
    assert "typed in secret" not in found.detail.replace('password = "typed in secret"', "")


def test_the_key_stays_out_of_every_text():
    found = outcome(raised(RuntimeError(f"https://site/component/get?apiKey={KEY}")))
    assert KEY not in found.description + found.detail
    assert "***" in found.detail
    assert KEY not in outcome(raised(JobFailed(f"see {KEY}"))).description


def test_leaving_the_process_out_of_a_run_is_a_failure_of_the_run():
    assert "SystemExit" in outcome(raised(SystemExit(3))).description


def test_an_exception_that_cannot_be_text_is_told_by_its_name():
    class Odd(Exception):
        def __str__(self):
            raise KeyError("braces")

    assert "Odd" in outcome(raised(Odd())).description


def test_a_reply_that_is_no_json_is_the_servers_fault_only_when_the_client_read_it():
    try:
        json.loads("<html>")
    except ValueError as error:
        assert "JSONDecodeError" in outcome(error).description


def test_a_cancelled_run_says_so():
    found = outcome(JobCancelled("host was closed"))
    assert (found.status, found.description, found.cancelled) == ("failed", "host was closed", True)


def test_without_a_job_nothing_is_said_of_an_attached_file():
    assert "attached" in outcome(raised(RuntimeError())).description
    assert "attached" not in outcome(raised(RuntimeError()), headless=True).description


def test_a_run_that_returned_nothing_is_done():
    assert done("", ()).description == "Done"
    assert done("Exported 3 shots", ()).description == "Exported 3 shots"


@pytest.mark.parametrize("before", range(300 - len(KEY) - len("…"), 301, 3))
def test_a_long_text_is_not_cut_within_the_key(before):
    found = outcome(raised(ValueError("x" * before + KEY + " and more")))
    assert "a-s" not in found.description
    assert found.description.count("x" * 100)
