"""The command `ftrack-sandbox`, as a process and as a parser of options."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import requests
import websocket
from click.testing import CliRunner

from ftrack_sandbox import cli
from ftrack_sandbox.cli import main

COMMAND = [sys.executable, "-m", "ftrack_sandbox", "serve", "--seed", "empty", "--port", "0"]


@pytest.fixture
def start(tmp_path):
    """Start a server process; ends it when the test has not."""
    running = []

    def run(*arguments, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FTRACK_")}
        temporary = tmp_path / "temporary"
        temporary.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**clean, "TMPDIR": str(temporary), **environment},
        )
        running.append(process)
        return process

    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def told(process):
    """What the process prints when it is ready."""
    lines = [process.stdout.readline().decode().rstrip("\n") for _ in range(3)]
    assert all(lines), process.stderr.read().decode()
    return dict(line.split("=", 1) for line in lines)


def post(known, operations):
    headers = {"ftrack-user": known["FTRACK_API_USER"], "ftrack-api-key": known["FTRACK_API_KEY"]}
    return requests.post(f"{known['FTRACK_SERVER']}/api", json=operations, headers=headers, timeout=30)


def refused(*arguments, **environment):
    """Run `serve` in this process; return the sentence it fails with."""
    result = CliRunner().invoke(main, ["serve", *arguments], env=environment)
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert not isinstance(result.exception, Exception)
    return result.output


def test_what_it_prints_is_served_at_once_and_written_to_the_file(start, tmp_path):
    path = tmp_path / "address.env"
    path.write_text("FTRACK_SERVER=http://gone.test\n", encoding="utf-8")
    process = start("--env-file", str(path))
    known = told(process)
    assert list(known) == ["FTRACK_SERVER", "FTRACK_API_USER", "FTRACK_API_KEY"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", known["FTRACK_SERVER"])
    assert len(known["FTRACK_API_KEY"]) >= 32
    assert post(known, []).json() == []
    written = path.read_text(encoding="utf-8")
    assert written == "".join(f"{name}={value}\n" for name, value in known.items())
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["address.env"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals for a child")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(start, tmp_path, number):
    process = start()
    told(process)
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert process.stderr.read() == b""
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal for a child")
def test_it_ends_within_two_seconds_with_web_sockets_and_half_an_upload_open(start, tmp_path):
    process = start()
    known = told(process)
    url = known["FTRACK_SERVER"]
    headers = {"ftrack-user": known["FTRACK_API_USER"], "ftrack-api-key": known["FTRACK_API_KEY"]}
    sockets = []
    for _ in range(3):
        handshake = requests.get(f"{url}/socket.io/1/", headers=headers, timeout=30).text
        identifier = handshake.split(":")[0]
        address = f"{url.replace('http', 'ws')}/socket.io/1/websocket/{identifier}"
        sockets.append(websocket.create_connection(address, timeout=30))
        assert sockets[-1].recv() == "1::"
    operation = {"action": "get_upload_metadata", "component_id": str(uuid.uuid4())}
    metadata = post(known, [{**operation, "file_name": "a", "file_size": 1000}]).json()[0]
    upload = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=30)
    target = metadata["url"].removeprefix(url)
    head = f"PUT {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
    upload.sendall(head.encode())
    assert b"100 Continue" in upload.recv(1000)
    upload.sendall(b"half")
    with requests.Session() as idle:
        idle.get(f"{url}/sandbox/ready", timeout=30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=2) == 0
    assert process.stderr.read() == b""
    assert list((tmp_path / "temporary").iterdir()) == []
    for each in (*sockets, upload):
        each.close()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal for a child")
def test_a_signal_while_it_fills_its_database_ends_it_as_well(start, tmp_path):
    process = start("--seed", "demo", "--scale", "20")
    folder = tmp_path / "temporary"
    deadline = 0
    while not list(folder.glob("*/sandbox.db")) and deadline < 600:
        deadline += 1
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    assert process.stdout.read() == b""
    assert list(folder.iterdir()) == []


def test_options_come_from_the_environment_too(start, tmp_path):
    path = tmp_path / "address.env"
    database = f"sqlite:///{(tmp_path / 'studio.db').as_posix()}"
    process = start(FTRACK_SANDBOX_ENV_FILE=str(path), FTRACK_SANDBOX_DATABASE=database)
    told(process)
    assert path.exists()
    assert (tmp_path / "studio.db").exists()


def test_every_option_mirrors_a_variable():
    for option in main.commands["serve"].params:
        assert option.envvar == f"FTRACK_SANDBOX_{option.name.upper()}"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com"])
def test_a_host_that_others_reach_needs_permission(host):
    assert "--allow-remote" in refused("--host", host, "--port", "0", "--seed", "empty")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"])
def test_loopback_needs_none(host):
    assert cli._is_loopback(host)


def test_a_wild_card_host_is_told_as_an_address_that_works(start):
    process = start("--host", "0.0.0.0", "--allow-remote")
    known = told(process)
    assert known["FTRACK_SERVER"].startswith("http://127.0.0.1:")
    assert post(known, []).json() == []


def test_a_port_in_use_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        output = refused("--port", str(port), "--seed", "empty")
    assert f"Port {port} of 127.0.0.1 cannot be listened on" in output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--database", "no url"], "is not a database URL"),
        (["--database", "sqlite:////nonexistent/x.db"], "cannot be opened"),
        (["--seed", "other"], "other"),
        (["--scale", "0"], "0"),
        (["--port", "70000"], "70000"),
        (["--port", "x"], "x"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(arguments, text):
    assert text in refused("--port", "0", *arguments)


def test_files_that_cannot_be_written_are_told(tmp_path):
    (tmp_path / "file").touch()
    below = str(tmp_path / "file" / "below")
    assert "storage folder" in refused("--port", "0", "--seed", "empty", "--storage", below)
    assert "cannot be written" in refused("--port", "0", "--seed", "empty", "--env-file", below)


def test_the_file_of_an_environment_is_never_a_device():
    if Path(os.devnull).exists():
        assert "is not a file" in refused("--port", "0", "--seed", "empty", "--env-file", os.devnull)
        assert Path(os.devnull).exists()


@pytest.mark.parametrize("how", ["option", "variable"])
def test_the_limit_of_a_request_can_be_set(start, how):
    arguments, environment = [], {}
    if how == "option":
        arguments = ["--max-body-mb", "1"]
    else:
        environment = {"FTRACK_SANDBOX_MAX_BODY_MB": "1"}
    known = told(start(*arguments, **environment))
    fits = [{"action": "query_server_information", "junk": "x" * (1 << 19)}]
    assert post(known, fits).json()[0]["version"]
    assert "larger than 1 MB" in post(known, fits * 3).json()["content"]


def test_a_limit_of_nothing_is_refused():
    assert "0 is not in the range" in refused("--max-body-mb", "0")
