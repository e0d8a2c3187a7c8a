"""What a new database holds: nothing but settings, or a demo studio made of real films."""

from collections.abc import Iterable, Iterator
from typing import Any

from ftrack_sandbox.seed import (
    attribute,
    component,
    media,
    note,
    office,
    people,
    production,
    review,
    show,
    value,
    workflow,
    workspace,
)
from ftrack_sandbox.seed.people import SERVICE_USER
from ftrack_sandbox.seed.row import Row, batches

__all__ = ["NAMES", "SERVICE_USER", "rows"]

#: The seeds there are.
NAMES = ("demo", "empty")


def rows(
    name: str, scale: int = 1, storage: component.Files | None = None
) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    """Yield the rows of the seed *name* as (table name, rows), fit for `Store.load`.

    `empty` holds the workspace's settings and the service user; `demo` three shows besides, each
    *scale* times (at scale 1 there are some 2,500 tasks). The rows are the same each time; those of
    a smaller scale are among those of a larger one. They are made while they are taken, one copy of
    a show at a time. Files of components are written into *storage* on the way, if there is one.

    Raises ValueError for an unknown name or a scale below 1.
    """
    if name not in NAMES:
        raise ValueError(f"There is no seed '{name}'; there are {', '.join(NAMES)}.")
    if scale < 1:
        raise ValueError(f"The scale must be at least 1, not {scale}.")
    return batches(_demo(scale, storage) if name == "demo" else _empty())


def _empty() -> Iterator[Row]:
    yield from workspace.rows()
    yield from attribute.type_rows()
    yield from workflow.rows(workflow.VFX)
    yield from people.rows([people.SERVICE], avatars=False)


def _demo(scale: int, files: component.Files | None) -> Iterator[Row]:
    yield from workspace.rows()
    yield from attribute.type_rows()
    yield from attribute.rows()
    yield from attribute.link_rows()
    yield from workflow.rows(workflow.VFX, workflow.ANIMATION)
    yield from people.rows(people.PEOPLE, avatars=True)
    yield from people.group_rows()
    yield from media.studio_rows(files)
    yield from show.rows(show.SHOWS)
    yield from value.studio_rows(show.SHOWS.values())
    yield from office.studio_rows(show.SHOWS)
    for each in show.SHOWS.values():
        yield from production.show_rows(each)
        yield from note.show_rows(each)
        for number in range(scale):
            yield from _copy(each, number, files)


def _copy(each: show.Show, number: int, files: component.Files | None) -> Iterator[Row]:
    """One copy of a show's contexts and all that hangs on them."""
    tree = each.tree(number)
    production.schedule(tree, each)
    made = media.Media(tree, each, files)
    # The media come first: they give the shots their thumbnails.
    yield from made.rows()
    yield from tree.rows()
    yield from production.rows(tree, each)
    yield from value.rows(tree, each, made.versions)
    yield from note.rows(tree, each, made.versions)
    yield from review.list_rows(tree, each, made.versions)
    yield from office.rows(tree, each, made.versions)
    if number == 0:
        yield from review.session_rows(each, made.versions)
        if each.key == "stem2":
            yield office.timer_row(tree)
