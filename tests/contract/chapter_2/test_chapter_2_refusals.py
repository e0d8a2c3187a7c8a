"""Chapter 2 of the protocol reference: what cannot be written says why, and changes nothing.

Driven by plain requests, for the client would not send most of it.
"""

import pytest

from wire import create, new_id, reference, update

NOBODY = "00000000-0000-0000-0000-000000000000"


def refusals(task, shot, version, me):
    """What is sent, by what the refusal says of it."""
    return {
        "'latest_version' of Asset is worked out": update(
            "Asset", [version["asset_id"]], latest_version=reference("AssetVersion", version["id"])
        ),
        "'time_logged' of Task is worked out": update("Task", [task["id"]], time_logged=5),
        "'notes' of Task must be a list of entities": update("Task", [task["id"]], notes="all of them"),
        "'parent' of Task must be a reference to a Context": update("Task", [task["id"]], parent=5),
        "'author' of Note must be a User. Got a Task": create(
            "Note", content="x", author=reference("Task", task["id"])
        ),
        "'notes' of Task names Note": update("Task", [task["id"]], notes=[reference("Note", NOBODY)]),
        "'scopes' of Task names Scope": update("Task", [task["id"]], scopes=[reference("Scope", NOBODY)]),
        "'ancestors' of Task cannot be set": update("Task", [task["id"]], ancestors=[]),
        "cannot be moved below itself": update("Shot", [shot["id"]], parent_id=shot["id"]),
        "must be of type integer": update("AssetVersion", [version["id"]], version="first"),
        "must be of type boolean": update("User", [me["id"]], is_active="perhaps"),
        "is not a permitted status of Job": create("Job", data="{}", status="sleeping"),
        "There is no User": {"action": "reset_remote", "reset_type": "api_key", "entity_key": NOBODY},
        "values must be a list of names": {"action": "query_server_information", "values": "version"},
        "The key of Metadata is made of parent_id, key": update("Metadata", [task["id"]], value="x"),
        "entity_data of Task must be an object": {
            "action": "update",
            "entity_type": "Task",
            "entity_key": [task["id"]],
            "entity_data": [],
        },
    }


TEXTS = list(refusals({"id": "t"}, {"id": "s"}, {"id": "v", "asset_id": "a"}, {"id": "m"}))


@pytest.mark.parametrize("text", TEXTS)
def test_what_cannot_be_written_is_refused_with_its_batch(send, ask, task, shot, version, me, text):
    first = update("Task", [task["id"]], description="written before")
    reply = send(first, refusals(task, shot, version, me)[text])
    assert isinstance(reply, dict), reply
    assert text in reply["content"]
    assert reply["exception"] in ("ValidationError", "IntegrityError")
    assert ask(f"select description from Task where id is {task['id']}")[0]["description"] is None


@pytest.fixture
def attribute(ftrack_session):
    """Make a custom attribute of tasks, of the kind named; gone with the test."""
    made = []

    def run(kind):
        roles = ftrack_session.query("SecurityRole").all()
        task = ftrack_session.query("ObjectType where name is Task").one()
        data = {"key": f"key_{new_id()}", "label": "x", "entity_type": "task", "object_type": task}
        kind = ftrack_session.query(f'CustomAttributeType where name is "{kind}"').one()
        configuration = ftrack_session.create(
            "CustomAttributeConfiguration", {**data, "type": kind, "config": "{}"}
        )
        configuration["read_security_roles"].extend(roles)
        configuration["write_security_roles"].extend(roles)
        ftrack_session.commit()
        made.append(configuration)
        return configuration

    yield run
    for each in made:
        ftrack_session.delete(each)
    ftrack_session.commit()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "five"),
        ("number", True),
        ("number", []),
        ("boolean", "yes"),
        ("boolean", 7),
        ("text", 5),
        ("text", ["a"]),
        ("date", "soon"),
        ("date", 5),
        ("enumerator", 5),
    ],
)
def test_2_10_a_value_of_another_type_is_refused(send, task, attribute, kind, value):
    configuration = attribute(kind)
    key = [configuration["id"], task["id"]]
    reply = send(update("ContextCustomAttributeValue", key, value=value))
    assert isinstance(reply, dict), reply
    assert reply["exception"] == "ValidationError"
    assert configuration["key"] in reply["content"]


def test_2_10_a_date_comes_back_as_the_moment_it_is(send, ask, task, attribute):
    key = [attribute("date")["id"], task["id"]]
    moment = {"__type__": "datetime", "value": "2026-03-04T05:06:07"}
    assert send(update("ContextCustomAttributeValue", key, value=moment))[0]["data"]["value"] == moment
    (row,) = ask(f"select value from ContextCustomAttributeValue where configuration_id is {key[0]}")
    assert row["value"] == moment


def test_2_4_a_relation_is_emptied_by_null(send, ask, task):
    kind = ask("select id from Priority limit 1")[0]["id"]
    send(update("Task", [task["id"]], priority_id=kind, thumbnail=None))
    (row,) = ask(f"select thumbnail_id, thumbnail from Task where id is {task['id']}")
    assert (row["thumbnail_id"], row["thumbnail"]) == (None, None)
