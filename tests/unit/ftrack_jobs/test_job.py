import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ftrack_jobs
from ftrack_jobs import DeclarationError, Form, Job, JobCancelled
from ftrack_jobs.access import User
from ftrack_jobs.job_record import Report
from ftrack_jobs.query import EVERYTHING, Reach
from ftrack_jobs.runner.work import job_logger


@pytest.fixture
def report():
    return Report("Running")


@pytest.fixture
def make_job(make_launch, client, report, tmp_path):
    def make(unrestricted=False, reach=EVERYTHING):
        launch = make_launch()
        return Job(
            launch=launch,
            selection=(),
            values=Form.read({}),
            user=User(launch.user_id, launch.username),
            client=client,
            reach=reach,
            unrestricted=unrestricted,
            report=report,
            workdir=tmp_path,
            log=job_logger,
        )

    return make


def test_progress_takes_words_and_counts_in_turn(make_job, report):
    job = make_job()
    job.progress("Reading tasks")
    job.progress(12_000, 41_230)
    assert report.text == "Reading tasks 12,000 of 41,230 (29 %)"
    job.progress("Writing")
    assert report.text == "Writing"


def test_progress_asks_the_server_nothing(make_job, ftrack_sandbox):
    job = make_job()
    before = ftrack_sandbox.requests.count
    for number in range(10_000):
        job.progress(number, 10_000)
    assert ftrack_sandbox.requests.count == before


def test_progress_ends_a_run_that_shall_stop_even_past_except_exception(make_job, report):
    job = make_job()
    report.stop("Cancelled")
    with pytest.raises(JobCancelled, match="Cancelled"):
        try:
            job.progress(1, 2)
        except Exception:  # noqa: BLE001
            pytest.fail("an author's handler has swallowed it")


def test_tracked_items_report_their_number(make_job, report):
    job, seen = make_job(), []
    for item in job.track(["a", "b"], "Looking at"):
        seen.append((item, report.text))
    assert seen == [("a", "Looking at 0 of 2 (0 %)"), ("b", "Looking at 1 of 2 (50 %)")]
    assert report.text == "Looking at 2 of 2 (100 %)"


def test_tracking_a_generator_counts_without_a_total(make_job, report):
    list(make_job().track(iter("abc")))
    assert report.text == "Running 3"
    list(make_job().track(iter("abc"), total=3))
    assert report.text == "Running 3 of 3 (100 %)"


def test_tracking_a_query_asks_for_no_number(make_job, ftrack_sandbox):
    job = make_job()
    before = ftrack_sandbox.requests.count
    assert next(iter(job.track(job.query("Project"))))["id"]
    assert ftrack_sandbox.requests.count == before + 1


def test_attached_files_are_kept_in_order_and_once(make_job, tmp_path):
    job = make_job()
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    for name in ("b.txt", "a.txt", "b.txt"):
        job.attach(tmp_path / name)
    job.attach(str(tmp_path / "a.txt"))
    assert [path.name for path in job.attached] == ["b.txt", "a.txt"]


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_no_file_cannot_be_attached(make_job, tmp_path, name):
    with pytest.raises(FileNotFoundError):
        make_job().attach(tmp_path / name)


def test_queries_stay_within_the_users_reach(make_job, project):
    rows = list(make_job(reach=Reach(frozenset({project["id"]}))).query("Project", "name"))
    assert [row["id"] for row in rows] == [project["id"]]
    assert len(make_job().query("Project")) > 1


def test_the_session_is_there_only_for_those_who_may_do_everything(make_job, client):
    with pytest.raises(DeclarationError, match=r"job\.query"):
        _ = make_job().session
    assert make_job(unrestricted=True).session is client


def test_an_authors_file_passes_the_strict_type_check(tmp_path):
    source = """
        from ftrack_jobs import Action, Choice, Column, Form, Job, JobFailed, export, plugin

        class CountShots(Action):
            label = "Count shots"
            identifier = "com.example.count-shots"
            allowed_types = ("Project",)

            def run(self, job: Job) -> str:
                shots = job.query("Shot", "id", "project_id is {project}", project=job.selection[0].id)
                return f"{len(shots)} shots"

        register = plugin(CountShots)

        class ExportForm(Form):
            kind = Choice("File type", {"xlsx": "Excel", "csv": "CSV"}, default="csv")

        class ExportShots(Action):
            label = "Export"
            identifier = "com.example.export"
            reads = "service"
            allowed_roles = ("Administrator",)
            form = ExportForm
            columns = (Column("name", "Shot"), Column("status.name", "Status"))

            def run(self, job: Job[ExportForm]) -> str:
                shots = job.query("Shot", where="project_id is {project}", project=job.selection[0].id)
                path = job.workdir / f"shots.{job.values.kind}"
                count = export(shots, self.columns, path, on_progress=job.progress)
                wrong: int = job.values.kind
                if not count:
                    raise JobFailed("No shots match.")
                job.attach(path)
                return f"Exported {count} shots"
    """
    path = tmp_path / "author.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(ftrack_jobs.__file__).parents[1])},
    )
    # The one wrong line shows that the values are not simply Any.
    errors = [
        line for line in done.stdout.splitlines() if line.startswith("author.py") and ": error:" in line
    ]
    assert len(errors) == 1, done.stdout
    assert '"str"' in errors[0]
