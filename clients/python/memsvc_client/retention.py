"""Forgetting: policies, sweeps with their previews, forecasts; records and calls."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, JsonValue

from memsvc_client.call import PAGE_SIZE, Call, Reference, bank_path
from memsvc_client.records import Body, Record


class Curve(Body):
    """A forgetting curve; what is not given is the service's default."""

    form: str | None = None
    """``exponential``, ``power`` or ``salience``."""
    days: float | None = None
    """c of R = exp(-t / (c S)), in days."""
    exponent: float | None = None
    weight: float | None = None
    rate: float | None = None
    bonus: float | None = None
    window_days: float | None = None


class KindRule(Body):
    """What is different for one kind of memory."""

    keep: bool | None = None
    threshold: float | None = None
    days: float | None = None


class RetentionPolicy(Body):
    """When memories fade, and how many may stay; what is not given is the service's default."""

    curve: Curve | None = None
    threshold: float | None = None
    """What retains less is archived."""
    kinds: dict[str, KindRule] | None = None
    minimum_age_days: float | None = None
    keep_pinned: bool | None = None
    capacity: int | None = None
    ttl_days: float | None = None
    """Older memories expire for good, pinned ones too."""
    reinforce: str | None = None
    """What makes memories stronger: ``used`` (feedback), ``returned`` (hits, too) or ``none``."""


class BankPolicy(Record):
    """The policy of a bank; without one nothing of it fades."""

    policy: RetentionPolicy | None = None
    version: int | None = None
    actor: str | None = None
    recorded_at: AwareDatetime | None = None


class Fate(Record):
    """What becomes of a memory, and why."""

    memory_id: UUID
    kind: str
    reason: str
    """``faded``, ``over_capacity`` or ``too_old``."""
    retention: float
    threshold: float
    age_days: float
    """Since it was recorded or last reinforced."""
    strength: float


class SweepPreview(Record):
    """What a sweep would do: a page of it, lowest retention first."""

    now: AwareDatetime
    examined: int
    staying: int
    leaving: int
    reasons: dict[str, int]
    items: tuple[Fate, ...]
    has_more: bool
    next_cursor: str | None = None


class Sweep(Record):
    """A sweep that was started."""

    job_id: UUID
    operation_id: UUID
    """Undo it to have everything back."""
    now: AwareDatetime
    policy_version: int | None = None


class Fading(Record):
    """A memory that will leave recall."""

    memory_id: UUID
    kind: str
    reason: str
    at: AwareDatetime


class Forecast(Record):
    """What leaves in the days to come, if nothing is reinforced or added."""

    now: AwareDatetime
    examined: int
    staying: int
    leaving: tuple[int, ...]
    """For each day how many memories leave in it."""
    soonest: tuple[Fading, ...]


class Forecasts(Record):
    """One forecast for each policy, in the order asked for."""

    forecasts: tuple[Forecast, ...]


def get_retention_policy(bank: Reference) -> Call[BankPolicy]:
    """Describe the reading of a bank's policy."""
    return Call(method="GET", path=_policy(bank), result=BankPolicy)


def set_retention_policy(bank: Reference, policy: RetentionPolicy) -> Call[BankPolicy]:
    """Describe the setting of a bank's policy."""
    return Call(
        method="PUT", path=_policy(bank), result=BankPolicy, json=policy.to_json(), mutates=True
    )


def clear_retention_policy(bank: Reference) -> Call[BankPolicy]:
    """Describe the end of a bank's policy."""
    return Call(method="DELETE", path=_policy(bank), result=BankPolicy, mutates=True)


def change_retention_policy(bank: Reference, policy: RetentionPolicy | None) -> Call[BankPolicy]:
    """Describe the setting of a bank's policy, or its end."""
    if policy is None:
        return clear_retention_policy(bank)
    return set_retention_policy(bank, policy)


def preview_prune(
    bank: Reference,
    *,
    policy: RetentionPolicy | None = None,
    now: datetime | None = None,
    cursor: str | None = None,
    limit: int = PAGE_SIZE,
) -> Call[SweepPreview]:
    """Describe the listing of what a sweep would do."""
    body: dict[str, JsonValue] = {**_sweep(policy, now), "limit": limit}
    if cursor is not None:
        body["cursor"] = cursor
    path = f"{bank_path(bank)}/prune:preview"
    return Call(method="POST", path=path, result=SweepPreview, json=body)


def prune_bank(
    bank: Reference, *, policy: RetentionPolicy | None = None, now: datetime | None = None
) -> Call[Sweep]:
    """Describe the start of a sweep."""
    path = f"{bank_path(bank)}/prune"
    return Call(method="POST", path=path, result=Sweep, json=_sweep(policy, now), mutates=True)


def forecast_decay(
    bank: Reference,
    *,
    days: int = 90,
    policies: Sequence[RetentionPolicy] = (),
    with_current: bool = False,
    listed: int = 20,
) -> Call[Forecasts]:
    """Describe a forecast."""
    body: Mapping[str, JsonValue] = {
        "days": days,
        "policies": [dict(each.to_json()) for each in policies],
        "with_current": with_current,
        "listed": listed,
    }
    path = f"{bank_path(bank)}/decay:forecast"
    return Call(method="POST", path=path, result=Forecasts, json=body)


def _policy(bank: Reference) -> str:
    return f"{bank_path(bank)}/retention-policy"


def _sweep(policy: RetentionPolicy | None, now: datetime | None) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {}
    if policy is not None:
        body["policy"] = dict(policy.to_json())
    if now is not None:
        body["now"] = now.isoformat()
    return body
