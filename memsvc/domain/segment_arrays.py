"""An inverted index as plain arrays, and back: what a snapshot of it holds."""

import unicodedata
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from numpy.typing import NDArray

from memsvc.domain.bm25 import Bm25
from memsvc.domain.index_segment import DocumentTable, PostingTable, Segment
from memsvc.domain.inverted_index import InvertedIndex
from memsvc.domain.lexical import ANALYZER_VERSION
from memsvc.domain.vocabulary import Vocabulary

_DOCUMENTS = ("keys", "lengths", "languages", "alive")
_POSTINGS = ("starts", "documents", "counts")


def analysis_stamp() -> str:
    """Return what the arrays depend on beside the texts: they serve no other analysis."""
    stemmer = version("snowballstemmer")
    return f"{ANALYZER_VERSION}/snowball-{stemmer}/unicode-{unicodedata.unidata_version}"


def to_arrays(segments: Iterable[Segment]) -> dict[str, NDArray[Any]]:
    """Return the segments of an index as named arrays, without objects in them."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, segment in enumerate(segments):
        parts: dict[str, NDArray[Any]] = {
            **{f"d/{name}": getattr(segment.documents, name) for name in _DOCUMENTS},
            **{f"p/{name}": getattr(segment.postings, name) for name in _POSTINGS},
            **{f"v/{name}": each for name, each in segment.vocabulary.to_arrays().items()},
        }
        arrays |= {f"{number}/{name}": each for name, each in parts.items()}
    return arrays


def from_arrays(arrays: Mapping[str, NDArray[Any]], ranking: Bm25 | None = None) -> InvertedIndex:
    """Return the index whose segments ``to_arrays`` was given.

    Raises ``KeyError`` or ``ValueError`` when something is missing or of another kind.
    """
    parts: dict[int, dict[str, NDArray[Any]]] = {}
    for name, each in arrays.items():
        number, _, part = name.partition("/")
        parts.setdefault(int(number), {})[part] = each
    segments = (_segment(parts[number]) for number in sorted(parts))
    return InvertedIndex.from_segments(segments, ranking)


def _segment(parts: Mapping[str, NDArray[Any]]) -> Segment:
    words = {name[2:]: each for name, each in parts.items() if name.startswith("v/")}
    documents = DocumentTable(**{name: parts[f"d/{name}"] for name in _DOCUMENTS})
    postings = PostingTable(
        vocabulary=Vocabulary.from_arrays(words),
        **{name: parts[f"p/{name}"] for name in _POSTINGS},
    )
    if len({len(parts[f"d/{name}"]) for name in _DOCUMENTS}) != 1:
        raise ValueError("The document table's columns differ in length.")
    return Segment(documents, postings)
