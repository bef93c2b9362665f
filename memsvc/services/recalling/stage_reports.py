"""What an answer says of the optional stages of its making."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from memsvc.domain.grains import Grain, GrainWeight
from memsvc.domain.identifiers import MemoryId
from memsvc.services.recalling.arms import ArmStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """How a stage fared; one that could not be done leaves the answer as it was."""

    status: ArmStatus
    reason: str | None
    """Why it was skipped or failed."""
    model: str
    took_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteReport(StageReport):
    """What was asked beside the question."""

    queries: Sequence[str] = ()
    clues: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiftReport(StageReport):
    """Which hits do not bear on the question, by what a model says."""

    read: int = 0
    """How many it was shown."""
    left_out: Sequence[MemoryId] = ()
    """Best first, as they were ranked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrainReport:
    """What a hit stands for in an answer, and why."""

    grain: Grain
    weights: Mapping[Grain, GrainWeight] = field(default_factory=dict)
    """Of every grain, where it was chosen by them."""
    reason: str | None = None
    """Why none could be chosen."""


class Stop(StrEnum):
    """Why rounds of search came to an end."""

    ENOUGH = "enough"
    """The note answers the question, as the model says."""
    NO_GAIN = "no_gain"
    """Too many rounds added nothing."""
    NOTHING_NEW = "nothing_new"
    """No further query, or none that found what was not read yet."""
    ROUNDS = "rounds"
    """As many as the service allows."""
    TOKENS = "tokens"
    TIME = "time"
    FAILED = "failed"
    """The model was away, over the budget or of no use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of search."""

    query: str
    read: Sequence[MemoryId]
    """Memories that it found and no round before had read."""
    helped: bool
    took_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IterateReport(StageReport):
    """What was searched for round by round."""

    stop: Stop
    rounds: Sequence[Round] = ()
    note: str = ""
    tokens: int = 0
    """Of what the model was given to read and of its notes, as budgets are counted."""
