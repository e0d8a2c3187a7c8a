"""The `query_schemas` document: what a real site was recorded to serve, and no drift from it."""

import hashlib
import json

import ftrack_api.attribute
import ftrack_api.entity.factory
import pytest

from ftrack_sandbox.schema import load_schema

#: SHA-256 of the document that a real site was recorded to serve, in the form of `normalised`.
RECORDED = "7b272ecd9871e8e6b2db8e095467dd027dc4ba57fffae8ddc1c06107f8d70939"

#: The order of these lists means nothing.
UNORDERED = ("required", "immutable", "computed", "default_projections", "system_projections")


def normalised(document):
    """Types by name, unordered lists sorted, descriptions dropped."""
    types = {}
    for schema in document:
        each = {name: sorted(value) if name in UNORDERED else value for name, value in schema.items()}
        each["properties"] = {
            name: {key: value for key, value in definition.items() if key != "description"}
            for name, definition in schema["properties"].items()
        }
        types[schema["id"]] = each
    return types


def digest(document):
    return hashlib.sha256(json.dumps(normalised(document), sort_keys=True).encode()).hexdigest()


def references(definition):
    yield from (part["$ref"] for part in (definition, definition.get("items", {})) if "$ref" in part)


@pytest.fixture(scope="module")
def schema():
    return load_schema()


def served(schema, name):
    return next(each for each in schema.document if each["id"] == name)


def test_the_document_is_the_recorded_one(schema):
    assert digest(schema.document) == RECORDED


def test_there_are_116_types(schema):
    assert len(schema.document) == len({each["id"] for each in schema.document}) == 116


def test_the_digest_sees_a_single_changed_default(schema):
    document = json.loads(json.dumps(schema.document))
    next(each for each in document if each["id"] == "Job")["properties"]["status"]["default"] = "running"
    assert digest(document) != RECORDED


def test_every_reference_leads_to_a_served_type(schema):
    names = {each["id"] for each in schema.document}
    lost = [
        (each["id"], name)
        for each in schema.document
        for name, definition in each["properties"].items()
        if not set(references(definition)) <= names
    ]
    assert lost == []


def test_every_named_projection_and_key_is_an_attribute(schema):
    for each in schema.document:
        hidden = {"to_entity_type"} if each["id"].endswith("CustomAttributeLink") else set()
        names = {*each["primary_key"], *each["default_projections"]}
        assert names - hidden <= each["properties"].keys(), each["id"]


def test_the_hash_is_that_of_the_document_in_sorted_json(schema):
    text = json.dumps(schema.document, sort_keys=True)
    assert schema.hash == hashlib.md5(text.encode()).hexdigest()


def test_foreign_keys_are_described_as_recorded(schema):
    task = served(schema, "Task")["properties"]
    assert task["status_id"]["description"] == "Foreign key(s): Status.id"
    assert task["created_by_id"]["description"] == "Foreign key(s): User.user_id"
    assert served(schema, "Feed")["properties"]["social_id"] == {
        "type": "integer",
        "format": "foreign_key",
        "alias_for": "socialid",
        "description": "Foreign key(s): Event.social_id",
    }


def test_a_typed_context_is_told_by_its_legacy_column(schema):
    shot = served(schema, "Shot")
    assert shot["alias_for"] == {
        "id": "Task",
        "classifiers": {"object_typeid": "bad911de-3bd6-47b9-8b46-3476e237cb36"},
    }
    assert sorted(shot["system_projections"]) == ["context_type", "showid"]


def test_the_real_client_builds_a_class_of_every_type(schema):
    factory = ftrack_api.entity.factory.StandardFactory()
    for each in schema.document:
        made = factory.create(each)
        assert made.primary_key_attributes == each["primary_key"]
        known = {attribute.name for attribute in made.attributes}
        skipped = {
            name
            for name, definition in each["properties"].items()
            if definition.get("restricted_projection") or not definition.keys() & {"type", "$ref"}
        }
        assert known == each["properties"].keys() - skipped


def test_the_real_client_sees_what_an_attribute_is(schema):
    task = ftrack_api.entity.factory.StandardFactory().create(served(schema, "Task"))
    kinds = {attribute.name: type(attribute) for attribute in task.attributes}
    assert kinds["status"] is ftrack_api.attribute.ReferenceAttribute
    assert kinds["children"] is ftrack_api.attribute.CollectionAttribute
    assert kinds["metadata"] is ftrack_api.attribute.KeyValueMappedCollectionAttribute
    assert "custom_attribute_links" not in kinds
    assert not task.attributes.get("link").mutable
    assert task.attributes.get("time_logged").computed


def test_two_schemas_share_nothing_that_changes(schema):
    other = load_schema()
    assert other.metadata is not schema.metadata
    assert other.types["Task"].table is not schema.types["Task"].table
    assert other.document == schema.document
