"""Chapter 4 of the protocol reference, held against the running sandbox: the schema document.

The document's digest is held by the unit tests; here the document is read as served, and what it
promises is asked for. Functions are named after sections.
"""

import json
import re
import uuid

import ftrack_api
import pytest
import requests

OBJECT_TYPES = {
    "Task": "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c",
    "Shot": "bad911de-3bd6-47b9-8b46-3476e237cb36",
    "AssetBuild": "4be63b64-5010-42fb-bf1f-428af9d638f0",
    "Milestone": "01decdd1-51cb-11e3-9d5b-20c9d0831e59",
    "Sequence": "e5139355-61da-4c8f-9db4-3abc870166bc",
    "Episode": "22139355-61da-4c8f-9db4-3abc870166bc",
    "Folder": "3c133785-51cb-11e3-980a-20c9d0831e59",
}


@pytest.fixture(scope="module", autouse=True)
def left_as_found(ftrack_sandbox):
    """Take back what the tests of this module write; all tests share the sandbox."""
    yield
    ftrack_sandbox.reset()


def post(sandbox, *operations):
    """Send operations without a client library; return the JSON."""
    headers = {"ftrack-user": sandbox.api_user, "ftrack-api-key": sandbox.api_key}
    reply = requests.post(f"{sandbox.url}/api", json=operations, headers=headers, timeout=30).json()
    assert isinstance(reply, list), reply
    return reply


def rows_of(sandbox, expression):
    return post(sandbox, query(expression))[0]["data"]


def query(expression):
    return {"action": "query", "expression": expression}


def create(entity_type, /, **data):
    return {"action": "create", "entity_type": entity_type, "entity_data": data}


@pytest.fixture(scope="module")
def document(ftrack_sandbox):
    """The schemas as served, by type."""
    (schemas,) = post(ftrack_sandbox, {"action": "query_schemas"})
    return {each["id"]: each for each in schemas}


# 4, 4.1 and 4.2: the document itself.


def test_4_the_client_loads_all_116_types(ftrack_session, document):
    assert len(document) == 116
    assert ftrack_session.types.keys() == document.keys()


def test_4_every_reference_is_to_a_type_served(document):
    for schema in document.values():
        for definition in schema["properties"].values():
            for part in (definition, definition.get("items", {})):
                assert part.get("$ref", "Task") in document


def test_4_1_keys_of_a_schema(document):
    known = set(
        "id type properties primary_key default_projections system_projections required immutable "
        "computed alias_for $mixin metadata deprecated".split()
    )
    for schema in document.values():
        assert schema.keys() <= known
        assert {"id", "type", "properties", "primary_key", "default_projections"} <= schema.keys()
        assert schema["type"] == "object"
        assert schema["primary_key"]
        assert set(schema["primary_key"]) <= schema["properties"].keys()
    count = {key: sum(key in schema for schema in document.values()) for key in known}
    assert (count["system_projections"], count["computed"], count["alias_for"]) == (40, 18, 38)


def test_4_1_system_projections_have_legacy_names_and_rows_new_ones(ftrack_sandbox, document):
    assert "showid" in document["Task"]["system_projections"]
    assert "assetid" in document["AssetVersion"]["system_projections"]
    (task,) = rows_of(ftrack_sandbox, "select id from Task limit 1")
    (version,) = rows_of(ftrack_sandbox, "select id from AssetVersion limit 1")
    assert {"project_id"} <= task.keys() and "showid" not in task
    assert {"asset_id"} <= version.keys() and "assetid" not in version


def test_4_1_alias_for_names_the_legacy_type(document):
    assert document["Project"]["alias_for"] == "Show"
    assert document["TypedContext"]["alias_for"] == "Task"
    for name, key in OBJECT_TYPES.items():
        assert document[name]["alias_for"] == {"id": "Task", "classifiers": {"object_typeid": key}}
    for name, entity in (("TypedContextList", "task"), ("AssetVersionList", "assetversion")):
        assert document[name]["alias_for"] == {"id": "List", "classifiers": {"entity": entity}}


@pytest.mark.parametrize("name", ["Task", "User", "AssetVersion", "FileComponent", "Note", "Project"])
def test_4_1_default_projections_come_when_nothing_is_selected(ftrack_session, document, name):
    """The client puts them into a query that selects nothing."""
    entity = ftrack_session.query(name).first()
    with ftrack_session.auto_populating(False):
        for attribute in document[name]["default_projections"]:
            assert entity[attribute] is not ftrack_api.symbol.NOT_SET


def test_4_2_keys_of_a_property(document):
    keys, types, formats = set(), set(), set()
    for schema in document.values():
        for definition in schema["properties"].values():
            keys |= definition.keys()
            types.add(definition.get("type"))
            formats.add(definition.get("format"))
    assert keys == set(
        "type $ref items format description default enum alias_for key_value_attributes "
        "restricted_projection transform".split()
    )
    assert types == {
        *("string", "boolean", "integer", "number", "variable", "object", "array", "mapped_array"),
        None,
    }
    assert formats == {"date-time", "foreign_key", "json", None}
    assert document["Job"]["properties"]["status"]["enum"] == ["queued", "running", "done", "failed"]


def test_4_2_what_may_not_be_selected_the_client_does_not_have(ftrack_session, document):
    restricted = [
        (name, attribute)
        for name, schema in document.items()
        for attribute, definition in schema["properties"].items()
        if definition.get("restricted_projection")
    ]
    assert restricted
    for name, attribute in restricted:
        assert attribute not in ftrack_session.types[name].attributes.keys()
        # One row of a wrong query would fail all of a batch, so each is asked by itself.
    for name, attribute in restricted[:4]:
        with pytest.raises(ftrack_api.exception.ServerError, match="ParseError"):
            ftrack_session.call([query(f"select {attribute} from {name} limit 1")])


@pytest.mark.parametrize("name", ["Metadata", "Note"])
def test_4_2_the_parent_type_is_transformed(document, name):
    definition = document[name]["properties"]["parent_type"]
    assert definition["transform"] == {"client": "{schema_id}", "server": "{table_name}"}


def test_4_2_a_definition_without_type_is_no_attribute_of_the_client(ftrack_session, document):
    definition = document["User"]["properties"]["user_type_id"]
    assert {"type", "$ref"}.isdisjoint(definition)
    assert "user_type_id" not in ftrack_session.types["User"].attributes.keys()


def test_4_3_the_example_definitions(document):
    examples = json.loads("""{
        "status": {"$ref": "Status"},
        "children": {"type": "array", "items": {"$ref": "Context"}},
        "thumbnail_url": {"type": "object"},
        "status_id": {"type": "string", "format": "foreign_key", "description": "Foreign key(s): Status.id",
                      "alias_for": "statusid"},
        "created_at": {"type": "string", "format": "date-time"},
        "custom_attributes": {"type": "mapped_array", "items": {"$ref": "ContextCustomAttributeValue"},
                              "key_value_attributes": {"key": "key", "value": "value"},
                              "alias_for": "custom_attribute_values"}
    }""")
    served = document["Task"]["properties"]
    assert {name: served[name] for name in examples} == examples


# 4.4 Families.

#: By supertype: its concrete types, and what tells them apart in rows, if the reference says so.
FAMILIES = {
    "Context": {
        "Project": {"context_type": "show"},
        **{name: {"context_type": "task", "object_type_id": key} for name, key in OBJECT_TYPES.items()},
    },
    "TypedContext": {name: {"object_type_id": key} for name, key in OBJECT_TYPES.items()},
    "Component": {
        "FileComponent": {"system_type": "file"},
        "SequenceComponent": {"system_type": "sequence"},
        "ContainerComponent": {"system_type": "container"},
    },
    "Resource": {"User": {"resource_type": "user"}, "Group": {"resource_type": "group"}},
    "List": {
        "TypedContextList": {"system_type": "task"},
        "AssetVersionList": {"system_type": "assetversion"},
    },
    "CustomAttributeValue": {
        f"{name}CustomAttributeValue": {}
        for name in ("Context", "AssetVersion", "Asset", "User", "List", "ListObject")
    },
    "CustomConfigurationBase": {"CustomAttributeConfiguration": {}, "CustomAttributeLinkConfiguration": {}},
    "CustomAttributeLink": {
        f"{name}CustomAttributeLink": {}
        for name in ("Context", "AssetVersion", "Asset", "User", "Group", "List", "Component")
    },
    "CustomAttributeLinkFrom": {
        f"{name}CustomAttributeLinkFrom": {}
        for name in ("Context", "AssetVersion", "Asset", "User", "Group", "List", "Component")
    },
    "StatusChange": {"TypedContextStatusChange": {}, "AssetVersionStatusChange": {}},
}
MEMBERS = [(supertype, name) for supertype, members in FAMILIES.items() for name in members]

#: A custom attribute link's end, by the type it is named after: the configuration's word for it.
ENDS = {
    "Context": "task",
    "AssetVersion": "assetversion",
    "Asset": "asset",
    "User": "user",
    "Group": "group",
    "List": "list",
    "Component": "component",
}


@pytest.fixture(scope="module")
def every_type(ftrack_sandbox):
    """The demo studio with what it lacks: links of all ends, jobs, and some rows more."""
    first = {
        name: rows_of(ftrack_sandbox, f"select id from {name} limit 1")[0]["id"]
        for name in (*ENDS, "Task", "Status", "ListObject", "SecurityRole")
    }
    (text,) = rows_of(ftrack_sandbox, 'select id from CustomAttributeType where name is "text"')
    roles = rows_of(ftrack_sandbox, "select id from SecurityRole")
    operations = [
        {
            "action": "update",
            "entity_type": "AssetVersion",
            "entity_key": [first["AssetVersion"]],
            "entity_data": {"status_id": status["id"]},
        }
        for status in rows_of(ftrack_sandbox, "select id from Status limit 2")
    ]
    for near, word in ENDS.items():
        for entity_type, entity_type_to, source, target in (
            ("task", word, "Task", near),
            (word, "user", near, "User"),
        ):
            key = str(uuid.uuid4())
            operations.append(
                create(
                    "CustomAttributeLinkConfiguration",
                    id=key,
                    key=f"link-{key[:8]}",
                    label="Link",
                    entity_type=entity_type,
                    entity_type_to=entity_type_to,
                    config="{}",
                )
            )
            data = {"configuration_id": key, "from_id": first[source], "to_id": first[target]}
            operations.append(create("CustomAttributeLink", **data))
    key, job = str(uuid.uuid4()), str(uuid.uuid4())
    operations += [
        create("Job", id=job, data="{}"),
        create("JobComponent", job_id=job, component_id=first["Component"]),
        create("Event", action="change.status.task", parent_id=first["Task"], parent_type="task"),
        create(
            "CustomAttributeConfiguration",
            id=key,
            key="of_items",
            label="Items",
            entity_type="listobject",
            type_id=text["id"],
            config="{}",
            write_security_roles=roles,
            read_security_roles=roles,
        ),
        {
            "action": "update",
            "entity_type": "ListObjectCustomAttributeValue",
            "entity_key": [key, first["ListObject"]],
            "entity_data": {"value": "x"},
        },
    ]
    post(ftrack_sandbox, *operations)
    return ftrack_sandbox


@pytest.mark.parametrize(("supertype", "name"), MEMBERS, ids=[f"{s}-{n}" for s, n in MEMBERS])
def test_4_4_a_row_is_of_its_concrete_type_whichever_way_it_is_asked_for(
    every_type, document, supertype, name
):
    keys = document[name]["primary_key"]
    told = FAMILIES[supertype][name]
    selected = ", ".join((*keys, *told))
    (row,) = rows_of(every_type, f"select {selected} from {name} limit 1")
    assert row["__entity_type__"] == name
    assert {each: row[each] for each in told} == told
    where = " and ".join(f'{each} is "{row[each]}"' for each in keys)
    (again,) = rows_of(every_type, f"select {', '.join(keys)} from {supertype} where {where}")
    assert again["__entity_type__"] == name


@pytest.mark.parametrize("supertype", FAMILIES)
def test_4_4_a_supertype_finds_its_members_rows_and_no_others(every_type, document, supertype):
    keys = ", ".join(document[supertype]["primary_key"])
    found = {each["__entity_type__"] for each in rows_of(every_type, f"select {keys} from {supertype}")}
    assert found == FAMILIES[supertype].keys()


@pytest.mark.parametrize("supertype", FAMILIES)
def test_4_4_the_client_makes_the_concrete_class(every_type, ftrack_session, supertype):
    found = {type(each).__name__ for each in ftrack_session.query(f"{supertype} limit 500")}
    assert found <= FAMILIES[supertype].keys()
    assert found


#: What an object type's settings forbid to change. Source: protocol reference 4.4.
FIXED = {
    "Task": set(),
    "Shot": {"type", "bid", "start_date", "end_date"},
    "AssetBuild": {"bid", "start_date", "end_date"},
    "Milestone": {"start_date"},
    "Sequence": {"status", "type", "bid", "start_date", "end_date"},
    "Episode": {"status", "type", "bid", "start_date", "end_date"},
    "Folder": {"status", "type", "bid", "start_date", "end_date"},
}


@pytest.mark.parametrize("name", OBJECT_TYPES)
def test_4_4_object_types(ftrack_session, document, name):
    settable = {"status", "type", "bid", "start_date", "end_date"}
    assert settable & set(document[name]["immutable"]) == FIXED[name]
    assert document[name]["properties"]["object_type_id"]["default"] == OBJECT_TYPES[name]
    kind = ftrack_session.get("ObjectType", OBJECT_TYPES[name])
    assert kind["name"].replace(" ", "") == name
    assert kind["is_statusable"] is ("status" not in FIXED[name])
    assert kind["is_typeable"] is ("type" not in FIXED[name])
    assert kind["is_schedulable"] is ("start_date" not in FIXED[name])


@pytest.mark.parametrize("name", OBJECT_TYPES)
def test_4_4_what_an_object_type_fixes_is_refused_and_the_rest_is_not(ftrack_sandbox, name):
    (row,) = rows_of(ftrack_sandbox, f"select id, status_id, type_id, bid from {name} limit 1")
    values = {
        "bid": row["bid"] + 1,
        "start_date": {"__type__": "datetime", "value": "2031-05-06T00:00:00"},
        "end_date": {"__type__": "datetime", "value": "2031-05-07T00:00:00"},
    }
    for relation, entity_type in (("status", "Status"), ("type", "Type")):
        current = row[f"{relation}_id"]
        where = f'where id is_not "{current}"'
        (other,) = rows_of(ftrack_sandbox, f"select id from {entity_type} {where} limit 1")
        values[relation] = {"__entity_type__": entity_type, "id": other["id"]}
    headers = {"ftrack-user": ftrack_sandbox.api_user, "ftrack-api-key": ftrack_sandbox.api_key}
    refused = set()
    for attribute, value in values.items():
        operation = {
            "action": "update",
            "entity_type": name,
            "entity_key": [row["id"]],
            "entity_data": {attribute: value},
        }
        url = f"{ftrack_sandbox.url}/api"
        reply = requests.post(url, json=[operation], headers=headers, timeout=30).json()
        if "exception" in reply:
            assert f"'{attribute}'" in reply["content"]
            refused.add(attribute)
    assert refused == FIXED[name]


def test_4_4_priority_and_states(ftrack_session, document):
    default = document["Task"]["properties"]["priority_id"]["default"]
    assert default == "9661b320-3a0c-11e2-81c1-0800200c9a66"
    assert ftrack_session.get("Priority", default)["name"]
    states = {each["short"] for each in ftrack_session.query("State")}
    assert states == {"NOT_STARTED", "IN_PROGRESS", "DONE", "BLOCKED"}


# 4.5 Types an action meets most.

CREATED = "created_at! created_by!>User"
APPOINTED = "appointments[Appointment assignments[Appointment allocations[Appointment"
COMPONENT = (
    "name* file_type size system_type* version>AssetVersion container>ContainerComponent "
    "component_locations[ComponentLocation metadata"
)
TYPED = (
    "name* description status*>Status type*>Type priority*>Priority object_type*>ObjectType "
    "project>Project parent>Context bid* sort* start_date end_date context_type* link! "
    "time_logged!~ bid_time_logged_difference!~ thumbnail>Component thumbnail_url!~ children[Context "
    f"ancestors[TypedContext descendants[TypedContext assets notes {APPOINTED} timelogs "
    "lists[TypedContextList scopes managers status_changes incoming_links[TypedContextLink "
    f"outgoing_links[TypedContextLink metadata custom_attributes {CREATED}"
)
VALUE = "configuration_id*! entity_id*! key value configuration"
LIST = (
    "name category*>ListCategory project*>Project owner>User user_id is_open* date system_type "
    "custom_attributes"
)

#: The table of 4.5: `*` never null, `!` immutable, `~` computed, `>T` relation, `[T` collection.
ATTRIBUTES = {
    "Project": "name* full_name status* color root start_date end_date is_global* is_private context_type* "
    "project_schema*>ProjectSchema disk>Disk thumbnail>Component thumbnail_url!~ link! children[Context "
    "descendants[TypedContext assets[Asset review_sessions scopes notes managers "
    f"user_security_role_projects {APPOINTED} calendar_events timelogs metadata custom_attributes {CREATED}",
    "TypedContext": TYPED,
    # The object type is mutable on the supertype only.
    **dict.fromkeys(OBJECT_TYPES, TYPED.replace("object_type*", "object_type*!")),
    "Context": "name* context_type* parent>Context project_id children assets notes thumbnail "
    f"thumbnail_url!~ link! {APPOINTED} timelogs scopes managers custom_attributes {CREATED}",
    "Asset": "name type>AssetType parent>Context context_id versions[AssetVersion "
    "latest_version~>AssetVersion metadata custom_attributes",
    "AssetType": "name* short* component assets",
    "AssetVersion": "version asset>Asset task>Task user>User status*>Status comment date is_published* "
    "is_latest_version! link! components[Component thumbnail thumbnail_url!~ notes lists "
    "uses_versions[AssetVersion used_in_versions[AssetVersion incoming_links[AssetVersionLink "
    "outgoing_links[AssetVersionLink review_session_objects status_changes metadata custom_attributes",
    "Component": COMPONENT,
    "FileComponent": COMPONENT,
    "SequenceComponent": f"{COMPONENT} padding* members[Component",
    "ContainerComponent": f"{COMPONENT} members[Component",
    "ComponentLocation": "component location resource_identifier url~",
    "Location": "name* label description location_components",
    "Job": "status* type*! data user>User created_at finished_at job_components[JobComponent",
    "JobComponent": "component_id*! job_id*! component>Component job>Job url!~",
    "Note": "content author>User user_id* date parent_id parent_type in_reply_to>Note replies[Note "
    "category>NoteCategory is_todo completed_at completed_by>User thread_activity recipients[Recipient "
    "note_components[NoteComponent note_label_links[NoteLabelLink metadata",
    "NoteComponent": "component_id! note_id! component note url!~ thumbnail_url!~",
    "NoteLabel": "name color sort",
    "NoteCategory": "name color sort",
    "NoteLabelLink": "note_id! label_id!",
    "Recipient": "note_id! resource_id! recipient>Resource user>User text_mentioned",
    "User": "username* first_name last_name email is_active* resource_type*! user_type>UserType "
    "is_otp_enabled is_totp_enabled require_details_update thumbnail thumbnail_url!~ "
    f"{APPOINTED} memberships[Membership timelogs user_security_roles[UserSecurityRole metadata "
    "custom_attributes",
    "Group": "name* local* parent>Group children memberships link!",
    "Membership": "group* user*",
    "Appointment": "context*>Context resource*>Resource type*",
    "Status": "name color sort is_active* state>State",
    "State": "name short",
    "Type": "name color* sort* is_billable*",
    "Priority": "name color sort value",
    "ObjectType": "name* icon* sort* is_leaf is_schedulable* is_statusable* is_taskable* "
    "is_time_reportable* is_typeable* project_schemas",
    "ProjectSchema": "name object_types object_type_schemas[Schema task_type_schema>TaskTypeSchema "
    "task_workflow_schema>WorkflowSchema asset_version_workflow_schema>WorkflowSchema "
    "task_workflow_schema_overrides[ProjectSchemaOverride task_templates _schemas _task_type_schema "
    "_task_workflow _version_workflow _overrides",
    "Schema": "object_type_id type_id* project_schema_id* statuses[SchemaStatus types[SchemaType",
    "SchemaStatus": "status_id schema_id task_status>Status sort",
    "SchemaType": "type_id schema_id task_type>Type sort",
    "WorkflowSchema": "name statuses[Status",
    "TaskTypeSchema": "name types[Type",
    "ProjectSchemaOverride": "type_id workflow_schema>WorkflowSchema project_schema_id",
    "Timelog": "start* duration* comment* name context user time_zone_offset",
    "Timer": "start* comment* name context user*",
    "List": LIST,
    "TypedContextList": f"{LIST} items",
    "AssetVersionList": f"{LIST} items",
    "ListObject": "list*>List entity_id* custom_attributes",
    "ReviewSession": "name* description* start_date* end_date* project* is_open!~ is_moderated "
    "review_session_objects review_session_invitees created_by*",
    "ReviewSessionObject": "asset_version version_id* name* version* sort_order* review_session* notes "
    "statuses",
    "ReviewSessionInvitee": "name* email* review_session*",
    "TypedContextLink": "from* to* metadata",
    "AssetVersionLink": "from* to* metadata",
    "StatusChange": "parent_id parent_type status>Status from_status>Status user date",
    "Metadata": "parent_id! key! parent_type* value*",
    "CustomAttributeConfiguration": "key label type>CustomAttributeType entity_type object_type project_id "
    "is_hierarchical default config* group>CustomAttributeGroup sort core* values read_security_roles "
    "write_security_roles",
    **{name: VALUE for name in FAMILIES["CustomAttributeValue"]},
    "SecurityRole": "name type user_security_roles",
    "UserSecurityRole": "user security_role is_all_projects is_all_open_projects user_security_role_projects",
    "UserSecurityRoleProject": "project user_security_role",
    "Setting": "name! group! value",
    "Event": "id action data insert parent_id parent_type project user created_at feeds",
    "Scope": "name*",
    "Disk": "name* unix windows",
    "Manager": "context user type",
}

#: Types whose key is not `id`. Source: protocol reference 4.5.
KEYS = {
    "JobComponent": {"component_id", "job_id"},
    "NoteComponent": {"component_id", "note_id"},
    "NoteLabelLink": {"note_id", "label_id"},
    "Recipient": {"note_id", "resource_id"},
    "SchemaStatus": {"status_id", "schema_id"},
    "SchemaType": {"type_id", "schema_id"},
    "Metadata": {"parent_id", "key"},
    "Setting": {"name", "group"},
    **{name: {"configuration_id", "entity_id"} for name in FAMILIES["CustomAttributeValue"]},
}


def attributes_of(name):
    """Name, marks, and the sign and name of its target, for each attribute of the table's row."""
    for word in ATTRIBUTES[name].split():
        yield re.fullmatch(r"(\w+?)([*!~]*)(?:([>\[])(\w+))?", word).groups()


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_4_5_the_document_says_what_the_table_says(document, name):
    schema = document[name]
    assert set(schema["primary_key"]) == KEYS.get(name, {"id"})
    for attribute, marks, sign, target in attributes_of(name):
        definition = schema["properties"][attribute]
        # A relation's own column is what may not be null.
        columns = {attribute, f"{attribute}_id"}
        assert "*" not in marks or columns & set(schema["required"]), attribute
        assert "!" not in marks or attribute in schema["immutable"], attribute
        assert "~" not in marks or columns & set(schema["computed"]), attribute
        if sign == ">":
            assert definition["$ref"] == target, attribute
        if sign == "[":
            assert definition["items"]["$ref"] == target, attribute
    if name != "Event":
        assert schema["properties"]["id"]["type"] == "string" if "id" in schema["primary_key"] else True


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_4_5_the_client_can_ask_for_all_of_them(every_type, ftrack_session, name):
    wanted = [attribute for attribute, *_ in attributes_of(name)]
    assert set(wanted) <= set(ftrack_session.types[name].attributes.keys())
    entities = ftrack_session.query(f"select {', '.join(wanted)} from {name} limit 3").all()
    assert entities
    with ftrack_session.auto_populating(False):
        for entity in entities:
            missing = [each for each in wanted if entity[each] is ftrack_api.symbol.NOT_SET]
            assert missing == []


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_4_5_what_is_never_null_is_not(every_type, document, name):
    required = [each for each in document[name]["required"] if each in document[name]["properties"]]
    assert required
    rows = rows_of(every_type, f"select {', '.join(required)} from {name} limit 50")
    assert rows
    for row in rows:
        assert [each for each in required if row[each] is None] == []


def test_4_5_a_context_has_the_common_part_only(ftrack_session, document):
    assert {"status", "project", "type", "description", "metadata"}.isdisjoint(
        document["Context"]["properties"]
    )
    with pytest.raises(ftrack_api.exception.ServerError, match="No attribute 'status' exists"):
        ftrack_session.call([query("select status from Context limit 1")])


def test_4_5_defaults_of_the_table(document):
    def default(name, attribute):
        return document[name]["properties"][attribute]["default"]

    assert default("FileComponent", "name") == "main"
    assert (default("Job", "status"), default("Job", "type")) == ("queued", "api_job")
    assert default("Note", "is_todo") is False
    assert document["Event"]["properties"]["id"]["type"] == "integer"
    mutable = set(document["TypedContext"]["properties"]) - set(document["TypedContext"]["immutable"])
    assert "object_type_id" in mutable


# 4.5, its end: statuses and types by project schema.


@pytest.fixture
def schemas(ftrack_session):
    found = ftrack_session.query("ProjectSchema").all()
    assert found
    return found


def test_4_5_statuses_and_types_of_every_object_type(schemas):
    for schema in schemas:
        for kind in schema["object_types"]:
            name = kind["name"].replace(" ", "")
            statuses, types = schema.get_statuses(name), schema.get_types(name)
            assert {each.entity_type for each in statuses} <= {"Status"}
            assert {each.entity_type for each in types} <= {"Type"}
            assert len({each["id"] for each in statuses}) == len(statuses)
            assert not kind["is_statusable"] or statuses, name
            assert not kind["is_typeable"] or types, name
        assert schema.get_statuses("AssetVersion")
        assert {each["object_type_id"] for each in schema["_schemas"]} <= {
            each["id"] for each in schema["object_types"]
        }


def test_4_5_a_type_with_an_override_has_statuses_of_its_own(ftrack_session, schemas):
    overridden = 0
    for schema in schemas:
        usual = {each["id"] for each in schema.get_statuses("Task")}
        own = {each["type_id"]: each["workflow_schema"]["statuses"] for each in schema["_overrides"]}
        for kind in schema.get_types("Task"):
            found = {each["id"] for each in schema.get_statuses("Task", kind["id"])}
            assert found == ({each["id"] for each in own[kind["id"]]} if kind["id"] in own else usual)
            overridden += found != usual
    assert overridden


def test_4_5_an_object_type_the_schema_lacks_has_no_statuses(ftrack_session, schemas):
    lacking = [
        (schema, name)
        for schema in schemas
        for name in OBJECT_TYPES
        if name not in {each["name"].replace(" ", "") for each in schema["object_types"]}
    ]
    assert lacking
    for schema, name in lacking:
        with pytest.raises(ValueError, match="No valid statuses"):
            schema.get_statuses(name)


def test_4_5_both_sets_of_twins_are_filled_alike(schemas):
    pairs = {
        "_task_type_schema": "task_type_schema",
        "_task_workflow": "task_workflow_schema",
        "_version_workflow": "asset_version_workflow_schema",
    }
    for schema in schemas:
        for older, newer in pairs.items():
            assert schema[older]["id"] == schema[newer]["id"]
        for older, newer in (
            ("_schemas", "object_type_schemas"),
            ("_overrides", "task_workflow_schema_overrides"),
        ):
            assert {each["id"] for each in schema[older]} == {each["id"] for each in schema[newer]}
            assert len(schema[older]) > 0


def test_4_5_the_questions_of_javascript_merge_into_one_entity(ftrack_sandbox, schemas, ftrack_session):
    """One query for each group in one batch; each group must be somewhere under the one key."""
    key = schemas[0]["id"]
    groups = (
        "_task_workflow.statuses.name",
        "_version_workflow.statuses.name",
        "_overrides.type_id, _overrides.workflow_schema.statuses.name",
        "_schemas.type_id, _schemas.statuses.task_status.name",
        "_task_type_schema.types.name",
    )
    replies = post(
        ftrack_sandbox, *(query(f"select {group} from ProjectSchema where id is {key}") for group in groups)
    )
    assert [[each["id"] for each in reply["data"]] for reply in replies] == [[key]] * len(groups)
    merged = {}

    def merge(wire):
        if isinstance(wire, list):
            for each in wire:
                merge(each)
        elif isinstance(wire, dict):
            if "id" in wire:
                merged.setdefault((wire["__entity_type__"], wire["id"]), {}).update(wire)
            for each in wire.values():
                merge(each)

    merge(replies)

    def name_all(*statuses):
        return {merged["Status", each["id"]]["name"] for each in statuses}

    schema = merged["ProjectSchema", key]
    workflow = merged["WorkflowSchema", schema["_task_workflow"]["id"]]
    assert name_all(*workflow["statuses"]) == {each["name"] for each in schemas[0].get_statuses("Task")}
    shots = next(
        merged["Schema", each["id"]]
        for each in schema["_schemas"]
        if merged["Schema", each["id"]]["type_id"] == OBJECT_TYPES["Shot"]
    )
    statuses = [each["task_status"] for each in shots["statuses"]]
    assert name_all(*statuses) == {each["name"] for each in schemas[0].get_statuses("Shot")}
    assert schema["_overrides"]
    assert schema["_task_type_schema"]
