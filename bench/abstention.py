"""``python -m bench abstention``: whether the service knows when it has no answer."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from memsvc_client import Bank
from rich.table import Table
from typing_extensions import TypedDict

from bench.abstention_training import (
    Floats,
    Samples,
    area_under_roc,
    calibration_error,
    fit,
    folds_of,
    held_out,
    shares_below,
    threshold_for,
)
from bench.asking import refuse_failed_arms
from bench.errors import BenchError
from bench.loading import write_corpus
from bench.machine import describe_versions
from bench.options import (
    ApiKeyOption,
    KeepOption,
    OutOption,
    SetsOption,
    UrlOption,
    refuse_useless_keep,
)
from bench.progress import console, progress
from bench.results import describe_run, write_results
from bench.retrieval import WorkersOption
from bench.service import MeasuredService, ServiceOptions, measured_service
from memsvc.cli.evaluation.corpora import count_memories
from memsvc.cli.evaluation.sets import EvaluationSet, Question, read_set
from memsvc.domain.answerable.evidence import FEATURES

UNANSWERABLE = frozenset({"adversarial", "Null", "abstention"})
"""Categories of questions without an answer: LoCoMo's fifth, LiHua-World's, BEAM's."""
_JOBS_LIMIT_S = 6 * 3600.0


class Figures(TypedDict):
    """How well questions without an answer are told from the others, held out."""

    area_under_roc: float
    calibration_error: float
    threshold: float
    answerable_refused: float
    unanswerable_caught: float


class SetFigures(TypedDict):
    """What is written about one set."""

    answerable: int
    unanswerable: int
    folds: int
    within_set: Figures
    """Trained on the other folds of the set."""
    across_sets: Figures | None
    """Trained on the other folds of all sets: what the shipped weights are worth."""


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
    with measured_service(ServiceOptions(url=url, api_key=api_key, keep=keep)) as service:
        settings = describe_run(command="abstention", workers=workers, service=service.describe())
        samples = _joined([_ask_set(each, service, workers) for each in loaded])
    results = figures_of(samples)
    write_results(out, {"sets": results, "settings": settings})
    if weights is not None:
        write_results(weights, weights_of(samples, results))
    console.print(_table_of(results))


def figures_of(samples: Samples) -> dict[str, SetFigures]:
    """Return the figures of every set, each question judged by a training that never saw it."""
    names = [str(name) for name in np.unique(samples.sets)]
    within = held_out(samples, within_sets=True)
    across = held_out(samples, within_sets=False) if len(names) > 1 else None
    results: dict[str, SetFigures] = {}
    for name in names:
        chosen = samples.sets == name
        has_answer = samples.has_answer[chosen]
        results[name] = SetFigures(
            answerable=int(has_answer.sum()),
            unanswerable=int((~has_answer).sum()),
            folds=len(np.unique(samples.folds[chosen])),
            within_set=_figures(within[chosen], samples.where(chosen)),
            across_sets=None if across is None else _figures(across[chosen], samples.where(chosen)),
        )
    return results


def weights_of(samples: Samples, results: Mapping[str, SetFigures]) -> dict[str, object]:
    """Return the shipped form of a training on all samples, with the record of it.

    The threshold is the least of the sets': none of them has more answerable questions refused
    than it may.
    """
    threshold = min(
        (each["across_sets"] or each["within_set"])["threshold"] for each in results.values()
    )
    model = fit(samples)
    body: dict[str, object] = {
        "features": list(FEATURES),
        "means": model.means,
        "scales": model.scales,
        "weights": model.weights,
        "intercept": model.intercept,
        "threshold": threshold,
    }
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
    training = {"command": "python -m bench abstention", "versions": describe_versions()}
    return {"version": digest, **body, "training": {**training, "sets": results}}


def _figures(said: Floats, samples: Samples) -> Figures:
    threshold = threshold_for(said, samples.has_answer)
    refused, caught = shares_below(said, samples.has_answer, threshold)
    return Figures(
        area_under_roc=area_under_roc(said, samples.has_answer),
        calibration_error=calibration_error(said, samples.has_answer),
        threshold=threshold,
        answerable_refused=refused,
        unanswerable_caught=caught,
    )


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
    name, corpora = evaluation_set.name, evaluation_set.corpora
    banks = {corpus: service.make_bank(f"{name}-{corpus}") for corpus in corpora}
    total = sum(count_memories(corpus) for corpus in corpora.values())
    with progress(f"{name}: load", total) as advance:
        for corpus, bank in banks.items():
            write_corpus(bank, corpora[corpus], advance)
    for bank in banks.values():
        service.client.wait_for_jobs(bank.reference, timeout_s=_JOBS_LIMIT_S)
    questions = evaluation_set.questions
    with progress(f"{name}: ask", len(questions)) as advance, ThreadPoolExecutor(workers) as pool:

        def ask(question: Question) -> list[float]:
            measured = _features(question, banks[question.corpus])
            advance(1)
            return measured

        features = list(pool.map(ask, questions))
    return Samples(
        features=np.array(features),
        has_answer=np.array([_has_answer(each) for each in questions], dtype=np.bool_),
        sets=np.array([name] * len(questions)),
        folds=np.array(folds_of([each.corpus for each in questions], name)),
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
    )


def _table_of(results: Mapping[str, SetFigures]) -> Table:
    table = Table("set", "trained on", "AUROC", "calibration error", "refused", "caught", box=None)
    for name, each in results.items():
        for trained_on, figures in (
            ("the set's other folds", each["within_set"]),
            ("all sets' other folds", each["across_sets"]),
        ):
            if figures is not None:
                table.add_row(
                    name,
                    trained_on,
                    f"{figures['area_under_roc']:.3f}",
                    f"{figures['calibration_error']:.3f}",
                    f"{figures['answerable_refused']:.1%}",
                    f"{figures['unanswerable_caught']:.1%}",
                )
    return table
