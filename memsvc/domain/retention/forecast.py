"""When the memories of a bank will fade: the curves turned round, not days played through.

Nothing is known of recalls to come: what is reinforced meanwhile stays longer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.retention.curves import fades_after
from memsvc.domain.retention.policy import RetentionPolicy, curve_of, is_kept, threshold_of
from memsvc.domain.retention.sweep import FateReason, SweepItem, standing_of

MOST_DAYS = 3_650


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
    """Return what leaves within ``days`` (1 to ``MOST_DAYS``), the ``listed`` soonest by name.

    Capacity is left out: what it takes depends on what is added.
    """
    leaving = [0] * days
    fading: list[Fading] = []
    examined = 0
    for item in items:
        examined += 1
        found = _fading(policy, item, now)
        if found is None or (day := max(0, (found.at - now) // timedelta(days=1))) >= days:
            continue
        leaving[day] += 1
        fading.append(found)
    soonest = nsmallest(listed, fading, key=lambda each: (each.at, each.memory_id))
    return Forecast(now=now, leaving=leaving, soonest=soonest, examined=examined)


def _fading(policy: RetentionPolicy, item: SweepItem, now: datetime) -> Fading | None:
    """Return when a memory leaves, ``None`` for never (or beyond all forecasts)."""
    due: list[tuple[float, FateReason]] = []
    age_days = (now - item.recorded_at) / timedelta(days=1)
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
