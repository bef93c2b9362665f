"""`memsvc eval compare`: whether one result is better than another, and where."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson

if TYPE_CHECKING:
    from memsvc.cli.evaluation.comparing import Change, Comparison, Difference, Metric

_PUBLISHED_K = 10
_SHOWN = 20

ResultFile = Annotated[
    Path,
    typer.Argument(metavar="RESULT", help="Of `memsvc eval run`.", exists=True, dir_okay=False),
]
SeedOption = Annotated[
    int, typer.Option("--seed", help="Of the resampling: equal seeds, equal intervals.")
]
MetricOption = Annotated[
    str, typer.Option("--metric", metavar="recall|ndcg|mrr", help="What to compare.")
]


def compare(  # noqa: PLR0913 — a command's options
    before: ResultFile,
    after: ResultFile,
    *,
    metric: MetricOption = "recall",
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="At how many places; 10 where both have them.")
    ] = None,
    fail_if_worse_by: Annotated[
        float | None,
        typer.Option(
            "--fail-if-worse-by",
            min=0,
            metavar="POINTS",
            help="Exit with 1 if the second is worse by more percentage points.",
        ),
    ] = None,
    each_category: Annotated[
        bool, typer.Option("--each-category", help="Also exit so if it is worse in a category.")
    ] = False,
    seed: SeedOption = 0,
    resamples: Annotated[
        int, typer.Option("--resamples", min=100, max=1_000_000, help="Of the bootstrap.")
    ] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Compare two results over the same questions, with 95 % intervals of the difference.

    The intervals say what chance in the choice of questions would make of the difference. They come
    from resampling the questions in pairs.
    """
    from memsvc.cli.evaluation.comparing import Measure
    from memsvc.cli.evaluation.comparing import compare as compare_results
    from memsvc.cli.evaluation.results import read_result
    from memsvc.cli.output import print_json

    chosen = metric_of(metric)
    first, second = read_result(before), read_result(after)
    measure = Measure(metric=chosen, k=k or min(_PUBLISHED_K, first.k, second.k))
    found = compare_results(first, second, measure, seed=seed, resamples=resamples)
    if as_json:
        print_json(found.as_json())
    else:
        _show(found)
    if fail_if_worse_by is not None:
        _refuse_worse(found, fail_if_worse_by, each_category=each_category)


def metric_of(written: str) -> "Metric":
    """Read what to compare."""
    match written:
        case "recall" | "ndcg" | "mrr":
            return written
        case _:
            raise typer.BadParameter(
                f"{written!r}: give recall, ndcg or mrr.", param_hint="--metric"
            )


def _refuse_worse(found: "Comparison", most: float, *, each_category: bool) -> None:
    from memsvc.cli.failures import CommandError

    categories = found.by_category if each_category else {}
    worse = [
        f"{name} by {-each.interval.mean * 100:.1f}"
        for name, each in (("all", found.overall), *categories.items())
        if -each.interval.mean * 100 > most
    ]
    if worse:
        raise CommandError(
            f"{found.labels[1]} is worse than {found.labels[0]} by more than {most:g} points of"
            f" {found.measure.name}: {', '.join(worse)}."
        )


def _show(found: "Comparison") -> None:
    from memsvc.cli.output import print_table, safe

    rows = [("all", found.overall), *found.by_category.items()]
    print_table(
        (f"{found.measure.name}, percent", "n", *found.labels, "difference", "95 % interval", ""),
        (_row(name, each) for name, each in rows),
    )
    for name, (one, other) in found.changed.items():
        typer.echo(safe(f"{name}: {one} then, {other} now"))
    for what, changes in (("won", found.won), ("lost", found.lost)):
        typer.echo(f"{what}: {len(changes)} questions")
        for each in changes[:_SHOWN]:
            typer.echo(safe(f"  {_line(each)}"))
        if len(changes) > _SHOWN:
            typer.echo(f"  and {len(changes) - _SHOWN} more; --json lists them all")
    before, after = found.waited_ms
    if before.p50 is not None and after.p50 is not None:
        typer.echo(f"Time, p50: {before.p50:.1f} ms then, {after.p50:.1f} ms now")


def _row(name: str, each: "Difference") -> tuple[str, ...]:
    interval = each.interval
    shares = (each.before, each.after)
    return (
        name,
        str(interval.n),
        *(f"{share * 100:.1f}" for share in shares),
        f"{interval.mean * 100:+.1f}",
        f"{interval.low * 100:+.1f} … {interval.high * 100:+.1f}",
        "" if interval.is_clear else "may be chance",
    )


def _line(change: "Change") -> str:
    told = f"{change.id}: {change.before * 100:.0f} then, {change.after * 100:.0f} now"
    return told if change.text is None else f"{told}  {change.text}"
