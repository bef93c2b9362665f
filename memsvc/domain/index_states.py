"""What indexes say of themselves, for those who look after them."""

from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.identifiers import BankId


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorState:
    """How the vectors of one bank are searched in memory."""

    size: int
    structure: str
    """``scan`` where every vector is compared."""
    measured_recall: float
    """recall@10 against the exact result, as of when the structure was last measured."""
    nbytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotState:
    """A snapshot file from outside."""

    written_at: datetime
    nbytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBank:
    """One bank in memory."""

    bank_id: BankId
    memories: int
    vectors: VectorState | None
    """``None`` where none are held."""
    snapshot: SnapshotState | None
    """What a restart would resume from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerState:
    """A process that follows the change log, as it has registered."""

    kind: str
    name: str
    horizon: int
    """It has applied every change of transactions below this."""
    started_at: datetime
    heartbeat_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIndex:
    """One model's index on the index server; ``failure`` says why nothing is known of it."""

    model_id: str
    backend: str | None = None
    device: str | None = None
    precision: str | None = None
    vectors: int = 0
    nbytes: int = 0
    failure: str | None = None
