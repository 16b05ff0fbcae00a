from __future__ import annotations

import pytest

from feedsmith.content.keywords import LIMIT, extract_keywords
from feedsmith.content.sentiment import score_sentiment

ENGLISH = (
    "Interest rates rise again. The central bank raised interest rates on Thursday. Interest rates are now at their "
    "highest for ten years, and the central bank may raise interest rates once more."
)


def test_english_keywords_name_what_the_text_repeats() -> None:
    found = [keyword.lower() for keyword in extract_keywords(ENGLISH, "en")]
    assert {"interest rates", "central bank"} <= set(found)
    assert len(found) <= LIMIT


def test_no_keyword_is_part_of_a_better_one() -> None:
    found = [set(keyword.lower().split()) for keyword in extract_keywords(ENGLISH, "en")]
    assert not any(later <= earlier for i, later in enumerate(found) for earlier in found[:i])


def test_chinese_keywords_are_words_and_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    found = extract_keywords("中国央行宣布降息。降息旨在刺激消费和投资，央行行长表示。", "zh")
    assert {"央行", "降息"} <= set(found)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize("language", ["de", "cs", "el", "uk"])
def test_languages_with_spaces_have_keywords(language: str) -> None:
    assert extract_keywords("Bundestag Wahlkampf beginnt. Der Bundestag debattiert den Wahlkampf.", language)


@pytest.mark.parametrize("language", ["ja", "th", None])
def test_no_keywords_without_word_boundaries(language: str | None) -> None:
    assert extract_keywords("東京オリンピックのニュース", language) == ()


@pytest.mark.parametrize("text", ["", " ", "!!!", "the", "x" * 50_000, "a\x00b"])
def test_poor_texts_are_no_error(text: str) -> None:
    assert len(extract_keywords(text, "en")) <= 1


def test_sentiment_has_the_sign_of_the_words() -> None:
    good, bad = "A wonderful, brilliant success.", "A terrible, horrible disaster."
    assert score_sentiment(good, "en") == pytest.approx(0.9, abs=0.1)
    assert score_sentiment(bad, "en") == pytest.approx(-0.9, abs=0.1)
    assert score_sentiment("", "en") == 0.0


@pytest.mark.parametrize(
    ("text", "sentiment"),
    [
        # One word of feeling counts 2, and 2 / sqrt(2 * 2 + 15) = .459; a strong one 3: 3 / sqrt(24) = .612.
        ("这本书很有趣", 0.459),
        ("爱不释手", 0.612),
        ("非常有趣", 0.612),  # 1.5 * 2
        ("有点无聊", -0.25),  # -0.5 * 2 = -1; -1 / sqrt(16)
        ("不喜欢", -0.357),  # -.74 * 2 = -1.48; -1.48 / sqrt(17.19)
        ("不仅满意", 0.459),  # begins like a negation
        ("不，满意", 0.459),  # a comma between
        ("央行公布数据", 0.0),
        ("", 0.0),
    ],
)
def test_chinese_sentiment_with_degrees_and_negations(text: str, sentiment: float) -> None:
    assert score_sentiment(text, "zh") == pytest.approx(sentiment, abs=0.001)


def test_nouns_of_news_and_shops_are_no_feelings() -> None:
    assert score_sentiment("Interest in shares of United Securities", "en") == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("language", ["ja", "de", None])
def test_no_sentiment_without_a_lexicon(language: str | None) -> None:
    assert score_sentiment("wonderful", language) is None
