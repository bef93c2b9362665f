"""How good the decision is that one statement takes the place of an earlier one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from memsvc.domain.facts.claims import ends
from memsvc.domain.facts.extraction import claims_of

_SAID_AT = datetime(2024, 3, 4, 9, tzinfo=UTC)
_LATER = timedelta(days=91)
_SPEAKER = "Ann"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementPair:
    """Two statements of one speaker, a quarter of a year apart."""

    number: int
    language: str
    group: str
    """What it is about, or why it is no contradiction: ``residence``, ``neg_plan``, …"""
    supersedes: bool
    """Whether the other takes the place of the one, or takes it back."""
    one: str
    other: str

    @property
    def is_held_out(self) -> bool:
        """Every other pair: the half that patterns are not written after."""
        return self.number % 2 == 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SupersedeFigures:
    """Counts of one group of pairs, and what follows from them."""

    name: str
    pairs: int
    contradictions: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """Share of the found that are contradictions; ``None`` without any found."""
        return self.right / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of the contradictions that are found; ``None`` without any."""
        return self.right / self.contradictions if self.contradictions else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupersedeEvaluation:
    """The figures of a labelled set."""

    all: SupersedeFigures
    held_out: SupersedeFigures
    by_group: Sequence[SupersedeFigures]
    mistakes: Sequence[StatementPair]
    """Found, and no contradictions."""
    missed: Sequence[StatementPair]


def is_superseded(pair: StatementPair) -> bool:
    """Tell whether a claim of the second statement ends one of the first."""
    earlier = claims_of(pair.one, _SAID_AT, _SPEAKER)
    later = claims_of(pair.other, _SAID_AT + _LATER, _SPEAKER)
    return any(ends(one, other) for one in earlier for other in later)


def evaluate(pairs: Sequence[StatementPair]) -> SupersedeEvaluation:
    """Decide about every pair and count."""
    found = {pair.number: is_superseded(pair) for pair in pairs}

    def figures(name: str, some: Iterable[StatementPair]) -> SupersedeFigures:
        counted = list(some)
        return SupersedeFigures(
            name=name,
            pairs=len(counted),
            contradictions=sum(each.supersedes for each in counted),
            found=sum(found[each.number] for each in counted),
            right=sum(found[each.number] and each.supersedes for each in counted),
        )

    groups = sorted({each.group for each in pairs})
    return SupersedeEvaluation(
        all=figures("all", pairs),
        held_out=figures("held out", (each for each in pairs if each.is_held_out)),
        by_group=[figures(name, (p for p in pairs if p.group == name)) for name in groups],
        mistakes=[each for each in pairs if found[each.number] and not each.supersedes],
        missed=[each for each in pairs if each.supersedes and not found[each.number]],
    )
