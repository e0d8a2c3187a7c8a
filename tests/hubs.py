"""What tests that break connections must know of the Python client's event hub."""

import contextlib
import logging
import queue
import sys
import types


class SpokenLogging(types.ModuleType):
    """`logging` as `ftrack_api.event.hub` sees it during the tests: a hub that reconnects silences nobody.

    In one process many tests share one `logging`, and the client switches all of it off for as long as one
    hub reconnects (protocol reference 5.7). `silencers` keeps the ids of the hubs that would have done it.
    """

    def __init__(self):
        super().__init__("logging")
        self.silencers = []

    def __getattr__(self, name):
        return getattr(logging, name)

    def disable(self, level=logging.CRITICAL):
        if level != logging.NOTSET:
            self.silencers.append(sys._getframe(1).f_locals["self"].id)


class _ShutQueue(queue.Queue):
    def put(self, *arguments, **more):
        pass


def end_hub(hub):
    """End *hub*, and threads of it that reconnect: left alone, they may do so for ever (reference 5.7)."""
    hub._intentional_disconnect = True
    # `connect` spins over the events that wait, since publishing puts each back while there is no connection.
    hub._event_send_queue = _ShutQueue()
    with contextlib.suppress(Exception):
        hub.disconnect(unsubscribe=False)
    connection, hub._connection = hub._connection, None
    if connection is not None:
        with contextlib.suppress(Exception):
            connection.shutdown()
