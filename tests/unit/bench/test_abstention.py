"""Training and judging the probability of an answer, on samples whose truth is known."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bench.__main__ import app
from bench.abstention import figures_of, weights_of
from bench.abstention_training import (
    MOST_REFUSED,
    Samples,
    area_under_roc,
    calibration_error,
    fit,
    folds_of,
    predict,
    shares_below,
    threshold_for,
)
from bench.errors import BenchError
from memsvc.domain.answerable.evidence import FEATURES
from memsvc.errors import ConfigurationError
from memsvc.services.answerable import load_answerable_model


def samples(count: int = 600, *, sets: int = 2, seed: int = 3) -> Samples:
    """Return questions whose first feature decides with probability σ(2x + 1)."""
    drawn = np.random.default_rng(seed)
    features = drawn.normal(size=(count, len(FEATURES)))
    likely = 1 / (1 + np.exp(-2 * features[:, 0] - 1))
    names = np.array([f"set{no % sets}" for no in range(count)])
    return Samples(
        features=features,
        has_answer=drawn.random(count) < likely,
        sets=names,
        folds=np.array([f"{name}/{no // sets % 3}" for no, name in enumerate(names)]),
    )


def test_training_finds_what_decides() -> None:
    model = fit(samples(20_000))

    unscaled = np.array(model.weights) / np.array(model.scales)
    assert unscaled[0] == pytest.approx(2, abs=0.1)
    assert np.abs(unscaled[1:]).max() < 0.1
    offset = model.intercept - float(np.dot(unscaled, model.means))
    assert offset == pytest.approx(1, abs=0.1)


def test_training_is_the_same_each_time() -> None:
    assert fit(samples()) == fit(samples())


def test_held_out_figures_are_those_of_the_truth() -> None:
    figures = figures_of(samples(6000))

    assert set(figures) == {"set0", "set1"}
    for each in figures.values():
        assert each["folds"] == 3
        for held in (each["within_set"], each["across_sets"]):
            assert held is not None
            assert held["area_under_roc"] == pytest.approx(0.87, abs=0.03)
            assert held["calibration_error"] < 0.05
            assert held["answerable_refused"] <= MOST_REFUSED


def test_features_without_meaning_tell_nothing() -> None:
    known = samples(3000)
    shuffled = np.random.default_rng(1).permutation(known.has_answer)
    noise = Samples(
        features=known.features, has_answer=shuffled, sets=known.sets, folds=known.folds
    )

    for each in figures_of(noise).values():
        assert each["within_set"]["area_under_roc"] == pytest.approx(0.5, abs=0.06)


def test_one_set_alone_is_not_compared_across_sets() -> None:
    assert figures_of(samples(sets=1))["set0"]["across_sets"] is None


def test_written_weights_are_what_the_service_reads(tmp_path: Path) -> None:
    known = samples()
    body = weights_of(known, figures_of(known))
    (tmp_path / "weights.json").write_text(json.dumps(body))

    model = load_answerable_model(tmp_path / "weights.json")

    assert predict(model, known.features) == pytest.approx(
        predict(fit(known), known.features), abs=1e-12
    )
    assert model.version == body["version"]
    refused, _ = shares_below(predict(model, known.features), known.has_answer, model.threshold)
    assert refused <= MOST_REFUSED + 0.02


def test_the_shipped_weights_fit_this_version_and_record_their_training() -> None:
    model = load_answerable_model(None)

    assert 0 < model.threshold < 1
    assert len(model.version) == 12


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": "x", "features": ["taste"]}'])
def test_a_file_without_weights_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "weights.json").write_text(text)

    with pytest.raises(ConfigurationError, match="holds no weights"):
        load_answerable_model(tmp_path / "weights.json")


def test_weights_of_other_features_are_refused(tmp_path: Path) -> None:
    known = samples()
    body = weights_of(known, figures_of(known)) | {"features": ["taste"]}
    (tmp_path / "weights.json").write_text(json.dumps(body))

    with pytest.raises(ConfigurationError, match="train them again"):
        load_answerable_model(tmp_path / "weights.json")


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60))
def test_the_area_is_the_share_of_pairs_in_order(drawn: list[tuple[float, bool]]) -> None:
    said = np.array([each for each, _ in drawn])
    truth = np.array([each for _, each in drawn])
    pairs = [(a > b) + (a == b) / 2 for a in said[truth] for b in said[~truth]]
    if not pairs:
        return

    assert area_under_roc(said, truth) == pytest.approx(float(np.mean(pairs)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_a_threshold_never_refuses_more_than_it_may(drawn: list[float]) -> None:
    said = np.array(drawn)
    truth = np.ones(len(said), dtype=np.bool_)

    assert (said < threshold_for(said, truth)).mean() <= MOST_REFUSED


def test_calibration_error_is_the_distance_from_the_diagonal() -> None:
    truth = np.array([no % 4 == 0 for no in range(400)])

    assert calibration_error(np.full(400, 0.25), truth) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(np.full(400, 0.75), truth) == pytest.approx(0.5)


def test_folds_are_conversations_or_halves() -> None:
    assert folds_of(["a", "b", "a"], "locomo") == ["locomo/a", "locomo/b", "locomo/a"]
    assert folds_of(["a", "a", "a"], "lihua") == ["lihua/0", "lihua/1", "lihua/0"]


def test_a_set_without_unanswerable_questions_is_refused_before_a_service_is_started(
    tmp_path: Path,
) -> None:
    (tmp_path / "sessions.jsonl").write_text(
        '{"conversation_id": "c", "session_id": "s", "datetime": null, "turns": '
        '[{"id": "t", "speaker": "Ada", "text": "Hi"}]}\n'
    )
    (tmp_path / "queries.jsonl").write_text(
        '{"id": "q", "conversation_id": "c", "question": "Who?", "category": "single",'
        ' "evidence_turn_ids": ["t"]}\n'
    )

    result = CliRunner().invoke(
        app, ["abstention", "--set", str(tmp_path), "--out", str(tmp_path / "out.json")]
    )

    assert isinstance(result.exception, BenchError)
    assert "needs questions with and without an answer" in str(result.exception)
