"""The operations of `POST /api`, by name.

Source: protocol reference 2.1.
"""
