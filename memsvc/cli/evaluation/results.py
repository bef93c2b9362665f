"""Results of evaluations: the file that is written, compared and shown."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from memsvc_client.records import Record
from pydantic import AwareDatetime, Field, JsonValue, ValidationError

from memsvc.cli.failures import CommandError, first_problem
from memsvc.domain.evaluation.measures import (
    RECALL_AT,
    mean,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank,
)

FORMAT: Literal["memsvc-eval-1"] = "memsvc-eval-1"
Failure = Literal["not_stored", "not_retrieved", "cut_by_budget"]
FAILURES: tuple[Failure, ...] = ("not_stored", "not_retrieved", "cut_by_budget")


class Miss(Record):
    """Something expected that is not in the answer."""

    expected: str
    kind: Failure
    rank: int | None = None
    """Where it stands when more is asked for; only of what was cut."""
    cut_by: Literal["k", "tokens"] | None = None
    state: str | None = None
    """Of a stored memory that is not active: why it was not retrieved."""


class QuestionResult(Record):
    """How one question fared."""

    id: str
    key: str
    """Equal where the same was asked and expected."""
    categories: tuple[str, ...] = ()
    ranks: tuple[int | None, ...]
    """Of what is expected, from 1; ``None``: not in the answer."""
    misleading_ranks: tuple[int | None, ...] = ()
    misses: tuple[Miss, ...] = ()
    waited_ms: float
    """As the caller waited."""
    stages_ms: dict[str, float] = Field(default_factory=dict)
    arms_ms: dict[str, float] = Field(default_factory=dict)
    skipped: dict[str, str] = Field(default_factory=dict)
    """By arm, why it had no part in the answer."""
    text: str | None = None
    """The question; only with texts."""


class Figures(Record):
    """Means over the questions that expect something."""

    n: int
    recall: dict[str, float | None]
    """By k."""
    ndcg: dict[str, float | None]
    mrr: float | None
    misled: dict[str, float | None]
    """By k: share of the questions with misleading memories that bring one of them."""


class Latency(Record):
    """Percentiles in milliseconds."""

    p50: float | None
    p95: float | None


class EvalResult(Record):
    """An evaluation: what was measured, how, and what came of each question."""

    format: Literal["memsvc-eval-1"] = FORMAT
    label: str
    made_at: AwareDatetime
    options: dict[str, JsonValue]
    """Of the recalls, and what was asked."""
    service: dict[str, JsonValue]
    """Version, model and index that answered."""
    figures: Figures
    by_category: dict[str, Figures]
    failures: dict[Failure, int]
    waited_ms: Latency
    stages_ms: dict[str, Latency]
    questions: tuple[QuestionResult, ...]

    @property
    def k(self) -> int:
        """How much of each answer was judged."""
        return max(map(int, self.figures.recall))


def ks_up_to(k: int) -> list[int]:
    """Return the k of the figures: the published ones, as far as answers go, and ``k``."""
    return sorted({*(each for each in RECALL_AT if each <= k), k})


def figures_of(questions: Iterable[QuestionResult], ks: Sequence[int]) -> Figures:
    """Return the means over the questions that expect something."""
    asked = list(questions)
    counted = [each.ranks for each in asked if each.ranks]
    warned = [each.misleading_ranks for each in asked if each.misleading_ranks]
    return Figures(
        n=len(counted),
        recall={str(k): mean([recall_at(k, ranks) for ranks in counted]) for k in ks},
        ndcg={str(k): mean([ndcg_at(k, ranks) for ranks in counted]) for k in ks},
        mrr=mean([reciprocal_rank(ranks) for ranks in counted]),
        misled={str(k): mean([float(recall_at(k, ranks) > 0) for ranks in warned]) for k in ks},
    )


def figures_by_category(
    questions: Sequence[QuestionResult], ks: Sequence[int]
) -> dict[str, Figures]:
    """Return the figures of each category of which something is expected, by name."""
    names = sorted({name for each in questions if each.ranks for name in each.categories})
    return {
        name: figures_of([each for each in questions if name in each.categories], ks)
        for name in names
    }


def latency_of(values: Sequence[float]) -> Latency:
    """Return the median and the 95th percentile of milliseconds."""
    if not values:
        return Latency(p50=None, p95=None)
    return Latency(p50=percentile(values, 0.5), p95=percentile(values, 0.95))


def stage_latencies(questions: Sequence[QuestionResult]) -> dict[str, Latency]:
    """Return the percentiles of each stage, over the questions that went through it."""
    names = dict.fromkeys(name for each in questions for name in each.stages_ms)
    return {
        name: latency_of([each.stages_ms[name] for each in questions if name in each.stages_ms])
        for name in names
    }


def skipped_in(questions: Iterable[QuestionResult]) -> Counter[tuple[str, str]]:
    """Return in how many answers an arm had no part, by arm and reason; most first."""
    return Counter(
        (arm, reason) for each in questions for arm, reason in sorted(each.skipped.items())
    )


def read_result(path: Path) -> EvalResult:
    """Return the result of a file; raises ``CommandError``."""
    try:
        return EvalResult.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise CommandError(
            f"{path} is no result of `memsvc eval run`: {first_problem(error)}"
        ) from error


def write_file(path: Path, content: str) -> None:
    """Write ``content``, as a whole or not at all; raises ``CommandError``."""
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_text(content, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
