"""Many real clients of one server at the same time: no error, nothing lost, nothing seen by halves."""

import concurrent.futures
import contextlib
import threading
import uuid

import ftrack_api
import pytest

from ftrack_sandbox.sandbox import Sandbox
from ftrack_sandbox.seed.people import project_id

CLIENTS = 20
ROUNDS = 5
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(seed="demo") as running:
        yield running


@pytest.fixture(scope="module")
def sessions(sandbox, tmp_path_factory):
    """One session a client, each with its own cache of entities."""
    cache = str(tmp_path_factory.mktemp("schema"))
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(open_session(sandbox, cache))) for _ in range(CLIENTS)]


def open_session(sandbox, cache):
    return ftrack_api.Session(
        server_url=sandbox.url,
        api_user=sandbox.api_user,
        api_key=sandbox.api_key,
        plugin_paths=[],
        auto_connect_event_hub=False,
        schema_cache_path=cache,
    )


def at_once(sessions, work):
    """Let every client do *work*, all beginning together; return the results in the clients' order."""
    barrier = threading.Barrier(len(sessions), timeout=TIMEOUT_S)

    def run(number, session):
        barrier.wait()
        return work(number, session)

    with concurrent.futures.ThreadPoolExecutor(len(sessions)) as pool:
        running = [pool.submit(run, number, session) for number, session in enumerate(sessions)]
        return [each.result(TIMEOUT_S) for each in running]


def make_task(session, name):
    task = session.create(
        "Task",
        {
            "name": name,
            "parent": session.get("Project", project_id("stem2")),
            "project_id": project_id("stem2"),
        },
    )
    session.commit()
    return task["id"]


def fresh(session, entity_type, entity_id):
    session.reset()
    return session.get(entity_type, entity_id)


def test_twenty_clients_read_and_write_at_once(sandbox, sessions):
    shared, mark = make_task(sessions[0], "shared by all"), uuid.uuid4().hex
    errors = [each for each in sandbox.requests if each.exception]

    def work(number, session):
        seen = []
        for step in range(ROUNDS):
            task_id = make_task(session, f"{mark} {number:02} {step}")
            task = session.get("Task", task_id)
            session.create("Timelog", {"context_id": shared, "duration": 60 + number, "user": user(session)})
            task["description"] = f"step {step}"
            session.commit()
            found = session.query(
                f'select name, description, status.name, assignments from Task where name like "{mark}%"'
            ).all()
            seen.append(sum(each["name"].startswith(f"{mark} {number:02}") for each in found))
            session.delete(session.create("Note", {"content": "gone at once", "author": user(session)}))
            session.commit()
        return seen

    # Each client sees what it has written itself, at once.
    assert at_once(sessions, work) == [list(range(1, ROUNDS + 1))] * CLIENTS
    session = sessions[0]
    session.reset()
    tasks = session.query(f'select name, description from Task where name like "{mark}%"').all()
    assert sorted((each["name"], each["description"]) for each in tasks) == [
        (f"{mark} {number:02} {step}", f"step {step}") for number in range(CLIENTS) for step in range(ROUNDS)
    ]
    expected = ROUNDS * sum(60 + number for number in range(CLIENTS))
    assert (
        sum(each["duration"] for each in session.query(f"Timelog where context_id is {shared}")) == expected
    )
    assert fresh(session, "Task", shared)["time_logged"] == expected
    assert [each for each in sandbox.requests if each.exception] == errors


def user(session):
    return session.query(f'User where username is "{session.api_user}"').one()


def test_two_that_change_different_attributes_of_one_row_both_win(sessions):
    task_id = make_task(sessions[0], "edited by two")
    one, other = sessions[1], sessions[2]
    for step in range(1, 11):
        # Both read before either writes.
        tasks = [fresh(one, "Task", task_id), fresh(other, "Task", task_id)]
        tasks[0]["description"], tasks[1]["bid"] = f"step {step}", 3600.0 * step
        at_once([one, other], lambda number, session: session.commit())
        found = fresh(sessions[0], "Task", task_id)
        assert (found["description"], found["bid"]) == (f"step {step}", 3600.0 * step)


def test_of_twenty_that_change_one_attribute_one_wins_and_its_value_is_whole(sessions):
    task_id = make_task(sessions[0], "edited by all")

    def work(number, session):
        fresh(session, "Task", task_id)["description"] = f"{number:02}" * 5000
        session.commit()

    at_once(sessions, work)
    found = fresh(sessions[0], "Task", task_id)["description"]
    assert found in {f"{number:02}" * 5000 for number in range(CLIENTS)}


def test_versions_published_at_once_are_numbered_without_gap_and_double(sessions):
    first = sessions[0]
    task_id = make_task(first, "published by all")
    asset_id = first.create(
        "Asset",
        {"name": "raced for", "parent_id": project_id("stem2"), "type": first.query("AssetType").first()},
    )["id"]
    first.commit()

    def work(number, session):
        made = [session.create("AssetVersion", {"asset_id": asset_id, "task_id": task_id}) for _ in range(2)]
        session.commit()
        return [each["version"] for each in made]

    numbers = at_once(sessions, work)
    assert sorted(each for both in numbers for each in both) == list(range(1, 2 * CLIENTS + 1))
    # The two of one batch follow each other.
    assert all(second == first + 1 for first, second in numbers)
    first.reset()
    latest = first.query(f"AssetVersion where asset_id is {asset_id} and is_latest_version is true").all()
    assert [each["version"] for each in latest] == [2 * CLIENTS]


def test_of_twenty_that_create_one_row_exactly_one_succeeds(sessions):
    task_id = str(uuid.uuid4())

    def work(number, session):
        try:
            session.call(
                [
                    {
                        "action": "create",
                        "entity_type": "Job",
                        "entity_key": [task_id],
                        "entity_data": {
                            "__entity_type__": "Job",
                            "id": task_id,
                            "type": "api_job",
                            "status": "queued",
                            "user_id": user(session)["id"],
                            "data": str(number),
                        },
                    }
                ]
            )
        except ftrack_api.exception.ServerError:
            return None
        return number

    [winner] = [each for each in at_once(sessions, work) if each is not None]
    assert fresh(sessions[0], "Job", task_id)["data"] == str(winner)


def test_nobody_sees_half_a_batch(sessions):
    pair = [make_task(sessions[0], f"one of two {number}") for number in range(2)]
    where = f"Task where id in ({', '.join(pair)})"
    stop = threading.Event()

    def write(session):
        try:
            for step in range(10):
                for task, sign in zip(session.query(f"select bid from {where}").all(), (1, -1), strict=True):
                    task["bid"] = sign * 100.0 * (step + 1)
                session.commit()
                session.reset()
        finally:
            stop.set()
        return []

    def read(session):
        sums = []
        while not stop.is_set() or not sums:
            session.reset()
            sums.append(sum(task["bid"] or 0 for task in session.query(f"select bid from {where}").all()))
        return sums

    seen = at_once(sessions[:8], lambda number, session: read(session) if number else write(session))
    assert {each for sums in seen for each in sums} == {0}
