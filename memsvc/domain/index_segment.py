"""An immutable part of an inverted index: documents with their postings in a few arrays."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import attrgetter
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.identifiers import MemoryId, uuid_of
from memsvc.domain.languages import RECOGNISED
from memsvc.domain.lexical import LexicalForm
from memsvc.domain.vocabulary import Vocabulary

Keys: TypeAlias = NDArray[np.bytes_]
"""Memory ids as 16 bytes each, dtype ``S16``: their byte order is the order of the ids."""

MOST_COUNTED = np.iinfo(np.uint16).max
"""How often a term is counted in one document; BM25 is saturated long before."""
_LANGUAGE_CODES = {language: code for code, language in enumerate(RECOGNISED)}
_NO_LANGUAGE = len(RECOGNISED)
_FEW_OF = 64
"""Sorting postings is quicker than counting over the documents if they are fewer by this."""


def language_code(language: str) -> int:
    """Return the place of a language in ``RECOGNISED``, its length for any other."""
    return _LANGUAGE_CODES.get(language, _NO_LANGUAGE)


def memory_keys(ids: Iterable[MemoryId]) -> Keys:
    """Return ``ids`` as keys, in their order."""
    return np.frombuffer(b"".join(map(attrgetter("bytes"), ids)), dtype="S16")


def memory_ids(keys: Keys) -> list[MemoryId]:
    """Return the ids that ``keys`` stand for."""
    # NumPy hands a bytes element out without the zeros at its end; the buffer still has them.
    packed = keys.tobytes()
    return [
        MemoryId(uuid_of(int.from_bytes(packed[place : place + 16], "big")))
        for place in range(0, len(packed), 16)
    ]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DocumentTable:
    """The documents of a segment in the order of their keys; every array has shape (n,)."""

    keys: Keys
    """Ascending."""
    lengths: NDArray[np.int32]
    """Tokens."""
    languages: NDArray[np.uint8]
    """Places in ``RECOGNISED``, or its length."""
    alive: NDArray[np.bool_]
    """False for removed ones."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PostingTable:
    """In which documents the terms of a segment occur: compressed rows, one a term."""

    vocabulary: Vocabulary
    starts: NDArray[np.int64]
    """Shape (terms + 1,): term t has the postings ``starts[t]`` up to ``starts[t + 1]``."""
    documents: NDArray[np.int32]
    """Per posting the document's place; distinct in a row."""
    counts: NDArray[np.uint16]
    """Per posting how often the term occurs (65,535 at most, where BM25 is long saturated)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Occurrences:
    """Which documents hold some terms, and how often in sum."""

    documents: NDArray[np.int32]
    """Distinct places in the segment."""
    frequencies: NDArray[np.float64]


_NOWHERE = Occurrences(documents=np.empty(0, np.int32), frequencies=np.empty(0))


class Segment:
    """An immutable part of an inverted index.

    Removing makes a segment that shares all arrays but one, so that a search goes on undisturbed
    in the segment it began with.
    """

    __slots__ = ("documents", "language_counts", "live", "live_tokens", "postings")

    def __init__(self, documents: DocumentTable, postings: PostingTable) -> None:
        """Put the two tables together and count what is alive in them."""
        self.documents = documents
        self.postings = postings
        alive = documents.alive
        self.live = int(np.count_nonzero(alive))
        is_whole = self.live == len(alive)
        lengths = documents.lengths if is_whole else documents.lengths[alive]
        languages = documents.languages if is_whole else documents.languages[alive]
        self.live_tokens = int(lengths.sum(dtype=np.int64))
        self.language_counts = np.bincount(languages, minlength=_NO_LANGUAGE)[:_NO_LANGUAGE]

    def __len__(self) -> int:
        return len(self.documents.keys)

    @classmethod
    def build(cls, forms: Mapping[MemoryId, LexicalForm]) -> "Segment":
        """Make a segment of documents."""
        ids = sorted(forms, key=attrgetter("int"))
        ordered = [forms[memory_id] for memory_id in ids]
        codes = [language_code(form.language) for form in ordered]
        documents = DocumentTable(
            keys=memory_keys(ids),
            lengths=np.array([form.length for form in ordered], np.int32),
            languages=np.array(codes, np.uint8),
            alive=np.ones(len(ids), np.bool_),
        )
        return cls(documents, _post(ordered))

    @property
    def vocabulary(self) -> Vocabulary:
        """Every term of the documents, removed ones included."""
        return self.postings.vocabulary

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        documents, postings = self.documents, self.postings
        return (
            postings.vocabulary.nbytes
            + postings.starts.nbytes
            + postings.documents.nbytes
            + postings.counts.nbytes
            + documents.keys.nbytes
            + documents.lengths.nbytes
            + documents.languages.nbytes
            + documents.alive.nbytes
        )

    def places(self, keys: Keys) -> NDArray[np.intp]:
        """Return the places of those of ``keys`` (ascending) that are here."""
        own = self.documents.keys
        if len(own) == 0 or len(keys) == 0 or keys[0] > own[-1] or keys[-1] < own[0]:
            return np.empty(0, np.intp)
        if len(keys) > len(own):  # Look the fewer up among the more.
            return np.flatnonzero(_are_among(own, keys))
        found = _are_among(keys, own)
        return np.searchsorted(own, keys[found])

    def without(self, keys: Keys) -> "Segment":
        """Return this segment with the documents of ``keys`` (ascending) removed."""
        places = self.places(keys)
        if not self.documents.alive[places].any():
            return self
        alive = self.documents.alive.copy()
        alive[places] = False
        return Segment(replace(self.documents, alive=alive), self.postings)

    def is_live(self, term: int) -> bool:
        """Tell whether a live document holds the term with this id."""
        if self.live == len(self):
            return True
        return bool(self.documents.alive[self.postings.documents[self._row(term)]].any())

    def occurrences(self, terms: Sequence[int]) -> Occurrences:
        """Return the live documents that hold any of ``terms`` (ids)."""
        if not terms:
            return _NOWHERE
        rows = [self._row(term) for term in terms]
        places = np.concatenate([self.postings.documents[row] for row in rows])
        counts = np.concatenate([self.postings.counts[row] for row in rows])
        frequencies = counts.astype(np.float64)
        if len(rows) > 1 and len(places) * _FEW_OF < len(self):
            places, which = np.unique(places, return_inverse=True)
            summed = np.zeros(len(places))
            np.add.at(summed, which, frequencies)
            frequencies = summed
        elif len(rows) > 1:
            totals = np.bincount(places, weights=frequencies, minlength=len(self))
            places = np.flatnonzero(totals).astype(np.int32)
            frequencies = totals[places]
        if self.live < len(self):
            kept = self.documents.alive[places]
            places, frequencies = places[kept], frequencies[kept]
        return Occurrences(documents=places, frequencies=frequencies)

    def holding(self, terms: Sequence[int]) -> NDArray[np.bool_]:
        """Return for each document whether it is alive and holds any of ``terms`` (ids)."""
        marks = np.zeros(len(self), np.bool_)
        for term in terms:
            marks[self.postings.documents[self._row(term)]] = True
        if self.live < len(self):
            marks &= self.documents.alive
        return marks

    def _row(self, term: int) -> slice:
        starts = self.postings.starts
        return slice(starts[term], starts[term + 1])


def row_starts(sizes: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return where each of the rows of these sizes begins, and at the end where the last ends."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def _post(forms: Sequence[LexicalForm]) -> PostingTable:
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    every_term = chain.from_iterable(form.terms for form in forms)
    numbered = np.fromiter(map(numbers.__getitem__, every_term), np.int32)
    terms = sorted(numbers)
    rank = np.empty(len(terms), np.int32)
    rank[[numbers[term] for term in terms]] = np.arange(len(terms), dtype=np.int32)
    ranked = rank[numbered]
    order = np.argsort(ranked, kind="stable")
    counts = np.fromiter(chain.from_iterable(form.counts for form in forms), np.int64)
    places = np.repeat(np.arange(len(forms), dtype=np.int32), [len(f.terms) for f in forms])
    return PostingTable(
        vocabulary=Vocabulary(terms),
        starts=row_starts(np.bincount(ranked, minlength=len(terms))),
        documents=places[order],
        counts=np.minimum(counts[order], MOST_COUNTED).astype(np.uint16),
    )


def _are_among(wanted: Keys, ascending: Keys) -> NDArray[np.bool_]:
    """Return for each of ``wanted`` whether it is one of ``ascending`` (not empty)."""
    places = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.asarray(ascending[places] == wanted)
