"""The tables behind keys; no entity type shows them."""

from sqlalchemy import Column, MetaData, String, Table

METADATA = MetaData()
API_KEY = Table(
    "api_key",
    METADATA,
    Column("id", String, primary_key=True),
    #: SHA-256 of the key; the key itself is told once, when it is made.
    Column("digest", String, unique=True, nullable=False),
    #: The owner of a personal key; null for a global one.
    Column("user_id", String, index=True),
)
API_KEY_PROJECT = Table(
    "api_key_project",
    METADATA,
    Column("api_key_id", String, primary_key=True),
    Column("project_id", String, primary_key=True),
)
