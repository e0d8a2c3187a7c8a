import threading

import pytest

from ftrack_jobs.executors.inline import InlineExecutor
from ftrack_jobs.executors.threads import ThreadExecutor, ordinal, words_for
from ftrack_jobs.job_record import JobRecord, Report
from ftrack_jobs.launch import Launch

PATIENCE_S = 20.0


def job(number=0):
    return JobRecord(f"job-{number}", Launch("test", f"event-{number}", "kim"), "here", "nonce"), Report(
        "Starting"
    )


class Gate:
    """Work that goes on only when it is let through."""

    def __init__(self):
        self.open = threading.Event()
        self.running = threading.Semaphore(0)
        self.order = []

    def run(self, record, report):
        self.order.append(record.id)
        self.running.release()
        assert self.open.wait(PATIENCE_S)
        report.ended.set()


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.open.set()


def test_no_more_jobs_run_than_there_are_workers_and_the_others_know_their_place(gate):
    executor = ThreadExecutor(gate.run, workers=2)
    jobs = [job(number) for number in range(5)]
    assert executor.place() == 0
    for each in jobs[:2]:
        executor.submit(*each)
    for _ in range(2):
        assert gate.running.acquire(timeout=PATIENCE_S)
    assert executor.place() == 1
    for each in jobs[2:]:
        executor.submit(*each)
    assert not gate.running.acquire(blocking=False)
    assert [report.text for _, report in jobs[2:]] == [
        "Waiting, 1st in line",
        "Waiting, 2nd in line",
        "Waiting, 3rd in line",
    ]
    assert (executor.waiting(), executor.place()) == (3, 4)
    gate.open.set()
    for _, report in jobs:
        assert report.ended.wait(PATIENCE_S)
    assert gate.order[2:] == ["job-2", "job-3", "job-4"]


def test_places_move_up_when_a_worker_gets_free(gate):
    turns = threading.Semaphore(0)

    def run(record, report):
        gate.running.release()
        assert turns.acquire(timeout=PATIENCE_S)

    executor = ThreadExecutor(run, workers=1)
    jobs = [job(number) for number in range(3)]
    for each in jobs:
        executor.submit(*each)
    assert gate.running.acquire(timeout=PATIENCE_S)
    assert jobs[2][1].text == "Waiting, 2nd in line"
    turns.release()
    assert gate.running.acquire(timeout=PATIENCE_S)
    assert jobs[2][1].text == "Waiting, 1st in line"
    turns.release(2)


def test_closing_hands_back_those_that_wait(gate):
    executor = ThreadExecutor(gate.run, workers=1)
    jobs = [job(number) for number in range(3)]
    for each in jobs:
        executor.submit(*each)
    assert gate.running.acquire(timeout=PATIENCE_S)
    assert [record.id for record, _ in executor.close()] == ["job-1", "job-2"]
    with pytest.raises(RuntimeError):
        executor.submit(*job())
    gate.open.set()
    assert jobs[0][1].ended.wait(PATIENCE_S)
    assert gate.order == ["job-0"]


def test_a_worker_outlives_a_run_that_raises(caplog):
    ended = threading.Event()

    def run(record, report):
        if record.id == "job-0":
            raise SystemExit(3)
        ended.set()

    executor = ThreadExecutor(run, workers=1)
    executor.submit(*job(0))
    executor.submit(*job(1))
    assert ended.wait(PATIENCE_S)
    assert "A worker failed" in caplog.text
    executor.close()


def test_its_threads_keep_no_process_alive(gate):
    executor = ThreadExecutor(gate.run, workers=1)
    before = set(threading.enumerate())
    executor.submit(*job())
    assert gate.running.acquire(timeout=PATIENCE_S)
    assert [thread.daemon for thread in set(threading.enumerate()) - before] == [True]


def test_a_pool_without_jobs_has_no_thread():
    before = threading.active_count()
    ThreadExecutor(lambda record, report: None, workers=4)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (12, "12th"),
        (13, "13th"),
        (21, "21st"),
        (102, "102nd"),
        (1113, "1,113th"),
    ],
)
def test_places_are_written_as_people_say_them(number, written):
    assert ordinal(number) == written


def test_the_job_that_is_taken_up_at_once_is_not_in_line():
    assert words_for(0) == "Starting"
    assert words_for(2) == "Waiting, 2nd in line"


def test_inline_runs_before_submit_returns():
    seen = []
    executor = InlineExecutor(lambda record, report: seen.append(record.id))
    executor.submit(*job(7))
    assert seen == ["job-7"]
    assert (executor.place(), executor.waiting(), executor.close()) == (0, 0, [])
    with pytest.raises(RuntimeError):
        executor.submit(*job(8))


class NoThreads:
    """Refuses to start threads, as a system does that has no more."""

    def __init__(self, monkeypatch):
        self.refusing = True
        start = threading.Thread.start

        def refuse(thread):
            if self.refusing and thread.name.startswith("ftrack-jobs worker"):
                raise RuntimeError("can't start new thread")
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", refuse)


def test_a_worker_that_cannot_be_started_is_missed_by_nobody(gate, monkeypatch):
    system = NoThreads(monkeypatch)
    executor = ThreadExecutor(gate.run, workers=2)
    with pytest.raises(RuntimeError, match="new thread"):
        executor.submit(*job(0))
    assert (executor.waiting(), executor.place()) == (0, 0)

    system.refusing = False
    executor.submit(*job(1))
    assert gate.running.acquire(timeout=PATIENCE_S)
    # With one at work, a second that does not start leaves its Job in line for the first.
    system.refusing = True
    record, report = job(2)
    executor.submit(record, report)
    assert executor.waiting() == 1
    gate.open.set()
    assert report.ended.wait(PATIENCE_S)
    assert gate.order == ["job-1", "job-2"]
