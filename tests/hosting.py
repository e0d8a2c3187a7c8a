"""Hosts under test: an action that waits at a gate, and how to tell that a host listens."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from coordinator import Browser, pause, selected, wait_for

_GATED = """
    import pathlib
    import time
    from ftrack_jobs import Action, Boolean, Form, Job, Text, plugin

    class GateForm(Form):
        gate = Text("Gate")
        reports = Boolean("Reports", default=True)

    class Gated(Action):
        label = "Gated"
        identifier = "{identifier}"
        form = GateForm

        def run(self, job: Job[GateForm]) -> str:
            gate = pathlib.Path(job.values.gate)
            while not gate.exists():
                if job.values.reports:
                    job.progress("At the gate")
                time.sleep(0.02)
            return "The gate opened"

    register = plugin(Gated)
"""


def gated(identifier: str = "test.gated") -> str:
    """Return a plugin file whose action goes on when the file exists that it is told of.

    Without `reports` it never tells how far it is, and so cannot be told to stop.
    """
    return textwrap.dedent(_GATED).format(identifier=identifier)


def write_plugin(folder: Path, name: str, text: str) -> Path:
    """Write the plugin file *name* into *folder*; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


def first_menu(browser: Browser, process: Any, entity: Any) -> list[Any]:
    """Return the menu as soon as a host listens: nobody has heard of those asked for earlier."""
    asked: list[list[Any]] = []

    def look() -> Any:
        assert process.popen.poll() is None, process.output()
        asked.append(discover(browser, entity))
        browser.hub.wait(0.1)
        return next((replies[0]["items"] for replies in asked if replies), None)

    return wait_for(look, "A menu", lambda: None)


def discover(browser: Browser, entity: Any) -> list[Any]:
    """Ask for a menu; returns the list that replies are put into while the hub waits."""
    _, replies = browser.publish("ftrack.action.discover", {"selection": [selected(entity)]})
    return replies


def at_the_gate(browser: Browser, gate: Path, *, reports: bool = True) -> tuple[Any, Any]:
    """Start two Jobs on a host with one worker; returns the running and the waiting one."""
    values = {"gate": str(gate), "reports": reports}
    known = browser.jobs()
    jobs = []
    for status, description in (("running", None), ("queued", "Waiting, 1st in line")):
        assert browser.launch("test.gated", values=values)["success"] is True
        job = browser.new_job(known + jobs)
        jobs.append(job)
        wait_for(lambda: _shows(browser, job, status, description), f"The {status} Job", pause)  # noqa: B023
    return jobs[0], jobs[1]


def _shows(browser: Browser, job: Any, status: str, description: str | None) -> bool:
    found = next(each for each in browser.jobs() if each["id"] == job["id"])
    return found["status"] == status and description in (None, found["description"])
