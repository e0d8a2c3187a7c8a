"""Custom attributes: which there are, at least one of every type.

Source: protocol reference 2.10.
"""

import dataclasses
import functools
import json
from collections.abc import Sequence
from typing import Any

from ftrack_sandbox.seed.catalogue import ROLES
from ftrack_sandbox.seed.row import identify

_MANAGERS = ("Project manager", "Administrator", "API")


@dataclasses.dataclass(frozen=True)
class Configuration:
    """One custom attribute.

    *entity_type* is `task` (with an *object_type*), `show`, `assetversion`, `asset`, `user` or `list`; a
    *hierarchical* one, whose word is `show`, is for all contexts, assets and versions. *show* is the
    key of the one show that has it.
    """

    key: str
    label: str
    type: str
    entity_type: str = "task"
    object_type: str | None = None
    default: Any = None
    config: dict[str, Any] = dataclasses.field(default_factory=dict)
    group: str | None = None
    hierarchical: bool = False
    show: str | None = None
    readers: Sequence[str] = tuple(ROLES)
    writers: Sequence[str] = tuple(ROLES)

    @functools.cached_property
    def id(self) -> str:
        """The id of the configuration."""
        return identify(f"attribute/{self.entity_type}/{self.object_type}/{self.key}/{self.show}")


def _choices(*values: str, several: bool = False) -> dict[str, Any]:
    """The `config` of an enumerator: its `data` is JSON text within the JSON text."""
    data = json.dumps([{"menu": value.capitalize(), "value": value} for value in values], ensure_ascii=False)
    return {"multiSelect": several, "data": data}


_INTEGER, _DECIMAL = {"isdecimal": False}, {"isdecimal": True}

SHOT_FPS = Configuration(
    "fps", "Frame rate", "number", object_type="Shot", default=24, config=_DECIMAL, group="Cut"
)
TASK_FPS = Configuration(
    "fps", "Frame rate", "number", object_type="Task", default=24, config=_DECIMAL, group="Cut"
)
FSTART = Configuration(
    "fstart", "First frame", "number", object_type="Shot", default=1001, config=_INTEGER, group="Cut"
)
FEND = Configuration(
    "fend", "Last frame", "number", object_type="Shot", default=1100, config=_INTEGER, group="Cut"
)
HANDLES = Configuration(
    "handles", "Handles", "number", object_type="Shot", default=8, config=_INTEGER, group="Cut"
)
ON_HOLD = Configuration("on_hold", "On hold", "boolean", object_type="Shot", default=False, writers=_MANAGERS)
LENGTH = Configuration(
    "length", "Länge", "expression", object_type="Shot", default="{fend} - {fstart} + 1", group="Cut"
)
BRIEF = Configuration("brief", "Brief", "text", object_type="Shot", default="", config={"markdown": True})
CLIENT_DUE = Configuration("client_due", "Client due", "date", object_type="Shot", group="Delivery")
COMPLEXITY = Configuration(
    "complexity",
    "Complexity",
    "enumerator",
    object_type="Task",
    default=["normal"],
    config=_choices("easy", "normal", "hard"),
)
PASSES = Configuration(
    "passes",
    "Passes",
    "enumerator",
    object_type="Task",
    default=[],
    config=_choices("beauty", "depth", "mask, matte", "größe", several=True),
)
LOD = Configuration("poly_count", "Polygons", "number", object_type="AssetBuild", default=0, config=_INTEGER)
CLIENT_CODE = Configuration(
    "client_code", "Client code", "text", object_type="Shot", default="", show="stem2"
)
BUDGET = Configuration(
    "budget",
    "Budget (€)",
    "number",
    "show",
    default=0,
    config=_DECIMAL,
    group="Büro",
    readers=_MANAGERS,
    writers=_MANAGERS,
)
JOB_NUMBER = Configuration("job_number", "Job number", "text", "show", default="", group="Büro")
COLOUR_SPACE = Configuration(
    "colour_space",
    "Colour space",
    "enumerator",
    "show",
    default=["ACEScg"],
    config=_choices("ACEScg", "rec709", "P3"),
    group="Delivery",
    hierarchical=True,
)
VENDOR = Configuration("vendor", "Vendor", "dynamic enumerator", "show", default=[], hierarchical=True)
RESOLUTION = Configuration(
    "resolution", "Resolution", "text", "show", default="3840x2160", group="Delivery", hierarchical=True
)
PIXEL_ASPECT = Configuration(
    "pixel_aspect", "Pixel aspect", "number", "show", default=1.0, config=_DECIMAL, hierarchical=True
)
CUT_IN = Configuration("cut_in", "Cut in", "number", "assetversion", default=0, config=_INTEGER, group="Cut")
SENT = Configuration("sent_on", "Sent on", "date", "assetversion", group="Delivery")
TECH_OK = Configuration("tech_ok", "Technik geprüft", "boolean", "assetversion", default=False)
SUBTYPE = Configuration("subtype", "Variant", "text", "asset", default="main")
STAFF_NUMBER = Configuration("staff_number", "Personalnummer", "text", "user", default="", group="Büro")
SKILLS = Configuration(
    "skills",
    "Skills",
    "enumerator",
    "user",
    default=[],
    config=_choices("nuke", "maya", "houdini", several=True),
)
PURPOSE = Configuration("purpose", "Purpose", "text", "list", default="")

#: The one attribute whose value is another entity.
APPROVER_ID = identify("attribute/approver")

#: All others, in the order of `sort`.
CONFIGURATIONS = (
    SHOT_FPS,
    TASK_FPS,
    FSTART,
    FEND,
    HANDLES,
    ON_HOLD,
    LENGTH,
    BRIEF,
    CLIENT_DUE,
    COMPLEXITY,
    PASSES,
    LOD,
    CLIENT_CODE,
    BUDGET,
    JOB_NUMBER,
    COLOUR_SPACE,
    VENDOR,
    RESOLUTION,
    PIXEL_ASPECT,
    CUT_IN,
    SENT,
    TECH_OK,
    SUBTYPE,
    STAFF_NUMBER,
    SKILLS,
    PURPOSE,
)
