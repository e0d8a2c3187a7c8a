"""`get_upload_metadata`: where a client is to PUT a component's data; and whose data it may have.

Source: protocol reference 8.2, 8.3.
"""

import base64
import binascii
import contextlib
import dataclasses
import logging
import mimetypes
from collections.abc import Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.access import Access, Caller
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.row import check_reach
from ftrack_sandbox.errors import ApiError, ValidationError
from ftrack_sandbox.storage import Parts, Storage, Upload, WrongParts
from ftrack_sandbox.store import Store

_log = logging.getLogger(__name__)

#: Bytes of the largest file that is taken in one piece (assumed; as with S3's single PUT).
LARGEST_BYTES = 5 << 30

#: Parts of one upload, and bytes of all of them: what the JavaScript client knows as its limits.
#: Source: protocol reference 8.3.
MOST_PARTS = 10_000
LARGEST_PARTED_BYTES = (128 << 20) * MOST_PARTS


def get_upload_metadata(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `component_id`, the signed `url` and the `headers` that the PUT must carry.

    The component need not exist yet. The address admits a file of the declared size only and,
    when a checksum was declared, one with that MD5. With `parts`, a number, the answer holds
    `upload_id` and `urls`, an address for each part, instead; whoever asks for one part gets one.

    Raises ValidationError naming the field that is missing or wrong, PermissionDenied for a
    component out of the caller's reach.
    """
    component_id = _component_id(operation)
    count = _part_count(operation)
    size = _size(operation, LARGEST_BYTES if count is None else LARGEST_PARTED_BYTES)
    checksum = _checksum(operation)
    content_type = _content_type(operation)
    # An id that exists already must be one whose data the caller may replace.
    check_reach(batch, batch.schema.find("Component"), [(component_id,)])
    if count is not None:
        return _begin_parts(batch, component_id, count, size, checksum)
    headers = {"Content-Type": content_type}
    if size:
        # With a length given, the Python client announces an empty file in chunks and sends none,
        # whereupon any server waits for them.
        headers["Content-Length"] = str(size)
    if checksum is not None:
        headers["Content-MD5"] = checksum
    url = batch.urls.upload(component_id, size, checksum)
    return {"component_id": component_id, "url": url, "headers": headers}


@dataclasses.dataclass(frozen=True)
class Joined:
    """An upload whose parts have been made one file, that is not in its place yet."""

    parts: Parts
    whole: Upload


def join_parts(storage: Storage, unfinished: contextlib.ExitStack, operation: Mapping[str, Any]) -> Joined:
    """Make one file of the parts that came, which takes its time and therefore no transaction.

    The file goes with *unfinished* unless it is kept. `parts` lists `part_number` and `e_tag` of every
    part in the order of the numbers (assumed, as with S3). Raises ValidationError naming what is wrong.
    """
    component_id = _component_id(operation)
    upload_id = operation.get("upload_id")
    parts = storage.parts(upload_id) if isinstance(upload_id, str) else None
    if parts is None or parts.component_id != component_id:
        raise ValidationError(f"There is no upload '{upload_id}' of component {component_id}.")
    tags = _tags(operation.get("parts"))
    try:
        whole = unfinished.enter_context(storage.upload(component_id))
        parts.join(tags, whole)
    except WrongParts as error:
        raise ValidationError(str(error)) from error
    except OSError as error:
        raise ApiError(f"The file could not be stored: {error.strerror}.") from error
    return Joined(parts, whole)


def complete_multipart_upload(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Put the file that `join_parts` has made in its place; answer `component_id` and the file's `url`.

    It is there when the batch is stored; when the batch is undone nothing of it stays, and the
    upload can be completed again. Raises PermissionDenied. Source: protocol reference 8.3, the
    recorded reply.
    """
    joined: Joined = batch.prepared[id(operation)]
    component_id = joined.parts.component_id
    check_reach(batch, batch.schema.find("Component"), [(component_id,)])
    batch.writer.after_commit += [
        lambda: keep(joined.whole),
        lambda: batch.storage.end_parts(joined.parts),
    ]
    return {
        "action": "complete_multipart_upload",
        "component_id": component_id,
        "url": batch.urls.download(component_id),
    }


def keep(upload: Upload) -> None:
    """Put a file in its place once its batch is stored; too late to tell the client of a failure."""
    try:
        upload.keep()
    except OSError as error:
        _log.error("a file could not be stored: %s", error)


def component_name(
    store: Store, access: Access, component_id: str, caller: Caller | None
) -> tuple[str | None, str | None] | None:
    """Return name and file type of a component, or None when *caller* does not see it.

    Without a caller - a signed address - nobody's reach matters.
    """
    component = store.schema.find("Component")
    table = component.table
    select = sqlalchemy.select(table.c.name, table.c.file_type).where(table.c.id == component_id)
    seen = access.visible(caller, component, table) if caller is not None else None
    if seen is not None:
        select = select.where(seen)
    with store.read() as connection:
        row = connection.execute(select).first()
    return (row.name, row.file_type) if row is not None else None


def _component_id(operation: Mapping[str, Any]) -> str:
    component_id = operation.get("component_id")
    if not isinstance(component_id, str) or not component_id:
        raise ValidationError(f"{operation.get('action')} needs 'component_id', a text.")
    return component_id


def _part_count(operation: Mapping[str, Any]) -> int | None:
    count = operation.get("parts")
    if count is None:
        return None
    if not _is_whole(count) or not 1 <= count <= MOST_PARTS:
        raise ValidationError(f"'parts' must be a number from 1 to {MOST_PARTS}, or null.")
    return int(count)


def _begin_parts(
    batch: Batch, component_id: str, count: int, size: int, checksum: str | None
) -> dict[str, Any]:
    try:
        parts = batch.storage.begin_parts(component_id, count, size, checksum)
    except OSError as error:
        raise ApiError(f"The upload could not be begun: {error.strerror}.") from error
    urls = [
        {"part_number": number, "signed_url": batch.urls.part(parts.id, number)}
        for number in range(1, count + 1)
    ]
    return {"component_id": component_id, "upload_id": parts.id, "urls": urls}


def _tags(parts: Any) -> dict[int, str]:
    """Return the tags of a completed upload's parts by number."""
    tags: dict[int, str] = {}
    for part in parts if isinstance(parts, list) else [None]:
        part = part if isinstance(part, Mapping) else {}
        number, tag = part.get("part_number"), part.get("e_tag")
        if not _is_whole(number) or not isinstance(tag, str):
            raise ValidationError("'parts' must list part_number, a number, and e_tag, a text, of each part.")
        if number != len(tags) + 1:
            raise ValidationError(f"'parts' names part {number} where part {len(tags) + 1} is due.")
        tags[number] = tag
    return tags


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _size(operation: Mapping[str, Any], largest: int) -> int:
    size = operation.get("file_size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValidationError("get_upload_metadata needs 'file_size', a number of bytes.")
    if size > largest:
        raise ValidationError(f"A file of {size} bytes is too large; {largest} are the most.")
    return size


def _checksum(operation: Mapping[str, Any]) -> str | None:
    checksum = operation.get("checksum")
    if checksum is None:
        return None
    try:
        digest = base64.b64decode(checksum, validate=True)
    except (TypeError, ValueError, binascii.Error):
        digest = b""
    if len(digest) != 16:
        raise ValidationError("'checksum' of get_upload_metadata must be a base64 MD5 digest.")
    return base64.b64encode(digest).decode("ascii")


def _content_type(operation: Mapping[str, Any]) -> str:
    name = operation.get("file_name")
    if not isinstance(name, str):
        raise ValidationError("get_upload_metadata needs 'file_name', a text.")
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
