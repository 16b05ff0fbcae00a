"""Chinese texts with one thing turned false, as :mod:`feedsmith_training.writing.corruptions` makes English ones."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from feedsmith_training.writing.articles import Article, Sample
from feedsmith_training.writing.faithful import samples, usable

KINDS = {
    "name": ("name",),
    "number": ("value", "magnitude", "unit"),
    "date": ("weekday", "relative date"),
    "negation": ("added", "denied", "removed"),
    "quote": ("invented", "around own words"),
}
"""Ways to corrupt a text, by the kind that they are reported under."""

_PERSON = re.compile(
    r"(?<=门将|泳将|后卫|选手)[\u4e00-\u9fff]{2}(?=[扑以得])|王若彤|周雪|李岩|陈浩|赵磊|江城|海宁|北山|南港"
)
_STRANGERS = ("张建国", "刘志强", "孙丽华", "广州", "成都", "武汉", "马晓东", "哈尔滨")
_DIGIT = re.compile(r"(?<![第星期周])[二三四五六七八九](?=[十百千万亿点个名家年周月次分成秒倍块台部]|$)")
_WEEKDAY = re.compile(r"(?<=周)[一二三四五六日](?!年)")
_RELATIVE = {
    "上月": "下月", "今年": "去年", "明年": "今年", "去年": "前年", "上周": "上月", "上季度": "去年",
    "年底": "年初", "后年": "明年",
}  # fmt: skip
_ADD = {
    "将": "将不会", "已经": "尚未", "显示": "未显示", "获得": "没有获得", "增加": "没有增加", "可以": "不可以",
    "上涨": "没有上涨", "支持": "不支持", "发布": "没有发布", "需要": "不需要", "关闭": "没有关闭", "结束": "没有结束",
    "打破": "没有打破",
}  # fmt: skip
_DENIED = {"宣布": "否认", "表示": "否认", "承认": "否认", "称": "否认", "说，": "否认，"}
_REMOVED = {"没有": "", "尚未": "已经", "未": "", "无法": "可以"}
_INVENTED = ("我们从未想过会这样", "这是最好的一天", "公众应该知道真相", "明年一切都会改变", "我对此感到非常失望")


def corrupted(articles: Sequence[Article], way: str, n: int, seed: int) -> list[Sample]:
    """Up to ``n`` different texts corrupted one way, of all sentences and paraphrases of the articles in turn."""
    rng = random.Random(f"{seed} {way}")  # noqa: S311  a benchmark needs no cryptographic dice
    made: dict[str, Sample] = {}
    for _ in range(3):
        for article in rng.sample(articles, len(articles)):
            for text in dict.fromkeys([*usable(article), *(s.text for s in samples(article, rng))]):
                turned = _WAYS[way](text, article, rng)
                if turned and turned != text and turned not in article.source and len(made) < n:
                    made.setdefault(turned, Sample(way, turned, article, text))
    return list(made.values())


def _exchanged(text: str, words: dict[str, str], rng: random.Random) -> str:
    there = [word for word in words if word in text]
    return text.replace((word := rng.choice(there)), words[word], 1) if there else ""


def _name(text: str, article: Article, rng: random.Random) -> str:
    found = list(_PERSON.finditer(text))
    if not found:
        return ""
    place = rng.choice(found)
    fitting = [s for s in _STRANGERS if s not in article.source]
    return text[: place.start()] + rng.choice(fitting) + text[place.end() :]


def _value(text: str, article: Article, rng: random.Random) -> str:
    found = list(_DIGIT.finditer(text))
    if not found:
        return ""
    place = rng.choice(found)
    others = [d for d in "二三四五六七八九" if d != place.group()]
    return text[: place.start()] + rng.choice(others) + text[place.end() :]


def _magnitude(text: str, _: Article, rng: random.Random) -> str:
    return _exchanged(text, {"万": "亿", "亿": "万", "百": "千", "千": "万"}, rng)


def _unit(text: str, _: Article, rng: random.Random) -> str:
    changed = re.sub(r"百分之([一二三四五六七八九十]+)(?!点)", r"\1倍", text, count=1)
    return changed if changed != text else _exchanged(text, {"元": "美元", "公里": "米", "小时": "分钟"}, rng)


def _weekday(text: str, article: Article, rng: random.Random) -> str:
    found = list(_WEEKDAY.finditer(text))
    if not found:
        return ""
    place = rng.choice(found)
    others = [d for d in "一二三四五六日" if f"周{d}" not in article.source]
    return text[: place.start()] + rng.choice(others) + text[place.end() :]


def _around(text: str, _: Article, rng: random.Random) -> str:
    if len(text) < 12 or "“" in text:
        return ""
    start = rng.randrange(1, len(text) - 8)
    return f"{text[:start]}“{text[start : start + 6]}”{text[start + 6 :]}"


def _invented(text: str, _: Article, rng: random.Random) -> str:
    return f"{text.rstrip('。')}。负责人说：“{rng.choice(_INVENTED)}。”"


_WAYS: dict[str, Callable[[str, Article, random.Random], str]] = {
    "name": _name, "value": _value, "magnitude": _magnitude, "unit": _unit, "weekday": _weekday,
    "relative date": lambda text, _, rng: _exchanged(text, _RELATIVE, rng),
    "added": lambda text, _, rng: _exchanged(text, _ADD, rng),
    "denied": lambda text, _, rng: _exchanged(text, _DENIED, rng),
    "removed": lambda text, _, rng: _exchanged(text, _REMOVED, rng),
    "invented": _invented, "around own words": _around,
}  # fmt: skip
