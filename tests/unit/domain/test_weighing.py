"""Factors for retention and importance: bounded, in order, and nothing where there is nothing."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.retention.curves import Curve, CurveForm
from memsvc.domain.retention.policy import KindRule, RetentionPolicy
from memsvc.domain.retention.sweep import SweepItem
from memsvc.domain.retention.weighing import bounded_factor, retained

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
SHARES, WEIGHTS = st.floats(0, 2), st.floats(0, 1)


def item(*, pinned: bool = False, kind: MemoryKind = MemoryKind.TURN) -> SweepItem:
    return SweepItem(
        memory_id=MemoryId(uuid4()),
        kind=kind,
        recorded_at=BEGAN,
        last_reinforced_at=None,
        strength=1.0,
        pinned=pinned,
    )


@given(SHARES, WEIGHTS)
def test_a_factor_takes_no_more_than_its_weight(share: float, weight: float) -> None:
    assert 1 - weight <= bounded_factor(share, weight) <= 1


@given(SHARES, SHARES, WEIGHTS)
def test_what_retains_more_loses_less(one: float, other: float, weight: float) -> None:
    less, more = sorted((one, other))
    assert bounded_factor(less, weight) <= bounded_factor(more, weight)


@given(SHARES)
def test_without_a_weight_nothing_is_lost(share: float) -> None:
    assert bounded_factor(share, 0.0) == 1.0
    assert bounded_factor(share, 1.0) == pytest.approx(min(share, 1.0))


def test_what_is_retained_is_the_curves() -> None:
    policy = RetentionPolicy(curve=Curve(days=10.0))
    assert retained(policy, item(), BEGAN) == 1.0
    after = retained(policy, item(), BEGAN + timedelta(days=10))
    assert after == pytest.approx(0.36788, abs=1e-5)


def test_what_no_sweep_archives_retains_everything() -> None:
    policy = RetentionPolicy(kinds={MemoryKind.SUMMARY: KindRule(keep=True)})
    later = BEGAN + timedelta(days=1000)
    assert retained(policy, item(), later) < 1e-6
    assert retained(policy, item(pinned=True), later) == 1.0
    assert retained(policy, item(kind=MemoryKind.SUMMARY), later) == 1.0


def test_a_bonus_above_everything_adds_nothing_to_a_score() -> None:
    policy = RetentionPolicy(curve=Curve(form=CurveForm.SALIENCE, weight=3.0))
    share = retained(policy, item(), BEGAN)
    assert share > 1
    assert bounded_factor(share, 0.5) == 1.0
