"""Whether a question supposes that one thing came before or after another, or asks whether it did.

"What did Ada do after the race?" supposes an order: what was before the race is no answer. "Did Ada
move before the race?" asks for it: the answer may be no, so both have to be found, wherever they
stand. So do questions that set two things side by side ("between … and", "which was first: … or").
And "What does Ada drink after a race?" is about events of a kind, of which no one bounds anything.
"""
# ruff: noqa: RUF001 - Chinese punctuation is what Chinese questions have.

import re
from collections.abc import Iterable
from itertools import chain

_LEAD = r"^[\W_]*(?:\w+\s*[:：]\s*)?(?:(?:and|but|so|or|then|also)\b\W*)*"
_AUXILIARY = (
    r"(?:did|does|do|was|were|is|are|am|has|have|had|will|would|can|could|shall|should|may|might"
    r"|must)(?:n['’]?t)?\b"
)
_QUESTION_WORD = r"\b(?:what|who|whom|whose|which|when|where|why|how)\b"
_ASKS_WHAT = re.compile(
    rf"{_LEAD}(?:(?:in|at|on|to|of|for|from|with|by|about|since|until|under|during)\s+)?"
    + _QUESTION_WORD,
    re.IGNORECASE,
)
_ASKS_WHETHER = re.compile(_LEAD + _AUXILIARY, re.IGNORECASE)
_REQUEST = re.compile(
    rf"{_LEAD}(?:can|could|will|would|may|might|shall|should)\s+(?:you|i|we)\s+(?:please\s+)?"
    r"(?:tell|list|give|show|describe|explain|summari[sz]e|remind|name|recommend|suggest)\b"
    rf"|{_LEAD}(?:{_AUXILIARY})\s+(?:you|i|we|any(?:one|body))\b.*{_QUESTION_WORD}",
    re.IGNORECASE,
)
"""What only leads on to a question: "Can you tell me what she did after the race?"."""
_WHETHER = re.compile(
    r"\bwhether\b|\b(?:knows?|tell|me|remember|recall|see|check|sure|say|wonder(?:ing)?|asks?)\s+if\b",
    re.IGNORECASE,
)
_TAG = re.compile(rf",\s*(?:right|correct|no|yes|{_AUXILIARY}\s+\w+)\s*\?\s*$", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.?!;。？！；]\s*")
_CLAUSE_END = re.compile(r"[,，]|\band\b|\bbut\b", re.IGNORECASE)
_CHINESE_WHETHER = re.compile(
    r"[吗嗎吧么麼]\s*[？?]?\s*$|是否|是不是|有没有|有沒有|([^\W\d_])[不没沒]\1"
)
_CHINESE_WHAT = re.compile(
    r"[谁誰哪几幾啥]|什[么麼]|甚麼|怎[么麼样樣]|多[少久大长長]|[为為]何|何[时時处處]"
)
_BETWEEN = re.compile(r"\bbetween\b.*\band\b", re.IGNORECASE)
_CHINESE_BETWEEN = re.compile(r"[和与與跟到].*之[间間]")
_FIRST_OF_TWO = re.compile(
    r"\b(?:first|earlier|earliest|last|later|latest|sooner)\s*[,:—–-].*\bor\b|[，,：:].*[还還]是",
    re.IGNORECASE,
)
_OF_A_KIND = re.compile(
    # With an indefinite article, of the everyday without one, or a plural without one.
    r"^(?:an?|any|each|every)\b"
    r"|^(?:bed(?:time)?|breakfast|class|dinner|exercise|lunch|practice|school|sleep|supper|training|work)\b"
    r"|^(?:[a-z]+\s+){0,3}?[a-z]+[^\Ws]s(?=\s*$|\s+(?:in|at|on|of|with|for|from|to|during)\b)"
    r"|每"
)
_PARTICULAR = re.compile(
    r"\b(?:the|this|that|these|those|my|your|his|her|its|our|their|i|you|he|she|it|we|they)\b"
    r"|['’]s\b|^\w+ing\b|(?-i:[A-Z])",
    re.IGNORECASE,
)
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_ASKS_HABIT = re.compile(r"\b(?:do|does|is|are|can|should)(?:n['’]?t)?\b", re.IGNORECASE)
_ASKS_PAST = re.compile(r"\b(?:did|was|were|had)(?:n['’]?t)?\b", re.IGNORECASE)


def is_asked_whether(text: str, start: int, end: int) -> bool:
    """Tell whether the order that is named from ``start`` to ``end`` is what ``text`` asks for."""
    opens, closes = _sentence(text, start, end)
    sentence, ahead, rest = text[opens:closes], text[opens:start], text[end:closes]
    if _WHETHER.search(ahead) or _TAG.search(sentence):
        return True
    if _CHINESE_WHETHER.search(sentence):
        return not _CHINESE_WHAT.search(sentence)
    # The clause that is bounded stands ahead, or follows: "After the move, did Ada …?"
    return _leads_to_whether(chain(reversed(_CLAUSE_END.split(ahead)), _CLAUSE_END.split(rest)))


def is_of_two(text: str, start: int, end: int) -> bool:
    """Tell whether the words of order from ``start`` to ``end`` compare two things.

    "between Ada first asking and Bo answering", "Which was first: the race or the move?"; but not
    "the first talk between Ada and Bo".
    """
    opens, closes = _sentence(text, start, end)
    sentence = text[opens:closes]
    between = _BETWEEN.search(sentence)
    if between is not None and between.start() < start - opens:
        return True
    between = _CHINESE_BETWEEN.search(sentence)
    if between is not None and start - opens < between.end():
        return True
    return _FIRST_OF_TWO.search(sentence) is not None


def is_of_a_kind(event: str, text: str) -> bool:
    """Tell whether ``event`` is no single one: what is done after a race, or before races."""
    if _OF_A_KIND.search(event) is None or _PARTICULAR.search(event):
        return False
    rest = text.replace(event, " ")
    is_habit = _ASKS_HABIT.search(rest) is not None and _ASKS_PAST.search(rest) is None
    return is_habit or _CHINESE.search(event) is not None


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """Return from where to where the sentence goes in which something stands."""
    opens = max((each.end() for each in _SENTENCE_END.finditer(text, 0, start)), default=0)
    closing = _SENTENCE_END.search(text, end)
    return opens, len(text) if closing is None else closing.end()


def _leads_to_whether(clauses: Iterable[str]) -> bool:
    """Tell whether the first of the clauses that is a question is one for yes or no."""
    for clause in clauses:
        if _ASKS_WHAT.search(clause):
            return False
        if _ASKS_WHETHER.search(clause):
            return _REQUEST.search(clause) is None
    return False
