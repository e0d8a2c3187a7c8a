"""A studio nobody has written into, and how it is asked."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import ftrack_api.inspection
import pytest
import requests

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
def ask_plainly(ftrack_sandbox) -> Callable[..., list[list[Any]]]:
    """Return a function that sends expressions in one batch, without a client, and returns their rows."""
    headers = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key}

    def ask_all(*expressions):
        operations = [{"action": "query", "expression": each} for each in expressions]
        url = f"{ftrack_sandbox.url}/api"
        answer = requests.post(url, data=json.dumps(operations), headers=headers, timeout=60)
        return [each["data"] for each in answer.json()]

    return ask_all


@pytest.fixture
def key_of() -> Callable[[Any], Any]:
    """Return a function that identifies an entity as the oracle's rows are."""

    def key(entity):
        parts = ftrack_api.inspection.primary_key(entity)
        return parts["id"] if list(parts) == ["id"] else tuple(sorted(parts.items()))

    return key
