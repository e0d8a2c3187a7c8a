"""What the tests of chapter 2 of the protocol reference share: a project of their own, and the bare wire."""

import uuid

import pytest

from wire import query


@pytest.fixture(scope="module", autouse=True)
def left_as_found(ftrack_sandbox):
    """Take back what the tests of this module write; all tests share the sandbox."""
    yield
    ftrack_sandbox.reset()


@pytest.fixture
def ask(send):
    """Return a function that sends one expression and returns its rows."""
    return lambda expression: send(query(expression))[0]["data"]


@pytest.fixture
def project(ftrack_session):
    """An empty project of the richer schema."""
    schema = ftrack_session.query('ProjectSchema where name is "VFX"').one()
    name = f"p_{uuid.uuid4().hex[:8]}"
    project = ftrack_session.create("Project", {"name": name, "full_name": name, "project_schema": schema})
    ftrack_session.commit()
    return project


@pytest.fixture
def task(ftrack_session, project):
    task = ftrack_session.create("Task", {"name": "comp", "parent": project})
    ftrack_session.commit()
    return task


@pytest.fixture
def shot(ftrack_session, project):
    shot = ftrack_session.create("Shot", {"name": "sh010", "parent": project})
    ftrack_session.commit()
    return shot


@pytest.fixture
def version(ftrack_session, project):
    asset = ftrack_session.create("Asset", {"name": "plate", "parent": project})
    version = ftrack_session.create("AssetVersion", {"asset": asset})
    ftrack_session.commit()
    return version


@pytest.fixture
def me(ftrack_session):
    return ftrack_session.query(f'User where username is "{ftrack_session.api_user}"').one()


@pytest.fixture
def other(ftrack_session):
    return ftrack_session.query('User where username is "kim.ek"').one()
