"""What people plainly say of themselves, by rules.

What is asked, supposed or reported of others is left out.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from memsvc.domain.context.echoes import Span, own_text
from memsvc.domain.organising.keywords import content_stems
from memsvc.domain.organising.self_patterns import SELF_RULES, VAGUE, SelfRule, Topic
from memsvc.domain.others_words import without_others_words


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfStatement:
    """One thing that somebody says of themselves."""

    topic: Topic
    slot: str
    """Statements of one slot contradict one another, or say the same."""
    value: str
    """What fills the slot, compared; ``""`` ends whatever fills it."""
    text: str
    """In words, without a subject: "lives in Lisbon"."""
    holds: bool = True
    """False: it says that this no longer holds."""

    def ends(self, other: "SelfStatement") -> bool:
        """Tell whether it says that another statement no longer holds."""
        if self.holds or self.topic is not other.topic:
            return False
        if not self.value:
            return self.slot == other.slot
        # "I sold my car" ends "has a red car".
        return set(self.value.split()) <= set(other.value.split())


_SENTENCE = re.compile(r"[^.!?\u2026\n\u3002\uff01\uff1f]+[.!?\u2026\n\u3002\uff01\uff1f]*")
_QUESTION = ("?", "\uff1f", "吗", "呢")
_NOT_SAID_OF_ONESELF = re.compile(
    r"\b(?:if|unless|imagin\w+|suppose|assum(?:e|ing)|pretend\w*|hypothetically|role ?play|wish"
    r"|dream(?:t|ed)?|maybe|perhaps|probably|possibly|whether|wonder\w*|as if|not true|never said"
    r"|about to|say(?= (?:i|my)\b)|said|says|told|tells|asked|thought|wrote|writes|texts|texted"
    r"|jok(?:es?|ed)|whispers?|sings?|shouts?|repl(?:y|ies|ied)|answers?|repeat\w*|puts? it|reads"
    r"|according to|(?:was|were|is) like|goes(?=,)|character|for argument|someday|provided"
    r"|in (?:the|a|my|this|another) (?:novel|book|film|movie|game|story|play|song|dream|life"
    r"|simulation|quiz|scenario|example))\b"
    r"|[\"\u201c\u201d\u300c]|如果|要是|假如|假设|想象|也许|可能|大概|或许|说|[他她它你]们?的?我",
    re.IGNORECASE,
)
_CLAUSE_BEGINS = re.compile(
    r"(?:^|[^\w\s:>=|\]\"'\u2019\u201c\u201d]"
    r"|\b(?:p\.?s|news|update|fact|fyi|note|me|btw|confession):"
    r"|\b(?:and|but|so|because|cause|since|(?<!as )though|although|while|plus|also|too|as|now|ago"
    r"|yes|yeah|no|well|oh|hi|hey|hello|btw|actually|honestly|today|yesterday|recently|currently"
    r"|lately|(?:last|this|next|every) \w+|in (?:\w+ )?\d{4}"
    r"|(?:it|that|this)(?:'s| is)(?: also)? why)"
    r"|而且|但是?|因为|所以|其实|现在|然后|不过|最近|[去今昨平][年天时])\s*$",
    re.IGNORECASE,
)
"""What a clause of one's own comes after; anything else has it for its object."""
_NUMBERS = re.compile(
    r"^(?:an?|one|two|three|four|five|six|\d{1,3}|several|the|my|some|[一两二三四五\d](?:只|条|辆|台|部|把|套|架|匹))\s*"
)
_OF_ONESELF = re.compile(r"(?<![\w'])(?:I|my)(?!\w)|我", re.IGNORECASE)
_I = re.compile(r"(?<![\w'])I(?!\w)")
_MOST_CLAUSES = 8
_POINTLESS = re.compile(r"\b(St|Mr|Mrs|Ms|Dr|Prof)\.")
_LONGEST_TEXT = 2_000


def self_statements(text: str) -> Iterator[SelfStatement]:
    """Yield what the speaker of ``text`` says of themselves, in its order.

    Of a longer text the first 2,000 characters are read.
    """
    return (statement for statement, _ in read_self_statements(text))


def read_self_statements(text: str) -> Iterator[tuple[SelfStatement, Span]]:
    """Yield what ``self_statements`` does, each with the sentence of the text that says it."""
    own = own_text(text)
    begun = without_others_words(own.text)[:_LONGEST_TEXT].replace("\u2019", "'")
    read = _POINTLESS.sub(r"\1", begun)
    points = [each.end() - 1 - no for no, each in enumerate(_POINTLESS.finditer(begun))]
    for part in _SENTENCE.finditer(read):
        sentence = part.group()
        if sentence.rstrip().endswith(_QUESTION) or not _OF_ONESELF.search(sentence):
            continue
        found = (
            (match.start(), no, _statement(rule, match))
            for no, rule in enumerate(SELF_RULES)
            for match in rule.pattern.finditer(sentence)
            if not _NOT_SAID_OF_ONESELF.search(sentence, 0, match.start() + 1)
            and (_is_kin(rule, match) or _begins(sentence, match.start()))
            and not (rule.topic in VAGUE and VAGUE[rule.topic].search(match["x"]))
        )
        spoken = sentence.strip()
        start = part.start() + sentence.index(spoken)
        end = start + len(spoken)
        span = own.span(start + bisect_right(points, start), end + bisect_left(points, end))
        for _, _, statement in sorted(found, key=lambda each: each[:2]):
            yield statement, span


def _is_kin(rule: SelfRule, match: re.Match[str]) -> bool:
    """Tell whether it names a relative, who is one wherever in a sentence."""
    return rule.topic is Topic.RELATIONS and match.group()[:2].casefold() == "my"


def _begins(sentence: str, start: int) -> bool:
    """Tell whether a clause of the speaker's own begins there, and so did every one before."""
    firsts = [start, *(each.start() for each in _I.finditer(sentence, 0, start))]
    return all(_CLAUSE_BEGINS.search(sentence[:each]) for each in firsts[:_MOST_CLAUSES])


def _statement(rule: SelfRule, match: re.Match[str]) -> SelfStatement:
    said = {name: " ".join((value or "").split()) for name, value in match.groupdict().items()}
    said.setdefault("w", "")
    compared = {name: _compared(value) for name, value in said.items()}
    return SelfStatement(
        topic=rule.topic,
        slot=rule.slot.format(**compared),
        value=rule.text.format(**compared) if said["x"] else "",
        text=rule.text.format(**said),
        holds=rule.holds,
    )


def _compared(words: str) -> str:
    """Return words in the form in which they are told apart: stems of what they name."""
    named = _NUMBERS.sub("", words.casefold())
    stems = content_stems(named, "en")
    return " ".join(sorted(stems)) or named
