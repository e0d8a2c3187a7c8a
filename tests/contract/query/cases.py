"""All cases in one table, and those of them that can be joined to each other."""

from contract.query import case_attribute, case_context, case_relation, case_row, case_syntax
from contract.query.case import Case

CASES = [
    *case_syntax.OPERATORS,
    *case_syntax.VALUES,
    *case_syntax.DATES,
    *case_syntax.LOGIC,
    *case_relation.PATHS,
    *case_relation.ANY_HAS,
    *case_relation.TYPES_OF_ROWS,
    *case_context.RELATED,
    *case_attribute.CUSTOM_ATTRIBUTES,
    *case_row.SUBQUERIES,
    *case_row.PRIVATE,
    *case_row.ORDER,
]
BY_ID = {case.id: case for case in CASES}


def _criteria() -> dict[str, list[tuple[str, Case]]]:
    """Return the criteria that another one can be joined to, by entity type; only types with an `id`."""
    found: dict[str, list[tuple[str, Case]]] = {}
    for case in CASES:
        if not isinstance(case.expression, str) or case.sorted:
            continue
        entity_type, _, criterion = case.expression.partition(" where ")
        if criterion and entity_type.isalpha() and entity_type not in ("Metadata", "CustomAttributeValue"):
            found.setdefault(entity_type, []).append((criterion, case))
    return {entity_type: cases for entity_type, cases in found.items() if len(cases) > 1}


#: Entity type -> (criterion, its case).
CRITERIA = _criteria()
