"""What the documents say is what the code says."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_sentences_is_the_table_of_sentences():
    made = load(ROOT / "doc" / "sentences.py")
    assert made.page() == made.TARGET.read_text(encoding="utf-8"), "run `python doc/sentences.py`"


def test_every_sentence_says_when_it_is_shown():
    made = load(ROOT / "doc" / "sentences.py").sentences()
    assert len(made) > 30
    assert [template for when, template in made if not when] == []


def test_every_section_that_a_docstring_cites_exists():
    sections = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?)", reference(), flags=re.MULTILINE))
    cited = {}
    for path in [*ROOT.glob("source/**/*.py"), *ROOT.glob("plugins/*.py"), *ROOT.glob("hooks/*.py")]:
        text = " ".join(path.read_text(encoding="utf-8").split())
        for numbers in re.findall(r"protocol reference ((?:\d+(?:\.\d+)?(?:, | to | and )?)+)", text):
            for number in re.findall(r"\d+(?:\.\d+)?", numbers):
                cited.setdefault(number, path.name)
    assert len(cited) > 30
    assert {number: name for number, name in cited.items() if number not in sections} == {}


def reference():
    return (ROOT / "doc" / "reference" / "protocol.md").read_text(encoding="utf-8")


def test_every_assumption_says_what_would_settle_it():
    text = (ROOT / "doc" / "sandbox-assumptions.md").read_text(encoding="utf-8")
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 100
    assert [row for row in rows if len(row) != 3 or not all(cell.strip() for cell in row)] == []


def test_the_readme_is_short_and_its_links_lead_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_make_target_that_the_documents_name_exists():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    for name in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"`?make (\w+)", (ROOT / name).read_text(encoding="utf-8")))
        assert named & {"demo", "test"}
        assert {each for each in named if each not in targets} <= {"are"}, name
