"""Files of a run on their way to the Job: into one file, up to the server, and away again."""

from __future__ import annotations

import logging
import uuid
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .. import errors
from ..errors import JobFailed, ServerError
from ..filename import safe_filename
from ..session import SERVER_LOCATION_ID, Client, ask_raw

logger = logging.getLogger(__name__)


def component_id_of(job_id: str) -> str:
    """Return the id of a Job's one file: it follows from the Job's, so nothing is ever attached twice."""
    return str(uuid.uuid5(uuid.UUID(job_id), "attachment"))


def pack(files: Sequence[Path], folder: Path, title: str) -> Path | None:
    """Return the one file to attach: the only one of *files*, or a zip of them in *folder*; None for none.

    Raises `JobFailed` naming a file that is gone, and `OSError`.

    *Source*: protocol reference 7.2: the web page offers one attachment.
    """
    for file in files:
        if not file.is_file():
            raise JobFailed(errors.ATTACHMENT_GONE.format(title=title, path=file.name))
    if len(files) < 2:
        return files[0] if files else None
    target = folder / f"{safe_filename(title)}.zip"
    # Not strict: a file may be older than what a zip can say, which is no reason to lose it.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        for file, name in zip(files, distinct_names([file.name for file in files]), strict=True):
            archive.write(file, name)
    return target


def distinct_names(names: Sequence[str]) -> list[str]:
    """Return *names*, each once even where case is ignored: a second `a.csv` becomes `a (2).csv`."""
    taken: set[str] = set()
    found = []
    for name in names:
        path = Path(name)
        number, candidate = 1, name
        while candidate.casefold() in taken:
            number += 1
            candidate = f"{path.stem} ({number}){path.suffix}"
        taken.add(candidate.casefold())
        found.append(candidate)
    return found


def upload(client: Client, path: Path, component_id: str, scrub: Callable[[str], str]) -> None:
    """Upload the file at *path* as the component *component_id*; where that is there already, do nothing.

    Raises what the client raises: see `as_server_error`.

    *Source*: protocol reference 7.2 and 8.2: the file must be in the location `ftrack.server`, and a name
    without ending gets the file's type added on download.
    """
    if _exists(client, component_id):
        return
    location = client.get("Location", SERVER_LOCATION_ID)
    data = {"id": component_id, "name": scrub(path.stem), "file_type": path.suffix}
    client.create_component(str(path), data, location)


def discard(client: Client, component_id: str) -> None:
    """Remove the component and its data, as far as they are there; nothing is raised, for it is a clean-up.

    *Source*: protocol reference 8.4.
    """
    try:
        client.rollback()
        client.get("Location", SERVER_LOCATION_ID).accessor.remove(component_id)
    except Exception as error:  # noqa: BLE001 - what is not there cannot be removed
        # Its text holds a URL with the key.
        logger.debug("No data removed for component %s: %s", component_id, type(error).__name__)
    try:
        expression = f'select id from ComponentLocation where component_id is "{component_id}"'
        found = ask_raw(client, [{"action": "query", "expression": expression}])[0]["data"]
        operations = [_delete("ComponentLocation", row["id"]) for row in found]
        if _exists(client, component_id):
            operations.append(_delete("FileComponent", component_id))
        if operations:
            ask_raw(client, operations)
    except ServerError as error:
        logger.info("The component %s could not be removed: %s", component_id, error)


def _exists(client: Client, component_id: str) -> bool:
    expression = f'select id from Component where id is "{component_id}" limit 1'
    return bool(ask_raw(client, [{"action": "query", "expression": expression}])[0]["data"])


def _delete(entity_type: str, entity_id: str) -> dict[str, Any]:
    return {"action": "delete", "entity_type": entity_type, "entity_key": [entity_id]}
