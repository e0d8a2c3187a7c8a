"""The names of a workspace's statuses, types, roles and so on, and the ids behind them.

Other modules name them by short keys: `status_id("wip")`. Source: protocol reference 4.4, 8.1, 9.2.
"""

from ftrack_sandbox.seed.row import identify

#: Object types: name -> (id, icon, is_leaf, schedulable, statusable, taskable, time reportable, typeable).
#: Ids and settings of the recorded workspace. Source: protocol reference 4.4.
OBJECT_TYPES = {
    "Task": ("11c137c0-ee7e-4f9c-91c5-8c77cec22b2c", "task", True, True, True, False, True, True),
    "Shot": ("bad911de-3bd6-47b9-8b46-3476e237cb36", "shot", False, False, True, True, False, False),
    "AssetBuild": (
        "4be63b64-5010-42fb-bf1f-428af9d638f0",
        "asset_build",
        False,
        False,
        True,
        True,
        False,
        True,
    ),
    "Milestone": ("01decdd1-51cb-11e3-9d5b-20c9d0831e59", "milestone", True, False, True, False, False, True),
    "Sequence": ("e5139355-61da-4c8f-9db4-3abc870166bc", "sequence", False, False, False, True, False, False),
    "Episode": ("22139355-61da-4c8f-9db4-3abc870166bc", "episode", False, False, False, True, False, False),
    "Folder": ("3c133785-51cb-11e3-980a-20c9d0831e59", "folder", False, False, False, True, False, False),
}

#: States by their short names. Source: protocol reference 4.4.
STATES = {"NOT_STARTED": "Not Started", "IN_PROGRESS": "In Progress", "DONE": "Done", "BLOCKED": "Blocked"}

#: Statuses: key -> (name, state, colour, active). The order is that of `sort`.
STATUSES = {
    "nst": ("Not started", "NOT_STARTED", "#cccccc", True),
    "rdy": ("Ready to start", "NOT_STARTED", "#9ab2d8", True),
    "wip": ("In progress", "IN_PROGRESS", "#3498db", True),
    "wts": ("Wartet auf Zulieferung", "BLOCKED", "#a04000", True),
    "rev": ("Pending review", "IN_PROGRESS", "#f1c40f", True),
    "crv": ("Client review", "IN_PROGRESS", "#e67e22", True),
    "fix": ("Retake", "IN_PROGRESS", "#e74c3c", True),
    "hld": ("On hold", "BLOCKED", "#95a5a6", True),
    "omt": ("Omitted", "BLOCKED", "#34495e", True),
    "app": ("Approved", "DONE", "#2ecc71", True),
    "don": ("Completed", "DONE", "#1cbc90", True),
    "dlv": ("Delivered", "DONE", "#16a085", True),
    "old": ("Final (old)", "DONE", "#16a086", False),
}

#: Types: key -> (name, colour, billable). The order is that of `sort`.
TYPES = {
    "generic": ("Generic", "#888888", True),
    "matchmove": ("Matchmove", "#8e44ad", True),
    "roto": ("Rotoscoping", "#9b59b6", True),
    "layout": ("Layout", "#2980b9", True),
    "animation": ("Animation", "#3498db", True),
    "fx": ("FX", "#e67e22", True),
    "lighting": ("Lighting", "#f39c12", True),
    "compositing": ("Compositing", "#27ae60", True),
    "colouring": ("Colouring", "#d35400", True),
    "concept": ("Concept", "#c0392b", True),
    "modeling": ("Modeling", "#16a085", True),
    "rigging": ("Rigging", "#1abc9c", True),
    "texture": ("Texture", "#2ecc71", True),
    "lookdev": ("Lookdev", "#f1c40f", True),
    "editing": ("Editing", "#7f8c8d", True),
    "production": ("Production", "#2c3e50", False),
    "character": ("Character", "#a569bd", True),
    "prop": ("Prop", "#5dade2", True),
    "environment": ("Environment", "#58d68d", True),
    "delivery": ("Delivery", "#ec7063", False),
}

#: Priorities: name -> (id or None, colour, value). The first is the default of new tasks.
PRIORITIES: dict[str, tuple[str | None, str, float]] = {
    "None": ("9661b320-3a0c-11e2-81c1-0800200c9a66", "#d9d9d9", 0),
    "Low": (None, "#7fb3d5", 1),
    "Medium": (None, "#f7dc6f", 2),
    "High": (None, "#f0b27a", 3),
    "Urgent": (None, "#ec7063", 4),
}

#: Locations every Python session knows. Source: protocol reference 8.1.
LOCATIONS = {
    "ftrack.origin": ("ce9b348f-8809-11e3-821c-20c9d081909b", "Origin"),
    "ftrack.unmanaged": ("cb268ecc-8809-11e3-a7e2-20c9d081909b", "Unmanaged"),
    "ftrack.review": ("cd41be70-8809-11e3-b98a-20c9d081909b", "Review"),
    "ftrack.connect": ("07b82a97-8cf9-11e3-9383-20c9d081909b", "Connect"),
    "ftrack.server": ("3a372bde-05bc-11e4-8908-20c9d081909b", "Server"),
}

#: Asset types: short -> name.
ASSET_TYPES = {
    "geo": "Geometry",
    "rig": "Rig",
    "anim": "Animation",
    "scene": "Scene",
    "comp": "Comp",
    "img": "Image Sequence",
    "upload": "Upload",
    "edit": "Edit",
}

#: Roles: name -> kind. Source: protocol reference 9.2; which role is of which kind is assumed.
ROLES = {
    "Restricted user": "ASSIGNED",
    "User": "PROJECT",
    "Project manager": "PROJECT",
    "Administrator": "PROJECT",
    "API": "API",
}

#: User types: name -> id. The first is the one a new user gets; its id was recorded.
USER_TYPES = {"Artist": "ac9fa5aa-4361-11e0-b7cc-0019bb4983d8", "Supervisor": None, "Producer": None}
NOTE_LABELS = {"Internal": "#3498db", "Client feedback": "#e67e22", "Technik & Färbung": "#9b59b6"}
LIST_CATEGORIES = ("Default", "Dailies", "Deliveries")
MANAGER_TYPES = ("Supervisor", "Coordinator")

#: Settings: (group, name) -> value.
SETTINGS = {
    ("STORAGE", "storage_scenario"): '{"scenario": "ftrack.automatic", "data": {}}',
    ("time", "workday_length"): "28800",
    ("default", "company_name"): "Halbinsel Bild & Ton",
}


def status_id(key: str) -> str:
    """Return the id of the status under *key* of `STATUSES`."""
    return identify(f"status/{key}")


def type_id(key: str) -> str:
    """Return the id of the type under *key* of `TYPES`."""
    return identify(f"type/{key}")


def priority_id(name: str) -> str:
    """Return the id of the priority *name*."""
    return PRIORITIES[name][0] or identify(f"priority/{name}")


def object_type_id(name: str) -> str:
    """Return the id of the object type *name*."""
    return OBJECT_TYPES[name][0]


def role_id(name: str) -> str:
    """Return the id of the security role *name*."""
    return identify(f"role/{name}")


def user_type_id(name: str) -> str:
    """Return the id of the user type *name*."""
    return USER_TYPES[name] or identify(f"user type/{name}")
