"""Writes `doc/sentences.md` out of the one table of sentences, `source/ftrack_jobs/errors.py`.

    python doc/sentences.py

Each constant there is a template, the comment above it says when it is shown.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "source" / "ftrack_jobs" / "errors.py"
TARGET = ROOT / "doc" / "sentences.md"

HEAD = """# What users are told

Every sentence that an action's user can be shown in a reply, on a form or as the text of a Job. Words in
braces are filled in. This page is written by `python doc/sentences.py` out of `source/ftrack_jobs/errors.py`.

| when | sentence |
|---|---|
"""


def sentences() -> list[tuple[str, str]]:
    """Return (when it is shown, template) of each sentence, in the order of the table."""
    text = SOURCE.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = []
    comment = ""
    for node in ast.parse(text).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        if not isinstance(node.value.value, str):
            continue
        # Several sentences can share the comment above the first of them.
        comment = comment_above(lines, node.lineno) or comment
        found.append((comment, node.value.value))
    return found


def comment_above(lines: list[str], number: int) -> str:
    """Return the `#:` comment that ends right above line *number* (from 1)."""
    words = []
    for line in reversed(lines[: number - 1]):
        if not line.startswith("#:"):
            break
        words.insert(0, line.removeprefix("#:").strip())
    return " ".join(words)


def page() -> str:
    """Return the page's text."""
    rows = []
    for when, template in sentences():
        shown = re.sub(r"\{(\w+)[^}]*\}", r"{\1}", template).strip().replace("|", "\\|")
        rows.append(f"| {when.rstrip('.').replace('|', chr(92) + '|')} | {shown} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8", newline="\n")
