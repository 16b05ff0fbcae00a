from __future__ import annotations

import pytest

from feedsmith.content.language import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The prime minister defended the policy before the election and the opposition criticised it.", "en"),
        ("Le gouvernement a annoncé une nouvelle réforme des retraites, que les syndicats refusent.", "fr"),
        ("Die Regierung hat am Dienstag ein neues Gesetz beschlossen, das im Sommer in Kraft tritt.", "de"),
        ("央行宣布降息以刺激消费和投资。", "zh"),
        ("新闻", "zh"),
        ("東京オリンピックのニュース", "ja"),
        ("カメラ", "ja"),
        ("한국 경제", "ko"),
        ("Новости", "ru"),
        ("أخبار", "ar"),
        # Too short and too unsure to say: these were taken for French.
        ("Tories unveil quango blitz plans", None),
        ("Jones files Conte lawsuit", None),
        ("", None),
        ("12:30 – 14:00 !!!", None),
    ],
)
def test_detects(text: str, language: str | None) -> None:
    assert detect_language(text) == language


def test_reads_the_beginning_only() -> None:
    assert detect_language("Nachrichten aus Deutschland über die Wahlen im Bundestag. " * 20 + "新闻" * 5_000) == "de"
