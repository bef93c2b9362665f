"""What a memory's score is multiplied by for what it retains, or for how important it is."""

from datetime import datetime

from memsvc.domain.retention.curves import retention
from memsvc.domain.retention.policy import RetentionPolicy, curve_of, is_kept
from memsvc.domain.retention.sweep import SweepItem, standing_of


def bounded_factor(share: float, weight: float) -> float:
    """Return 1 - ``weight`` (1 - ``share``), both held within [0, 1].

    1 for what retains everything, and never less than 1 - ``weight``: what fades or is of little
    importance falls behind what resembles the question about equally, and no further.
    """
    held, weighed = min(max(share, 0.0), 1.0), min(max(weight, 0.0), 1.0)
    return 1.0 - weighed * (1.0 - held)


def retained(policy: RetentionPolicy, item: SweepItem, now: datetime) -> float:
    """Return what is retained of a memory at ``now``; all of what no sweep archives.

    A salience curve may be above 1, which ``bounded_factor`` counts as 1.
    """
    if is_kept(policy, item.kind, pinned=item.pinned):
        return 1.0
    return retention(curve_of(policy, item.kind), standing_of(item, now))
