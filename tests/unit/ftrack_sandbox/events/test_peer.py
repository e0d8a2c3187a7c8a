"""The queue of frames that wait for one client; the web sockets themselves are under contract."""

import asyncio
import threading

from ftrack_sandbox.events.peer import Outbox


def within(work):
    """Run *work* in an event loop of its own; nothing here may take long."""
    return asyncio.run(asyncio.wait_for(work, timeout=30))


def test_frames_are_taken_in_the_order_they_were_put():
    async def work():
        outbox = Outbox()
        for frame in ("a", "b", "c"):
            outbox.put(frame)
        return [await outbox.take() for _ in range(3)]

    assert within(work()) == ["a", "b", "c"]


def test_reader_is_woken_by_frames_of_other_threads():
    async def work():
        outbox = Outbox()

        def put(name):
            for number in range(500):
                outbox.put(f"{name}{number}")

        threads = [threading.Thread(target=put, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        taken = [await outbox.take() for _ in range(1000)]
        for thread in threads:
            thread.join()
        return taken

    taken = within(work())
    for name in "ab":
        assert [frame for frame in taken if frame[0] == name] == [f"{name}{number}" for number in range(500)]


def test_reader_too_slow_for_what_waits_loses_its_connection():
    async def work():
        outbox = Outbox(limit=10)
        outbox.put("12345")
        outbox.put("12345")
        await asyncio.sleep(0)
        full = outbox.ended.is_set()
        outbox.put("1")
        await outbox.ended.wait()
        return full

    assert within(work()) is False


def test_frame_over_the_limit_passes_when_nothing_waits():
    async def work():
        outbox = Outbox(limit=3)
        outbox.put("12345")
        assert await outbox.take() == "12345"
        outbox.put("67890")
        return await outbox.take()

    assert within(work()) == "67890"


def test_what_was_taken_counts_no_more():
    async def work():
        outbox = Outbox(limit=10)
        for _ in range(20):
            outbox.put("123456789")
            await outbox.take()
        await asyncio.sleep(0)
        return outbox.ended.is_set()

    assert within(work()) is False


def test_nothing_is_taken_after_the_end_and_putting_does_no_harm():
    async def work():
        outbox = Outbox()
        outbox.put("a")
        outbox.end()
        outbox.put("b")
        await outbox.ended.wait()
        taking = asyncio.ensure_future(outbox.take())
        done, _ = await asyncio.wait([taking], timeout=0.05)
        taking.cancel()
        return done, outbox

    done, outbox = within(work())
    assert not done
    # The loop is closed by now, as it is when a thread publishes while the server stops.
    outbox.put("c")
    outbox.end()
