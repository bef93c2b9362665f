"""`memsvc db indexes`: the HNSW indexes of large banks, where pgvector answers."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson

if TYPE_CHECKING:
    from memsvc.store.hnsw_upkeep import UpkeepPlan


def indexes(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be built and dropped.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build HNSW indexes for the banks that have grown large, drop those no longer needed.

    Reads and writes go on meanwhile. Fails if banks are left without one because there may be
    no more (MEMSVC_INDEX__HNSW__MOST_INDEXES); the others are served all the same.
    """
    from memsvc.bootstrap import data_dir_of
    from memsvc.cli.configuration import load_settings
    from memsvc.cli.failures import CommandError
    from memsvc.cli.output import print_json
    from memsvc.store.hnsw_upkeep import keep_up
    from memsvc.store.inspection import existing_database
    from memsvc.telemetry import configure_logging

    settings = load_settings()
    configure_logging("warning", settings.log_format)
    with existing_database(settings, data_dir_of(settings)) as urls:
        if urls is None:
            raise CommandError("There is no embedded database yet; the first start creates it.")
        plan = keep_up(
            urls.owner,
            settings.index.hnsw,
            dry_run=dry_run,
            announce=lambda line: None if as_json else typer.echo(line),
        )
    if as_json:
        print_json(
            {
                "built": [index.name for index in plan.build],
                "dropped": [*plan.drop],
                "kept": [*plan.keep],
                "refused": [str(size.index.bank_id) for size in plan.refused],
                "dry_run": dry_run,
            }
        )
    else:
        _summarise(plan, dry_run=dry_run)
    if plan.refused:
        raise CommandError(
            f"{len(plan.refused)} banks are large enough for an index and get none: there may be"
            f" {settings.index.hnsw.most_indexes} in all, and more would slow down every query on"
            " the table. They are searched exactly. Raise"
            " MEMSVC_INDEX__HNSW__MOST_INDEXES (500 at most) or MEMSVC_INDEX__HNSW__FROM_VECTORS,"
            " or use the in-process index (MEMSVC_INDEX__BACKEND=faiss_cpu)."
        )


def _summarise(plan: "UpkeepPlan", *, dry_run: bool) -> None:
    verbs = ("to build", "to drop") if dry_run else ("built", "dropped")
    typer.echo(f"{len(plan.build)} {verbs[0]}, {len(plan.drop)} {verbs[1]}, {len(plan.keep)} kept")
