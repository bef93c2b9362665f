"""Plain statements about the speaker that rules can read: one pattern, one relation.

A start for whoever finds facts in text: ``facts_of`` is the whole interface.
"""

import re

from memsvc.domain.organising.extraction import MOST_NAME_CHARACTERS, ExtractedFact

_OBJECT = r"(?P<object>[^.,;:!?\n]{2,80}?)"
_END = r"(?=\s*(?:[.,;:!?\n]|$|\b(?:and|but|because|so|since|with|where|when|now|these days)\b))"
_PATTERNS = tuple(
    (re.compile(rf"\b{pattern}\s+{_OBJECT}{_END}", re.IGNORECASE), relation)
    for pattern, relation in (
        (r"I(?:'m| am) (?:originally )?from", "is from"),
        (r"I (?:now |currently )?live in", "lives in"),
        (r"I (?:just |recently )?moved to", "moved to"),
        (r"I (?:now |currently )?work (?:at|for)", "works at"),
        (r"I (?:now |currently )?work as an?", "works as"),
        (r"my name is", "is called"),
        (r"I(?:'m| am) allergic to", "is allergic to"),
        (r"I was born (?:in|on)", "was born in"),
    )
)
_FAVOURITE = re.compile(
    rf"\bmy favou?rite (?P<what>[\w ]{{2,30}}?) is\s+{_OBJECT}{_END}", re.IGNORECASE
)
_CONFIDENCE = 0.8


def facts_of(text: str, speaker: str | None) -> tuple[ExtractedFact, ...]:
    """Return what the speaker plainly says of themselves; nothing where nobody is named."""
    if not speaker:
        return ()
    found = [
        (relation, match["object"])
        for pattern, relation in _PATTERNS
        for match in pattern.finditer(text)
    ]
    found += [
        (f"favourite {match['what'].lower().strip()}", match["object"])
        for match in _FAVOURITE.finditer(text)
    ]
    return tuple(
        ExtractedFact(
            subject=speaker[:MOST_NAME_CHARACTERS],
            relation=relation,
            object=stated.strip()[:MOST_NAME_CHARACTERS],
            confidence=_CONFIDENCE,
        )
        for relation, stated in dict.fromkeys(found)
        if stated.strip()
    )
