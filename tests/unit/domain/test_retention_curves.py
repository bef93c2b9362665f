"""Forgetting curves: the published values, and what holds of every curve."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from memsvc.domain.retention.curves import (
    Curve,
    CurveForm,
    Standing,
    fades_after,
    retention,
)

AGES = st.floats(0, 1e7, allow_nan=False)
STRENGTHS = st.floats(1e-9, 1e9)
CURVES = st.builds(
    Curve,
    form=st.sampled_from(CurveForm),
    days=st.floats(0.01, 1e4),
    exponent=st.floats(0.1, 10),
    rate=st.floats(1e-4, 1),
)


@pytest.mark.parametrize(
    ("days", "strength", "expected"),
    [
        (1, 1, (0.3679, 0.0067, 0.0000, 0.0000)),
        (1, 5, (0.8187, 0.3679, 0.1353, 0.0025)),
        (5, 1, (0.8187, 0.3679, 0.1353, 0.0025)),
        (5, 5, (0.9608, 0.8187, 0.6703, 0.3012)),
    ],
)
def test_exponential_curve_has_memorybanks_values(
    days: float, strength: float, expected: tuple[float, ...]
) -> None:
    curve = Curve(days=days)
    found = [
        round(retention(curve, Standing(age_days=age, strength=strength)), 4)
        for age in (1, 5, 10, 30)
    ]
    assert found == list(expected)


@pytest.mark.parametrize(
    ("recorded", "reinforced", "expected"),
    [
        (0, None, 1.0),
        (100, None, 0.818731),
        (100, 0, 1.318731),
        (100, 100, 1.318731),
        (500, None, 0.367879),
        (1000, 50, 0.635335),
        (1000, 101, 0.135335),
    ],
)
def test_salience_has_hemas_values_with_the_sign_as_meant(
    recorded: float, reinforced: float | None, expected: float
) -> None:
    """Days since it was recorded decide how much has faded, those since it was used the bonus."""
    curve = Curve(form=CurveForm.SALIENCE)
    age = recorded if reinforced is None else reinforced
    standing = Standing(
        age_days=age, was_reinforced=reinforced is not None, recorded_before_days=recorded - age
    )
    assert retention(curve, standing) == pytest.approx(expected, abs=1e-6)


def test_default_sweep_comes_after_fifteen_days() -> None:
    assert fades_after(Curve(), Standing(age_days=0), 0.05) == pytest.approx(14.98, abs=0.01)
    assert fades_after(Curve(days=1), Standing(age_days=0), 0.05) == pytest.approx(3.0, abs=0.01)


def test_the_guide_tells_when_the_curve_says_that_memories_fade() -> None:
    guide = (Path(__file__).parents[3] / "docs/forgetting.md").read_text(encoding="utf-8")
    told = re.search(
        r"threshold of ([\d.]+) a memory of strength 1 fades after ([\d.]+) days,"
        r" one of strength (\d+) after (\d+)\.",
        guide,
    )
    assert told is not None
    threshold, once, strength, later = map(float, told.groups())
    assert once == round(fades_after(Curve(), Standing(age_days=0), threshold), 2)
    strong = Standing(age_days=0, strength=strength)
    assert later == round(fades_after(Curve(), strong, threshold))


@given(CURVES, AGES, STRENGTHS, STRENGTHS)
def test_the_stronger_a_memory_the_more_is_retained(
    curve: Curve, age: float, one: float, other: float
) -> None:
    weak, strong = sorted((one, other))
    assert retention(curve, Standing(age_days=age, strength=weak)) <= retention(
        curve, Standing(age_days=age, strength=strong)
    )


@given(CURVES, AGES, AGES, STRENGTHS, st.booleans())
def test_retention_never_grows_with_time(
    curve: Curve, one: float, other: float, strength: float, reinforced: bool
) -> None:
    early, late = sorted((one, other))
    before, after = (
        retention(curve, Standing(age_days=age, strength=strength, was_reinforced=reinforced))
        for age in (early, late)
    )
    assert 0 <= after <= before <= (1.5 if curve.form is CurveForm.SALIENCE else 1.0)


@given(CURVES, st.floats(-1e6, 0), STRENGTHS)
def test_a_clock_that_went_back_takes_nothing(curve: Curve, age: float, strength: float) -> None:
    assert retention(curve, Standing(age_days=age, strength=strength)) == 1.0


@given(CURVES, st.floats(0.001, 1.4), st.floats(0.01, 1e4), st.booleans(), st.floats(0, 1e4))
def test_the_inverse_says_when_the_threshold_is_crossed(
    curve: Curve, threshold: float, strength: float, reinforced: bool, before: float
) -> None:
    standing = Standing(
        age_days=0, strength=strength, was_reinforced=reinforced, recorded_before_days=before
    )
    age = fades_after(curve, standing, threshold)
    assume(age < 1e9)

    def at(days: float) -> float:
        return retention(curve, replace(standing, age_days=days))

    margin = 1e-6 * (1 + age)
    assert at(age + margin) <= threshold + 1e-9
    assert age == 0 or at(max(0.0, age - margin)) >= threshold - 1e-9


def test_nothing_fades_below_a_threshold_of_zero() -> None:
    assert math.isinf(fades_after(Curve(), Standing(age_days=0), 0.0))
