"""Which occasions meet which faults; what faults do is the matter of the contract tests."""

import asyncio
import random
import threading

import pytest

from ftrack_sandbox.errors import ValidationError
from ftrack_sandbox.events.hub import Hub, HubUser
from ftrack_sandbox.faults import CUT, KINDS, Fault, Faults, Occasion, play


@pytest.fixture
def faults():
    return Faults()


def query(expression, user="kim"):
    return Occasion.call(user, [{"action": "query", "expression": expression}])


def kinds(met):
    return [fault.kind for fault in met]


@pytest.mark.parametrize(
    ("expression", "entity_type"),
    [
        ("select name, id from Task where name is x", "Task"),
        ("SELECT name\nFROM\tTask", "Task"),
        ("Task where name is x", "Task"),
        ("  Task", "Task"),
        ("select name from Status", "Status"),
        ("", None),
        (None, None),
        (7, "7"),
    ],
)
def test_the_type_of_a_query_is_the_one_it_asks_for(expression, entity_type):
    assert query(expression).operations == [("query", entity_type)]


@pytest.mark.parametrize("body", [None, 7, "query", {}, [], [7, None], [{"action": []}], [{"action": {}}]])
def test_bodies_of_any_form_meet_no_fault_of_an_operation(faults, body):
    faults.add(Fault("page", operation="query"))
    assert faults.meet(Occasion.call("kim", body)) == []


def test_all_that_is_named_must_fit(faults):
    faults.add(Fault("page", operation="query", entity_type="Task", user="kim", count=9))
    assert faults.meet(query("Task", "lee")) == []
    assert faults.meet(query("Status")) == []
    assert faults.meet(Occasion.call("kim", [{"action": "create", "entity_type": "Task"}])) == []
    assert kinds(faults.meet(query("Task"))) == ["page"]


def test_operation_and_type_must_be_those_of_one_operation(faults):
    faults.add(Fault("page", operation="create", entity_type="Task"))
    apart = [{"action": "create", "entity_type": "Job"}, {"action": "delete", "entity_type": "Task"}]
    assert faults.meet(Occasion.call("kim", apart)) == []


def test_paths_meet_only_faults_that_name_them_and_calls_do_not(faults):
    faults.add(Fault("page", count=9))
    assert faults.meet(Occasion.path(None, "upload")) == []
    faults.add(Fault("drop", operation="upload"))
    assert kinds(faults.meet(Occasion.path(None, "upload"))) == ["drop"]
    assert kinds(faults.meet(query("Task"))) == ["page"]


def test_each_place_meets_its_own_kinds(faults):
    faults.add(Fault("drop"))
    faults.add(Fault("full_disk"))
    faults.add(Fault("half_open", count=1))
    faults.add(Fault("duplicate"))
    assert kinds(faults.meet(Occasion("socket", "kim", socket="1"))) == ["half_open"]
    assert kinds(faults.meet(Occasion.delivery("kim", "a"))) == ["duplicate"]
    assert kinds(faults.meet(Occasion("disk"))) == ["full_disk"]
    assert kinds(faults.meet(query("Task"))) == ["drop"]
    assert not faults.waiting


@pytest.mark.parametrize(
    ("wanted", "topic", "fits"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "b.a.b", False),
        ("*", "whatever", True),
    ],
)
def test_a_topic_fits_whole_or_up_to_its_star(faults, wanted, topic, fits):
    faults.add(Fault("late", topic=wanted))
    assert bool(faults.meet(Occasion.delivery("kim", topic))) is fits


def test_those_skipped_and_those_that_met_it_are_counted(faults):
    asked = faults.add(Fault("page", skip=2, count=2))
    assert [bool(faults.meet(query("Task"))) for _ in range(6)] == [False, False, True, True, False, False]
    assert (asked.seen, asked.met, asked.pending) == (4, 2, False)


def test_chance_is_the_seeds_and_each_fault_has_its_own(faults):
    alone = faults.add(Fault("page", probability=0.3, seed=5, count=1000, user="kim"))
    faults.add(Fault("drop", probability=0.9, seed=6, count=1000, user="lee"))
    numbers = random.Random(5)
    wanted = [numbers.random() < 0.3 for _ in range(50)]
    found = []
    for _ in range(50):
        faults.meet(query("Task", "lee"))
        found.append(bool(faults.meet(query("Task"))))
    assert found == wanted
    assert alone.met == sum(wanted)


def test_a_fault_that_another_forestalls_draws_its_number_and_is_not_met(faults):
    faults.add(Fault("drop", count=3))
    second = faults.add(Fault("page", probability=0.5, seed=5, count=1000))
    numbers = random.Random(5)
    drawn = [numbers.random() < 0.5 for _ in range(20)]
    found = [kinds(faults.meet(query("Task"))) for _ in range(20)]
    assert found[:3] == [["drop"]] * 3
    assert found[3:] == [["page"] if each else [] for each in drawn[3:]]
    assert second.met == sum(drawn[3:])


def test_faults_of_several_slots_are_met_together(faults):
    for kind in ("duplicate", "late", "duplicate"):
        faults.add(Fault(kind))
    assert kinds(faults.meet(Occasion.delivery("kim", "a"))) == ["duplicate", "late"]
    assert kinds(faults.meet(Occasion.delivery("kim", "a"))) == ["duplicate"]


def test_no_call_is_lost_when_many_meet_one_fault_at_once(faults):
    asked = faults.add(Fault("page", count=500))
    met = []

    def run():
        for _ in range(200):
            met.extend(faults.meet(query("Task")))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(met) == asked.met == asked.seen == 500


def test_the_end_of_faults_is_told_to_what_waits(faults):
    faults.add(Fault("delay"))
    over, done = faults.over, threading.Event()
    faults.later(3600, done.set)
    assert not over.is_set() and not done.is_set()
    faults.clear()
    assert over.is_set() and done.wait(30)
    assert not faults.over.is_set()
    assert (len(faults), faults.waiting, faults.meet(query("Task"))) == (0, False, [])


def test_silence_lasts_no_longer_than_its_client():
    dropped = []

    async def receive():
        return {"type": "http.disconnect"}

    async def answer(scope, receive, send):
        raise AssertionError("nothing is done")

    scope = {"type": "http", "extensions": {CUT: lambda: dropped.append(True)}}
    played = play([Fault("timeout", seconds=3600)], threading.Event(), answer, scope, receive, answer)
    asyncio.run(asyncio.wait_for(played, 30))
    assert dropped == [True]


class Socket:
    """A connection of a hub that notes what it suffers."""

    def __init__(self, hub, user):
        self.suffered, self.frames = [], []
        self.connection = hub.connect(
            HubUser(f"id of {user}", user), self.frames.append, lambda: None, self.suffered.append
        )


def test_a_fault_of_sockets_is_met_by_those_open_now_and_by_no_later_one(faults):
    hub = Hub(faults)
    kim, lee = Socket(hub, "kim"), Socket(hub, "lee")
    asked = faults.add(Fault("half_open", user="kim"))
    later = Socket(hub, "kim")
    assert (kim.suffered, lee.suffered, later.suffered) == (["half_open"], [], [])
    assert (asked.met, asked.pending) == (1, False)
    faults.clear()
    assert kim.suffered == ["half_open", None]


def test_with_a_count_later_sockets_meet_it_too_but_none_twice(faults):
    hub = Hub(faults)
    first = Socket(hub, "kim")
    asked = faults.add(Fault("no_heartbeat", count=2))
    faults.add(Fault("page"))
    second, third = Socket(hub, "kim"), Socket(hub, "kim")
    assert (first.suffered, second.suffered, third.suffered) == (["no_heartbeat"], ["no_heartbeat"], [])
    assert (asked.seen, asked.met) == (2, 2)


def test_a_socket_that_goes_silent_still_gets_the_event_and_a_dropped_one_need_not(faults):
    hub = Hub(faults)
    kim = Socket(hub, "kim")
    kim.connection.subscribe({"id": "s"}, "topic=a")
    faults.add(Fault("no_heartbeat", topic="a"))
    hub.publish({"topic": "a"})
    assert (kim.suffered, len(kim.frames)) == (["no_heartbeat"], 1)


def test_a_closed_hub_hears_of_faults_no_more(faults):
    hub = Hub(faults)
    kim = Socket(hub, "kim")
    hub.close()
    faults.add(Fault("drop_socket"))
    faults.clear()
    assert kim.suffered == []


@pytest.mark.parametrize(
    "wire", [{"kind": "odd"}, {"unknown": 1}, {"skip": "1"}, {"skip": True}, {"count": 0}, [], "error", None]
)
def test_a_fault_that_is_written_wrongly_is_refused(wire):
    with pytest.raises(ValidationError):
        Fault.read(wire)


def test_a_fault_made_in_python_is_held_to_the_same_rules():
    with pytest.raises(ValidationError, match="seconds has no meaning for the kind page"):
        Fault("page", seconds=1)
    with pytest.raises(ValidationError, match="kind must be one of"):
        Fault("pages")


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_fault_tells_of_itself_makes_the_same_fault(kind):
    fault = Fault(kind, skip=3, count=2, probability=0.25, seed=9)
    assert Fault.read(fault.as_json) == fault
    assert set(fault.as_json) <= KINDS[kind].fields
