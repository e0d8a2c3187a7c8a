"""`encode_media`: makes of a picture what the web player shows. Of a film it makes a failed Job.

Source: protocol reference 8.5.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.api import job, write
from ftrack_sandbox.api.batch import Batch
from ftrack_sandbox.api.computed import SERVER_LOCATION_ID
from ftrack_sandbox.api.files import keep
from ftrack_sandbox.api.row import check_reach
from ftrack_sandbox.encode import Entity
from ftrack_sandbox.errors import ApiError, ValidationError
from ftrack_sandbox.picture import fit

#: The `type` of the Jobs (assumed).
JOB_TYPE = "encode_media"

#: What the web player knows a picture by. Source: protocol reference 8.5; the text is assumed, the
#: reference shows that of a film.
REVIEW_NAME, REVIEW_DATA = "ftrackreview-image", '{"format": "image"}'

#: Side of the thumbnail, in pixels (assumed).
THUMBNAIL_SIDE = 640


def encode_media(batch: Batch, operation: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `{"action": "encode_media", "component_id", "version_id"?, "keep_original"?}`: `job_id`.

    The Job has ended when the request is answered. A picture gives two components, for review and
    as thumbnail, which are the Job's; the first becomes the version's, the other its thumbnail. The
    original goes unless it is to be kept, but never when the Job failed. Raises ValidationError.
    """
    component_id, version_id = _id(operation, "component_id"), None
    if operation.get("version_id") is not None:
        version_id = _id(operation, "version_id")
    keep_original = operation.get("keep_original", True)
    if not isinstance(keep_original, bool):
        raise ValidationError("'keep_original' of encode_media must be true or false.")
    _check_seen(batch, "FileComponent", component_id)
    if version_id is not None:
        _check_seen(batch, "AssetVersion", version_id)
    data = {"output": [], "source_component_id": component_id, "keep_original": keep_original}
    made = job.queue(batch, JOB_TYPE, {"description": "Encoding waits", **data})
    reason = _obstacle(batch, component_id)
    if reason is not None:
        job.end(batch, made, "failed", {"description": reason, **data})
    else:
        data["output"] = _encode(batch, made, component_id, version_id)
        job.end(batch, made, "done", {"description": "Encoded a picture for review", **data})
        if not keep_original:
            write.delete(batch, {"entity_type": "FileComponent", "entity_key": [component_id]})
    return {"action": "encode_media", "job_id": made.key[0]}


def _id(operation: Mapping[str, Any], name: str) -> str:
    value = operation.get(name)
    if not isinstance(value, str):
        raise ValidationError(f"encode_media needs '{name}', a text.")
    return value


def _check_seen(batch: Batch, type_name: str, key: str) -> None:
    entity_type = batch.schema.find(type_name)
    if batch.writer.fetch(entity_type, (key,)) is None:
        raise ValidationError(f"There is no {type_name} {key}.")
    check_reach(batch, entity_type, [(key,)])


def _obstacle(batch: Batch, component_id: str) -> str | None:
    """Return why the component cannot be encoded, or None."""
    if not batch.storage.exists(component_id):
        return "The component has no data in ftrack.server."
    if fit(batch.storage.path(component_id), 1) is None:
        return "The sandbox cannot encode video; it knows pictures only."
    return None


def _encode(batch: Batch, made: Entity, component_id: str, version_id: str | None) -> list[dict[str, str]]:
    """Make the components of a picture; return what the Job's `output` holds."""
    output = []
    for name, side in ((REVIEW_NAME, None), ("thumbnail", THUMBNAIL_SIDE)):
        content, media_type = fit(batch.storage.path(component_id), side) or (b"", "")
        row = {"name": name, "file_type": {"image/jpeg": ".jpg"}.get(media_type, ".png")}
        if name == REVIEW_NAME and version_id is not None:
            row["version_id"] = version_id
        key = _store(batch, row, content)
        _create(batch, "JobComponent", {"component_id": key, "job_id": made.key[0]})
        if name == REVIEW_NAME:
            parent = {"parent_id": key, "parent_type": "FileComponent"}
            _create(batch, "Metadata", {**parent, "key": "ftr_meta", "value": REVIEW_DATA})
        elif version_id is not None:
            change = {"entity_type": "AssetVersion", "entity_key": [version_id]}
            write.update(batch, {**change, "entity_data": {"thumbnail_id": key}})
        output.append({"format": media_type, "component_id": key})
    return output


def _store(batch: Batch, row: Mapping[str, Any], content: bytes) -> str:
    """Make a component in `ftrack.server`; its file is there once the batch is stored."""
    key = str(uuid.uuid4())
    try:
        upload = batch.unfinished.enter_context(batch.storage.upload(key))
        upload.write(content)
    except OSError as error:
        raise ApiError(f"The file could not be stored: {error.strerror}.") from error
    batch.writer.after_commit.append(lambda: keep(upload))
    _create(batch, "FileComponent", {**row, "id": key, "size": len(content)})
    place = {"component_id": key, "location_id": SERVER_LOCATION_ID, "resource_identifier": key}
    _create(batch, "ComponentLocation", place)
    return key


def _create(batch: Batch, type_name: str, row: Mapping[str, Any]) -> None:
    write.create(batch, {"entity_type": type_name, "entity_data": row})
