"""The checks of a text by itself: language, length, leaks, patterns that no text may have."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from feedsmith.content.cleaning import clean
from feedsmith.content.orders import find_order
from feedsmith.content.readings import folded
from feedsmith.writing import patterns
from feedsmith.writing.lexicon import DANGLING
from feedsmith.writing.prompting import all_templates
from feedsmith.writing.sentences import HAN, balanced, content, is_chinese, length, plain, split

if TYPE_CHECKING:
    from feedsmith.writing.gate import Case

_LEAK_LETTERS, _LEAK_HAN = 28, 10  # of a prompt, in a row: six words, that are no chance
_TITLE_LETTERS, _TITLE_HAN = 16, 6  # of a title
_LEAST_TITLE_LETTERS, _LEAST_TITLE_HAN = 8, 4  # shorter titles are words like others
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
    """Nothing of the prompt, no fence mark, no order to a model, nothing that the reader read but the one ground.

    What is compared is letters alone, so that spacing, punctuation and lookalikes hide nothing, forwards and backwards,
    with the rules in all languages. A free translation of the rules has no support in the source, and fails there.
    """
    if any(mark in case.text for mark in ("<<<", ">>>", "<|")):
        return "a fence mark"
    if order := next(filter(None, map(find_order, split(case.text))), ""):
        return f"an order to a model: {order}"
    letters = _letters(case.unlinked)
    read = [title for title in case.history if title != case.ground]
    if not read and not case.rules:
        return ""
    known = _letters(case.source.text)
    width = _LEAK_HAN if is_chinese(case.text) else _LEAK_LETTERS
    for said in (letters, letters[::-1]):
        if piece := _shared(said, _shingles(case.rules, width) | _of_templates(width), width, known):
            return f"of the prompt: {piece}"
        if any(_tells(said, title, known) for title in read):
            return "of what the reader read"  # which title is not said: a verdict is shown and logged
    return ""


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, folded(text)))


def _shingles(text: str, width: int) -> frozenset[str]:
    letters = _letters(text)
    return frozenset(letters[i : i + width] for i in range(len(letters) - width + 1))


@lru_cache(maxsize=2)
def _of_templates(width: int) -> frozenset[str]:
    """Shingles of the prompt files in all languages."""
    return frozenset().union(*(_shingles(text, width) for text in all_templates()))


def _shared(letters: str, shingles: frozenset[str], width: int, known: str) -> str:
    pieces = (letters[i : i + width] for i in range(len(letters) - width + 1))
    return next((piece for piece in pieces if piece in shingles and piece not in known), "")


def _tells(letters: str, title: str, known: str) -> bool:
    """Whether a text has a title, or as much of it as is no chance, that its source does not have."""
    chinese = is_chinese(title)
    whole = _letters(title)
    width = min(len(whole), _TITLE_HAN if chinese else _TITLE_LETTERS)
    if width < (_LEAST_TITLE_HAN if chinese else _LEAST_TITLE_LETTERS):
        return False
    return _shared(letters, _shingles(title, width), width, known) != ""


def check_patterns(case: Case) -> str:
    """No refusal, no chatter about the task, no markup or code, no call to act, no address, no praise of its own."""
    for sentence in case.own:
        for pattern in (patterns.CHATTER, patterns.MARKUP, patterns.CODE):
            if found := pattern.search(sentence):
                return found.group().strip()
        if (found := patterns.PRAISE.search(sentence)) and plain(found.group()) not in case.source.plain:
            return f"praise: {found.group()}"
    text = case.text.replace("’", "'")
    for pattern in (patterns.ADDRESS, patterns.CALL):
        if found := pattern.search(text):
            return found.group().strip()
    for pattern in (patterns.REFUSAL, patterns.SITE, patterns.MIXED):
        for found in pattern.finditer(text):
            if plain(found.group()).strip(" .,;") not in case.source.plain:
                return found.group().strip()
    return ""


def check_advice(case: Case) -> str:
    """Where the domain forbids it, nobody is told what to do, whoever's words they are."""
    found = patterns.ADVICE.search(case.text) if case.no_advice else None
    return found.group().strip() if found else ""
