"""What a bank keeps: the policy that sweeps and forecasts follow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from memsvc.domain.memory import MemoryKind
from memsvc.domain.retention.curves import Curve


class Reinforce(StrEnum):
    """What makes memories stronger."""

    NONE = "none"
    """Nothing: feedback is kept, and changes no strength."""
    RETURNED = "returned"
    """Being among the hits of a recall, at most once an hour, and feedback."""
    USED = "used"
    """Feedback alone: a recall says only that a memory looked like the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRule:
    """What is different for one kind of memory; ``None`` leaves the policy's own value."""

    keep: bool = False
    """Never archived by a sweep, however faded; a time to live still holds."""
    threshold: float | None = None
    days: float | None = None
    """The curve's ``days``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """When a memory fades, and how many may stay. A bank without one is never swept."""

    curve: Curve = field(default_factory=Curve)
    threshold: float = 0.05
    """What retains less is archived; 0 archives nothing for fading."""
    kinds: Mapping[MemoryKind, KindRule] = field(default_factory=dict)
    minimum_age_days: float = 0.0
    """Younger memories stay, even beyond the capacity."""
    keep_pinned: bool = True
    capacity: int | None = None
    """So many active memories stay, those that retain most; pinned ones count."""
    ttl_days: float | None = None
    """Older memories expire for good, pinned ones too: a time to live is governance."""
    reinforce: Reinforce = Reinforce.USED


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A policy as a bank had it from some time on; ``None``: none."""

    version: int
    policy: RetentionPolicy | None
    actor: str
    recorded_at: datetime


def reinforcing(stored: StoredPolicy | None) -> Reinforce:
    """Return what makes memories of a bank stronger; feedback, if it has no policy."""
    if stored is None or stored.policy is None:
        return Reinforce.USED
    return stored.policy.reinforce


def curve_of(policy: RetentionPolicy, kind: MemoryKind) -> Curve:
    """Return the curve of a kind."""
    rule = policy.kinds.get(kind)
    if rule is None or rule.days is None:
        return policy.curve
    curve = policy.curve
    return Curve(
        form=curve.form,
        days=rule.days,
        exponent=curve.exponent,
        weight=curve.weight,
        rate=curve.rate,
        bonus=curve.bonus,
        window_days=curve.window_days,
    )


def threshold_of(policy: RetentionPolicy, kind: MemoryKind) -> float:
    """Return below which retention a memory of a kind is archived, 0 for never."""
    rule = policy.kinds.get(kind)
    if rule is None:
        return policy.threshold
    if rule.keep:
        return 0.0
    return policy.threshold if rule.threshold is None else rule.threshold


def is_kept(policy: RetentionPolicy, kind: MemoryKind, *, pinned: bool) -> bool:
    """Tell whether no sweep archives such a memory."""
    rule = policy.kinds.get(kind)
    return (pinned and policy.keep_pinned) or (rule is not None and rule.keep)
