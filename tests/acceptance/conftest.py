"""Processes as they run in a studio: a server, a listener, plain hosts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ftrack_api
import pytest

from coordinator import PLUGINS, Browser, wait_for

#: Starts a console script of ours with this interpreter, wherever it is installed.
SCRIPT = "import sys; from {module}.cli import main; main()"


@dataclass
class Process:
    """One program under test, its output in a file."""

    popen: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.popen.wait(timeout=30)


@dataclass
class Studio:
    """A sandbox server as a process, and whatever else was started against it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    browsers: list[Browser] = field(default_factory=list)

    def start(self, arguments: list[str], **environment: str) -> Process:
        """Start a Python program in this studio's environment."""
        log = self.folder / f"{len(self.processes)}.log"
        scrubbed = {name: value for name, value in os.environ.items() if not name.startswith("FTRACK_")}
        with log.open("wb") as file:
            popen = subprocess.Popen(
                [sys.executable, *arguments],
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**scrubbed, "PYTHONUNBUFFERED": "1", **self.environment, **environment},
                cwd=self.folder,
            )
        self.processes.append(Process(popen, log))
        return self.processes[-1]

    def script(self, module: str, *arguments: str, **environment: str) -> Process:
        """Start a console script of ours."""
        return self.start(["-c", SCRIPT.format(module=module), *arguments], **environment)

    def listen(self, *plugin_paths: Path, **environment: str) -> Process:
        """Start `ftrack-jobs listen` and wait until it listens."""
        ready = self.folder / f"listening-{len(self.processes)}"
        options = [word for path in plugin_paths or (PLUGINS,) for word in ("--plugin-path", str(path))]
        process = self.script(
            "ftrack_jobs", "listen", *options, FTRACK_JOBS_READY_FILE=str(ready), **environment
        )

        def look() -> bool:
            assert process.popen.poll() is None, process.output()
            return ready.exists()

        wait_for(look, "The listener")
        return process

    def session(self, username: str | None = None) -> Any:
        """Open a real session on this studio's server."""
        return ftrack_api.Session(
            server_url=self.environment["FTRACK_SERVER"],
            api_user=username or self.environment["FTRACK_API_USER"],
            api_key=self.environment["FTRACK_API_KEY"],
            plugin_paths=[],
            auto_connect_event_hub=False,
            schema_cache_path=str(self.folder),
        )

    def browser(self, username: str | None = None) -> Browser:
        """Open the web page of a user."""
        self.browsers.append(Browser(self.session(username)))
        return self.browsers[-1]

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()
        self.browsers.clear()
        # The first process is the server: it outlives whoever speaks to it.
        for process in self.processes[:0:-1]:
            if process.popen.poll() is None:
                process.stop()
        del self.processes[1:]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A sandbox server with the demo studio, as a process of its own."""
    folder = tmp_path_factory.mktemp("studio")
    studio = Studio(folder)
    address = folder / "address.env"
    process = studio.script("ftrack_sandbox", "serve", "--port", "0", "--env-file", str(address))

    def look() -> bool:
        assert process.popen.poll() is None, process.output()
        return address.exists() and "FTRACK_API_KEY=" in address.read_text(encoding="utf-8")

    wait_for(look, "The server")
    lines = address.read_text(encoding="utf-8").split()
    studio.environment = dict(line.split("=", 1) for line in lines)
    studio.environment["FTRACK_API_SCHEMA_CACHE_PATH"] = str(folder)
    yield studio
    studio.close()
    assert process.stop() == 0, process.output()


@pytest.fixture
def studio(server: Studio) -> Iterator[Studio]:
    """The server, cleared of whatever a test started against it when that test ends."""
    yield server
    server.close()


@pytest.fixture
def plugin_file(tmp_path: Path) -> Callable[[str], Path]:
    """Write a plugin file of the test's own; returns its folder."""

    def write(text: str) -> Path:
        folder = tmp_path / "own_plugins"
        folder.mkdir(exist_ok=True)
        (folder / "own_action.py").write_text(text, encoding="utf-8")
        return folder

    return write
