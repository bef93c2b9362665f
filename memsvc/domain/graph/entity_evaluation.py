"""How good the decision is that two names are one entity's, on labelled pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from memsvc.domain.graph.entity_forms import entity_form
from memsvc.domain.graph.resolution import Name, match
from memsvc.domain.graph.sorts import sort_of


class NameVerdict(StrEnum):
    """What becomes of two names."""

    ONE = "one"
    """They are one entity's: by their form, or merged."""
    UNSURE = "unsure"
    """A person is asked."""
    APART = "apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePair:
    """Two names with the types that were given with them, and whether they are one entity's."""

    number: int
    language: str
    group: str
    """What makes them alike: ``title``, ``initials``, ``homonym``, …"""
    is_same: bool
    one: str
    other: str
    one_type: str | None = None
    other_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameFigures:
    """Counts of one group of pairs, and what follows from them."""

    name: str
    pairs: int
    same: int
    merged: int
    right: int
    """Of the merged, those that are one entity's."""
    asked: int
    asked_same: int
    """Of those that a person is asked about, those that are one entity's."""

    @property
    def precision(self) -> float | None:
        """Share of the merged that are one entity's; ``None`` without any merged."""
        return self.right / self.merged if self.merged else None

    @property
    def recall(self) -> float | None:
        """Share of one entity's pairs that are merged; ``None`` without any."""
        return self.right / self.same if self.same else None

    @property
    def found(self) -> float | None:
        """Share of one entity's pairs that are merged or asked about; ``None`` without any."""
        return (self.right + self.asked_same) / self.same if self.same else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameEvaluation:
    """The figures of a labelled set."""

    all: NameFigures
    by_language: Sequence[NameFigures]
    by_group: Sequence[NameFigures]
    mistakes: Sequence[NamePair]
    """Merged, and two entities."""
    missed: Sequence[NamePair]
    """One entity's, and neither merged nor asked about."""


def decide(pair: NamePair) -> NameVerdict:
    """Return what becomes of two names that no others of a bank bear on."""
    forms = entity_form(pair.one), entity_form(pair.other)
    sorts = sort_of(pair.one_type), sort_of(pair.other_type)
    if forms[0] is None or forms[1] is None:
        return NameVerdict.APART
    if forms[0] == forms[1]:
        are_two = all(sorts) and sorts[0] != sorts[1]
        return NameVerdict.APART if are_two else NameVerdict.ONE
    found = match(Name(form=forms[0], sort=sorts[0]), Name(form=forms[1], sort=sorts[1]))
    if found is None:
        return NameVerdict.APART
    return NameVerdict.ONE if found.is_certain else NameVerdict.UNSURE


def evaluate(pairs: Sequence[NamePair]) -> NameEvaluation:
    """Decide about every pair and count."""
    verdicts = {pair.number: decide(pair) for pair in pairs}

    def figures(name: str, some: Sequence[NamePair]) -> NameFigures:
        merged = [each for each in some if verdicts[each.number] is NameVerdict.ONE]
        asked = [each for each in some if verdicts[each.number] is NameVerdict.UNSURE]
        return NameFigures(
            name=name,
            pairs=len(some),
            same=sum(each.is_same for each in some),
            merged=len(merged),
            right=sum(each.is_same for each in merged),
            asked=len(asked),
            asked_same=sum(each.is_same for each in asked),
        )

    languages = sorted({each.language for each in pairs})
    groups = sorted({each.group for each in pairs})
    return NameEvaluation(
        all=figures("all", pairs),
        by_language=[figures(name, [e for e in pairs if e.language == name]) for name in languages],
        by_group=[figures(name, [e for e in pairs if e.group == name]) for name in groups],
        mistakes=[
            each for each in pairs if verdicts[each.number] is NameVerdict.ONE and not each.is_same
        ],
        missed=[
            each for each in pairs if verdicts[each.number] is NameVerdict.APART and each.is_same
        ],
    )
