"""Keeps a small model to the words of its source.

A model of a hundred million parameters invents names and numbers when it is free to. A GBNF grammar (llama.cpp,
``grammars/README.md``) lets it choose and order words, but only words of the source and a few function words, which
is extraction by abstraction in the sense of See et al., "Get To The Point", ACL 2017.
"""

from __future__ import annotations

import json
import re

from feedsmith.writing.base import Prompt
from feedsmith.writing.lexicon import COPIED
from feedsmith.writing.prompting import shown

_WORD = re.compile(r"[\w$£€¥][\w$£€¥%.,'’&/-]*[\w%]|\w")
_LEAST_WORDS = 4


def copying_grammar(prompt: Prompt) -> str | None:
    """A grammar for a headline or one sentence of the shown words; None for other kinds and for Chinese."""
    if prompt.kind not in ("headline", "digest") or prompt.language == "zh":
        return None
    seen = _WORD.findall(shown(prompt.source, prompt.kind))
    words = " | ".join(json.dumps(word, ensure_ascii=False) for word in dict.fromkeys([*seen, *sorted(COPIED)]))
    end = ' "."' if prompt.kind == "digest" else ""
    repeat = f"{{{_LEAST_WORDS - 1},{prompt.limit - 1}}}"
    return f'root ::= word (("," | "") " " word){repeat}{end}\nword ::= {words}\n'
