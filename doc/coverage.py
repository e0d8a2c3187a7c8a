"""Writes `doc/sandbox-coverage.md`: what the sandbox can do, and the tests that hold it to it.

    python doc/coverage.py            write the page
    python doc/coverage.py --check    say whether it is as it should be

What there is tells `features.py`, what tests say `scan.py`. What has no test fails both, with its name.
"""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import features
import scan
from scan import Said, Test

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
TARGET = ROOT / "doc" / "sandbox-coverage.md"
COMMAND = "python doc/coverage.py"

#: Tests shown of each feature, and how many of one file.
SHOWN, OF_ONE_FILE = 4, 1

HEAD = f"""# What the sandbox can do, and the tests of it

Of each feature the number of tests that use it, and the most telling of them. `{COMMAND}` writes this page out of the sandbox's
own tables, its grammar and its schema, and out of `tests/`; `make check` fails when it is stale or something has no test.
"""  # noqa: E501


@dataclass(frozen=True)
class Table:
    """One table of the page: *found* tells which of the *features* a test uses, and in which layer."""

    title: str
    about: str
    features: list[str]
    found: Callable[[Test], Mapping[str, int]]

    def rows(self, tests: list[Test]) -> dict[str, list[Test]]:
        """Each feature with its tests, the most telling first."""
        ranked: dict[str, list[tuple[tuple[object, ...], Test]]] = {each: [] for each in self.features}
        for test in tests:
            met = self.found(test)
            for feature in met.keys() & ranked.keys():
                ranked[feature].append((_rank(test, feature, met[feature], len(met)), test))
        return {
            feature: [test for _, test in sorted(found, key=lambda each: each[0])]
            for feature, found in ranked.items()
        }


def _rank(test: Test, feature: str, layer: int, breadth: int) -> tuple[object, ...]:
    """How telling a test is, smaller first: named after it, by itself, with the client, of little else."""
    word = re.findall(r"\w+", feature)[-1]
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()
    is_named = len(snake) > 3 and re.search(rf"(?<![a-z]){snake}s?(?![a-z])", test.name) is not None
    folders = ("contract", "unit", "acceptance")
    folder = test.file.partition("/")[0]
    kind = folders.index(folder) if folder in folders else len(folders)
    return (not is_named, layer, kind, breadth, test.file, test.name)


def in_layers(found_in: Callable[[Said], set[str]]) -> Callable[[Test], Mapping[str, int]]:
    """Return what tells of each feature that a test uses the first of its layers that does."""

    def found(test: Test) -> Mapping[str, int]:
        met: dict[str, int] = {}
        for layer, words in enumerate(test.layers):
            for feature in found_in(words):
                met.setdefault(feature, layer)
        return met

    return found


def types_of(test: Test) -> Mapping[str, int]:
    """The types that a test names; one that is parametrized over every type uses each."""
    every = dict.fromkeys(features.entity_types(), 1) if test.every_type else {}
    return {**every, **in_layers(features.types_in)(test)}


def update_kinds_of(test: Test) -> Mapping[str, int]:
    """The kinds of entities that a test of update events names."""
    is_about = "5_8" in test.name or "update_event" in test.file
    return in_layers(features.update_kinds_in)(test) if is_about else {}


def tables() -> list[Table]:
    """Return the page's tables, from what the sandbox says of itself now."""
    return [
        Table(
            "Operations",
            "Everything that `/api` takes (reference 2.1).",
            features.operations(),
            in_layers(features.operations_in),
        ),
        Table(
            "Query language",
            "Every word of the grammar in each spelling, its rules, forms of values (reference 3).",
            features.query_features(),
            in_layers(features.query_features_in),
        ),
        Table("Entity types", "All types of the schema (reference 4).", features.entity_types(), types_of),
        Table(
            "Topics of the event hub",
            "What the reference names in chapters 5 and 6, and what the sandbox itself says.",
            features.topics(),
            in_layers(features.topics_in),
        ),
        Table(
            "Kinds of entities in `ftrack.update`",
            "The `entityType`s of the reference's table (5.8).",
            features.update_kinds(),
            update_kinds_of,
        ),
    ]


def page(tests: list[Test]) -> tuple[str, list[str]]:
    """Return the page's text, and what has no test."""
    text, untested = HEAD, []
    for table in tables():
        text += f"\n## {table.title}\n\n{table.about}\n\n| | tests | such as |\n|---|---|---|\n"
        for feature, found in table.rows(tests).items():
            shown = feature if "`" in feature or " " in feature else f"`{feature}`"
            text += f"| {shown} | {_number(len(found))} | {_examples(found)} |\n"
            if not found:
                untested.append(f"{table.title}: {feature}")
    return text, untested


def _number(count: int) -> str:
    """A count; large ones by steps, so that not every new test makes the page stale."""
    return next((f"{step}+" for step in (500, 200, 100, 50, 20, 10) if count >= step), str(count))


def _examples(found: list[Test]) -> str:
    files: dict[str, int] = {}
    chosen = []
    for each in found:
        files[each.file] = files.get(each.file, 0) + 1
        if files[each.file] <= OF_ONE_FILE:
            chosen.append(str(each))
    return ", ".join(chosen[:SHOWN])


def main(arguments: list[str], tests: Path = TESTS, target: Path = TARGET) -> int:
    """Write the page, or with `--check` compare it; returns the exit code and says what is wrong."""
    text, untested = page(scan.tests_of(tests))
    is_stale = not target.exists() or target.read_text(encoding="utf-8") != text
    if arguments != ["--check"]:
        target.write_text(text, encoding="utf-8", newline="\n")
    elif is_stale:
        print(f"doc/{target.name} is stale: run `{COMMAND}`, which writes it anew.", file=sys.stderr)
    for each in untested:
        print(f"There is no test of this in tests/: {each}", file=sys.stderr)
    return int(bool(untested) or (is_stale and arguments == ["--check"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
