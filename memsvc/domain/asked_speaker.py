"""Whose words a question asks for, where a user talks with an assistant.

"When does my first sprint end?" asks for what the user said. An assistant's replies are long, take
up every word of the user's, and so come before what they reply to; they count less then. "What did
you recommend?" asks for the replies. A grammar, as for times (``asked_times``): it reads English,
Chinese, German, French and Spanish, and other questions as open ones.
"""
# ruff: noqa: RUF001 - typographic apostrophes are meant; a table of patterns.

import re
from collections.abc import Mapping
from enum import StrEnum

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.speakers import is_assistant


class AskedSpeaker(StrEnum):
    """Whose words would answer a question."""

    ASKER = "asker"
    ASSISTANT = "assistant"
    OPEN = "open"


_SAID = (
    r"said|told|suggested|recommended|mentioned|gave|given|provided|listed|explained|shared"
    r"|described|wrote|written|advised|proposed|offered|showed|shown|taught|came\s+up"
)
_SAY = (
    r"say|tell|suggest|recommend|mention|give|provide|list|explain|share|describe|write|advise"
    r"|propose|offer|show|teach|come\s+up"
)
_ADVERB = r"just|also|already|previously|earlier|once|originally|initially"
_REPLY = (
    r"suggestions?|recommendations?|advice|answers?|repl(?:y|ies)|responses?|explanations?|list"
)
_ASSISTANT = (
    rf"\byou(?:['’](?:ve|d)|\s+have|\s+had)?(?:\s+(?:{_ADVERB}))?\s+(?:{_SAID})\b",
    rf"\bdid\s+you\s+(?:(?:{_ADVERB})\s+)?(?:{_SAY})\b",
    rf"\byour\s+(?:\w+\s+)?(?:{_REPLY})\b",
    r"\bour\s+(?:previous|last|earlier|past)\s+(?:conversation|chat|discussion)s?\b",
    r"你(?:们)?(?:之前|以前|上次|刚才|曾经?|当时|都|给我)*(?:说|推荐|建议|告诉|提到|列|写|讲|介绍)",
    r"\b(?:hast\s+du|du|haben\s+Sie)\b[^.?!]*\b(?:gesagt|empfohlen|vorgeschlagen|erwähnt|genannt|geschrieben)\b",
    r"\b(?:tu\s+m?['’]?\s?as|as-tu|vous\s+m?['’]?\s?avez|avez-vous)\s+(?:dit|recommandé|conseillé|suggéré|proposé|mentionné|écrit)\b",
    r"\bme\s+(?:dijiste|recomendaste|sugeriste|mencionaste|aconsejaste|propusiste)\b",
)
_ASKER = (
    r"(?-i:\bI\b)",
    r"\b(?:am|did|do|was|have|had|should|could|can|will|would)\s+i\b",
    r"\bi\s+(?:am|was|did|do|have|had|will|want|need|like|said|told)\b",
    r"\b(?:me|my|mine|myself)\b",
    r"我(?!们)",
    r"\b(?:ich|mir|mich|mein(?:e[mnrs]?)?)\b",
    r"\bje\b|\bj['’](?=\w)|\b(?:moi|mon|mes)\b",
    r"\b(?:yo|mis?|conmigo)\b",
)
_ASKS_ASSISTANT = re.compile("|".join(_ASSISTANT), re.IGNORECASE)
_ASKS_ASKER = re.compile("|".join(_ASKER), re.IGNORECASE)


def asked_speaker(question: str) -> AskedSpeaker:
    """Return whose words ``question`` asks for; that of an assistant if it names both."""
    if _ASKS_ASSISTANT.search(question):
        return AskedSpeaker.ASSISTANT
    return AskedSpeaker.ASKER if _ASKS_ASKER.search(question) else AskedSpeaker.OPEN


def reply_factors(
    asked: AskedSpeaker, speakers: Mapping[MemoryId, str | None], weight: float
) -> dict[MemoryId, float]:
    """Return what the scores of an assistant's replies are multiplied by.

    ``weight`` in [0, 1] where the asker's words are asked for, half way from there to 1 where the
    question is open; nothing where the assistant's are, or where nobody else speaks.
    """
    if asked is AskedSpeaker.ASSISTANT:
        return {}
    replies = {each for each, speaker in speakers.items() if is_assistant(speaker)}
    if not any(speaker for each, speaker in speakers.items() if each not in replies):
        return {}
    factor = weight if asked is AskedSpeaker.ASKER else (1 + weight) / 2
    return dict.fromkeys(sorted(replies), factor)
