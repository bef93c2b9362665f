"""How good the duplicate decision is on labelled pairs; and the bounds that one half suggests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from memsvc.domain.thoughts.duplicates import Bounds, Evidence, Judgement, Verdict, weigh

EXACT = "exact"
"""The class of pairs that differ in nothing but case, widths, punctuation and spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPair:
    """Two texts, and whether they say the same."""

    number: int
    language: str
    group: str
    """What was done to the one text to make the other: ``order``, ``negation``, …"""
    is_duplicate: bool
    one: str
    other: str

    @property
    def is_for_fitting(self) -> bool:
        """Whether bounds may be fitted on it: every other pair; figures come from the rest."""
        return self.number % 2 == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPair:
    """A labelled pair and what was decided."""

    pair: LabelledPair
    judgement: Judgement

    @property
    def is_found(self) -> bool:
        """Whether it was taken for a duplicate."""
        return self.judgement.verdict is Verdict.DUPLICATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts of one group of pairs, and what follows from them."""

    name: str
    pairs: int
    duplicates: int
    found: int
    """Taken for duplicates."""
    right: int
    """Of those, the ones that are."""
    uncertain: int

    @property
    def precision(self) -> float | None:
        """Share of the found that are duplicates; ``None`` without any found."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of the duplicates that are found; ``None`` without any."""
        return self.right / self.duplicates if self.duplicates else None

    @classmethod
    def of(cls, name: str, judged: Sequence[JudgedPair]) -> "Figures":
        """Count."""
        return cls(
            name=name,
            pairs=len(judged),
            duplicates=sum(each.pair.is_duplicate for each in judged),
            found=sum(each.is_found for each in judged),
            right=sum(each.is_found and each.pair.is_duplicate for each in judged),
            uncertain=sum(each.judgement.verdict is Verdict.UNCERTAIN for each in judged),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The figures of a labelled set."""

    all: Figures
    held_out: Figures
    """Of the half that no bound was fitted on."""
    by_language: Sequence[Figures]
    by_group: Sequence[Figures]
    exact_found: float | None
    """Recall among pairs of the class ``exact``."""
    mistakes: Sequence[JudgedPair]
    """Found, and no duplicates."""
    missed: Sequence[JudgedPair]


def evaluate(judged: Sequence[JudgedPair]) -> Evaluation:
    """Return the figures of pairs that were decided about."""
    return Evaluation(
        all=Figures.of("all", judged),
        held_out=Figures.of("held out", [each for each in judged if not each.pair.is_for_fitting]),
        by_language=_grouped(judged, [each.pair.language for each in judged]),
        by_group=_grouped(judged, [each.pair.group for each in judged]),
        exact_found=Figures.of(EXACT, [each for each in judged if each.pair.group == EXACT]).recall,
        mistakes=[each for each in judged if each.is_found and not each.pair.is_duplicate],
        missed=[each for each in judged if each.pair.is_duplicate and not each.is_found],
    )


def fitted(
    evidence: Iterable[tuple[LabelledPair, Evidence]], *, least_precision: float = 0.98
) -> Bounds:
    """Return the bounds that find most duplicates of the fitting half at that precision.

    Among equals the strictest score wins, then the share nearest to one half. What is uncertain
    begins where nine tenths of the missed duplicates lie above.
    """
    half = [(pair, found) for pair, found in evidence if pair.is_for_fitting]
    best, chosen = (-1.0, 0.0, 0.0), Bounds()
    for share in (step / 20 for step in range(21)):
        for bound in (step / 100 for step in range(60, 100)):
            bounds = Bounds(cosine_share=share, duplicate=bound, uncertain=bound)
            judged = [JudgedPair(pair=p, judgement=weigh(found, bounds)) for p, found in half]
            figures = Figures.of("fit", judged)
            if (figures.precision or 0.0) < least_precision:
                continue
            rank = (figures.recall or 0.0, bound, -abs(share - 0.5))
            if rank > best:
                best, chosen = rank, bounds
    if best[0] < 0:  # no bound is that precise
        return chosen
    missed = sorted(
        judgement.score
        for pair, found in half
        if pair.is_duplicate
        and (judgement := weigh(found, chosen)).verdict is not Verdict.DUPLICATE
        and not found.differences
    )
    uncertain = missed[len(missed) // 10] if missed else chosen.duplicate
    return Bounds(
        cosine_share=chosen.cosine_share,
        duplicate=chosen.duplicate,
        uncertain=min(chosen.duplicate, round(uncertain - 0.005, 2)),
    )


def _grouped(judged: Sequence[JudgedPair], keys: Sequence[str]) -> list[Figures]:
    groups: dict[str, list[JudgedPair]] = {}
    for each, key in zip(judged, keys, strict=True):
        groups.setdefault(key, []).append(each)
    return [Figures.of(name, some) for name, some in sorted(groups.items())]
