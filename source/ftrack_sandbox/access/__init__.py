"""Keys and users, and which rows a caller sees and may write.

Source: protocol reference 9. What is settled here is the reach by project, and by role for
custom attributes; how far a role that is bound to assignments narrows it inside a project is
unknown, and assumed (see `reach`).
"""

from ftrack_sandbox.access.access import Access
from ftrack_sandbox.access.caller import Caller
from ftrack_sandbox.access.table import API_KEY, API_KEY_PROJECT, METADATA

__all__ = ["API_KEY", "API_KEY_PROJECT", "METADATA", "Access", "Caller"]
