"""A coordinator at work: opens the menu, fills in the form, clicks, waits for the Job, downloads its file.

Speaks to ftrack as the web page does, with the official client only, and knows nothing but `FTRACK_SERVER`,
`FTRACK_API_USER` and `FTRACK_API_KEY`. The folder for the download is the one argument.
*Source*: protocol reference 6.1 to 6.4, 7.2.
"""

from __future__ import annotations

import csv
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import ftrack_api
import ftrack_api.event.base

#: Who clicks: a coordinator of the demo studio.
USERNAME = "kim.ek"
#: Seconds until a menu, a form or a Job must have come.
PATIENCE_S = 60.0


class Browser:
    """What the web page does with the event hub."""

    def __init__(self, session: Any) -> None:
        self.session = session
        session.event_hub.connect()
        user = session.query(f'User where username is "{session.api_user}"').one()
        self.source = {
            "applicationId": "ftrack.client.web",
            "user": {"username": user["username"], "id": user["id"]},
        }

    def ask(self, topic: str, data: dict[str, Any]) -> Any:
        """Publish an event and return the first reply."""
        replies: list[Any] = []
        event = ftrack_api.event.base.Event(topic, data=data, source=dict(self.source))
        self.session.event_hub.publish(event, on_reply=lambda reply: replies.append(reply["data"]))
        deadline = time.monotonic() + PATIENCE_S
        while not replies:
            if time.monotonic() > deadline:
                raise SystemExit(f"Nobody answered {topic} within {PATIENCE_S:.0f} s.")
            self.session.event_hub.wait(duration=0.1)
        return replies[0]


def main(folder: Path) -> None:
    """Click once and print what a coordinator would see."""
    session = ftrack_api.Session(api_user=USERNAME, plugin_paths=[], auto_connect_event_hub=False)
    browser = Browser(session)
    shows = session.query("select name from Project order by name").all()
    selection = [{"entityId": show["id"], "entityType": "show"} for show in shows]

    print(f"\n{USERNAME} selects {' and '.join(show['name'] for show in shows)} and opens the Actions menu:")
    menu = browser.ask("ftrack.action.discover", {"selection": selection})
    for item in menu["items"]:
        print(f"  {item['label']} / {item['variant']}: {item['description']}")
    click = {**menu["items"][0], "selection": selection}

    form = browser.ask("ftrack.action.launch", click)
    values = {item["name"]: item.get("value") for item in form["items"] if "name" in item}
    print("fills in the form:", ", ".join(f"{name} = {value or '(usual)'}" for name, value in values.items()))

    answer = browser.ask("ftrack.action.launch", {**click, "values": values})
    print(f"and is told at once: {answer['message']}")

    job = follow(session, browser.source["user"]["id"])
    if job["status"] != "done":
        raise SystemExit("The Job did not end well.")
    show_file(download(session, job["id"], folder))
    session.close()


def follow(session: Any, user_id: str) -> Any:
    """Print what the user's newest Job says until it has ended; returns it."""
    shown = None
    deadline = time.monotonic() + PATIENCE_S
    while True:
        job = session.query(
            f"select status, data from Job where user_id is {user_id} order by created_at desc"
        ).first()
        if job is not None:
            state = f"{job['status']}: {json.loads(job['data'])['description']}"
            if state != shown:
                print(f"  Job {state}", flush=True)
                shown = state
            if job["status"] in ("done", "failed"):
                return job
        if time.monotonic() > deadline:
            raise SystemExit(f"The Job did not end within {PATIENCE_S:.0f} s.")
        time.sleep(0.2)


def download(session: Any, job_id: str, folder: Path) -> Path:
    """Fetch the Job's attachment through its signed URL, which holds no key."""
    attached = session.query(
        f"select url, component.name, component.file_type from JobComponent where job_id is {job_id}"
    ).first()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (attached["component"]["name"] + attached["component"]["file_type"])
    with urllib.request.urlopen(attached["url"]["url"], timeout=60) as reply:
        path.write_bytes(reply.read())
    return path


def show_file(path: Path, most: int = 5) -> None:
    """Print where the file lies and its first rows."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    print(f"\n{path}  ({len(rows) - 1:,} rows)")
    for row in rows[: most + 1]:
        print("  " + " | ".join(" ".join(cell.split()) for cell in row))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
