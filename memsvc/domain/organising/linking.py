"""Which memories to link: the nearest ones, near enough for their bank, with a reason in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.organising.evolving import shared_words
from memsvc.domain.organising.extraction import WindowItem

_LEAST_SAMPLE = 40
"""Vectors below which a bank's own cosines say too little."""
_UNLIKE_SHARE = 0.99
"""Share of a bank's pairs that are taken to be unrelated."""
_IN_REASON = 3
_NEAR = "close in meaning"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkBounds:
    """What keeps the links of a bank few and telling."""

    least_cosine: float
    """Pairs below are not linked, whatever they share."""
    per_note: int = 3
    """New links that one note begins, at most."""
    degree: int = 12
    """Links that a note may have in all, with those that others began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPair:
    """A note to organise and one that resembles it."""

    note: MemoryId
    other: MemoryId
    cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenLink:
    """A link to make, from the newer of the two to the older."""

    from_id: MemoryId
    to_id: MemoryId
    weight: float
    reason: str


def calibrated_cosine(sample: NDArray[np.float32], *, otherwise: float) -> float:
    """Return the cosine above which two texts of a bank are likelier related than not.

    ``sample`` has shape (n, dimension), unit rows: texts drawn over the whole bank, so that nearly
    all of their pairs are unrelated. What 99 % of the pairs stay below separates; encoders
    differ too much in their cosines, and banks in how much their texts resemble each other, for
    one number to serve. ``otherwise`` is returned for fewer than 40 rows, and never undercut by
    more than a third.
    """
    if len(sample) < _LEAST_SAMPLE:
        return otherwise
    cosines = (sample @ sample.T)[np.triu_indices(len(sample), k=1)]
    separating = float(np.quantile(cosines, _UNLIKE_SHARE))
    return min(0.95, max(separating, otherwise * 2 / 3))


def reason_of(one: WindowItem, other: WindowItem) -> str:
    """Return why two memories are linked, in words that both have where there are any."""
    shared = shared_words(one, other)[:_IN_REASON]
    return f"shares: {', '.join(shared)}" if shared else _NEAR


def choose_links(
    pairs: Sequence[NearPair],
    reasons: Mapping[tuple[MemoryId, MemoryId], str],
    degrees: Mapping[MemoryId, int],
    bounds: LinkBounds,
) -> list[ChosenLink]:
    """Return the links to make, nearest pairs first; equal pairs in order of their ids.

    ``degrees`` are the links that notes have already; a note that is full gets no more, so that
    no hub grows that every search runs into. A pair is linked once, whichever end asked for it.
    """
    grown = Counter(degrees)
    begun: Counter[MemoryId] = Counter()
    chosen: dict[tuple[MemoryId, MemoryId], ChosenLink] = {}
    for pair in sorted(pairs, key=lambda each: (-each.cosine, each.note, each.other)):
        newer, older = max(pair.note, pair.other), min(pair.note, pair.other)
        if newer == older or (newer, older) in chosen or pair.cosine < bounds.least_cosine:
            continue
        is_full = max(grown[newer], grown[older]) >= bounds.degree
        if is_full or begun[pair.note] >= bounds.per_note:
            continue
        reason = reasons.get((newer, older)) or reasons.get((older, newer)) or _NEAR
        weight = min(1.0, max(pair.cosine, 1e-3))
        chosen[newer, older] = ChosenLink(from_id=newer, to_id=older, weight=weight, reason=reason)
        begun[pair.note] += 1
        grown.update((newer, older))
    return list(chosen.values())
