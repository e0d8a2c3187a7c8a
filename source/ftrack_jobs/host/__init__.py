"""`Host`: everything that one event-hub session needs to offer actions and to run their Jobs."""

from __future__ import annotations

from .host import Host

__all__ = ["Host"]
