"""What tables of docs/benchmarks.md are written with."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from bench.errors import BenchError
from memsvc.cli.evaluation.sets import ANSWERABLE

Results: TypeAlias = Mapping[str, Any]
"""What the files of ``bench/results`` hold, by name without ``.json``."""

NONE = "\u2013"


def result_of(results: Results, name: str) -> Any:  # noqa: ANN401 — JSON
    """Return what a file holds; raises ``BenchError`` if it is not there."""
    if name not in results:
        raise BenchError(f"There is no {name}.json among the results.")
    return results[name]


def answerable_part(of_set: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the figures of what can be answered where a set tells it apart, else all of it."""
    found: Mapping[str, Any] = of_set["by_category"].get(ANSWERABLE, of_set)
    return found


def percent(share: float | None) -> str:
    """Write a share in percent, without the sign."""
    return NONE if share is None else f"{100 * share:.1f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines)
