"""Transactions, noted changes, the closure of contexts."""

import pathlib
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy

from ftrack_sandbox.schema import load_schema
from ftrack_sandbox.store import Store, Transaction


@pytest.fixture
def store(tmp_path: pathlib.Path) -> Iterator[Store]:
    store = Store(load_schema(), f"sqlite:///{tmp_path / 'data.db'}")
    yield store
    store.close()


def ancestors(transaction: Transaction, context_id: str) -> set[str]:
    closure = transaction.schema.metadata.tables["context_ancestor"]
    found = sqlalchemy.select(closure.c.ancestor_id).where(closure.c.descendant_id == context_id)
    return set(transaction.connection.execute(found).scalars())


def place(transaction: Transaction, name: str, key: str, parent_id: str | None) -> None:
    transaction.insert(transaction.schema.find(name), {"id": key, "name": key, "parent_id": parent_id})


def test_changes_tell_old_and_new_of_what_really_changed(store: Store) -> None:
    job = store.schema.find("Job")
    with store.write() as transaction:
        transaction.insert(job, {"id": "j", "status": "queued", "type": "api_job"})
        transaction.update(job, ("j",), {"status": "running", "type": "api_job"})
        transaction.update(job, ("j",), {"status": "running"})
        transaction.delete_rows([(job, transaction.fetch(job, ("j",)) or {})])
    assert [change.action for change in transaction.changes] == ["add", "update", "remove"]
    assert transaction.changes[1].old == {"status": "queued"}
    assert transaction.changes[1].new == {"status": "running"}
    assert transaction.changes[2].row["status"] == "running"
    assert transaction.changes[0].new == {"id": "j", "status": "queued", "type": "api_job"}


def test_an_exception_undoes_everything(store: Store) -> None:
    job = store.schema.find("Job")
    generation = store.generation
    with pytest.raises(RuntimeError), store.write() as transaction:
        transaction.insert(job, {"id": "j"})
        raise RuntimeError
    with store.read() as connection:
        assert connection.execute(sqlalchemy.select(job.table)).all() == []
    assert store.generation == generation


def test_updating_a_row_that_is_not_there_is_a_programming_error(store: Store) -> None:
    with store.write() as transaction, pytest.raises(KeyError):
        transaction.update(store.schema.find("Job"), ("j",), {"status": "done"})


def test_a_row_is_found_under_its_own_type_only(store: Store) -> None:
    with store.write() as transaction:
        place(transaction, "Project", "p", None)
        place(transaction, "Shot", "s", "p")
        assert transaction.fetch(store.schema.find("Task"), ("s",)) is None
        assert transaction.fetch(store.schema.find("TypedContext"), ("s",)) is not None
        assert transaction.exists(store.schema.find("Task"), ("s",))


def test_ancestors_are_kept_through_making_moving_and_deleting(store: Store) -> None:
    with store.write() as transaction:
        place(transaction, "Project", "p", None)
        place(transaction, "Sequence", "q", "p")
        place(transaction, "Shot", "s", "q")
        place(transaction, "Task", "t", "s")
        assert ancestors(transaction, "t") == {"s", "q"}
        place(transaction, "Folder", "f", "p")
        transaction.update(store.schema.find("Shot"), ("s",), {"parent_id": "f"})
        assert ancestors(transaction, "s") == {"f"}
        assert ancestors(transaction, "t") == {"s", "f"}
        task = store.schema.find("Task")
        transaction.delete_rows([(task, transaction.fetch(task, ("t",)) or {})])
        assert ancestors(transaction, "t") == set()


def test_a_child_made_before_its_parent_finds_its_ancestors(store: Store) -> None:
    with store.write() as transaction:
        place(transaction, "Project", "p", None)
        place(transaction, "Task", "t", "s")
        place(transaction, "Shot", "s", "p")
        assert ancestors(transaction, "t") == {"s"}


def test_readers_see_one_state_and_do_not_wait_for_a_writer(store: Store) -> None:
    job = store.schema.find("Job")
    count = sqlalchemy.select(sqlalchemy.func.count()).select_from(job.table)
    with store.read() as before:
        assert before.execute(count).scalar() == 0
        with store.write() as transaction:
            transaction.insert(job, {"id": "j"})
            with store.read() as meanwhile:
                assert meanwhile.execute(count).scalar() == 0
        assert before.execute(count).scalar() == 0
    with store.read() as after:
        assert after.execute(count).scalar() == 1


def test_many_readers_and_writers_at_once(store: Store) -> None:
    job = store.schema.find("Job")
    count = sqlalchemy.select(sqlalchemy.func.count()).select_from(job.table)
    failures: list[Exception] = []
    start = threading.Barrier(22)

    def run(work: Any) -> None:
        try:
            start.wait(20)
            for turn in range(10):
                work(turn)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
            failures.append(error)

    def read(turn: int) -> None:
        with store.read() as connection:
            connection.execute(count).scalar()

    def write(turn: int) -> None:
        with store.write() as transaction:
            transaction.connection.execute(count).scalar()
            transaction.insert(job, {"id": f"{threading.get_ident()}-{turn}"})

    threads = [threading.Thread(target=run, args=(work,)) for work in [read] * 20 + [write] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with store.read() as connection:
        assert connection.execute(count).scalar() == 20


def test_two_stores_may_write_the_same_file(tmp_path: pathlib.Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    stores = [Store(load_schema(), url) for _ in range(2)]
    failures: list[Exception] = []

    def run(number: int) -> None:
        store = stores[number]
        job = store.schema.find("Job")
        try:
            for turn in range(15):
                with store.write() as transaction:
                    transaction.fetch(job, ("none",))
                    transaction.insert(job, {"id": f"{number}-{turn}"})
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for store in stores:
        store.close()
    assert failures == []


def test_new_rows_take_the_place_of_all_others_in_one_transaction(store: Store) -> None:
    store.load([("state", [{"id": "old", "name": "x", "short": "X"}])])
    store.load([("scope", [{"id": "s", "name": "gone"}])])
    generation = store.generation
    state, scope = (store.schema.metadata.tables[name] for name in ("state", "scope"))
    told: list[str] = []

    def names(connection: sqlalchemy.Connection) -> list[str]:
        found = [*connection.execute(sqlalchemy.select(state.c.id)).scalars()]
        return [*found, *connection.execute(sqlalchemy.select(scope.c.id)).scalars()]

    def rows(own: sqlalchemy.Connection) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        told.append(f"{names(own)}")
        return new()

    def new() -> Iterator[tuple[str, list[dict[str, Any]]]]:
        yield "state", [{"id": "new", "name": "x", "short": "X"}]
        with store.read() as connection:
            told.append(f"{names(connection)}")

    store.replace(rows, lambda: told.append("then"))
    with store.read() as connection:
        assert names(connection) == ["new"]
    # While the new rows come, everybody else sees the old ones.
    assert told == ["['old', 's']", "['old', 's']", "then"]
    assert store.generation > generation


def test_rows_that_cannot_be_replaced_stay(store: Store) -> None:
    store.load([("state", [{"id": "old", "name": "x", "short": "X"}])])

    def rows(connection: sqlalchemy.Connection) -> list[tuple[str, list[dict[str, Any]]]]:
        return [("state", [{"id": "new", "name": "x", "short": "X"}]), ("nonsense", [{}])]

    with pytest.raises(KeyError):
        store.replace(rows, lambda: pytest.fail("nothing was replaced"))
    assert not store.is_empty
    with store.read() as connection:
        state = store.schema.metadata.tables["state"]
        assert connection.execute(sqlalchemy.select(state.c.id)).scalars().all() == ["old"]


def test_a_temporary_database_is_removed_at_the_end() -> None:
    store = Store(load_schema())
    path = pathlib.Path(str(store.engine.url.database))
    assert path.exists()
    store.close()
    assert not path.parent.exists()


def test_what_is_told_after_a_commit_comes_in_the_order_of_the_commits(tmp_path):
    schema = load_schema()
    store = Store(schema, f"sqlite:///{tmp_path / 'order.db'}")
    told = []

    def write(number):
        with store.write() as transaction:
            order.append(number)
            transaction.after_commit.append(lambda: told.append(number))

    order: list[int] = []
    threads = [threading.Thread(target=write, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert sorted(order) == list(range(30))
    assert told == order


def test_nothing_is_told_of_a_transaction_that_is_rolled_back(tmp_path):
    store = Store(load_schema(), f"sqlite:///{tmp_path / 'rolled.db'}")
    told = []
    with pytest.raises(RuntimeError), store.write() as transaction:
        transaction.after_commit.append(lambda: told.append(1))
        raise RuntimeError
    store.close()
    assert told == []
