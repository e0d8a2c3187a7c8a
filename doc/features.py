"""What the sandbox can do, by its own tables, its grammar, its schema and the protocol reference.

Beside each list of features stands the function that finds them in what a test says.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import lark
from scan import GAP, Said

from ftrack_sandbox.api import operation
from ftrack_sandbox.query import parser
from ftrack_sandbox.schema import load_schema

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "doc" / "reference" / "protocol.md"

#: Operation -> methods of the official client that send it. Any operation sent by its name counts too.
CLIENT = {
    "query": {"query"},
    "create": {"create"},
    "delete": {"delete"},
    "get_upload_metadata": {"create_component", "create_thumbnail"},
    "encode_media": {"encode_media"},
    "get_widget_url": {"get_widget_url"},
    "reset_remote": {"reset_remote"},
    "send_user_invite": {"send_user_invite", "send_user_invites"},
    "send_review_session_invite": {"send_review_session_invite", "send_review_session_invites"},
}

#: Names in the reference's chapters on events that are no topics.
NO_TOPICS = re.compile(
    r"ftrack\.(event|client\..*|server|centralized-storage|automatic|api\.(javascript|python))"
)


def operations() -> list[str]:
    """Every operation that the sandbox knows."""
    return sorted({**operation._READING, **operation._WRITING})


def operations_in(words: Said) -> set[str]:
    """Operations sent by their name, or by a method of the client."""
    named = {each for each in words.operations if each in operations()}
    return named | {name for name, methods in CLIENT.items() if methods & words.calls}


@functools.cache
def entity_types() -> list[str]:
    """Every entity type of the schema."""
    return sorted(load_schema().types)


_TYPE = re.compile(r"^\s*(\w+)(?=\s*$|\s+(?:where|order|limit|offset|group)\b)|\bfrom\s+(\w+)")


def types_in(words: Said) -> set[str]:
    """Types that stand alone in a text, or in a query in the place of the type."""
    found = (match[1] or match[2] for text in words.texts for match in _TYPE.finditer(text))
    return set(found) & set(entity_types())


@functools.cache
def grammar() -> lark.Lark:
    """The sandbox's grammar of queries, keeping every word it reads."""
    path = Path(parser.__file__).with_name("grammar.lark")
    text = path.read_text(encoding="utf-8")
    return lark.Lark(text, parser="lalr", lexer="contextual", keep_all_tokens=True, maybe_placeholders=False)


#: What the grammar's rules are called on the page; a rule that is not here goes by its own name.
RULES = {
    "aggregate": "function in a projection",
    "any_of": "`any (…)`",
    "comparison": "comparison",
    "conjunction": "`and` of criteria",
    "criterion": "parentheses",
    "disjunction": "`or` of criteria",
    "has": "`has (…)`",
    "literal": "value",
    "literals": "list of values",
    "membership": "`in` a list or sub-query",
    "negated": "`not` before a criterion",
    "order": "order by one attribute",
    "orders": "order by several",
    "path": "projection",
    "paths": "group by",
    "projections": "several projections",
    "subquery": "sub-query",
}
#: Rules that say no more than the words in them.
PARTS = {"start", "query", "operator", "offset", "limit"}
FORMS: Mapping[str, Callable[[str], object]] = {
    "value in double quotes": re.compile(r'"').match,
    "value in single quotes": re.compile(r"'").match,
    "value as a bare word": re.compile(r"[^\"']").match,
    "value with an escaped quote": re.compile(r".*\\[\"']").match,
    "value none": re.compile(r"(?i)(none|null)$").match,
    "value that is a number": re.compile(r"[\"']?-?\d+(\.\d+)?[\"']?$").match,
    "value that is a boolean": re.compile(r"(?i)(true|false)$").match,
    "value that is a date": re.compile(r"[\"']?\d{4}-\d\d-\d\d").match,
}
#: Rule -> what a dotted path in it is called.
PATHS = {
    "path": "path in a projection",
    "comparison": "path in a comparison",
    "membership": "path before `in`",
    "any_of": "path before `any`",
    "has": "path before `has`",
    "order": "path in `order by`",
    "paths": "path in `group by`",
}


def query_features() -> list[str]:
    """Every spelling of every word of the language, every rule of its grammar, and the forms of values."""
    words = [
        f"word `{spelling}`"
        for terminal in sorted(grammar().terminals, key=lambda each: str(each.name).strip("_"))
        for spelling in _spellings(terminal.pattern.value)
    ]
    rules = {str(rule.alias or rule.origin.name): rule for rule in grammar().rules}
    named = [
        name for name, rule in rules.items() if name in RULES or not (rule.alias or rule.options.expand1)
    ]
    ruled = sorted(RULES.get(name, name) for name in named if name not in PARTS and not name.startswith("_"))
    functions = [f"function `{name}`" for name in sorted(parser._FUNCTIONS)]
    return [*words, *ruled, *FORMS, *PATHS.values(), *functions]


def _spellings(pattern: str) -> list[str]:
    """The words that a terminal of the grammar stands for; none when it stands for endlessly many."""
    found = []
    for each in re.sub(r"\\b|\(\?=\\s\)", "", pattern).split("|"):
        text = each.replace(r"\s+", " ")
        optional = re.fullmatch(r"(\w+)\((\w+)\)\?", text)
        found += [optional[1], optional[1] + optional[2]] if optional else [text]
    return found if all(re.fullmatch(r"[a-z_]+( [a-z]+)?|[<>=!]+", each) for each in found) else []


def query_features_in(words: Said) -> set[str]:
    """What the queries and criteria among the texts use of the language."""
    return {feature for text in words.texts for feature in _features(text)}


_LOOKS_LIKE_A_QUERY = re.compile(
    r"\w\s*(=|<|>)|\s(is|in|like|any|has|where|from|order|limit|offset|after|before)", re.I
)


@functools.cache
def _features(text: str) -> frozenset[str]:
    """What a text uses of the language; nothing when it is neither a query nor the criteria of one."""
    if not 5 < len(text) < 2000 or not _LOOKS_LIKE_A_QUERY.search(text):
        return frozenset()
    for filled in dict.fromkeys(text.replace(GAP, each) for each in ("x", "1")):
        for whole in (filled, f"Task where {filled}"):
            try:
                tree = grammar().parse(whole)
            except lark.UnexpectedInput:
                continue
            return frozenset(_features_of(tree, whole is not filled)) if _is_about(tree) else frozenset()
    return frozenset()


def _is_about(tree: lark.Tree) -> bool:
    """Whether a query asks for a type that there is, by attributes that look like some."""
    types = {str(each) for each in tree.scan_values(lambda token: token.type == "TYPE")}
    paths = [str(each) for each in tree.scan_values(lambda token: token.type == "PATH")]
    names = _attributes()
    return types <= {*entity_types(), "x"} and {each.split(".")[0] for each in paths} <= names


@functools.cache
def _attributes() -> frozenset[str]:
    every = (each.attributes for each in load_schema().types.values())
    return frozenset({"x", *parser._FUNCTIONS, *(name for attributes in every for name in attributes)})


def _features_of(tree: lark.Tree, is_criteria: bool) -> Iterator[str]:
    for part in tree.iter_subtrees():
        rule = str(part.data)
        yield RULES.get(rule, rule)
        for token in part.children:
            if not isinstance(token, lark.Token):
                continue
            word = " ".join(str(token).lower().split())
            if not (is_criteria and word == "where"):
                yield f"word `{word}`"
            if token.type == "PATH" and "." in token and rule in PATHS:
                yield PATHS[rule]
            if rule == "aggregate" and token.type == "PATH":
                yield f"function `{word}`"
            if rule == "literal":
                yield from (name for name, fits in FORMS.items() if fits(str(token)))


@functools.cache
def topics() -> list[str]:
    """The topics of the protocol reference's chapters 5 and 6, and those in the sandbox's code."""
    text = REFERENCE.read_text(encoding="utf-8")
    chapters = text[text.index("\n## 5.") : text.index("\n## 7.")]
    found = set(re.findall(r"[`\"=](ftrack\.[a-z][a-z.*-]*[a-z*])[`\" ]", chapters))
    for topic, ending in re.findall(r"`(ftrack\.[a-z.-]+)`, `(-[a-z]+)`", chapters):
        found.add(topic.rpartition("-")[0] + ending)
    for path in sorted((ROOT / "source" / "ftrack_sandbox").glob("[ae]*/*.py")):
        found |= set(re.findall(r'"(ftrack\.[a-z.-]+)"', path.read_text(encoding="utf-8")))
    return sorted(each for each in found if not NO_TOPICS.fullmatch(each) and each != "ftrack.*")


@functools.cache
def update_kinds() -> list[str]:
    """What `ftrack.update` calls entities, by the table of 5.8."""
    text = REFERENCE.read_text(encoding="utf-8")
    start = text.index("| Entity | `entityType` |")
    rows = text[start : text.index("\n\n", start)].splitlines()[2:]
    return [kind for row in rows for kind in re.findall(r"`(\w+)`", row.split("|")[2])]


def topics_in(words: Said) -> set[str]:
    """Topics that texts name whole, under a wild card, or with a gap for their last word."""
    texts = "\n".join(sorted(words.texts))
    return {topic for topic in topics() if _topic(topic).search(texts)}


def update_kinds_in(words: Said) -> set[str]:
    """Kinds of entities that are a text of their own."""
    return words.texts & set(update_kinds())


@functools.cache
def _topic(topic: str) -> re.Pattern[str]:
    """A pattern for a topic as tests write it; one that ends in `.*` stands for all that begin so."""
    whole = topic.removesuffix(".*")
    parts = whole.split(".")
    words = re.split(r"([.-])", whole)
    written = [re.escape(whole) + (r"(?:\.[a-z*-]+)?" if topic != whole else "")]
    written += [re.escape(".".join(parts[:count]) + ".*") for count in range(2, len(parts))]
    written += [re.escape("".join([*words[:-1], GAP])), re.escape(".".join([*parts[:-1], GAP]))]
    return re.compile(rf"(?<![\w.])(?:{'|'.join(written)})(?![\w.-])")
