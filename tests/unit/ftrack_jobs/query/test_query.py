import datetime
import http.server
import threading
import uuid

import ftrack_api.symbol
import pytest

from ftrack_jobs.errors import QueryError, ServerError
from ftrack_jobs.query import EVERYTHING, Query, Reach, ask_rows

HOSTILE = [
    'say "hi"',
    "it's",
    "back\\slash",
    "ends with a backslash\\",
    '\\"',
    "a limit 3 b offset 4",
    "two\nlines\ttab",
    "{name}",
    "%_",
    "東京 🎬",
    '") or (id is_not "',
    "none",
    "true",
    "5",
]


@pytest.fixture
def scopes(ftrack_session):
    """Rows whose names try to get out of their quotes."""
    made = [ftrack_session.create("Scope", {"name": name}) for name in HOSTILE]
    ftrack_session.commit()
    yield {scope["name"]: scope["id"] for scope in made}
    for scope in made:
        ftrack_session.delete(scope)
    ftrack_session.commit()


def plain(value):
    """A value as the client reads it, in our terms."""
    return value.datetime if hasattr(value, "datetime") else value


def requests_of(sandbox, ask):
    before = sandbox.requests.count
    ask()
    return sandbox.requests.count - before


@pytest.mark.parametrize(
    ("entity_type", "scalars"),
    [
        ("Task", ["name", "bid", "start_date", "status_id", "link", "time_logged", "sort"]),
        ("Shot", ["name", "description", "created_at"]),
        ("Project", ["name", "full_name", "is_private", "end_date"]),
        ("AssetVersion", ["version", "is_published", "comment", "date"]),
        ("Note", ["content", "date", "is_todo"]),
        ("User", ["username", "first_name", "is_active"]),
        ("FileComponent", ["name", "size", "file_type"]),
        ("TypedContext", ["name", "object_type_id"]),
        ("Metadata", ["parent_id", "key", "value"]),
    ],
)
def test_rows_are_those_that_the_client_reads(entity_type, scalars, ftrack_session):
    ours = {}
    key = ftrack_session.types[entity_type].primary_key_attributes
    for row in Query(ftrack_session, entity_type, scalars):
        ours[tuple(row[name] for name in key)] = (row["__entity_type__"], [row[name] for name in scalars])
    theirs = {}
    for entity in ftrack_session.query(f"select {', '.join(scalars)} from {entity_type}"):
        with ftrack_session.auto_populating(False):
            values = [plain(entity[name]) for name in scalars]
        theirs[tuple(entity[name] for name in key)] = (entity.entity_type, values)
    assert ours == theirs
    assert ours
    assert not any(value is ftrack_api.symbol.NOT_SET for _, values in theirs.values() for value in values)


def test_references_are_resolved_in_every_row(ftrack_session):
    columns = "name, status.name, status.state.short, parent.name, assignments.resource.username"
    tasks = list(Query(ftrack_session, "Task", columns))
    assert len(tasks) > 1000
    assert len({task["status"]["id"] for task in tasks}) < 30
    for task in tasks:
        assert task["status"]["name"] and task["status"]["state"]["short"] and task["parent"]["name"]
        for assignment in task["assignments"]:
            assert "username" in assignment["resource"]


def test_custom_attributes_are_dense_as_the_client_reads_them(ftrack_session):
    columns = "custom_attributes.key, custom_attributes.value"
    for row in next(Query(ftrack_session, "Shot", columns, page_rows=20).pages()):
        entity = ftrack_session.get("Shot", row["id"])
        ours = {each["key"]: each["value"] for each in row["custom_attributes"]}
        assert ours == {key: plain(value) for key, value in entity["custom_attributes"].items()}


@pytest.mark.parametrize("page_rows", [1, 7, 500])
def test_pages_bring_each_row_once(page_rows, ftrack_session):
    users = Query(ftrack_session, "User", page_rows=page_rows)
    pages = list(users.pages())
    ids = [row["id"] for page in pages for row in page]
    assert max(map(len, pages)) <= page_rows
    assert ids == sorted({user["id"] for user in ftrack_session.query("User")})


def test_rows_with_a_key_of_two_attributes_come_once_too(ftrack_session):
    rows = list(Query(ftrack_session, "Metadata", "value", page_rows=3))
    keys = [(row["parent_id"], row["key"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert set(keys) == {(each["parent_id"], each["key"]) for each in ftrack_session.query("Metadata")}


def test_rows_made_or_removed_meanwhile_move_no_others(ftrack_session):
    names = [f"paging {number}" for number in range(6)]
    made = [ftrack_session.create("Scope", {"name": name}) for name in names]
    ftrack_session.commit()
    try:
        found = []
        pages = Query(
            ftrack_session, "Scope", "name", "name like {name}", page_rows=2, name="paging %"
        ).pages()
        found += next(pages)
        gone = next(scope for scope in made if scope["id"] == found[0]["id"])
        made.remove(gone)
        ftrack_session.delete(gone)
        ftrack_session.commit()
        for page in pages:
            found += page
        assert sorted(row["name"] for row in found) == names
    finally:
        for scope in made:
            ftrack_session.delete(scope)
        ftrack_session.commit()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_value_finds_itself_and_nothing_else(name, scopes, ftrack_session):
    found = Query(ftrack_session, "Scope", "name", "name is {name}", name=name)
    assert [(row["name"], row["id"]) for row in found] == [(name, scopes[name])]
    found = Query(ftrack_session, "Scope", "name", "name in {names}", names=[name])
    assert [row["name"] for row in found] == [name]


def test_times_are_aware_and_compare(ftrack_session):
    first = min(row["created_at"] for row in Query(ftrack_session, "Task", "created_at"))
    assert first.utcoffset() == datetime.timedelta(0)
    assert not Query(ftrack_session, "Task", where="created_at < {first}", first=first)
    assert Query(ftrack_session, "Task", where="created_at is {first}", first=first)


def test_counting_and_looking_keep_nothing(ftrack_sandbox, ftrack_session):
    tasks = Query(ftrack_session, "Task", "name", page_rows=1000)
    number = len(ftrack_session.query("select id from Task").all())
    assert tasks.count() == number
    assert requests_of(ftrack_sandbox, tasks.count) == number // 1000 + 1
    assert requests_of(ftrack_sandbox, lambda: bool(tasks)) == 1
    assert not Query(ftrack_session, "Task", where="name is {name}", name=str(uuid.uuid4()))
    assert tasks.first()["name"]


def test_a_list_of_rows_is_read_once(ftrack_sandbox, ftrack_session):
    users = Query(ftrack_session, "User", "username")
    assert requests_of(ftrack_sandbox, lambda: list(users)) == 1
    assert requests_of(ftrack_sandbox, lambda: (len(users), list(users), users.count())) == 0


@pytest.mark.parametrize(
    ("entity_type", "columns", "named"),
    [
        ("Tasks", "name", ["'Tasks'", "Task"]),
        ("Task", "nam", ["'nam'", "name"]),
        ("Task", "parent.status", ["Context", "'parent.status'"]),
        ("Task", "custom_attributes[fps]", ["in brackets"]),
        ("Task", "custom_attribute_links", ["custom_attribute_links"]),
        ("Task", " , ", ["No column"]),
        ("Task", [], ["No column"]),
    ],
)
def test_what_the_site_does_not_have_is_refused_unasked(
    entity_type, columns, named, ftrack_sandbox, ftrack_session
):
    before = ftrack_sandbox.requests.count
    with pytest.raises(QueryError) as caught:
        Query(ftrack_session, entity_type, columns)
    assert all(each in str(caught.value) for each in named)
    assert ftrack_sandbox.requests.count == before


def test_the_servers_own_refusal_is_told(ftrack_session):
    with pytest.raises(ServerError, match="nonsense") as caught:
        list(Query(ftrack_session, "Task", where="nonsense is 3"))
    assert not caught.value.lost


# Reach


@pytest.fixture
def shows(ftrack_session):
    first, second = sorted(row["id"] for row in Query(ftrack_session, "Project"))[:2]
    return first, second


@pytest.mark.parametrize(
    ("entity_type", "project"),
    [
        ("Project", "id"),
        ("Task", "project_id"),
        ("TypedContext", "project.id"),
        ("Context", "project_id"),
        ("Asset", "parent.project_id"),
        ("AssetVersion", "asset.parent.project_id"),
        ("FileComponent", "version.asset.parent.project_id"),
        ("Timelog", "context.project_id"),
        ("Appointment", "context.project_id"),
        ("TypedContextLink", "from.project_id"),
        ("List", "project_id"),
        ("ReviewSession", "project_id"),
        ("ReviewSessionObject", "review_session.project_id"),
    ],
)
def test_rows_of_other_projects_are_missing(entity_type, project, shows, ftrack_session):
    def projects(reach):
        for row in Query(ftrack_session, entity_type, project, reach=reach):
            value = row
            for name in project.split("."):
                # Files of Jobs and of notes belong to no version, so to no project.
                value = value and value[name]
            yield value

    everywhere = list(projects(EVERYTHING))
    for show in shows:
        inside = list(projects(Reach(frozenset({show}))))
        assert set(inside) <= {show}
        assert len(inside) == everywhere.count(show)


def test_rows_that_name_their_owner_by_id_alone_are_limited_too(shows, ftrack_session):
    where_from = {row["id"]: row["project_id"] for row in Query(ftrack_session, "Context", "project_id")}
    versions = Query(ftrack_session, "AssetVersion", "asset.parent.project_id")
    where_from.update((row["id"], row["asset"]["parent"]["project_id"]) for row in versions)
    objects = Query(ftrack_session, "ReviewSessionObject", "review_session.project_id")
    where_from.update((row["id"], row["review_session"]["project_id"]) for row in objects)
    for entity_type, columns in (("Note", "parent_id, in_reply_to.parent_id"), ("StatusChange", "parent_id")):
        everywhere = list(Query(ftrack_session, entity_type, columns))
        inside = list(Query(ftrack_session, entity_type, reach=Reach(frozenset({shows[0]}))))
        owners = {row["id"]: row["parent_id"] or row["in_reply_to"]["parent_id"] for row in everywhere}
        expected = {row_id for row_id, owner in owners.items() if where_from[owner] == shows[0]}
        assert {row["id"] for row in inside} == expected
        assert 0 < len(expected) < len(everywhere)


def test_what_belongs_to_no_project_is_everybodys(ftrack_session):
    nowhere = Reach(frozenset())
    for entity_type in ("Status", "User", "Type"):
        assert Query(ftrack_session, entity_type, reach=nowhere).count() > 0


def test_nobodys_rows_are_not_asked_for(ftrack_sandbox, ftrack_session):
    tasks = Query(ftrack_session, "Task", reach=Reach(frozenset()))
    assert requests_of(ftrack_sandbox, lambda: (tasks.count(), list(tasks), bool(tasks), tasks.first())) == 0
    assert list(tasks) == []


@pytest.mark.parametrize("entity_type", ["Job", "Setting", "Message", "UserSecurityRole", "Dashboard"])
def test_a_type_that_cannot_be_limited_is_refused(entity_type, shows, ftrack_session):
    with pytest.raises(QueryError, match=f"^{entity_type} cannot be limited"):
        Query(ftrack_session, entity_type, None, reach=Reach(frozenset(shows)))
    Query(ftrack_session, entity_type, None)


def test_a_column_that_leads_to_such_a_type_is_refused(shows, ftrack_session):
    with pytest.raises(QueryError, match=r"UserSecurityRole cannot be limited.*user_security_roles"):
        Query(ftrack_session, "User", "user_security_roles.id", reach=Reach(frozenset(shows)))


def test_a_column_shows_nothing_of_other_projects(shows, ftrack_session):
    columns = (
        "username, assignments.context.name, assignments.context.project_id, metadata.key, thumbnail.name"
    )
    everywhere = {row["id"]: row for row in Query(ftrack_session, "User", columns)}
    users = list(Query(ftrack_session, "User", columns, reach=Reach(frozenset({shows[0]}))))
    assert len(users) == len(everywhere)
    fewer = 0
    for user in users:
        shown = [each["context"]["project_id"] for each in user["assignments"]]
        assert set(shown) <= {shows[0]}
        all_of = [each["context"]["project_id"] for each in everywhere[user["id"]]["assignments"]]
        assert len(shown) == all_of.count(shows[0])
        fewer += len(shown) < len(all_of)
    assert fewer


def test_a_condition_cannot_undo_the_reach(shows, ftrack_session):
    where = 'id is_not "x" or project_id is_not "y"'
    tasks = Query(ftrack_session, "Task", "project_id", where, reach=Reach(frozenset({shows[0]})))
    assert {row["project_id"] for row in tasks} == {shows[0]}
    with pytest.raises(QueryError, match="parentheses"):
        Query(
            ftrack_session, "Task", "id", 'id is "x") or (id is_not "x"', reach=Reach(frozenset({shows[0]}))
        )


# Replies that are none


@pytest.fixture
def answering(ftrack_session):
    """Point the session at a server that gives one answer to everything."""
    servers = []

    def answer(status, body):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["content-length"]))
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        ftrack_session._server_url = f"http://127.0.0.1:{server.server_port}"
        return ftrack_session

    yield answer
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "lost", "told"),
    [
        (502, b"<html>Bad gateway</html>", True, "not JSON"),
        (200, b"", True, "not JSON"),
        (200, b"{}", True, "does not fit"),
        (200, b"[]", True, "does not fit"),
        (200, b"[{}]", True, "no data"),
        (200, b"[null]", True, "no data"),
        (
            200,
            b'{"exception": "PermissionError", "content": "not {yours}"}',
            False,
            "PermissionError(not {yours})",
        ),
        (403, b'{"exception": "PermissionError", "content": "no"}', False, "PermissionError(no)"),
        (
            200,
            b'[{"data": [{"__entity_type__": "Task"}], "metadata": {"next": {"offset": 1}}}]',
            False,
            "follow",
        ),
    ],
)
def test_an_answer_that_is_none_is_an_error_of_the_server(status, body, lost, told, answering):
    with pytest.raises(ServerError) as caught:
        list(Query(answering(status, body), "Task"))
    assert caught.value.lost is lost
    assert told in caught.value.answer


def test_a_page_that_comes_again_is_not_read_for_ever(answering):
    body = b'[{"data": [{"__entity_type__": "Task", "id": "1"}], "metadata": {"next": {"offset": 1}}}]'
    with pytest.raises(ServerError, match="did not follow"):
        list(Query(answering(200, body), "Task"))


def test_the_key_is_in_no_error(answering, ftrack_session):
    body = b'{"exception": "Oops", "content": "key %s"}' % ftrack_session.api_key.encode()
    with pytest.raises(ServerError) as caught:
        list(Query(answering(200, body), "Task"))
    assert ftrack_session.api_key not in str(caught.value)


def test_a_server_that_is_gone_is_told(answering, ftrack_session):
    answering(200, b"[]")
    ftrack_session._server_url = "http://127.0.0.1:9"
    with pytest.raises(ServerError, match="cannot be reached") as caught:
        list(Query(ftrack_session, "Task"))
    assert caught.value.lost


def test_several_questions_are_one_request_and_share_their_references(ftrack_sandbox, ftrack_session):
    task = Query(ftrack_session, "Task", "id").first()["id"]
    question = f'select status.name from Task where id is "{task}"'
    before = ftrack_sandbox.requests.count
    first, second = ask_rows(ftrack_session, question, question)
    assert ftrack_sandbox.requests.count == before + 1
    assert first[0]["status"]["name"] == second[0]["status"]["name"]


def test_a_version_shown_in_a_review_of_another_project_does_not_tell_of_it(shows, ftrack_session):
    here, there = shows
    version = ftrack_session.query(f'AssetVersion where asset.parent.project_id is "{here}"').first()
    project = ftrack_session.get("Project", there)
    review = ftrack_session.create("ReviewSession", {"name": "secret review", "project": project})
    ftrack_session.create(
        "ReviewSessionObject",
        {"name": "x", "version": "1", "review_session": review, "asset_version": version},
    )
    ftrack_session.commit()
    columns = "review_session_objects.review_session.name"
    where = "id is {version}"
    try:
        all_of = Query(ftrack_session, "AssetVersion", columns, where, version=version["id"]).first()
        assert "secret review" in str(all_of)
        reach = Reach(frozenset({here}))
        seen = Query(ftrack_session, "AssetVersion", columns, where, reach=reach, version=version["id"])
        assert "secret review" not in str(list(seen))
        assert "secret review" not in str(seen.with_columns(columns).first())
    finally:
        ftrack_session.delete(review)
        ftrack_session.commit()


def test_the_first_row_shows_nothing_of_other_projects_either(shows, ftrack_session):
    appointment = ftrack_session.query(
        f'Appointment where type is "assignment" and context.project_id is "{shows[1]}"'
    ).first()
    columns, where = "assignments.context.project_id", "id is {user}"
    user = Query(
        ftrack_session,
        "User",
        columns,
        where,
        reach=Reach(frozenset({shows[0]})),
        user=appointment["resource_id"],
    )
    assert user.first() == next(iter(user))
    assert shows[1] not in {
        each["context"]["project_id"] for each in user.with_columns(columns).first()["assignments"]
    }


def test_a_thumbnail_taken_from_another_project_does_not_lead_there(shows, ftrack_session):
    here, there = shows
    component = ftrack_session.query(
        f'FileComponent where version.asset.parent.project_id is "{there}"'
    ).first()
    task = ftrack_session.query(f'Task where project_id is "{here}"').first()
    before = task["thumbnail_id"]
    task["thumbnail_id"] = component["id"]
    ftrack_session.commit()
    columns = "thumbnail.name, thumbnail.version.asset.name"
    try:
        reach = Reach(frozenset({here}))
        row = Query(ftrack_session, "Task", columns, "id is {task}", reach=reach, task=task["id"]).first()
        assert row["thumbnail"]["name"] == component["name"]
        assert row["thumbnail"]["version"] is None
    finally:
        task["thumbnail_id"] = before
        ftrack_session.commit()
