"""The limit of a request's body, over a bare socket."""

import http.client
import json
import socket
import urllib.parse

import pytest
import requests

from ftrack_sandbox import body
from ftrack_sandbox.sandbox import Sandbox

DEADLINE_S = 10.0
MB = 1 << 20


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(seed="empty", max_body_mb=1) as running:
        yield running


def headers_of(sandbox):
    return {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key, "ftrack-strict-api": "true"}


def connected(sandbox, *lines, path="/api"):
    """A connection on which the headers of a request were sent."""
    address = urllib.parse.urlsplit(sandbox.url)
    connection = socket.create_connection((address.hostname, address.port), DEADLINE_S)
    named = [f"{name}: {value}" for name, value in headers_of(sandbox).items()]
    text = "\r\n".join([f"POST {path} HTTP/1.1", "Host: sandbox", *named, *lines, "", ""])
    connection.sendall(text.encode("ascii"))
    return connection


def answer(connection):
    """Status and body of the answer. Nothing more is sent: whoever waited for it would wait for ever."""
    reply = http.client.HTTPResponse(connection)
    reply.begin()
    return reply.status, reply.read()


def test_a_body_announced_as_too_large_is_refused_before_any_of_it_came(sandbox):
    with connected(sandbox, f"Content-Length: {10_000 * MB}") as connection:
        status, content = answer(connection)
    assert status == 400
    assert json.loads(content)["content"] == "The request is larger than 1 MB."


def test_a_body_without_end_is_refused_and_no_longer_listened_to(sandbox, monkeypatch):
    monkeypatch.setattr(body, "LINGER_BYTES", 2 * MB)
    sent = 0
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with connected(sandbox, "Transfer-Encoding: chunked") as connection:
        with pytest.raises(ConnectionError):
            while sent < 256 * MB:
                connection.sendall(chunk)
                sent += 0x10000
    # What lies in the buffers of both ends comes on top of what was read.
    assert sent < 64 * MB
    assert requests.get(f"{sandbox.url}/sandbox/ready", timeout=DEADLINE_S).ok


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "in chunks"])
def test_a_client_that_sends_all_before_it_reads_gets_the_answer(sandbox, chunked):
    block = b" " * MB
    line = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {20 * MB}"
    with connected(sandbox, line) as connection:
        for _ in range(20):
            connection.sendall(b"%x\r\n%s\r\n" % (MB, block) if chunked else block)
        connection.sendall(b"0\r\n\r\n" if chunked else b"")
        status, content = answer(connection)
    assert status == 400
    assert b"larger than 1 MB" in content


def test_the_limit_counts_mebibytes_to_the_byte(sandbox):
    def post(size):
        data = b"[]".rjust(size)
        return requests.post(f"{sandbox.url}/api", data=data, headers=headers_of(sandbox), timeout=DEADLINE_S)

    assert post(MB).json() == []
    assert post(MB + 1).status_code == 400


def test_the_limit_holds_for_faults_too(sandbox):
    with connected(sandbox, f"Content-Length: {2 * MB}", path="/sandbox/faults") as connection:
        status, content = answer(connection)
    assert (status, content) == (413, b"The request is larger than 1 MB.")


def test_without_another_limit_it_is_64_megabytes():
    with Sandbox(seed="empty") as sandbox:
        with connected(sandbox, f"Content-Length: {64 * MB + 1}") as connection:
            assert b"larger than 64 MB" in answer(connection)[1]
