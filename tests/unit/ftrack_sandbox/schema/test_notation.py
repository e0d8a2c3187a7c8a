"""The notation itself: what its lines mean, and that mistakes are named with file and line."""

import pytest

from ftrack_sandbox.errors import SandboxError
from ftrack_sandbox.schema import NotationError, read_schema
from ftrack_sandbox.schema.model import Join, Kind, Link

ZOO = """
# An example that has a bit of everything.
part described
    @immutable summary
    summary text "What it is."

Animal as Beast
    @show id name
    @always keeper_id kind
    kind* text
    name*! text = "no name"
    keeper -> Keeper.keeper_id as keeperid/warden
    tricks {Trick} by animal_id as feats
    friends [Animal] via friendship(animal_id, friend_id)
    .weight_class text
    age~ int
    mood derived text

Lion(Animal) as Beast[kind] where kind=lion
    + described
    cubs [Lion:Animal] by keeper_id where kind=lion

Keeper
    level int = 1 of 1 2

Warden like Keeper

Trick
    @key animal_id name
    animal_id key Animal
    animal -> Animal by animal_id
    name text
"""


def read(text):
    return read_schema([("zoo.schema", text)])


@pytest.fixture(scope="module")
def zoo():
    return read(ZOO)


def test_a_type_has_an_id_unless_it_names_another_key(zoo):
    assert zoo.find("Animal").primary_key == ("id",)
    assert zoo.find("Animal").document["properties"]["id"] == {"type": "string", "default": "{uid}"}
    trick = zoo.find("Trick")
    assert trick.primary_key == ("animal_id", "name")
    assert trick.required == trick.immutable == {"animal_id", "name"}
    assert "id" not in trick.attributes


def test_marks_become_lists(zoo):
    animal = zoo.find("Animal")
    assert animal.required == {"id", "kind", "name"}
    assert animal.immutable == {"id", "name"}
    assert animal.computed == {"age"}


def test_a_relation_brings_its_key(zoo):
    animal = zoo.find("Animal")
    assert animal.document["properties"]["keeper_id"] == {
        "type": "string",
        "format": "foreign_key",
        "alias_for": "keeperid",
        "description": "Foreign key(s): Keeper.keeper_id",
    }
    assert animal.document["properties"]["keeper"] == {"$ref": "Keeper", "alias_for": "warden"}
    assert animal.attributes["keeper"].join == Join("keeper_id", "id")


def test_collections_go_over_a_column_or_a_link_table(zoo):
    animal = zoo.find("Animal").attributes
    assert animal["tricks"].join == Join("id", "animal_id")
    assert animal["tricks"].mapped and animal["tricks"].kind is Kind.COLLECTION
    assert animal["friends"].join == Join("id", "id", Link("friendship", "animal_id", "friend_id"))
    assert set(zoo.metadata.tables["friendship"].c.keys()) == {"animal_id", "friend_id"}


def test_what_is_hidden_has_a_column_only(zoo):
    animal = zoo.find("Animal")
    assert "weight_class" in animal.table.c
    assert "weight_class" not in animal.attributes and "weight_class" not in animal.document["properties"]


def test_computed_and_derived_attributes_have_no_column(zoo):
    animal = zoo.find("Animal")
    for name in ("age", "mood"):
        assert animal.attributes[name].kind is Kind.COMPUTED
        assert name not in animal.table.c


def test_a_type_inherits_table_attributes_and_options(zoo):
    animal, lion = zoo.find("Animal"), zoo.find("Lion")
    assert lion.table is animal.table and lion.supertype == "Animal"
    assert animal.attributes.keys() < lion.attributes.keys()
    assert lion.default_projections == ("id", "name")
    assert animal.concrete == lion.concrete == ("Lion",)


def test_a_type_told_apart_has_its_value_as_default_and_in_its_alias(zoo):
    lion = zoo.find("Lion")
    assert lion.classifiers == {"kind": "lion"}
    assert lion.attributes["kind"].default == "lion"
    assert lion.document["alias_for"] == {"id": "Beast", "classifiers": {"kind": "lion"}}


def test_system_projections_are_served_by_their_older_names(zoo):
    assert zoo.find("Animal").document["system_projections"] == ["keeperid", "kind"]
    assert zoo.find("Animal").system_projections == ("keeper_id", "kind")


def test_a_part_brings_lines_and_options(zoo):
    lion = zoo.find("Lion")
    assert lion.document["properties"]["summary"]["description"] == "What it is."
    assert "summary" in lion.immutable
    assert "described" not in zoo.types


def test_a_collection_may_hold_more_than_the_schema_shows(zoo):
    cubs = zoo.find("Lion").attributes["cubs"]
    assert cubs.definition["items"] == {"$ref": "Lion"}
    assert cubs.target == "Animal"
    assert cubs.join.where == (("kind", "lion"),)


def test_a_second_type_over_the_same_rows_is_no_subtype(zoo):
    warden = zoo.find("Warden")
    assert warden.table is zoo.find("Keeper").table
    assert warden.supertype is None and warden.concrete == ("Warden",)
    assert warden.attributes["level"].enum == ("1", "2")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("    name text", 1, "before the first type"),
        ("Animal is Beast", 1, "cannot read the header 'Animal is Beast'"),
        ("Animal\nAnimal", 2, "'Animal' is declared twice"),
        ("Animal\n    name text\n    name int", 3, "Animal has 'name' twice"),
        ("Animal\n    na-me text", 2, "'na-me' is no name of an attribute"),
        ("Animal\n    name", 2, "kind of attribute is missing"),
        ("Animal\n    name string", 2, "'string' is no kind of attribute"),
        ("Animal\n    friends [Animal} by id", 2, "'[Animal}' is no kind of attribute"),
        ("Animal\n    friend -> [Animal]", 2, "'[Animal]' is no type"),
        ("Animal\n    friends [Animal]", 2, "collection 'friends' needs `by` or `via`"),
        ("Animal\n    friends [Animal] via friendship", 2, "'friendship' is no link table"),
        ("Animal\n    name text unique", 2, "'unique' cannot stand here"),
        ("Animal\n    name text as", 2, "legacy name is missing"),
        ("Animal\n    name text key Animal", 2, "only `int` and `uid`"),
        ("Animal\n    @keys name", 2, "there is no option '@keys'"),
        ("Animal\n    @key name", 1, "the key 'name' of Animal is not declared"),
        ("Animal\n    + fur", 1, "uses the part 'fur', which does not exist"),
        ("Lion(Animal)", 1, "Lion cannot be built on 'Animal'"),
        ("Lion(Lion)", 1, "Lion cannot be built on 'Lion'"),
        ("A(B)\nB(A)", 2, "B cannot be built on 'A'"),
        ("Animal where kind=lion", 1, "is told apart by 'kind', which it lacks"),
        ("Animal as Beast[kind]\n    kind text", 1, "lacks a `where` for 'kind'"),
        ("Animal\n    friend -> Anmal", 2, "leads to 'Anmal', which is no type"),
        ("Animal\n    friends [Animal] by friend_id", 2, "needs animal.friend_id, which does not exist"),
        ("Animal\n    friend -> Animal by friend_id", 2, "needs animal.friend_id, which does not exist"),
        ("Animal\n    friend -> Animal where kind=lion", 2, "needs animal.kind, which does not exist"),
        ("Animal\n    age text\nLion(Animal)\n    age int", 4, "animal.age is another kind of column"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(text, line, problem):
    with pytest.raises(NotationError) as caught:
        read(text)
    assert caught.value.place == f"zoo.schema:{line}"
    assert problem in str(caught.value)
    assert isinstance(caught.value, SandboxError)
