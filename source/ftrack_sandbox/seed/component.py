"""Rows of components: files on the server, and those that are only paths on somebody's disk.

Source: protocol reference 4.5, 8.1, 8.2.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from ftrack_sandbox.seed import image
from ftrack_sandbox.seed.catalogue import LOCATIONS
from ftrack_sandbox.seed.row import Row, identify

SERVER, UNMANAGED = LOCATIONS["ftrack.server"][0], LOCATIONS["ftrack.unmanaged"][0]


class Files(Protocol):
    """Where the bytes of components go."""

    def write(self, component_id: str, data: bytes) -> None:
        """Keep *data* as the file of the component."""


def component(
    key: str,
    *,
    kind: str = "file",
    name: str = "main",
    file_type: str | None = None,
    size: int = 0,
    version_id: str | None = None,
    container_id: str | None = None,
    padding: int | None = None,
) -> dict[str, Any]:
    """Return the row of a component."""
    return {
        "id": key,
        "system_type": kind,
        "name": name,
        "file_type": file_type,
        "size": size,
        "version_id": version_id,
        "container_id": container_id,
        "padding": padding,
    }


def picture(
    files: Files | None, key: str, number: int, name: str = "thumbnail", version_id: str | None = None
) -> Iterator[Row]:
    """Yield a component that is picture *number*."""
    return stored(files, key, image.frame(number % image.FRAMES), ".jpg", name=name, version_id=version_id)


def stored(
    files: Files | None, key: str, data: bytes, file_type: str, *, name: str, version_id: str | None = None
) -> Iterator[Row]:
    """Yield a component and write its file to the server. Source: protocol reference 8.2."""
    if files is not None:
        files.write(key, data)
    yield "component", component(key, name=name, file_type=file_type, size=len(data), version_id=version_id)
    yield "component_location", placed(key, SERVER, key)


def placed(key: str, location: str, identifier: str) -> dict[str, Any]:
    """Return the row that tells where a component is."""
    row = {"id": identify(f"placed/{key}"), "component_id": key, "location_id": location}
    return {**row, "resource_identifier": identifier}


def sequence(key: str, version_id: str, path: str) -> Iterator[Row]:
    """Yield an image sequence whose members, named by their frame numbers, lie under *path*."""
    row = component(key, kind="sequence", file_type=".exr", size=3_000_000, version_id=version_id, padding=4)
    yield "component", row
    yield "component_location", placed(key, UNMANAGED, f"{path}.%04d.exr")
    for number in range(1001, 1004):
        member = identify(f"{key}/{number}")
        yield (
            "component",
            component(member, name=str(number), file_type=".exr", size=1_000_000, container_id=key),
        )
        yield "component_location", placed(member, UNMANAGED, f"{path}.{number}.exr")


def container(key: str, version_id: str, path: str) -> Iterator[Row]:
    """Yield a component that holds others."""
    yield "component", component(key, kind="container", size=0, version_id=version_id)
    for name, file_type in (("geometry", ".abc"), ("textures", ".zip")):
        member = identify(f"{key}/{name}")
        yield "component", component(member, name=name, file_type=file_type, size=250_000, container_id=key)
        yield "component_location", placed(member, UNMANAGED, f"{path}_{name}{file_type}")
