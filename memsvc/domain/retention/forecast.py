"""When the memories of a bank will fade: the curves turned round, not days played through.

Nothing is known of recalls to come: what is reinforced meanwhile stays longer. Nor of what will be
added: a capacity takes what is too many of those that are there now.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.retention.curves import fades_after
from memsvc.domain.retention.policy import RetentionPolicy, curve_of, is_kept, threshold_of
from memsvc.domain.retention.sweep import FateReason, SweepItem, plan_sweep, standing_of

MOST_DAYS = 3_650
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fading:
    """A memory that will leave recall, and when."""

    memory_id: MemoryId
    kind: MemoryKind
    reason: FateReason
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a policy does to a bank in the days to come, if nothing is reinforced or added."""

    now: datetime
    leaving: Sequence[int]
    """For each day from the first on how many memories leave in it; what is due already leaves in
    the first."""
    soonest: Sequence[Fading]
    """The first to leave, by time and id."""
    examined: int

    @property
    def staying(self) -> int:
        """How many are left at the end."""
        return self.examined - sum(self.leaving)


def forecast(
    policy: RetentionPolicy, items: Iterable[SweepItem], now: datetime, *, days: int, listed: int
) -> Forecast:
    """Return what leaves within ``days`` (1 to ``MOST_DAYS``), the ``listed`` soonest by name."""
    there = list(items)
    fading = {each.memory_id: found for each in there if (found := _fading(policy, each, now))}
    fading |= _without_room(policy, there, fading, now, days)
    leaving = [0] * days
    within = [each for each in fading.values() if _day_of(each, now) < days]
    for each in within:
        leaving[_day_of(each, now)] += 1
    soonest = nsmallest(listed, within, key=lambda each: (each.at, each.memory_id))
    return Forecast(now=now, leaving=leaving, soonest=soonest, examined=len(there))


def _day_of(fading: Fading, now: datetime) -> int:
    return max(0, (fading.at - now) // _DAY)


def _without_room(
    policy: RetentionPolicy,
    items: Sequence[SweepItem],
    fading: Mapping[MemoryId, Fading],
    now: datetime,
    days: int,
) -> dict[MemoryId, Fading]:
    """Return what a sweep a day takes for want of room.

    All of it at once but for those too young yet: with nothing added there is ever more room.
    """
    if policy.capacity is None:
        return {}
    left, found = list(items), dict[MemoryId, Fading]()
    for day in range(min(days, math.ceil(policy.minimum_age_days) + 1)):
        at = now + day * _DAY
        left = [each for each in left if not _has_left(fading.get(each.memory_id), at)]
        if len(left) <= policy.capacity:
            break
        for memory_id, fate in plan_sweep(policy, left, at).over_capacity.items():
            found[memory_id] = Fading(
                memory_id=memory_id, kind=fate.kind, reason=fate.reason, at=at
            )
        left = [each for each in left if each.memory_id not in found]
    return found


def _has_left(fading: Fading | None, at: datetime) -> bool:
    return fading is not None and fading.at <= at


def _fading(policy: RetentionPolicy, item: SweepItem, now: datetime) -> Fading | None:
    """Return when a memory leaves, ``None`` for never (or beyond all forecasts)."""
    due: list[tuple[float, FateReason]] = []
    age_days = (now - item.recorded_at) / _DAY
    if policy.ttl_days is not None:
        due.append((policy.ttl_days - age_days, FateReason.TOO_OLD))
    if not is_kept(policy, item.kind, pinned=item.pinned):
        standing = standing_of(item, now)
        curve, threshold = curve_of(policy, item.kind), threshold_of(policy, item.kind)
        left = fades_after(curve, standing, threshold) - standing.age_days
        due.append((max(left, policy.minimum_age_days - age_days), FateReason.FADED))
    soonest = min(due, default=None)
    if soonest is None or soonest[0] > MOST_DAYS:
        return None
    at = now + timedelta(days=max(0.0, soonest[0]))
    return Fading(memory_id=item.memory_id, kind=item.kind, reason=soonest[1], at=at)
