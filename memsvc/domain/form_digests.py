"""Checksums of analysed texts, to compare an inverted index with the rows it was made from.

The digest of a document is a sum over its terms, so that it can be computed from an index, which
has documents by term, without putting any document together again.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.index_segment import MOST_COUNTED, Segment, language_code
from memsvc.domain.lexical import LexicalForm

_LENGTH_FACTOR = 0x9E3779B97F4A7C15
"""Odd, so that two lengths never look alike."""
_LANGUAGE_FACTOR = 0xC2B2AE3D27D4EB4F
_MASK = (1 << 64) - 1


def form_digest(form: LexicalForm) -> int:
    """Return 64 bits that say which terms a text has, how often, its length and its language.

    Two different forms have the same digest with a probability of about 2^-64.
    """
    hashes = np.fromiter(map(_term_hash, form.terms), np.uint64, count=len(form.terms))
    counts = np.minimum(np.array(form.counts, np.int64), MOST_COUNTED).astype(np.uint64)
    total = int(np.sum(hashes * _weights(counts), dtype=np.uint64))
    total += form.length * _LENGTH_FACTOR + language_code(form.language) * _LANGUAGE_FACTOR
    return total & _MASK


def segment_digests(segment: Segment) -> NDArray[np.uint64]:
    """Return the digest of each document of a segment by its place, removed ones included."""
    documents, postings = segment.documents, segment.postings
    hashes = np.fromiter(map(_term_hash, segment.vocabulary.terms), np.uint64)
    per_posting = np.repeat(hashes, np.diff(postings.starts))
    per_posting *= _weights(postings.counts.astype(np.uint64))
    digests = documents.lengths.astype(np.uint64) * np.uint64(_LENGTH_FACTOR)
    digests += documents.languages.astype(np.uint64) * np.uint64(_LANGUAGE_FACTOR)
    np.add.at(digests, postings.documents, per_posting)
    return digests


def _weights(counts: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return odd factors: none makes two hashes alike that are not."""
    return counts * np.uint64(2) + np.uint64(1)


@lru_cache(maxsize=1 << 16)
def _term_hash(term: str) -> int:
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest())
