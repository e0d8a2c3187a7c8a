"""Rows in, a file out. Knows nothing of Jobs: works in any script that has a query and a path.

shots = Query(client, "Shot", where="project_id is {project}", project=project_id)
export(shots, [Column("link"), Column("status.name", "Status")], Path("shots.csv"), order_by=["link"])
"""

from .columns import Column, check_columns, split_columns
from .engine import export

__all__ = ["Column", "check_columns", "export", "split_columns"]
