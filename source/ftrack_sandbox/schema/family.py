"""Puts declared blocks together: parts, supertypes, implied keys, tables.

What comes out is flat: each type with every attribute it has, inherited ones included.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping

from ftrack_sandbox.schema.model import Kind
from ftrack_sandbox.schema.notation import Block, Line, NotationError


@dataclasses.dataclass
class Declared:
    """One entity type, complete: *lines* are all its attributes by name, hidden ones included.

    *told_by* is the attribute by which the server's own legacy name tells the type apart; *key*,
    *show*, *always* and *immutable* are the options of the notation; *where* maps the columns
    that tell the type's rows from others in the table to their values.
    """

    place: str
    name: str
    supertype: str | None
    table: str
    legacy: str
    told_by: str
    lines: dict[str, Line]
    key: tuple[str, ...]
    show: tuple[str, ...]
    always: tuple[str, ...]
    immutable: tuple[str, ...]
    is_open: bool
    where: dict[str, str]

    def marked(self, mark: str) -> list[str]:
        """Return the names of the attributes, hidden ones included, that bear *mark*."""
        return [name for name, line in self.lines.items() if mark in line.marks]


def assemble(blocks: Iterable[Block]) -> dict[str, Declared]:
    """Return the types by name, in the order they were declared.

    Raises NotationError for a name declared twice, an unknown supertype, part or key.
    """
    parts: dict[str, Block] = {}
    types: dict[str, Block] = {}
    for block in blocks:
        known = parts if block.is_part else types
        if block.name in known:
            raise NotationError(block.place, f"'{block.name}' is declared twice.")
        known[block.name] = block
    done: dict[str, Declared] = {}
    for name in types:
        _complete(types, parts, name, done, ())
    return {name: done[name] for name in types}


def _complete(
    types: Mapping[str, Block],
    parts: Mapping[str, Block],
    name: str,
    done: dict[str, Declared],
    below: tuple[str, ...],
) -> Declared:
    if name in done:
        return done[name]
    block = types[name]
    base: Declared | None = None
    origin = block.supertype or block.like
    if origin is not None:
        if origin not in types or origin in (name, *below):
            raise NotationError(block.place, f"{name} cannot be built on '{origin}'.")
        base = _complete(types, parts, origin, done, (name, *below))
    done[name] = _declare(_with_parts(block, parts), base)
    return done[name]


def _with_parts(block: Block, parts: Mapping[str, Block]) -> Block:
    """Return the block with the lines and options of the parts it uses in their place."""
    entries: list[Line | str] = []
    options = dict(block.options)
    for entry in block.entries:
        if isinstance(entry, Line):
            entries.append(entry)
            continue
        if entry not in parts:
            raise NotationError(block.place, f"{block.name} uses the part '{entry}', which does not exist.")
        part = _with_parts(parts[entry], parts)
        entries += part.entries
        for option, names in part.options.items():
            options[option] = (*options.get(option, ()), *names)
    return dataclasses.replace(block, entries=entries, options=options)


def _declare(block: Block, base: Declared | None) -> Declared:
    options = block.options
    key = options.get("key") or (base.key if base else ("id",))
    lines = dict(base.lines) if base else {}
    if not base and key == ("id",):
        lines["id"] = Line(block.place, "id", word="uid")
    lines.update((line.name, line) for line in block.entries if isinstance(line, Line))
    where = {**(base.where if base and block.supertype else {}), **dict(block.where)}
    declared = Declared(
        place=block.place,
        name=block.name,
        supertype=block.supertype,
        table=block.table or (base.table if base else _snake(block.name)),
        legacy=block.legacy,
        told_by=block.told_by,
        lines=lines,
        key=key,
        show=options.get("show") or (base.show if base else key),
        always=options.get("always") or (base.always if base else ()),
        immutable=(*(base.immutable if base else ()), *options.get("immutable", ())),
        is_open="open" in options,
        where=where,
    )
    _settle_keys(declared)
    _settle_classifier(declared, block)
    return declared


def _settle_keys(declared: Declared) -> None:
    for name in declared.key:
        line = declared.lines.get(name)
        if line is None or line.kind is not Kind.SCALAR:
            raise NotationError(declared.place, f"the key '{name}' of {declared.name} is not declared.")
        if not line.marks:
            declared.lines[name] = dataclasses.replace(line, marks="*!")


def _settle_classifier(declared: Declared, block: Block) -> None:
    """Check what tells the type apart. The attribute the legacy name goes by gets its value as default."""
    for name in declared.where:
        if name not in declared.lines:
            raise NotationError(declared.place, f"{declared.name} is told apart by '{name}', which it lacks.")
    if block.told_by:
        if block.told_by not in dict(block.where):
            raise NotationError(declared.place, f"{declared.name} lacks a `where` for '{block.told_by}'.")
        line = declared.lines[block.told_by]
        declared.lines[block.told_by] = dataclasses.replace(line, default=declared.where[block.told_by])


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
