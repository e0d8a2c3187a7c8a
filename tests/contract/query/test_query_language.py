"""What the query language finds: real client, real sockets, against an oracle in plain Python.

Source: protocol reference 3.
"""

import itertools

import pytest

from contract.query.cases import BY_ID, CASES, CRITERIA


def test_every_case_has_its_own_name():
    assert len(BY_ID) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_an_expression_finds_what_it_says(case, studio, ask, key_of):
    found = [key_of(entity) for entity in ask(case.text(studio))]
    wanted = [row.identity for row in case.answer(studio)]
    assert bool(wanted) != case.empty or case.id == "offset_beyond_the_end"
    if case.sorted:
        assert found == wanted
    else:
        assert len(found) == len(set(found))
        assert set(found) == set(wanted)


@pytest.mark.parametrize("entity_type", CRITERIA)
def test_two_criteria_together_find_what_each_finds_put_together(entity_type, studio, ask_plainly):
    every = {row.identity for row in studio.all(entity_type)}
    found = {case.id: {row.identity for row in case.answer(studio)} for _, case in CRITERIA[entity_type]}
    wanted = {}
    for number, pair in enumerate(itertools.pairwise(CRITERIA[entity_type])):
        (first, one), (second, other) = pair
        a, b = found[one.id], found[other.id]
        criterion, identities = (
            (f"({first}) and not ({second})", a - b),
            (f"not ({first}) or {second}", (every - a) | b),
            (f"not (not ({first}) and not ({second}))", a | b),
            (f"({second}) and id in (select id from {entity_type} where {first})", a & b),
        )[number % 4]
        wanted[f"select id from {entity_type} where {criterion}"] = identities
    for expression, rows in zip(wanted, ask_plainly(*wanted), strict=True):
        assert {row["id"] for row in rows} == wanted[expression], expression
