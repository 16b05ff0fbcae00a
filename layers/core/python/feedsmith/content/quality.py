"""Whether an item's text is fit to write from."""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection

from feedsmith.content.cleaning import clean
from feedsmith.content.gibberish import is_gibberish
from feedsmith.content.language import identify
from feedsmith.models import Item, QualityFlag, Understanding

READ_CHARACTERS = 2_000
# Beyond this no part of the house reads on: what is written would be of a piece of the item.
ENORMOUS_CHARACTERS = 60_000
_LEAST_WORDS = 3
_LEAST_HANZI = 5
# A text of this many letters can be told from another language's with this confidence.
_LETTERS_OF_A_LANGUAGE = 40
_SURE = 0.95

_LETTER = re.compile(r"[^\W\d_]|\d")
_HANZI = re.compile(r"[\u4e00-\u9fff]")
_WORDS = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_]+")

# Repetition: a text packs to less than this share of its bytes, or has fewer different words than this.
_PACKED = 0.2
_PACKED_FROM = 200  # bytes; shorter ones are packed no better than prose
_DIFFERENT = 0.34
_DIFFERENT_FROM = 6  # words
_RUN = re.compile(r"(.)\1{9,}", re.DOTALL)

_LINK = re.compile(r"https?://|www\.|\b[\w-]+\.(?:com|net|biz|info|xyz|top)\b", re.IGNORECASE)
_COME_ON = re.compile(
    r"click (?:here|now|the link|below)|act (?:now|fast)|buy now|order now|100% free|risk[- ]free|make money|"
    r"(?:earn|win) (?:\$|cash|big|up to)|work from home|you (?:have )?won|claim your|limited[- ]time|"
    r"cheap (?:pills|meds)|no (?:prescription|credit check)|call now|guaranteed (?:income|results|returns)|get rich|"
    r"whatsapp|telegram|"
    r"加(?:微信|薇|[Vv]信|[Qq]+|群)|微信号|点击(?:链接|领取|下方|这里|此处)|免费领取|限时(?:抢购|优惠|秒杀)|日赚|月入|稳赚|兼职|"
    r"刷单|代开|发票|包过|秒到账|无需抵押|扫码|转发(?:本|此)|速来|名额有限",
    re.IGNORECASE,
)
_CAPITALS = 0.6
_CAPITALS_FROM = 30  # letters
_SHOUTS = 4
_LINKS_PER_WORD = 0.1

# What encodings leave of a text when they are confused, beyond what ftfy knows.
_BROKEN = re.compile("\ufffd|ï¿½|锟斤拷|烫烫烫|屯屯屯")
_MOJIBAKE_FROM = 4  # Chinese characters


def quality_flags(item: Item, languages: Collection[str]) -> tuple[QualityFlag, ...]:
    """Why no text should be written from an item, in a fixed order; empty for a good one.

    ==================  ====================================================================================
    ``empty``           title and body have no letter and no digit
    ``markup_only``     the body is markup, scripts or hidden text, and a reader sees nothing of it
    ``too_short``       fewer than 3 words, or 5 characters of Chinese or Japanese, in title and body together
    ``enormous``        the body is longer than 60,000 characters
    ``mojibake``        characters that a wrong encoding left
    ``gibberish``       letters that make no words
    ``repetitive``      the same again and again
    ``foreign_language``  surely in another language than the domain's
    ``spam``            two of: capitals, shouting, links, come-ons; or one of them to excess
    ==================  ====================================================================================

    Parameters
    ----------
    languages
        ISO 639-1 codes of the languages that the domain is published in.
    """
    title, body = clean(item.title), clean(item.body, READ_CHARACTERS)
    text = f"{title}\n{body}".strip()
    raw = f"{item.title}\n{item.body[:READ_CHARACTERS]}"
    flags: list[QualityFlag] = []
    if not _LETTER.search(text):
        return ("markup_only",) if _LETTER.search(raw) else ("empty",)
    if _LETTER.search(item.body) and not _LETTER.search(body):
        flags.append("markup_only")
    elif _too_short(text):
        flags.append("too_short")
    if len(item.body) > ENORMOUS_CHARACTERS:
        flags.append("enormous")
    if _mojibake(raw):
        flags.append("mojibake")
    elif _repetitive(text):
        flags.append("repetitive")
    elif is_gibberish(text):
        flags.append("gibberish")
    elif _foreign(text, item.language, languages):
        flags.append("foreign_language")
    if _spam(raw):
        flags.append("spam")
    return tuple(flags)


def why_not_write(understanding: Understanding) -> str | None:
    """Why the original text is served in place of a written one, as ``quality: spam``; None: the item is fit."""
    return f"quality: {', '.join(understanding.quality)}" if understanding.quality else None


def _too_short(text: str) -> bool:
    unspaced = _HANZI.search(text) is not None
    return len(_WORDS.findall(text)) < (_LEAST_HANZI if unspaced else _LEAST_WORDS)


def _foreign(text: str, given: str | None, languages: Collection[str]) -> bool:
    if given is not None and given not in languages:
        return True
    if sum(map(str.isalpha, text)) < (_LEAST_HANZI if _HANZI.search(text) else _LETTERS_OF_A_LANGUAGE):
        return False
    language, confidence = identify(text)
    return confidence >= _SURE and language not in languages


def _repetitive(text: str) -> bool:
    if _RUN.search(text):
        return True
    data = text.encode()
    if len(data) >= _PACKED_FROM and len(zlib.compress(data)) < _PACKED * len(data):
        return True
    words = _WORDS.findall(text.lower())[:60]
    return len(words) >= _DIFFERENT_FROM and len(set(words)) <= _DIFFERENT * len(words)


def _mojibake(text: str) -> bool:
    if _BROKEN.search(text):
        return True
    from ftfy.badness import is_bad

    return bool(is_bad(text)) or any(_is_utf8_read_as_gbk(run) for run in re.findall(r"[^\x00-\x7f]+", text))


def _is_utf8_read_as_gbk(run: str) -> bool:
    """Whether Chinese characters are the bytes of other ones, two by two: text is hardly ever valid by chance."""
    if len(run) < _MOJIBAKE_FROM:
        return False
    data = run.encode("gb18030", "ignore")
    meant = data.decode("utf-8", "ignore")
    return len(meant.encode()) >= 0.8 * len(data)


def _spam(text: str) -> bool:
    words = max(1, len(_WORDS.findall(text)))
    letters = [c for c in text if c.isascii() and c.isalpha()]
    links, come_ons = len(_LINK.findall(text)), len(_COME_ON.findall(text))
    capitals = len(letters) >= _CAPITALS_FROM and sum(map(str.isupper, letters)) > _CAPITALS * len(letters)
    shouts = len(re.findall(r"[!！]", text)) >= _SHOUTS
    signs = [capitals, shouts, links > _LINKS_PER_WORD * words, come_ons >= 1]
    return sum(signs) >= 2 or come_ons >= 3
