"""The query language: text to AST to SQL.

Source: protocol reference 3.
"""

from ftrack_sandbox.query.parser import parse

__all__ = ["parse"]
