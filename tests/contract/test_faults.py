"""Faults on request, as a real client meets them."""

import ftrack_api.exception
import pytest

from ftrack_sandbox.errors import ValidationError
from ftrack_sandbox.faults import Fault


@pytest.fixture
def faults(ftrack_sandbox):
    yield ftrack_sandbox.faults
    ftrack_sandbox.faults.clear()


def test_an_error_comes_after_the_calls_to_be_let_through_and_then_no_more(ftrack_session, faults):
    faults.add(Fault(operation="query", entity_type="Status", skip=1, content="Database is away"))
    for _ in range(2):
        ftrack_session.query("Task").first()
    assert ftrack_session.query("Status").first()
    with pytest.raises(ftrack_api.exception.ServerError) as caught:
        ftrack_session.query("select id, name from Status order by id").first()
    assert "Database is away" in caught.value.message
    assert ftrack_session.query("Status order by name").first()


def test_a_page_leaves_nothing_done_and_a_lost_reply_leaves_all_done(ftrack_session, faults):
    def create(name):
        operation = {"action": "create", "entity_type": "Scope", "entity_data": {"name": name}}
        with pytest.raises(ValueError):
            ftrack_session.call([operation])

    faults.add(Fault(kind="page", operation="create"))
    create("never made")
    faults.add(Fault(kind="lost", operation="create"))
    create("made in silence")
    assert ftrack_session.query('Scope where name is "never made"').first() is None
    made = ftrack_session.query('Scope where name is "made in silence"').one()
    ftrack_session.delete(made)
    ftrack_session.commit()


@pytest.mark.parametrize(
    "wire", [{"kind": "odd"}, {"unknown": 1}, {"skip": "1"}, {"skip": True}, [], "error"]
)
def test_a_fault_that_is_written_wrongly_is_refused(wire):
    with pytest.raises(ValidationError):
        Fault.read(wire)
