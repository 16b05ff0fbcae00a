"""Faithful texts about an article: its own sentences, whole or shortened, and paraphrases made by rules.

The rules and word lists here are the benchmark's own: the gate's lexicon is not read, so that the two cannot agree by
construction.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

from feedsmith.writing.sentences import balanced, complete, length, split
from feedsmith_training.writing.articles import MONTHS, Article, Sample

FEWEST_WORDS, MOST_WORDS = 7, 45
_FEWEST_HAN = 8

REPORTING = {
    "said": ("stated", "noted", "commented"), "says": ("states", "notes"), "claimed": ("asserted",),
    "warned": ("cautioned",), "announced": ("revealed",), "confirmed": ("verified",), "insisted": ("maintained",),
    "added": ("went on to say",), "believes": ("thinks",), "argued": ("contended",), "predicted": ("forecast",),
}  # fmt: skip
SYNONYMS = {
    "firm": ("company",), "company": ("firm",), "firms": ("companies",), "companies": ("firms",), "big": ("large",),
    "biggest": ("largest",), "rose": ("increased",), "fell": ("dropped",), "buy": ("purchase",), "film": ("movie",),
    "bought": ("purchased",), "started": ("began",), "began": ("started",), "movie": ("film",), "shows": ("reveals",),
    "helped": ("assisted",), "beat": ("defeated",), "jobs": ("posts",), "government": ("administration",),
    "deal": ("agreement",), "study": ("survey",), "wants": ("seeks",), "children": ("youngsters",),
    "boss": ("manager",),
    "ended": ("finished",), "major": ("significant",), "needs": ("requires",), "match": ("game",),
    "ministers": ("politicians",), "people": ("individuals",), "attack": ("assault",),
    "allow": ("permit",), "quickly": ("rapidly",), "huge": ("enormous",), "difficult": ("hard",), "got": ("received",),
    "car": ("vehicle",), "cars": ("vehicles",), "countries": ("nations",), "country": ("nation",), "try": ("attempt",),
    "ensure": ("guarantee",), "important": ("crucial",), "problems": ("difficulties",), "chance": ("opportunity",),
    "choose": ("select",), "worried": ("concerned",), "gave": ("handed",), "keep": ("retain",), "asked": ("requested",),
}  # fmt: skip
_SMALL = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ADVERB = re.compile(r"(?<=[a-z] )(?!only|early|daily|weekly|monthly|likely|hardly|barely|nearly|family|supply|reply)"
                     r"[a-z]{3,}ly (?=[a-z])")  # fmt: skip
_CLAUSE = re.compile(
    r"^(?P<main>[A-Z][^,\"“”]{20,}?) (?P<link>after|before|when|because|while|as) (?P<rest>[^,\"“”]{12,})[.]$"
)
_FRONTED = re.compile(
    r"^(?P<link>After|When|While|As|Because|Before) (?P<rest>[^,\"“”]{10,}), (?P<main>[^\"“”]{15,})[.]$"
)
_SAID = re.compile(r"^(?P<what>[^\"“”]{20,}), (?P<who>[^,\"“”]{3,40}?) (?:said|says)[.]$")
_QUOTE_FIRST = re.compile(r"^\"(?P<quote>[^\"]{12,}),\" said (?P<who>[^,\"]{4,60})[.]$")
_PASSIVE = re.compile(
    r"^(?P<agent>(?:The )?[A-Z][\w'-]*(?: [A-Z][\w'-]*){0,2}) "
    r"(?P<verb>beat|bought|signed|rejected|launched|criticised|defeated|praised|announced|unveiled|released|opened|raised"
    r"|welcomed|condemned|published|accused|approved|backed|attacked|defended)"
    r" (?P<object>(?:(?:the|a|an|its|his|her|their) )?[\w'-]+"
    r"(?: (?!(?:to|in|on|that|at|with|for|after|by)\b)[\w'-]+){0,3})"
    r"(?P<rest>(?: (?:in|on|at|with|for|to|after)\b[^,\"]*)?)[.]$"
)
_PARTICIPLES = {"beat": "beaten"}
_OPENERS = frozenset(["the", "a", "an", "it", "he", "she", "they", "there", "but", "and", "this", "that", "its"])
_CUTS = re.compile(r", (?:which|who|while|after|following|where|whose|but|and|although)\b|; | - ")
_CONTRACTED = {
    "did not": "didn't", "does not": "doesn't", "is not": "isn't", "are not": "aren't", "was not": "wasn't",
    "were not": "weren't", "has not": "hasn't", "have not": "haven't", "will not": "won't", "would not": "wouldn't",
    "could not": "couldn't", "cannot": "can't", "should not": "shouldn't", "do not": "don't",
}  # fmt: skip


def usable(article: Article) -> list[str]:
    """Whole sentences of the body of a length for a headline or a summary."""
    found = [s for s in split(article.body) if complete(s) and balanced(s)]
    if article.language == "zh":
        return [s for s in found if length(s, "zh") >= _FEWEST_HAN]
    return [s for s in found if FEWEST_WORDS <= len(s.split()) <= MOST_WORDS]


def samples(article: Article, rng: random.Random) -> list[Sample]:
    """Faithful texts about an article, at most one of each kind: ``title``, ``lead``, ``extract``, and the rest."""
    sentences = usable(article)
    if not sentences:
        return []
    found = [Sample("title", article.title, article), Sample("lead", sentences[0], article)]
    if len(sentences) > 1:
        found.append(Sample("extract", rng.choice(sentences[1:]), article))
        first = rng.randrange(len(sentences) - 1)
        joined = sentences[first] + (" " if article.language == "en" else "") + sentences[first + 1]
        found.append(Sample("two sentences", joined, article))
    for kind, rule in (_RULES if article.language == "en" else _HAN_RULES).items():
        for sentence in rng.sample(sentences, len(sentences)):
            text = rule(sentence, rng)
            if text and text != sentence:
                found.append(Sample(kind, text, article, sentence))
                break
    return found


def shortened(sentence: str, _: random.Random) -> str:
    """The sentence up to where a clause ends, nothing being cut off that it hangs on."""
    if '"' in sentence or re.search(r"\b(?:if|unless|not|but|said|says)\b|n't", sentence):
        return ""
    cut = _CUTS.search(sentence)
    text = sentence[: cut.start()] if cut else ""
    return text if len(text.split()) >= FEWEST_WORDS else ""


def _replaced(sentence: str, words: Mapping[str, tuple[str, ...]], rng: random.Random, most: int) -> str:
    """Up to ``most`` words exchanged, outside quotations."""
    places = [m for m in re.finditer(r"(?<![\w'-])[a-z]+(?![\w'-])", sentence) if m.group() in words]
    places = [m for m in places if sentence[: m.start()].count('"') % 2 == 0]
    for found in sorted(rng.sample(places, min(most, len(places))), key=lambda m: -m.start()):
        sentence = sentence[: found.start()] + rng.choice(words[found.group()]) + sentence[found.end() :]
    return sentence


def reporting(sentence: str, rng: random.Random) -> str:
    """Another reporting verb."""
    return _replaced(sentence, REPORTING, rng, 1)


def synonyms(sentence: str, rng: random.Random) -> str:
    """One or two words exchanged for synonyms."""
    return _replaced(sentence, SYNONYMS, rng, 2)


def numerals(sentence: str, _: random.Random) -> str:
    """Number words as digits and the other way round, units spelt out or abbreviated, months shortened."""
    if '"' in sentence:
        return ""
    text = re.sub(r"(\d)%", r"\1 per cent", sentence)
    text = re.sub(r"(?<=\d)bn\b", " billion", re.sub(r"(?<=\d)m\b", " million", text))
    for value, word in enumerate(_SMALL[2:], start=2):
        text = re.sub(rf"(?<![\w-]){word}(?= [a-z])", str(value), text)
    if text == sentence:
        small = {str(value): word for value, word in enumerate(_SMALL) if value > 1}
        text = re.sub(r"(?<= )\d{1,2}(?= [a-z]{3})", lambda m: small.get(m.group(), m.group()), text)
    return text


def months(sentence: str, _: random.Random) -> str:
    """Months abbreviated."""
    names = "|".join(m for m in MONTHS if len(m) > 4)
    return re.sub(rf"\b(?:{names})\b", lambda m: m.group()[:3], sentence) if '"' not in sentence else ""


def adverbs(sentence: str, _: random.Random) -> str:
    """Adverbs left out."""
    return _ADVERB.sub("", sentence) if '"' not in sentence else ""


def reordered(sentence: str, _: random.Random) -> str:
    """A subordinate clause, an attribution or a quotation at the other end of the sentence."""
    if found := _FRONTED.match(sentence):
        main = found["main"][0].upper() + found["main"][1:]
        return f"{main}, {found['link'].lower()} {found['rest']}."
    if found := _SAID.match(sentence):
        return f"According to {found['who']}, {_lowered(found['what'])}."
    if found := _QUOTE_FIRST.match(sentence):
        return f'{found["who"][0].upper()}{found["who"][1:]} said: "{found["quote"]}."'
    if found := _CLAUSE.match(sentence):
        return f"{found['link'].capitalize()} {found['rest']}, {_lowered(found['main'])}."
    return ""


def _lowered(clause: str) -> str:
    first = clause.split()[0]
    common = first.lower() in _OPENERS
    return clause[0].lower() + clause[1:] if common else clause


def passive(sentence: str, _: random.Random) -> str:
    """Active voice turned to passive, where subject and object are names."""
    found = _PASSIVE.match(sentence)
    if not found:
        return ""
    verb = _PARTICIPLES.get(found["verb"], found["verb"])
    done = found["object"][0].upper() + found["object"][1:]
    be = "were" if done.endswith("s") else "was"
    return f"{done} {be} {verb} by {_lowered(found['agent'])}{found['rest']}."


def contracted(sentence: str, rng: random.Random) -> str:
    """Negations contracted or spelt out."""
    words = {**_CONTRACTED, **{short: whole for whole, short in _CONTRACTED.items()}}
    found = [whole for whole in words if re.search(rf"\b{whole}\b", sentence) and '"' not in sentence]
    return re.sub(rf"\b{found[0]}\b", words[found[0]], sentence) if found else ""


def headlined(sentence: str, _: random.Random) -> str:
    """As a headline: articles left out, every word with a capital, no full stop."""
    if '"' in sentence or len(sentence.split()) > 20:
        return ""
    return " ".join(w[0].upper() + w[1:] for w in sentence.rstrip(".").split() if w.lower() not in {"the", "a", "an"})


_Rule = Callable[[str, random.Random], str]
_RULES: dict[str, _Rule] = {
    "shortened": shortened, "reporting verb": reporting, "synonyms": synonyms, "numerals": numerals, "months": months,
    "adverbs dropped": adverbs, "reordered": reordered, "passive": passive, "contraction": contracted,
    "headline case": headlined,
}  # fmt: skip

_HAN_SYNONYMS = {
    "表示": "说", "宣布": "公布", "称": "说", "约": "大约", "上涨": "上升", "增长": "上升",
    "预计": "预测", "获得": "得到",
}  # fmt: skip
_HAN_DIGITS = "零一二三四五六七八九"


def han_synonyms(sentence: str, rng: random.Random) -> str:
    """One word exchanged for a synonym."""
    there = [word for word in _HAN_SYNONYMS if word in sentence]
    return sentence.replace((word := rng.choice(there)), _HAN_SYNONYMS[word], 1) if there else ""


def han_numerals(sentence: str, _: random.Random) -> str:
    """Percentages and small numbers as digits."""
    text = re.sub(r"百分之([一二三四五六七八九])(?![十百点])", lambda m: f"{_HAN_DIGITS.index(m[1])}%", sentence)
    return re.sub(r"(?<![一二三四五六七八九十百千万第两点])([二三四五六七八九])(?=[个名家周年月次])",
                  lambda m: str(_HAN_DIGITS.index(m[1])), text)  # fmt: skip


def han_shortened(sentence: str, _: random.Random) -> str:
    """The sentence up to its first comma."""
    cut = re.split("[，；]", sentence)[0]
    return cut if len(cut) >= _FEWEST_HAN and cut != sentence and not re.search("[如据]|虽然|因", cut) else ""


_HAN_RULES: dict[str, _Rule] = {"synonyms": han_synonyms, "numerals": han_numerals, "shortened": han_shortened}
