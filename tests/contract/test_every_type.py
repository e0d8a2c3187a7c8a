"""Every entity type, by the real client: made, read, changed, deleted, and found in every way there is.

Source: protocol reference 2.3 to 2.5, 3.2, 3.4, 3.8, 4.
"""

import datetime
import uuid

import arrow
import ftrack_api
import ftrack_api.exception
import ftrack_api.inspection
import pytest
import requests

from every_type import FIXED, OWNERS, SCHEMA, TYPES, UNMADE, VALUES, Maker, holds, settable
from ftrack_sandbox.sandbox import Sandbox
from ftrack_sandbox.schema.model import Kind

MADE = [each for each in TYPES if each not in {*VALUES, *UNMADE}]


@pytest.fixture(scope="module")
def maker(tmp_path_factory):
    """A server of this module's own, with an additional row of every type in it."""
    with Sandbox(seed="demo") as sandbox:
        cache = str(tmp_path_factory.mktemp("schema"))
        session = ftrack_api.Session(
            sandbox.url, sandbox.api_key, sandbox.api_user, plugin_paths=[], schema_cache_path=cache
        )
        maker = Maker(session)
        maker.http = requests.Session()
        for type_name in MADE:
            maker.make(type_name)
        maker.fill_collections()
        yield maker
        maker.http.close()
        session.close()


def ask(maker, expression):
    """The rows of a query."""
    return ask_all(maker, expression)[0]


def ask_all(maker, *expressions):
    """The rows of each query, from the wire: the client would mix in what it knows from other replies."""
    session = maker.session
    reply = maker.http.post(
        f"{session.server_url}/api",
        json=[{"action": "query", "expression": each} for each in expressions],
        headers={
            "ftrack-user": session.api_user,
            "ftrack-api-key": session.api_key,
            "ftrack-strict-api": "true",
            "ftrack-api-options": "strict:1;denormalize:1",
        },
        timeout=30,
    ).json()
    assert isinstance(reply, list), f"{expressions}: {reply}"
    return [each["data"] for each in reply]


def plain(value):
    """A value as it compares: moments in UTC, whatever made them."""
    if isinstance(value, dict) and value.get("__type__") == "datetime":
        value = arrow.get(value["value"])
    if isinstance(value, datetime.datetime | arrow.Arrow):
        return arrow.get(value).naive
    return value


def reread(maker, type_name, key, names):
    """What the server says of a row, asked for by a query."""
    parts = zip(SCHEMA.types[type_name].primary_key, key, strict=True)
    where = " and ".join(f'{name} is "{part}"' for name, part in parts)
    rows = ask(maker, f"select {', '.join(names)} from {type_name} where {where}")
    return [{name: plain(row[name]) for name in names} for row in rows]


@pytest.mark.parametrize("type_name", MADE)
def test_a_row_is_made_read_changed_and_deleted(maker, type_name):
    session, entity_type = maker.session, SCHEMA.types[type_name]
    entity, data = maker.make(type_name)
    key = tuple(ftrack_api.inspection.primary_key(entity).values())
    scalars = {name: plain(value) for name, value in data.items() if name in settable(entity_type)}
    names = list(scalars) or ["id"]
    [row] = reread(maker, type_name, key, names)
    assert {name: row[name] for name in scalars} == scalars

    fixed = {*entity_type.immutable, *entity_type.primary_key, *FIXED.get(type_name, {})}
    free = [name for name in scalars if name not in fixed and holds(entity_type, name) is None]
    free = [name for name in free if name != "object_type_id" and not name.startswith(("from_", "to_"))]
    changes = {name: maker.value(entity_type, name) for name in free}
    for name, value in changes.items():
        entity[name] = value
    maker.commit()
    scalars.update({name: plain(value) for name, value in changes.items()})
    [row] = reread(maker, type_name, key, names)
    assert {name: row[name] for name in scalars} == scalars

    session.delete(entity)
    maker.commit()
    assert reread(maker, type_name, key, names) == []
    with pytest.raises(ftrack_api.exception.ServerError, match="ValidationError"):
        session.call([{"action": "delete", "entity_type": type_name, "entity_key": list(key)}])


@pytest.mark.parametrize("type_name", MADE)
def test_what_the_server_stamps_is_not_the_senders(maker, type_name):
    entity_type = SCHEMA.types[type_name]
    stamped = [name for name in ("created_at", "created_by_id") if name in entity_type.attributes]
    if not stamped:
        assert "created_by" not in entity_type.attributes
        return
    other = ask(maker, "select id from User where username is kim.ek")[0]["id"]
    sent = {"created_at": {"__type__": "datetime", "value": "2001-01-01T00:00:00"}, "created_by_id": other}
    entity, _ = maker.make(type_name)
    key = [entity["id"]]
    operation = {"entity_type": type_name, "entity_key": key}
    for name in stamped:
        with pytest.raises(ftrack_api.exception.ServerError, match="immutable"):
            maker.session.call([{**operation, "action": "update", "entity_data": {name: sent[name]}}])
    data = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in data_of(maker, type_name).items()
    }
    new = str(uuid.uuid4()) if type_name != "Event" else 777_001
    made = {**data, **{name: sent[name] for name in stamped}, "id": new}
    [reply] = maker.session.call([{"action": "create", "entity_type": type_name, "entity_data": made}])
    [row] = reread(maker, type_name, [new], stamped)
    assert row.get("created_by_id") != other
    if "created_at" in row:
        assert abs(arrow.utcnow().naive - row["created_at"]) < datetime.timedelta(minutes=5)
    for name in stamped:
        assert plain(reply["data"][name]) == row[name]


def data_of(maker, type_name):
    """What makes a row, as references where it holds entities."""
    found = maker.data(type_name)
    return {
        name: {"__entity_type__": value.entity_type, **ftrack_api.inspection.primary_key(value)}
        if isinstance(value, ftrack_api.entity.base.Entity)
        else value
        for name, value in found.items()
    }


@pytest.mark.parametrize("type_name", sorted(UNMADE))
def test_a_supertype_that_cannot_tell_which_of_its_types_is_meant_makes_no_row(maker, type_name):
    operation = {"action": "create", "entity_type": type_name, "entity_data": {"id": str(uuid.uuid4())}}
    with pytest.raises(ftrack_api.exception.ServerError, match="ValidationError"):
        maker.session.call([operation])


@pytest.mark.parametrize("type_name", VALUES)
def test_the_value_of_a_custom_attribute_is_written_read_changed_and_deleted(maker, type_name):
    session = maker.session
    configuration = maker.configuration(OWNERS[type_name])
    owner = maker.row(OWNERS[type_name])
    key = [configuration["id"], owner["id"]]
    operation = {"entity_type": type_name, "entity_key": key}
    for value in ("first", "sécond"):
        session.call([{**operation, "action": "update", "entity_data": {"value": value}}])
        assert reread(maker, type_name, key, ["value"]) == [{"value": value}]
        assert [each["id"] for each in ask(maker, of_key(OWNERS[type_name], configuration, value))] == [
            owner["id"]
        ]
    session.call([{**operation, "action": "delete"}])
    assert ask(maker, of_key(OWNERS[type_name], configuration, "sécond")) == []
    session.delete(configuration)
    maker.commit()


def of_key(type_name, configuration, value):
    key = configuration["key"]
    return f'select id from {type_name} where custom_attributes any (key is "{key}" and value is "{value}")'


# Every relation, every collection, every value.

#: So many rows of a type are looked at.
ROWS = 150


def related(type_name):
    """The relations and collections of a type that may be asked for."""
    attributes = SCHEMA.types[type_name].attributes.values()
    return [each for each in attributes if each.target is not None and not each.restricted]


def keys_of(rows, type_name):
    return {tuple(row[name] for name in SCHEMA.types[type_name].primary_key) for row in rows}


@pytest.mark.parametrize("type_name", TYPES)
def test_each_relation_and_collection_is_selected_and_asked_about(maker, type_name):
    """What is selected through it, and who has any by `has` or `any`, are two views of one thing."""
    primary_key = SCHEMA.types[type_name].primary_key
    own, order = ", ".join(primary_key), f"order by {', '.join(primary_key)}"
    everything = ask(maker, f"select {own} from {type_name} {order} limit {ROWS}")
    assert everything, f"there is no {type_name}"
    seen = keys_of(everything, type_name)
    for each in related(type_name):
        inner = SCHEMA.types[each.target].primary_key[0]
        word = "any" if each.kind is Kind.COLLECTION else "has"
        some = f"{each.name} {word} ({inner} is_not none)"
        asked = [some, f"not {some}", f"{each.name}.{inner} is_not none"]
        if word == "any":
            asked.append(f"not {each.name} any ()")
        elif each.join.link is None and not each.join.where and each.join.remote == "id":
            asked.append(f"{each.name} is none")
        rows, *found = ask_all(
            maker,
            f"select {own}, {each.name}.{inner} from {type_name} {order} limit {ROWS}",
            *(f"select {own} from {type_name} where {where} {order} limit {ROWS}" for where in asked),
        )
        assert keys_of(rows, type_name) == seen
        filled = keys_of([row for row in rows if row[each.name]], type_name)
        having, without, by_path, *empty = (keys_of(rows, type_name) & seen for rows in found)
        assert without == seen - having, each.name
        assert by_path == having, each.name
        assert empty in ([], [without]), each.name
        if each.name == "custom_attributes":
            # Selected they are told for every configuration, asked about only where one is stored.
            # Source: protocol reference 2.10.
            assert having <= filled
        else:
            assert having == filled, each.name


def test_each_relation_and_collection_leads_somewhere_from_some_row(maker):
    """Or else the test above would be content with nothing but nulls."""
    led, all_of_them = set(), set()
    for type_name in TYPES:
        entity_type = SCHEMA.types[type_name]
        for each in related(type_name):
            place = (entity_type.table.name, each.name, each.target)
            all_of_them.add(place)
            word = "any" if each.kind is Kind.COLLECTION else "has"
            where = f"{each.name} {word} ({SCHEMA.types[each.target].primary_key[0]} is_not none)"
            select = f"select {entity_type.primary_key[0]} from {type_name}"
            if place not in led and ask(maker, f"{select} where {where} limit 1"):
                led.add(place)
    # A thumbnail that the server makes, and that ours makes none of.
    missing = sorted(all_of_them - led - {("review_session", "thumbnail", "Component")})
    assert not missing, f"nothing in {missing}"


@pytest.mark.parametrize(
    ("type_name", "name"),
    [
        (name, each.name)
        for name in TYPES
        for each in SCHEMA.types[name].attributes.values()
        if each.restricted and each.target is not None
    ],
)
def test_4_2_what_is_restricted_is_not_selected(maker, type_name, name):
    with pytest.raises(AssertionError, match="ParseError"):
        ask(maker, f"select {name} from {type_name} limit 1")


@pytest.mark.parametrize("type_name", TYPES)
def test_each_value_is_selected_ordered_by_and_compared_with(maker, type_name):
    entity_type = SCHEMA.types[type_name]
    own = ", ".join(entity_type.primary_key)
    for each in entity_type.attributes.values():
        if each.kind is not Kind.SCALAR or each.restricted or not each.definition.keys() & {"type", "$ref"}:
            continue
        name, select = each.name, f"select {own}, {each.name} from {type_name}"

        def values(rest, name=name, select=select):
            return [
                [plain(row[name]) for row in rows]
                for rows in ask_all(maker, *(f"{select} {each} limit {ROWS}" for each in rest))
            ]

        ordered = "" if each.value == "variable" else f"order by {name}"
        some, none = values([f"where {name} is_not none {ordered}", f"where {name} is none"])
        assert None not in some
        assert set(none) <= {None}
        if each.value == "variable":
            # Values of any type have no order.
            continue
        assert some == sorted(some), name
        first, last = values([ordered, f"{ordered} desc"])
        told = [value for value in last if value is not None]
        assert told == sorted(told, reverse=True)
        assert last[: len(told)] == told, "nulls come last when descending"
        assert first[:1] == ([None] if none else some[:1])
        if not some:
            continue
        literal = some[0].isoformat() if isinstance(some[0], datetime.datetime) else str(some[0])
        if '"' not in literal and "\\" not in literal:
            [same] = values([f'where {name} is "{literal}"'])
            assert set(same) == {some[0]}, name
