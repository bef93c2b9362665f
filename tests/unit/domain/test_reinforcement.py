"""What use does to strengths."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.retention.curves import Curve, Standing, retention
from memsvc.domain.retention.reinforcement import (
    STRONGEST,
    WEAKEST,
    Cause,
    Strength,
    strength_effect,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NEW = Strength(strength=1.0, last_reinforced_at=None)


@pytest.mark.parametrize("cause", [Cause.HELPED, Cause.RETURNED])
def test_help_adds_one_and_starts_the_clock_again(cause: Cause) -> None:
    assert NEW.after(cause, NOW) == Strength(strength=2.0, last_reinforced_at=NOW)


def test_misleading_halves_and_leaves_the_clock() -> None:
    then = NOW - timedelta(days=3)
    before = Strength(strength=3.0, last_reinforced_at=then)
    assert before.after(Cause.MISLED, NOW) == Strength(strength=1.5, last_reinforced_at=then)
    assert NEW.after(Cause.MISLED, NOW).last_reinforced_at is None


def test_five_times_of_use_make_the_curve_of_the_paper() -> None:
    """S = 5, R = exp(-t / S) at t = 5 days: 1/e (algorithms of MemoryBank, S starts at 1)."""
    used = NEW
    for _ in range(4):
        used = used.after(Cause.HELPED, NOW)
    kept = retention(Curve(days=1.0), Standing(age_days=5.0, strength=used.strength))
    assert kept == pytest.approx(0.3679, abs=1e-4)


def test_a_clock_never_runs_back() -> None:
    ahead = Strength(strength=1.0, last_reinforced_at=NOW + timedelta(minutes=1))
    assert ahead.after(Cause.HELPED, NOW).last_reinforced_at == NOW + timedelta(minutes=1)


@given(st.lists(st.sampled_from(list(Cause)), max_size=200))
def test_strengths_stay_within_bounds_and_survive_single_precision(causes: list[Cause]) -> None:
    strength = NEW
    for cause in causes:
        strength = strength.after(cause, NOW)
        assert WEAKEST <= strength.strength <= STRONGEST
        stored = Strength(
            strength=float(np.float32(strength.strength)),
            last_reinforced_at=strength.last_reinforced_at,
        )
        assert stored.written() == strength.written()


@given(st.integers(1, 97), st.floats(0.1, 100), st.floats(0, 2))
def test_each_further_use_gains_less(uses: int, days: float, share: float) -> None:
    """Up to t = 2 c S, where exp(-t / (c S)) is concave in S: younger memories, and strong ones."""
    curve, age = Curve(days=days), share * days * uses

    def kept(strength: int) -> float:
        return retention(curve, Standing(age_days=age, strength=strength))

    first, second = kept(uses + 1) - kept(uses), kept(uses + 2) - kept(uses + 1)
    assert -1e-12 <= second <= first + 1e-12


@given(st.floats(WEAKEST, STRONGEST), st.sampled_from(list(Cause)))
def test_help_never_weakens_and_misleading_never_strengthens(value: float, cause: Cause) -> None:
    before = Strength(strength=value, last_reinforced_at=None)
    after = before.after(cause, NOW).strength
    assert after <= value + 0.001 if cause is Cause.MISLED else after >= value - 0.001


def test_effects_write_an_instant_alike_in_every_zone() -> None:
    east = Strength(strength=2.0, last_reinforced_at=NOW.astimezone(timezone(timedelta(hours=9))))
    west = Strength(strength=2.0, last_reinforced_at=NOW)
    assert east.written() == west.written()
    assert Strength.read(east.written()) == west
    effect = strength_effect(MemoryId(UUID(int=1)), NEW, west)
    assert (effect.before, effect.after) == (NEW.written(), west.written())
