"""``python -m bench abstention``: whether the service knows when it has no answer."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer
from memsvc_client import Bank
from pydantic import TypeAdapter
from rich.table import Table
from typing_extensions import TypedDict

from bench.abstention_training import (
    Judged,
    Samples,
    calibrated_by_bank,
    fit,
    folds_of,
    held_out,
    threshold_of,
)
from bench.asking import refuse_failed_arms
from bench.errors import BenchError
from bench.loaded_sets import ask_each, load_set
from bench.machine import describe_versions
from bench.options import (
    ApiKeyOption,
    KeepOption,
    OutOption,
    SetsOption,
    UrlOption,
    refuse_useless_keep,
)
from bench.progress import console
from bench.results import describe_run, write_results
from bench.retrieval import WorkersOption
from bench.service import MeasuredService, ServiceOptions, measured_service
from memsvc.cli.evaluation.sets import EvaluationSet, Question, read_set
from memsvc.domain.answerable.discrimination import Figures, figures_of
from memsvc.domain.answerable.evidence import FEATURES

UNANSWERABLE = frozenset({"5 adversarial", "Null", "abstention"})
"""Categories of questions without an answer: LoCoMo's fifth, LiHua-World's, BEAM's."""


class SetFigures(TypedDict):
    """What is written about one set."""

    answerable: int
    unanswerable: int
    folds: int
    within_set: Figures
    """Weights and threshold of the other folds of the set."""
    across_sets: Figures | None
    """Of the other folds of all sets, with one threshold for all: what the shipped ones are worth.
    """
    by_bank: Figures
    """The same with each bank calibrated on others of its own questions."""
    banks_calibrated: int


_RESULTS = TypeAdapter(dict[str, SetFigures])

WeightsOption = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        help="Also train on everything, and write the weights here for the service to use"
        " (memsvc/domain/answerable/weights.json, or MEMSVC_RECALL__ANSWERABLE_WEIGHTS).",
    ),
]


def abstention(  # noqa: PLR0913 — one parameter per option
    *,
    sets: SetsOption,
    out: OutOption,
    weights: WeightsOption = None,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    workers: WorkersOption = 1,
    keep: KeepOption = False,
) -> None:
    """Train on some questions what tells those without an answer apart, and try it on others.

    Conversations are left out one by one; a set of one conversation is halved by its questions.
    """
    refuse_useless_keep(url, keep=keep)
    loaded = [read_set(folder) for folder in sets]
    for each in loaded:
        _refuse_one_sided(each)
    with TemporaryDirectory() as folder:
        # A service does not start with weights for other features, such as those shipped before.
        untrained = Path(folder) / "weights.json"
        write_results(untrained, untrained_weights())
        options = ServiceOptions(
            url=url,
            api_key=api_key,
            keep=keep,
            environment={"MEMSVC_RECALL__ANSWERABLE_WEIGHTS": str(untrained)},
        )
        samples, settings = _measured(loaded, options, workers)
    results = figures_of_sets(samples)
    write_results(out, {"sets": _RESULTS.dump_python(results), "settings": settings})
    if weights is not None:
        write_results(weights, weights_of(samples, results))
    console.print(_table_of(results))


def untrained_weights() -> dict[str, object]:
    """Return weights in the shipped form that call every question equally answered."""
    count = len(FEATURES)
    return {
        "version": "untrained",
        "features": list(FEATURES),
        "means": [0.0] * count,
        "scales": [1.0] * count,
        "weights": [0.0] * count,
        "intercept": 0.0,
        "threshold": 0.0,
    }


def figures_of_sets(samples: Samples) -> dict[str, SetFigures]:
    """Return the figures of every set, each question judged by a training that never saw it."""
    names = [str(name) for name in np.unique(samples.sets)]
    within = held_out(samples, within_sets=True)
    across = held_out(samples, within_sets=False) if len(names) > 1 else None
    results: dict[str, SetFigures] = {}
    for name in names:
        chosen = samples.sets == name
        part = samples.where(chosen)
        by_bank, count = calibrated_by_bank(part, (across or within).where(chosen))
        results[name] = SetFigures(
            answerable=int(part.has_answer.sum()),
            unanswerable=int((~part.has_answer).sum()),
            folds=len(np.unique(part.folds)),
            within_set=_figures(within.where(chosen), part),
            across_sets=None if across is None else _figures(across.where(chosen), part),
            by_bank=_figures(by_bank, part),
            banks_calibrated=count,
        )
    return results


def weights_of(samples: Samples, results: Mapping[str, SetFigures]) -> dict[str, object]:
    """Return the shipped form of a training on all samples, with the record of it."""
    model = fit(samples)
    body: dict[str, object] = {
        "features": list(FEATURES),
        "means": model.means,
        "scales": model.scales,
        "weights": model.weights,
        "intercept": model.intercept,
        "threshold": threshold_of(samples),
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
    training = {"command": "python -m bench abstention", "versions": describe_versions()}
    return {
        "version": digest,
        **body,
        "training": {**training, "sets": _RESULTS.dump_python(dict(results))},
    }


def _measured(
    loaded: Sequence[EvaluationSet], options: ServiceOptions, workers: int
) -> tuple[Samples, dict[str, object]]:
    """Return the questions of all sets with their features, and what they were measured with."""
    with measured_service(options) as service:
        settings = describe_run(command="abstention", workers=workers, service=service.describe())
        return _joined([_ask_set(each, service, workers) for each in loaded]), settings


def _figures(judged: Judged, samples: Samples) -> Figures:
    return figures_of(judged.said, samples.has_answer, judged.refused)


def _refuse_one_sided(evaluation_set: EvaluationSet) -> None:
    sides = {_has_answer(each) for each in evaluation_set.questions}
    if len(sides) < 2:
        raise BenchError(
            f"{evaluation_set.name} needs questions with and without an answer; those of the"
            f" categories {', '.join(sorted(UNANSWERABLE))} have none."
        )


def _has_answer(question: Question) -> bool:
    return UNANSWERABLE.isdisjoint(question.categories)


def _ask_set(evaluation_set: EvaluationSet, service: MeasuredService, workers: int) -> Samples:
    name, questions = evaluation_set.name, evaluation_set.questions
    banks = load_set(evaluation_set, service)
    features = ask_each(name, questions, lambda each: _features(each, banks[each.corpus]), workers)
    return Samples(
        features=np.array(features),
        has_answer=np.array([_has_answer(each) for each in questions], dtype=np.bool_),
        sets=np.array([name] * len(questions)),
        folds=np.array(folds_of([each.corpus for each in questions], name)),
        banks=np.array([f"{name}/{each.corpus}" for each in questions]),
    )


def _features(question: Question, bank: Bank) -> list[float]:
    recall = bank.recall(question.text, now=question.asked_at, answerable=True, explain=True)
    refuse_failed_arms(recall)
    judged = recall.answerable
    if judged is None or judged.features is None:
        reason = None if judged is None else judged.reason
        raise BenchError(f"The service does not judge {question.id}: {reason or 'no features'}")
    return [judged.features[name] for name in FEATURES]


def _joined(parts: Sequence[Samples]) -> Samples:
    return replace(
        parts[0],
        features=np.concatenate([each.features for each in parts]),
        has_answer=np.concatenate([each.has_answer for each in parts]),
        sets=np.concatenate([each.sets for each in parts]),
        folds=np.concatenate([each.folds for each in parts]),
        banks=np.concatenate([each.banks for each in parts]),
    )


def _table_of(results: Mapping[str, SetFigures]) -> Table:
    table = Table("set", "trained on", "AUROC", "calibration error", "refused", "caught", box=None)
    for name, each in results.items():
        for trained_on, figures in (
            ("the set's other folds", each["within_set"]),
            ("all sets' other folds", each["across_sets"]),
            ("these, banks calibrated", each["by_bank"]),
        ):
            if figures is not None:
                table.add_row(
                    name,
                    trained_on,
                    f"{figures.area_under_roc:.3f}",
                    f"{figures.calibration_error:.3f}",
                    f"{figures.answerable_refused:.1%}",
                    f"{figures.unanswerable_caught:.1%}",
                )
    return table
