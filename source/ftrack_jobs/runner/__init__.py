"""`Runner`: one claimed Job from start to final status; `run_headless`: the same work without a Job."""

from __future__ import annotations

from .headless import Ended, run_headless
from .outcome import Outcome
from .runner import Runner, remove_folder

__all__ = ["Ended", "Outcome", "Runner", "remove_folder", "run_headless"]
