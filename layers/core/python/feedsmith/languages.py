"""Language tags as others write them, as the codes that feedsmith keeps."""

from __future__ import annotations

import re

_CODE = re.compile(r"[a-z]{2}")
_UNDETERMINED = frozenset({"", "und", "mul", "zxx", "mis"})


def language_code(tag: str) -> str | None:
    """ISO 639-1 code of a language tag; the three-letter code of a language that has no other.

    Parameters
    ----------
    tag
        A BCP 47 tag or an ISO 639 code: ``zh-CN``, ``en_GB``, ``eng``, ``chi``, ``yue``. Varieties of a language give
        that language.

    Returns
    -------
    str or None
        None where the tag says that the language is not known, or that there are several.

    Raises
    ------
    ValueError
        This is no language tag.
    """
    tag = tag.strip()
    if _CODE.fullmatch(tag):
        return tag
    if tag.lower() in _UNDETERMINED:
        return None
    import langcodes  # 50 ms: those who write plain codes do not wait for it

    try:
        language = langcodes.Language.get(langcodes.standardize_tag(tag, macro=True)).language
    except ValueError:  # LanguageTagError, which the package does not export to type checkers
        language = None
    if language is None or not langcodes.tag_is_valid(language):
        raise ValueError("no language tag: give an ISO 639 code or a BCP 47 tag, as 'en' or 'zh-CN'")
    return language
