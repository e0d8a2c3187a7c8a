"""The server's Job: claim a launch, start, describe and finish it; and `Report`, what a run says of itself.

The only module that spells the fields of a Job. *Source*: protocol reference 7.
"""

from __future__ import annotations

from .record import (
    DONE,
    FAILED,
    QUEUED,
    RUNNING,
    JobRecord,
    claim,
    description_update,
    finish,
    job_id_of,
    look,
    start,
    status_update,
    statuses,
)
from .report import Report

__all__ = [
    "DONE",
    "FAILED",
    "QUEUED",
    "RUNNING",
    "JobRecord",
    "Report",
    "claim",
    "description_update",
    "finish",
    "job_id_of",
    "look",
    "start",
    "status_update",
    "statuses",
]
