"""What tests of every kind share: a clean environment."""

import os
import signal
from collections.abc import Iterator

import ftrack_api.event.hub
import pytest

from hubs import SpokenLogging

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in its background deaf to Ctrl-C, and every process that a test starts would
    # inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def scrubbed_environment() -> Iterator[None]:
    """Take settings of the person who runs the tests out of them."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("FTRACK_")}
    yield
    os.environ.update(kept)


@pytest.fixture(autouse=True, scope="session")
def client_logging() -> Iterator[SpokenLogging]:
    """Keep a hub that reconnects, in whichever test, from silencing the log that another one reads."""
    spoken, before = SpokenLogging(), ftrack_api.event.hub.logging
    ftrack_api.event.hub.logging = spoken
    yield spoken
    ftrack_api.event.hub.logging = before


@pytest.fixture(scope="session")
def seeded_at() -> dict[str, int]:
    """Remember which commit of the shared server's database was the last of its seed."""
    return {}


@pytest.fixture(scope="module")
def ftrack_sandbox(ftrack_sandbox, seeded_at):
    """The one server of all tests, as it was seeded at the beginning of each file that uses it."""
    if seeded_at.get("commit") not in (None, ftrack_sandbox.store.generation):
        ftrack_sandbox.reset()
    seeded_at["commit"] = ftrack_sandbox.store.generation
    ftrack_sandbox.faults.clear()
    return ftrack_sandbox
