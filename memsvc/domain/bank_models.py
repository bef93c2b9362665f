"""The embedding models of a bank, and what has to be shown before another one serves it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import fmean

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Json

NEIGHBOURS = 10
"""How many results of a query are compared."""


class ModelState(StrEnum):
    """What a model is to a bank."""

    SERVING = "serving"
    """Recall compares with its vectors; there is one."""
    BUILDING = "building"
    """Memories are getting its vectors, new ones as they are written; there is one at most."""
    RETIRED = "retired"
    """Its vectors are kept for a while, so that the bank can go back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankModel:
    """One model of a bank."""

    model_id: str
    dimension: int
    state: ModelState
    created_at: datetime
    retired_at: datetime | None
    report: Mapping[str, Json] | None
    """The figures at which it took over, or failed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAnswer:
    """What the two models find for the text of one stored memory."""

    memory_id: MemoryId
    """Whose text was asked for."""
    serving: Sequence[MemoryId]
    """Best first, up to one more than ``NEIGHBOURS``: the memory itself is left out of the
    comparison."""
    building: Sequence[MemoryId]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """How far a new model agrees with the serving one on sampled texts."""

    samples: int
    overlap: float | None
    """Mean share of the nearest ten that both find, the memory itself left out; ``None`` when no
    sample had a neighbour."""
    found_itself_serving: float | None
    """Share of samples whose own memory the serving model ranks among the nearest ten."""
    found_itself_building: float | None
    vectors: int
    """Memories with vectors of the new model: all of them."""

    def to_json(self) -> dict[str, Json]:
        """Return the figures as they are stored and shown."""
        return {
            "samples": self.samples,
            "overlap_at_10": _rounded(self.overlap),
            "found_itself_serving": _rounded(self.found_itself_serving),
            "found_itself_building": _rounded(self.found_itself_building),
            "vectors": self.vectors,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRule:
    """What a report must show."""

    least_overlap: float
    """Models differ legitimately: this is there to find one that is broken, not one that is
    better."""
    most_lost: float
    """By how much the share of texts that find themselves may fall."""

    def objection(self, report: AgreementReport) -> str | None:
        """Return why the new model must not take over, in a sentence, or ``None``."""
        if report.overlap is not None and report.overlap < self.least_overlap:
            return (
                f"the two models share {report.overlap:.2f} of their nearest ten over"
                f" {report.samples} sampled texts, less than {self.least_overlap:.2f}"
            )
        before, after = report.found_itself_serving, report.found_itself_building
        if before is not None and after is not None and after < before - self.most_lost:
            return (
                f"{after:.2f} of {report.samples} sampled texts find themselves with the new"
                f" model, {before:.2f} with the serving one"
            )
        return None


def measure_agreement(answers: Sequence[SampleAnswer], vectors: int) -> AgreementReport:
    """Compare what two models have found for the same texts."""
    shares = [share for answer in answers if (share := _overlap(answer)) is not None]
    return AgreementReport(
        samples=len(answers),
        overlap=fmean(shares) if shares else None,
        found_itself_serving=_share_found(answers, [answer.serving for answer in answers]),
        found_itself_building=_share_found(answers, [answer.building for answer in answers]),
        vectors=vectors,
    )


def _overlap(answer: SampleAnswer) -> float | None:
    serving, building = (
        _neighbours(found, answer.memory_id) for found in (answer.serving, answer.building)
    )
    if not serving:
        return None
    return len(serving & building) / len(serving)


def _neighbours(found: Sequence[MemoryId], own: MemoryId) -> AbstractSet[MemoryId]:
    return set([each for each in found if each != own][:NEIGHBOURS])


def _share_found(
    answers: Sequence[SampleAnswer], found: Sequence[Sequence[MemoryId]]
) -> float | None:
    if not answers:
        return None
    hits = [a.memory_id in ids[:NEIGHBOURS] for a, ids in zip(answers, found, strict=True)]
    return fmean(hits)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
