from __future__ import annotations

import pytest
from pydantic import ValidationError

from feedsmith.languages import language_code
from feedsmith.models import Item, TextRequest


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("en", "en"),
        ("eng", "en"),
        ("zh-CN", "zh"),
        ("zh_Hant_TW", "zh"),
        ("chi", "zh"),
        ("cmn", "zh"),
        ("EN-us", "en"),
        (" de ", "de"),
        ("ger", "de"),
        ("haw", "haw"),
        ("und", None),
        ("mul", None),
        ("", None),
    ],
)
def test_the_tags_that_people_write(tag: str, code: str | None) -> None:
    assert language_code(tag) == code


@pytest.mark.parametrize("tag", ["english", "x", "12", "zh CN!", "qqqq-", "xx-YY-ZZ-1"])
def test_what_is_no_tag_is_refused_with_the_remedy(tag: str) -> None:
    with pytest.raises(ValueError, match="ISO 639"):
        language_code(tag)


def test_an_item_keeps_the_code_and_is_the_same_however_its_language_is_spelled() -> None:
    items = [Item(id="a", domain="news", title="T", language=tag) for tag in ("zh", "zh-CN", "zho")]
    assert {item.language for item in items} == {"zh"}
    assert len({item.content_hash for item in items}) == 1


def test_an_item_of_undetermined_language_is_taken_without_one() -> None:
    assert Item(id="a", domain="news", title="T", language="und").language is None


def test_a_request_takes_a_browsers_tag() -> None:
    assert TextRequest(kind="headline", item_id="a", language="zh-CN").language == "zh"


@pytest.mark.parametrize("language", ["english", 7, "und "])
def test_a_wrong_language_of_a_request_is_named(language: object) -> None:
    with pytest.raises(ValidationError, match="language"):
        TextRequest.model_validate({"kind": "headline", "item_id": "a", "language": language})
