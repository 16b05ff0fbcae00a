"""Writes with the source's own sentences: no model, faithful by construction."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from feedsmith.errors import WriterError
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.sentences import balanced, complete, content, is_chinese, join, length, split

# Where a sentence may end early and still say what it says: not before "if", "unless", "but" or who said it.
_CLAUSE_ENDS = re.compile(
    r"(?:, (?:which|who|while|after|following|where|whose)\b|; | - | – | — | (?:after|following|amid) )"
)
_CONDITIONS = re.compile(
    r"\b(?:if|unless|but|except|although|though|until|says?|said|according|claims?|claimed|told|reports?|not)\b|n't\b",
    re.IGNORECASE,
)
_HAN_CLAUSE_END = re.compile(r"[，；]")
_HAN_CONDITIONS = re.compile(r"如果|除非|但|然而|据|表示|说|称|认为|不|未|没")
_DEPENDENT = re.compile(
    r"^(?:\W*(?:he|she|it|they|this|that|these|those|but|and|however|also|so|his|her|their|meanwhile)\b|[\"'“‘「])"
    r"|^\W*(?:[\w'’-]+ ){1,4}(?:added|continued|also|too)\b"
    r"|^(?:他|她|它|他们|这|那|但|而|因此|同时|此外|不过|其中|对此)",
    re.IGNORECASE,
)
_LEAST_HEADLINE = {False: 4, True: 8}
_KINDS_OF_TWO = {"summary": 3, "product_description": 3, "study_note": 4}  # most sentences of a text
_TITLE_WEIGHT = 0.5


class ExtractiveWriter(Writer):
    """Picks sentences by place, by how much of the text they stand for, and by the title's words."""

    @property
    def name(self) -> str:
        return "extractive:lead-centrality"

    @property
    def is_model(self) -> bool:
        return False

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        texts = _headlines(prompt) if prompt.kind == "headline" else _texts(prompt)
        drafts = []
        for text in texts:
            if text not in drafts:
                drafts.append(text)
            if len(drafts) == n:
                break
        if not drafts:
            raise WriterError(f"the source has no sentence within {prompt.limit} words or characters")
        return [Draft(text) for text in drafts]


def body_sentences(prompt: Prompt) -> list[str]:
    """Whole sentences of the source after its title; no lines without a full stop, no torn quotations."""
    _, _, body = prompt.source.partition("\n")
    return [sentence for sentence in split(body) if complete(sentence) and balanced(sentence)]


def centrality(sentences: list[str], title: str) -> list[float]:
    """How much of a text each sentence stands for, in [0, 1.5].

    Mean cosine of the sentence's term frequencies with those of the others (degree centrality, Erkan and Radev,
    "LexRank", JAIR 22, 2004), scaled so that the largest is 1, plus half the share of the title's words in it.
    """
    bags = [Counter(content(sentence)) for sentence in sentences]
    norms = [math.sqrt(sum(count * count for count in bag.values())) for bag in bags]
    total: Counter[str] = Counter()
    for bag, norm in zip(bags, norms, strict=True):
        total.update({word: count / norm for word, count in bag.items()} if norm else {})
    sums = [
        sum(count * total[word] for word, count in bag.items()) / norm - 1.0 if norm else 0.0
        for bag, norm in zip(bags, norms, strict=True)
    ]
    largest = max(sums, default=0.0) or 1.0
    wanted = set(content(title))
    return [
        max(value, 0.0) / largest + _TITLE_WEIGHT * len(wanted & set(bag)) / max(len(wanted), 1)
        for value, bag in zip(sums, bags, strict=True)
    ]


def _headlines(prompt: Prompt) -> Iterator[str]:
    """The title, then the lead and other independent sentences about the title's subject, each shortened to fit."""
    if length(prompt.title, prompt.language) <= prompt.limit:
        yield prompt.title
    sentences = body_sentences(prompt)
    subject = set(content(prompt.title))
    ranked = _by_centrality(sentences, prompt.title)
    for i in [*([0] if sentences else []), *(i for i in ranked if i)]:
        about = len(subject & set(content(sentences[i])))
        if (i == 0 or about >= 2) and not _DEPENDENT.match(sentences[i]):
            short = shortened(sentences[i], prompt.language, prompt.limit)
            if short:
                yield short


def shortened(sentence: str, language: str, limit: int) -> str:
    """The sentence up to the last clause end within the limit, without its full stop; empty where none is safe.

    Nothing is cut off a sentence with a condition, a denial or an attribution.
    """
    chinese = is_chinese(sentence)
    whole = sentence.rstrip(".。")
    if length(whole, language) <= limit:
        return whole if length(whole, language) >= _LEAST_HEADLINE[chinese] else ""
    if (_HAN_CONDITIONS if chinese else _CONDITIONS).search(sentence):
        return ""
    ends = (_HAN_CLAUSE_END if chinese else _CLAUSE_ENDS).finditer(sentence)
    fitting = [sentence[: end.start()].strip() for end in ends]
    fitting = [cut for cut in fitting if _LEAST_HEADLINE[chinese] <= length(cut, language) <= limit]
    return fitting[-1] if fitting else ""


def _texts(prompt: Prompt) -> Iterator[str]:
    """The lead with the most central sentences; then, so that there is a choice, each other one with the lead."""
    sentences = body_sentences(prompt)
    most = _KINDS_OF_TWO.get(prompt.kind, 1)
    ranked = _by_centrality(sentences, prompt.title)
    lead = ([0] if sentences else []) + [i for i in ranked if i]
    yield from _filled(sentences, lead, most, prompt)
    for focus in ranked:
        if not _DEPENDENT.match(sentences[focus]):
            yield from _filled(sentences, [focus, *(i for i in lead if i != focus)], most, prompt)


def _by_centrality(sentences: list[str], title: str) -> list[int]:
    scores = centrality(sentences, title)
    return sorted(range(len(sentences)), key=lambda i: (-scores[i], i))


def _filled(sentences: list[str], order: list[int], most: int, prompt: Prompt) -> Iterator[str]:
    """Sentences taken in ``order`` while they fit, put together in the source's order.

    A sentence that leans on the one before it comes only with it.
    """
    taken: list[int] = []
    for i in order:
        if len(taken) == most:
            break
        if _DEPENDENT.match(sentences[i]) and i - 1 not in taken and i != 0:
            continue
        trial = sorted([*taken, i])
        if length(join([sentences[j] for j in trial]), prompt.language) <= prompt.limit:
            taken = trial
    if taken:
        yield join([sentences[i] for i in taken])
