"""A studio nobody has written into, and how it is asked."""

from collections.abc import Callable, Iterator
from typing import Any

import ftrack_api.inspection
import pytest

from contract.query.oracle import Studio


@pytest.fixture(scope="session")
def studio() -> Studio:
    """Return the oracle; it never changes."""
    return Studio()


@pytest.fixture(scope="module", autouse=True)
def untouched(ftrack_sandbox) -> Iterator[None]:
    """Take back what other tests have written into the sandbox that all share."""
    ftrack_sandbox.reset()
    yield


@pytest.fixture
def ask(ftrack_session) -> Callable[[str], list[Any]]:
    """Return a function that sends an expression exactly as it is and returns the entities.

    `Session.query` would cut `limit` and `offset` out of it. Source: protocol reference 3.8.
    """
    return lambda expression: ftrack_session.call([{"action": "query", "expression": expression}])[0]["data"]


@pytest.fixture
def key_of() -> Callable[[Any], Any]:
    """Return a function that identifies an entity as the oracle's rows are."""

    def key(entity):
        parts = ftrack_api.inspection.primary_key(entity)
        return parts["id"] if list(parts) == ["id"] else tuple(sorted(parts.items()))

    return key
