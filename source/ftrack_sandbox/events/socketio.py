"""socket.io 0.9 on a web socket: text frames <-> `Packet`.

A frame is `<code>:<id>[+]:<endpoint>:<data>`; trailing parts may be missing. Events that the
server sends carry no id, because the JavaScript client cannot parse one, and acknowledgements
carry exactly one object, because anything else ends the Python client's reader thread without
a word. Source: protocol reference 5.2.
"""

import dataclasses
import enum
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from ftrack_sandbox.errors import SandboxError

#: The name that every event packet bears.
EVENT_NAME = "ftrack.event"

#: The frames that always look the same.
DISCONNECT = "0::"
CONNECT = "1::"
HEARTBEAT = "2::"

_FRAME = re.compile(r"([0-8]):(?:([0-9]{1,18})(\+)?)?(?::([^:]*)(?::(.*))?)?", re.DOTALL)


class FrameError(SandboxError):
    """A frame that is not socket.io 0.9, or does not hold what it should."""


class Kind(enum.Enum):
    """What a packet is for, by its code on the wire. Never send 8: it ends a Python client."""

    DISCONNECT = "0"
    CONNECT = "1"
    HEARTBEAT = "2"
    MESSAGE = "3"
    JSON = "4"
    EVENT = "5"
    ACKNOWLEDGEMENT = "6"
    ERROR = "7"
    NO_OPERATION = "8"


@dataclasses.dataclass(frozen=True)
class Packet:
    """One frame taken apart. *id* is there when the sender wants an acknowledgement."""

    kind: Kind
    id: int | None = None
    endpoint: str = ""
    data: str = ""


def decode(frame: str) -> Packet:
    """Return the packet of *frame*; its data is not looked into. Raises FrameError."""
    found = _FRAME.fullmatch(frame)
    if found is None:
        raise FrameError("Not a socket.io 0.9 packet.")
    code, number, _, endpoint, data = found.groups()
    return Packet(Kind(code), int(number) if number else None, endpoint or "", data or "")


def event_of(packet: Packet) -> Mapping[str, Any]:
    """Return the one event that an event packet brings. Raises FrameError."""
    try:
        payload = json.loads(packet.data, parse_constant=_refuse_constant)
    # Python's reader gives up on input nested some thousand levels deep.
    except (ValueError, RecursionError) as error:
        raise FrameError("The packet's data is not JSON.") from error
    if not isinstance(payload, dict) or payload.get("name") != EVENT_NAME:
        raise FrameError(f"Only packets named {EVENT_NAME} are known.")
    arguments = payload.get("args")
    if not isinstance(arguments, list) or len(arguments) != 1 or not isinstance(arguments[0], dict):
        raise FrameError("A packet must hold exactly one event.")
    event: dict[str, Any] = arguments[0]
    return event


def event_frame(event: Mapping[str, Any]) -> str:
    """Return the frame that brings *event* to a client. Raises FrameError when JSON cannot hold it."""
    try:
        # ASCII only: a lone surrogate, which JSON may hold and UTF-8 not, passes through unharmed.
        data = json.dumps({"name": EVENT_NAME, "args": [event]}, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise FrameError(f"The event cannot be sent: {error}.") from error
    return f"5:::{data}"


def acknowledgement(packet_id: int, reply: Mapping[str, Any]) -> str:
    """Return the frame that acknowledges a packet with the one object *reply*."""
    return f"6:::{packet_id}+[{json.dumps(reply)}]"


def error(reason: str) -> str:
    """Return the frame that reports an error. Python logs it; JavaScript connects anew."""
    return f"7:::{reason}"


def _refuse_constant(name: str) -> NoReturn:
    # JavaScript cannot read what Python writes as NaN or Infinity.
    raise ValueError(f"{name} is not JSON")
