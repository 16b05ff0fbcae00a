"""Closed word classes of English and Chinese that the checks and the extractor need."""

from __future__ import annotations

FUNCTION_WORDS = frozenset(
    """a about above across after again against all almost along already also although always am among an and another
    any anyone anything are aren't around as at away back be became because been before being below between both but
    by came can can't cannot could couldn't did didn't do does doesn't doing don't down during each either else even
    ever every for from further get gets got had hadn't has hasn't have haven't having he her here hers herself him
    himself his how however i i'm if in into is isn't it it's its itself just least less like made make many may me
    might more most much must my myself near nearly never no nor not now of off often on once one only onto or other
    others our ours out over own per perhaps quite rather s same several shall she should since so some something
    soon still such t than that that's the their theirs them themselves then there these they this those though
    through to together too toward towards under until up upon us very via was wasn't we we're well were weren't what
    when where whether which while who whom whose why will with within without won't would wouldn't yet you your yours
    yourself""".split()
)

# Words that a sentence may begin with in capitals although they name nothing; beside the function words.
OPENERS = frozenset(
    """according amid announced fears hopes meanwhile new news report reports says said study two three four five six
    seven eight nine ten today tomorrow yesterday""".split()
)

NEGATIONS = frozenset(
    """no not never none nobody nothing neither nor without cannot deny denies denied denying refuse refuses refused
    refusing fail fails failed failing reject rejects rejected lack lacks lacked""".split()
)
CHINESE_NEGATION = (
    r"(?<![非莫无毫])(?:不(?![过仅断同但久少管料幸得])|没有?(?!收)|未(?![来必])|无(?![论疑数线锡人])|并非|否认|拒绝|禁止|从未)"
)

# Pairs of opposite senses: (English stems, Chinese words) of each side.
OPPOSITES: tuple[tuple[tuple[frozenset[str], str], tuple[frozenset[str], str]], ...] = (
    (
        (
            frozenset("rise rises rose risen rising gain gains gained jump jumps jumped increase increases increased "
                      "grow grows grew grown climb climbs climbed surge surges surged soar soars soared higher".split()),
            "上涨|增长|上升|增加|提高|大涨|攀升|回升",
        ),
        (
            frozenset("fall falls fell fallen falling drop drops dropped decrease decreases decreased decline declines "
                      "declined slump slumps slumped plunge plunges plunged sink sinks sank lower tumble tumbled".split()),
            "下跌|下降|减少|降低|大跌|下滑|跌至",
        ),
    ),
    (
        (frozenset("win wins won winning victory beat beats beaten triumph".split()), "获胜|战胜|击败|夺冠|胜利"),
        (frozenset("lose loses lost losing defeat defeats defeated".split()), "输给|落败|败给|失利|失败"),
    ),
    (
        (frozenset("accept accepts accepted approve approves approved agree agrees agreed".split()), "接受|批准|同意"),
        (frozenset("reject rejects rejected refuse refuses refused block blocks blocked veto".split()), "拒绝|否决|驳回"),
    ),
)  # fmt: skip

NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
} | {word: 10 * tens for tens, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
MAGNITUDES = {
    "hundred": 10**2, "thousand": 10**3, "k": 10**3, "million": 10**6, "m": 10**6, "mn": 10**6, "billion": 10**9,
    "bn": 10**9, "b": 10**9, "trillion": 10**12, "tn": 10**12, "dozen": 12, "万": 10**4, "亿": 10**8, "万亿": 10**12,
    "百万": 10**6, "千万": 10**7, "百": 10**2, "千": 10**3, "百亿": 10**10, "千亿": 10**11,
}  # fmt: skip
MONTHS = frozenset(
    "january february march april may june july august september october november december".split()
)
CURRENCIES = {
    "$": "usd", "us$": "usd", "dollar": "usd", "dollars": "usd", "usd": "usd", "美元": "usd",
    "£": "gbp", "pound": "gbp", "pounds": "gbp", "gbp": "gbp", "英镑": "gbp",
    "€": "eur", "euro": "eur", "euros": "eur", "eur": "eur", "欧元": "eur",
    "¥": "cny", "yuan": "cny", "元": "cny", "人民币": "cny", "cny": "cny", "rmb": "cny", "块": "cny",
    "yen": "jpy", "日元": "jpy",
}  # fmt: skip
