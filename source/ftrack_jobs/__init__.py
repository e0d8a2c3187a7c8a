"""Actions that run as Jobs."""

__version__ = "0.1.0"
