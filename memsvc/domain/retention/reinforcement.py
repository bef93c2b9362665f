"""How use makes memories stronger: what it does to the S of the forgetting curve.

Whoever helped gets S + 1 and starts its clock again (MemoryBank, arXiv 2305.10250 §2.3); whoever
misled keeps its clock and half of its S, which no paper has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Json
from memsvc.domain.operations import Aspect, Effect, OperationId

WEAKEST = 0.125
STRONGEST = 100.0
_DECIMALS = 3
"""Strengths are stored with single precision: more digits would not come back as they were."""


class Cause(StrEnum):
    """Why a memory is reinforced or weakened."""

    HELPED = "helped"
    MISLED = "misled"
    RETURNED = "returned"
    """A recall returned it, in a bank whose policy counts that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strength:
    """What of a memory decides how long it is retained."""

    strength: float
    """S, in [``WEAKEST``, ``STRONGEST``] once it was changed; 1 at first."""
    last_reinforced_at: datetime | None

    def after(self, cause: Cause, now: datetime) -> "Strength":
        """Return it as it is once the cause has had its effect, at ``now``."""
        if cause is Cause.MISLED:
            return replace(self, strength=_bounded(self.strength / 2))
        # The clock of another process may be ahead; time never runs back for a memory.
        since = now if self.last_reinforced_at is None else max(now, self.last_reinforced_at)
        return Strength(strength=_bounded(self.strength + 1), last_reinforced_at=since)

    def written(self) -> Json:
        """Return it as effects hold it; equal values are written alike."""
        since = self.last_reinforced_at
        return {
            "strength": round(self.strength, _DECIMALS),
            "last_reinforced_at": None if since is None else since.astimezone(UTC).isoformat(),
        }

    @classmethod
    def read(cls, value: Json) -> "Strength":
        """Return what ``written`` wrote."""
        assert isinstance(value, Mapping)  # noqa: S101 — made by ``written``
        since = value["last_reinforced_at"]
        return cls(
            strength=float(str(value["strength"])),
            last_reinforced_at=None if since is None else datetime.fromisoformat(str(since)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reinforcement:
    """A memory that was reinforced or weakened, once on an occasion."""

    memory_id: MemoryId
    occasion: str
    """What it counts once in: a session, a recall, an hour."""
    cause: Cause
    recall_id: UUID | None
    operation_id: OperationId | None
    """``None`` if it was kept and changed nothing."""


def strength_effect(memory_id: MemoryId, before: Strength, after: Strength) -> Effect:
    """Return the effect of a change of strength."""
    return Effect(
        aspect=Aspect.STRENGTH,
        target_id=memory_id,
        before=before.written(),
        after=after.written(),
    )


def _bounded(strength: float) -> float:
    return round(min(max(strength, WEAKEST), STRONGEST), _DECIMALS)
