"""A local ftrack server for tests, demonstrations and authors of actions."""

__version__ = "0.1.0"
