"""One fault: its kind, its fields, and what is wrong with a description of one.

Source: protocol reference 1.4, 12.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.errors import ValidationError

_ALWAYS = frozenset({"kind", "skip", "count", "probability", "seed"})
_CALL = _ALWAYS | {"operation", "entity_type", "user"}
_HUB = _ALWAYS | {"user", "topic"}


@dataclasses.dataclass(frozen=True)
class Kind:
    """What is common to all faults of one kind.

    *place* is where one is met: `call` (of `/api`, and of the other paths), `socket` (of the hub),
    `delivery` (of one event to one socket) or `disk`. What meets several faults suffers the first
    one of each *slot*. *fields* are those that mean something, *seconds* that field's default.
    """

    does: str
    place: str
    slot: str
    fields: frozenset[str]
    seconds: float = 0.0


#: All kinds by name.
KINDS: Mapping[str, Kind] = {
    "delay": Kind("The call waits `seconds`, then goes on.", "call", "delay", _CALL | {"seconds"}, 1.0),
    "error": Kind(
        "Nothing is done; the reply is an error envelope.",
        "call",
        "reply",
        _CALL | {"exception", "content", "status"},
    ),
    "page": Kind(
        "Nothing is done; the reply is an HTML page with `status`.",
        "call",
        "reply",
        _CALL | {"content", "status"},
    ),
    "lost": Kind(
        "All is done; the reply is an HTML page with `status`.",
        "call",
        "reply",
        _CALL | {"content", "status"},
    ),
    "drop": Kind("Nothing is done; the connection is dropped without a reply.", "call", "reply", _CALL),
    "drop_after": Kind(
        "All is done; after `seconds` the connection is dropped without a reply.",
        "call",
        "reply",
        _CALL | {"seconds"},
    ),
    "timeout": Kind(
        "Nothing is done; `seconds` of silence, then the connection is dropped.",
        "call",
        "reply",
        _CALL | {"seconds"},
        60.0,
    ),
    "slow": Kind(
        "All is done; the reply's body trickles in over `seconds`.", "call", "reply", _CALL | {"seconds"}, 5.0
    ),
    "full_disk": Kind(
        "The disk is full while an upload is written: 507, and nothing is kept.", "disk", "disk", _ALWAYS
    ),
    "drop_socket": Kind("The web socket's connection is dropped.", "socket", "line", _HUB),
    "half_open": Kind(
        "The web socket stays open, but nothing is sent and nothing taken in any more.",
        "socket",
        "line",
        _HUB,
    ),
    "no_heartbeat": Kind(
        "The web socket works, but the server sends no heartbeats.", "socket", "heartbeat", _HUB
    ),
    "duplicate": Kind("The event is delivered twice.", "delivery", "copies", _HUB),
    "late": Kind(
        "The event is delivered `seconds` late; others overtake it.",
        "delivery",
        "late",
        _HUB | {"seconds"},
        1.0,
    ),
}

#: Paths beside `/api` where faults are met that name them as their operation.
PATHS: Mapping[str, str] = {
    "/upload": "upload",
    "/upload/part": "upload",
    "/file": "download",
    "/component/get": "download",
    "/component/remove": "remove",
    "/component/thumbnail": "thumbnail",
    "/thumbnail": "thumbnail",
    "/socket.io/1/": "handshake",
}

#: Field -> least and most of its value.
_NUMBERS: Mapping[str, tuple[int, int]] = {
    "skip": (0, 1_000_000_000),
    "count": (1, 1_000_000_000),
    "probability": (0, 1),
    "seed": (0, 1_000_000_000),
    "seconds": (0, 3600),
    "status": (400, 599),
}

#: Those of them that need not be whole.
_FRACTIONS = {"probability", "seconds"}

#: Fields that may be left open.
_OPTIONAL = {"operation", "entity_type", "user", "topic", "count", "seconds", "status"}


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault, and who meets it. Raises ValidationError naming a field that is wrong.

    *operation*, *entity_type*, *user* and *topic* None fit every one; the type of a query is the
    one it asks for, a topic may end with `*`. An *operation* may also be one of `PATHS`: such a
    fault is met there, and any other one is not. Of all that fit, the first *skip* go through and
    each further one meets the fault with *probability*, as a generator of random numbers of
    *seed* has it, until *count* have met it. Without *count* that is one; but a fault of sockets
    without *topic* is met by all that are open when it is asked for. *exception* is the
    envelope's, *content* that or the page's text.
    """

    kind: str = "error"
    operation: str | None = None
    entity_type: str | None = None
    skip: int = 0
    count: int | None = None
    exception: str = "ServerError"
    content: str = "A fault was asked for."
    user: str | None = None
    topic: str | None = None
    probability: float = 1.0
    seed: int = 0
    seconds: float | None = None
    status: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise ValidationError(f"kind must be one of {', '.join(KINDS)}.")
        allowed = KINDS[self.kind].fields
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            _check(field.name, value)
            if field.name not in allowed and value != field.default:
                raise ValidationError(_misplaced(field.name, self.kind))
        if self.operation in PATHS.values() and (self.kind == "error" or self.entity_type is not None):
            raise ValidationError(
                f"operation {self.operation} is none of /api; no kind error and no entity_type goes with it."
            )

    @classmethod
    def read(cls, wire: Any) -> "Fault":
        """Return the fault that a JSON object describes. Raises ValidationError naming what is wrong."""
        known = [field.name for field in dataclasses.fields(cls)]
        if not isinstance(wire, Mapping):
            raise ValidationError(f"A fault is an object with some of {', '.join(known)}.")
        kind = wire.get("kind", "error")
        allowed = KINDS[kind].fields if isinstance(kind, str) and kind in KINDS else known
        for name in wire:
            if name not in known:
                raise ValidationError(f"{name} is no field of a fault; allowed are {_listed(allowed)}.")
            if name not in allowed:
                raise ValidationError(_misplaced(name, kind))
        return cls(**wire)

    @property
    def place(self) -> str:
        """Where the fault is met; one of sockets with a topic is met as an event goes out."""
        return "delivery" if self.topic is not None else KINDS[self.kind].place

    @property
    def slot(self) -> str:
        """Faults of one slot exclude each other."""
        return KINDS[self.kind].slot

    @property
    def wait_s(self) -> float:
        """*seconds*, or the kind's default."""
        return KINDS[self.kind].seconds if self.seconds is None else self.seconds

    @property
    def times(self) -> int:
        """How often it can be met."""
        return 1 if self.count is None else self.count

    @property
    def is_for_all_open(self) -> bool:
        """Whether it is met by the sockets that are open now, however many, and no later ones."""
        return self.place == "socket" and self.count is None

    @property
    def as_json(self) -> dict[str, Any]:
        """The description, without what is left open or means nothing for the kind."""
        allowed = KINDS[self.kind].fields
        whole = dataclasses.asdict(self)
        return {name: value for name, value in whole.items() if name in allowed and value is not None}


def _check(name: str, value: Any) -> None:
    """Raise ValidationError when *value* is none for the field *name*."""
    if value is None and name in _OPTIONAL:
        return
    if name not in _NUMBERS:
        if not isinstance(value, str) or not value:
            raise ValidationError(f"{name} must be a text that is not empty.")
        return
    least, most = _NUMBERS[name]
    is_number = isinstance(value, int) or (name in _FRACTIONS and isinstance(value, float))
    if not is_number or isinstance(value, bool) or not least <= value <= most:
        told = "number" if name in _FRACTIONS else "whole number"
        raise ValidationError(f"{name} must be a {told} from {least} to {most}.")


def _misplaced(name: str, kind: str) -> str:
    return f"{name} has no meaning for the kind {kind}; allowed are {_listed(KINDS[kind].fields)}."


def _listed(names: Any) -> str:
    return ", ".join(field.name for field in dataclasses.fields(Fault) if field.name in names)
