"""From the words of a question to the terms of an index that mean the same."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from memsvc.domain.index_segment import Segment
from memsvc.domain.languages import RECOGNISED
from memsvc.domain.stop_words import function_words
from memsvc.domain.tokens import fold, is_characterwise
from memsvc.domain.vocabulary import stem_key

_FUNCTION_WORD_WEIGHT = 0.2
"""Function words decide between near equals and carry questions made of nothing else."""

_LANGUAGE_SHARE = 0.01
"""A language fewer of a bank's texts are in is taken for a mistake of the recogniser."""

_SHORTEST_FRAGMENT = 3
_MOST_COMPLETIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TermGroup:
    """Terms that count as one: a document holds the group as often as all of them together."""

    terms: tuple[str, ...]
    weight: float = 1.0
    tokens: tuple[str, ...] = field(default=(), compare=False)
    """The question's tokens that it stands for, in order."""


def term_groups(
    tokens: Sequence[str], segments: Sequence[Segment], languages: Collection[str]
) -> list[TermGroup]:
    """Return what to look up for ``tokens``; tokens that match nothing live are left out.

    A token stands for every term with the same letters but for accents, and the same stem in one
    of ``languages``. A token that matches none of them may be part of a word: then it stands for
    the shortest terms that contain it. The outcome depends on the live documents alone, not on
    how they are spread over segments.
    """
    functional = function_words(tokens, languages)
    groups: dict[tuple[str, ...], TermGroup] = {}
    for token in tokens:
        forms = _forms(token, segments, languages) or _completions(token, segments)
        terms = tuple(sorted(forms))
        if not terms:
            continue
        known = groups.get(terms)
        tokens_so_far = () if known is None else known.tokens
        weight = _FUNCTION_WORD_WEIGHT if token in functional else 1.0
        if known is not None and token in functional:
            weight = known.weight
        groups[terms] = TermGroup(terms=terms, weight=weight, tokens=(*tokens_so_far, token))
    return list(groups.values())


def languages_of(segments: Iterable[Segment]) -> list[str]:
    """Return the languages that the live documents are in, as far as they are known."""
    counts = sum((s.language_counts for s in segments), start=np.zeros(len(RECOGNISED), np.int64))
    present = np.flatnonzero(counts > _LANGUAGE_SHARE * counts.sum())
    return [RECOGNISED[code] for code in present]


def _forms(token: str, segments: Sequence[Segment], languages: Collection[str]) -> set[str]:
    folded = fold(token)
    forms = {
        term
        for segment in segments
        for term in _live_terms(segment, segment.vocabulary.spelled(folded))
    }
    if is_characterwise(token):
        return forms
    # Questions are often typed without accents, which stemmers need: ask with each spelling.
    spellings = forms | {token}
    for language in languages:
        for key in sorted({stem_key(spelling, language) for spelling in spellings}):
            for segment in segments:
                forms.update(_live_terms(segment, segment.vocabulary.stemmed(key, language)))
    return forms


def _completions(token: str, segments: Sequence[Segment]) -> set[str]:
    """Return the terms nearest in length that contain ``token``."""
    if len(token) < _SHORTEST_FRAGMENT and not is_characterwise(token):
        return set()
    containing = {
        term
        for segment in segments
        for term in _live_terms(segment, segment.vocabulary.terms.containing(token))
    }
    return set(islice(sorted(containing, key=lambda term: (len(term), term)), _MOST_COMPLETIONS))


def _live_terms(segment: Segment, ids: Iterable[int]) -> Iterator[str]:
    return (segment.vocabulary.terms[i] for i in ids if segment.is_live(i))
