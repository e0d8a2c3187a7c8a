"""Of which concrete types a selection is, asked as seldom as can be, and whether an action takes it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from ..launch import EntityRef
from ..query import quote
from ..session import Client, ask_raw

#: Concrete type -> the types above it. What stands here is known to be no typed context.
#: *Source*: protocol reference 4.4.
_ABOVE = {
    "Project": {"Context"},
    "FileComponent": {"Component"},
    "SequenceComponent": {"Component"},
    "ContainerComponent": {"Component"},
    "User": {"Resource"},
    "Group": {"Resource"},
    "TypedContextList": {"List"},
    "AssetVersionList": {"List"},
}
_NO_TYPED_CONTEXT = frozenset(
    {
        *_ABOVE,
        *("Component", "Resource", "List", "Asset", "AssetVersion", "ReviewSession", "ReviewSessionObject"),
        *("Note", "Appointment", "Timelog", "Job", "Location"),
    }
)
#: Ids asked for in one query. The server's limit is unknown.
_IDS_IN_QUERY = 500


class SelectionTypes:
    """Remembers the concrete type of up to *size* entities; a type never changes while an entity lives.

    May be used from several threads.
    """

    def __init__(self, size: int = 50_000) -> None:
        self._size = size
        self._known: OrderedDict[str, str] = OrderedDict()
        # What was not found is remembered for the one event only: it may be granted to the key a moment
        # later.
        self._missing_for = ""
        self._missing: set[str] = set()
        self._lock = threading.Lock()

    def concrete(
        self,
        selection: Sequence[EntityRef],
        event_id: str,
        client: Callable[[], AbstractContextManager[Client]],
    ) -> tuple[EntityRef, ...]:
        """Return *selection* with concrete types; what cannot be seen stays vague.

        One request when a type is not known yet, whatever the number of entities. Raises `ServerError`.
        """
        with self._lock:
            unknown = self._unknown(selection, event_id)
            if unknown:
                with client() as session:
                    self._ask(session, unknown)
            found = tuple(self._named(reference) for reference in selection)
            # Only now: a selection may be larger than what is kept.
            while len(self._known) > self._size:
                self._known.popitem(last=False)
            return found

    def _unknown(self, selection: Sequence[EntityRef], event_id: str) -> list[EntityRef]:
        if event_id != self._missing_for:
            self._missing_for, self._missing = event_id, set()
        return [
            reference
            for reference in selection
            if reference.vague and reference.id not in self._known and reference.id not in self._missing
        ]

    def _ask(self, client: Client, unknown: Sequence[EntityRef]) -> None:
        expressions = []
        for supertype in sorted({reference.type for reference in unknown}):
            ids = [quote(reference.id) for reference in unknown if reference.type == supertype]
            for first in range(0, len(ids), _IDS_IN_QUERY):
                part = ids[first : first + _IDS_IN_QUERY]
                expressions.append(
                    f"select id from {supertype} where id in ({', '.join(part)}) limit {len(part)}"
                )
        results = ask_raw(client, [{"action": "query", "expression": text} for text in expressions])
        for result in results:
            for row in result["data"]:
                self._known[row["id"]] = row["__entity_type__"]
        self._missing.update(reference.id for reference in unknown if reference.id not in self._known)

    def _named(self, reference: EntityRef) -> EntityRef:
        found = self._known.get(reference.id) if reference.vague else None
        if found is None:
            return reference
        self._known.move_to_end(reference.id)
        return EntityRef(found, reference.id)


def types_fit(
    selection: Sequence[EntityRef],
    allowed: Sequence[str],
    concrete: Callable[[], Sequence[EntityRef]],
    *,
    unseen: bool,
) -> bool:
    """Tell whether an action with *allowed* types takes *selection*.

    *concrete* is called only when the types in the event do not suffice. *unseen* is the answer for an entity
    that the server does not show.
    """
    if not allowed:
        return True
    if not selection:
        return False
    wanted = frozenset(allowed)
    if not all(_fits(each, wanted) for each in selection if not each.vague):
        return False
    open_questions = [each for each in selection if each.vague and not _settled(each, wanted)]
    if not open_questions:
        return True
    if not any(_possible(each, wanted) for each in open_questions):
        return False
    return all(
        unseen if each.vague and not _settled(each, wanted) else _fits(each, wanted) for each in concrete()
    )


def _fits(reference: EntityRef, wanted: frozenset[str]) -> bool:
    if reference.vague:
        return _settled(reference, wanted)
    above = _ABOVE.get(reference.type, set())
    # Events write types in lower case, schemas do not: a type that is still written so is foreign to us. All
    # others are typed contexts, those of the site's own making included.
    if reference.type not in _NO_TYPED_CONTEXT and not reference.type.islower():
        above = {"TypedContext", "Context"}
    return reference.type in wanted or not wanted.isdisjoint(above)


def _settled(reference: EntityRef, wanted: frozenset[str]) -> bool:
    """Tell whether a vague *reference* is wanted whatever its row says."""
    return "Context" in wanted or (reference.type == "TypedContext" and "TypedContext" in wanted)


def _possible(reference: EntityRef, wanted: frozenset[str]) -> bool:
    """Tell whether a row could make a vague *reference* one of the *wanted*."""
    others = wanted - _NO_TYPED_CONTEXT
    return bool(others) or (reference.type == "Context" and "Project" in wanted)
