"""The patterns of what people plainly say of themselves: English first, and some Chinese.

A pattern is meant to miss rather than to match too much; what its words hold only in a manner of
speaking ("I have a question") is left out.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """What a statement is about, in the order in which a portrait tells of it."""

    NAME = "name"
    WORK = "work"
    RESIDENCE = "residence"
    RELATIONS = "relations"
    PREFERENCES = "preferences"
    POSSESSIONS = "possessions"
    PLANS = "plans"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfRule:
    """A pattern, and what somebody says of themselves whose words match it."""

    pattern: re.Pattern[str]
    topic: Topic
    text: str
    """With ``{x}`` for what the pattern's group ``x`` holds, and ``{w}`` for its ``w``."""
    slot: str
    """May hold ``{x}`` and ``{w}`` in the form in which they are compared: then many can stand."""
    holds: bool = True


_X = r"(?P<x>[^\s.,;:!?\n][^.,;:!?\n]{0,79}?)"
_END = (
    r"(?=\s*(?:[.,;:!?\n]|$|\b(?:and|but|because|since|so|although|though|while|when|where|which|"
    r"who|now|these days|at the moment|anymore|any more|currently|right now|too|as well|lately|"
    r"last|this|yesterday|today|ago|for a while)\b))"
)
_PLACE_END = (
    r"(?=\s*(?:[.,;:!?\n]|$|\b(?:and|but|because|since|so|for|from|with|in|near|last|this|these|"
    r"now|when|where|while|which|as|anymore|any more|currently|right now|at the moment|again)\b))"
)
_THING_END = _PLACE_END.replace("from|", "from|that|which|who|to|by|on|at|next|right|just|-|")
_ROLE_END = _PLACE_END.replace("from|", "from|at|on|")
_NOW = r"(?:now |currently |still |just |recently |really |also |finally |actually )*"
_NOT = r"(?:no longer |don't |do not |never )"
_CAPITAL = r"[A-Z][\w-]*(?:'(?!s\b)\w+)?"
_NAME = rf"(?P<x>(?-i:(?!I\b){_CAPITAL}(?: (?!I\b){_CAPITAL}){{0,2}}))"
_ONE = (
    "wife|husband|spouse|partner|girlfriend|boyfriend|fianc[e\u00e9]e?|mother|mom|mum|father|dad|"
    "boss|manager|roommate"
)
_MANY = (
    "son|daughter|child|kid|baby|brother|sister|cousin|aunt|uncle|niece|nephew|friend|best friend|"
    "colleague|coworker|neighbou?r|grandmother|grandma|grandfather|grandpa|teacher"
)
_OCCUPATION = (
    r"(?P<x>(?:(?!bit|little|lot|huge|big)[a-z][\w-]*\s+){0,3}?(?:accountant|actor|actress|analyst|"
    r"architect|artist|assistant|attorney|baker|barista|biologist|builder|carpenter|cellist|chef|"
    r"chemist|clerk|coach|consultant|cook|counsell?or|dancer|data scientist|dentist|designer|"
    r"developer|director|doctor|driver|economist|editor|electrician|engineer|farmer|filmmaker|"
    r"firefighter|florist|freelancer|gardener|geologist|hairdresser|historian|illustrator|"
    r"journalist|lawyer|lecturer|librarian|manager|mechanic|musician|nurse|paramedic|pharmacist|"
    r"photographer|physicist|pianist|pilot|plumber|poet|policeman|postdoc|producer|professor|"
    r"programmer|psychologist|researcher|sailor|salesperson|scientist|sculptor|secretary|singer|"
    r"social worker|soldier|student|surgeon|tailor|teacher|technician|therapist|translator|tutor|"
    r"veterinarian|vet|waiter|waitress|welder|writer))"
)
_NO_POSSESSION = (
    r"(?!(?:[\w-]+ ){0,2}(?:question|problem|idea|story|tournament|picture|photo|"
    r"concert|class|event|trip|game|match|feeling|meeting|headache|cold|lot|bit|few|couple|"
    r"chance|look|dream|plan|time|appointment|favou?r|fever|day|week|weekend|night|doubt|hunch|"
    r"reason|point|go|call|interview|exam|test|deadline|flight|date|issue|suggestion|hope|choice|"
    r"crush|blast|ticket|job|email|message|text|letter|answer|reply|sense|thing|good|great|hard)s?"
    r"\b)"
)
_POINTING = r"(?!(?:it|that|this|these|those|you|your|him|her|them|how|when|what|the way|to be)\b)"
_QUANTITY = r"(?:an?|one|two|three|four|five|six|\d{1,3}|several)"

_ENGLISH = (
    # name
    (r"my name(?:'s| is)\s+" + _NAME, Topic.NAME, "is called {x}", "name"),
    # work
    (rf"I {_NOW}work as (?:an? )?{_X}{_ROLE_END}", Topic.WORK, "works as {x}", "role"),
    (rf"I(?:'m| am) {_NOW}an? {_OCCUPATION}{_ROLE_END}", Topic.WORK, "works as {x}", "role"),
    (rf"I {_NOW}work (?:at|for) {_X}{_END}", Topic.WORK, "works at {x}", "employer"),
    (
        rf"I(?:'ve| have)? {_NOW}(?:started|began)(?: working)?(?: a new job)? at {_X}{_END}",
        Topic.WORK,
        "works at {x}",
        "employer",
    ),
    (
        rf"I {_NOW}(?:got|took) an? (?:new )?job at {_X}{_END}",
        Topic.WORK,
        "works at {x}",
        "employer",
    ),
    (
        rf"I {_NOW}(?:got|took) an? (?:new )?job as an? {_X}{_ROLE_END}",
        Topic.WORK,
        "works as {x}",
        "role",
    ),
    (rf"I(?:'m| am) {_NOW}studying {_X}{_END}", Topic.WORK, "studies {x}", "studies"),
    (rf"I {_NOW}study {_X}{_END}", Topic.WORK, "studies {x}", "studies"),
    (rf"I(?:'m| am) {_NOW}(?P<x>retired|unemployed)\b", Topic.WORK, "is {x}", "role"),
    # residence
    (rf"I {_NOW}live in {_X}{_PLACE_END}", Topic.RESIDENCE, "lives in {x}", "residence"),
    (
        rf"I(?:'m| am) {_NOW}living in {_X}{_PLACE_END}",
        Topic.RESIDENCE,
        "lives in {x}",
        "residence",
    ),
    (
        rf"I(?:'ve| have)? {_NOW}(?:moved|relocated) (?:back )?to {_X}{_PLACE_END}",
        Topic.RESIDENCE,
        "lives in {x}",
        "residence",
    ),
    (
        rf"I(?:'m| am) (?:originally )?from {_X}{_END}",
        Topic.RESIDENCE,
        "is from {x}",
        "origin",
    ),
    # relations
    (
        rf"my (?P<w>{_ONE})(?:(?:'s name)? is(?: called| named)?|,)? {_NAME}",
        Topic.RELATIONS,
        "{w}: {x}",
        "{w}",
    ),
    (
        (
            rf"my (?:(?:older|younger|little|big|eldest|youngest|old) )?(?P<w>{_MANY})"
            rf"(?:(?:'s name)? is(?: called| named)?|,)? {_NAME}"
        ),
        Topic.RELATIONS,
        "{w}: {x}",
        "{w} {x}",
    ),
    (
        rf"I(?:'m| am) {_NOW}(?P<x>married|engaged|divorced|single|widowed)(?![-\w])",
        Topic.RELATIONS,
        "is {x}",
        "marital",
    ),
    (
        rf"I {_NOW}got (?P<x>married|engaged|divorced)\b",
        Topic.RELATIONS,
        "is {x}",
        "marital",
    ),
    # preferences
    (
        (
            rf"I (?:really |absolutely |also |just |still )*(?:love|like|enjoy|adore|prefer) "
            rf"{_POINTING}{_X}{_END}"
        ),
        Topic.PREFERENCES,
        "likes {x}",
        "likes {x}",
    ),
    (
        rf"I(?:'m| am) (?:really |very |also )*(?:fond of|keen on|into) {_POINTING}{_X}{_END}",
        Topic.PREFERENCES,
        "likes {x}",
        "likes {x}",
    ),
    (
        (
            rf"I (?:really |absolutely |also |just |still )*(?:hate|dislike|can(?:'t|not) stand) "
            rf"{_POINTING}{_X}{_END}"
        ),
        Topic.PREFERENCES,
        "dislikes {x}",
        "likes {x}",
    ),
    (
        (
            rf"I (?:really )?(?:don't|do not|no longer|never) (?:really )?(?:like|enjoy) "
            rf"{_POINTING}{_X}{_END}"
        ),
        Topic.PREFERENCES,
        "dislikes {x}",
        "likes {x}",
    ),
    (
        rf"my favou?rite (?P<w>[\w ]{{2,30}}?) (?:is|are) (?!not\b){_POINTING}{_X}{_END}",
        Topic.PREFERENCES,
        "favourite {w}: {x}",
        "favourite {w}",
    ),
    (
        rf"I(?:'m| am) allergic to {_X}{_END}",
        Topic.PREFERENCES,
        "is allergic to {x}",
        "allergy {x}",
    ),
    (
        rf"I(?:'m| am) {_NOW}(?:a )?(?P<x>vegetarian|vegan)\b",
        Topic.PREFERENCES,
        "is {x}",
        "diet",
    ),
    # possessions
    (
        (
            rf"I(?:'ve got| have got| {_NOW}(?:have|own)) (?P<x>{_QUANTITY} {_NO_POSSESSION}"
            rf"[^.,;:!?\n]{{2,60}}?){_THING_END}"
        ),
        Topic.POSSESSIONS,
        "has {x}",
        "has {x}",
    ),
    (
        (
            rf"I(?:'ve| have)? {_NOW}(?:bought|adopted)(?: myself)? (?P<x>{_QUANTITY} "
            rf"[^.,;:!?\n]{{2,60}}?){_THING_END}"
        ),
        Topic.POSSESSIONS,
        "has {x}",
        "has {x}",
    ),
    # plans
    (
        (
            rf"I(?:'m| am) {_NOW}(?:planning|hoping|going) to (?!(?:the|a|an|my|our|your|bed)\b)"
            rf"(?!be (?!an?\b))"
            rf"{_X}{_END}"
        ),
        Topic.PLANS,
        "plans to {x}",
        "plans {x}",
    ),
    (rf"I {_NOW}(?:plan|hope|intend) to {_X}{_END}", Topic.PLANS, "plans to {x}", "plans {x}"),
)
_ENGLISH_ENDINGS = (
    (
        rf"I (?:no longer|don't|do not) live in {_X}{_PLACE_END}",
        Topic.RESIDENCE,
        "lives in {x}",
        "residence",
    ),
    (rf"I {_NOT}work (?:at|for) {_X}{_END}", Topic.WORK, "works at {x}", "employer"),
    (rf"I {_NOT}work as (?:an? )?{_X}{_ROLE_END}", Topic.WORK, "works as {x}", "role"),
    (rf"I {_NOW}(?:quit|lost|left) my job(?P<x>)\b", Topic.WORK, "works at {x}", "employer"),
    (
        rf"I(?:'ve| have)? {_NOW}(?:sold|gave away|lost|returned) my (?!job\b){_X}{_END}",
        Topic.POSSESSIONS,
        "has {x}",
        "has {x}",
    ),
    (
        rf"I (?:no longer|don't|do not) (?:have|own) (?!to\b)(?:my |an? |the )?{_X}{_END}",
        Topic.POSSESSIONS,
        "has {x}",
        "has {x}",
    ),
    (
        rf"I(?:'m| am) (?:no longer|not) (?:planning|going) to {_X}{_END}",
        Topic.PLANS,
        "plans to {x}",
        "plans {x}",
    ),
)
_HAN_MARKS = r"\s\uff0c\u3002\uff01\uff1f\uff1b\u3001,.!?;"
_HAN = rf"(?P<x>[^{_HAN_MARKS}]{{1,20}}?)"
_HAN_END = rf"(?=[{_HAN_MARKS}]|了|$)"
_HAN_RELATIVES = "妻子|老婆|丈夫|老公|女朋友|男朋友|妈妈|爸爸|母亲|父亲|老板"
_HAN_MANY = "女儿|儿子|哥哥|姐姐|弟弟|妹妹|朋友|同事|邻居"
_CHINESE = (
    (rf"我(?:的名字)?叫{_HAN}{_HAN_END}", Topic.NAME, "叫{x}", "name"),
    (rf"我(?:现在)?在{_HAN}(?:工作|上班)", Topic.WORK, "在{x}工作", "employer"),
    (rf"我(?:现在)?是(?:一|1)?(?:名|位){_HAN}{_HAN_END}", Topic.WORK, "是{x}", "role"),
    (
        rf"我(?:现在)?(?:住在|搬到了?|搬去了?){_HAN}{_HAN_END}",
        Topic.RESIDENCE,
        "住在{x}",
        "residence",
    ),
    (rf"我来自{_HAN}{_HAN_END}", Topic.RESIDENCE, "来自{x}", "origin"),
    (
        rf"我的?(?P<w>{_HAN_RELATIVES})(?:的名字)?(?:叫|是){_HAN}{_HAN_END}",
        Topic.RELATIONS,
        "{w}: {x}",
        "{w}",
    ),
    (
        rf"我的?(?P<w>{_HAN_MANY})(?:的名字)?叫{_HAN}{_HAN_END}",
        Topic.RELATIONS,
        "{w}: {x}",
        "{w} {x}",
    ),
    (
        rf"我(?:很|最|特别|非常|也)?(?:喜欢|爱){_HAN}{_HAN_END}",
        Topic.PREFERENCES,
        "喜欢{x}",
        "喜欢{x}",
    ),
    (rf"我(?:很|最)?(?:不喜欢|讨厌){_HAN}{_HAN_END}", Topic.PREFERENCES, "不喜欢{x}", "喜欢{x}"),
    (rf"我对{_HAN}过敏", Topic.PREFERENCES, "对{x}过敏", "过敏{x}"),
    (
        (
            rf"我(?:有|买了|养了)(?P<x>[一两二三四五\d](?:只|条|辆|台|部|把|套|架|匹)"
            rf"[^{_HAN_MARKS}]{{1,15}}?){_HAN_END}"
        ),
        Topic.POSSESSIONS,
        "有{x}",
        "有{x}",
    ),
    (rf"我(?:打算|计划|准备){_HAN}{_HAN_END}", Topic.PLANS, "打算{x}", "打算{x}"),
)
_CHINESE_ENDINGS = (
    (rf"我不再?住在{_HAN}{_HAN_END}", Topic.RESIDENCE, "住在{x}", "residence"),
    (rf"我不(?:打算|准备){_HAN}{_HAN_END}", Topic.PLANS, "打算{x}", "打算{x}"),
)

SELF_RULES = tuple(
    SelfRule(
        pattern=re.compile(start + pattern, re.IGNORECASE),
        topic=topic,
        text=text,
        slot=slot,
        holds=holds,
    )
    for start, rules, holds in (
        (r"(?<![\w'\u2019])", _ENGLISH, True),
        (r"(?<![\w'\u2019])", _ENGLISH_ENDINGS, False),
        ("", _CHINESE, True),
        ("", _CHINESE_ENDINGS, False),
    )
    for pattern, topic, text, slot in rules
)
_POINTED_AT = r"\b(?:it|its|they|them|their|this|that|these|those|he|his|him|she|her|you|your)\b"
VAGUE = {
    Topic.PREFERENCES: re.compile(
        rf"{_POINTED_AT}|^(?:all|every|each|some|any|is|was|makes)\b|^the \S+ ", re.IGNORECASE
    ),
    Topic.PLANS: re.compile(rf"{_POINTED_AT}|^(?:need|keep|say|tell|ask|have)\b", re.IGNORECASE),
}
"""What says too little where it stands alone, by topic: "I love the way it looks"."""
