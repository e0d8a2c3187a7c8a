"""Operations as they go over the wire, for tests that send them without a client library."""

import uuid


def query(expression):
    return {"action": "query", "expression": expression}


def create(entity_type, key=None, /, **data):
    data = {"__entity_type__": entity_type, **data}
    made = {"action": "create", "entity_type": entity_type, "entity_data": data}
    return made if key is None else {**made, "entity_key": key}


def update(entity_type, key, /, **data):
    data = {"__entity_type__": entity_type, **data}
    return {"action": "update", "entity_type": entity_type, "entity_key": key, "entity_data": data}


def delete(entity_type, *key):
    return {"action": "delete", "entity_type": entity_type, "entity_key": list(key)}


def reference(entity_type, key):
    return {"__entity_type__": entity_type, "id": key}


def text(value):
    return {"__type__": "datetime", "value": value}


def new_id():
    return str(uuid.uuid4())


def shape(wire):
    """Keys and nesting of a reply; what stands in place of values is their kind."""
    if isinstance(wire, list):
        return [shape(each) for each in wire]
    if isinstance(wire, dict):
        return {name: value if name == "__entity_type__" else shape(value) for name, value in wire.items()}
    return type(wire).__name__
