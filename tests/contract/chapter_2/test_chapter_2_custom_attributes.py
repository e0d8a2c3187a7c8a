"""Chapter 2 of the protocol reference, 2.10: custom attributes.

Driven by the unmodified Python client where it has a way, by plain requests where the wire itself
counts. Functions are named after sections; what other contract tests hold is not repeated.
"""

import json
import uuid

import arrow
import ftrack_api
import ftrack_api.exception
import pytest

from wire import create, delete, new_id, query, text, update

TASK_TYPES = ("Task", "Shot", "Sequence", "Episode", "Folder", "AssetBuild", "Milestone")


# 2.10 Custom attributes.

ENUMERATED = {"multiSelect": True, "data": json.dumps([{"menu": "Easy", "value": "e"}, {"menu": "Hard"}])}

#: By type: its default, a good value, and one of the wrong type.
CUSTOM = {
    "text": ("none", "Größe {0}", 5),
    "boolean": (False, True, "yes"),
    "number": (24, 29.97, "twelve"),
    "date": (None, "2024-05-03T09:15:00", "tomorrow"),
    "enumerator": (["e"], ["e", "h"], 7),
    "dynamic enumerator": ([], ["x"], 7),
    "expression": ("{a} + 1", "{b} + 2", 5),
}


@pytest.fixture
def configure(ftrack_session):
    """Return a function that makes a configuration everybody may read and write."""
    kinds = {each["name"]: each for each in ftrack_session.query("CustomAttributeType")}
    roles = ftrack_session.query("SecurityRole").all()

    def make(key, kind="text", default=None, entity_type="task", of="Task", config=None, permit=True, **more):
        configuration = ftrack_session.create(
            "CustomAttributeConfiguration",
            {
                "key": key,
                "label": key.title(),
                "type": kinds[kind],
                "entity_type": entity_type,
                "default": default,
                "config": json.dumps(config or {}),
                **more,
            },
        )
        if entity_type == "task" and not more.get("is_hierarchical"):
            name = {"AssetBuild": "Asset Build"}.get(of, of)
            configuration["object_type"] = ftrack_session.query(f'ObjectType where name is "{name}"').one()
        if permit:
            configuration["read_security_roles"] = roles
            configuration["write_security_roles"] = roles
        ftrack_session.commit()
        made.append(configuration["id"])
        # The client asks for the configurations once a session.
        if hasattr(ftrack_session, "_custom_attribute_configurations"):
            del ftrack_session._custom_attribute_configurations
        return configuration["id"]

    made = []
    yield make
    ftrack_session.reset()
    ftrack_session.call([delete("CustomAttributeConfiguration", key) for key in made])


@pytest.fixture
def value_of(ask):
    """Return a function that tells the stored or default value of one attribute, by the wire."""

    def read(entity, key):
        (row,) = ask(
            "select custom_attributes.key, custom_attributes.value "
            f"from {entity.entity_type} where id is {entity['id']}"
        )
        found = [each["value"] for each in row["custom_attributes"] if each["key"] == key]
        assert len(found) == 1
        return found[0]

    return read


@pytest.mark.parametrize("kind", CUSTOM)
def test_2_10_each_type_has_its_default_takes_its_values_and_no_others(
    ftrack_session, configure, task, value_of, kind
):
    default, good, bad = CUSTOM[kind]
    configure("attr", kind, default, config=ENUMERATED if kind == "enumerator" else None)
    ftrack_session.reset()
    task = ftrack_session.get("Task", task["id"])
    assert task["custom_attributes"]["attr"] == default
    task["custom_attributes"]["attr"] = arrow.get(good) if kind == "date" else good
    ftrack_session.commit()
    assert value_of(task, "attr") == (text(good) if kind == "date" else good)
    ftrack_session.reset()
    task = ftrack_session.get("Task", task["id"])
    read = task["custom_attributes"]["attr"]
    assert read == (arrow.get(good) if kind == "date" else good)
    task["custom_attributes"]["attr"] = bad
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.commit()
    assert "ValidationError" in caught.value.message
    assert f'Custom attribute value for "attr" must be of type {kind}. Got ' in caught.value.message
    ftrack_session.rollback()
    assert value_of(task, "attr") == (text(good) if kind == "date" else good)


def test_2_10_the_documented_text_of_a_wrong_type(ftrack_session, project):
    shot = ftrack_session.create("Shot", {"name": "sh", "parent": project})
    ftrack_session.commit()
    ftrack_session.reset()
    shot = ftrack_session.get("Shot", shot["id"])
    shot["custom_attributes"]["fstart"] = "twelve"
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.commit()
    assert 'Custom attribute value for "fstart" must be of type number. Got ' in caught.value.message


def test_2_10_a_date_takes_a_bare_date_too(ftrack_session, configure, task, send, value_of):
    configuration = configure("due", "date")
    send(
        update(
            "ContextCustomAttributeValue",
            [configuration, task["id"]],
            value={"__type__": "date", "value": "2024-05-03"},
        )
    )
    assert value_of(task, "due") == text("2024-05-03T00:00:00")


@pytest.mark.parametrize("entity_type", [*TASK_TYPES, "Project"])
def test_2_10_the_collection_is_dense(ftrack_session, project, entity_type):
    """One row for every configuration that applies, its default where nothing is stored."""
    entity = project
    if entity_type != "Project":
        entity = ftrack_session.create(entity_type, {"name": "x", "parent": project})
        ftrack_session.commit()
    ftrack_session.reset()
    entity = ftrack_session.get(entity_type, entity["id"])
    word = "show" if entity_type == "Project" else "task"
    wanted = {}
    for each in ftrack_session.query(
        "select key, project_id, entity_type, object_type_id, is_hierarchical, default "
        "from CustomAttributeConfiguration"
    ):
        of_type = word == "show" or each["object_type_id"] == entity["object_type_id"]
        if each["is_hierarchical"]:
            wanted[each["key"]] = None
        elif each["project_id"] is None and each["entity_type"] == word and of_type:
            wanted[each["key"]] = each["default"]
    assert dict(entity["custom_attributes"]) == wanted
    assert wanted


def test_2_10_the_example_an_update_of_a_row_not_stored_inserts_it(configure, send, ask, task, value_of):
    configuration = configure("frames", "number", 1)
    where = f"configuration_id is {configuration} and entity_id is {task['id']}"
    assert ask(f"select value from ContextCustomAttributeValue where {where}") == []
    for value in (12, 13):
        (reply,) = send(update("ContextCustomAttributeValue", [configuration, task["id"]], value=value))
        wanted = {
            "__entity_type__": "ContextCustomAttributeValue",
            "configuration_id": configuration,
            "entity_id": task["id"],
            "value": value,
        }
        assert reply["action"] == "update"
        assert {name: reply["data"][name] for name in wanted} == wanted
        assert value_of(task, "frames") == value
    (row,) = ask(f"select key, value from ContextCustomAttributeValue where {where}")
    assert (row["key"], row["value"]) == ("frames", 13)


def test_2_10_rows_of_the_owners_types_are_not_created(configure, send, task, value_of):
    configuration = configure("frames", "number", 1)
    data = {"configuration_id": configuration, "entity_id": task["id"], "value": 5}
    assert "exception" in send(create("ContextCustomAttributeValue", **data))
    assert value_of(task, "frames") == 1


def test_2_10_the_generic_type_takes_create_update_and_delete(configure, send, task, value_of):
    configuration = configure("frames", "number", 1)
    data = {"configuration_id": configuration, "entity_id": task["id"]}
    assert isinstance(send(create("CustomAttributeValue", value=5, **data)), list)
    assert value_of(task, "frames") == 5
    send(update("CustomAttributeValue", [configuration, task["id"]], value=6))
    assert value_of(task, "frames") == 6
    assert send(delete("CustomAttributeValue", configuration, task["id"]))[0]["data"] is True
    assert value_of(task, "frames") == 1


def test_2_10_a_key_without_row_is_a_key_error_of_the_client(ftrack_session, task):
    ftrack_session.reset()
    task = ftrack_session.get("Task", task["id"])
    with pytest.raises(KeyError):
        task["custom_attributes"]["no such key"]
    with pytest.raises(KeyError):
        task["custom_attributes"]["no such key"] = 1


def owner_of(session, kind, project):
    """A new entity of a kind, not committed yet."""
    if kind in TASK_TYPES:
        return session.create(kind, {"name": "x", "parent": project})
    if kind == "Project":
        name = f"p_{uuid.uuid4().hex[:8]}"
        return session.create(
            "Project", {"name": name, "full_name": name, "project_schema": project["project_schema"]}
        )
    if kind == "User":
        return session.create("User", {"username": new_id()})
    if kind == "TypedContextList":
        category = session.query("ListCategory").first()
        return session.create(kind, {"name": "l", "project": project, "category": category})
    asset = session.create("Asset", {"name": "a", "parent": project})
    return asset if kind == "Asset" else session.create("AssetVersion", {"asset": asset})


OWNERS = {
    "Task": "task",
    "AssetBuild": "task",
    "Project": "show",
    "AssetVersion": "assetversion",
    "Asset": "asset",
    "User": "user",
    "TypedContextList": "list",
}


@pytest.mark.parametrize("kind", OWNERS)
def test_2_10_a_value_set_before_the_commit_goes_into_the_same_batch(
    ftrack_session, ftrack_sandbox, configure, project, value_of, kind
):
    configure("fresh", default="d", entity_type=OWNERS[kind], of=kind)
    entity = owner_of(ftrack_session, kind, project)
    entity["custom_attributes"]["fresh"] = "set"
    before = ftrack_sandbox.requests.count
    ftrack_session.commit()
    assert ftrack_sandbox.requests.count == before + 1
    assert value_of(entity, "fresh") == "set"
    ftrack_session.reset()
    entity = ftrack_session.get(kind, entity["id"])
    assert entity["custom_attributes"]["fresh"] == "set"


@pytest.mark.parametrize("kind", OWNERS)
def test_2_10_a_value_of_a_committed_entity(ftrack_session, configure, project, value_of, kind):
    configure("later", default="d", entity_type=OWNERS[kind], of=kind)
    entity = owner_of(ftrack_session, kind, project)
    ftrack_session.commit()
    ftrack_session.reset()
    entity = ftrack_session.get(kind, entity["id"])
    assert entity["custom_attributes"]["later"] == "d"
    entity["custom_attributes"]["later"] = "e"
    ftrack_session.commit()
    assert entity["custom_attributes"]["later"] == "e"
    assert value_of(entity, "later") == "e"


def test_2_10_no_match_before_the_commit_is_a_value_error(ftrack_session, project):
    task = ftrack_session.create("Task", {"name": "x", "parent": project})
    with pytest.raises(ValueError, match="no such key"):
        task["custom_attributes"]["no such key"] = 1
    ftrack_session.rollback()


def test_2_10_one_of_the_project_wins(ftrack_session, configure, project, value_of):
    configure("code", default="global")
    own = configure("code", default="own", project_id=project["id"])
    # The client looks at the new entity's own `project_id`, which the server else would supply.
    data = {"name": "x", "parent": project, "project_id": project["id"]}
    task = ftrack_session.create("Task", data)
    task["custom_attributes"]["code"] = "set"
    ftrack_session.commit()
    assert value_of(task, "code") == "set"
    values = ftrack_session.query(
        f"select configuration_id from ContextCustomAttributeValue where entity_id is {task['id']}"
    )
    assert [each["configuration_id"] for each in values] == [own]
    elsewhere = ftrack_session.query(f"Task where project_id is_not {project['id']}").first()
    assert value_of(elsewhere, "code") == "global"


def test_2_10_hierarchical_ones_answer_only_what_is_stored_there(ftrack_session, configure, project):
    configure("colour", default="ACES", entity_type="show", is_hierarchical=True)
    shot = ftrack_session.create("Shot", {"name": "sh", "parent": project})
    task = ftrack_session.create("Task", {"name": "t", "parent": shot})
    asset = ftrack_session.create("Asset", {"name": "a", "parent": shot})
    version = ftrack_session.create("AssetVersion", {"asset": asset})
    shot["custom_attributes"]["colour"] = "P3"
    ftrack_session.commit()
    keys = {each.entity_type: each["id"] for each in (project, shot, task, asset, version)}
    ftrack_session.reset()
    read = {name: ftrack_session.get(name, key)["custom_attributes"]["colour"] for name, key in keys.items()}
    assert read == {"Project": None, "Shot": "P3", "Task": None, "Asset": None, "AssetVersion": None}


def test_2_10_enumerators_hold_a_json_text_within_a_json_text(ftrack_session, send, configure):
    key = configure("level", "enumerator", ["e"], config=ENUMERATED)
    (row,) = send(query(f"select config from CustomAttributeConfiguration where id is {key}"))[0]["data"]
    assert isinstance(row["config"], str)
    config = json.loads(row["config"])
    assert config["multiSelect"] is True
    assert json.loads(config["data"])[0] == {"menu": "Easy", "value": "e"}
    for each in ftrack_session.query("select config, type.name from CustomAttributeConfiguration"):
        config = json.loads(each["config"])
        if each["type"]["name"] == "enumerator":
            assert all({"menu", "value"} >= item.keys() for item in json.loads(config["data"]))
            assert isinstance(config["multiSelect"], bool)
        if each["type"]["name"] == "number":
            assert isinstance(config.get("isdecimal", False), bool)


def test_2_10_without_roles_nobody_sees_or_sets_a_value(ftrack_session, configure, send, task):
    key = configure("secret", default="d", permit=False)
    ftrack_session.reset()
    keys = ftrack_session.get("Task", task["id"])["custom_attributes"].keys()
    assert "secret" not in keys
    error = send(update("ContextCustomAttributeValue", [key, task["id"]], value="x"))
    assert error["exception"] == "PermissionError"

    def permit(right):
        configuration = ftrack_session.get("CustomAttributeConfiguration", key)
        configuration[right] = ftrack_session.query("SecurityRole").all()
        ftrack_session.commit()
        ftrack_session.reset()
        return ftrack_session.get("Task", task["id"])

    assert permit("read_security_roles")["custom_attributes"]["secret"] == "d"
    error = send(update("ContextCustomAttributeValue", [key, task["id"]], value="x"))
    assert error["exception"] == "PermissionError"
    permit("write_security_roles")["custom_attributes"]["secret"] = "x"
    ftrack_session.commit()
    ftrack_session.reset()
    assert ftrack_session.get("Task", task["id"])["custom_attributes"]["secret"] == "x"


def test_2_10_links_are_asked_for_by_their_own_type_only(ftrack_session, send):
    for name in ("custom_attribute_links", "custom_attribute_links_from"):
        assert name not in ftrack_session.types["Task"].attributes.keys()
        error = send(query(f"select {name} from Task limit 1"))
        assert error["exception"] == "ParseError"
    sample = ftrack_session.query("select configuration_id, from_id from CustomAttributeLink").first()
    where = f"configuration_id is {sample['configuration_id']} and from_id is {sample['from_id']}"
    found = ftrack_session.query(f"select to_id from CustomAttributeLink where {where}").all()
    assert sample["id"] in [each["id"] for each in found]
    assert all(each["to_id"] for each in found)
