"""A plain host, as a process: it ends, and its Jobs with it."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid

import ftrack_api.event.base
import pytest

from ftrack_jobs.job_record import job_id_of

PATIENCE_S = 30.0

PLUGIN = """
import time
from ftrack_jobs import Action, Job, plugin

class Endless(Action):
    label = "Endless"
    identifier = "test.endless"

    def run(self, job: Job) -> str:
        (job.workdir / "open.txt").write_text(str(job.workdir), encoding="utf-8")
        job.progress(str(job.workdir))
        while True:
            time.sleep(0.05)

register = plugin(Endless)
"""

HOST = """
import os
import ftrack_api
session = ftrack_api.Session(auto_connect_event_hub=True)
print("ready", flush=True)
while not os.path.exists({leave!r}):
    session.event_hub.wait(0.1)
"""


class Plain:
    """The process, the clicks, and what becomes of the Jobs."""

    def __init__(self, process, session):
        self.process, self.session = process, session
        session.event_hub.connect()

    def click(self):
        event = ftrack_api.event.base.Event(
            "ftrack.action.launch",
            id=uuid.uuid4().hex,
            data={"actionIdentifier": "test.endless", "selection": []},
            source={"user": {"username": self.session.api_user}},
        )
        replies = queue.Queue()
        self.session.event_hub.publish(event, on_reply=replies.put)
        deadline = time.monotonic() + PATIENCE_S
        while replies.empty():
            assert time.monotonic() < deadline, "no answer"
            self.session.event_hub.wait(0.05)
        return job_id_of(event["id"])


@pytest.fixture
def start(ftrack_sandbox, ftrack_session, ftrack_jobs_schema_cache, tmp_path):
    started = []

    def start():
        (tmp_path / "plugins").mkdir()
        (tmp_path / "plugins" / "endless.py").write_text(PLUGIN, encoding="utf-8")
        environment = {
            **os.environ,
            **ftrack_sandbox.environment,
            "FTRACK_EVENT_PLUGIN_PATH": str(tmp_path / "plugins"),
            "FTRACK_API_SCHEMA_CACHE_PATH": str(ftrack_jobs_schema_cache),
            "FTRACK_JOBS_WORKERS": "1",
            "FTRACK_JOBS_REPORT_INTERVAL_S": "0.1",
            "TMPDIR": str(tmp_path),
        }
        process = subprocess.Popen(
            [sys.executable, "-c", HOST.format(leave=str(tmp_path / "leave"))],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        assert "ready" in process.stdout.readline()
        # Subscriptions are sent when the hub connects, which it does in a thread of its own.
        deadline = time.monotonic() + PATIENCE_S
        tick = threading.Event()
        while not any("test.endless" in str(each.subscriptions) for each in ftrack_sandbox.hub.connections):
            assert time.monotonic() < deadline, "the host does not subscribe"
            tick.wait(0.02)
        return Plain(process, ftrack_session)

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("how", ["terminated", "interrupted", "ended"])
def test_the_jobs_of_a_host_that_goes_end_within_five_seconds(start, job_row, how, tmp_path):
    plain = start()
    jobs = [plain.click() for _ in range(3)]
    deadline = time.monotonic() + PATIENCE_S
    tick = threading.Event()
    while str(tmp_path) not in job_row(jobs[0])["data"]:
        assert time.monotonic() < deadline, job_row(jobs[0])
        tick.wait(0.02)
    began = time.monotonic()
    if how == "ended":
        (tmp_path / "leave").touch()
    else:
        plain.process.send_signal(signal.SIGTERM if how == "terminated" else signal.SIGINT)
    output, _ = plain.process.communicate(timeout=PATIENCE_S)
    # Five seconds to end the Jobs, and a little for a busy machine to end the process.
    assert time.monotonic() - began < 8
    ends = [(row["status"], json.loads(row["data"])["description"]) for row in map(job_row, jobs)]
    assert ends == [("failed", "host was closed")] * 3, output
    if how == "terminated":
        assert plain.process.returncode == -signal.SIGTERM
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("ftrack-jobs-")] == []
    assert "Traceback" not in output or how == "interrupted", output
