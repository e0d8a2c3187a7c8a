"""Fixtures for pytest: a running sandbox with the demo studio, and a real client's session on it.

The plugin is known to pytest wherever this distribution is installed, so it imports nothing until a
fixture is asked for: neither the server's libraries (extra `sandbox`) nor the client need be there.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ftrack_sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def ftrack_sandbox() -> Iterator[Sandbox]:
    """Yield a running `Sandbox` with the demo studio; all tests of the run share it.

    A test that needs the studio as it was calls `ftrack_sandbox.reset()`.
    """
    from ftrack_sandbox.sandbox import Sandbox

    with Sandbox(seed="demo") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def ftrack_schema_cache(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the folder of the client's schema cache; its usual one belongs to the real site."""
    return tmp_path_factory.mktemp("ftrack-schema-cache")


@pytest.fixture
def ftrack_session(ftrack_sandbox: Sandbox, ftrack_schema_cache: pathlib.Path) -> Iterator[Any]:
    """Yield a new `ftrack_api.Session` as the service user: no plugins, hub not connected."""
    import ftrack_api

    session = ftrack_api.Session(
        server_url=ftrack_sandbox.url,
        api_key=ftrack_sandbox.api_key,
        api_user=ftrack_sandbox.api_user,
        plugin_paths=[],
        auto_connect_event_hub=False,
        schema_cache_path=str(ftrack_schema_cache),
    )
    yield session
    session.close()
