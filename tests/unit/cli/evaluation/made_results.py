"""Results as `memsvc eval run` writes them, made by hand."""

from datetime import UTC, datetime
from typing import Any

from memsvc.cli.evaluation.results import EvalResult, Miss, QuestionResult
from memsvc.cli.evaluation.running import summed_up


def question(name: str, *ranks: int | None, **members: Any) -> QuestionResult:
    """Return a question whose expected memories came at these ranks."""
    misses = tuple(
        Miss(expected=f"external_id:{name}", kind="not_retrieved") for rank in ranks if rank is None
    )
    given = {"key": f"key of {name}", "waited_ms": 5.0, "misses": misses, **members}
    return QuestionResult.model_validate({"id": name, "ranks": ranks, **given})


def result(label: str, *questions: QuestionResult, k: int = 10, **options: Any) -> EvalResult:
    """Return a result over these questions."""
    fields = {
        "label": label,
        "made_at": datetime(2024, 5, 1, tzinfo=UTC),
        "options": {"k": k, **options},
        "service": {"version": "0.1.0"},
        **summed_up(questions, k),
    }
    return EvalResult.model_validate(fields)
