"""Faults on request: what a real site does now and then, at the moment a test needs it."""

from ftrack_sandbox.faults.fault import KINDS, PATHS, Fault
from ftrack_sandbox.faults.play import CUT, AskedError, FaultyPaths, play
from ftrack_sandbox.faults.register import AskedFault, Faults, Occasion

__all__ = [
    "CUT",
    "KINDS",
    "PATHS",
    "AskedError",
    "AskedFault",
    "Fault",
    "Faults",
    "FaultyPaths",
    "Occasion",
    "play",
]
