"""Thoughts by rules: what somebody says of themselves or others, in sentences that stand alone.

Think-in-Memory (arXiv 2311.08719, §3.2) has a model write such sentences with their triples. Here
claims (``domain.facts``) and plain statements about oneself are put into sentences whose first
person is resolved to the speaker. They are made to miss rather than to invent: the sentence of a
claim is kept only if reading it gives that claim again.
"""
# ruff: noqa: RUF001 - full stops of Chinese sentences are meant.

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.context.echoes import Span, own_text
from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.extraction import claims_of, normal_form, read_claims
from memsvc.domain.organising.self_patterns import Topic
from memsvc.domain.organising.self_statements import SelfStatement, read_self_statements
from memsvc.domain.speakers import ASSISTANTS, USERS, folded, is_assistant

RULES = "rules/2"
"""Rises with every change of what the rules find."""
PRONOUNS = frozenset({"i", "me", "we", "you", "he", "she", "it", "they", "speaker"})
"""Heads that would gather everything said by anybody; nothing is kept under them."""

_LONGEST_READ = 2_000
_LONGEST_OBJECT_WORDS = 5
_SENTENCES = {
    "lives in": "{who} lives in {what}.",
    "works for": "{who} works for {what}.",
    "works as": "{who} works as {a}{what}.",
    "is": "{who} is {what}.",
    "age": "{who} is {what} years old.",
    "drives": "{who} drives {a}{what}.",
    "diet": "{who} is {what}.",
}
_DENIALS = {
    "lives in": "{who} no longer lives in {what}.",
    "works for": "{who} no longer works for {what}.",
    "diet": "{who} is no longer {what}.",
    "play": "{who} no longer plays {what}.",
    "speak": "{who} no longer speaks {what}.",
    "teach": "{who} no longer teaches {what}.",
}
_OF = "{{who}}'s {} is {{what}}."
_CHINESE = {
    "lives in": "{who}住在{what}。",
    "works for": "{who}在{what}工作。",
    "is": "{who}{what}了。",
}
_HABITS = {"play": "plays", "speak": "speaks", "study": "studies", "teach": "teaches"}
"""Of the verbs that claims know, those whose object alone says enough; likings come below."""
_LASTING = frozenset(
    {
        *("name", "nickname", "surname", "last name", "birthday", "address", "phone number"),
        *("number", "e-mail", "email", "email address", "e-mail address", "job title", "doctor"),
        *("dentist", "therapist", "landlord", "boss", "major", "bank", "time zone", "timezone"),
        *("名字", "生日", "地址", "电话", "电话号码", "手机号", "邮箱"),
    }
)
"""Attributes whose value is a name or a number, not a mood ("my team is great")."""
_PASSING = frozenset({"time", "day", "place"})
"""When and where something takes place: not worth knowing in a year."""
_VAGUE = re.compile(
    r"^(?:it|its|that|this|these|those|them|him|her|you|your|his|their|the|how|what|when|all|every"
    r"|some|any|so|too|more|one|part|making|doing|having|getting|being|seeing|going)\b"
    r"|\b(?:i|me|my|mine|we|us|our|not)\b|^to(?: \w+)?$|[-\u2013] "
    r"|\b(?:over|dr|mr|mrs|ms|prof)\b|^的|^喜欢的",
    re.IGNORECASE,
)
"""What says too little where it stands alone, or somebody's own words for themselves."""
_WORD = re.compile(r"[^\s]+")
_FRAME = re.compile(r"(?:likes|dislikes|is allergic to|has)(?= )|喜欢|不喜欢|有")
_OF_ONESELF = frozenset({Topic.RELATIONS, Topic.PREFERENCES, Topic.POSSESSIONS})
_HAN = re.compile("[\u4e00-\u9fff]")
_FEW_LETTERS = re.compile(r"^[\W\d_]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundThought:
    """A sentence that stands alone, and what it claims."""

    text: str
    claim: Claim | None
    """``None`` where it is no triple of a named head."""
    frame: str = ""
    """What the sentence begins with, where several of one frame make a list: "Ann likes"."""


def thoughts_of(
    text: str, said_at: datetime, speaker: str | None, user_id: str | None = None
) -> list[FoundThought]:
    """Return what is to be kept of a text, in its order, each sentence once.

    "I" is the speaker; of a speaker called "user", or of none, the user's id. Where there is
    neither, what is said of "I" is left out, and so is all that an assistant says: thoughts of
    answers would confirm themselves. Of a longer text the first 2,000 characters are read.
    """
    return [thought for thought, _ in read_thoughts(text, said_at, speaker, user_id)]


def read_thoughts(
    text: str, said_at: datetime, speaker: str | None, user_id: str | None = None
) -> list[tuple[FoundThought, Span]]:
    """Return what ``thoughts_of`` does, each with the sentence of the text that it is made of."""
    if is_assistant(speaker):
        return []
    name = _name_of(speaker, user_id)
    own = own_text(text)
    read = own.text[:_LONGEST_READ]
    found: dict[str, tuple[FoundThought, Span]] = {}
    for thought, span in (*_claimed(read, said_at, name), *_of_oneself(read, said_at, name)):
        found.setdefault(thought.text.casefold(), (thought, own.span(*span)))
    return list(found.values())


def is_named(head: str) -> bool:
    """Tell whether a head, in its normal form, is somebody or something, and not a pronoun."""
    name = head.removeprefix("the ")
    return bool(name) and name not in PRONOUNS | USERS | ASSISTANTS


_Found = Iterator[tuple[FoundThought, Span]]


def _claimed(text: str, said_at: datetime, name: str | None) -> _Found:
    for claim, span in read_claims(text, said_at, name):
        sentence = _sentence(claim, text, name)
        if sentence is not None and _reads_back(sentence, claim):
            is_listed = claim.predicate in _HABITS and not claim.denies
            verb = f" {_HABITS[claim.predicate]} " if is_listed else None
            frame = sentence.partition(verb)[0] + verb.rstrip() if verb else ""
            yield FoundThought(text=sentence, claim=claim, frame=frame), span


def _sentence(claim: Claim, text: str, name: str | None) -> str | None:
    """Return a claim in words, or nothing where it says too little by itself."""
    who = _who(claim.subject, text, name)
    if claim.object is None or who is None or claim.predicate in _PASSING:
        return None
    what = _as_written(claim.object, text)
    if what is None:
        return None
    is_chinese = claim.rule.startswith("zh.")
    if claim.denies:
        template = None if is_chinese else _DENIALS.get(claim.predicate)
    else:
        template = _template(claim, is_chinese=is_chinese)
    if template is None:
        return None
    article = "an " if re.match("[aeiou]", claim.object) else "a "
    sentence = template.format(who=who, what=what, a=article)
    if claim.valid_from != claim.said_at and not is_chinese:
        sentence = f"{sentence[:-1]}, since {claim.valid_from.date().isoformat()}."
    return sentence


def _template(claim: Claim, *, is_chinese: bool) -> str | None:
    predicate, value = claim.predicate, claim.object or ""
    if _VAGUE.search(value):
        return None
    if predicate in _LASTING or predicate.startswith("favourite "):
        return _chinese_attribute(predicate) if is_chinese else _OF.format(predicate)
    if predicate.startswith("prefers of "):
        others = set(predicate.removeprefix("prefers of ").split(" / ")) - {value}
        return "{who} prefers {what} to " + min(others) + "." if len(others) == 1 else None
    if predicate in _HABITS:
        is_long = len(value.split()) > _LONGEST_OBJECT_WORDS
        return None if is_long else "{who} " + _HABITS[predicate] + " {what}."
    return (_CHINESE if is_chinese else _SENTENCES).get(predicate)


def _chinese_attribute(predicate: str) -> str:
    kind = predicate.removeprefix("favourite ")
    return "{who}" + ("的" if kind == predicate else "最喜欢的") + kind + "是{what}。"


def _reads_back(sentence: str, claim: Claim) -> bool:
    """Tell whether a sentence says what it was made from, and nothing else."""
    found = claims_of(sentence, claim.said_at)
    if len(found) != 1:
        return False
    (read,) = found
    return (read.slot, read.object, read.valid_from, read.denies) == (
        claim.slot,
        claim.object,
        claim.valid_from,
        claim.denies,
    )


def _of_oneself(text: str, said_at: datetime, name: str | None) -> _Found:
    """Yield plain statements about oneself, of what lasts: relations, likings, possessions."""
    if name is None:
        return
    for each, span in read_self_statements(text):
        sentence = _self_sentence(each, name)
        if not each.holds or each.topic not in _OF_ONESELF or sentence is None:
            continue
        claim = Claim(
            subject=normal_form(name),
            predicate=each.slot,
            object=normal_form(each.value) or each.value,
            valid_from=said_at,
            said_at=said_at,
            rule=f"self.{each.topic}",
            is_functional=not each.slot.startswith("has "),
        )
        frame = _FRAME.match(each.text)
        begins = sentence[: sentence.index(each.text) + frame.end()].rstrip() if frame else ""
        yield FoundThought(text=sentence, claim=claim, frame=begins), span


def _self_sentence(said: SelfStatement, name: str) -> str | None:
    """Return a statement about oneself with its subject; nothing where it says too little."""
    verb, _, told = said.text.partition(" ")
    kind, _, value = said.text.partition(": ")
    if not said.value or _VAGUE.search(value or told or said.text):
        return None
    if _HAN.search(said.text):
        return f"{name}的{kind}是{value}。" if value else f"{name}{said.text}。"
    return f"{name}'s {kind} is {value}." if value else f"{name} {verb} {told}."


def _name_of(speaker: str | None, user_id: str | None) -> str | None:
    """Return whom "I" stands for, if that is known."""
    if speaker is not None and speaker.strip() and folded(speaker) not in USERS:
        name = " ".join(speaker.split())
    else:
        name = " ".join((user_id or "").split())
    return None if _FEW_LETTERS.match(name) or len(name) > 80 else name  # noqa: PLR2004


def _who(subject: str, text: str, name: str | None) -> str | None:
    """Return a subject as it is written, "my sister" as somebody's sister."""
    head = subject.partition("'s ")[0]
    if name is not None and head == normal_form(name):
        rest = subject.removeprefix(head).removeprefix("'s ").strip()
        if not rest:
            return name
        written = _as_written(rest, text)
        return None if written is None else f"{name}'s {written}"
    if not is_named(head):
        return None
    return _as_written(subject, text)


def _as_written(form: str, text: str) -> str | None:
    """Return a normal form as the text spells it; nothing where it cannot be found."""
    words = [match.span() for match in _WORD.finditer(text)]
    size = len(form.split())
    for place in range(len(words) - size + 1):
        start, end = words[place][0], words[place + size - 1][1]
        written = text[start:end]
        if normal_form(re.sub(r"['’]s$", "", written.strip('.,;:!?()"“”'))) == form:
            return re.sub(r"['’]s$", "", written.strip('.,;:!?()"“”'))
    place = text.casefold().find(form)
    return text[place : place + len(form)] if _HAN.search(form) and place >= 0 else None
