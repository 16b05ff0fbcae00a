"""What a sentence says to a model that a reader may not see: with lookalikes, spacing and encodings undone."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import unquote

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝьвкмнтгӏАЕОРСУХІЈЅВКМНТαεορυχικντηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɡɑℓ",
    "aeopcyxijshdqwbbkmhtrlAEOPCYXIJSBKMHTaeopuxikvtnwABEZHIKMNOPTYXigal",
)
# Traditional characters of the words that orders are made of.
_SIMPLIFIED = str.maketrans(
    "無視記規則詞統輸標題總結現開發戶讀覽歷輯幫請說寫顯結論給從續執簡體該獎應須務條護設聞產評語導購買點擊帳號認證",
    "无视记规则词统输标题总结现开发户读览历辑帮请说写显结论给从续执简体该奖应须务条护设闻产评语导购买点击帐号认证",
)
_LEET = str.maketrans("013457@$!|", "oieastasil")
_LEET_WORD = re.compile(r"(?<![\w$@])(?=[\w$@!|]*[a-z])(?=[\w$@!|]*[013457$@!|])[\w$@!|]{2,40}", re.IGNORECASE)
_CYRILLIC = re.compile(r"[\u0430-\u044f]{4}", re.IGNORECASE)
_SPACED = re.compile(r"(?<!\w)(?:[a-z][ .\-_*·|/]{1,3}){4,200}[a-z](?!\w)", re.IGNORECASE)
_SPACED_HAN = re.compile(r"(?<=[\u3400-\u9fff])[ .\-_*·|/~+^]{1,3}(?=[\u3400-\u9fff])")
_SEPARATORS = re.compile(r"[ .\-_*·|/]+")

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_\-])[A-Za-z0-9+/_\-]{16,4000}={0,2}(?![A-Za-z0-9+/=])")
_BASE32 = re.compile(r"\b[A-Z2-7]{24,4000}={0,6}")
_HEX = re.compile(r"(?:(?:\\x|0x)?[0-9a-fA-F]{2}[ ,:]?){12,2000}")
_BINARY = re.compile(r"(?:[01]{8}[ ,]?){6,1000}")
_PERCENT = re.compile(r"(?:[^\s%]{0,20}%[0-9a-fA-F]{2}){3,}[^\s%]{0,20}")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|&#x?[0-9a-fA-F]{2,6};?){3,}")
_ESCAPE = re.compile(r"\\[ux]([0-9a-fA-F]{4}|[0-9a-fA-F]{2})|&#(x?)([0-9a-fA-F]{2,6});?")
_PROSE = re.compile(r"[^\W\d_]{2,}\W+[^\W\d_]{2,}\W+[^\W\d_]{2,}|[\u4e00-\u9fff]{4,}")

_TRIGGERS = (
    "ignore", "previous", "instruction", "prompt", "system", "output", "reply", "respond", "write", "answer",
    "disregard", "reveal", "repeat", "headline", "print",
)  # fmt: skip
_ROT13 = re.compile("|".join(codecs.encode(word, "rot13") for word in _TRIGGERS), re.IGNORECASE)
_REVERSED = re.compile(
    "|".join(word[::-1] for word in _TRIGGERS if len(word) > 5) + "|令指|示提|略忽|视无", re.IGNORECASE
)


def folded(text: str) -> str:
    """Lower case in NFKC, with lookalike letters, leet spelling, spaced-out words and traditional characters undone.

    A word that was spaced out has no borders left: ``i g n o r e  a l l`` becomes ``ignoreall``.
    """
    text = unicodedata.normalize("NFKC", text).translate(_LOOKALIKES).translate(_SIMPLIFIED)
    text = _SPACED_HAN.sub("", _SPACED.sub(lambda found: _SEPARATORS.sub("", found.group()), text))
    return _LEET_WORD.sub(lambda found: found.group().translate(_LEET), text).replace("’", "'").casefold()


def smuggled(text: str) -> list[str]:
    """Prose that stands encoded in a text: base64, base32, hexadecimal or binary. No honest text holds any."""
    found: list[str] = []
    for pattern, decode in _CODES:
        for token in pattern.findall(text):
            try:
                plain = decode(token).decode("utf-8")
            except (ValueError, binascii.Error):
                continue
            if _PROSE.search(plain) and sum(map(str.isprintable, plain)) >= 0.9 * len(plain):
                found.append(plain)
    return found


def readings(text: str) -> Iterator[str]:
    """The text as a model may read it, each folded: as it is; with escapes undone; turned by ROT13; backwards."""
    yield folded(text)
    if _CYRILLIC.search(text):  # folded as lookalikes above
        yield unicodedata.normalize("NFKC", text).casefold()
    if text.count("%") > 2 and _PERCENT.search(text):
        yield folded(unquote(text, errors="replace"))
    if ("\\" in text or "&#" in text) and _ESCAPES.search(text):
        yield folded(_ESCAPE.sub(_character, text))
    if _ROT13.search(text):
        yield folded(codecs.encode(text, "rot13"))
    if _REVERSED.search(text):
        yield folded(text[::-1])


def _character(escape: re.Match[str]) -> str:
    base = 16 if escape.group(1) or escape.group(2) else 10
    try:
        return chr(int(escape.group(1) or escape.group(3), base))
    except (ValueError, OverflowError):
        return " "


def _base64(token: str) -> bytes:
    bare = token.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(bare[: len(bare) - (len(bare) % 4 == 1)] + "=" * (-len(bare) % 4), validate=True)


def _base32(token: str) -> bytes:
    bare = token.rstrip("=")
    return base64.b32decode(bare + "=" * (-len(bare) % 8))


def _hexadecimal(token: str) -> bytes:
    return bytes.fromhex(re.sub(r"\\x|0x|[ ,:]", "", token))


def _binary(token: str) -> bytes:
    return bytes(int(octet, 2) for octet in re.findall("[01]{8}", token))


_CODES: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (_BASE64, _base64),
    (_BASE32, _base32),
    (_HEX, _hexadecimal),
    (_BINARY, _binary),
)
