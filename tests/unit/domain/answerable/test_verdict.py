import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.answerable.calibration import Calibration, Platt
from memsvc.domain.answerable.evidence import FEATURES, Evidence, Found
from memsvc.domain.answerable.model import AnswerableModel
from memsvc.domain.answerable.verdict import judge


def model(intercept: float = 0.0, threshold: float = 0.5, weight: float = 0.0) -> AnswerableModel:
    return AnswerableModel(
        version="test",
        means=[0.0] * len(FEATURES),
        scales=[1.0] * len(FEATURES),
        weights=[weight] * len(FEATURES),
        intercept=intercept,
        threshold=threshold,
    )


def evidence(*found: Found, tokens: tuple[str, ...] = ("ada", "paint", "zebra")) -> Evidence:
    words = ["paint", "zebra"]
    return Evidence(
        tokens=tokens,
        words=words,
        weights=np.array([2.0, 5.0]),
        has=np.array([[word in each.text for word in words] for each in found]).reshape(-1, 2),
        found=found,
    )


ADA = Found(speaker="Ada", text="i paint", similarity=0.5)
BEN = Found(speaker="Ben", text="i paint zebra", similarity=0.9)


def test_a_question_is_refused_below_the_threshold() -> None:
    assert judge(evidence(ADA), model(intercept=1.0)).is_answerable
    refused = judge(evidence(ADA), model(intercept=-1.0))
    assert not refused.is_answerable
    assert refused.probability == pytest.approx(1 / (1 + math.e))


def test_a_calibration_judges_in_the_models_place() -> None:
    calibration = Calibration(curve=Platt(slope=2.0, intercept=1.0), threshold=0.9)

    plain = judge(evidence(ADA), model(intercept=0.5))
    calibrated = judge(evidence(ADA), model(intercept=0.5), calibration)

    assert (plain.probability, plain.is_answerable) == (plain.uncalibrated, True)
    assert calibrated.uncalibrated == plain.probability
    assert calibrated.probability == pytest.approx(1 / (1 + math.exp(-2 * 0.5 - 1)))
    assert not calibrated.is_answerable


def test_no_calibration_finds_an_answer_in_an_empty_bank() -> None:
    calibration = Calibration(curve=Platt(slope=1.0, intercept=99.0), threshold=0.0)

    verdict = judge(evidence(), model(), calibration)

    assert (verdict.probability, verdict.uncalibrated, verdict.is_answerable) == (0.0, 0.0, False)


def test_what_nothing_is_stored_about_is_named() -> None:
    verdict = judge(evidence(ADA), model(intercept=-1.0))

    assert verdict.missing == ["zebra"]
    assert verdict.statement == (
        'Nothing stored about "zebra"; the closest is about something else.'
    )


def test_somebody_elses_doing_is_told_from_the_one_who_is_asked_about() -> None:
    verdict = judge(evidence(BEN, Found(speaker="Ada", text="wow", similarity=0)), model(-1.0))

    assert verdict.statement == (
        "Nothing stored says this of Ada; the closest is about somebody else."
    )


def test_an_empty_bank_answers_nothing_and_no_model_can_say_otherwise() -> None:
    verdict = judge(evidence(), model(intercept=99.0))

    assert (verdict.probability, verdict.is_answerable) == (0.0, False)
    assert verdict.statement == 'Nothing is stored about "zebra".'


@given(st.text(), st.text())
def test_no_stored_word_is_in_the_statement(speaker: str, text: str) -> None:
    marked = Found(speaker=f"§{speaker}", text=f"§{text}", similarity=0.5)

    assert "§" not in judge(evidence(marked, ADA), model(intercept=-1.0)).statement


@given(
    st.floats(-1e6, 1e6),
    st.lists(st.floats(-1e3, 1e3), min_size=len(FEATURES), max_size=len(FEATURES)),
)
def test_probabilities_are_probabilities(intercept: float, values: list[float]) -> None:
    probability = model(intercept, weight=1.0).probability(dict(zip(FEATURES, values, strict=True)))

    assert 0 <= probability <= 1
