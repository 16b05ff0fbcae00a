"""What a text claims that can be looked up in its source: names, numbers, quotations, negated words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from feedsmith.content.keywords import load_jieba
from feedsmith.writing.lexicon import CHINESE_NEGATION, FUNCTION_WORDS, MONTHS, NEGATIONS, OPENERS
from feedsmith.writing.numbers import Number, numbers
from feedsmith.writing.sentences import content, is_chinese, plain, split, stem

_TOKEN = re.compile(r"[^\W\d_\u3400-\u9fff]+(?:['’.][^\W\d_\u3400-\u9fff]+)*")
_BETWEEN_NAMES = re.compile(r"[\s&\-]*\.?\s*")
_QUOTED = re.compile(
    r"“([^”]{2,})”|\"([^\"]{2,})\"|「([^」]{2,})」|『([^』]{2,})』|‘([^‘]{2,}?)’(?!\w)|(?<!\w)'([^']{2,})'(?!\w)"
)
_TITLES = re.compile(r"《([^》]+)》")
_LATIN_IN_HAN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ .&\-][A-Za-z0-9]+)*")
_ELLIPSIS = re.compile(r"…+|\.{3,}|\[[^\]]*\]")
_CLAUSE_END = re.compile(r"[,;:.!?]|\bbut\b|\balthough\b|\bthough\b")
_NEGATED_HAN = re.compile(CHINESE_NEGATION + r"([^，。；：！？,.;!?]{0,6})")
_SCOPE = 3  # content words after a negation that it governs
_PROPER_HAN = frozenset({"nr", "nrt", "nrfg", "ns", "nt", "nz"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an alphabetic script. ``form`` is its case-folded form without possessive and full stops."""

    raw: str
    form: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of a text, in order; hyphenated words apart."""
    return [Token(found.group(), _form(found.group()), found.start(), found.end()) for found in _TOKEN.finditer(text)]


def _form(word: str) -> str:
    return re.sub(r"['’]s$|[.'’]", "", word).casefold()


def same(sentence: str) -> str:
    """A sentence for looking it up word for word: case, outer quotation marks and a full stop do not matter."""
    return plain(sentence).strip("\"' .。")


class Source:
    """A source text with everything that texts about it are compared with, each computed once when first asked for.

    Parameters
    ----------
    text
        Cleaned title and body of an item, the title on the first line.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def sentences(self) -> list[str]:
        return split(self.text)

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def verbatim(self) -> frozenset[str]:
        """The sentences as :func:`same` writes them."""
        return frozenset(same(sentence) for sentence in self.sentences)

    @cached_property
    def numbers(self) -> list[list[Number]]:
        """Numbers of each sentence."""
        return [numbers(sentence) for sentence in self.sentences]

    @cached_property
    def content(self) -> list[frozenset[str]]:
        """Content words of each sentence."""
        return [frozenset(content(sentence)) for sentence in self.sentences]

    @cached_property
    def positions(self) -> list[dict[str, list[int]]]:
        """For each sentence, where each content word stands among the content words."""
        found: list[dict[str, list[int]]] = []
        for sentence in self.sentences:
            at: dict[str, list[int]] = {}
            for i, word in enumerate(content(sentence)):
                at.setdefault(word, []).append(i)
            found.append(at)
        return found

    @cached_property
    def all_content(self) -> frozenset[str]:
        return frozenset().union(*self.content)

    @cached_property
    def words(self) -> frozenset[str]:
        """Forms of all words as they stand, and the stems of those that stand in lower case somewhere."""
        found = tokens(self.text)
        return frozenset(token.form for token in found) | {stem(t.form) for t in found if t.raw[0].islower()}

    @cached_property
    def common(self) -> frozenset[str]:
        """Stems of the words that stand in lower case somewhere, and so name nothing by themselves."""
        return frozenset(stem(token.form) for token in tokens(self.text) if token.raw[0].islower())

    @cached_property
    def sequence(self) -> str:
        """All words in order, for looking up names of several words."""
        return f" {' '.join(token.form for token in tokens(self.text))} "

    @cached_property
    def acronyms(self) -> frozenset[str]:
        return frozenset(re.findall(r"\b[A-Z]{2,}\b", self.text.replace(".", "")))

    @cached_property
    def negated(self) -> frozenset[str]:
        return frozenset().union(*(negated(sentence) for sentence in self.sentences))

    @cached_property
    def affirmed(self) -> frozenset[str]:
        return frozenset().union(*(frozenset(content(s)) - negated(s) for s in self.sentences))


def names(sentence: str, source: Source) -> Iterator[tuple[str, ...]]:
    """Runs of capitalised words that name something: forms of adjacent words, unless they are common in the source.

    A word that the source has in lower case too ends a run, as does punctuation; so a headline with capitals
    throughout is read as its names alone.
    """
    run: list[str] = []
    end = 0
    for token in tokens(sentence):
        if run and not _BETWEEN_NAMES.fullmatch(sentence[end : token.start]):
            yield tuple(run)
            run = []
        end = token.end
        acronym = len(token.raw) > 1 and token.raw.isupper() and not sentence.isupper()
        month = token.form in MONTHS - {"may", "march"}
        ordinary = (
            token.form in FUNCTION_WORDS or token.form in OPENERS or stem(token.form) in source.common
        ) and not acronym
        if (token.raw[0].isupper() or month) and not ordinary:
            run.append(token.form)
        elif run:
            yield tuple(run)
            run = []
    if run:
        yield tuple(run)


def foreign_names(sentence: str, source: Source) -> list[str]:
    """Names of a sentence that the source does not have, or does not have in this order."""
    foreign = []
    for run in names(sentence, source):
        known = f" {' '.join(run)} " in source.sequence
        if not known and not (len(run) == 1 and stem(run[0]) in source.common):
            foreign.append(" ".join(run))
    foreign += [
        token.raw
        for token in tokens(sentence)
        if token.raw.isupper() and len(token.raw) > 1 and token.form in FUNCTION_WORDS
        and not sentence.isupper() and token.raw not in source.acronyms
    ]  # fmt: skip
    return foreign + _foreign_chinese_names(sentence, source)


def _foreign_chinese_names(sentence: str, source: Source) -> list[str]:
    if not is_chinese(sentence):
        return []
    titles = _TITLES.findall(sentence)
    latin = _LATIN_IN_HAN.findall(sentence)
    load_jieba()
    import jieba.posseg

    proper = [pair.word for pair in jieba.posseg.cut(sentence) if pair.flag in _PROPER_HAN and len(pair.word) > 1]
    return [name for name in [*titles, *latin, *proper] if plain(name) not in source.plain]


def quotations(text: str) -> list[str]:
    """What stands between quotation marks; an ellipsis or a bracketed insertion parts a quotation in two."""
    found = []
    for groups in _QUOTED.findall(text):
        quoted = next(group for group in groups if group)
        found += [part.strip(" .,;:!?，。；：！？") for part in _ELLIPSIS.split(quoted)]
    return [part for part in found if part]


def negated(sentence: str) -> frozenset[str]:
    """Content words that a negation governs: the next three in its clause; for Chinese the next bigrams."""
    found: set[str] = set()
    for clause in _CLAUSE_END.split(sentence.replace("’", "'").casefold()):
        left = 0
        for word in clause.split():
            word = word.strip("\"'()[]")
            if word in NEGATIONS or word.endswith("n't"):
                left = _SCOPE
            elif left and (stems := content(word)):
                found.update(stems)
                left -= 1
    for after in _NEGATED_HAN.findall(sentence):
        found.update(content(after))
    return frozenset(found)
