"""An inverted index of one bank, in memory, ranked by BM25 and exact at every instant."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.bm25 import Bm25
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import Keys, Segment, memory_ids, memory_keys
from memsvc.domain.languages import base_language
from memsvc.domain.lexical import ANY_LANGUAGE, LexicalForm, question_tokens
from memsvc.domain.segment_merge import merge_segments
from memsvc.domain.stop_words import function_words
from memsvc.domain.term_groups import TermGroup, languages_of, term_groups

_FAN_IN = 4
"""So many segments of like size become one: a document is merged log4(documents) times."""

_BLOCK = 64
"""The best of the documents are looked for in the best blocks of so many."""

_REMEMBERED = 16
"""So many questions are kept as they were read: a recall asks each two or three times. Each keeps
the segments it was read with; the next change of the index lets them go."""

_MOST_DEAD = 0.25
"""A segment with a larger share of removed documents is rewritten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalQuery:
    """What is looked for in the texts of one bank."""

    text: str
    k: int
    allowed: Collection[MemoryId] | None = None
    """Rank exactly these, and no others; term weights still come from the whole bank."""
    language: str = ANY_LANGUAGE
    """ISO 639-1 code of the texts; ``auto`` goes by the languages recognised in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalMatch:
    """A document found, and its BM25 score (> 0)."""

    memory_id: MemoryId
    score: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WordPresence:
    """Which words of a question are in which documents; function words are left out."""

    has: NDArray[np.bool_]
    """(documents, words)."""
    weights: NDArray[np.float64]
    """(words,): inverse document frequencies, ≥ 0."""
    words: Sequence[str]
    """As the question has them, case folded."""
    unknown: Sequence[str]
    """Words of the question that no document has, under any form; they have no column."""
    unknown_weight: float
    """What each of them weighs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ReadQuestion:
    """A question as some segments understand it."""

    segments: tuple[Segment, ...]
    languages: Sequence[str]
    tokens: Sequence[str]
    groups: Sequence[TermGroup]
    terms: Sequence[Sequence[Sequence[int]]]
    """Of each group the ids that its terms have in each of the segments."""


class InvertedIndex:
    """The texts of one bank by their terms.

    Number, average length and document frequencies are those of the live documents at any time:
    an index that was changed a thousand times answers as one built anew.

    Searches may run in many threads and beside a change: each keeps to the state it began with.
    Changes come one at a time; the caller sees to that.
    """

    def __init__(self, ranking: Bm25 | None = None) -> None:
        """Make an empty index that ranks by ``ranking``."""
        self._ranking = ranking or Bm25()
        self._segments: tuple[Segment, ...] = ()
        self._questions: dict[tuple[str, str], _ReadQuestion] = {}

    def __len__(self) -> int:
        return sum(segment.live for segment in self._segments)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return sum(segment.nbytes for segment in self._segments)

    @classmethod
    def from_segments(
        cls, segments: Iterable[Segment], ranking: Bm25 | None = None
    ) -> "InvertedIndex":
        """Return an index of these segments, whose documents are distinct."""
        index = cls(ranking)
        index._segments = tuple(segments)
        return index

    def with_beside(self, forms: Mapping[MemoryId, LexicalForm]) -> "InvertedIndex":
        """Return an index of what this one holds and of ``forms``, for one question.

        It shares what is held; this one does not change.
        """
        index = InvertedIndex.from_segments(self._segments, self._ranking)
        index.apply(forms)
        return index

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The parts as they are now; they never change, they are replaced."""
        return self._segments

    def keys(self) -> Keys:
        """Return the ids of all documents, ascending."""
        held = [segment.documents.keys[segment.documents.alive] for segment in self._segments]
        return np.sort(np.concatenate([np.empty(0, "S16"), *held]))

    def apply(
        self, upserts: Mapping[MemoryId, LexicalForm], removals: Collection[MemoryId] = ()
    ) -> None:
        """Put ``upserts`` in place of what their ids stood for, and drop ``removals``.

        A search sees all of it or nothing. Unknown ids may be removed.
        """
        gone = np.sort(memory_keys([*upserts, *removals]))
        segments = [segment.without(gone) for segment in self._segments]
        if upserts:
            segments.append(Segment.build(upserts))
        self._segments = tuple(_consolidated(segments))
        self._questions = {}

    def compact(self) -> None:
        """Make one segment of all: worth it once an index is filled, as each costs every search."""
        if len(self._segments) > 1:
            self._segments = (merge_segments(self._segments),)
            self._questions = {}

    def prepare(self) -> None:
        """Do now what the first search after a change would do before it can answer.

        It takes most of a second for an index of 100,000 texts that is new, else milliseconds.
        """
        segments = self._segments
        languages = languages_of(segments)
        for segment in segments:
            segment.vocabulary.prepare(languages)

    def search(self, query: LexicalQuery) -> list[LexicalMatch]:
        """Return the ``k`` best documents with a term of the query, equal ones by id."""
        if query.k < 1:
            return []
        read = self._read(query.text, query.language)
        segments = read.segments
        scores = self._scores(read)
        if query.allowed is not None:
            keys = np.unique(memory_keys(query.allowed))
            scores = [_restricted(s, seg, keys) for s, seg in zip(scores, segments, strict=True)]
        return _best(query.k, segments, scores)

    def presence(self, text: str, keys: Keys, language: str = ANY_LANGUAGE) -> WordPresence:
        """Return which of the question's words each memory of ``keys`` has, and their weights."""
        read = self._read(text, language)
        segments = read.segments
        telling = [place for place, group in enumerate(read.groups) if group.weight == 1.0]
        known = {token for group in read.groups for token in group.tokens}
        known |= function_words(read.tokens, read.languages)
        order = np.argsort(keys)
        places = [_places(segment, keys[order]) for segment in segments]
        has = np.zeros((len(keys), len(telling)), np.bool_)
        weights = np.zeros(len(telling))
        documents = sum(segment.live for segment in segments)
        for column, group in enumerate(telling):
            holding = 0
            found = zip(segments, read.terms[group], places, strict=True)
            for segment, terms, (here, place) in found:
                marks = segment.holding(terms)
                holding += int(np.count_nonzero(marks))
                has[order[here], column] |= marks[place]
            weights[column] = self._ranking.term_weight(documents, holding)
        return WordPresence(
            has=has,
            weights=weights,
            words=[read.groups[group].tokens[0] for group in telling],
            unknown=[token for token in read.tokens if token not in known],
            unknown_weight=self._ranking.term_weight(documents, 0) if documents else 0.0,
        )

    def _read(self, text: str, language: str) -> "_ReadQuestion":
        """Return what a question looks for now; the arms of a recall ask one after the other."""
        segments = self._segments
        known = self._questions.get((text, language))
        if known is not None and known.segments is segments:
            return known
        languages = [base_language(language)]
        if language == ANY_LANGUAGE:
            languages = languages_of(segments)
        tokens = question_tokens(text)
        groups = term_groups(tokens, segments, languages)
        read = _ReadQuestion(
            segments=segments,
            languages=languages,
            tokens=tokens,
            groups=groups,
            terms=[[_terms_of(group, segment) for segment in segments] for group in groups],
        )
        if len(self._questions) >= _REMEMBERED:
            # Another dict, not this one cleared: other threads may be reading it.
            self._questions = {}
        self._questions[text, language] = read
        return read

    def _scores(self, read: "_ReadQuestion") -> list[NDArray[np.float64]]:
        """Return for each segment the BM25 score of each document, 0 for removed ones."""
        segments = read.segments
        scores = [np.zeros(len(segment)) for segment in segments]
        documents = sum(segment.live for segment in segments)
        if not read.groups:
            return scores
        average = sum(segment.live_tokens for segment in segments) / documents
        # Once for all terms: a frequent one occurs in most of the documents anyway.
        norms = [self._ranking.norms(s.documents.lengths, average) for s in segments]
        for group, terms in zip(read.groups, read.terms, strict=True):
            found = [seg.occurrences(own) for seg, own in zip(segments, terms, strict=True)]
            holding = sum(len(occurrences.documents) for occurrences in found)
            weight = group.weight * self._ranking.term_weight(documents, holding)
            for occurrences, norm, total in zip(found, norms, scores, strict=True):
                places = occurrences.documents.astype(np.intp)  # Once, not with each use.
                gained = self._ranking.saturated(occurrences.frequencies, norm.take(places))
                gained *= weight
                gained += total.take(places)
                total[places] = gained
        return scores


def _terms_of(group: TermGroup, segment: Segment) -> list[int]:
    ids = (segment.vocabulary.find(term) for term in group.terms)
    return [term for term in ids if term is not None]


def _places(segment: Segment, keys: Keys) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return which of ``keys`` (ascending) are alive in a segment, and the places of those."""
    own = segment.documents.keys
    places = np.minimum(np.searchsorted(own, keys), len(own) - 1)
    here = (own[places] == keys) & segment.documents.alive[places]
    return here, places[here]


def _restricted(
    scores: NDArray[np.float64], segment: Segment, allowed: Keys
) -> NDArray[np.float64]:
    """Return ``scores`` with 0 for all but the ``allowed`` (ascending)."""
    places = segment.places(allowed)
    restricted = np.zeros(len(scores))
    restricted[places] = scores[places]
    return restricted


def _best(
    k: int, segments: Sequence[Segment], scores: Sequence[NDArray[np.float64]]
) -> list[LexicalMatch]:
    tops = [_top(k, values) for values in scores]
    # The empty arrays are for an index without segments.
    keys = np.concatenate(
        [np.empty(0, "S16")]
        + [seg.documents.keys[top] for seg, top in zip(segments, tops, strict=True)]
    )
    best = np.concatenate([np.empty(0)] + [s[top] for s, top in zip(scores, tops, strict=True)])
    order = np.lexsort((keys, -best))[:k]
    return [
        LexicalMatch(memory_id=memory_id, score=float(best[place]))
        for place, memory_id in zip(order, memory_ids(keys[order]), strict=True)
    ]


def _top(k: int, scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the places of the ``k`` highest scores above 0, and of all equal to the last."""
    blocks = len(scores) // _BLOCK
    if blocks > k:
        # As many blocks as places wanted have a score of at least this: the last place has too.
        highest = scores[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
        bound = np.partition(highest, blocks - k)[blocks - k]
        places = np.flatnonzero(scores >= bound) if bound > 0 else np.flatnonzero(scores)
    else:
        places = np.flatnonzero(scores)
    if len(places) <= k:
        return places
    found = scores[places]
    last = np.partition(found, len(found) - k)[len(found) - k]
    return np.asarray(places[found >= last])


def _consolidated(segments: Iterable[Segment]) -> list[Segment]:
    """Return ``segments`` without empty ones, fewer than ``_FAN_IN`` of each order of size."""
    tiers: dict[int, list[Segment]] = {}
    waiting = [
        merge_segments([segment]) if segment.live < (1 - _MOST_DEAD) * len(segment) else segment
        for segment in segments
        if segment.live
    ]
    while waiting:
        segment = waiting.pop()
        tier = tiers.setdefault(int(math.log(len(segment), _FAN_IN)), [])
        tier.append(segment)
        if len(tier) == _FAN_IN:
            waiting.append(merge_segments(tier))
            tier.clear()
    return [segment for tier in tiers.values() for segment in tier]
