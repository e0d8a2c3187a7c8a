"""`get_upload_metadata`: where a client is to PUT a component's data; and whose data it may have.

Source: protocol reference 8.2. Uploads in parts (8.3) are not offered yet.
"""

import base64
import binascii
import mimetypes
from collections.abc import Mapping
from typing import Any

import sqlalchemy

from ftrack_sandbox.access import Access, Caller
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.row import check_reach
from ftrack_sandbox.errors import ApiError, ValidationError
from ftrack_sandbox.store import Store

#: Bytes of the largest file that is taken in one piece (assumed; as with S3's single PUT).
LARGEST_BYTES = 5 << 30


def get_upload_metadata(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `component_id`, the signed `url` and the `headers` that the PUT must carry.

    The component need not exist yet. The address admits a file of the declared size only and,
    when a checksum was declared, one with that MD5.

    Raises ValidationError naming the field that is missing or wrong, PermissionDenied for a
    component out of the caller's reach, ApiError for an upload in parts.
    """
    component_id = _component_id(operation)
    if operation.get("parts") is not None:
        raise ApiError("Uploads in parts are not supported by the sandbox; leave out 'parts'.")
    size = _size(operation)
    checksum = _checksum(operation)
    # An id that exists already must be one whose data the caller may replace.
    check_reach(batch, batch.schema.find("Component"), [(component_id,)])
    headers = {"Content-Type": _content_type(operation)}
    if size:
        # With a length given, the Python client announces an empty file in chunks and sends none,
        # whereupon any server waits for them.
        headers["Content-Length"] = str(size)
    if checksum is not None:
        headers["Content-MD5"] = checksum
    url = batch.urls.upload(component_id, size, checksum)
    return {"component_id": component_id, "url": url, "headers": headers}


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
        raise ValidationError("get_upload_metadata needs 'component_id', a text.")
    return component_id


def _size(operation: Mapping[str, Any]) -> int:
    size = operation.get("file_size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValidationError("get_upload_metadata needs 'file_size', a number of bytes.")
    if size > LARGEST_BYTES:
        raise ValidationError(f"A file of {size} bytes is too large; {LARGEST_BYTES} are the most.")
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
