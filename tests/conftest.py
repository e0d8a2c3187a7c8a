"""What tests of every kind share: a clean environment."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="session")
def scrubbed_environment() -> Iterator[None]:
    """Take settings of the person who runs the tests out of them."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("FTRACK_")}
    yield
    os.environ.update(kept)
