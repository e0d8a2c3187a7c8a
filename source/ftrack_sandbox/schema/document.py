"""From declared types to the `query_schemas` document. Source: protocol reference 4.1, 4.2."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ftrack_sandbox.schema.family import Declared
from ftrack_sandbox.schema.model import Kind
from ftrack_sandbox.schema.notation import Line

#: How each word of the notation is served.
_SERVED: Mapping[str, Mapping[str, Any]] = {
    "text": {"type": "string"},
    "uid": {"type": "string", "default": "{uid}"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "any": {"type": "variable"},
    "time": {"type": "string", "format": "date-time"},
    "json": {"type": "string", "format": "json"},
    "object": {"type": "object"},
    "link": {"type": "string"},
    "typename": {"type": "string", "transform": {"client": "{schema_id}", "server": "{table_name}"}},
    "key": {"type": "string"},
}


def definition(line: Line) -> dict[str, Any]:
    """Return the property definition of one attribute."""
    if line.kind is Kind.COLLECTION:
        served = _collection(line)
    elif line.kind is Kind.RELATION:
        served = {"$ref": line.shown}
    else:
        served = _scalar(line)
    if line.legacy:
        served["alias_for"] = line.legacy
    if line.description:
        served["description"] = line.description
    return served


def _collection(line: Line) -> dict[str, Any]:
    served: dict[str, Any] = {"type": "array", "items": {"$ref": line.shown}}
    if line.mapped:
        served["type"] = "mapped_array"
    if "restricted" in line.flags:
        served["restricted_projection"] = True
    elif line.mapped:
        served["key_value_attributes"] = {"key": "key", "value": "value"}
    return served


def _scalar(line: Line) -> dict[str, Any]:
    served = dict(_SERVED[line.word])
    if line.word == "key" or "key" in line.flags:
        served["format"] = "foreign_key"
        served["description"] = f"Foreign key(s): {line.shown}.{line.column}"
    if "untyped" in line.flags:
        del served["type"]
    if "twice" in line.flags:
        served["$ref"] = line.shown
    if line.default is not None:
        served["default"] = line.default
    if line.enum:
        served["enum"] = list(line.enum)
    return served


def schema_of(declared: Declared, types: Mapping[str, Declared]) -> dict[str, Any]:
    """Return the schema of one type as `query_schemas` serves it."""
    shown = {name: line for name, line in declared.lines.items() if not line.hidden}
    schema: dict[str, Any] = {
        "id": declared.name,
        "type": "object",
        "primary_key": list(declared.key),
        "default_projections": list(declared.show),
        "required": declared.marked("*"),
        "immutable": list(dict.fromkeys([*declared.marked("!"), *declared.immutable])),
        "properties": {name: definition(line) for name, line in sorted(shown.items())},
    }
    if declared.marked("~"):
        schema["computed"] = declared.marked("~")
    if declared.always:
        schema["system_projections"] = [_legacy(shown, name) for name in declared.always]
    if declared.legacy:
        schema["alias_for"] = _alias(declared, types)
    return schema


def _alias(declared: Declared, types: Mapping[str, Declared]) -> Any:
    if not declared.told_by:
        return declared.legacy
    column = _legacy(declared.lines, declared.told_by)
    return {"id": declared.legacy, "classifiers": {column: declared.where[declared.told_by]}}


def _legacy(lines: Mapping[str, Line], name: str) -> str:
    """The older name of an attribute; a name that no attribute bears is an older one already."""
    line = lines.get(name)
    return line.legacy or name if line is not None else name


def hash_of(document: Sequence[Mapping[str, Any]]) -> str:
    """Return the hash by which clients know whether their cached schemas still hold.

    Source: protocol reference 1.8.
    """
    return hashlib.md5(json.dumps(document, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
