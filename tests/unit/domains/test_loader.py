from __future__ import annotations

from pathlib import Path

import pytest

from feedsmith.domains import load_domains
from feedsmith.domains.loader import LocalText, read_domain
from feedsmith.errors import ConfigurationError, NotFound

NEWS = (Path(load_domains.__wrapped__.__code__.co_filename).parent / "news.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "value", "weight"),
    [
        ("click", None, 1.0),
        ("like", 123.0, 3.0),  # a value says nothing for a like
        ("dislike", None, -3.0),
        ("purchase", None, 0.0),  # not an event of this domain
        ("rate", 5.0, 3.0),
        ("rate", 2.5, 0.0),
        ("rate", 0.0, -3.0),
        ("rate", 4.0, 1.8),  # 3 * (4 - 2.5) / 2.5
        ("rate", 99.0, 3.0),
        ("rate", None, 3.0),
    ],
)
def test_news_weighs_events(kind: str, value: float | None, weight: float) -> None:
    assert load_domains()["news"].weight(kind, value) == pytest.approx(weight)  # type: ignore[arg-type]


def test_a_share_watched_scales_the_weight() -> None:
    films = load_domains()["entertainment"]
    full = films.event_weights["watch"]

    assert films.weight("watch", 0.5) == pytest.approx(full / 2)
    assert films.weight("watch", 7.0) == pytest.approx(full)


def test_all_seven_domains_are_there_and_another_is_named_as_missing() -> None:
    domains = load_domains()

    assert sorted(domains) == ["commerce", "education", "entertainment", "finance", "health", "news", "travel"]
    with pytest.raises(NotFound, match=r"no domain .sport..*news"):
        domains["sport"]


def test_a_text_without_translation_is_english() -> None:
    text = LocalText(en="News", zh="新闻")

    assert [text.get(language) for language in ("zh", "en", "fr", None)] == ["新闻", "News", "News", "News"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("click = 1.0", "impression = 1.0"), "being shown an item"),
        (("click = 1.0", "gaze = 1.0"), "event_weights.gaze"),
        (("mmr = 0.85", "mmr = 1.85"), "reranking.mmr"),
        (("mmr = 0.85", "mmr = "), "is not TOML"),
        (("[event_weights]", "colour = 1\n[event_weights]"), "colour"),
    ],
)
def test_a_wrong_domain_file_is_refused_by_file_and_field(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    file = tmp_path / "odd.toml"
    file.write_text(NEWS.replace(*change, 1), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"odd\.toml") as error:
        read_domain(file)
    assert says in str(error.value)
