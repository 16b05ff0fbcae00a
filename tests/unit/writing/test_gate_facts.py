"""One changed fact at a time, each stopped by the check of its kind; the same fact in other words passes."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from feedsmith.content.base import Matrix
from feedsmith.writing.claims import Source, negations
from feedsmith.writing.gate import Case, judge
from feedsmith.writing.numbers import numbers
from support.writing import WordEmbedder

SOURCE = Source(
    "Brown hits back at Howard\n"
    "Gordon Brown told MPs on Tuesday that Britain's economy grew by 3.12% in 2004. "
    "Michael Howard said the chancellor had failed to cut taxes. "
    'Mr Howard added: "This is a budget of lost chances." '
    "The International Monetary Fund expects growth of two-thirds of that in the third quarter of 2005. "
    "It is unlikely that the Bank of England will raise rates before May. "
    "Germany's exports to France rose by 2,450 tonnes, while imports were not affected. "
    '"We never promised more than 20 hours a week," the Treasury said in March.\n'
    '"It was hard, said one nurse. \n'
    "The National Health Service hired nobody in Wales."
)


def failed(text: str, source: Source = SOURCE) -> set[str]:
    return {check.name for check in judge(Case(text, source, "en", 60)).checks if not check.passed} - {"subject"}


@pytest.mark.parametrize(
    "text",
    [
        "Gordon Brown told MPs that the British economy grew by 3.12% in 2004",
        "Brown told MPs the economy grew by 3.12 per cent",
        "Mr Brown told MPs the economy grew by around 3.1% in 2004",
        "The IMF expects growth of two-thirds of that in the 3rd quarter of 2005",
        "Howard: the chancellor failed to cut taxes",
        "Michael Howard said the chancellor didn't cut taxes",
        '"This is a budget of lost chances", said Michael Howard',
        'Howard added: "This is a budget ... chances."',
        "German exports to France increased by 2,450 tonnes",
        "Imports weren't affected",
        'The "National Health Service" hired nobody in Wales',
        "The National Health Service didn't hire anybody in Wales",
        "It is not only unlikely that the Bank of England will raise rates before May",
        'The Treasury stated: "We never promised more than 20 hours a week"',
    ],
)
def test_the_same_in_other_words_passes(text: str) -> None:
    assert failed(text) == set()


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("Michael Howard told MPs on Tuesday that Britain's economy grew by 3.12%", "names"),
        ("Gordon Brown told MPs that Germany's economy grew by 3.12% in 2004", "names"),
        ("Gordon Howard told MPs that Britain's economy grew by 3.12% in 2004", "names"),
        ("The OECD expects growth of two-thirds of that in the third quarter of 2005", "names"),
        ("Britain's exports to France rose by 2,450 tonnes", "names"),
        ("Gordon Brown told MPs that Britain's economy grew by 3.21% in 2004", "numbers"),
        ("Gordon Brown told MPs that the economy grew by about 3.2% in 2004", "numbers"),
        ("Gordon Brown told MPs that the economy grew by almost 3.1% in 2004", "numbers"),
        ("Germany's exports to France rose by 2,450 miles", "numbers"),
        ("The IMF expects growth of a third of that in the third quarter of 2005", "numbers"),
        ("The IMF expects growth of two-thirds of that in the fourth quarter of 2005", "numbers"),
        ("Gordon Brown told MPs on Monday that Britain's economy grew by 3.12%", "dates"),
        ("Gordon Brown told MPs on Tuesday that Britain's economy grew by 3.12% in 2005", "dates"),
        ("It is unlikely that the Bank of England will raise rates before March", "dates"),
        ('Gordon Brown added: "This is a budget of lost chances."', "quotes"),
        ('Michael Howard said the chancellor had "failed to cut taxes"', "quotes"),
        ('"This is a budget of lost taxes", said Michael Howard', "quotes"),
        ('National "Health Service" Hired Nobody In Wales', "quotes"),
        ("Michael Howard said the chancellor had cut taxes", "negation"),
        ("Gordon Brown denied that Britain's economy grew by 3.12% in 2004", "negation"),
        ("Britain's economy never grew by 3.12% in 2004", "negation"),
        ("Imports were affected", "negation"),
        ("It is likely that the Bank of England will raise rates before May", "polarity"),
        ("Germany's exports to France fell by 2,450 tonnes", "polarity"),
    ],
)
def test_one_changed_fact_is_stopped_by_its_check(text: str, check: str) -> None:
    assert check in failed(text)


def test_the_passive_keeps_who_did_it_to_whom() -> None:
    source = Source("Cup final\nArsenal beat Chelsea on Sunday. Leeds lost to Everton.")
    assert "roles" not in failed("Chelsea were beaten by Arsenal on Sunday", source)
    assert "roles" in failed("Arsenal were beaten by Chelsea on Sunday", source)


def test_the_order_of_a_list_says_nothing() -> None:
    source = Source("Finals\nThe teams of Arsenal and Chelsea meet in Cardiff on Sunday. It will rain.")
    assert "names" not in failed("The teams of Chelsea and Arsenal meet in Cardiff on Sunday", source)


def test_a_pronoun_may_be_put_into_words_but_not_a_name_into_another() -> None:
    source = Source("Budget\nGordon Brown spoke for an hour. He praised the plans of Michael Howard for London.")
    assert "names" not in failed("Gordon Brown praised the plans of Michael Howard", source)
    assert "names" in failed("He praised the plans of Gordon Brown for London", source)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("He did not win the cup", [("not", ("win", "cup"))]),
        ("They can't, he says", [("cant", ())]),
        ("The firm no longer sells boats", [("no", ("sell", "boat"))]),
        ("Not only boats", []),
    ],
)
def test_denials_and_what_they_govern(text: str, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [(negation.cue, negation.scope) for negation in negations(text)] == [
        (cue, tuple(scope)) for cue, scope in found
    ]


@pytest.mark.parametrize(
    ("text", "value", "unit", "measure"),
    [
        ("a third", "0.3333", "", ""),
        ("half of the", "0.5", "", ""),
        ("twenty-first", "21", "th", ""),
        ("21st", "21", "th", ""),
        ("22-year-old", "22", "", "year"),
        ("20 hours", "20", "", "hour"),
        ("三分之一", "0.3333", "", ""),
        ("一小时", "1", "", "hour"),
        ("3倍", "3", "", "times"),
    ],
)
def test_fractions_ordinals_and_measures(text: str, value: str, unit: str, measure: str) -> None:
    (number,) = numbers(text)
    assert (number.value, number.unit, number.measure) == (Decimal(value), unit, measure)


def test_one_is_a_number_only_where_another_stood() -> None:
    assert numbers("one of them") == []
    assert [number.value for number in numbers("one of them", one=True)] == [1]


class Thesaurus(WordEmbedder):
    """Words of one group have one vector."""

    def __init__(self, *groups: str) -> None:
        super().__init__(*groups)
        self.groups = [group.split() for group in groups]

    def passages(self, texts: object) -> Matrix:
        rows = []
        for text in texts:  # type: ignore[attr-defined]
            row = [float(text in group) for group in self.groups]
            rows.append([*row, float(not any(row)) * (1.0 + len(text))] if any(row) else [*row, 1.0])
        matrix = np.array(rows, dtype=np.float32)
        unit: Matrix = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
        return unit


def test_meaning_tells_a_synonym_from_an_invention() -> None:
    source = Source("Flood\nThe swollen river swamped the village of Ely. Rain goes on.")
    embedder = Thesaurus("inundated swamped", "river", "village", "swollen", "ely")
    for text, passes in (("The swollen river inundated the village", True), ("The swollen river bypassed Ely", False)):
        case = Case(text, source, "en", 60, embedder=lambda: embedder)
        (claims,) = [check for check in judge(case).checks if check.name == "claims"]
        assert claims.passed is passes, claims.detail
