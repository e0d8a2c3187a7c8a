"""`make demo` does what the README shows."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coordinator import wait_for

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo" / "run.py"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")


def plain(text):
    """Leave out what differs from run to run: the day, the port, the folder."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\d{4}-\d\d-\d\d\.csv", "DAY.csv", text)
    return text.replace(f"{ROOT}{os.sep}", "")


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "ONCE")}
    return {**kept, "FTRACK_SANDBOX_PORT": "0", "PYTHONUNBUFFERED": "1", **more}


def test_the_demo_prints_what_the_readme_shows_and_ends():
    done = subprocess.run(
        [sys.executable, str(DEMO)],
        env=environment(ONCE="1"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.search(
        r"```text\n(Starting a local ftrack.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    printed = plain(done.stdout).splitlines()
    for number, line in enumerate(plain(shown[1]).splitlines()):
        if "Job running" in line or "Job queued" in line:
            # What is seen of a quick Job on its way depends on the machine.
            continue
        start = line.removesuffix(" ...")
        assert any(each.startswith(start) for each in printed), f"line {number + 1}: {line}"
    path = re.search(r"^(.*\.csv)  \(2,099 rows\)$", done.stdout, re.MULTILINE)[1]
    assert len(Path(path).read_text(encoding="utf-8-sig").splitlines()) >= 2100


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_serves_until_it_is_stopped_and_leaves_no_process(number, tmp_path):
    log = tmp_path / "demo.log"
    with log.open("wb") as file:
        demo = subprocess.Popen(
            [sys.executable, str(DEMO)],
            env=environment(),
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def served():
        assert demo.poll() is None, log.read_text(encoding="utf-8")
        return "Ctrl-C stops both." in log.read_text(encoding="utf-8")

    try:
        wait_for(served, "The end of the click")
        # Ctrl-C reaches the whole group of a terminal, a service manager's signal the one process.
        (os.killpg if number == signal.SIGINT else os.kill)(demo.pid, number)
        assert demo.wait(timeout=30) == 0, log.read_text(encoding="utf-8")
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)

    def gone():
        try:
            os.killpg(demo.pid, 0)
        except ProcessLookupError:
            return True
        return False

    wait_for(gone, "The end of every process of the demo")
