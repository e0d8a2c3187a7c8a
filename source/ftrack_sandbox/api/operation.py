"""The operations by name, and how one request's worth of them runs.

Source: protocol reference 2.1, 2.7.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ftrack_sandbox.access import Access, Caller
from ftrack_sandbox.api import (
    account,
    constraint,
    delayed,
    files,
    media,
    read,
    reply,
    search,
    server,
    web,
    write,
)
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.update_event import update_events
from ftrack_sandbox.encode import Encoder, Entity, Shaped, to_wire
from ftrack_sandbox.errors import UnknownOperation, ValidationError
from ftrack_sandbox.events.hub import Hub
from ftrack_sandbox.schema import Schema
from ftrack_sandbox.storage import Storage
from ftrack_sandbox.store import Store, Transaction
from ftrack_sandbox.urls import Urls

Handler = Callable[[Batch, Mapping[str, Any]], Any]

#: Operations that only read; a batch of these alone needs no write transaction.
_READING: Mapping[str, Handler] = {
    "query": read.query,
    "search": search.search,
    "query_server_information": server.query_server_information,
    "query_schemas": server.query_schemas,
    "get_upload_metadata": files.get_upload_metadata,
    "get_widget_url": web.get_widget_url,
    "send_user_invite": web.send_user_invite,
    "send_review_session_invite": web.send_review_session_invite,
}

_WRITING: Mapping[str, Handler] = {
    "create": write.create,
    "update": write.update,
    "delete": write.delete,
    "reset_remote": account.reset_remote,
    "complete_multipart_upload": files.complete_multipart_upload,
    "delayed_job": delayed.delayed_job,
    "encode_media": media.encode_media,
}

#: What is done for an operation before its batch's transaction begins, so that nobody waits for it.
_PREPARING: Mapping[str, Callable[[Storage, contextlib.ExitStack, Mapping[str, Any]], Any]] = {
    "complete_multipart_upload": files.join_parts,
}


@dataclasses.dataclass(frozen=True)
class Services:
    """What all requests share; every part of it is thread-safe."""

    schema: Schema
    store: Store
    access: Access
    hub: Hub
    urls_secret: bytes
    storage: Storage


def run_batch(
    services: Services,
    caller: Caller,
    operations: Any,
    *,
    base_url: str,
    strict: bool,
    repeat: bool,
    only_requested: bool,
    client_token: str | None,
    push_token: str | None,
) -> list[Any]:
    """Run the operations of one request in order and return their results, fit for JSON.

    *operations* is the decoded body. All or nothing: the first ApiError raised undoes the batch.
    *strict* is the header of that name, *repeat* and *only_requested* are what
    `ftrack-api-options` asks for. What changed is published after the commit. May be called
    from any thread. Source: protocol reference 1.1, 1.5, 2.7, 5.8.
    """
    handlers = [_handler(operation) for operation in _checked(operations)]
    writes = any(operation["action"] in _WRITING for operation in operations)
    with (
        contextlib.ExitStack() as unfinished,
        contextlib.nullcontext(_prepared(services.storage, unfinished, operations)) as prepared,
        _opened(services, writes) as (connection, transaction),
    ):
        batch = Batch(
            services.schema,
            caller,
            services.access,
            connection,
            transaction,
            Urls(base_url, services.urls_secret),
            services.storage,
            strict,
            client_token,
            push_token,
            unfinished=unfinished,
            prepared=prepared,
        )
        results = [handle(batch, operation) for handle, operation in zip(handlers, operations, strict=True)]
        if transaction is not None:
            reply.complete(batch, constraint.settle(batch))
        encoder = Encoder(repeat=repeat, strict=only_requested)
        answer = [_encoded(encoder, result) for result in results]
        if transaction is not None:
            publish = services.hub.publish
            transaction.after_commit += [functools.partial(publish, event) for event in _events(batch)]
    return answer


def _checked(operations: Any) -> list[Mapping[str, Any]]:
    if not isinstance(operations, list):
        raise ValidationError("The request must be a list of operations.")
    for operation in operations:
        if not isinstance(operation, Mapping):
            raise ValidationError("Each operation must be an object.")
        if "action" not in operation:
            raise ValidationError("Each operation needs an action.")
        _check_storable(operation)
    return operations


def _check_storable(value: Any) -> None:
    """Refuse what JSON can say but no database can hold: half a character, a number without end."""
    if isinstance(value, str):
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError as error:
                raise ValidationError("The request holds text that is not Unicode.") from error
    elif isinstance(value, Mapping):
        for name, each in value.items():
            _check_storable(name)
            _check_storable(each)
    elif isinstance(value, list):
        for each in value:
            _check_storable(each)
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ValidationError("The request holds a number that is too large.")


def _handler(operation: Mapping[str, Any]) -> Handler:
    name = operation["action"]
    handler = (_READING.get(name) or _WRITING.get(name)) if isinstance(name, str) else None
    if handler is None:
        raise UnknownOperation(_plain(name))
    return handler


def _prepared(
    storage: Storage, unfinished: contextlib.ExitStack, operations: list[Mapping[str, Any]]
) -> dict[int, Any]:
    return {
        id(operation): _PREPARING[operation["action"]](storage, unfinished, operation)
        for operation in operations
        if operation["action"] in _PREPARING
    }


def _plain(name: object) -> str:
    """An error text with braces in it breaks the Python client. Source: protocol reference 1.4."""
    return str(name)[:200].replace("{", "(").replace("}", ")")


@contextlib.contextmanager
def _opened(services: Services, writes: bool) -> Iterator[tuple[Any, Transaction | None]]:
    if not writes:
        with services.store.read() as connection:
            yield connection, None
        return
    with services.store.write() as transaction:
        yield transaction.connection, transaction


def _encoded(encoder: Encoder, result: Any) -> Any:
    """A handler's result with its entities spelled out; results without `data` are JSON already."""
    if not isinstance(result, Mapping) or "data" not in result:
        return result
    data = result["data"]
    if isinstance(data, Entity):
        return {**result, "data": encoder.encode(data)}
    if isinstance(data, list):
        return {**result, "data": [_row(encoder, each) for each in data]}
    return result


def _row(encoder: Encoder, row: Any) -> Any:
    if isinstance(row, (Entity, Shaped)):
        return encoder.encode(row)
    if isinstance(row, Mapping):
        return {name: to_wire(value) for name, value in row.items()}
    return row


def _events(batch: Batch) -> list[dict[str, Any]]:
    if batch.transaction is None or not batch.transaction.changes:
        return []
    return update_events(
        batch.transaction.changes,
        batch.schema,
        batch.connection,
        batch.caller,
        batch.client_token,
        batch.push_token,
    )
