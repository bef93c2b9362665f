"""`memsvc eval report`: a result, or two, as a page to look at and pass on."""

from pathlib import Path
from typing import Annotated

import typer

from memsvc.cli.commands.eval_compare import MetricOption, ResultFile, SeedOption, metric_of
from memsvc.cli.commands.eval_run import OutFile

_PUBLISHED_K = 10


def report(
    result: ResultFile,
    after: Annotated[
        Path | None,
        typer.Argument(metavar="[RESULT]", help="To compare with.", exists=True, dir_okay=False),
    ] = None,
    *,
    out: OutFile,
    metric: MetricOption = "recall",
    seed: SeedOption = 0,
    with_text: Annotated[
        bool, typer.Option("--with-text", help="Show questions and quotations the result holds.")
    ] = False,
) -> None:
    """Write a page with plots, failures, times and every question; it needs no network.

    With a second result over the same questions the two are compared.
    """
    from memsvc.cli.evaluation.comparing import Measure, compare
    from memsvc.cli.evaluation.report import report as page_of
    from memsvc.cli.evaluation.results import read_result, write_file
    from memsvc.cli.output import note
    from memsvc.domain.evaluation.bootstrap import RESAMPLES

    chosen = metric_of(metric)
    first = read_result(result)
    second = None if after is None else read_result(after)
    comparison = None
    if second is not None:
        measure = Measure(metric=chosen, k=min(_PUBLISHED_K, first.k, second.k))
        comparison = compare(first, second, measure, seed=seed, resamples=RESAMPLES)
    write_file(out, page_of(first, second, comparison, with_text=with_text))
    note(f"written to {out}")
