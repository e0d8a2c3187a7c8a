"""`Faults`: what was asked for, who has met it, and who meets it next."""

import dataclasses
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ftrack_sandbox.faults.fault import Fault

_QUERIED = re.compile(r"(?:select\b.*?\bfrom\s+|\s*)(\w+)", re.IGNORECASE | re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Occasion:
    """Something that may meet a fault: see `Kind.place`.

    *operations* are pairs of operation and entity type, *user* whose call or whose socket it is,
    *socket* an id: no socket meets a fault twice by being there.
    """

    place: str
    user: str | None = None
    topic: str | None = None
    operations: Sequence[tuple[Any, str | None]] = ()
    socket: str | None = None
    #: Whether it is one of `PATHS`, which faults must name to be met there.
    is_path: bool = False

    @classmethod
    def call(cls, user: str | None, body: Any) -> "Occasion":
        """Return that of a call of `/api`; *body* is the decoded one, whatever it is."""
        operations = body if isinstance(body, list) else []
        pairs = [(each.get("action"), _entity_type(each)) for each in operations if isinstance(each, Mapping)]
        return cls("call", user, operations=pairs)

    @classmethod
    def path(cls, user: str | None, name: str) -> "Occasion":
        """Return that of a request for one of `PATHS`."""
        return cls("call", user, operations=[(name, None)], is_path=True)

    @classmethod
    def delivery(cls, user: str, topic: str) -> "Occasion":
        """Return that of an event on its way to a socket of *user*."""
        return cls("delivery", user, topic)

    def fits(self, fault: Fault) -> bool:
        """Tell whether this is one of those that *fault* is for."""
        if fault.place != self.place or fault.user not in (None, self.user):
            return False
        if self.place == "call":
            return (fault.operation is not None or not self.is_path) and any(
                fault.operation in (None, operation) and fault.entity_type in (None, entity_type)
                for operation, entity_type in self.operations
            )
        if fault.topic is None:
            return True
        topic = self.topic or ""
        return topic.startswith(fault.topic[:-1]) if fault.topic.endswith("*") else topic == fault.topic


class AskedFault:
    """A fault that was asked for, and how it fares. Changed under the lock of `Faults` only."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        #: How many occasions fitted, those that were skipped included.
        self.seen = 0
        #: How many of them met the fault.
        self.met = 0
        self._random = random.Random(fault.seed)
        self._ended = False
        self._sockets: set[str] = set()

    @property
    def pending(self) -> bool:
        """Whether it may still be met."""
        return not self._ended and (self.fault.is_for_all_open or self.met < self.fault.times)

    @property
    def as_json(self) -> dict[str, Any]:
        """The fault's description with `seen`, `met` and `pending`."""
        return {**self.fault.as_json, "seen": self.seen, "met": self.met, "pending": self.pending}

    def end(self) -> None:
        """Let nobody meet it any more."""
        self._ended = True

    def chooses(self, occasion: Occasion) -> bool:
        """Take note of an occasion that may fit; return whether it is to meet the fault."""
        if not self.pending or occasion.socket in self._sockets or not occasion.fits(self.fault):
            return False
        if occasion.socket is not None:
            self._sockets.add(occasion.socket)
        self.seen += 1
        # One number for each that fits, whatever becomes of it: so runs are alike.
        return self.seen > self.fault.skip and self._random.random() < self.fault.probability


class Faults:
    """The faults asked for, oldest first. Thread-safe.

    >>> faults = Faults()
    >>> dropped = faults.add(Fault("drop", operation="create"))
    >>> dropped.met
    0
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: tuple[AskedFault, ...] = ()
        self._over = threading.Event()
        self._listeners: tuple[Callable[[bool], None], ...] = ()
        #: Whether any fault may be met: asked on every call and event, so it costs nothing.
        self.waiting = False

    def add(self, fault: Fault) -> AskedFault:
        """Ask for one more fault; return what tells how often it was met."""
        asked = AskedFault(fault)
        with self._lock:
            self._asked = (*self._asked, asked)
            self._note()
        self._strike([asked])
        return asked

    def replace(self, faults: Sequence[Fault]) -> None:
        """End all faults and ask for these."""
        self.clear()
        for each in faults:
            self.add(each)

    def clear(self) -> None:
        """End all faults, and at once what they do: nothing waits, and dead sockets are dropped."""
        with self._lock:
            for each in self._asked:
                each.end()
            self._asked = ()
            self._over.set()
            self._over = threading.Event()
            self._note()
        for listener in self._listeners:
            listener(False)

    def __iter__(self) -> Iterator[AskedFault]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def over(self) -> threading.Event:
        """Set when the faults asked for now have been ended; take it before you act on one."""
        return self._over

    def meet(self, occasion: Occasion) -> list[Fault]:
        """Return the faults met on this occasion, the first of each slot. The occasion is counted."""
        if not self.waiting:
            return []
        met: dict[str, Fault] = {}
        with self._lock:
            for asked in self._asked:
                # Each is asked, for each counts; one that comes too late stays pending.
                if asked.chooses(occasion) and asked.fault.slot not in met:
                    asked.met += 1
                    met[asked.fault.slot] = asked.fault
            self._note()
        return list(met.values())

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Call *act* in a thread after *seconds*, or as soon as the faults are ended."""
        over = self._over

        def wait() -> None:
            over.wait(seconds)
            act()

        threading.Thread(target=wait, name="ftrack-sandbox-late", daemon=True).start()

    def listen(self, listener: Callable[[bool], None]) -> None:
        """Call *listener* with True after a fault was added, with False when all were ended."""
        self._listeners = (*self._listeners, listener)

    def unlisten(self, listener: Callable[[bool], None]) -> None:
        """Call *listener* no more."""
        self._listeners = tuple(each for each in self._listeners if each != listener)

    def _strike(self, added: Sequence[AskedFault]) -> None:
        """Let open sockets meet what was added."""
        for listener in self._listeners:
            listener(True)
        with self._lock:
            for each in added:
                if each.fault.is_for_all_open:
                    each.end()
            self._note()

    def _note(self) -> None:
        self.waiting = any(each.pending for each in self._asked)


def _entity_type(operation: Mapping[str, Any]) -> str | None:
    if operation.get("action") == "query":
        found = _QUERIED.match(str(operation.get("expression") or ""))
        return found.group(1) if found else None
    named = operation.get("entity_type")
    return named if isinstance(named, str) else None
