"""Which end of a row of events a question asks for: the first, the latest, before or after one.

A grammar, as for times (``asked_times``). "When did Ada first see the sea?" asks for the earliest
of what bears on it; "What is her first name?", "What did she think at first?" and "Where was
she last week?" do not.
"""
# ruff: noqa: RUF001 - Chinese punctuation is what Chinese questions have.

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.times.supposed_order import is_asked_whether, is_of_a_kind, is_of_two


class Order(StrEnum):
    """What is wanted of the memories that bear on a question."""

    EARLIEST = "earliest"
    LATEST = "latest"
    BEFORE = "before"
    """What happened before an event that the question tells of."""
    AFTER = "after"


ENDS = frozenset({Order.EARLIEST, Order.LATEST})
"""Those that need no event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOrder:
    """An order that a question names."""

    written: str
    """The words that name it."""
    order: Order
    event: str | None = None
    """Of ``before`` and ``after``: the words for the event."""
    is_dated: bool = False
    """Whether the question names the time of the event: "after the move in June"."""


_NOT_A_FIRST = (
    r"names?|aid|class|half|halves|lady|ladies|floor|person|hand|place|prize|responders?|degree|gear|of\s+all"
    r"|and\s+(?:foremost|last|only)|impressions?|language|thing\s+in\s+the\s+morning"
    r"|\d+|two|three|four|five|six|few|several|couple|pages?|chapters?|parts?|quarter|week|weekend"
    r"|month|year|days?|of\s+(?:the|this|next|last|every|each|january|february|march|april|may|june"
    r"|july|august|september|october|november|december)"
)
_NOT_A_LAST = (
    r"names?|week|weeks|weekends?|months?|years?|nights?|days?|evening|morning|summer|winter|spring|autumn|fall"
    r"|season|quarter|semester|term|century|decade|christmas|easter|minute|straw|resort|will"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|\d+|two|three|four|five|six|few|several|couple|long|longer|for|until|till|through|forever"
    r"|of|in|and|or|at|on|as|a|an|the|only|but|all|place"
)
_EARLIEST = (
    (
        rf"(?<!at\s)(?<!at\sthe\s)(?<!finished\s)(?<!finish\s)(?<!placed\s)(?<!ranked\s)(?<!\bmay\s)(?<!january\s)(?<!june\s)(?<!july\s)\bfirst(?![\w-])"
        rf"(?!\s+(?:{_NOT_A_FIRST})\b)"
    ),
    r"\bearliest\b(?!\s+convenience)",
    r"\b(?:for the )?first time\b",
    r"第一次|首次|头一次|頭一次|头一回|第一回|初次|最早|最初",
)
_LATEST = (
    r"\b(?:the |his |her |their |my |our |your )?most recent(?:ly)?\b",
    r"\blatest\b(?!\s+by\b)",
    r"\bnewest\b",
    (
        r"(?<!at\s)(?<!at\sthe\s)(?<!\bthe\ssecond\sto\s)(?<!\bto\s)(?<!\bwill\sit\s)\blast"
        rf"(?=\s+[^\W\d])(?!\s+(?:{_NOT_A_LAST})\b)"
    ),
    r"上一次|上次|最近一次|最近|最新|最后一次|最後一次|最后一回|上回",
)
_DURATION = re.compile(r"\bhow\s+(?:long|many|much)\b[^.?!]*\blast\b", re.IGNORECASE)
"""How long something lasted."""
_CLAUSE_END = r"(?=[,;.?!]|\s+(?:did|does|do|was|were|is|are|had|has|have|will|would)\b|$)"
_RELATED = re.compile(
    r"\b(?P<order>before|after)\s+(?P<event>(?!all\b)[^,;.?!]{3,120}?)" + _CLAUSE_END,
    re.IGNORECASE,
)
_THAT = re.compile(
    r"\b(?P<order>before|after)\s+(?:that|this|it|then)\b(?=\s*[,;.?!]|\s*$)",
    re.IGNORECASE,
)
_AFTERWARDS = re.compile(r"\b(?P<order>afterwards?)\b", re.IGNORECASE)
_CHINESE_THAT = re.compile(
    r"(?:在)?(?:那|这|這|此)(?:件事|次)?(?P<order>之前|以前|之后|之後|以后|以後)"
)
_CHINESE_RELATED = re.compile(
    r"(?:在)?(?P<event>[^\W\d_]{2,20}?)(?P<order>之前|以前|之后|之後|以后|以後)"
    # Before a verb it stands for "formerly" or "later": 小明以前住在哪里.
    r"(?=[，,、\s]|[她他它我你您咱谁])"
)
_CLAUSES = re.compile(r"[.;,!?，。；！？]|\band\b", re.IGNORECASE)
_TIME = "\0"
"""Stands for a time that was read."""
_BEFORE_TIME = re.compile(
    r"\s+(?:in|on|at|of|during|since|until|from)(?:\s+the)?\s*$", re.IGNORECASE
)
_OTHER_VERB = re.compile(
    r"\b(?:look(?:s|ed|ing)?|nam(?:e|es|ed|ing)|tak(?:e|es|ing)|took|sought|modell?ed)\s+$",
    re.IGNORECASE,
)
"""With which "after" is no time: who looks after the dog?"""
_NO_EVENT = re.compile(
    r"^(?:that|this|it|then|all|all that|he|she|they|we|i|you|the|a|an)$"
    # Neither side alone, and what is asked for or a time of day.
    r"|^(?:and|or)\b|.*(?:之前|以前)(?:和|与|與|或者?|还是|還是)(?:在)?$"
    r"|^(?:how|what|which)\b|^\d{1,2}(?::\d\d)?\s*(?:[ap]\.?m\b|o['’]clock)",
    re.IGNORECASE,
)
_CHINESE_BEFORE = frozenset({"之前", "以前"})
_LEAST_EVENT_CHARS = 2
_FIND = tuple(
    (order, re.compile("|".join(patterns), re.IGNORECASE))
    for order, patterns in ((Order.EARLIEST, _EARLIEST), (Order.LATEST, _LATEST))
)


def asked_order(question: str, taken: Sequence[str] = ()) -> AskedOrder | None:
    """Return the order that ``question`` asks for, ``None`` for most questions.

    ``taken`` are the words that name times: "before June 2022" is a time, "before the move" an
    order. The first word of order counts, and one of two opposite ones ("first … latest") does not
    count for more than the other: then there is none.
    """
    text = question
    for written in taken:
        text = text.replace(written, _TIME)
    match, event = _related(text)
    if match is not None:
        return _at(match, event) if _is_supposed(text, match, event) else None
    if _DURATION.search(text):
        return None
    found = [
        (order, match) for order, pattern in _FIND if (match := pattern.search(text)) is not None
    ]
    if len(found) != 1 or is_of_two(text, *found[0][1].span()):
        return None
    [(order, match)] = found
    return AskedOrder(written=match.group().strip(), order=order)


def _is_supposed(text: str, match: re.Match[str], event: str) -> bool:
    """Tell whether a question takes it that what it asks for was before, or after, an event."""
    return not (
        is_asked_whether(text, *match.span())
        or is_of_two(text, *match.span("order"))
        or is_of_a_kind(event, text)
    )


def _related(text: str) -> tuple[re.Match[str] | None, str]:
    """Return what names an order about an event, and the event, which "that" may stand for."""
    for pattern in (_THAT, _AFTERWARDS, _CHINESE_THAT):
        if (match := pattern.search(text)) is not None:
            event = _told(text[: match.start()])
            if event is not None:
                return match, event
    for pattern in (_RELATED, _CHINESE_RELATED):
        if (match := pattern.search(text)) is not None:
            if _OTHER_VERB.search(text[: match.start()]):
                return None, ""
            event = _event(match["event"])
            if event and not _NO_EVENT.match(event):
                return match, event
    return None, ""


def _told(ahead: str) -> str | None:
    """Return what a question tells before the clause that says "after that", if it does."""
    clauses = list(_CLAUSES.finditer(ahead))
    if not clauses:
        return None
    event = _event(ahead[: clauses[-1].start()].strip(" ,;.?!，。；！？"))
    return event if len(event) > _LEAST_EVENT_CHARS else None


def _event(words: str) -> str:
    """Return the words for an event without a time that follows it."""
    told, has_time, _ = words.partition(_TIME)
    return (_BEFORE_TIME.sub("", told) if has_time else told).strip()


def _at(match: re.Match[str], event: str) -> AskedOrder:
    word = match["order"].lower()
    is_before = word == "before" or word in _CHINESE_BEFORE
    order = Order.BEFORE if is_before else Order.AFTER
    written = match.group().partition(_TIME)[0].strip(" ,;.?!，。")
    return AskedOrder(written=written, order=order, event=event, is_dated=_TIME in match.group())
