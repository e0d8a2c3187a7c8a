"""Export a table of what lies in or below the selection.

Copy this file to begin an action of your own: a `Form`, an `Action` whose `run` does the work, and the last
line, through which ftrack finds it.
"""

import re
from datetime import date

from ftrack_jobs import (
    Action,
    Choice,
    Form,
    FormContext,
    FormError,
    Job,
    JobFailed,
    QueryError,
    Text,
    check_columns,
    export,
    plugin,
    safe_filename,
    split_columns,
    typed_contexts,
)

#: What is exported of a type when the user names no columns.
COLUMNS = {
    "Task": "link, name, type.name, status.name, priority.name, assignments.resource.username,"
    " start_date, end_date",
    "Shot": "link, name, status.name, description",
    "Milestone": "link, name, status.name, end_date",
}
OTHER_COLUMNS = "link, name, description"


class ExportForm(Form):
    """What the user is asked: which type, which columns, which kind of file."""

    entity_type = Choice("Export", typed_contexts, default="Task")
    columns = Text(
        "Columns",
        empty_text="Empty: the usual ones. Else e.g. link, status.name, assignments.resource.username",
    )
    format = Choice("File type", {"csv": "CSV"}, default="csv")

    def paths(self) -> list[str]:
        """Return the columns asked for, or the usual ones of the type."""
        return split_columns(self.columns or COLUMNS.get(self.entity_type, OTHER_COLUMNS))

    def check(self, context: FormContext | None) -> None:
        """Refuse columns that the type does not have while the user still sees the form."""
        if context is None or not context.schemas:
            return
        try:
            check_columns(context.schemas, self.entity_type, self.paths())
        except QueryError as error:
            raise FormError({"columns": str(error)}) from error


class ExportTable(Action):
    """One row for each entity of a type in or below the selection, ordered by its place in the show."""

    label = "Export"
    variant = "Table"
    identifier = "ftrack-jobs.export-table"
    description = "Saves what lies in or below the selection as a table"
    allowed_types = ("Project", "Folder", "Episode", "Sequence", "Shot", "AssetBuild")
    form = ExportForm

    def run(self, job: Job[ExportForm]) -> str:
        """Write the table and attach it to the Job."""
        kind = job.values.entity_type
        where, ids = in_or_below(job)
        rows = job.query(kind, where=where, **ids)
        path = job.workdir / f"{file_stem(job, kind)}.{job.values.format}"
        count = export(rows, job.values.paths(), path, order_by=["link", "id"], on_progress=job.progress)
        if not count:
            raise JobFailed(
                f"No {plural(kind)} are in or below the selection. Choose another type or selection."
            )
        job.attach(path)
        return f"Exported {count:,} {plural(kind) if count != 1 else words(kind)}"


def in_or_below(job: Job[ExportForm]) -> tuple[str, dict[str, list[str]]]:
    """Return the condition for what lies in the selection or anywhere below it, and its parameters."""
    # A project is nobody's ancestor, so what lies in it is asked for by its id.
    projects = [entity.id for entity in job.selection if entity.type == "Project"]
    others = [entity.id for entity in job.selection if entity.type != "Project"]
    inside = "project_id in {projects}" if projects else ""
    below = "id in {others} or ancestors any (id in {others})" if others else ""
    ids = {name: found for name, found in (("projects", projects), ("others", others)) if found}
    return " or ".join(part for part in (inside, below) if part), ids


def file_stem(job: Job[ExportForm], kind: str) -> str:
    """Return `<show>-<entity type>-<date>`; several shows are counted."""
    shows = show_names(job)
    return safe_filename(f"{shows[0] if len(shows) == 1 else f'{len(shows)} shows'}-{kind}-{date.today()}")


def show_names(job: Job[ExportForm]) -> list[str]:
    """Return the names of the projects that the selection lies in."""
    ids = {entity.id for entity in job.selection if entity.type == "Project"}
    others = [entity.id for entity in job.selection if entity.type != "Project"]
    if others:
        below = job.query("TypedContext", "project_id", "id in {ids}", ids=others)
        ids.update(row["project_id"] for row in below)
    return [row["name"] for row in job.query("Project", "name", "id in {ids}", ids=sorted(ids))]


def words(kind: str) -> str:
    """Return a type as people write it: `AssetBuild` is "asset build"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind).lower()


def plural(kind: str) -> str:
    """Return the plural of `words`."""
    text = words(kind)
    if re.search(r"[^aeiou]y$", text):
        return text[:-1] + "ies"
    return text + ("es" if re.search(r"(s|x|z|ch|sh)$", text) else "s")


register = plugin(ExportTable)
