"""Who may see and do what: keys, roles, and what lack of rights looks like.

Named after the sections of the protocol reference. The studio is the demo's, in a sandbox of this
module's own, for grants and roles are changed in it.
"""

import contextlib
import time
import uuid

import ftrack_api
import ftrack_api.exception
import pytest
import requests
from ftrack_api.event.hub import EventHub

from ftrack_sandbox.sandbox import Sandbox
from ftrack_sandbox.schema.model import Kind
from ftrack_sandbox.seed.people import project_id

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

ALL = {"open_shorts", "stem2", "sol_levante"}

#: What lies in a project, and the path to the project's id.
TYPES = {
    "Project": "id",
    "Task": "project_id",
    "Shot": "project_id",
    "TypedContext": "project_id",
    "Asset": "parent.project_id",
    "AssetVersion": "asset.parent.project_id",
    "Component": "version.asset.parent.project_id",
    "ComponentLocation": "component.version.asset.parent.project_id",
    "Appointment": "context.project_id",
    "Timelog": "context.project_id",
    "List": "project_id",
    "ListObject": "list.project_id",
    "ReviewSession": "project_id",
    "ReviewSessionObject": "review_session.project_id",
    "ReviewSessionInvitee": "review_session.project_id",
}


#: The path for members of sequences and containers, which have no version of their own.
MEMBERS = {
    "Component": "container.version.asset.parent.project_id",
    "ComponentLocation": "component.container.version.asset.parent.project_id",
}


def within(type_name, projects):
    """A query for what lies in the projects of these names."""
    ids = ", ".join(sorted(project_id(each) for each in projects))
    where = " or ".join(
        f"{path} in ({ids})" for path in (TYPES[type_name], MEMBERS.get(type_name)) if path is not None
    )
    return f"select id from {type_name} where ({where})"


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(seed="demo") as running:
        yield running


@pytest.fixture(scope="module")
def open_session(sandbox, tmp_path_factory):
    """A session as a user, with a personal key unless another one is given; kept for the module."""
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


def until(condition, hub):
    """Let *hub* handle its events until *condition* holds."""
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < end, "the condition never came to hold"
        hub.wait(duration=0)


def ask(session, expression, options="strict:1;denormalize:1"):
    """The rows of a query as they come over the wire, with nothing in them that was not asked for."""
    reply = requests.post(
        f"{session.server_url}/api",
        json=[{"action": "query", "expression": expression}],
        headers={
            "ftrack-user": session.api_user,
            "ftrack-api-key": session.api_key,
            "ftrack-strict-api": "true",
            "ftrack-api-options": options,
        },
        timeout=TIMEOUT_S,
    )
    content = reply.json()
    if isinstance(content, dict):
        raise ftrack_api.exception.ServerError(f"{content['exception']}({content['content']})")
    return content[0]["data"]


def names(session, expression="select name from Project"):
    return {each["name"] for each in ask(session, expression)}


@pytest.fixture
def hidden(service):
    """What lies in the private project: ids by type."""
    return {
        type_name: ask(service, f"{within(type_name, ['sol_levante'])} order by id limit 1")[0]["id"]
        for type_name in TYPES
    }


@pytest.fixture
def hidden_file(sandbox, service):
    """The id of a component of the private project that has data."""
    rows = ask(service, within("Component", ["sol_levante"]))
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


def test_9_1_a_private_project_can_be_granted_to_a_global_key(tmp_path):
    with Sandbox(seed="demo") as sandbox:
        sessions = [
            ftrack_api.Session(sandbox.url, key, name, plugin_paths=[], schema_cache_path=str(tmp_path))
            for name, key in (("yuki.tanaka", sandbox.api_key), ("kim.ek", sandbox.make_key("kim.ek")))
        ]
        query = "select id from Project where name is sol_levante"
        assert [ask(each, query) for each in sessions] == [[], []]
        sandbox.grant_project(project_id("sol_levante"))
        # The grant is the key's: a user's own key reaches no further than before.
        assert [len(ask(each, query)) for each in sessions] == [1, 0]
        assert ask(sessions[0], within("Task", ["sol_levante"])) != []
        for each in sessions:
            each.close()


def test_9_1_the_named_user_is_the_author_of_what_a_global_key_writes(sandbox, open_session):
    session = open_session("zoe.oconnor", sandbox.api_key)
    project = session.query("Project where name is stem2").one()
    task = session.create("Task", {"name": f"by zoe {uuid.uuid4().hex[:8]}", "parent": project})
    session.commit()
    (row,) = ask(session, f"select created_by.username from Task where id is {task['id']}")
    assert row["created_by"]["username"] == "zoe.oconnor"


@pytest.mark.parametrize("username", ["ingrid.solberg", "nobody.known", ""])
def test_9_1_a_wrong_or_inactive_user_cannot_start_a_session(sandbox, tmp_path, username):
    with pytest.raises((ftrack_api.exception.ServerError, TypeError)):
        ftrack_api.Session(
            sandbox.url, sandbox.api_key, username, plugin_paths=[], schema_cache_path=str(tmp_path)
        )


def test_9_1_the_key_of_another_cannot_start_a_session(sandbox, tmp_path):
    key = sandbox.make_key("emma.dubois")
    with pytest.raises(ftrack_api.exception.ServerError, match="InvalidCredentialsError"):
        ftrack_api.Session(sandbox.url, key, "kim.ek", plugin_paths=[], schema_cache_path=str(tmp_path))


@pytest.mark.parametrize("kind", ["personal", "global"])
def test_9_1_a_user_who_is_deactivated_meanwhile_can_do_nothing_more(sandbox, open_session, service, kind):
    username = f"leaver.{uuid.uuid4().hex[:8]}"
    user = service.create("User", {"username": username, "is_active": True})
    service.commit()
    session = open_session(username, sandbox.api_key if kind == "global" else None)
    assert ask(session, "select id from Type limit 1")
    user["is_active"] = False
    service.commit()
    with pytest.raises(ftrack_api.exception.ServerError, match="InvalidCredentialsError"):
        ask(session, "select id from Type limit 1")
    with pytest.raises(ftrack_api.exception.EventHubConnectionError):
        EventHub(sandbox.url, username, session.api_key).connect()


@pytest.mark.parametrize("kind", ["personal", "global"])
def test_9_1_the_server_information_tells_of_the_key(sandbox, open_session, service, kind):
    def told(username):
        session = open_session(username, sandbox.api_key if kind == "global" else None)
        operation = {"action": "query_server_information", "values": ["user_information"]}
        return session.call([operation])[0]["user_information"]

    kim, hana = told("kim.ek"), told("hana.sato")
    assert (kim["username"], kim["first_name"], kim["last_name"]) == ("kim.ek", "Kim", "Ek")
    assert kim["is_global_access_key"] is (kind == "global")
    assert isinstance(kim["permissions"], list)
    # A global key is one, whoever is named; a personal one is its owner's.
    assert kim["access_key_id"]
    assert (kim["access_key_id"] == hana["access_key_id"]) is (kind == "global")
    assert kim["restricted_user"] is False
    assert hana["restricted_user"] is (kind == "personal")


# 9.2 Roles and projects.


def test_9_2_the_built_in_roles_are_of_the_known_kinds(service):
    found = {each["name"]: each["type"] for each in ask(service, "select name, type from SecurityRole")}
    assert {"Restricted user", "User", "Project manager", "Administrator", "API"} <= set(found)
    assert set(found.values()) == {"PROJECT", "API", "ASSIGNED"}
    assert found["API"] == "API"


@pytest.mark.parametrize("username", REACH)
def test_9_2_a_user_sees_the_projects_that_the_roles_open(open_session, username):
    assert names(open_session(username)) == REACH[username]


@pytest.mark.parametrize("username", ["joerg.weiss", "kim.ek", "nina.holm", "zoe.oconnor", "sofia.andersson"])
def test_9_2_a_user_sees_what_lies_in_these_projects_and_nothing_of_others(open_session, service, username):
    session, wrong = open_session(username), {}
    for type_name in TYPES:
        # Rows of no project at all are everybody's.
        others = {each["id"] for each in ask(service, within(type_name, ALL - REACH[username] or [""]))}
        wrong[type_name] = (everything(service, type_name) - others) ^ everything(session, type_name)
    assert wrong == {type_name: set() for type_name in TYPES}


@pytest.mark.parametrize("username", ["hana.sato", "client.review"])
def test_9_2_a_restricted_user_sees_nothing_of_other_projects(open_session, service, username):
    session, others = open_session(username), ALL - REACH[username]
    for type_name in TYPES:
        assert ask(service, within(type_name, others)) != []
        assert ask(session, within(type_name, others)) == []


def test_9_2_a_role_given_for_one_more_project_opens_it_at_once(open_session, service):
    session = open_session("pavel.novak")
    held = service.query("UserSecurityRole where user.username is pavel.novak").one()
    project = service.query("Project where name is sol_levante").one()
    given = service.create("UserSecurityRoleProject", {"project": project, "user_security_role": held})
    service.commit()
    assert names(session) == {"open_shorts", "sol_levante"}
    assert ask(session, within("Task", ["sol_levante"])) != []
    service.delete(given)
    service.commit()
    assert names(session) == {"open_shorts"}


def test_9_2_a_project_made_private_is_gone_for_those_who_have_all_open_ones(open_session, service):
    schema = service.query("ProjectSchema").first()
    name = f"show_{uuid.uuid4().hex[:8]}"
    project = service.create("Project", {"name": name, "full_name": name, "project_schema": schema})
    service.create("Task", {"name": "in it", "parent": project})
    service.commit()
    session = open_session("zoe.oconnor")
    task = f"select id from Task where project_id is {project['id']}"
    assert (name in names(session), len(ask(session, task))) == (True, 1)
    project["is_private"] = True
    service.commit()
    assert (name in names(session), len(ask(session, task))) == (False, 0)
    service.delete(project)
    service.commit()


# 9.3 What lack of rights looks like: reading.


@pytest.mark.parametrize("type_name", TYPES)
def test_9_3_a_row_of_an_inaccessible_project_is_missing_from_query_and_get(
    sandbox, open_session, service, hidden, type_name
):
    key = hidden[type_name]
    assert service.get(type_name, key) is not None
    for session in (open_session("kim.ek"), open_session("zoe.oconnor", sandbox.api_key)):
        assert ask(session, f"select id from {type_name} where id is {key}") == []
        assert session.get(type_name, key) is None


@pytest.mark.parametrize(
    ("type_name", "attribute", "of"),
    [
        ("Note", "parent_id", "Task"),
        ("Note", "parent_id", "AssetVersion"),
        ("Metadata", "parent_id", "Task"),
        ("ContextCustomAttributeValue", "entity_id", "Shot"),
    ],
)
def test_9_3_what_hangs_on_a_hidden_entity_is_missing_too(open_session, service, type_name, attribute, of):
    query = f"select {attribute} from {type_name} where {attribute} in ({within(of, ['sol_levante'])})"
    ids = sorted({each[attribute] for each in ask(service, query)})
    assert ids, f"the demo has no {type_name} to hide"
    query = f"select {attribute} from {type_name} where {attribute} in ({', '.join(ids)})"
    assert ask(service, query) != []
    assert ask(open_session("zoe.oconnor"), query) == []


def naming(sandbox, session, ids):
    """The types that, for the session, have rows in which one of *ids* stands."""
    found = set()
    for type_name, entity_type in sandbox.store.schema.types.items():
        scalars = [
            each.name
            for each in entity_type.attributes.values()
            if each.kind is Kind.SCALAR and not each.restricted
        ]
        rows = ask(session, f"select {', '.join(scalars)} from {type_name}") if scalars else []
        if any(isinstance(value, str) and value in ids for row in rows for value in row.values()):
            found.add(type_name)
    return found


def test_9_3_no_row_of_any_type_names_what_is_hidden(sandbox, open_session, service):
    hidden = {each["id"] for name in TYPES for each in ask(service, within(name, ["sol_levante"]))}
    everywhere = {*TYPES, "Note", "Metadata", "TypedContextLink", "UserSecurityRoleProject"}
    assert everywhere <= naming(sandbox, service, hidden)
    assert naming(sandbox, open_session("zoe.oconnor"), hidden) == set()


def texts(value):
    """All texts within a value as it came over the wire."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return {text for each in value for text in texts(each)}
    return {value} if isinstance(value, str) else set()


def leading(sandbox, session, ids, among=None):
    """The types (of *among*, or all) with a relation or collection in which one of *ids* stands."""
    types, found = sandbox.store.schema.types, set()
    for type_name in among or types:
        entity_type = types[type_name]
        related = [
            f"{each.name}.{types[each.target].primary_key[0]}"
            for each in entity_type.attributes.values()
            if each.kind in (Kind.RELATION, Kind.COLLECTION) and not each.restricted
        ]
        query = f"select {', '.join(related)} from {type_name} order by id limit 60"
        if "id" in entity_type.attributes and related and texts(ask(session, query, "")) & ids:
            found.add(type_name)
    return found


def test_9_3_no_relation_or_collection_leads_to_what_is_hidden(sandbox, open_session, service):
    hidden = {each["id"] for name in TYPES for each in ask(service, within(name, ["sol_levante"]))}
    some = {"User", "Status", "Type", "Disk", "Location"}
    assert leading(sandbox, service, hidden, some) == some
    assert leading(sandbox, open_session("zoe.oconnor"), hidden) == set()


def test_9_3_a_collection_leaves_out_what_is_hidden_and_no_condition_finds_it(open_session, service):
    query = "select assignments.context_id, assignments.context.name from User where username is yuki.tanaka"
    assert ask(service, query)[0]["assignments"] != []
    session = open_session("zoe.oconnor")
    assert ask(session, query)[0]["assignments"] == []
    project = project_id("sol_levante")
    for where in (
        f"assignments any (context.project_id is {project})",
        f"assignments.context.project_id is {project}",
        f"id in (select resource_id from Appointment where context.project_id is {project})",
    ):
        assert ask(service, f"select id from User where {where}") != []
        assert ask(session, f"select id from User where {where}") == []


def test_9_3_groups_count_what_is_seen_only(open_session, service):
    query = "select count(id), project_id from Task group by project_id"
    counts = {each["project_id"]: each["count_id"] for each in ask(service, query)}
    assert set(counts) == {project_id(each) for each in ALL}
    del counts[project_id("sol_levante")]
    assert {
        each["project_id"]: each["count_id"] for each in ask(open_session("zoe.oconnor"), query)
    } == counts


def test_9_3_the_attachment_of_a_job_is_not_told_to_who_does_not_see_the_file(
    open_session, service, hidden_file
):
    user = service.query("User where username is zoe.oconnor").one()
    job = service.create("Job", {"user": user, "status": "done"})
    service.create("JobComponent", {"job_id": job["id"], "component_id": hidden_file})
    service.commit()
    query = f"select job_components.url, job_components.component.name from Job where id is {job['id']}"
    assert len(ask(service, query)[0]["job_components"]) == 1
    assert ask(open_session("zoe.oconnor"), query)[0]["job_components"] == []
    service.delete(job)
    service.commit()


@pytest.mark.parametrize(
    ("username", "key", "status"),
    [
        ("ada.lund", "personal", 200),
        ("yuki.tanaka", "personal", 200),
        ("sofia.andersson", "personal", 200),
        ("kim.ek", "personal", 404),
        ("zoe.oconnor", "personal", 404),
        ("pavel.novak", "personal", 404),
        ("client.review", "personal", 404),
        ("ada.lund", "global", 404),
    ],
)
def test_9_3_files_and_thumbnails_follow_the_reach_of_the_key(
    sandbox, open_session, hidden_file, username, key, status
):
    session = open_session(username, sandbox.api_key if key == "global" else None)
    query = {"id": hidden_file, "username": username, "apiKey": session.api_key}
    for path in ("get", "thumbnail"):
        reply = requests.get(f"{sandbox.url}/component/{path}", params=query, timeout=TIMEOUT_S)
        assert reply.status_code == status
    if status != 200:
        reply = requests.get(f"{sandbox.url}/component/remove", params=query, timeout=TIMEOUT_S)
        assert reply.status_code >= 400
        assert sandbox.storage.exists(hidden_file)


@pytest.mark.parametrize("username", ["joerg.weiss", "kim.ek", "zoe.oconnor", "hana.sato"])
def test_9_3_settings_are_empty_for_ordinary_users(open_session, service, username):
    assert ask(service, "select value from Setting") != []
    assert list(open_session(username).query("Setting").all()) == []
    assert ask(open_session(username), 'select value from Setting where name is "storage_scenario"') == []


@pytest.mark.parametrize(
    ("username", "sees"),
    [("kim.ek", True), ("ada.lund", True), ("zoe.oconnor", False), ("client.review", False)],
)
def test_9_3_a_custom_attribute_without_read_role_is_absent(open_session, username, sees):
    session = open_session(username)
    project = session.query("Project where name is stem2").one()
    values = project["custom_attributes"]
    assert ("budget" in values.keys()) is sees
    assert "job_number" in values.keys()
    if not sees:
        with pytest.raises(KeyError):
            values["budget"]
        with pytest.raises(KeyError):
            values["budget"] = 1
    assert bool(ask(session, "select value from ContextCustomAttributeValue where key is budget")) is sees
    found = ask(session, "select id from Project where custom_attributes any (key is budget and value > 0)")
    assert bool(found) is sees


# 9.3 Writing.


@pytest.fixture
def task(service):
    """A task in an open project, made for the test."""
    project = service.query("Project where name is stem2").one()
    made = service.create("Task", {"name": f"open {uuid.uuid4().hex[:8]}", "parent": project})
    service.commit()
    yield made["id"]
    service.reset()
    service.delete(service.get("Task", made["id"]))
    service.commit()


def create(type_name, **data):
    return {"action": "create", "entity_type": type_name, "entity_data": data}


def update(type_name, key, **data):
    key = key if isinstance(key, list) else [key]
    return {"action": "update", "entity_type": type_name, "entity_key": key, "entity_data": data}


def delete(entity_type, key):
    return {"action": "delete", "entity_type": entity_type, "entity_key": [key]}


@pytest.fixture
def refused(sandbox, open_session, service, task):
    """Check that an operation is refused, and that what stood before it in its batch is undone and untold."""

    def run(username, operation, error="PermissionError"):
        session = open_session(username)
        (before,) = ask(service, f"select name, description from Task where id is {task}")
        hub, told = EventHub(sandbox.url, service.api_user, service.api_key), []
        hub.connect()
        try:
            for topic in ("ftrack.update", "test.end"):
                hub.subscribe(f"topic={topic}", told.append)
            until(
                lambda: any("topic=test.end" in each.subscriptions for each in sandbox.hub.connections), hub
            )
            with pytest.raises(ftrack_api.exception.ServerError, match=error):
                session.call([update("Task", task, description="before what is refused"), operation])
            sandbox.hub.publish({"topic": "test.end"})
            until(lambda: told and told[-1]["topic"] == "test.end", hub)
        finally:
            hub.disconnect()
        assert [each["topic"] for each in told] == ["test.end"]
        assert ask(service, f"select name, description from Task where id is {task}") == [before]

    return run


def test_9_3_who_may_write_in_a_project_does(open_session, service, task):
    session = open_session("zoe.oconnor")
    session.call([update("Task", task, description="written")])
    assert ask(service, f"select description from Task where id is {task}")[0]["description"] == "written"


@pytest.mark.parametrize("username", ["kim.ek", "zoe.oconnor"])
@pytest.mark.parametrize("type_name", ["Task", "Asset", "AssetVersion", "List", "ReviewSession"])
def test_9_3_what_is_hidden_can_be_neither_changed_nor_deleted(refused, hidden, username, type_name):
    name = "comment" if type_name == "AssetVersion" else "name"
    refused(username, update(type_name, hidden[type_name], **{name: "mine now"}))
    refused(username, delete(type_name, hidden[type_name]))


@pytest.mark.parametrize(
    "what",
    ["task", "note", "assignment", "link", "attachment", "metadata", "custom attribute", "list", "move"],
)
def test_9_3_nothing_can_be_put_into_or_onto_what_is_hidden(
    refused, open_session, service, hidden, hidden_file, task, what
):
    zoe = ask(service, "select id from User where username is zoe.oconnor")[0]["id"]
    job = open_session("zoe.oconnor").call([create("Job", user_id=zoe, status="running")])[0]["data"]["id"]
    (configuration,) = ask(
        service,
        "select id from CustomAttributeConfiguration where key is complexity and entity_type is task",
    )
    operation = {
        "task": create("Task", name="mine", parent_id=hidden["Shot"]),
        "note": create(
            "Note", content="seen", user_id=zoe, parent_id=hidden["Task"], parent_type="TypedContext"
        ),
        "assignment": create("Appointment", context_id=hidden["Task"], resource_id=zoe, type="assignment"),
        "link": create("TypedContextLink", from_id=task, to_id=hidden["Task"]),
        "attachment": create("JobComponent", component_id=hidden_file, job_id=job),
        "metadata": create("Metadata", parent_id=hidden["Task"], parent_type="Task", key="a", value="b"),
        "custom attribute": update(
            "ContextCustomAttributeValue", [configuration["id"], hidden["Task"]], value=["hard"]
        ),
        "list": create("ListObject", list_id=hidden["List"], entity_id=task),
        "move": update("Task", task, parent_id=hidden["Shot"]),
    }[what]
    # A reference to what is not seen may as well be one to nothing.
    refused("zoe.oconnor", operation, "PermissionError|IntegrityError")


@pytest.mark.parametrize("username", ["kim.ek", "zoe.oconnor", "client.review"])
@pytest.mark.parametrize(
    "what", ["user", "role", "held role", "project of a role", "schema", "configuration"]
)
def test_9_3_administrative_types_are_not_for_everybody(open_session, service, username, what):
    user = service.query(f"User where username is {username}").one()
    admin = service.query("SecurityRole where name is Administrator").one()
    held = service.query(f"UserSecurityRole where user.username is {username}").one()
    project = service.query("Project where name is sol_levante").one()
    kind = service.query("CustomAttributeType where name is text").one()
    operation = {
        "user": create("User", username="made.up", is_active=True),
        "role": create("SecurityRole", name="Everything"),
        "held role": create("UserSecurityRole", user_id=user["id"], security_role_id=admin["id"]),
        "project of a role": create(
            "UserSecurityRoleProject", project_id=project["id"], user_security_role_id=held["id"]
        ),
        "schema": create("ProjectSchema", name="Mine"),
        "configuration": create(
            "CustomAttributeConfiguration", key="mine", label="Mine", entity_type="task", type_id=kind["id"]
        ),
    }[what]
    session, type_name = open_session(username), operation["entity_type"]
    before = everything(service, type_name)
    with pytest.raises(ftrack_api.exception.ServerError, match="PermissionError"):
        session.call([operation])
    assert everything(service, type_name) == before


@pytest.mark.parametrize("how", ["update", "delete", "key of another"])
def test_9_3_nobody_takes_the_rights_of_others(open_session, service, how):
    session = open_session("zoe.oconnor")
    zoe, ada = (
        service.query(f"User where username is {name}").one()["id"] for name in ("zoe.oconnor", "ada.lund")
    )
    query = f"select id, is_all_projects, user_id from UserSecurityRole where user_id in ({zoe}, {ada})"
    before = sorted(ask(service, query), key=str)
    held = {each["user_id"]: each["id"] for each in before}
    operation = {
        "update": update("UserSecurityRole", held[zoe], is_all_projects=True),
        "delete": delete("UserSecurityRole", held[ada]),
        "key of another": {"action": "reset_remote", "reset_type": "api_key", "entity_key": ada},
    }[how]
    with pytest.raises(ftrack_api.exception.ServerError, match="PermissionError"):
        session.call([operation])
    assert sorted(ask(service, query), key=str) == before
    assert names(session) == REACH["zoe.oconnor"]


def test_9_3_nobody_takes_the_role_of_another_through_a_collection(open_session, service):
    session = open_session("zoe.oconnor")
    zoe, ada = (
        service.query(f"User where username is {name}").one()["id"] for name in ("zoe.oconnor", "ada.lund")
    )
    held = service.query(f"UserSecurityRole where user_id is {ada}").one()["id"]
    reference = {"__entity_type__": "UserSecurityRole", "id": held}
    try:
        with pytest.raises(ftrack_api.exception.ServerError, match="PermissionError"):
            session.call([update("User", zoe, user_security_roles=[reference])])
        assert names(session) == REACH["zoe.oconnor"]
    finally:
        service.call([update("UserSecurityRole", held, user_id=ada)])


def test_9_3_an_administrator_does_administer(service):
    role = service.create("SecurityRole", {"name": f"role {uuid.uuid4().hex[:8]}"})
    service.commit()
    assert len(ask(service, f"select id from SecurityRole where id is {role['id']}")) == 1
    service.delete(role)
    service.commit()


def test_9_3_a_custom_attribute_without_write_role_stays_as_it_was(refused, open_session, service):
    shot = ask(service, "select id from Shot where project.name is stem2 limit 1")[0]["id"]
    (configuration,) = ask(service, "select id from CustomAttributeConfiguration where key is on_hold")
    operation = update("ContextCustomAttributeValue", [configuration["id"], shot], value=True)
    refused("zoe.oconnor", operation)
    open_session("kim.ek").call([operation])
    (row,) = ask(
        service, f"select value from ContextCustomAttributeValue where key is on_hold and entity_id is {shot}"
    )
    assert row["value"] is True


# 9.2 Restricted users: assumed, for the reference has their row filter as unknown.

#: What hangs on contexts, and the path to the context.
HANGING = {
    "TypedContext": "id",
    "Task": "id",
    "Shot": "id",
    "Asset": "context_id",
    "AssetVersion": "asset.context_id",
    "Appointment": "context_id",
    "Timelog": "context_id",
    "StatusChange": "parent_id",
}

RESTRICTED = ["hana.sato", "client.review"]


def narrow(service, username):
    """The contexts that a restricted user is to see, told from assignments and parents, and the project."""
    project = project_id(*REACH[username])
    rows = ask(service, f"select id, parent_id from TypedContext where project_id is {project}")
    parents = {each["id"]: each["parent_id"] for each in rows}
    (user,) = ask(service, f"select id, memberships.group_id from User where username is {username}")
    resources = ", ".join([user["id"], *(each["group_id"] for each in user["memberships"])])
    query = f"select context_id from Appointment where type is assignment and resource_id in ({resources})"
    assigned = {each["context_id"] for each in ask(service, query)}

    def line(context):
        return [context, *line(parents[context])] if context in parents else []

    above = {each for context in assigned for each in line(context)}
    below = {context for context in parents if assigned & set(line(context))}
    return above | below | {project}


def hidden_from(service, username):
    """A task in the restricted user's project that the user does not see."""
    seen, project = narrow(service, username), project_id(*REACH[username])
    rows = ask(service, f"select id, name, parent_id, description from Task where project_id is {project}")
    return next(each for each in rows if each["id"] not in seen)


@contextlib.contextmanager
def made(service, type_name, **data):
    """What is there for a while only."""
    entity = service.create(type_name, data)
    service.commit()
    try:
        yield entity
    finally:
        service.delete(entity)
        service.commit()


@pytest.mark.parametrize("username", RESTRICTED)
@pytest.mark.parametrize("type_name", HANGING)
def test_9_2_a_restricted_user_sees_what_hangs_on_what_is_assigned_and_on_what_leads_there(
    open_session, service, username, type_name
):
    seen, path = narrow(service, username), HANGING[type_name]
    project = project_id(*REACH[username])
    related, name = path.split(".") if "." in path else (None, path)

    def context(row):
        return row[related][name] if related else row[name]

    rows = ask(service, f"select id, {path} from {type_name}")
    inside = {each["id"] for each in rows if context(each) in seen}
    assert everything(open_session(username), type_name) == inside
    if type_name in TYPES:
        in_project = {each["id"] for each in ask(service, within(type_name, REACH[username]))}
        assert inside < in_project, f"the demo has no {type_name} of {project} that is out of sight"


@pytest.mark.parametrize("username", RESTRICTED)
def test_9_2_a_restricted_user_sees_notes_metadata_and_links_of_seen_contexts_only(
    open_session, service, username
):
    seen, session = narrow(service, username), open_session(username)
    contexts = {each["id"] for each in ask(service, "select id from Context")}
    for type_name in ("Note", "Metadata", "ContextCustomAttributeValue"):
        column = "entity_id" if type_name.endswith("Value") else "parent_id"
        query = f"select {column} from {type_name}"
        told, known = ({each[column] for each in ask(who, query)} & contexts for who in (session, service))
        assert told and told <= seen
        assert known - seen
    for each in ask(session, "select from_id, to_id from TypedContextLink"):
        assert {each["from_id"], each["to_id"]} <= seen


@pytest.mark.parametrize("username", RESTRICTED)
def test_9_2_a_restricted_user_sees_components_of_seen_versions_only(open_session, service, username):
    session = open_session(username)
    versions = everything(session, "AssetVersion")
    query = "select id, version_id, container.version_id from Component"
    told = {each["id"] for each in ask(session, query)}

    def version(row):
        return row["version_id"] or (row["container"] or {}).get("version_id")

    assert told == {each["id"] for each in ask(service, query) if version(each) in {None, *versions}}


@pytest.mark.parametrize("username", RESTRICTED)
def test_9_2_a_restricted_user_sees_lists_with_the_objects_that_are_seen(open_session, service, username):
    session = open_session(username)
    query = within("List", REACH[username])
    assert ask(session, query) == ask(service, query) != []
    entities = everything(session, "TypedContext") | everything(session, "AssetVersion")
    told = {each["entity_id"] for each in ask(session, "select entity_id from ListObject")}
    query = f"select entity_id from ListObject where list.project_id is {project_id(*REACH[username])}"
    known = {each["entity_id"] for each in ask(service, query)}
    assert told == known & entities != known
    for type_name in ("ReviewSession", "ReviewSessionObject", "ReviewSessionInvitee"):
        assert everything(session, type_name) == set()


@pytest.mark.parametrize("username", RESTRICTED)
def test_9_2_no_relation_and_no_condition_lead_a_restricted_user_to_what_is_hidden(
    sandbox, open_session, service, username
):
    session, seen = open_session(username), narrow(service, username)
    hidden = {each["id"] for each in ask(service, within("TypedContext", REACH[username]))} - seen
    assert leading(sandbox, session, hidden) == set()
    one = hidden_from(service, username)
    for where in (f"children.id is {one['id']}", f"descendants any (id is {one['id']})"):
        assert ask(service, f"select id from TypedContext where {where}") != []
        assert ask(session, f"select id from TypedContext where {where}") == []
    search = {"action": "search", "expression": "select id from Task", "entity_type": "Task"}
    (reply,) = session.call([{**search, "terms": [one["name"]]}])
    assert {each["id"] for each in reply["data"]} <= seen
    own = ask(session, "select id, name from Task limit 1")[0]
    (reply,) = session.call([{**search, "terms": [own["name"]]}])
    assert own["id"] in {each["id"] for each in reply["data"]} <= seen
    assert session.get("Task", one["id"]) is None


@pytest.mark.parametrize("username", RESTRICTED)
def test_9_2_files_and_thumbnails_follow_what_a_restricted_user_sees(
    sandbox, open_session, service, username
):
    session = open_session(username)
    seen = everything(session, "Component")
    files = [each["id"] for each in ask(service, within("Component", REACH[username]))]
    files = [each for each in files if sandbox.storage.exists(each)]
    shown = next(each for each in files if each in seen)
    hidden = next(each for each in files if each not in seen)
    for component_id, status in ((shown, 200), (hidden, 404)):
        query = {"id": component_id, "username": username, "apiKey": session.api_key}
        for path in ("get", "thumbnail"):
            reply = requests.get(f"{sandbox.url}/component/{path}", params=query, timeout=TIMEOUT_S)
            assert reply.status_code == status
    requests.get(f"{sandbox.url}/component/remove", params=query, timeout=TIMEOUT_S)
    assert sandbox.storage.exists(hidden)


@pytest.mark.parametrize("how", ["user", "group", "parent", "project"])
def test_9_2_a_restricted_user_gains_sight_by_an_assignment_and_loses_it_with_it(open_session, service, how):
    session, hidden = open_session("client.review"), hidden_from(service, "client.review")
    query = f"select id from Task where id is {hidden['id']}"
    resource = "Group where name is Client" if how == "group" else "User where username is client.review"
    context = {"parent": hidden["parent_id"], "project": project_id("stem2")}.get(how, hidden["id"])
    data = {"context_id": context, "resource_id": service.query(resource).one()["id"]}
    with made(service, "Appointment", type="allocation", **data):
        assert ask(session, query) == []
    with made(service, "Appointment", type="assignment", **data):
        assert ask(session, query) == [{"__entity_type__": "Task", "id": hidden["id"]}]
        assert everything(session, "TypedContext") >= {hidden["id"], hidden["parent_id"]}
        session.call([update("Task", hidden["id"], description="by a restricted user")])
        session.call([update("Task", hidden["id"], description=hidden["description"])])
    assert ask(session, query) == []


@pytest.mark.parametrize("role", ["User", "Project manager"])
def test_9_2_another_role_for_the_project_shows_a_restricted_user_all_of_it(open_session, service, role):
    session = open_session("client.review")
    before = everything(session, "TypedContext")
    user = service.query("User where username is client.review").one()
    held = {"user": user, "security_role": service.query(f"SecurityRole where name is '{role}'").one()}
    reach = {"is_all_projects": False, "is_all_open_projects": False}
    with made(service, "UserSecurityRole", **held, **reach) as one:
        assert everything(session, "TypedContext") == before
        project = service.query("Project where name is stem2").one()
        with made(service, "UserSecurityRoleProject", project=project, user_security_role=one):
            for type_name in TYPES:
                query = within(type_name, ["stem2"])
                assert sorted(ask(session, query), key=str) == sorted(ask(service, query), key=str)
        project = service.query("Project where name is open_shorts").one()
        with made(service, "UserSecurityRoleProject", project=project, user_security_role=one):
            others = {each["id"] for each in ask(service, within("TypedContext", ["open_shorts"]))}
            assert everything(session, "TypedContext") == before | others
    assert everything(session, "TypedContext") == before


@pytest.mark.parametrize(
    "what",
    [
        "update",
        "delete",
        "note",
        "below",
        "beside",
        "link",
        "list",
        "metadata",
        "own assignment",
        "assignment above",
        "assignment to the project",
        "taking an assignment away",
        "above",
        "project",
        "move below own",
    ],
)
def test_9_3_a_restricted_user_writes_nothing_out_of_sight_and_does_not_widen_it(open_session, service, what):
    session, hidden = open_session("client.review"), hidden_from(service, "client.review")
    (user,) = ask(service, "select id from User where username is client.review")
    project = project_id("stem2")
    query = "select id, context_id, context.parent_id from Appointment where type is assignment and "
    own = ask(service, f"{query} resource_id is {user['id']} and context.project_id is {project} limit 1")[0]
    task, above = own["context_id"], own["context"]["parent_id"]
    assigned = {"resource_id": user["id"], "type": "assignment"}
    (lists,) = ask(service, "select id from TypedContextList where project.name is stem2 limit 1")
    operation = {
        "update": update("Task", hidden["id"], description="mine now"),
        "delete": delete("Task", hidden["id"]),
        "note": create(
            "Note", content="seen", user_id=user["id"], parent_id=hidden["id"], parent_type="TypedContext"
        ),
        "below": create("Task", name="mine", parent_id=hidden["id"]),
        "beside": create("Task", name="mine", parent_id=above),
        "link": create("TypedContextLink", from_id=task, to_id=hidden["id"]),
        "list": create("ListObject", list_id=lists["id"], entity_id=hidden["id"]),
        "metadata": create("Metadata", parent_id=hidden["id"], parent_type="Task", key="a", value="b"),
        "own assignment": create("Appointment", context_id=hidden["id"], **assigned),
        "assignment above": create("Appointment", context_id=above, **assigned),
        "assignment to the project": create("Appointment", context_id=project, **assigned),
        "taking an assignment away": delete("Appointment", own["id"]),
        "above": update("TypedContext", above, description="mine now"),
        "project": update("Project", project, full_name="mine now"),
        "move below own": update("TypedContext", above, parent_id=task),
    }[what]

    def sight():
        return {
            each: len(ask(session, f"select {'key' if each == 'Metadata' else 'id'} from {each}"))
            for each in ("TypedContext", "Note", "TypedContextLink", "ListObject", "Metadata", "Appointment")
        }

    before = sight()
    # A reference to what is not seen may as well be one to nothing.
    with pytest.raises(ftrack_api.exception.ServerError, match=r"PermissionError|IntegrityError"):
        session.call([operation])
    assert sight() == before
    assert hidden_from(service, "client.review") == hidden


def test_9_3_a_restricted_user_writes_what_is_seen_and_publishes_above_it(open_session, service):
    session = open_session("client.review")
    query = "select id, parent_id, description from Task where assignments.resource.username is client.review"
    task = ask(service, f"{query} limit 1")[0]
    (kind,) = ask(service, "select id from AssetType limit 1")
    ids = {each: str(uuid.uuid4()) for each in ("asset", "version", "note", "below")}
    session.call(
        [
            update("Task", task["id"], description="written"),
            create("Task", id=ids["below"], name=f"below {ids['below'][:8]}", parent_id=task["id"]),
            create(
                "Asset",
                id=ids["asset"],
                name=f"published {ids['asset'][:8]}",
                context_id=task["parent_id"],
                type_id=kind["id"],
            ),
            create("AssetVersion", id=ids["version"], asset_id=ids["asset"], task_id=task["id"]),
            create(
                "Note", id=ids["note"], content="done", parent_id=ids["version"], parent_type="AssetVersion"
            ),
        ]
    )
    assert {ids["below"]} <= everything(session, "Task")
    assert {ids["asset"]} <= everything(session, "Asset")
    assert {ids["note"]} <= everything(session, "Note")
    session.call(
        [
            delete("Asset", ids["asset"]),
            delete("Task", ids["below"]),
            update("Task", task["id"], description=task["description"]),
        ]
    )


# 9.3 Configurations and lists that reach across what is seen.


def test_9_3_the_custom_attributes_of_a_hidden_project_are_not_even_known(open_session, service):
    """Neither what they are called, nor by any way that leads there, nor their values."""
    mark = uuid.uuid4().hex[:8]
    kind = service.query("CustomAttributeType where name is text").one()
    group = service.create("CustomAttributeGroup", {"name": f"group {mark}"})
    shown = {}
    for name in ("sol_levante", "open_shorts", None):
        data = {"key": f"{mark}_{name}", "label": "Secret", "config": "{}", "entity_type": "task"}
        shown[name] = service.create(
            "CustomAttributeConfiguration",
            {**data, "type": kind, "group": group, "project_id": name and project_id(name), "default": ""},
        )
    linking = service.create(
        "CustomAttributeLinkConfiguration",
        {
            "key": f"{mark}_link",
            "label": "Secret",
            "group": group,
            "entity_type": "task",
            "entity_type_to": "task",
            "project_id": project_id("sol_levante"),
        },
    )
    service.commit()
    everybody = {name: entity["id"] for name, entity in shown.items()}
    try:
        for username, seen in (
            ("pavel.novak", {"open_shorts", None}),
            ("hana.sato", {"sol_levante", None}),
            ("ada.lund", {"sol_levante", "open_shorts", None}),
        ):
            session = open_session(username)
            wanted = {everybody[name] for name in seen}
            linked = {linking["id"]} if "sol_levante" in seen else set()
            query = f'select id from {{}} where key like "{mark}%"'
            for type_name, ids in (
                ("CustomAttributeConfiguration", wanted),
                ("CustomConfigurationBase", wanted | linked),
                ("CustomAttributeLinkConfiguration", linked),
            ):
                assert {each["id"] for each in ask(session, query.format(type_name))} == ids
            select = "select custom_attribute_configurations.id from CustomAttributeGroup"
            (row,) = ask(session, f"{select} where id is {group['id']}")
            assert {each["id"] for each in row["custom_attribute_configurations"]} == wanted
            for key, owner in (
                (everybody["sol_levante"], "sol_levante"),
                (everybody["open_shorts"], "open_shorts"),
            ):
                assert (session.get("CustomAttributeConfiguration", key) is not None) == (owner in seen)
    finally:
        for each in (*shown.values(), linking, group):
            service.delete(each)
        service.commit()


@pytest.mark.parametrize("list_type", ["TypedContextList", "AssetVersionList"])
@pytest.mark.parametrize("username", RESTRICTED)
def test_9_2_the_items_of_a_list_are_those_a_restricted_user_sees(open_session, service, username, list_type):
    """Contexts that merely lead to what is assigned among them: they are seen, if not written."""
    session, target = (
        open_session(username),
        {"TypedContextList": "TypedContext"}.get(list_type, "AssetVersion"),
    )
    inside = ask(service, within(target, REACH[username]))
    seen = everything(session, target)
    project = service.query(f"Project where id is {project_id(*REACH[username])}").one()
    category = service.query("ListCategory").first()
    data = {"name": f"list {uuid.uuid4().hex[:8]}", "project": project, "category": category}
    with made(service, list_type, **data) as one:
        ids = {each["id"] for each in inside}
        members = [{"__entity_type__": each["__entity_type__"], "id": each["id"]} for each in inside]
        service.call([update(list_type, one["id"], items=members)])
        (row,) = ask(service, f"select items.id from {list_type} where id is {one['id']}")
        assert {each["id"] for each in row["items"]} == ids
        (row,) = ask(session, f"select items.id from {list_type} where id is {one['id']}")
        assert {each["id"] for each in row["items"]} == ids & seen not in (ids, set())
        hidden = min(ids - seen)
        assert ask(session, f"select id from {list_type} where items any (id is {hidden})") == []
        if target == "TypedContext":
            leads = above_only(service, username)
            assert leads <= {each["id"] for each in row["items"]}


def above_only(service, username):
    """Contexts that the user sees only because they lead to what is assigned."""
    (user,) = ask(service, f"select id, memberships.group_id from User where username is {username}")
    resources = ", ".join([user["id"], *(each["group_id"] for each in user["memberships"])])
    assigned = f"type is assignment and resource_id in ({resources})"
    project = project_id(*REACH[username])
    query = "select id from TypedContext where project_id is {} and {}"
    below = f"(assignments any ({assigned}) or ancestors.assignments any ({assigned}))"
    own = {each["id"] for each in ask(service, query.format(project, below))}
    found = narrow(service, username) - own - {project}
    assert found, "the demo's restricted user is assigned to nothing that lies below something"
    return found


@pytest.mark.parametrize("how", ["restricted", "another project"])
def test_9_3_a_list_that_is_sent_whole_keeps_the_items_that_its_sender_does_not_see(
    open_session, service, how
):
    """The list that the sender read, and appended to, lacked them."""
    username, name = {"restricted": ("client.review", "stem2")}.get(how, ("pavel.novak", "open_shorts"))
    session = open_session(username)
    other = name if how == "restricted" else "sol_levante"
    seen = everything(session, "Task")
    tasks = [each["id"] for each in ask(service, within("Task", [name]))]
    shown = [each for each in tasks if each in seen][:3]
    hidden = next(each["id"] for each in ask(service, within("Task", [other])) if each["id"] not in seen)
    project = service.query(f"Project where name is {name}").one()
    category = service.query("ListCategory").first()
    data = {"name": f"list {uuid.uuid4().hex[:8]}", "project": project, "category": category}

    def references(*ids):
        return [{"__entity_type__": "Task", "id": each} for each in ids]

    with made(service, "TypedContextList", **data) as one:
        service.call([update("TypedContextList", one["id"], items=references(*shown[:2], hidden))])
        # One goes, one comes.
        session.call([update("TypedContextList", one["id"], items=references(*shown[1:]))])
        (row,) = ask(service, f"select items.id from TypedContextList where id is {one['id']}")
        assert {each["id"] for each in row["items"]} == {*shown[1:], hidden}
