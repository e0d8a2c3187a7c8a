"""The endpoint as real clients meet it: session start, credentials, errors, encodings.

Source: protocol reference 1.
"""

import hashlib
import http.client
import json
import threading

import ftrack_api
import ftrack_api.exception
import pytest
import requests

from ftrack_sandbox import app
from ftrack_sandbox.sandbox import Sandbox


def post(sandbox, operations, **headers):
    """Send one request as a client without any client library would."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    whole = {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key, **named}
    body = operations if isinstance(operations, bytes) else json.dumps(operations).encode()
    return requests.post(f"{sandbox.url}/api", data=body, headers=whole, timeout=30)


def query(expression):
    return [{"action": "query", "expression": expression}]


def open_session(sandbox, folder, **changes):
    arguments = {
        "server_url": sandbox.url,
        "api_user": sandbox.api_user,
        "api_key": sandbox.api_key,
        "plugin_paths": [],
        "auto_connect_event_hub": False,
        "schema_cache_path": str(folder),
    }
    return ftrack_api.Session(**{**arguments, **changes})


def counted(sandbox):
    before = sandbox.requests.count
    return lambda: sandbox.requests.count - before


def test_a_session_starts_with_two_requests_and_with_one_when_the_schemas_are_known(ftrack_sandbox, tmp_path):
    asked = counted(ftrack_sandbox)
    open_session(ftrack_sandbox, tmp_path).close()
    assert asked() == 2
    assert [each.operation for each in list(ftrack_sandbox.requests)[-2:]] == [
        "query_server_information",
        "query_schemas",
    ]
    open_session(ftrack_sandbox, tmp_path).close()
    assert asked() == 3


def test_a_url_with_a_slash_at_its_end_is_good_for_both_clients(ftrack_sandbox, tmp_path):
    open_session(ftrack_sandbox, tmp_path, server_url=f"{ftrack_sandbox.url}/").close()
    # JavaScript joins what it was given.
    reply = requests.post(
        f"{ftrack_sandbox.url}//api",
        json=[{"action": "query_server_information"}],
        headers={"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key},
        timeout=30,
    )
    assert reply.json()[0]["version"]


def test_the_schema_hash_is_that_of_the_schemas(ftrack_sandbox):
    information, schemas = post(
        ftrack_sandbox, [{"action": "query_server_information"}, {"action": "query_schemas"}]
    ).json()
    text = json.dumps(schemas, sort_keys=True)
    assert information["schema_hash"] == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_the_reply_has_one_result_for_each_operation_in_order(ftrack_sandbox):
    operations = [
        *query("select id from Status limit 1"),
        {"action": "query_server_information", "values": ["version"]},
        *query("select id from Type limit 2"),
    ]
    first, second, third = post(ftrack_sandbox, operations).json()
    assert (first["data"][0]["__entity_type__"], len(first["data"])) == ("Status", 1)
    assert list(second) == ["version"]
    assert (third["data"][0]["__entity_type__"], len(third["data"])) == ("Type", 2)


def test_an_empty_batch_has_an_empty_reply(ftrack_sandbox):
    assert post(ftrack_sandbox, []).json() == []


def test_header_names_are_read_in_any_case(ftrack_sandbox):
    reply = requests.post(
        f"{ftrack_sandbox.url}/api",
        json=query("select id from Nothing"),
        headers={
            "Ftrack-User": ftrack_sandbox.api_user,
            "FTRACK-API-KEY": ftrack_sandbox.api_key,
            "FTRACK-Strict-API": "true",
        },
        timeout=30,
    )
    assert reply.status_code == 400
    assert reply.json()["exception"] == "ParseError"


# Credentials.


@pytest.mark.parametrize("changes", [{"api_key": "wrong"}, {"api_user": "nobody-here"}])
def test_a_session_with_wrong_credentials_fails_at_its_start(ftrack_sandbox, tmp_path, changes):
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        open_session(ftrack_sandbox, tmp_path, **changes)
    assert "InvalidCredentialsError" in str(caught.value)


@pytest.mark.parametrize("strict", ["true", "false"])
@pytest.mark.parametrize(
    "headers", [{"ftrack_api_key": "wrong"}, {"ftrack_user": "nobody"}, {"ftrack_api_key": ""}]
)
def test_wrong_credentials_have_a_failing_status_in_either_mode(ftrack_sandbox, headers, strict):
    reply = post(
        ftrack_sandbox, [{"action": "query_server_information"}], ftrack_strict_api=strict, **headers
    )
    assert reply.status_code == 401
    assert reply.json()["exception"] == "InvalidCredentialsError"
    assert reply.json()["error_code"] == "api_credentials_invalid"


def test_without_credentials_nothing_is_told_about_the_body_either(ftrack_sandbox):
    reply = requests.post(f"{ftrack_sandbox.url}/api", data=b"no json", timeout=30)
    assert reply.status_code == 401


@pytest.fixture
def other_users(ftrack_session):
    users = ftrack_session.query("select username from User where is_active is true limit 5").all()
    return [each["username"] for each in users]


def test_a_personal_key_is_its_owners_only(ftrack_sandbox, tmp_path, other_users):
    owner, other = [name for name in other_users if name != ftrack_sandbox.api_user][:2]
    key = ftrack_sandbox.make_key(owner)
    session = open_session(ftrack_sandbox, tmp_path, api_user=owner, api_key=key)
    assert session.query(f'User where username is "{owner}"').one()["username"] == owner
    session.close()
    with pytest.raises(ftrack_api.exception.ServerError):
        open_session(ftrack_sandbox, tmp_path, api_user=other, api_key=key)


def test_the_global_key_acts_as_any_active_user(ftrack_sandbox, tmp_path, other_users):
    for name in other_users:
        open_session(ftrack_sandbox, tmp_path, api_user=name).close()


# Errors.


@pytest.mark.parametrize(("strict", "status"), [("true", 400), ("false", 200), ("", 200)])
def test_an_error_is_one_object_and_its_status_depends_on_the_mode(ftrack_sandbox, strict, status):
    headers = {"ftrack_strict_api": strict} if strict else {}
    reply = post(ftrack_sandbox, query("select nonsense from Task"), **headers)
    assert reply.status_code == status
    assert reply.headers["content-type"].startswith("application/json")
    assert sorted(reply.json()) == ["content", "error", "error_code", "exception"]
    assert reply.json()["exception"] == "ParseError"
    assert reply.json()["content"] == "No attribute 'nonsense' exists for schema 'Task'."


def test_the_client_raises_its_own_error_and_can_tell_it(ftrack_session):
    with pytest.raises(ftrack_api.exception.ServerError, match="ParseError"):
        ftrack_session.call(query("select nonsense from Task"))
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.call(query('select id from Task where {name} is "{0}"'))
    # The client's error formats its own text: braces in it would raise here.
    assert "ParseError" in str(caught.value)


def test_no_text_of_an_error_holds_braces(ftrack_sandbox, ftrack_session):
    operation = {"action": "create", "entity_type": "{Task}{0}", "entity_data": {}}
    assert "(Task)(0)" in post(ftrack_sandbox, [operation]).json()["content"]
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.call([operation])
    assert "(Task)(0)" in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[{",
        b'"text"',
        b"12",
        b"null",
        b"{}",
        b"[1]",
        b"[[]]",
        b"[{}]",
        b'[{"action": null}]',
        b'[{"action": ["query"]}]',
        b'[{"action": {"a": 1}}]',
        b'[{"action": "query", "expression": NaN}]',
        b'[{"action": "query"}]',
        b'[{"action": "query", "expression": 7}]',
        b'[{"action": "query", "expression": "select id from Task where name is \\"\\ud800\\""}]',
        b"\xff\xfe[]",
        b"[" * 100_000,
        b"9" * 10_000,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_whatever_is_sent_is_answered_with_an_error_object(ftrack_sandbox, body):
    reply = post(ftrack_sandbox, body, ftrack_strict_api="true")
    assert 400 <= reply.status_code < 500, reply.text
    assert reply.json()["exception"]
    assert not set("{}") & set(reply.json()["content"])
    assert post(ftrack_sandbox, body).status_code == 200


def test_whole_surrogate_pairs_are_text_like_any_other(ftrack_sandbox):
    reply = post(ftrack_sandbox, query('select id from Task where name is "\N{CLAPPER BOARD}"'))
    assert reply.json()[0]["data"] == []


def test_an_unknown_operation_is_told_in_the_words_the_client_looks_for(ftrack_session):
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.call([{"action": "make_coffee"}])
    assert "Invalid action u'make_coffee'" in str(caught.value)


def test_one_failing_operation_fails_the_whole_batch(ftrack_sandbox, ftrack_session):
    user = ftrack_session.query("select first_name from User").first()
    change = {
        "action": "update",
        "entity_type": "User",
        "entity_key": [user["id"]],
        "entity_data": {"__entity_type__": "User", "first_name": "Changed"},
    }
    reply = post(ftrack_sandbox, [change, *query("select nonsense from Task")])
    assert reply.json()["exception"] == "ParseError"
    again = post(ftrack_sandbox, query(f'select first_name from User where id is "{user["id"]}"')).json()
    assert again[0]["data"][0]["first_name"] == user["first_name"]


@pytest.mark.parametrize(("strict", "status"), [("true", 500), ("false", 200)])
def test_an_unexpected_failure_is_logged_and_told_without_its_inside(
    ftrack_sandbox, monkeypatch, caplog, strict, status
):
    def fail(*arguments, **named):
        raise RuntimeError("the inside of {it}")

    monkeypatch.setattr(app, "run_batch", fail)
    reply = post(ftrack_sandbox, query("select id from Task"), ftrack_strict_api=strict)
    assert reply.status_code == status
    assert reply.json()["exception"] == "ServerError"
    assert "inside" not in reply.text
    assert "Traceback" not in reply.text
    assert any(each.exc_info and "inside" in str(each.exc_info[1]) for each in caplog.records)
    assert ftrack_sandbox.api_key not in caplog.text


@pytest.mark.parametrize("excess", [1, 20 << 20], ids=["by one byte", "by far"])
def test_a_request_that_is_too_large_is_refused(excess):
    fits = b" " * ((1 << 20) - 2) + b"[]"
    with Sandbox(seed="empty", max_body_mb=1) as sandbox:
        assert post(sandbox, fits).json() == []
        reply = post(sandbox, b" " * excess + fits, ftrack_strict_api="true")
        assert reply.status_code == 400
        assert "larger than 1 MB" in reply.json()["content"]
        assert post(sandbox, fits).json() == []


def test_a_client_that_goes_away_in_the_middle_harms_nobody(ftrack_sandbox):
    def half():
        yield b"[{"
        raise ConnectionAbortedError

    with pytest.raises((ConnectionAbortedError, requests.ConnectionError)):
        requests.post(f"{ftrack_sandbox.url}/api", data=half(), timeout=30)
    assert post(ftrack_sandbox, []).json() == []


# Encodings.


def places(wire, entity_type):
    """All objects of a type anywhere in a reply, in the order of the text."""
    if isinstance(wire, list):
        return [found for each in wire for found in places(each, entity_type)]
    if not isinstance(wire, dict):
        return []
    own = [wire] if wire.get("__entity_type__") == entity_type else []
    return own + [found for each in wire.values() for found in places(each, entity_type)]


SHARED_STATUS = query("select name, status.name from Task limit 200")


def test_an_entity_is_spelled_out_once_a_reply_and_only_referenced_afterwards(ftrack_sandbox):
    reply = post(ftrack_sandbox, SHARED_STATUS).json()
    met = set()
    repeated = 0
    for place in places(reply, "Status"):
        if place["id"] in met:
            assert place == {"__entity_type__": "Status", "id": place["id"]}
            repeated += 1
        else:
            assert place["name"]
            met.add(place["id"])
    assert repeated > 0


def test_the_client_puts_the_references_together(ftrack_session):
    asked = ftrack_session.query("select name, status.name from Task limit 200").all()
    with ftrack_session.auto_populating(False):
        assert all(isinstance(task["status"]["name"], str) for task in asked)


@pytest.mark.parametrize("spelling", ["denormalize=1;strict=1", "strict:1;denormalize:1"])
def test_both_spellings_of_the_options_ask_for_repetition(ftrack_sandbox, spelling):
    reply = post(ftrack_sandbox, SHARED_STATUS, ftrack_api_options=spelling).json()
    found = places(reply, "Status")
    assert len(found) > len({each["id"] for each in found})
    assert all(sorted(each) == ["__entity_type__", "id", "name"] for each in found)
    # Asked for by nobody, so left out.
    assert all("object_type_id" not in each for each in places(reply, "Task"))


def test_repetition_needs_the_strict_option(ftrack_sandbox):
    assert post(ftrack_sandbox, SHARED_STATUS, ftrack_api_options="denormalize=1").json() == (
        post(ftrack_sandbox, SHARED_STATUS).json()
    )


def test_text_of_every_kind_arrives_as_it_was_sent(ftrack_session):
    text = "Ü 日本語 \N{CLAPPER BOARD} \"q\" 's' {0} \\ \t \r\n =1+1, 007"
    user = ftrack_session.query("User").first()
    note = ftrack_session.create("Note", {"content": text, "author": user})
    ftrack_session.commit()
    key = note["id"]
    ftrack_session.reset()
    assert ftrack_session.get("Note", key)["content"] == text


def test_clients_at_once_each_get_their_own_answer(ftrack_sandbox):
    kinds = ["Status", "Type", "Priority", "User", "Task", "Project", "ObjectType", "Location"]
    wrong, start = [], threading.Barrier(len(kinds))

    def ask(kind):
        start.wait(timeout=30)
        for _ in range(5):
            data = post(ftrack_sandbox, query(f"select id from {kind} limit 3")).json()[0]["data"]
            if not data or {each["__entity_type__"] for each in data} != {kind}:
                wrong.append((kind, data))

    threads = [threading.Thread(target=ask, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert wrong == []


# What else is served.


def test_a_page_of_another_origin_may_ask(ftrack_sandbox):
    origin = "https://tools.studio.test:3000"
    wanted = "content-type,ftrack-user,ftrack-api-key,ftrack-clienttoken,ftrack-pushtoken,ftrack-api-options"
    before = requests.options(
        f"{ftrack_sandbox.url}/api",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": wanted,
        },
        timeout=30,
    )
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == origin
    assert before.headers["access-control-allow-credentials"] == "true"
    allowed = before.headers["access-control-allow-headers"].replace(" ", "").lower()
    assert set(wanted.split(",")) <= set(allowed.split(","))
    reply = post(ftrack_sandbox, [], Origin=origin)
    assert reply.headers["access-control-allow-origin"] == origin
    assert reply.headers["access-control-allow-credentials"] == "true"


def test_an_error_too_is_readable_by_a_page_of_another_origin(ftrack_sandbox):
    reply = post(ftrack_sandbox, b"no json", Origin="https://a.test", ftrack_strict_api="true")
    assert reply.status_code == 400
    assert reply.headers["access-control-allow-origin"] == "https://a.test"


def test_the_front_page_names_the_version_as_connect_expects(ftrack_sandbox, ftrack_session):
    reply = requests.get(f"{ftrack_sandbox.url}/", timeout=30)
    assert reply.status_code == 200
    assert reply.headers["FTRACK_VERSION"] == ftrack_session.server_information["version"]


@pytest.mark.parametrize("path", ["/nothing", "/api", "/upload", "/sandbox/reset"])
def test_what_is_not_there_is_told_without_a_page_full_of_code(ftrack_sandbox, path):
    reply = requests.get(f"{ftrack_sandbox.url}{path}", timeout=30)
    assert reply.status_code in (404, 405)
    assert len(reply.text) < 100


# Control.


def test_ready_needs_no_key(ftrack_sandbox):
    assert requests.get(f"{ftrack_sandbox.url}/sandbox/ready", timeout=30).json() == {"ready": True}


@pytest.mark.parametrize(("method", "path"), [("POST", "/sandbox/reset"), ("GET", "/sandbox/requests")])
def test_control_is_for_those_who_know_a_key(ftrack_sandbox, method, path):
    url = f"{ftrack_sandbox.url}{path}"
    before = ftrack_sandbox.store.generation
    assert requests.request(method, url, timeout=30).status_code == 401
    wrong = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": "wrong"}
    assert requests.request(method, url, headers=wrong, timeout=30).status_code == 401
    assert ftrack_sandbox.store.generation == before


def test_what_was_asked_is_told_by_operation(ftrack_sandbox):
    post(ftrack_sandbox, [*query("select id from Status limit 1"), {"action": "query_schemas"}])
    headers = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key}
    reply = requests.get(f"{ftrack_sandbox.url}/sandbox/requests", headers=headers, timeout=30)
    first, second = reply.json()["requests"][-2:]
    assert (first["operation"], first["expression"]) == ("query", "select id from Status limit 1")
    assert (second["operation"], second["expression"]) == ("query_schemas", None)
    assert first["request"] == second["request"] == reply.json()["count"]
    assert first["user"] == ftrack_sandbox.api_user
    assert first["seconds"] > 0
    assert ftrack_sandbox.api_key not in reply.text


def test_a_failing_request_is_noted_with_its_exception(ftrack_sandbox):
    post(ftrack_sandbox, query("select nonsense from Task"))
    assert list(ftrack_sandbox.requests)[-1].exception == "ParseError"


def test_one_connection_carries_many_requests_failed_ones_among_them(ftrack_sandbox):
    host = ftrack_sandbox.url.removeprefix("http://")
    headers = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key}
    client = http.client.HTTPConnection(host, timeout=30)
    client.connect()
    port = client.sock.getsockname()[1]
    for body in (b"[]", b"no json", b"[]"):
        client.request("POST", "/api", body, headers)
        assert client.getresponse().read()
        assert client.sock.getsockname()[1] == port
    client.close()


def test_1_5_full_repetition_gives_each_place_what_was_asked_for_there_and_no_more(ftrack_sandbox):
    def ask(options):
        reply = requests.post(
            f"{ftrack_sandbox.url}/api",
            headers={
                "ftrack-user": ftrack_sandbox.api_user,
                "ftrack-api-key": ftrack_sandbox.api_key,
                **({"ftrack-api-options": options} if options else {}),
            },
            json=[
                {
                    "action": "query",
                    "expression": "select parent.id, children.name, ancestors.id, descendants.id"
                    " from TypedContext",
                }
            ],
            timeout=60,
        )
        return reply.content, reply.json()[0]["data"]

    once, rows = ask("")
    repeated, spelled = ask("strict:1;denormalize:1")
    assert [row["id"] for row in spelled] == [row["id"] for row in rows]
    names = {row["id"]: row["name"] for row in spelled if "name" in row}
    assert names == {}, "a row's own name was not asked for"
    below = [child for row in spelled for child in row["children"]]
    assert below and all(set(child) == {"__entity_type__", "id", "name"} for child in below)
    # Each tree is four levels deep, so a row stands in a handful of places, not in hundreds.
    assert len(repeated) < 20 * len(once)
