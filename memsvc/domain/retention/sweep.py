"""What a sweep does to a bank at one instant: decided by arithmetic alone, the same every time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import nsmallest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.retention.curves import Standing, retention
from memsvc.domain.retention.policy import RetentionPolicy, curve_of, is_kept, threshold_of

_DAY = timedelta(days=1)


class FateReason(StrEnum):
    """Why a sweep takes a memory out of recall."""

    FADED = "faded"
    """It retains less than the threshold: archived, reversibly."""
    OVER_CAPACITY = "over_capacity"
    """Others retain more, and no more have room: archived, reversibly."""
    TOO_OLD = "too_old"
    """Its time to live is over: expired, for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepItem:
    """What a sweep looks at of an active memory."""

    memory_id: MemoryId
    kind: MemoryKind
    recorded_at: datetime
    last_reinforced_at: datetime | None
    strength: float
    pinned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a memory, and why."""

    memory_id: MemoryId
    kind: MemoryKind
    reason: FateReason
    retention: float
    threshold: float
    age_days: float
    """Since it was recorded or last reinforced."""
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """The fates of a bank's memories at one instant; those that stay are only counted."""

    now: datetime
    fates: Sequence[Fate]
    """By retention, lowest first; equal ones by id."""
    examined: int

    @property
    def staying(self) -> int:
        """How many memories are left."""
        return self.examined - len(self.fates)

    @property
    def over_capacity(self) -> Mapping[MemoryId, Fate]:
        """Those that leave for want of room alone."""
        return {
            each.memory_id: each for each in self.fates if each.reason is FateReason.OVER_CAPACITY
        }


def standing_of(item: SweepItem, now: datetime) -> Standing:
    """Return how a memory stands at ``now``: its age counts from the latest reinforcement."""
    since = max(item.recorded_at, item.last_reinforced_at or item.recorded_at)
    return Standing(
        age_days=max(0.0, (now - since) / _DAY),
        strength=item.strength,
        was_reinforced=item.last_reinforced_at is not None,
        recorded_before_days=(since - item.recorded_at) / _DAY,
    )


def plan_sweep(policy: RetentionPolicy, items: Iterable[SweepItem], now: datetime) -> SweepPlan:
    """Decide about every active memory of a bank.

    The same items, policy and instant give the same plan in whatever order they come, and a plan
    that was carried out leaves nothing for a second one at that instant.
    """
    fates: list[Fate] = []
    candidates: list[Fate] = []
    examined = 0
    for item in items:
        examined += 1
        fate = fate_of(policy, item, now)
        if fate is not None:
            fates.append(fate)
        elif policy.capacity is not None and _may_go(policy, item, now):
            candidates.append(_judged(policy, item, now, FateReason.OVER_CAPACITY))
    if policy.capacity is not None:
        surplus = examined - len(fates) - policy.capacity
        fates += nsmallest(max(0, surplus), candidates, key=_order)
    return SweepPlan(now=now, fates=sorted(fates, key=_order), examined=examined)


def fate_of(policy: RetentionPolicy, item: SweepItem, now: datetime) -> Fate | None:
    """Return what becomes of a memory at ``now``, whatever room there is; ``None``: it stays."""
    if policy.ttl_days is not None and (now - item.recorded_at) / _DAY > policy.ttl_days:
        return _judged(policy, item, now, FateReason.TOO_OLD)
    if not _may_go(policy, item, now):
        return None
    faded = _judged(policy, item, now, FateReason.FADED)
    return faded if faded.retention < faded.threshold else None


def _may_go(policy: RetentionPolicy, item: SweepItem, now: datetime) -> bool:
    is_young = (now - item.recorded_at) / _DAY < policy.minimum_age_days
    return not is_young and not is_kept(policy, item.kind, pinned=item.pinned)


def _judged(policy: RetentionPolicy, item: SweepItem, now: datetime, reason: FateReason) -> Fate:
    standing = standing_of(item, now)
    return Fate(
        memory_id=item.memory_id,
        kind=item.kind,
        reason=reason,
        retention=retention(curve_of(policy, item.kind), standing),
        threshold=threshold_of(policy, item.kind),
        age_days=standing.age_days,
        strength=item.strength,
    )


def _order(fate: Fate) -> tuple[float, MemoryId]:
    return fate.retention, fate.memory_id
