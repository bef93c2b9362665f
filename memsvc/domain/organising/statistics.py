"""How rare terms are in a bank, from a sample of its texts."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class TermStatistics:
    """In how many of ``documents`` texts each term occurs; without texts every term is rare."""

    documents: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[Iterable[str]]) -> "TermStatistics":
        """Count the texts whose distinct terms are given."""
        counts: dict[str, int] = {}
        documents = 0
        for terms in texts:
            documents += 1
            for term in set(terms):
                counts[term] = counts.get(term, 0) + 1
        return cls(documents=documents, counts=counts)

    def rarity(self, term: str) -> float:
        """Return 1 for a term that no text has, near 0 for one that all have: scaled idf."""
        if self.documents == 0:
            return 1.0
        most = math.log(self.documents + 1)
        return max(0.0, math.log((self.documents + 1) / (self.counts.get(term, 0) + 1)) / most)
