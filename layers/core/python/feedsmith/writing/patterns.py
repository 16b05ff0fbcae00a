"""Regular expressions of what no text may say."""

from __future__ import annotations

import re


def _any(*alternatives: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), flags)


REFUSAL = _any(
    r"\bas an? (?:AI|artificial intelligence|language model|assistant)\b",
    r"\bI(?:'m| am) (?:sorry|unable|an? (?:AI|assistant|language model))\b",
    r"\bI (?:can(?:no|')t|won't|do not|don't) (?:help|assist|write|provide|fulfil|comply|have)\b",
    r"\bI apologi[sz]e\b",
    r"\bI(?:'d| would) be happy to\b",
    r"作为(?:一个|一名)?(?:AI|人工智能|语言模型|助手)",
    r"(?:很抱歉|抱歉，|对不起，)",
    r"我(?:无法|不能)(?:提供|协助|完成|回答|帮)",
)
CHATTER = _any(
    r"^\W*(?:sure|certainly|of course|okay|here(?:'s| is| are))\b",
    r"^(?:headline|title|summary|answer|output|text)\s*[:：]",
    r"^(?:好的|当然|以下是|标题|摘要|总结)\s*[,，:：]",
    r"\b(?:this|the) (?:text|passage|source|prompt) (?:says|is about|describes|states)\b",
)
MARKUP = _any(
    r"\*\*",
    r"__",
    r"`",
    r"^#{1,6}\s",
    r"^\s*[-*•]\s",
    r"^\s*\d+[.)]\s",
    r"\[[^\]]+\]\([^)]*\)",
    r"</?[a-z][^>]*>",
    r"\{\"",
    r"\|\s*-{2,}",
    flags=re.IGNORECASE | re.MULTILINE,
)
LINK = _any(
    r"https?://\S+",
    r"www\.\S+",
    r"\b[\w.+-]+@[\w-]+\.\w+",
    r"\b[\w-]+\.(?:com|org|net|co|io|cn)\b",
)
ADVICE = _any(
    r"\b(?:you|we|one|readers?|investors?|patients?|travell?ers?) (?:should|must|(?:need|ought|have) to|had better)\b",
    r"\b(?:I|we) (?:recommend|suggest|advise)\b",
    r"\bis (?:recommended|advisable)\b",
    r"\bmake sure\b",
    r"\bconsider \w+ing\b",
    r"(?:^|[.!?]\s+)(?:please |always |never |don't |do not )?"
    r"(?:buy|sell|invest|take|stop|avoid|try|consider|ask|consult|book|switch|choose|start|talk to|see a|get a|use|eat"
    r"|drink)\b",
    r"应该",
    r"应当",
    r"建议[您你]",
    r"[您你](?:应|要|需要|必须|可以)",
    r"请(?:务必|咨询|立即|注意)",
    r"不妨",
    r"最好(?:是|不要|先|能)",
    r"务必",
    r"推荐(?:您|你|买入|购买)",
)
LABEL = re.compile(
    r"^[#*\s]*(?:headline|title|summary|answer|sentence|标题|摘要|总结|概要)(?: \w+)?\**[:：][*\s]*",
    re.IGNORECASE,
)
WRAPPED = re.compile(r"""^(?:"([^"]*)"|“([^”]*)”|'([^']*)'|\*\*([^*]*)\*\*)$""")
