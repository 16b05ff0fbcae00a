from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedsmith.content.gibberish import is_gibberish, likelihood
from feedsmith.content.quality import ENORMOUS_CHARACTERS, quality_flags, why_not_write
from feedsmith.content.sentiment import english_words
from feedsmith.models import Item, Understanding

PROSE = "The central bank raised interest rates on Thursday, and shares of the big lenders fell in early trading."
CHINESE = "中国央行周四宣布降息，以刺激消费和投资，市场反应积极。"


def flags(title: str = "Rates rise again", body: str = PROSE, **fields: Any) -> tuple[str, ...]:
    return quality_flags(Item(id="a", domain="news", title=title, body=body, **fields), ("en", "zh"))


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Rates rise again", PROSE),
        ("央行降息", CHINESE),
        ("Apple iPhone 15 Pro 256 GB", "Titanium, A17 chip, USB-C. Limited-time offer!"),
        ("<b>Rates</b> rise again", f"<p>{PROSE}</p>"),
        ("NASA and ESA sign deal", "The agencies will share data from www.nasa.gov and esa.int for ten years."),
        ("Naïve café “quoted”", "It’s fine — Größe, 25 °C, £5, ½ litre, and a crème brûlée for everyone at the table."),
        ("Ho ho ho", "Santa says ho ho ho to the children of the village, who sing and dance around the tree."),
        ("Rates rise again", ""),
    ],
)
def test_good_items_have_no_flag(title: str, body: str) -> None:
    assert flags(title, body) == ()


@pytest.mark.parametrize(
    ("title", "body", "expected"),
    [
        ("***", "...", ("empty",)),
        ("\u200b!", "", ("empty",)),
        ("<p></p>", "<script>x()</script>", ("markup_only",)),
        ("Rates rise again", "<div hidden>secret words</div>", ("markup_only",)),
        ("Sale", "", ("too_short",)),
        ("新课", "", ("too_short",)),
        ("It wasnâ€™t true", "The cafÃ© owner told the court that he hadnâ€™t paid anybody.", ("mojibake",)),
        ("Caf\ufffd owner", "He told the court that he had not paid anybody at all.", ("mojibake",)),
        ("锟斤拷锟斤拷", "锟斤拷", ("mojibake",)),
        ("Good news", "asdkjh qwpeoi zmxnb lkjsdf oiwuer xcmvn qpwoe zxnmc", ("gibberish",)),
        ("屉踞蝠怏亓靛隼匝", "胱畀耦孬饕砬罹辔赉筘蚋魉鼷刭噙缣", ("gibberish",)),
        ("sale sale sale", "sale sale sale sale sale", ("repetitive",)),
        ("Look at this", "a" * 40, ("repetitive",)),
        ("Look at this", PROSE * 12, ("repetitive",)),
        (
            "Neues Gesetz",
            "Die Bundesregierung hat am Mittwoch in Berlin ein Gesetz beschlossen.",
            ("foreign_language",),
        ),
        ("Zarząd ogłosił wyniki", "Przewodniczący spółki zapowiedział kolejne inwestycje.", ("foreign_language",)),
        ("Aturan baru", "Pemerintah umumkan aturan baru pensiun bagi seluruh warga negara.", ()),  # no known language
        ("Новый закон", "Правительство приняло новый закон о пенсиях для всех граждан.", ("foreign_language",)),
        ("CHEAP WATCHES", "BUY NOW!!!! CLICK HERE www.a.top http://b.xyz/c", ("spam",)),
        ("赚钱机会来了", "加微信日赚五百！！！！点击链接", ("spam",)),
    ],
)
def test_bad_items_say_why(title: str, body: str, expected: tuple[str, ...]) -> None:
    assert flags(title, body) == expected


def test_a_text_in_utf8_that_was_read_as_gbk_is_broken() -> None:
    broken = "中国人民银行宣布降息两次".encode().decode("gb18030", "ignore")
    assert flags(broken, "") == ("mojibake",)


def test_an_enormous_body_is_flagged_from_the_first_character_too_many() -> None:
    vocabulary = english_words()[::20]
    words = " ".join(random.Random(1).choices(vocabulary, k=9_000))
    assert len(words) > ENORMOUS_CHARACTERS
    assert flags(body=words[:ENORMOUS_CHARACTERS]) == ()
    assert flags(body=words[: ENORMOUS_CHARACTERS + 1]) == ("enormous",)


def test_the_owners_word_for_the_language_counts_and_a_domain_may_have_others() -> None:
    german = Item(id="a", domain="news", title="Neues Gesetz beschlossen heute", language="de")
    assert quality_flags(german, ("en", "zh")) == ("foreign_language",)
    assert quality_flags(german, ("de",)) == ()


def test_a_short_title_in_no_sure_language_is_not_foreign() -> None:
    assert flags("Jones files Conte lawsuit", "") == ()


def test_why_not_write_names_all_reasons() -> None:
    assert why_not_write(Understanding(language="en")) is None
    assert why_not_write(Understanding(language="en", quality=("too_short", "spam"))) == "quality: too_short, spam"


def test_english_is_likelier_than_mashing() -> None:
    assert likelihood(["interest", "rates"]) > -4 > likelihood(["xqzvw", "kjhgf"])


@pytest.mark.parametrize(
    "text",
    ["", "Xbox XPS Zyxel", "Rząd ogłosił nową reformę podatków", "Regierung beschließt neues Rentengesetz", CHINESE],
)
def test_no_gibberish(text: str) -> None:
    assert not is_gibberish(text)


@settings(print_blob=True, max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=80).filter(str.strip), st.text(max_size=200))
def test_any_text_gets_flags_and_each_once(title: str, body: str) -> None:
    found = flags(title, body)
    assert len(found) == len(set(found))
