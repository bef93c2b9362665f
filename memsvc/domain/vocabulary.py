"""The distinct terms of a part of an index, and which of them are forms of one word."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.languages import stem
from memsvc.domain.sorted_strings import SortedStrings
from memsvc.domain.tokens import fold, is_characterwise

_UNACCENTED = "unaccented"


class Vocabulary:
    """Immutable terms with ids from 0 in ascending order.

    Terms are grouped by their spelling without accents, and by stem in each language asked for:
    ahead by ``prepare``, else by the first question. Threads that do it at once make the same.
    """

    __slots__ = ("_stems", "_unaccented", "terms")

    def __init__(self, terms: Sequence[str]) -> None:
        """Take distinct ``terms`` in ascending order."""
        self.terms = SortedStrings(terms)
        self._unaccented: _Derived | None = None
        self._stems: dict[str, _Derived] = {}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Vocabulary":
        """Return the vocabulary that ``to_arrays`` was called on, prepared as that was."""
        vocabulary = cls([])
        vocabulary.terms = SortedStrings.from_arrays(arrays["text"], arrays["starts"])
        for name in arrays:
            if name.endswith("/sources"):
                grouping, _, _ = name.rpartition("/")
                vocabulary._restore(grouping, arrays)
        return vocabulary

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything in arrays without objects, the groupings made so far included."""
        text, starts = self.terms.to_arrays()
        arrays: dict[str, NDArray[Any]] = {"text": text, "starts": starts}
        groupings = {f"stems:{language}": made for language, made in self._stems.copy().items()}
        if self._unaccented is not None:
            groupings[_UNACCENTED] = self._unaccented
        for name, grouping in groupings.items():
            arrays |= {f"{name}/{part}": array for part, array in grouping.to_arrays().items()}
        return arrays

    def _restore(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        parts = {part: arrays[f"{name}/{part}"] for part in ("text", "starts", "sources")}
        if name == _UNACCENTED:
            self._unaccented = _Derived.from_arrays(self.terms, fold, parts)
            return
        language = name.removeprefix("stems:")
        derive = partial(stem_key, language=language)
        self._stems[language] = _Derived.from_arrays(self.terms, derive, parts)

    def __len__(self) -> int:
        return len(self.terms)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        groupings = [*self._stems.values(), *filter(None, [self._unaccented])]
        return self.terms.nbytes + sum(grouping.nbytes for grouping in groupings)

    def prepare(self, languages: Iterable[str]) -> None:
        """Group the terms now; a stem never made before takes 20 µs."""
        self._by_spelling()
        for language in languages:
            self._by_stem(language)

    def find(self, term: str) -> int | None:
        """Return the id of ``term``, or ``None``."""
        return next(iter(self.terms.range_of(term)), None)

    def spelled(self, folded: str) -> Iterator[int]:
        """Yield the ids of the terms that read ``folded`` without their accents."""
        return self._by_spelling().sources(folded)

    def stemmed(self, key: str, language: str) -> Iterator[int]:
        """Yield the ids of the terms whose ``stem_key`` in ``language`` is ``key``."""
        return self._by_stem(language).sources(key)

    def _by_spelling(self) -> "_Derived":
        if self._unaccented is None:
            self._unaccented = _Derived(self.terms, fold)
        return self._unaccented

    def _by_stem(self, language: str) -> "_Derived":
        if (grouping := self._stems.get(language)) is None:
            grouping = _Derived(self.terms, partial(stem_key, language=language))
            self._stems[language] = grouping
        return grouping


def stem_key(term: str, language: str) -> str:
    """Return what the forms of one word in ``language`` share: their stem without accents."""
    return term if is_characterwise(term) else fold(stem(term, language))


class _Derived:
    """A grouping of terms by a key derived from each."""

    __slots__ = ("_derive", "_keys", "_sources", "_terms")

    def __init__(self, terms: SortedStrings, derive: Callable[[str], str]) -> None:
        # Most terms are their own key. Those are found among the terms, so only others are kept.
        derived = ((derive(term), index, term) for index, term in enumerate(terms))
        changed = sorted((key, index) for key, index, term in derived if key != term)
        self._terms = terms
        self._derive = derive
        self._keys = SortedStrings([key for key, _ in changed])
        self._sources = array("I", (index for _, index in changed))

    @classmethod
    def from_arrays(
        cls,
        terms: SortedStrings,
        derive: Callable[[str], str],
        arrays: Mapping[str, NDArray[Any]],
    ) -> "_Derived":
        grouping = cls(SortedStrings([]), derive)
        grouping._terms = terms
        grouping._keys = SortedStrings.from_arrays(arrays["text"], arrays["starts"])
        grouping._sources = array("I", arrays["sources"].astype(np.uintc).tobytes())
        return grouping

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        text, starts = self._keys.to_arrays()
        return {"text": text, "starts": starts, "sources": np.array(self._sources, np.uint32)}

    @property
    def nbytes(self) -> int:
        return self._keys.nbytes + len(self._sources) * self._sources.itemsize

    def sources(self, key: str) -> Iterator[int]:
        """Yield the ids of the terms whose key is ``key``."""
        if self._derive(key) == key:
            yield from self._terms.range_of(key)
        for place in self._keys.range_of(key):
            yield self._sources[place]
