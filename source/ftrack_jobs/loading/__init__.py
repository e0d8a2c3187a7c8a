"""The one plugin that the listener's session loads by itself: it loads the others, each guarded.

The client stops at the first plugin whose `register` raises, and the whole session with it; but only what the
client loads is registered early enough to configure locations and entity classes. So this folder holds this
file alone, and the client executes it under a random name. *Source*: protocol reference 10.1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def register(session: Any, ftrack_jobs_load: Callable[[Any], None] | None = None, **options: Any) -> None:
    """Call the listener, which passes itself through the session's plugin arguments."""
    if ftrack_jobs_load is not None:
        ftrack_jobs_load(session)
