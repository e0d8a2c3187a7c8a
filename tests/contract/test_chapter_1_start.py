"""Sections 1.2, 1.4 and 1.6 of the protocol reference through sessions of the unmodified client.

What the bare wire looks like is the matter of `test_transport.py` and `test_chapter_1.py`.
"""

import contextlib
import json

import ftrack_api
import ftrack_api.exception
import pytest
import requests

from ftrack_sandbox.faults import Fault


@pytest.fixture
def open_session(ftrack_sandbox, ftrack_schema_cache):
    """Open sessions of the client, closed with the test."""
    with contextlib.ExitStack() as stack:

        def run(**options):
            given = {
                "server_url": ftrack_sandbox.url,
                "api_user": ftrack_sandbox.api_user,
                "api_key": ftrack_sandbox.api_key,
                "plugin_paths": [],
                "schema_cache_path": str(ftrack_schema_cache),
                **options,
            }
            session = ftrack_api.Session(**given)
            stack.callback(session.close)
            return session

        yield run


@pytest.fixture
def faults(ftrack_sandbox):
    yield ftrack_sandbox.faults
    ftrack_sandbox.faults.clear()


def statuses(session):
    """Let a session keep the HTTP status of every reply; returns the list."""
    found = []
    session._request.hooks["response"].append(lambda reply, *args, **more: found.append(reply.status_code))
    return found


# 1.2 Request headers.


def test_1_2_headers_and_cookies_of_the_caller_harm_nothing(open_session):
    session = open_session(headers={"X-Studio": "north"}, cookies={"studio": "north"})
    assert session.query("Project").first() is not None


@pytest.mark.parametrize("name", [str.upper, str.title, str.lower], ids=["upper", "dotnet", "lower"])
def test_1_2_header_names_count_in_any_case(name, ftrack_sandbox):
    headers = {name("ftrack-user"): ftrack_sandbox.api_user, name("ftrack-api-key"): ftrack_sandbox.api_key}
    operations = [{"action": "query", "expression": "select id from Status limit 1"}]
    reply = requests.post(f"{ftrack_sandbox.url}/api", json=operations, headers=headers, timeout=30)
    assert (reply.status_code, len(reply.json())) == (200, 1)


# 1.4 Errors.


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_1_4_an_error_object_is_a_server_error_of_the_client_in_either_mode(strict, open_session):
    session = open_session(strict_api=strict)
    seen = statuses(session)
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        session.query("select url from Component").all()
    assert caught.value.message == (
        "Server reported error: ParseError(No attribute 'url' exists for schema 'Component'.)"
    )
    assert [status >= 400 for status in seen] == [strict]


def test_1_4_a_failing_page_that_is_no_json_is_the_decoders_error(open_session, faults):
    session = open_session()
    faults.add(Fault("page", operation="query", status=500))
    with pytest.raises(json.JSONDecodeError):
        session.query("Project").all()
    assert session.query("Project").all()


def test_1_4_one_failing_operation_fails_the_whole_call(open_session):
    operations = [{"action": "query", "expression": each} for each in ("Project", "select x from Project")]
    with pytest.raises(
        ftrack_api.exception.ServerError, match="No attribute 'x' exists for schema 'Project'"
    ):
        open_session().call(operations)


def test_1_4_wrong_credentials_are_an_invalid_credentials_error(open_session):
    with pytest.raises(ftrack_api.exception.ServerError, match="InvalidCredentialsError"):
        open_session(api_key="wrong")


def test_1_4_a_second_timer_says_the_word_that_the_client_looks_for(open_session):
    session = open_session()
    user = session.query('User where username is "ada.lund"').one()
    user.start_timer(force=True)
    with pytest.raises(ftrack_api.exception.NotUniqueError):
        user.start_timer()
    session.rollback()
    user.stop_timer()


# 1.6 What a client sends at start.


def test_1_6_a_session_starts_with_two_requests_or_one(ftrack_sandbox, open_session, tmp_path):
    def asked(run):
        ftrack_sandbox.requests.clear()
        run(schema_cache_path=str(tmp_path))
        found = list(ftrack_sandbox.requests)
        return [each.operation for each in found], len({each.request for each in found})

    assert asked(open_session) == (["query_server_information", "query_schemas"], 2)
    assert asked(open_session) == (["query_server_information"], 1)


def test_1_6_missing_arguments_come_from_the_environment(ftrack_sandbox, monkeypatch, tmp_path):
    for name, value in ftrack_sandbox.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FTRACK_API_SCHEMA_CACHE_PATH", str(tmp_path))
    session = ftrack_api.Session()
    assert (session.server_url, session.api_user) == (ftrack_sandbox.url, ftrack_sandbox.api_user)
    assert session.query("Project").first() is not None
    session.close()
    assert (tmp_path / "ftrack_api_schema_cache.json").exists()


def test_1_6_without_being_told_no_event_hub_is_connected(ftrack_sandbox, open_session):
    before = {each.id for each in ftrack_sandbox.hub.connections}
    session = open_session()
    assert not session.event_hub.connected
    assert {each.id for each in ftrack_sandbox.hub.connections} <= before
