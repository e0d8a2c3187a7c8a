import pytest

from ftrack_jobs import Action, Choice, EntityRef, Form, Job, JobFailed
from ftrack_jobs.runner import run_headless


class KindForm(Form):
    kind = Choice("Kind", {"csv": "CSV", "txt": "Text"}, default="csv")


class Sample(Action):
    label = "Sample"
    identifier = "test.sample"
    form = KindForm

    def run(self, job: Job[KindForm]) -> str:
        job.progress("Writing")
        job.progress(1, 2)
        path = job.workdir / f"sample.{job.values.kind}"
        path.write_text(job.user.username, encoding="utf-8")
        job.attach(path)
        return "Written"


@pytest.fixture
def run(make_launch, connection, tmp_path):
    def run(action, selection=(), on_progress=lambda text, done, total: None, **facts):
        launch = make_launch(action.identifier, selection, **facts)
        return run_headless(action, launch, connection, tmp_path / "out", on_progress)

    return run


def test_files_arrive_in_the_folder_and_progress_as_it_happens(run, connection, tmp_path):
    told = []
    ended = run(Sample, on_progress=lambda *each: told.append(each))
    assert (ended.status, ended.message) == ("done", "Written")
    assert ended.files == (tmp_path / "out" / "sample.csv",)
    assert ended.files[0].read_text(encoding="utf-8") == connection.api_user
    assert told == [("Writing", None, None), ("Writing", 1, 2)]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sample.csv"]


def test_given_values_count(run):
    assert run(Sample, values={"kind": "txt"}).files[0].name == "sample.txt"


def test_no_job_is_made(run, ftrack_session):
    before = len(ftrack_session.query("select id from Job"))
    run(Sample)
    assert len(ftrack_session.query("select id from Job")) == before


def test_wrong_values_are_told(run):
    ended = run(Sample, values={"kind": "exe"})
    assert ended.status == "failed"
    assert "Kind" in ended.message


def test_an_entity_that_is_not_there_is_told(run):
    ended = run(Sample, [EntityRef("TypedContext", "00000000-1111-2222-3333-444444444444")])
    assert ended.status == "failed"
    assert "00000000-1111-2222-3333-444444444444" in ended.message


def test_the_role_is_checked_here_too(run):
    ended = run(type("Closed", (Sample,), {"allowed_roles": ("Nobody's role",)}))
    assert ended.status == "failed"
    assert "Nobody's role" in ended.message


def test_a_selection_that_does_not_fit_is_told(run, project):
    shots = type("Shots", (Sample,), {"allowed_types": ("Shot",)})
    assert "needs a selection" in run(shots).message
    assert "does not work on Project" in run(shots, [EntityRef("Project", project["id"])]).message


def test_failures_are_sentences_and_the_unexpected_has_its_detail(run):
    def fail(self, job):
        raise JobFailed("Nothing to do.")

    def crash(self, job):
        raise ZeroDivisionError

    ended = run(type("Failing", (Sample,), {"run": fail}))
    assert (ended.status, ended.message, ended.detail) == ("failed", "Nothing to do.", "")
    ended = run(type("Crashing", (Sample,), {"run": crash}))
    assert ended.message == "Sample failed unexpectedly (ZeroDivisionError)."
    assert "in crash" in ended.detail


def test_an_output_that_is_no_folder_is_told(make_launch, connection, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    ended = run_headless(
        Sample, make_launch("test.sample"), connection, tmp_path / "file", lambda text, done, total: None
    )
    assert ended.status == "failed"


def test_ctrl_c_ends_it(run):
    def interrupted(self, job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(type("Interrupted", (Sample,), {"run": interrupted}))
