"""Actions that run as Jobs.

from ftrack_jobs import Action, Job, plugin


class CountShots(Action):
    label = "Count shots"
    identifier = "com.example.count-shots"
    allowed_types = ("Project",)

    def run(self, job: Job) -> str:
        shots = job.query("Shot", "id", "project_id is {project}", project=job.selection[0].id)
        return f"{len(shots)} shots"


register = plugin(CountShots)
"""

from __future__ import annotations

from .action import Action
from .errors import (
    AccessError,
    DeclarationError,
    FormError,
    JobCancelled,
    JobFailed,
    JobsError,
    QueryError,
    ServerError,
)
from .export import Column, check_columns, export, split_columns
from .filename import safe_filename
from .form import (
    Boolean,
    Choice,
    Date,
    Form,
    FormContext,
    Hidden,
    Label,
    MultiChoice,
    Number,
    Text,
    TextArea,
    typed_contexts,
)
from .job import Job
from .launch import EntityRef, Launch
from .plugin import plugin
from .query import Query, Reach, quote

__version__ = "0.1.0"

__all__ = [
    "AccessError",
    "Action",
    "Boolean",
    "Choice",
    "Column",
    "Date",
    "DeclarationError",
    "EntityRef",
    "Form",
    "FormContext",
    "FormError",
    "Hidden",
    "Job",
    "JobCancelled",
    "JobFailed",
    "JobsError",
    "Label",
    "Launch",
    "MultiChoice",
    "Number",
    "Query",
    "QueryError",
    "Reach",
    "ServerError",
    "Text",
    "TextArea",
    "check_columns",
    "export",
    "plugin",
    "quote",
    "safe_filename",
    "split_columns",
    "typed_contexts",
]
