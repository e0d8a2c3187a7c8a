"""Who calls."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who calls, and how far that caller reaches.

    *project_ids* are the projects whose rows are seen; None means all of them. Of those in
    *assigned_ids*, which are others, only what is assigned is seen, with what belongs to it. The
    roles are the user's; those of a global key are all of the API kind (assumed).
    """

    user_id: str
    username: str
    key_id: str
    is_global: bool
    is_administrator: bool
    project_ids: frozenset[str] | None
    role_names: frozenset[str] = frozenset()
    role_ids: frozenset[str] = frozenset()
    assigned_ids: frozenset[str] = frozenset()
