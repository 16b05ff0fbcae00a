"""The checks of a text by itself: language, length, leaks, patterns that no text may have."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from feedsmith.content.cleaning import ORDERS, clean
from feedsmith.writing import patterns
from feedsmith.writing.lexicon import DANGLING
from feedsmith.writing.sentences import HAN, balanced, bare, content, is_chinese, length, plain

if TYPE_CHECKING:
    from feedsmith.writing.gate import Case

_LEAK_WORDS = 6  # that many words in a row are no chance
_LEAK_CHARACTERS = 10
_MOST_REPEATS = 2
_SURE = 0.9
_LONG_ENOUGH = 6  # words from which a language can be told
_LEAST = {"en": 3, "zh": 5}


def tidy(text: str, *, one_line: bool) -> str:
    """A model's answer without what it wraps its text in: a label, quotation marks, further lines of a headline."""
    text = clean(text)
    if one_line:
        text = text.partition("\n")[0]
    return _unwrapped(patterns.LABEL.sub("", _unwrapped(text)))


def _unwrapped(text: str) -> str:
    wrapped = patterns.WRAPPED.match(text)
    return text if wrapped is None else next(group for group in wrapped.groups() if group is not None).strip()


def refuses(text: str) -> bool:
    """Whether a model says that it will not write, or speaks of itself."""
    return patterns.REFUSAL.search(text.replace("’", "'")) is not None


def check_empty(case: Case) -> str:
    """There is a text, and it is more than a word or two."""
    least = _LEAST.get(case.language or "en", _LEAST["en"])
    return "" if length(case.text, case.language) >= least else f"fewer than {least} words or characters"


def check_length(case: Case) -> str:
    """The text is within the limit."""
    long = length(case.text, case.language)
    return "" if long <= case.limit else f"{long} > {case.limit}"


def check_complete(case: Case) -> str:
    """The text does not break off in the middle."""
    if case.text.endswith((",", ";", ":", "-", "–", "—", "，", "；", "：", "、", "(", "（")):
        return f"ends with {case.text[-1]!r}"
    if not balanced(case.text):
        return "leaves a bracket or quotation open"
    last = case.text.split()[-1] if case.text.split() else ""
    return f"ends with {last!r}" if case.own and last in DANGLING else ""


def check_repetition(case: Case) -> str:
    """No sentence goes round in circles, as small models do."""
    for sentence in case.own:
        words = content(sentence)
        pairs = Counter(pairwise(words))
        again = [word for word, count in Counter(words).items() if count > _MOST_REPEATS and len(word) > 2]
        if not is_chinese(sentence):
            again += [" ".join(pair) for pair, count in pairs.items() if count > 1]
        if again:
            return f"again and again: {', '.join(again)}"
    return ""


def check_language(case: Case) -> str:
    """The text is in the language asked for: by its script, and by its words where there are enough of them."""
    letters = [character for character in case.text if character.isalpha()]
    han = len(HAN.findall(case.text))
    kana = sum("\u3040" <= character <= "\u30ff" for character in letters)
    if case.language == "zh":
        return "" if letters and 2 * han >= len(letters) and not kana else "not in Chinese characters"
    if case.language in ("ja", "ko"):
        return ""
    if letters and 5 * han > len(letters):
        return "in Chinese characters"
    if case.language is None or not case.own or len(case.text.split()) < _LONG_ENOUGH:
        return ""
    guess, sure = _identifier().classify(" ".join(case.own))
    return f"reads as {guess}" if guess != case.language and sure >= _SURE else ""


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def check_leaks(case: Case) -> str:
    """Nothing of the prompt's own rules, no fence mark, no order to a model."""
    if "<<<" in case.text or ">>>" in case.text or "<|" in case.text:
        return "a fence mark"
    if order := ORDERS.search(case.text):
        return f"an order to a model: {order.group()}"
    rules, text, source = bare(case.rules), bare(case.text), bare(case.source.text)
    if case.language == "zh":
        pieces = (text[i : i + _LEAK_CHARACTERS] for i in range(len(text) - _LEAK_CHARACTERS + 1))
    else:
        parts = text.split()
        pieces = (" ".join(parts[i : i + _LEAK_WORDS]) for i in range(len(parts) - _LEAK_WORDS + 1))
    return next((f"of the prompt: {piece}" for piece in pieces if piece in rules and piece not in source), "")


def check_patterns(case: Case) -> str:
    """No refusal, no chatter about the task, no markup, no address that the source lacks."""
    for sentence in case.own:
        if found := patterns.CHATTER.search(sentence) or patterns.MARKUP.search(sentence):
            return found.group().strip()
    for pattern in (patterns.REFUSAL, patterns.LINK):
        for found in pattern.finditer(case.text.replace("’", "'")):
            if plain(found.group()).strip(" .,;") not in case.source.plain:
                return found.group().strip()
    return ""


def check_advice(case: Case) -> str:
    """Where the domain forbids it, nobody is told what to do, whoever's words they are."""
    found = patterns.ADVICE.search(case.text) if case.no_advice else None
    return found.group().strip() if found else ""
