"""`ftrack-jobs`: the listener, and actions without one, from the command line."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from . import __version__
from .action import Action, title_of
from .config import Config
from .errors import ConfigError, DeclarationError, JobsError
from .job_record import DONE
from .launch import EntityRef, Launch
from .listener import Listener
from .query import EVERYTHING, Query
from .registry import Registry
from .runner import run_headless
from .session import Client, Connection, scrub, worker_session

#: The client's own variable for folders of plugins. *Source*: protocol reference 10.1.
PLUGIN_PATH = "FTRACK_EVENT_PLUGIN_PATH"
#: Attributes that `--select` compares with, as far as the type has them.
_NAMED_BY = ("id", "name", "username", "label")
#: Entities of one name that are listed.
_LISTED = 5
#: Characters in a line of a table that no terminal shows.
_WIDE = 10_000

_plugin_path = click.option(
    "--plugin-path",
    "plugin_paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of plugins; may be given several times. Default: the setting plugin_paths, else"
    f" {PLUGIN_PATH}.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ftrack-jobs")
def main() -> None:
    """Run ftrack actions as Jobs.

    The site is named by FTRACK_SERVER, FTRACK_API_USER and FTRACK_API_KEY. Settings are read from the
    INI file that FTRACK_JOBS_CONFIG names, then from variables such as FTRACK_JOBS_WORKERS.
    """


@main.command()
@_plugin_path
@click.option(
    "--workers", type=int, help="Jobs that run at the same time. Default: 4, or the setting workers."
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="INI file of settings. Default: the one that FTRACK_JOBS_CONFIG names.",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="FTRACK_JOBS_READY_FILE",
    help="File to write once clicks arrive here, for whoever waits for that.",
)
def listen(
    plugin_paths: Sequence[Path], workers: int | None, config_file: Path | None, ready_file: Path | None
) -> None:
    """Host actions, and any other plugins of the folders, until Ctrl-C or SIGTERM."""
    config = _config(config_file, workers=workers, plugin_paths=_texts(plugin_paths))
    _log(config.log_level)
    folders = _folders(config.plugin_paths)
    if ready_file is not None:
        _prepare(ready_file)
    listener = Listener(
        _connection(config.location_plugins),
        folders,
        config,
        on_ready=None if ready_file is None else lambda: ready_file.touch(),
    )
    try:
        sys.exit(listener.run())
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


@main.command()
@_plugin_path
def actions(plugin_paths: Sequence[Path]) -> None:
    """List the actions of the plugin path."""
    folders = _folders(_config(None, plugin_paths=_texts(plugin_paths)).plugin_paths)
    found = list(_registry(folders))
    if not found:
        raise click.ClickException(
            f"There is no action in {', '.join(map(str, folders))}. A file of one ends with the line"
            " `register = plugin(...)`."
        )
    # What authors write is shown as it is.
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        # A program that reads this wants one line for each action.
        console.width = _WIDE
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("identifier", "title", "works on", "fields"):
        table.add_column(heading)
    for each in found:
        fields = ", ".join(each.form.labels()) if each.form is not None else ""
        types = ", ".join(each.allowed_types) or "anything"
        table.add_row(each.identifier, title_of(each), types, fields)
    console.print(table)


@main.command()
@click.argument("identifier")
@_plugin_path
@click.option(
    "--select",
    "selected",
    multiple=True,
    metavar="TYPE:NAME",
    help="Entity to work on, by its name or id; may be given several times.",
)
@click.option(
    "--value",
    "given",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Value of a form field; a field that takes several values may be given several times.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder for the files. Default: this one.",
)
def run(
    identifier: str,
    plugin_paths: Sequence[Path],
    selected: Sequence[str],
    given: Sequence[str],
    output: Path,
) -> None:
    """Run an action once, as FTRACK_API_USER, without a Job.

    Fields without a value take their default. The paths of the files that the action makes are printed.

    \b
    ftrack-jobs run ftrack-jobs.export-table --select Project:NAME --value format=csv --output DIR
    """
    config = _config(None, plugin_paths=_texts(plugin_paths))
    _log("WARNING")
    try:
        action_class = _registry(_folders(config.plugin_paths)).find(identifier)
    except DeclarationError as error:
        raise click.ClickException(str(error)) from error
    connection = _connection(config.location_plugins)
    launch = Launch(
        identifier=identifier,
        event_id=str(uuid.uuid4()),
        username=connection.api_user,
        selection=_selection(connection, selected),
        values=_values(action_class, given),
    )
    _run(action_class, launch, connection, output)


def _run(action_class: type[Action], launch: Launch, connection: Connection, output: Path) -> None:
    """Run with a progress bar on standard error; paths of files go to standard output."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    # Without a terminal a bar only leaves empty lines.
    with bar if console.is_terminal else contextlib.nullcontext():
        task = bar.add_task(title_of(action_class), total=None)

        def show(text: str, done: int | None, total: int | None) -> None:
            bar.update(task, description=text or title_of(action_class), completed=done or 0, total=total)

        ended = run_headless(action_class, launch, connection, output, show)
    if ended.detail:
        click.echo(ended.detail, err=True)
    click.echo(ended.message, err=True)
    for path in ended.files:
        click.echo(path)
    sys.exit(0 if ended.status == DONE else 1)


def _texts(paths: Sequence[Path]) -> list[str] | None:
    """Return *paths* as an override of settings: None where none was given."""
    return [str(path) for path in paths] or None


def _prepare(ready_file: Path) -> None:
    """Remove what an earlier listener left: whoever waits for the file would take it for ours."""
    try:
        ready_file.touch()
        ready_file.unlink()
    except OSError as error:
        raise click.ClickException(
            f"The file {ready_file} cannot be written: {error.strerror}. Name another --ready-file."
        ) from error


def _config(path: Path | None, **overrides: Any) -> Config:
    try:
        return Config.load(path, **overrides)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


class _Keyless(logging.Formatter):
    """Leaves the key out of every line: other libraries log addresses, and tracebacks, that hold it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return scrub(super().format(record), os.environ.get("FTRACK_API_KEY", ""))


def _log(level: str) -> None:
    # One line a message, as service managers and log files want it.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Keyless("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # The client tells of each packet and of each session's plugins; that is for those who debug the client.
    logging.getLogger("ftrack_api").setLevel(max(logging.getLevelName(level), logging.WARNING))
    # It logs each refusal of the server with a traceback, and raises it too: whoever asked tells it.
    logging.getLogger("ftrack_api.session.Session").addFilter(_is_no_refusal)


def _is_no_refusal(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Server reported error")


def _connection(location_plugins: Sequence[str]) -> Connection:
    """Return the connection that the client's own variables name. *Source*: protocol reference 1.6."""
    names = ("FTRACK_SERVER", "FTRACK_API_USER", "FTRACK_API_KEY")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise click.ClickException(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set. Set"
            f" {', '.join(names)} in the environment:"
            " `ftrack-sandbox serve` prints them for a local server."
        )
    server, user, key = (os.environ[name] for name in names)
    return Connection(server.rstrip("/"), user, key, location_plugins=tuple(location_plugins))


def _folders(named: Sequence[str]) -> list[Path]:
    """Return the folders of plugins: those *named*, else those of the client's own variable."""
    found = list(named) or [part for part in os.environ.get(PLUGIN_PATH, "").split(os.pathsep) if part]
    if not found:
        raise click.ClickException(
            f"No folder of plugins is named. Give --plugin-path, or set {PLUGIN_PATH}; the actions"
            " that come with ftrack-jobs are in its folder `plugins`."
        )
    missing = [folder for folder in found if not Path(folder).is_dir()]
    if missing:
        raise click.ClickException(f"There is no folder {', '.join(missing)}. Correct the plugin path.")
    return [Path(folder) for folder in found]


def _registry(folders: Sequence[Path]) -> Registry:
    registry = Registry()
    for problem in registry.load(folders):
        click.echo(f"Warning: {problem}", err=True)
    return registry


def _selection(connection: Connection, selected: Sequence[str]) -> tuple[EntityRef, ...]:
    """Look up each `TYPE:NAME` or `TYPE:ID`; a name must be that of exactly one entity."""
    if not selected:
        return ()
    try:
        with worker_session(connection) as client:
            return tuple(_look_up(client, text) for text in selected)
    except JobsError as error:
        raise click.ClickException(str(error)) from error


def _look_up(client: Client, text: str) -> EntityRef:
    entity_type, colon, name = text.partition(":")
    if not colon or not entity_type or not name:
        raise click.ClickException(f"--select {text!r} is not of the form TYPE:NAME, such as Project:demo.")
    properties: Any = next(
        (schema["properties"] for schema in client.schemas if schema["id"] == entity_type), {}
    )
    condition = " or ".join(f"{field} is {{name}}" for field in _NAMED_BY if field in properties)
    columns = [field for field in ("id", "link") if field in properties]
    if properties and "id" not in columns:
        raise click.ClickException(f"Entities of type {entity_type} have no id, so none can be selected.")
    rows = list(Query(client, entity_type, columns or "id", condition, reach=EVERYTHING, name=name))
    if not rows:
        raise click.ClickException(
            f"{client.api_user} sees no {entity_type} called {name!r}. Check the name, and the rights of the"
            " key."
        )
    if len(rows) > 1:
        raise click.ClickException(
            f"{len(rows)} entities of type {entity_type} are called {name!r}. Name one by its id:\n"
            + _listed(rows)
        )
    return EntityRef(entity_type, rows[0]["id"])


def _listed(rows: Sequence[Any]) -> str:
    """Return a line for each of the first *rows*: its id, and where it lies."""
    lines = [
        f"  {row['id']}  {' / '.join(each['name'] for each in row.get('link') or ())}".rstrip()
        for row in rows[:_LISTED]
    ]
    return "\n".join([*lines, "  ..."] if len(rows) > _LISTED else lines)


def _values(action_class: type[Action], given: Sequence[str]) -> dict[str, str | list[str]]:
    """Return the form values of `FIELD=VALUE`; a field that is named several times gets a list."""
    known = action_class.form.labels() if action_class.form is not None else {}
    values: dict[str, str | list[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.ClickException(f"--value {text!r} is not of the form FIELD=VALUE.")
        if name not in known:
            fields = ", ".join(known) or "none"
            raise click.ClickException(f"{title_of(action_class)} has no field {name!r}; it has {fields}.")
        earlier = values.get(name)
        if earlier is None:
            values[name] = value
        else:
            values[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
    return values
