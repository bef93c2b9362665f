"""Whether two statements say the same: decided pair by pair, with the evidence.

Merging what differs loses something for good as far as readers see, while a duplicate that stays
costs a line. So a difference in a number, a date, a negation or a name always keeps two statements
apart, whatever their vectors say: encoders hardly tell ``14:00`` from ``15:00``, or "likes" from
"does not like".
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from memsvc.domain.memory import Json
from memsvc.domain.thoughts.statements import Statement
from memsvc.domain.tokens import is_characterwise

_SPELLING = 0.85
"""Likeness from which two words are two spellings of one (``colour``, ``color``)."""
_MOST_SPELLINGS = 400
"""Pairs of words that are looked at for it."""
_SPELLED_FROM = 5
"""Letters below which one letter is another word."""


class Verdict(StrEnum):
    """What a pair is."""

    DUPLICATE = "duplicate"
    UNCERTAIN = "uncertain"
    """A person decides."""
    DISTINCT = "distinct"


class Difference(StrEnum):
    """What two statements differ in, so that they are no duplicates."""

    SPEAKER = "speaker"
    NUMBERS = "numbers"
    DATES = "dates"
    NEGATION = "negation"
    NAMES = "names"
    SIGNS = "signs"
    """A currency, a picture, a question mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """From which scores on; fitted on one half of the labelled pairs (decision record 20)."""

    cosine_share: float = 0.65
    """Weight of the cosine in the score; the rest is the overlap's."""
    duplicate: float = 0.89
    uncertain: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a verdict rests on; numbers and names of parts, never text."""

    same_text: bool
    """Equal but for case, widths, punctuation and spaces."""
    cosine: float
    overlap: float
    """Dice coefficient of the words that say something, in [0, 1]."""
    characters: float
    """Dice coefficient of the character trigrams, in [0, 1]."""
    differences: tuple[Difference, ...] = ()
    is_exchanged: bool = False
    """Either has a Han or katakana character that the other lacks: one is another word, and most
    encoders know few of them."""
    is_reordered: bool = False
    """The names stand in another order, or the words in one that moving a part does not give."""

    def to_json(self) -> dict[str, Json]:
        """Return it for the record."""
        return {
            "same_text": self.same_text,
            "cosine": round(self.cosine, 4),
            "overlap": round(self.overlap, 4),
            "characters": round(self.characters, 4),
            "differences": [each.value for each in self.differences],
            "is_exchanged": self.is_exchanged,
            "is_reordered": self.is_reordered,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, how sure it is, and why."""

    verdict: Verdict
    score: float
    """In [0, 1]."""
    evidence: Evidence


def judge(
    one: Statement, other: Statement, cosine: float, bounds: Bounds | None = None
) -> Judgement:
    """Decide about a pair; ``cosine`` is that of the vectors of the two texts.

    The same text by the same speaker is always a duplicate, unless it names days that differ
    because it was said on different ones ("yesterday"), or signs tell it apart (``-5``, ``5``).
    """
    return weigh(compare(one, other, cosine), bounds or Bounds())


def compare(one: Statement, other: Statement, cosine: float) -> Evidence:
    """Return what there is to know about a pair."""
    same_text = one.normal == other.normal and bool(one.normal)
    first, second = _spelled_alike(one.content, other.content)
    shared = Counter(first) & Counter(second)
    both = len(first) + len(second)
    return Evidence(
        same_text=same_text,
        cosine=cosine,
        overlap=2 * shared.total() / both if both else float(same_text),
        characters=_dice(_trigrams(one.normal), _trigrams(other.normal)),
        differences=tuple(_differences(one, other, same_text=same_text)),
        is_exchanged=all(
            any(is_characterwise(each) for each in rest)
            for rest in (Counter(first) - shared, Counter(second) - shared)
        ),
        is_reordered=_is_reordered(one, other)
        or not _is_moved_part(_kept(first, shared), _kept(second, shared)),
    )


def weigh(evidence: Evidence, bounds: Bounds) -> Judgement:
    """Return what the evidence amounts to."""
    if evidence.same_text and not evidence.differences:
        return Judgement(verdict=Verdict.DUPLICATE, score=1.0, evidence=evidence)
    share = bounds.cosine_share
    score = share * max(0.0, evidence.cosine) + (1 - share) * evidence.overlap
    score = min(1.0, max(0.0, score))
    if evidence.differences:
        verdict = Verdict.DISTINCT
    elif score >= bounds.duplicate and not (evidence.is_exchanged or evidence.is_reordered):
        verdict = Verdict.DUPLICATE
    elif score >= bounds.uncertain:
        verdict = Verdict.UNCERTAIN
    else:
        verdict = Verdict.DISTINCT
    return Judgement(verdict=verdict, score=score, evidence=evidence)


def _differences(one: Statement, other: Statement, *, same_text: bool) -> list[Difference]:
    found = []
    if _folded(one.speaker) != _folded(other.speaker):
        found.append(Difference.SPEAKER)
    if one.dates != other.dates:
        found.append(Difference.DATES)
    if one.numbers != other.numbers:
        found.append(Difference.NUMBERS)
    if one.signs != other.signs:
        found.append(Difference.SIGNS)
    if same_text:
        return found
    if one.negated != other.negated:
        found.append(Difference.NEGATION)
    if _names_differ(one, other):
        found.append(Difference.NAMES)
    return found


def _folded(speaker: str | None) -> str:
    return " ".join((speaker or "").casefold().split())


def _names_differ(one: Statement, other: Statement) -> bool:
    """Tell whether either has a name-like word that the other lacks, in whatever case."""
    for some, others in ((one, other), (other, one)):
        present = set(others.normal.split()) | set(others.names)
        for name in some.names:
            if set(name.replace("\u2019", "'").split("'")) & present or name in present:
                continue
            rival = [each for each in others.names if each not in some.names]
            # Any word may begin a sentence: alone it is a name only against another one.
            if rival or not some.starts_sentence(name):
                return True
    return False


def _spelled_alike(
    one: Sequence[str], other: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return both with words that are two spellings of one written alike."""
    left, right = Counter(one) - Counter(other), Counter(other) - Counter(one)
    if len(left) * len(right) > _MOST_SPELLINGS:  # nearly nothing is shared: no duplicates
        return tuple(one), tuple(other)
    alike: dict[str, str] = {}
    for word in left:
        for rival in right:
            if min(len(word), len(rival)) < _SPELLED_FROM or rival in alike:
                continue
            if "-" in word + rival:  # an ending that tells
                continue
            if SequenceMatcher(None, word, rival, autojunk=False).ratio() >= _SPELLING:
                alike[rival] = word
                break
    return tuple(one), tuple(alike.get(each, each) for each in other)


def _kept(words: Sequence[str], shared: Counter[str]) -> list[str]:
    left, kept = Counter(shared), []
    for word in words:
        if left[word] > 0:
            left[word] -= 1
            kept.append(word)
    return kept


def _is_reordered(one: Statement, other: Statement) -> bool:
    """Tell whether two names have changed places: "Ann helped Bob", "Bob helped Ann".

    A name that takes its preposition along has kept its part: "in Rome, Ann …", "Ann … in Rome".
    """
    shared = Counter(one.names) & Counter(other.names)
    first, second = (_kept(each.names, shared) for each in (one, other))
    movable = {name for name in shared if one.word_before(name) == other.word_before(name) != ""}
    fixed, otherwise = ([n for n in each if n not in movable] for each in (first, second))
    return fixed != otherwise or (first != second and len(movable) > 1)


def _is_moved_part(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether moving one part of the words, or none, turns one order into the other."""
    a, b = list(one), list(other)
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    return not a or any(a[cut:] + a[:cut] == b for cut in range(1, len(a)))


def _trigrams(text: str) -> Counter[str]:
    padded = f"  {text} "
    return Counter(padded[i : i + 3] for i in range(len(padded) - 2))


def _dice(one: Counter[str], other: Counter[str]) -> float:
    both = one.total() + other.total()
    return 2 * (one & other).total() / both if both else 0.0
