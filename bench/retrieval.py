"""``python -m bench retrieval``: recall on evaluation sets."""

from pathlib import Path
from typing import Annotated

import typer

from bench.asking import MOST_HITS, AskOptions
from bench.evaluation import RetrievalRun, SetResult, table_of
from bench.openie import read_openie
from bench.options import (
    ApiKeyOption,
    ArmsOption,
    KeepOption,
    OutOption,
    SeedOption,
    SetsOption,
    TimesOption,
    UrlOption,
    parse_ablated,
    parse_arms,
    parse_times,
    refuse_useless_keep,
)
from bench.progress import console
from bench.results import describe_run, write_results
from bench.service import ServiceOptions, measured_service
from memsvc.cli.evaluation.sets import read_set
from memsvc.domain.evaluation.measures import RECALL_AT

_DEFAULT_K_MAX = max(RECALL_AT)


LimitOption = Annotated[
    int | None,
    typer.Option(min=1, help="Questions per set, drawn with the seed; all unless given."),
]
WorkersOption = Annotated[int, typer.Option(min=1, max=64, help="Questions asked at a time.")]
KMaxOption = Annotated[
    int,
    typer.Option(min=_DEFAULT_K_MAX, max=MOST_HITS, help="Also tell recall at this many units."),
]
AblateOption = Annotated[
    str | None,
    typer.Option(
        help="Arms to leave out in turn, each time asking everything again: all, or names joined"
        " by commas."
    ),
]
OpenieOption = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="Triples of the passages of the one set, given to its bank: passage_id, triples and"
        " entities a line, or what `memsvc graph load` reads.",
    ),
]


def retrieval(  # noqa: PLR0913 — one parameter per option
    *,
    sets: SetsOption,
    out: OutOption,
    arms: ArmsOption = "all",
    ablate: AblateOption = None,
    times: TimesOption = "boost",
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    seed: SeedOption = 0,
    limit: LimitOption = None,
    workers: WorkersOption = 1,
    k_max: KMaxOption = _DEFAULT_K_MAX,
    openie: OpenieOption = None,
    keep: KeepOption = False,
) -> None:
    """Load evaluation sets into fresh banks, ask their questions, and tell recall at k."""
    refuse_useless_keep(url, keep=keep)
    asking = AskOptions(
        arms=parse_arms(arms), k_max=k_max, workers=workers, times=parse_times(times)
    )
    ablated = parse_ablated(ablate, asking.arms)
    names = [folder.resolve().name for folder in sets]
    if len(set(names)) < len(names):
        raise typer.BadParameter("two sets have the same folder name.", param_hint="--set")
    # All are read first: what is wrong with one of them shows before hours of work on others.
    loaded = [read_set(folder, limit=limit, seed=seed) for folder in sets]
    triples = None if openie is None else read_openie(openie, loaded)
    results: dict[str, SetResult] = {}
    with measured_service(ServiceOptions(url=url, api_key=api_key, keep=keep)) as service:
        settings = describe_run(
            command="retrieval",
            arms=asking.arms,
            ablated=ablated,
            times=asking.times,
            seed=seed,
            limit=limit,
            workers=workers,
            k_max=k_max,
            openie=None if triples is None else triples.figures,
            service=service.describe(),
        )
        run = RetrievalRun(
            client=service.client,
            make_bank=service.make_bank,
            options=asking,
            openie=triples,
            ablated=ablated,
        )
        for evaluation_set in loaded:
            results[evaluation_set.name] = run.measure(evaluation_set)
            # After each set: the others are not lost with one that fails.
            write_results(out, {"sets": results, "settings": settings})
    console.print(table_of(results))
