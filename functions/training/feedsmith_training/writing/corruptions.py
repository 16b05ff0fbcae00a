"""Texts with one thing turned false, made from faithful ones. Deterministic by the seed of the generator.

Nothing of the gate is used to make them: names, numbers and dates are found by this module's own expressions.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feedsmith_training.writing.articles import MONTHS, Article, Sample
from feedsmith_training.writing.faithful import samples, usable

KINDS = {
    "name": ("name of another article", "name of the same article", "names exchanged"),
    "number": ("value", "magnitude", "unit", "number word", "number of the same article"),
    "date": ("weekday", "month", "year", "day"),
    "negation": ("not added", "never added", "denied", "removed"),
    "quote": ("invented", "around own words", "changed", "another speaker"),
    "claim": ("word of another article", "clause of another article"),
}
"""Ways to corrupt a text, by the kind that they are reported under."""

_CAP = r"[A-Z][a-z]+(?:[-'][A-Z]?[a-z]+)?"
_NAME = re.compile(
    rf"(?<![\w.\"'-])(?:{_CAP}(?: {_CAP})+|(?<=[a-z,] ){_CAP}|(?<=[a-z,] )[A-Z]{{2,5}})(?![\w'-]| [A-Z])"
)
_WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_CALENDAR = frozenset(
    [*_WEEKDAYS, *MONTHS, "Mr", "Mrs", "Ms", "Dr", "Sir", "Lord", "The", "But", "And", "In", "It", "I"]
)
_DAY = re.compile(rf"(?<![\w.,])\d{{1,2}}(?= (?:{'|'.join(MONTHS)})\b)")
_YEAR = re.compile(r"(?<![\w.,£$€-])(?:19|20)\d\d(?![\w%]|[.,]\d)")
_NUMBER = re.compile(
    r"(?<![\w.,-])(?P<sign>[$£€]?)(?P<digits>\d+(?:[.,]\d+)*)(?P<unit>(?:%|bn|m| per cent| million| billion)?)(?![\w%])"
)
_WORDS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "twenty",
    "thirty",
    "forty",
    "fifty",
]
_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(_WORDS)})(?![\w-])", re.IGNORECASE)
_AUXILIARY = re.compile(r"(?<=[a-z] )(?:is|are|was|were|has|have|had|will|would|could|should|can|may|must)(?= [a-z])")
_NEGATED = re.compile(
    r"\b(is|are|was|were|has|have|had|will|would|could|should|can|did|does|do)(?: not\b|n't\b)"
    r"| (?:never|no longer)(?= )|\bcannot\b"
)
_PAST = re.compile(r"(?<=[a-z] )(?P<verb>[a-z]{3,}ed)(?= (?:the|a|an|to|in|on|its|his|her|by|from|for|that)\b)")
_SAID = re.compile(r"\b(?:said|claimed|confirmed|announced|admitted)(?= (?:it|he|she|they|the|that|there)\b)")
_PLAIN_WORD = re.compile(r"(?<=[a-z] )[a-z]{5,12}(?=[ .,])")
_LAST_CLAUSE = re.compile(r"(?<=[a-z] )(?:after|because|while|as) [a-z][a-z ]{25,70}(?=[.])")
_QUOTE = re.compile(r"\"([^\"]{15,})\"")
_SPEAKER = re.compile(
    rf"(?:said|says|added|told) (?P<after>{_CAP}(?: {_CAP})*)|(?P<before>{_CAP}(?: {_CAP})*) (?:said|says|added)\b"
)
_INVENTED = (
    "We never expected this to happen", "It is a disgrace and people will pay for it", "This is my best day",
    "Nobody told us anything about it", "There is no plan and there never was", "We will look at every option again",
    "I could hardly believe my eyes", "The public deserves better than this", "It was the only sensible choice",
)  # fmt: skip
_REPLACED = {"good": "bad", "best": "worst", "very": "hardly", "more": "less", "great": "poor", "always": "seldom",
             "new": "old", "all": "few", "will": "might", "think": "doubt", "first": "second"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Maker:
    """Corrupts texts; ``names``, ``words`` and ``clauses`` are those of all articles."""

    names: Sequence[str]
    words: Sequence[str]
    clauses: Sequence[str]
    rng: random.Random

    def corrupt(self, way: str, text: str, article: Article) -> str:
        """The text with one thing corrupted, or nothing where this way does not apply."""
        return _WAYS[way](self, text, article)

    def pick(self, found: Sequence[re.Match[str]]) -> re.Match[str] | None:
        return self.rng.choice(found) if found else None


def found_names(text: str) -> list[re.Match[str]]:
    """Runs of capitalised words that name something, without those that open a sentence alone."""
    return [m for m in _NAME.finditer(text) if not _CALENDAR & set(m.group().replace("'s", "").split())]


def corrupted(articles: Sequence[Article], way: str, n: int, seed: int) -> list[Sample]:
    """Up to ``n`` texts corrupted one way: of whole sentences and of paraphrases in turn, one of an article each round.

    Articles are gone through until there are enough, at most four times over.
    """
    rng = random.Random(f"{seed} {way}")  # noqa: S311  a benchmark needs no cryptographic dice
    pool = sorted({m.group() for a in articles for m in found_names(a.body) if _proper(m.group(), a)})
    words = sorted({m.group() for a in articles for m in _PLAIN_WORD.finditer(a.body)})
    clauses = sorted({m.group() for a in articles for m in _LAST_CLAUSE.finditer(a.body)})
    maker = Maker(pool, words, clauses, rng)
    made: dict[str, Sample] = {}
    for round_ in range(4):
        for article in rng.sample(articles, len(articles)):
            if len(made) == n:
                return list(made.values())
            faithful = samples(article, rng)
            texts = [s.text for s in faithful if (s.kind in ("title", "lead", "extract")) == (round_ % 2 == 0)]
            texts += usable(article) if round_ else []
            rng.shuffle(texts)
            for text in texts:
                turned = maker.corrupt(way, text, article)
                if turned and turned != text and turned not in article.source:
                    made.setdefault(turned, Sample(way, turned, article, text))
                    break
    return list(made.values())


def _proper(name: str, article: Article) -> bool:
    """Whether no word of a name stands in lower case in its article, as it would if it named nothing."""
    return not any(re.search(rf"\b{re.escape(word.lower())}", article.source) for word in name.split())


def _put(text: str, found: re.Match[str], instead: str) -> str:
    return text[: found.start()] + instead + text[found.end() :]


def _foreign_name(maker: Maker, text: str, article: Article) -> str:
    found = maker.pick(found_names(text))
    if found is None:
        return ""
    strangers = (maker.rng.choice(maker.names) for _ in range(20))
    fitting = (s for s in strangers if not any(word in article.source for word in s.split()))
    instead = next((s for s in fitting if len(s.split()) == len(found.group().split())), "")
    return _put(text, found, instead) if instead else ""


def _own_name(maker: Maker, text: str, article: Article) -> str:
    found = maker.pick(found_names(text))
    if found is None:
        return ""
    taken = set(text.split()) | set(found.group().split())
    others = {m.group().removesuffix("'s") for m in found_names(article.body) if _proper(m.group(), article)}
    fitting = sorted(o for o in others if not taken & set(o.split()) and o not in text)
    return _put(text, found, maker.rng.choice(fitting)) if fitting else ""


def _exchanged(maker: Maker, text: str, _: Article) -> str:
    names = found_names(text)
    pairs = [
        (a, b) for a, b in itertools.pairwise(names)
        if not set(a.group().split()) & set(b.group().split())
        and re.search(r" (?:beat|defeated|told|sued|bought|joined|replaced|over|against|from|by|for|at) ",
                      text[a.end() : b.start()]) and "," not in text[a.end() : b.start()]
    ]  # fmt: skip
    if not pairs:
        return ""
    a, b = maker.rng.choice(pairs)
    return text[: a.start()] + b.group() + text[a.end() : b.start()] + a.group() + text[b.end() :]


def _value(maker: Maker, text: str, article: Article) -> str:
    found = maker.pick([m for m in _NUMBER.finditer(text) if not _YEAR.fullmatch(m.group())])
    if found is None:
        return ""
    digits = found["digits"]
    place = maker.rng.choice([i for i, c in enumerate(digits) if c.isdigit()])
    other = maker.rng.choice([c for c in "123456789" if c != digits[place]])
    changed = digits[:place] + other + digits[place + 1 :]
    return "" if changed in article.source else _put(text, found, found["sign"] + changed + found["unit"])


def _magnitude(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick([m for m in _NUMBER.finditer(text) if not _YEAR.fullmatch(m.group())])
    if found is None:
        return ""
    turns = {"bn": "m", "m": "bn", " million": " billion", " billion": " million"}
    unit, digits = found["unit"], found["digits"]
    if unit in turns:
        return _put(text, found, found["sign"] + digits + turns[unit])
    if "." in digits or "," in digits:
        return ""
    return _put(text, found, found["sign"] + digits + "0" + unit)


def _unit(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick([m for m in _NUMBER.finditer(text) if m["sign"] or m["unit"] in ("%", " per cent")])
    if found is None:
        return ""
    if found["sign"]:
        sign = maker.rng.choice([s for s in "$£€" if s != found["sign"]])
        return _put(text, found, sign + found["digits"] + found["unit"])
    return _put(text, found, maker.rng.choice(["$", "£"]) + found["digits"] + "m")


def _number_word(maker: Maker, text: str, article: Article) -> str:
    found = maker.pick(list(_WORD.finditer(text)))
    if found is None:
        return ""
    others = [w for w in _WORDS if w != found.group().lower() and not re.search(rf"\b{w}\b", article.source, re.I)]
    return _put(text, found, maker.rng.choice(others)) if others else ""


def _own_number(maker: Maker, text: str, article: Article) -> str:
    found = maker.pick([m for m in _NUMBER.finditer(text) if not _YEAR.fullmatch(m.group())])
    if found is None:
        return ""
    here = (found["sign"], found["unit"])
    others = sorted({m.group() for m in _NUMBER.finditer(article.body) if (m["sign"], m["unit"]) == here})
    fitting = [o for o in others if o not in text and not _YEAR.fullmatch(o)]
    return _put(text, found, maker.rng.choice(fitting)) if fitting else ""


def _from_list(words: Sequence[str]) -> Callable[[Maker, str, Article], str]:
    def turn(maker: Maker, text: str, article: Article) -> str:
        places = list(re.finditer(rf"\b(?:{'|'.join(words)})\b", text))
        found = maker.pick(
            [m for m in places if m.group() != "May" or re.search(r"(?:in|of|on|\d) $", text[: m.start()])]
        )
        if found is None:
            return ""
        # Every other time one that the article has too, where it has one.
        others = [w for w in words if w != found.group() and w not in text]
        known = [w for w in others if w in article.source]
        return _put(text, found, maker.rng.choice(known if known and maker.rng.random() < 0.5 else others))

    return turn


def _year(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick(list(_YEAR.finditer(text)))
    if found is None:
        return ""
    return _put(text, found, str(int(found.group()) + maker.rng.choice([-10, -3, -2, -1, 1, 2, 3, 10])))


def _day(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick(list(_DAY.finditer(text)))
    if found is None:
        return ""
    return _put(text, found, str(maker.rng.choice([day for day in range(1, 29) if str(day) != found.group()])))


def _not_added(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick([m for m in _AUXILIARY.finditer(text) if not re.match(r" (?:not|no|never)\b", text[m.end() :])])
    if found is not None:
        short = {"will": "won't", "can": "can't", "may": "may not", "must": "must not"}
        turned = [f"{found.group()} not", short.get(found.group(), found.group() + "n't")]
        return _put(text, found, maker.rng.choice(turned))
    past = maker.pick(list(_PAST.finditer(text)))
    if past is None:
        return ""
    return _put(text, past, f"did not {re.sub('i$', 'y', past['verb'][:-2])}")


def _never(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick(list(_AUXILIARY.finditer(text)))
    return _put(text, found, found.group() + maker.rng.choice([" never", " no longer"])) if found else ""


def _denied(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick(list(_SAID.finditer(text)))
    return _put(text, found, "denied") if found else ""


def _removed(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick(list(_NEGATED.finditer(text)))
    if found is None:
        return ""
    return _put(text, found, {"cannot": "can"}.get(found.group(), found[1] or ""))


def _invented(maker: Maker, text: str, _: Article) -> str:
    names = [m.group() for m in found_names(text)]
    if '"' in text:
        return ""
    who = maker.rng.choice(names) if names else "a spokesman"
    quote = maker.rng.choice(_INVENTED)
    mark = maker.rng.choice(['"{}"', "“{}”", "'{}'"]).format(quote)
    return f"{text} {who[0].upper() + who[1:]} said: {mark}."


def _around(maker: Maker, text: str, _: Article) -> str:
    words = text.rstrip(".").split()
    if '"' in text or len(words) < 8:
        return ""
    start = maker.rng.randrange(1, len(words) - 5)
    inside = " ".join(words[start : start + 5]).rstrip(",;")
    return " ".join([*words[:start], f'"{inside}"', *words[start + 5 :]])


def _changed(maker: Maker, text: str, _: Article) -> str:
    found = maker.pick([m for m in _QUOTE.finditer(text) if text[: m.start()].count('"') % 2 == 0])
    if found is None:
        return ""
    places = [m for m in re.finditer(r"\b[a-z]+\b", found[1]) if m.group() in _REPLACED]
    if places:
        place = maker.rng.choice(places)
        return _put(text, found, '"' + _put(found[1], place, _REPLACED[place.group()]) + '"')
    words = found[1].split()
    if len(words) < 4:
        return ""
    del words[maker.rng.randrange(1, len(words) - 1)]
    return _put(text, found, '"' + " ".join(words) + '"')


def _speaker(maker: Maker, text: str, article: Article) -> str:
    said = maker.pick([m for m in _SPEAKER.finditer(text) if '"' in text])
    if said is None:
        return ""
    part = "after" if said["after"] else "before"
    if {"He", "She", "They", "It", "One"} & set(said[part].split()):
        return ""
    if _CALENDAR & set(said[part].split()) - {"Mr", "Mrs", "Ms", "Dr", "Sir", "Lord"}:
        return ""
    others = sorted({m.group() for m in found_names(article.body) if " " in m.group()} - {said[part]})
    fitting = [o for o in others if not set(o.split()) & set(said[part].split())]
    fitting = [o for o in fitting if not set(o.split()) & set(text.split())] or maker.rng.sample(list(maker.names), 1)
    return text[: said.start(part)] + maker.rng.choice(fitting) + text[said.end(part) :]


def _foreign_word(maker: Maker, text: str, article: Article) -> str:
    found = maker.pick([m for m in _PLAIN_WORD.finditer(text) if text[: m.start()].count('"') % 2 == 0])
    if found is None:
        return ""
    ending = re.search(r"(?:ed|ing|s)?$", found.group())
    strangers = (maker.rng.choice(maker.words) for _ in range(200))
    alike = (s for s in strangers if ending is not None and s.endswith(ending.group()) and s[:5] not in article.source)
    instead = next(alike, "")
    return _put(text, found, instead) if instead else ""


def _foreign_clause(maker: Maker, text: str, article: Article) -> str:
    clauses = [clause for clause in maker.clauses if clause not in article.source]
    return f"{text.rstrip('.')} {maker.rng.choice(clauses)}." if clauses else ""


_WAYS: dict[str, Callable[[Maker, str, Article], str]] = {
    "name of another article": _foreign_name, "name of the same article": _own_name, "names exchanged": _exchanged,
    "value": _value, "magnitude": _magnitude, "unit": _unit, "number word": _number_word,
    "number of the same article": _own_number,
    "weekday": _from_list(_WEEKDAYS), "month": _from_list(MONTHS), "year": _year, "day": _day,
    "not added": _not_added, "never added": _never, "denied": _denied, "removed": _removed,
    "invented": _invented, "around own words": _around, "changed": _changed, "another speaker": _speaker,
    "word of another article": _foreign_word, "clause of another article": _foreign_clause,
}  # fmt: skip
