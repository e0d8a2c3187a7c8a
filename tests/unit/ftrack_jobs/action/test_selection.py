import contextlib

import pytest

from ftrack_jobs.action import SelectionTypes, types_fit
from ftrack_jobs.launch import EntityRef

TASK, OTHER = EntityRef("TypedContext", "1"), EntityRef("TypedContext", "2")
SHOW, VERSION = EntityRef("Project", "3"), EntityRef("AssetVersion", "4")


def never():
    raise AssertionError("the server need not be asked")


@pytest.mark.parametrize(
    ("selection", "allowed", "fits"),
    [
        ([], (), True),
        ([TASK], (), True),
        ([], ("Shot",), False),
        ([SHOW], ("Project",), True),
        ([SHOW], ("Context",), True),
        ([SHOW], ("Shot",), False),
        ([SHOW, TASK], ("Project",), False),
        ([TASK], ("Project", "AssetVersion"), False),
        ([TASK], ("TypedContext",), True),
        ([TASK, SHOW], ("Context",), True),
        ([VERSION, TASK], ("Shot", "Task"), False),
        ([VERSION], ("AssetVersion", "Shot"), True),
        ([EntityRef("FileComponent", "5")], ("Component",), True),
        ([EntityRef("User", "5")], ("Resource",), True),
        ([EntityRef("List", "5")], ("FileComponent",), False),
        ([EntityRef("socialfeed", "5")], ("TypedContext",), False),
        ([EntityRef("socialfeed", "5")], ("Shot",), False),
    ],
)
def test_the_types_in_the_event_suffice_where_they_can(selection, allowed, fits):
    assert types_fit(selection, allowed, never, unseen=False) is fits


@pytest.mark.parametrize(
    ("selection", "allowed", "concrete", "fits"),
    [
        ([TASK], ("Shot",), [EntityRef("Shot", "1")], True),
        ([TASK], ("Shot",), [EntityRef("Task", "1")], False),
        ([TASK, OTHER], ("Shot", "Task"), [EntityRef("Shot", "1"), EntityRef("Task", "2")], True),
        ([TASK, OTHER], ("Shot",), [EntityRef("Shot", "1"), EntityRef("Task", "2")], False),
        ([TASK], ("Creature",), [EntityRef("Creature", "1")], True),
        ([EntityRef("Context", "3")], ("Project",), [SHOW], True),
        ([SHOW, TASK], ("Project", "Shot"), [SHOW, EntityRef("Shot", "1")], True),
    ],
)
def test_else_the_rows_decide(selection, allowed, concrete, fits):
    assert types_fit(selection, allowed, lambda: concrete, unseen=False) is fits


@pytest.mark.parametrize("unseen", [True, False])
def test_what_the_server_does_not_show_is_answered_as_asked(unseen):
    assert types_fit([TASK], ("Shot",), lambda: [TASK], unseen=unseen) is unseen


def test_a_type_of_the_sites_own_making_is_a_typed_context():
    own = EntityRef("Creature", "1")
    assert types_fit([own], ("TypedContext",), never, unseen=False)
    assert not types_fit([own], ("Shot",), never, unseen=False)


def vague(session, entity_type, count):
    rows = session.query(f"select id from {entity_type} limit {count}").all()
    return [EntityRef("TypedContext", row["id"]) for row in rows]


def test_a_selection_costs_one_request_and_none_the_second_time(ftrack_sandbox, ftrack_session, client):
    selection = [*vague(ftrack_session, "Shot", 600), *vague(ftrack_session, "Task", 3)]
    types = SelectionTypes()
    lend = lambda: contextlib.nullcontext(client)  # noqa: E731
    before = ftrack_sandbox.requests.count
    found = types.concrete(selection, "event-1", lend)
    assert ftrack_sandbox.requests.count == before + 1
    assert {each.type for each in found} == {"Shot", "Task"}
    assert [each.id for each in found] == [each.id for each in selection]
    assert types.concrete(selection, "event-2", lend) == found
    assert ftrack_sandbox.requests.count == before + 1


def test_what_is_not_there_is_asked_once_an_event(ftrack_sandbox, client):
    selection = [EntityRef("TypedContext", 'no "id" at all')]
    types = SelectionTypes()
    lend = lambda: contextlib.nullcontext(client)  # noqa: E731
    before = ftrack_sandbox.requests.count
    for event_id in ("event-1", "event-1", "event-2"):
        assert types.concrete(selection, event_id, lend) == tuple(selection)
    assert ftrack_sandbox.requests.count == before + 2


def test_no_more_types_are_remembered_than_asked_for(ftrack_sandbox, ftrack_session, client):
    selection = vague(ftrack_session, "Shot", 5)
    types = SelectionTypes(size=2)
    lend = lambda: contextlib.nullcontext(client)  # noqa: E731
    assert {each.type for each in types.concrete(selection, "event-1", lend)} == {"Shot"}
    before = ftrack_sandbox.requests.count
    types.concrete(selection[3:], "event-2", lend)
    assert ftrack_sandbox.requests.count == before
    types.concrete(selection[:1], "event-3", lend)
    assert ftrack_sandbox.requests.count == before + 1


def test_what_is_concrete_already_asks_nobody():
    assert SelectionTypes().concrete([SHOW, VERSION], "event", never) == (SHOW, VERSION)
