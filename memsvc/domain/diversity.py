"""Near-duplicates among candidates count less, so that they take no places from what says more.

Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998) with a similarity that is 0 for all
but near-duplicates: what is merely about the same matter is what a question asks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.tokens import split_tokens

NEAR = 0.8
"""Share of words that two texts have in common (Jaccard) from which they are near-duplicates."""
_NEGATED = (
    "not no never none nothing nobody without t nicht kein keine nie ohne ne pas jamais nunca sin"
    " 不 没 未 无 別 别"
)
_NEGATIONS = frozenset(_NEGATED.split())
"""``t`` is what is left of "don't"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a candidate says, as near-duplicates are told by."""

    speaker: str | None
    words: frozenset[str]

    @classmethod
    def of(cls, text: str, speaker: str | None) -> "Told":
        """Return what ``text`` says."""
        tokens, singles = split_tokens(text)
        return cls(speaker=speaker, words=frozenset((*tokens, *singles)))

    def similarity(self, other: "Told") -> float:
        """Return the share of common words from ``NEAR`` on, else 0.

        A number or a negation that only one of them has, or another speaker, makes it 0: such
        texts look alike and say different things (decision 20).
        """
        shorter, longer = sorted((len(self.words), len(other.words)))
        # Most pairs differ in length too much to be looked at.
        if self.speaker != other.speaker or not shorter or shorter < NEAR * longer:
            return 0.0
        common = len(self.words & other.words)
        share = common / (len(self.words) + len(other.words) - common)
        if share < NEAR or any(_tells(each) for each in self.words ^ other.words):
            return 0.0
        return share


def _tells(word: str) -> bool:
    return word in _NEGATIONS or any(character.isdigit() for character in word)


def near_duplicate_factors(
    scores: Sequence[float], told: Sequence[Told], weight: float
) -> list[float]:
    """Return what each score is to be multiplied by; candidates come best first.

    One after the other is taken, always the one whose ``score · (1 - weight · most similar of those
    taken)`` is greatest, the earlier of equals; that product is its final score. ``weight`` lies
    in [0, 1]; 0 changes nothing.
    """
    factors = [1.0] * len(scores)
    if weight <= 0:
        return factors
    left = list(range(len(scores)))
    nearest = [0.0] * len(scores)
    while left:
        best = max(left, key=lambda place: (scores[place] * factors[place], -place))
        left.remove(best)
        for place in left:
            similarity = told[place].similarity(told[best])
            if similarity > nearest[place]:
                nearest[place] = similarity
                factors[place] = 1 - weight * similarity
    return factors
