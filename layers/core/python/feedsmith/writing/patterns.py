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
ADDRESS = _any(
    r"\bh(?:tt|xx)ps?:\S+",
    r"\bwww\.\S+",
    r"\b[\w.+-]+ ?(?:@|\[at\]|\(at\)) ?[\w-]+\.\w+",
    r"\b(?:javascript|data|mailto|tel):\S+",
)
"""An address to go to: no text has one, whether its source does or not."""
SITE = _any(
    r"\b[\w-]+\.(?:com|org|net|co|io|cn|example|test|info|xyz|top|app|site|click|link|dev|shop|store|online)\b(?:/\S*)?",
    r"\b\w+ ?[\[(]?dot[\])]? ?(?:com|org|net|example)\b",
    r"(?<![\d.,])\+?\d{0,3}[ -]?(?:\(\d{2,4}\)|\d{2,4})[ -]\d{3,4}[ -]\d{3,4}(?![\d.,]*\d)",
    r"(?<!\d)1[3-9]\d{9}(?!\d)|(?<!\d)(?:400|800)-?\d{3}-?\d{4}(?!\d)",
)
"""A site or a telephone number: only as the source has it, for some are names."""
CODE = _any(
    r"\{\{|\}\}|\$\{|<\?|\?>|=>",
    r"\b(?:eval|alert|fetch|exec|system|print|document\.\w+|console\.log)\(",
    r"\b(?:SELECT|DROP|INSERT|DELETE) (?:\*|TABLE|INTO|FROM)\b",
    r"\b(?:import|require) (?:os|sys|subprocess)\b",
    r"\[[^\]\n]{1,40}\]:",
)
CALL = _any(
    r"\b(?:click|tap) (?:here|below|on (?:the|this)|the link|this|now|through)\b",
    r"\b(?:sign up|subscribe|register|order|buy|shop|call|donate|download|log ?in|apply|book|hurry|enrol+)"
    r" (?:it |yours |one |us )?(?:now|today|here|immediately)\b|\b(?:call|contact|visit) us (?:at|on|today|now)\b",
    r"\b(?:verify|confirm|unlock|restore|claim|reactivate) your\b",
    r"\bscan (?:the|this) (?:qr )?code\b",
    r"\b(?:limited[- ]time|while stocks last|free trial|risk[- ]free|money[- ]back|(?:promo|discount) code|act fast)\b",
    r"\bdon't miss (?:out|it|this)\b",
    r"点击(?!率|量|数|次|流)|(?:立即|马上|赶快|赶紧|快来)(?:购买|下单|抢购|注册|下载|领取|验证|登录|报名|咨询|订购|体验)",
    r"扫(?:描)?(?:下方|此|该|本)?二维码|扫码(?:领取|关注|添加|进群)|加微信|限时(?:优惠|抢购|特价|折扣)",
    r"(?:验证|确认|解冻|激活)[您你]的|欢迎(?:选购|订购|致电|拨打|扫码)|(?:请|立即)?(?:致电|拨打)\s*[\d+]|数量有限|先到先得",
)
"""A call to act: nothing that feedsmith writes is an advertisement, not even its source's."""
PRAISE = _any(
    r"\b(?:best|finest|greatest|ultimate|premium|perfect|flawless|superb|outstanding|exceptional|stunning|amazing)\b",
    r"\b(?:incredible|revolutionary|unbeatable|unrivalled|unrivaled|unmatched|trusted|guaranteed|unmissable)\b",
    r"\b(?:number one|no\.? ?1|world[- ]class|must[- ](?:have|see|read|buy)|game[- ]chang\w+|award[- ]winning)\b",
    r"\b(?:state[- ]of[- ]the[- ]art|cutting[- ]edge|top[- ](?:rated|notch)|five[- ]stars?|loved by|highly recommend)",
    r"#1\b|\b(?:world|industry|market)(?:'s|-)? ?(?:leading|favou?rite)\b",
    r"最(?:好|佳|优|强|棒|值得|受欢迎|可靠|安全)|第一品牌|强烈推荐|必(?:买|备|看|读)|首选|无与伦比|完美|史上最|值得信赖|顶级"
    r"|遥遥领先|(?:业界|全球|行业)领先|好评如潮|惊艳|极致|无敌|一流|神器",
)
MIXED = re.compile(r"[A-Za-z][\u0370-\u052f]|[\u0370-\u052f][A-Za-z]")
"""Letters of two alphabets in one word: a name that only looks like another."""
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
