"""Who may see and do what: keys, roles, and what lack of rights looks like.

Named after the sections of the protocol reference. The studio is the demo's, in a sandbox of this
module's own, for grants and roles are changed in it.
"""

import contextlib
import uuid

import ftrack_api
import ftrack_api.exception
import pytest
import requests
from ftrack_api.event.hub import EventHub

from ftrack_sandbox.sandbox import Sandbox

TIMEOUT_S = 30

#: User -> the projects that the user's role opens. One user for each kind of role and of reach.
REACH = {
    "pipeline.service": {"open_shorts", "stem2", "sol_levante"},  # Administrator, all projects
    "ada.lund": {"open_shorts", "stem2", "sol_levante"},  # Administrator, all projects
    "joerg.weiss": {"open_shorts", "stem2", "sol_levante"},  # Project manager, all projects
    "kim.ek": {"open_shorts", "stem2"},  # Project manager, all open projects
    "nina.holm": {"stem2", "sol_levante"},  # Project manager, listed ones, one of them private
    "zoe.oconnor": {"open_shorts", "stem2"},  # User, all open projects
    "yuki.tanaka": {"sol_levante"},  # User, a listed private one
    "pavel.novak": {"open_shorts"},  # User, a listed open one
    "sofia.andersson": {"open_shorts", "sol_levante"},  # User, two listed ones
    "hana.sato": {"sol_levante"},  # Restricted user, a listed private one
    "client.review": {"stem2"},  # Restricted user, a listed open one
}

#: What lies in a project, and the path to the project's name.
TYPES = {
    "Project": "name",
    "Task": "project.name",
    "Shot": "project.name",
    "TypedContext": "project.name",
    "Asset": "parent.project.name",
    "AssetVersion": "asset.parent.project.name",
    "Component": "version.asset.parent.project.name",
    "ComponentLocation": "component.version.asset.parent.project.name",
    "Appointment": "context.project.name",
    "Timelog": "context.project.name",
    "List": "project.name",
    "ListObject": "list.project.name",
    "ReviewSession": "project.name",
    "ReviewSessionObject": "review_session.project.name",
    "ReviewSessionInvitee": "review_session.project.name",
}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(seed="demo") as running:
        yield running


@pytest.fixture(scope="module")
def open_session(sandbox, tmp_path_factory):
    """Open a session as a user, with a personal key unless another one is given; kept for the module."""
    cache = str(tmp_path_factory.mktemp("schema"))
    with contextlib.ExitStack() as stack:
        known = {}

        def run(username, key=None):
            if (username, key) not in known:
                session = ftrack_api.Session(
                    server_url=sandbox.url,
                    api_user=username,
                    api_key=key or sandbox.make_key(username),
                    plugin_paths=[],
                    auto_connect_event_hub=False,
                    schema_cache_path=cache,
                )
                stack.callback(session.close)
                known[username, key] = session
            session = known[username, key]
            session.reset()
            return session

        yield run


@pytest.fixture
def service(open_session):
    """The administrator who sees everything."""
    return open_session("pipeline.service")


def ask(session, expression):
    """The rows of a query as they come over the wire, without the client's cache."""
    return session.call([{"action": "query", "expression": expression}])[0]["data"]


def names(session, expression="select name from Project"):
    return {each["name"] for each in ask(session, expression)}


@pytest.fixture
def hidden(service):
    """What lies in the private project: ids by type."""
    return {
        type_name: ask(
            service, f"select id from {type_name} where {path} is sol_levante order by id limit 1"
        )[0]["id"]
        for type_name, path in TYPES.items()
    }


@pytest.fixture
def hidden_file(sandbox, service):
    """The id of a component of the private project that has data."""
    rows = ask(service, f"select id from Component where {TYPES['Component']} is sol_levante")
    return next(each["id"] for each in rows if sandbox.storage.exists(each["id"]))


def everything(session, type_name):
    """The ids of all rows of a type that a session sees."""
    return {each["id"] for each in ask(session, f"select id from {type_name}")}


# 9.1 Keys.


def test_9_1_a_personal_key_has_exactly_its_owners_rights(open_session, service):
    assert names(open_session("yuki.tanaka")) == {"sol_levante"}
    assert names(service) == {"open_shorts", "stem2", "sol_levante"}


@pytest.mark.parametrize("username", ["yuki.tanaka", "ada.lund", "hana.sato", "kim.ek"])
def test_9_1_a_global_key_has_its_own_rights_whoever_is_named(sandbox, open_session, username):
    session = open_session(username, sandbox.api_key)
    assert names(session) == {"open_shorts", "stem2"}
    # The right to change settings and configurations is the key's too.
    assert len(ask(session, "select value from Setting")) > 0


def test_9_1_a_private_project_can_be_granted_to_a_global_key(sandbox, open_session, service, hidden):
    session = open_session("kim.ek", sandbox.api_key)
    task = f"select id from Task where id is {hidden['Task']}"
    assert ask(session, task) == []
    sandbox.grant_project(hidden["Project"])
    assert names(session) == {"open_shorts", "stem2", "sol_levante"}
    assert len(ask(session, task)) == 1
    # The grant is the key's: the user's own key reaches no further than before.
    assert names(open_session("kim.ek")) == {"open_shorts", "stem2"}
    sandbox.reset()
    assert names(session) == {"open_shorts", "stem2"}


@pytest.fixture(autouse=True)
def _keys_last(sandbox, open_session):
    """Personal keys end with a reset; let sessions opened before one go on with new keys."""
    yield
    for cell in open_session.__closure__:
        if isinstance(cell.cell_contents, dict):
            known = cell.cell_contents
    for (username, key), session in list(known.items()):
        if key is None and not _works(session):
            del known[username, key]


def _works(session):
    try:
        session.call([{"action": "query_server_information"}])
    except ftrack_api.exception.ServerError:
        return False
    return True
