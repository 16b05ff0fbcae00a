"""What a text claims that can be looked up in its source: names, numbers, quotations, negated words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from feedsmith.content.keywords import load_jieba
from feedsmith.writing.dates import Date, dates
from feedsmith.writing.lexicon import (
    CHINESE_NEGATION,
    FUNCTION_WORDS,
    IRREGULAR,
    NEGATIONS,
    NEGATIVE_VERBS,
    OPENERS,
    PLACES,
    REPORTING,
    SYNONYMS,
    TITLES,
)  # fmt: skip
from feedsmith.writing.numbers import Number, numbers
from feedsmith.writing.sentences import bare, content, is_chinese, plain, shared, split, stem

_TOKEN = re.compile(r"[^\W\d_\u3400-\u9fff]+(?:['’.][^\W\d_\u3400-\u9fff]+)*")
_IN_WORDS = re.compile(r"['’]s$|[.'’]")
_BETWEEN_NAMES = re.compile(r"[\s&\-]*\.?\s*")
_QUOTED = re.compile(
    r"“([^”]{2,})”|\"([^\"]{2,})\"|「([^」]{2,})」|『([^』]{2,})』"
    r"|‘((?:[^‘’]|’(?=\w)){2,}?)’(?!\w)|(?<!\w)'(?=\S)((?:[^']|'(?=\w)){2,}?)(?<!\s)'(?!\w)"
)
_OPENS = re.compile(r"(?:^|[\s(\[‘'—–:-])?\"(?=[\w£$€.…'‘\[(])")
_TITLES = re.compile(r"《([^》]+)》")
_LATIN_IN_HAN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ .&\-][A-Za-z0-9]+)*")
_ELLIPSIS = re.compile(r"…+|\.{3,}|\[[^\]]*\]")
_CLAUSE_END = re.compile(r"[,;:!?]|\.(?!\w)|\b(?:but|although|though)\b")
_NO_DENIAL = re.compile(
    r"\b(?:not (?:only|just|merely|simply|least)|no (?:doubt|matter|wonder)|without doubt|whether or not|if not)\b"
)
_NEGATED_HAN = re.compile(f"({CHINESE_NEGATION})" + r"([^，。；：！？,.;!?]{0,6})")
_SCOPE = 3  # content words after a negation that it governs
_AS_NEAR = 0.85  # of the most shared words, from which a sentence counts as nearest too
_MOST_NEAREST = 4
_LEAST_STEM = 4
_ENDINGS = frozenset(
    ["", *["s", "n", "ns", "an", "ans", "ian", "ians", "y", "i", "is", "ish", "ese", "er", "ers", "a", "ic"]]
)
_PLAIN_TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr"})
_PROPER_HAN = frozenset({"nr", "nrt", "nrfg", "ns", "nt", "nz"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an alphabetic script. ``form`` is its case-folded form without possessive and full stops."""

    raw: str
    form: str
    start: int
    end: int


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """The words of a text, in order; hyphenated words apart."""
    return tuple(
        Token(found.group(), _form(found.group()), found.start(), found.end()) for found in _TOKEN.finditer(text)
    )


def _form(word: str) -> str:
    return _IN_WORDS.sub("", word).casefold()


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
        self._nearest: dict[str, list[int]] = {}

    @cached_property
    def sentences(self) -> list[str]:
        return split(self.text)

    @cached_property
    def plain(self) -> str:
        return plain(self.text)

    @cached_property
    def bare(self) -> str:
        return bare(self.text)

    @cached_property
    def quoted(self) -> list[str]:
        """What somebody said, as :func:`~feedsmith.writing.sentences.bare` writes it."""
        return [bare(line[start:end]) for line in self.text.split("\n") for start, end in _said(line)]

    @cached_property
    def verbatim(self) -> frozenset[str]:
        """The sentences as :func:`same` writes them."""
        return frozenset(same(sentence) for sentence in self.sentences)

    @cached_property
    def numbers(self) -> list[list[Number]]:
        """Numbers of each sentence, "one" among them."""
        return [numbers(sentence, one=True) for sentence in self.sentences]

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
    def stems(self) -> str:
        """Stems of all words in order, for looking up names with other endings."""
        return f" {' '.join(stem(token.form) for token in tokens(self.text))} "

    @cached_property
    def acronyms(self) -> frozenset[str]:
        return frozenset(re.findall(r"\b[A-Z]{2,}\b", self.text.replace(".", "")))

    @cached_property
    def negations(self) -> list[list[Negation]]:
        """Denials of each sentence."""
        return [negations(sentence) for sentence in self.sentences]

    @cached_property
    def dates(self) -> list[list[Date]]:
        """Dates of each sentence."""
        return [dates(sentence) for sentence in self.sentences]

    @cached_property
    def all_names(self) -> list[list[Name]]:
        """Names of each sentence, among them single words that may have a capital only because they open it."""
        return [names(sentence, self) for sentence in self.sentences]

    @cached_property
    def names(self) -> list[list[Name]]:
        """Names of each sentence, without those words."""
        proper = self.proper
        return [
            [name for name in found if len(name.forms) > 1 or name.start or name.forms[0] in proper]
            for found in self.all_names
        ]

    @cached_property
    def proper(self) -> frozenset[str]:
        """Forms of the words that have a capital within a sentence."""
        within = (token for sentence in self.sentences for token in tokens(sentence)[1:])
        return frozenset(token.form for token in within if token.raw[0].isupper())

    @cached_property
    def initials(self) -> frozenset[str]:
        """First letters of the names of several words."""
        runs = re.findall(r"[A-Z][\w'’-]*(?:(?: (?:of|for|and|the))* [A-Z][\w'’-]*)+", self.text)
        words = ([word for word in run.split() if word[0].isupper() and word not in ("The", "A")] for run in runs)
        return frozenset("".join(word[0] for word in run).casefold() for run in words if len(run) > 1)

    def nearest(self, sentence: str) -> list[int]:
        """Places of the sentences that share most content words with one, the best first; empty where none does."""
        if sentence not in self._nearest:
            wanted = frozenset(content(sentence))
            shared = [len(wanted & words) for words in self.content]
            order = sorted(range(len(shared)), key=lambda i: (-shared[i], i))
            least = max(1.0, _AS_NEAR * max(shared, default=0))
            self._nearest[sentence] = [i for i in order[:_MOST_NEAREST] if shared[i] >= least]
        return self._nearest[sentence]


@dataclass(frozen=True, slots=True)
class Name:
    """Adjacent capitalised words that name something, and their place in the sentence."""

    forms: tuple[str, ...]
    start: int
    end: int

    @property
    def text(self) -> str:
        return " ".join(self.forms)

    def same(self, other: Name) -> bool:
        """Whether both may name the same: one's words are among the other's, in one word, in initials, as a people."""
        mine, its = (frozenset(name.forms) - TITLES or frozenset(name.forms) for name in (self, other))
        if mine <= its or its <= mine or self.forms[-1] == other.forms[-1]:
            return True
        joined, others = "".join(self.forms), "".join(other.forms)
        letters = {"".join(form[0] for form in name.forms) for name in (self, other) if len(name.forms) > 1}
        return joined == others or joined in letters or others in letters or _akin(self.forms[-1], other.forms[-1])


def _akin(form: str, other: str) -> bool:
    """Whether two words name one place or its people, or differ in an ending: ``Germany``, ``Germans``."""
    if PLACES.get(form, frozenset()) & PLACES.get(other, frozenset()):
        return True
    common = shared(form, other)
    return common >= _LEAST_STEM and {form[common:], other[common:]} <= _ENDINGS


def names(sentence: str, source: Source) -> list[Name]:
    """Runs of capitalised words that name something, unless they are common in the source; dates are none.

    A word that the source has in lower case too ends a run, as does punctuation; so a headline with capitals
    throughout is read as its names alone.
    """
    found: list[Name] = []
    run: list[Token] = []
    taken = [(date.start, date.end) for date in dates(sentence)]

    def end_run() -> None:
        if run:
            found.append(Name(tuple(token.form for token in run), run[0].start, run[-1].end))
            run.clear()

    for token in tokens(sentence):
        if run and not _BETWEEN_NAMES.fullmatch(sentence[run[-1].end : token.start]):
            end_run()
        dated = any(start <= token.start < end for start, end in taken)
        if token.raw[0].isupper() and not dated and not _ordinary(token, sentence, source):
            run.append(token)
        else:
            end_run()
    end_run()
    return found


def _ordinary(token: Token, sentence: str, source: Source) -> bool:
    acronym = len(token.raw) > 1 and token.raw.isupper() and not sentence.isupper()
    return not acronym and (
        token.form in FUNCTION_WORDS or token.form in OPENERS or token.form in REPORTING
        or stem(token.form) in source.common
    )  # fmt: skip


def foreign_names(sentence: str, source: Source) -> list[str]:
    """Names of a sentence that the source does not have, or does not have in this order."""
    foreign = [name.text for name in names(sentence, source) if not _known(name, source)]
    foreign += [
        token.raw
        for token in tokens(sentence)
        if token.raw.isupper() and len(token.raw) > 1 and token.form in FUNCTION_WORDS
        and not sentence.isupper() and token.raw.replace(".", "") not in source.acronyms
    ]  # fmt: skip
    return foreign + _foreign_chinese_names(sentence, source)


def _known(name: Name, source: Source) -> bool:
    if f" {name.text} " in source.sequence or "".join(name.forms) in source.initials:
        return True
    bare = [form for form in name.forms if form not in TITLES]
    if bare and len(bare) < len(name.forms) and f" {' '.join(bare)} " in source.sequence:
        return name.forms[0] in _PLAIN_TITLES or name.forms[0] in source.words
    if len(name.forms) > 1:
        return f" {''.join(name.forms)} " in source.sequence or f" {' '.join(map(stem, name.forms))} " in source.stems
    (form,) = name.forms
    common = stem(form) in source.common or (not name.start and (form in SYNONYMS or form in IRREGULAR))
    return common or any(
        _akin(form, other) for found in source.all_names for other_name in found for other in other_name.forms
    )


def _foreign_chinese_names(sentence: str, source: Source) -> list[str]:
    if not is_chinese(sentence):
        return []
    titles = _TITLES.findall(sentence)
    latin = _LATIN_IN_HAN.findall(sentence)
    load_jieba()
    import jieba.posseg

    proper = [pair.word for pair in jieba.posseg.cut(sentence) if pair.flag in _PROPER_HAN and len(pair.word) > 1]
    return [name for name in [*titles, *latin, *proper] if plain(name) not in source.plain]


def quoted_spans(text: str) -> list[tuple[int, int]]:
    """Places of the quotations in a text, their marks included."""
    return [found.span() for found in _QUOTED.finditer(text)]


def _said(line: str) -> list[tuple[int, int]]:
    """Places of the quotations in a line of a source; one that is not closed, or not opened, goes on to the line's end.

    In a source, unlike in a text, straight marks do not always pair: a quotation over several paragraphs opens in each.
    """
    found = [(m.start(), m.end()) for m in _QUOTED.finditer(line) if line[m.start()] not in '"“']
    opened: int | None = None
    since = 0
    for mark in re.finditer('["“”]', line):
        at = mark.start()
        opens = mark.group() == "“" or (mark.group() == '"' and _OPENS.match(line, max(0, at - 1)) is not None)
        if opens and opened is None:
            opened = at
        elif not opens:
            found.append((since if opened is None else opened, at + 1))
            opened, since = None, at + 1
    return found if opened is None else [*found, (opened, len(line))]


def quotations(text: str) -> list[str]:
    """What stands between quotation marks; an ellipsis or a bracketed insertion parts a quotation in two."""
    found = []
    for groups in _QUOTED.findall(text):
        quoted = next(group for group in groups if group)
        found += [part.strip(" .,;:!?，。；：！？") for part in _ELLIPSIS.split(quoted)]
    return [part for part in found if part]


@dataclass(frozen=True, slots=True)
class Negation:
    """A denial: the stem of the word that makes it, and the content words that it governs, in order."""

    cue: str
    scope: tuple[str, ...]


def negations(sentence: str) -> list[Negation]:
    """The denials of a sentence.

    Each governs the next three content words of its clause, or the two before it where none follow.
    """
    found = []
    text = _NO_DENIAL.sub(" ", plain(sentence)).replace("no longer", "no")
    for clause in _CLAUSE_END.split(text):
        words = [word.strip("\"'()[]") for word in clause.split()]
        for i, word in enumerate(words):
            if word in NEGATIONS or word in NEGATIVE_VERBS or word.endswith("n't"):
                after = content(" ".join(w for w in words[i + 1 :] if w not in NEGATIONS))[:_SCOPE]
                found.append(Negation(stem(word), tuple(after or content(" ".join(words[:i]))[-2:])))
    for cue, after in _NEGATED_HAN.findall(sentence):
        found.append(Negation(cue, tuple(content(after))))
    return found


def negated(sentence: str) -> frozenset[str]:
    """Content words that denials govern; bigrams of Chinese."""
    return frozenset(word for negation in negations(sentence) for word in negation.scope)
