"""Faults on request: what a real site does now and then, at the moment a test needs it.

Source: protocol reference 1.4, 12.
"""

import dataclasses
import re
import threading
from collections.abc import Mapping
from typing import Any

from ftrack_sandbox.errors import ApiError, SandboxError, ValidationError

#: `error`: the call is refused with an error envelope and nothing is done. `page`: it is answered with an HTML page
#: and status 502 and nothing is done. `lost`: it is carried out, but answered like `page`.
KINDS = ("error", "page", "lost")

_QUERIED = re.compile(r"(?:select\b.*?\bfrom\s+|\s*)(\w+)", re.IGNORECASE | re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Fault:
    """One fault, and which calls of `/api` meet it: those with an operation that fits.

    *operation* and *entity_type* None fit every one; the type of a query is the one it asks for. The first *skip*
    calls that fit go through, the next *count* fail. *exception* and *content* are the envelope's, for kind `error`.
    """

    kind: str = "error"
    operation: str | None = None
    entity_type: str | None = None
    skip: int = 0
    count: int = 1
    exception: str = "ServerError"
    content: str = "A fault was asked for."

    @classmethod
    def read(cls, wire: Any) -> "Fault":
        """Return the fault that a JSON object describes. Raises ValidationError naming what is wrong."""
        known = {field.name: field.default for field in dataclasses.fields(cls)}
        if not isinstance(wire, Mapping) or not set(wire) <= set(known):
            raise ValidationError(f"A fault is an object with some of {', '.join(known)}.")
        for name, value in wire.items():
            wanted = int if name in ("skip", "count") else str
            if not isinstance(value, wanted) or isinstance(value, bool):
                raise ValidationError(f"The fault's {name} must be of type {wanted.__name__}.")
        fault = cls(**wire)
        if fault.kind not in KINDS:
            raise ValidationError(f"The fault's kind is one of {', '.join(KINDS)}.")
        return fault

    def fits(self, operation: Any) -> bool:
        """Tell whether one operation of a call is of those that meet this fault."""
        if not isinstance(operation, Mapping):
            return False
        if self.operation not in (None, operation.get("action")):
            return False
        return self.entity_type in (None, _entity_type(operation))

    def error(self) -> ApiError:
        """Return the error of kind `error`."""
        error = ApiError(self.content)
        error.wire_name = self.exception
        return error


class BadGateway(SandboxError):
    """Tells the application to answer with a page that is no JSON."""


class Faults:
    """The faults asked for. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Ask for a fault."""
        with self._lock:
            self._waiting.append((fault, 0))

    def clear(self) -> None:
        """Take back all that was asked for."""
        with self._lock:
            self._waiting.clear()

    def meet(self, operations: Any) -> Fault | None:
        """Return the fault that this call meets, None in the ordinary case; each call is counted."""
        if not self._waiting or not isinstance(operations, list):
            return None
        with self._lock:
            met = None
            kept = []
            for fault, seen in self._waiting:
                if any(fault.fits(operation) for operation in operations):
                    seen += 1
                    if seen > fault.skip and met is None:
                        met = fault
                if seen < fault.skip + fault.count:
                    kept.append((fault, seen))
            self._waiting = kept
            return met


def _entity_type(operation: Mapping[str, Any]) -> str | None:
    if operation.get("action") == "query":
        found = _QUERIED.match(str(operation.get("expression") or ""))
        return found.group(1) if found else None
    named = operation.get("entity_type")
    return named if isinstance(named, str) else None
