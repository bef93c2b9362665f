"""Whether what was found answers a question: the signs of it, all at hand after a recall.

Two kinds. *Fit*: how near the best candidates are, and how much of the question's rare words they
hold. *Subject*: a question about one of two people is often answered by what the other one said of
themselves, with the same words; there the sides of the talk are told apart. In a turn that says "I"
the speaker speaks of themselves, in one that says "you" of the other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.answerable.pronouns import speaks_of_other, speaks_of_self

CANDIDATES = 20
"""So many of the best are looked at."""
_LONG_QUESTION = 6.0
"""Square root of the summed word weights of a long question: makes the feature about 1."""

FEATURES = (
    "similarity",
    "coverage",
    "length",
    "two_people",
    "sides",
    "subject",
    "subject_coverage",
    "similarity_of_two",
    "coverage_of_two",
    "length_of_two",
)
"""In the order of the model's weights; ``measure`` says what each is."""

_Floats = NDArray[np.float64]
_NAME_PART = re.compile(r"[^\W\d_](?:[^\W\d_A-Z]|(?<=[A-Z])[A-Z](?![^\W\d_A-Z]))*|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A candidate: who said what, and how near it is to the question."""

    speaker: str | None
    text: str
    similarity: float
    """Cosine with the question; 0 if the dense arm did not find it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """A question with the best that was found for it, best first."""

    tokens: Sequence[str]
    """Of the question, names and all."""
    words: Sequence[str]
    """The question's words apart from function words."""
    weights: _Floats
    """(words,): inverse document frequencies, ≥ 0."""
    has: NDArray[np.bool_]
    """(candidates, words)."""
    found: Sequence[Found]

    def speakers(self) -> frozenset[str]:
        """Return who said the candidates."""
        return frozenset(each.speaker for each in self.found if each.speaker is not None)

    def named(self) -> frozenset[str]:
        """Return the speakers whom the question names."""
        tokens = frozenset(self.tokens)
        return frozenset(each for each in self.speakers() if _is_named(each, tokens))

    def content(self) -> NDArray[np.bool_]:
        """Return which of the words are not names of speakers."""
        parts = {part for speaker in self.speakers() for part in name_parts(speaker)}
        return np.array([word not in parts for word in self.words], dtype=np.bool_)


def measure(evidence: Evidence) -> dict[str, float]:
    """Return the features of a question and what was found for it.

    * ``similarity``: greatest cosine;
    * ``coverage``: greatest share of the question's words, by weight and without speakers' names,
      that one candidate holds;
    * ``length``: root of the summed weights, about 0 to 1: long questions are covered less;
    * ``two_people``: 1 / (speakers - 1)², 1 if there are fewer than two;
    * ``sides``: 1 if the question names some of the speakers and not all, else 0, and with it
      all that follows, which is multiplied by ``two_people``: only between two does what one says
      speak against its being true of the other;
    * ``subject``: mean side of the candidates, by the square of coverage plus cosine: 0.5 if all
      speak of whom the question names, -0.5 if none does;
    * ``subject_coverage``: greatest coverage among those that do, minus that among the rest;
    * ``similarity_of_two``, ``coverage_of_two``, ``length_of_two``: the first three times
      ``two_people``: between two, a question about the wrong one shares all words with what the
      other said, so that fit says less than where many talk.
    """
    features = dict.fromkeys(FEATURES, 0.0)
    if not evidence.found:
        return features
    is_content = evidence.content()
    weights, has = evidence.weights[is_content], evidence.has[:, is_content]
    total = float(weights.sum())
    coverage: _Floats = has @ weights / total if total > 0 else np.ones(len(evidence.found))
    similarity = np.array([max(0.0, each.similarity) for each in evidence.found])
    features["similarity"] = float(similarity.max())
    features["coverage"] = float(coverage.max())
    features["length"] = float(np.sqrt(total)) / _LONG_QUESTION
    features["two_people"] = 1 / max(1, len(evidence.speakers()) - 1) ** 2
    for name in ("similarity", "coverage", "length"):
        features[f"{name}_of_two"] = features["two_people"] * features[name]
    return features | _sides(evidence, coverage, similarity, features["two_people"])


def name_parts(name: str) -> list[str]:
    """Return the parts of a name as tokens: of ``AdaLovelace`` and ``Ada Lovelace`` the same."""
    return [part.casefold() for part in _NAME_PART.findall(name)]


def _is_named(speaker: str, tokens: frozenset[str]) -> bool:
    """Tell whether a question calls this speaker by the first name, or by all names."""
    return any(part in tokens for part in name_parts(speaker)[:1])


def _sides(
    evidence: Evidence, coverage: _Floats, similarity: _Floats, share: float
) -> dict[str, float]:
    named = evidence.named()
    if not named or named == evidence.speakers():
        return {}
    speaks = np.array([each.speaker in named for each in evidence.found])
    subject = np.array(
        [
            _subject(each.text, is_named=is_named)
            for each, is_named in zip(evidence.found, speaks.tolist(), strict=True)
        ]
    )
    strength = coverage + similarity
    squares = strength**2
    is_subject = subject > 0.5  # noqa: PLR2004 — nearer to one side
    mean = float(subject @ squares / squares.sum()) - 0.5 if squares.sum() > 0 else 0.0
    return {
        "sides": 1.0,
        "subject": share * mean,
        "subject_coverage": share * _lead(is_subject, coverage),
    }


def _subject(text: str, *, is_named: bool) -> float:
    """Return how much a turn is about the named side: 0 the other, 1 the named one."""
    of_self, of_other = speaks_of_self(text), speaks_of_other(text)
    if of_self == of_other:
        return 0.75 if is_named else 0.25
    return float(is_named if of_self else not is_named)


def _lead(side: NDArray[np.bool_], values: _Floats) -> float:
    return float(values[side].max(initial=0.0) - values[~side].max(initial=0.0))
