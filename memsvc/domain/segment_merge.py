"""Several segments of an inverted index made one, without their removed documents."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.index_segment import DocumentTable, PostingTable, Segment, row_starts
from memsvc.domain.vocabulary import Vocabulary


def merge_segments(segments: Sequence[Segment]) -> Segment:
    """Return one segment with the live documents of ``segments``, whose keys are distinct."""
    parts = [_compacted(segment) for segment in segments]
    if len(parts) == 1:
        return parts[0]
    keys = np.concatenate([part.documents.keys for part in parts])
    by_key = np.argsort(keys)
    places = np.empty(len(keys), np.int32)
    places[by_key] = np.arange(len(keys), dtype=np.int32)
    documents = DocumentTable(
        keys=keys[by_key],
        lengths=np.concatenate([part.documents.lengths for part in parts])[by_key],
        languages=np.concatenate([part.documents.languages for part in parts])[by_key],
        alive=np.ones(len(keys), np.bool_),
    )
    new_places = np.split(places, np.cumsum([len(part) for part in parts])[:-1])
    return Segment(documents, _merged_postings([part.postings for part in parts], new_places))


def _merged_postings(
    parts: Sequence[PostingTable], new_places: Sequence[NDArray[np.int32]]
) -> PostingTable:
    """Return the postings of all ``parts``, whose documents have gone to ``new_places``.

    Nothing is sorted: every part has its postings in the order of terms, so each row goes
    straight to its place, behind those of the parts before.
    """
    terms = sorted(set[str]().union(*(part.vocabulary.terms for part in parts)))
    numbers = {term: number for number, term in enumerate(terms)}
    rows = [np.array([numbers[t] for t in part.vocabulary.terms], np.int64) for part in parts]
    sizes = np.zeros(len(terms), np.int64)
    for part, row in zip(parts, rows, strict=True):
        sizes[row] += np.diff(part.starts)
    starts = row_starts(sizes)
    documents, counts = np.empty(starts[-1], np.int32), np.empty(starts[-1], np.uint16)
    free = starts[:-1].copy()
    for part, row, moved_to in zip(parts, rows, new_places, strict=True):
        row_sizes = np.diff(part.starts)
        target = np.arange(len(part.documents)) + np.repeat(free[row] - part.starts[:-1], row_sizes)
        documents[target] = moved_to[part.documents]
        counts[target] = part.counts
        free[row] += row_sizes
    return PostingTable(
        vocabulary=Vocabulary(terms), starts=starts, documents=documents, counts=counts
    )


def _compacted(segment: Segment) -> Segment:
    """Return ``segment`` without its removed documents, and the terms that only they held."""
    if segment.live == len(segment):
        return segment
    old, postings = segment.documents, segment.postings
    kept = old.alive[postings.documents]
    row_sizes = np.diff(row_starts(kept)[postings.starts])
    used = np.flatnonzero(row_sizes)
    terms = list(postings.vocabulary.terms)
    places = np.cumsum(old.alive, dtype=np.int32) - np.int32(1)
    documents = DocumentTable(
        keys=old.keys[old.alive],
        lengths=old.lengths[old.alive],
        languages=old.languages[old.alive],
        alive=np.ones(segment.live, np.bool_),
    )
    return Segment(
        documents,
        PostingTable(
            vocabulary=Vocabulary([terms[term] for term in used]),
            starts=row_starts(row_sizes[used]),
            documents=places[postings.documents[kept]],
            counts=postings.counts[kept],
        ),
    )
