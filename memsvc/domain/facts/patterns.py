"""Sentences that claim something: one pattern a way of saying it, English and Chinese, by hand."""
# ruff: noqa: E501, RUF001 - a table of patterns; typographic apostrophes are meant.

import re
from dataclasses import dataclass

_KIN = (
    "sister|brother|mother|father|mom|mum|dad|wife|husband|son|daughter|boss|manager|partner|"
    "girlfriend|boyfriend|fiancée|fiancé|roommate|flatmate|neighbour|neighbor|cousin|aunt|uncle|"
    "friend|grandmother|grandfather|colleague"
)
_NAME = r"[A-Z][\w’'-]*[\w](?: [A-Z][\w-]+){0,2}"
WHO = rf"(?P<who>I|[Mm]y (?:best |older |younger )?(?:{_KIN})(?: {_NAME})?|{_NAME})"
WHOSE = rf"(?P<who>[Mm]y (?:{_KIN})[’']s|[Mm]y|{_NAME}[’']s)"
_AUX = (
    r"(?: have| has|[’']ve|[’']s| am| is|[’']m| are)?"
    r"(?: now| just| recently| finally| currently| already| officially| actually| still)*"
)
_PLACE = r"(?:the )?(?P<what>[A-Z][\w’'.-]*(?: (?:(?:of|de|la|upon) )?[A-Z][\w’'-]+)*)"
_EMPLOYER = (
    r"(?:(?:the|an?) )?(?P<what>[A-Z][\w&’'.-]*(?: (?:(?:of|and|&) )?[A-Z][\w&’'-]+)*"
    r"|(?:(?<=the )|(?<=an )|(?<=a ))[a-z]+(?: [a-z]+)?)"
)
_LOST = r"(?: no longer| not| don[’']t| doesn[’']t)"
_MORE = r"(?P<more> (?:any ?more|any longer))"
_JOBS = (
    "teacher|nurse|engineer|developer|designer|manager|director|lawyer|doctor|chef|writer|editor|"
    "analyst|consultant|accountant|baker|barista|driver|electrician|intern|professor|researcher|"
    "scientist|salesperson|student|waiter|waitress|carpenter|journalist|programmer|architect|"
    "supervisor|lead|principal|partner|paramedic|pharmacist|translator|photographer|plumber"
)
_STATUS = (
    "single|married|divorced|engaged|separated|widowed|in a relationship|dating|seeing someone"
)
_ATTRIBUTES = (
    "phone number|number|e-?mail address|e-?mail|address|office|password|username|name|nickname|"
    "surname|last name|boss|doctor|dentist|landlord|job title|title|salary|rent|budget|weight|"
    "gym|shift|desk|room|locker code|pin|pin code|time ?zone|birthday|major|team|roommate|"
    "therapist|bank|phone|laptop|car|bedtime|dose|blood pressure|goal|hourly rate|target"
)
_EVENTS = (
    "meeting|appointment|flight|party|wedding|exam|interview|call|lesson|class|dinner|lunch|"
    "concert|deadline|review|train|session|stand-?up|workshop|game|ceremony|rehearsal|picnic|demo"
)
_EVENT = (
    rf"(?P<who>(?:[Tt]he|[Oo]ur|[Mm]y|{_NAME}[’']s)(?: [\w-]+){{0,2}}? (?:{_EVENTS})"
    rf"(?: (?:with|about|for|to) (?:the )?[\w’'-]+)?)"
)
_SET = (
    r"(?: is| was| has been| got|[’']s| starts| leaves| begins| will be)(?: now| actually)?"
    r"(?: moved| rescheduled| postponed| pushed| brought forward| changed| scheduled| set| due)?"
    r"(?: back| forward| up)?"
)
_CLOCK = r"(?P<what>\d{1,2}[:.]\d{2}(?: ?[ap]\.?m\b)?|\d{1,2} ?[ap]\.?m\b|noon|midnight)"
_WEEKDAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_DAY = (
    rf"(?:next |this )?(?P<what>(?i:{_WEEKDAY})|\d{{1,2}}(?:st|nd|rd|th)? [A-Z][a-z]+"
    r"|[A-Z][a-z]+ \d{1,2}(?:st|nd|rd|th)?)"
)
_HABITS = "like|love|enjoy|eat|drink|smoke|play|use|own|take|attend|study|speak|teach|run"
_DOING = (
    "liking|loving|enjoying|eating|drinking|smoking|playing|using|taking|attending|studying|"
    "teaching|running"
)
_HAN = r"[\u4e00-\u9fff]"
_WHO_ZH = rf"(?P<who>我|[小老]{_HAN}|{_HAN}{{2,3}}?)"
_NOW_ZH = "(?:现在|目前|已经|最近|刚|上个月|去年|上周|昨天)*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A way of claiming something; groups ``who`` and ``what``, else the predicate's ``kind``."""

    name: str
    predicate: str
    """With ``{kind}`` in place of the group of that name."""
    regex: re.Pattern[str]
    denies: bool = False
    is_functional: bool = True
    is_change: bool = True


def _pattern(
    name: str,
    predicate: str,
    regex: str,
    *,
    denies: bool = False,
    is_functional: bool = True,
    is_change: bool = True,
) -> Pattern:
    return Pattern(
        name=name,
        predicate=predicate,
        regex=re.compile(regex),
        denies=denies,
        is_functional=is_functional,
        is_change=is_change,
    )


PATTERNS = (
    _pattern(
        "residence.gone",
        "lives in",
        rf"^{WHO}(?: no longer live[sd]?| (?:don[’']t|doesn[’']t) live) in {_PLACE}(?:{_MORE})?",
        denies=True,
    ),
    _pattern(
        "residence.state",
        "lives in",
        rf"^{WHO}{_AUX} (?:live|lives|reside|resides|living|based|settled) in {_PLACE}",
    ),
    _pattern(
        "residence.move",
        "lives in",
        rf"^{WHO}{_AUX} (?:moved|relocated)(?: back| away| house| from [A-Z]\w+| with \w+)*"
        rf"(?: last \w+| in \d{{4}}| yesterday)? to (?:an? \w+ (?:in|near) )?{_PLACE}",
    ),
    _pattern(
        "employment.gone",
        "works for",
        rf"^{WHO}{_AUX} (?:(?:left|quit|resigned from|(?:was|got|been) (?:fired|laid off) (?:from|by)"
        rf"|no longer works? (?:at|for)|stopped working (?:at|for)) {_EMPLOYER}"
        rf"|(?:don[’']t|doesn[’']t) work (?:at|for) {_EMPLOYER.replace('what', 'what2')}{_MORE})",
        denies=True,
    ),
    _pattern(
        "employment.jobless",
        "works for",
        rf"^{WHO}{_AUX} (?:(?:quit|lost|left) (?:my|his|her|their) job|(?:been )?unemployed"
        r"|retired|(?:was |got |been )laid off)\b",
        denies=True,
    ),
    _pattern(
        "employment.state",
        "works for",
        rf"^{WHO}{_AUX} (?:work|works|working|employed)(?: as an? [\w ]+?)? (?:at|for|by) {_EMPLOYER}",
    ),
    _pattern(
        "employment.start",
        "works for",
        rf"^{WHO}{_AUX} (?:(?:started|began)(?: working| a new job| my new job| a job| work)?"
        rf"(?: last \w+| yesterday)? (?:at|for|with)|got (?:a|the|hired)(?: new)?(?: job)? ?(?:at|by)|joined"
        rf"|(?:was |been )?hired by|switched jobs to|accepted a job at|took a job at) {_EMPLOYER}",
    ),
    _pattern(
        "role.change",
        "works as",
        rf"^{WHO}{_AUX} (?:became|works? as|working as|(?:was |got |been )?promoted to|a trained"
        rf"|started as|made) (?:an? |the )?(?P<what>(?:[\w-]+ ){{0,3}}?(?:{_JOBS}))\b",
    ),
    _pattern(
        "role.state",
        "works as",
        rf"^{WHO}(?: am| is|[’']m)(?: now| currently)? (?:an? )(?P<what>(?:[\w-]+ ){{0,2}}?(?:{_JOBS}))\b",
        is_change=False,
    ),
    _pattern(
        "status",
        "is",
        rf"^{WHO}{_AUX}(?: got| became| been)?(?: now| happily)* (?P<what>{_STATUS})\b",
    ),
    _pattern("status.broke", "is", rf"^{WHO}{_AUX} broke up with \w+(?P<what>)"),
    _pattern("age", "age", rf"^{WHO}(?: am| is|[’']m)(?: now)? (?P<what>\d{{1,3}}) years? old"),
    _pattern("age.turned", "age", rf"^{WHO}{_AUX} turned (?P<what>\d{{1,3}})\b"),
    _pattern("drives", "drives", rf"^{WHO}{_AUX} (?:drive|drives|driving) an? (?P<what>[\w -]+)"),
    _pattern(
        "favourite",
        "favourite {kind}",
        rf"^{WHOSE}(?: new| current)? favou?rite (?P<kind>[\w -]+?)"
        r"(?: is| has become| became|[’']s)(?: now| currently)? (?P<what>(?!not\b)[^,;]+)",
    ),
    _pattern(
        "attribute",
        "{kind}",
        rf"^{WHOSE}(?: new| current)? (?P<kind>(?:(?!old|former|previous|first)[\w-]+ )?(?:{_ATTRIBUTES}))"
        r"(?: is| has been| has| was)?(?: now| currently)?(?: changed to| set to| called)? "
        r"(?P<what>(?!(?:is |was )?(?:changed|not|no longer|from|a secret)\b)[^,;]+)",
    ),
    _pattern(
        "attribute.changed",
        "{kind}",
        rf"^(?P<who>I|{_NAME}){_AUX} (?:changed|switched|updated) (?:my|his|her|their)"
        rf" (?P<kind>(?:[\w-]+ )?(?:{_ATTRIBUTES}))(?: from \S+)? to (?P<what>[^,;]+)",
    ),
    _pattern(
        "prefers",
        "prefers of {kind}",
        rf"^{WHO}{_AUX} prefers? (?P<what>[\w ]+?) (?:to|over) (?P<kind>[\w ]+?)(?: now| these days)?$",
    ),
    _pattern("event.time", "time", rf"^{_EVENT}{_SET}(?: at| to| for| until| from \S+ to)? {_CLOCK}"),
    _pattern(
        "event.day", "day", rf"^{_EVENT}{_SET}(?: on| to| for| until| from \w+ to)? {_DAY}\b"
    ),
    _pattern(
        "event.daytime",
        "time",
        rf"^{_EVENT}{_SET}(?: on| to| for)? (?:\w+ ){{1,2}}at {_CLOCK}",
    ),
    _pattern(
        "event.place",
        "place",
        rf"^{_EVENT}{_SET}(?: in| to) (?:the )?(?P<what>[Rr]oom [\w-]+|[\w-]+ (?:room|hall|building|office))",
    ),
    _pattern("event.off", "time", rf"^{_EVENT}(?: is| was| has been| got) (?:cancelled|canceled)(?P<what>)", denies=True),
    _pattern("event.off_day", "day", rf"^{_EVENT}(?: is| was| has been| got) (?:cancelled|canceled)(?P<what>)", denies=True),
    _pattern(
        "habit.gone",
        "{kind}",
        rf"^{WHO}{_AUX} (?:no longer (?P<kind>{_HABITS})s?|(?:stopped|quit|gave up) (?P<doing>{_DOING})"
        rf"|(?:don[’']t|doesn[’']t) (?P<kind2>{_HABITS})) (?P<what>[\w ]+?)(?: any ?more| any longer)?$",
        denies=True,
        is_functional=False,
    ),
    _pattern(
        "habit",
        "{kind}",
        rf"^{WHO}(?: really| often| still| also)* (?P<kind>{_HABITS}|studie|teache)(?P<third>s?) (?P<what>[\w ]+?)(?: every \w+| a lot)?$",
        is_functional=False,
    ),
    _pattern("diet.gone", "diet", rf"^{WHO}(?: am| is|[’']m) (?:no longer|not) (?:an? )?(?P<what>vegan|vegetarian|pescatarian)\b", denies=True),
    _pattern("diet", "diet", rf"^{WHO}{_AUX}(?: became| turned| went)? (?:an? )?(?P<what>vegan|vegetarian|pescatarian)\b"),
    _pattern("zh.residence.gone", "lives in", rf"^{_WHO_ZH}(?:已经)?(?:不再|不)住在?(?P<what>{_HAN}{{2,6}}?)了?$", denies=True),
    _pattern("zh.residence", "lives in", rf"^{_WHO_ZH}{_NOW_ZH}(?:住在|搬到了?|搬去了?|定居在?)(?P<what>{_HAN}{{2,6}}?)了?$"),
    _pattern("zh.employment.gone", "works for", rf"^{_WHO_ZH}{_NOW_ZH}(?:从(?P<what>[\w]+?)(?:离职|辞职)|不再?在(?P<what2>\w+?)(?:工作|上班))了?$", denies=True),
    _pattern("zh.employment", "works for", rf"^{_WHO_ZH}{_NOW_ZH}在(?P<what>\w+?)(?:工作|上班)$"),
    _pattern("zh.employment.start", "works for", rf"^{_WHO_ZH}{_NOW_ZH}(?:加入|入职|跳槽到)了?(?P<what>\w+?)了?$"),
    _pattern("zh.favourite", "favourite {kind}", rf"^{_WHO_ZH}(?:现在)?最喜欢的(?P<kind>\w+?)(?:现在)?是(?P<what>\w+)$"),
    _pattern("zh.attribute", "{kind}", rf"^{_WHO_ZH}的(?:新)?(?P<kind>电话号码|电话|手机号|邮箱|地址|密码|名字|房租|生日)(?:现在)?(?:是|改成|换成|变成)了?(?P<what>[\w@.\-]+)$"),
    _pattern("zh.event", "time", r"^(?P<who>\w*?(?:会议|面试|约会|航班|考试|聚会))(?:时间)?(?:是|在|定在|改到|改成|推迟到|提前到)了?(?P<what>(?:上午|下午|晚上)?[\d一二三四五六七八九十]+点半?)$"),
    _pattern("zh.status", "is", rf"^{_WHO_ZH}{_NOW_ZH}(?:是)?(?P<what>单身|结婚|离婚|订婚)了?$"),
)  # fmt: skip

HEDGED = re.compile(
    r"\b(?:thinking (?:of|about)|might|(?-i:may)|would|could|should|if|unless|wants? to|wanted to|plans? to|"
    r"planning|going to|will move|hopes?|hoping|wish(?:es)?|consider(?:s|ing)?|maybe|perhaps|probably|possibly|"
    r"hypothetically|suppos(?:e|ing)|assum(?:e|ing)|wonder\w*|whether|role ?play|dream(?:s|ed|t)?|"
    r"used to|almost|nearly|pretend\w*|imagine\w*|in the (?:novel|film|movie|game|story|play)|character|heard|rumou?r\w*|says|said|"
    r"thinks|thought|claims|told|asked|also|both|second|part of the (?:time|year)|half of|sometimes|"
    r"until (?:19|20)\d\d|back then|years? ago i lived|as a (?:child|kid|joke)|never|joking|not sure|"
    r"interview(?:ed|ing) (?:at|with)|for a (?:week|weekend|day|few)|on weekends|temporarily)\b",
    re.IGNORECASE,
)
"""What makes a sentence no claim about now: plans, wishes, hearsay, stories, more than one value."""
HEDGED_ZH = re.compile(
    "想|打算|可能|如果|也许|准备|考虑|希望|要是|听说|据说|曾经|以前|计划|也|吗|梦见|说|假如|假设|大概|或许"
)
