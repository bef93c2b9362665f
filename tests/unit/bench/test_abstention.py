"""Training and judging the probability of an answer, on samples whose truth is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from bench.__main__ import app
from bench.abstention import figures_of_sets, untrained_weights, weights_of
from bench.abstention_training import (
    Samples,
    calibrated_by_bank,
    fit,
    folds_of,
    held_out,
    predict,
    threshold_of,
)
from bench.errors import BenchError
from bench.results import write_results
from memsvc.domain.answerable.discrimination import MOST_REFUSED, calibration_error
from memsvc.domain.answerable.evidence import FEATURES
from memsvc.errors import ConfigurationError
from memsvc.services.recalling.answerable import load_answerable_model


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
        banks=names,
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
    figures = figures_of_sets(samples(6000))

    assert set(figures) == {"set0", "set1"}
    for each in figures.values():
        assert (each["folds"], each["banks_calibrated"]) == (3, 1)
        for held in (each["within_set"], each["across_sets"], each["by_bank"]):
            assert held is not None
            assert held.area_under_roc == pytest.approx(0.87, abs=0.03)
            assert held.calibration_error < 0.05
            assert held.answerable_refused <= MOST_REFUSED + 0.01


def test_features_without_meaning_tell_nothing() -> None:
    known = samples(3000)
    shuffled = np.random.default_rng(1).permutation(known.has_answer)

    for each in figures_of_sets(replace(known, has_answer=shuffled)).values():
        assert each["within_set"].area_under_roc == pytest.approx(0.5, abs=0.06)


def test_neither_weights_nor_threshold_depend_on_the_fold_that_is_judged() -> None:
    known = samples(600)
    inside = known.folds == known.folds[0]
    turned = replace(known, has_answer=known.has_answer ^ inside)

    for within_sets in (True, False):
        judged = held_out(known, within_sets=within_sets)
        of_turned = held_out(turned, within_sets=within_sets)
        assert (judged.said[inside] == of_turned.said[inside]).all()
        assert (judged.refused[inside] == of_turned.refused[inside]).all()


def test_a_threshold_is_chosen_for_the_set_that_bears_least() -> None:
    known = samples(2000)
    alone = [threshold_of(known.where(known.sets == name)) for name in ("set0", "set1")]

    assert threshold_of(known) == pytest.approx(min(alone), abs=0.05)
    undivided = replace(known, folds=known.sets)
    assert threshold_of(undivided) == pytest.approx(threshold_of(known), abs=0.05)


def test_a_calibration_mends_a_bank_and_leaves_one_with_few_questions() -> None:
    known = samples(3000)
    banks = np.where(np.arange(3000) < 20, "small", known.banks)
    judged = held_out(known, within_sets=True)
    shifted = replace(judged, said=judged.said**3)

    mended, count = calibrated_by_bank(replace(known, banks=banks), shifted)

    assert count == 2
    large = banks != "small"
    assert calibration_error(mended.said[large], known.has_answer[large]) < 0.05
    assert calibration_error(shifted.said[large], known.has_answer[large]) > 0.1
    assert (mended.said[~large] == shifted.said[~large]).all()


def test_predictions_are_the_services() -> None:
    known = samples(50)
    model = fit(known)
    rows = [dict(zip(FEATURES, row, strict=True)) for row in known.features.tolist()]

    assert predict(model, known.features) == pytest.approx([model.probability(row) for row in rows])


def test_one_set_alone_is_not_compared_across_sets() -> None:
    assert figures_of_sets(samples(sets=1))["set0"]["across_sets"] is None


def test_written_weights_are_what_the_service_reads(tmp_path: Path) -> None:
    known = samples()
    body = weights_of(known, figures_of_sets(known))
    (tmp_path / "weights.json").write_text(json.dumps(body))

    model = load_answerable_model(tmp_path / "weights.json")

    assert predict(model, known.features) == pytest.approx(
        predict(fit(known), known.features), abs=1e-12
    )
    assert model.version == body["version"]
    answerable = predict(model, known.features)[known.has_answer]
    assert (answerable < model.threshold).mean() <= MOST_REFUSED + 0.02


def test_a_service_starts_without_weights_for_its_features(tmp_path: Path) -> None:
    write_results(tmp_path / "weights.json", untrained_weights())

    model = load_answerable_model(tmp_path / "weights.json")

    assert model.probability(dict.fromkeys(FEATURES, 3.0)) == 0.5


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
    body = weights_of(known, figures_of_sets(known)) | {"features": ["taste"]}
    (tmp_path / "weights.json").write_text(json.dumps(body))

    with pytest.raises(ConfigurationError, match="train them again"):
        load_answerable_model(tmp_path / "weights.json")


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
