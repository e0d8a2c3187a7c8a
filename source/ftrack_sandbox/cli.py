"""The command `ftrack-sandbox`.

Each option mirrors an environment variable: `--port` is `FTRACK_SANDBOX_PORT`.
"""

import contextlib
import ipaddress
import logging
import os
import pathlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import click

from ftrack_sandbox import __version__
from ftrack_sandbox.app import MAX_BODY_MB
from ftrack_sandbox.sandbox import Sandbox, StartError

#: Signals that end the server; not all exist on every system.
_STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class _Stopped(BaseException):
    """A signal asked to stop. Not an Exception, so that no handler on the way takes it for a failure."""


@click.group()
@click.version_option(__version__)
def main() -> None:
    """Run a local ftrack server for tests, demonstrations and authors of actions."""


@main.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar="FTRACK_SANDBOX_HOST",
    help="Address to listen on.",
)
@click.option(
    "--port",
    default=8090,
    show_default=True,
    type=click.IntRange(0, 65535),
    envvar="FTRACK_SANDBOX_PORT",
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--allow-remote",
    is_flag=True,
    envvar="FTRACK_SANDBOX_ALLOW_REMOTE",
    help="Permit a host that other machines reach.",
)
@click.option(
    "--database",
    metavar="URL",
    envvar="FTRACK_SANDBOX_DATABASE",
    help="Database to keep the data in, such as sqlite:///studio.db; without it a temporary file.",
)
@click.option(
    "--storage",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=pathlib.Path),
    envvar="FTRACK_SANDBOX_STORAGE",
    help="Folder of the components' files; without it one beside a SQLite database, else a temporary one.",
)
@click.option(
    "--seed",
    type=click.Choice(["demo", "empty"]),
    default="demo",
    show_default=True,
    envvar="FTRACK_SANDBOX_SEED",
    help="What an empty database is filled with.",
)
@click.option(
    "--scale",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    envvar="FTRACK_SANDBOX_SCALE",
    help="Multiplies the tasks of the demo studio.",
)
@click.option(
    "--max-body-mb",
    metavar="MB",
    type=click.IntRange(1),
    default=MAX_BODY_MB,
    show_default=True,
    envvar="FTRACK_SANDBOX_MAX_BODY_MB",
    help="Size of the largest request to the API; files of components may be larger.",
)
@click.option(
    "--env-file",
    metavar="PATH",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    envvar="FTRACK_SANDBOX_ENV_FILE",
    help="File to write the three printed lines to.",
)
def serve(
    host: str,
    port: int,
    allow_remote: bool,
    database: str | None,
    storage: pathlib.Path | None,
    seed: str,
    scale: int,
    max_body_mb: int,
    env_file: pathlib.Path | None,
) -> None:
    """Serve until Ctrl-C.

    When ready, prints FTRACK_SERVER, FTRACK_API_USER and FTRACK_API_KEY, one a line, as a
    client's environment needs them.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if not allow_remote and not _is_loopback(host):
        raise click.ClickException(
            f"{host} is reached from other machines. If that is meant, add --allow-remote; "
            "anybody who knows the key may then read and change everything."
        )
    sandbox = Sandbox(host, port, database, storage, seed, scale, max_body_mb)
    with _stop_signals(), contextlib.suppress(_Stopped):
        try:
            with _env_file(env_file) as write_env, sandbox:
                lines = "".join(f"{name}={value}\n" for name, value in sandbox.environment.items())
                write_env(lines)
                click.echo(lines, nl=False)
                _wait()
        except StartError as error:
            raise click.ClickException(str(error)) from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _wait() -> None:
    never = threading.Event()
    # On Windows a wait without end is not interrupted by Ctrl-C.
    while not never.wait(1.0):
        pass


@contextlib.contextmanager
def _stop_signals() -> Iterator[None]:
    """Raise `_Stopped` in the main thread at the first signal to stop; further ones are ignored.

    Signals that whoever started us had ignored (`nohup`) stay so.
    """
    numbers = [getattr(signal, name) for name in _STOP_SIGNALS if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    wanted = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> None:
        for each in wanted:
            signal.signal(each, signal.SIG_IGN)
        raise _Stopped

    for number in wanted:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in wanted:
            signal.signal(number, before[number])


@contextlib.contextmanager
def _env_file(path: pathlib.Path | None) -> Iterator[Callable[[str], None]]:
    """Yield what writes the file, at once whole and for its owner only.

    An older file goes first: who waits for it would be sent to a server that is gone.
    """
    if path is None:
        yield lambda text: None
        return
    if path.exists() and not path.is_file():
        raise click.ClickException(f"{path} is not a file that the environment could be written to.")
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.unlink(missing_ok=True)
        file = os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error

    def write(text: str) -> None:
        with file:
            file.write(text.encode("utf-8"))
        partial.replace(path)

    try:
        yield write
    finally:
        file.close()
        partial.unlink(missing_ok=True)
