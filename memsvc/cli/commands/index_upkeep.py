"""`memsvc index status`, `verify` and `rebuild`: the indexes that a service answers from."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, IndexState, IndexVerification, RebuiltIndex

OneBank = Annotated[
    str | None, typer.Argument(metavar="[BANK]", help="Name or id; every bank if not given.")
]
_WORDS_ONLY = "Only words are held here: pgvector or an index server has the vectors."


def status(url: Url = None, as_json: AsJson = False) -> None:
    """Show what the service answers from: banks in memory, snapshots, followers, server."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    print_record(ask(url, lambda client: client.index_state()), as_json=as_json, show=_show)


def verify(bank: OneBank = None, url: Url = None, as_json: AsJson = False) -> None:
    """Compare all that is held with PostgreSQL, bit by bit; the exit code is 1 if it differs."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import note, print_json

    async def run(client: "AsyncClient") -> "dict[str, IndexVerification]":
        return {name: await client.verify_index(name) for name in await _names(client, bank)}

    outcomes = ask(url, run)
    if as_json:
        print_json({name: each.model_dump(mode="json") for name, each in outcomes.items()})
    else:
        for name, outcome in outcomes.items():
            _show_outcome(name, outcome)
    if not all(each.holds_vectors for each in outcomes.values()):
        note(_WORDS_ONLY)
    if any(each.mismatch_count for each in outcomes.values()):
        raise typer.Exit(1)


def rebuild(
    bank: OneBank = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only name the banks that would be rebuilt.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Load the service's copies afresh, bank by bank; the old ones answer until then."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import note, print_json

    async def run(client: "AsyncClient") -> "dict[str, RebuiltIndex | None]":
        rebuilt: dict[str, RebuiltIndex | None] = {}
        names = await _names(client, bank)
        for number, name in enumerate(names, start=1):
            rebuilt[name] = None if dry_run else await client.rebuild_index(name)
            if not dry_run:
                note(f"{number} of {len(names)}: {name}")
        return rebuilt

    rebuilt = ask(url, run)
    if as_json:
        print_json(
            {n: None if r is None else r.model_dump(mode="json") for n, r in rebuilt.items()}
        )
    else:
        for name, each in rebuilt.items():
            typer.echo(f"{name}: {_done(each)}")
    if not all(each is None or each.holds_vectors for each in rebuilt.values()):
        note(_WORDS_ONLY)


async def _names(client: "AsyncClient", bank: str | None) -> list[str]:
    from memsvc.cli.connection import collect

    if bank is not None:
        return [bank]
    return [each.name for each in await collect(client.list_banks())]


def _show(state: "IndexState") -> None:
    from memsvc.cli.output import print_table

    rows = [
        (
            str(each.bank_id),
            str(each.memories),
            _or_dash(each.vectors),
            each.structure or "-",
            _or_dash(each.structure_recall),
            "-" if each.snapshot_at is None else f"{each.snapshot_at:%Y-%m-%d %H:%M}",
        )
        for each in state.banks
    ]
    print_table(("bank", "memories", "vectors", "structure", "recall", "snapshot"), rows)
    holds = "words and vectors" if state.holds_vectors else "words"
    typer.echo(
        f"{state.backend}: {len(rows)} banks in memory with their {holds};"
        f" {state.bytes} bytes in all"
    )
    if state.measured_recall is not None:
        typer.echo(f"recall {state.measured_recall:.4f} in {state.checks} checked answers")
    for follower in state.followers:
        typer.echo(
            f"follower {follower.name} ({follower.kind}): applied below {follower.horizon},"
            f" heard of at {follower.heartbeat_at:%H:%M:%S}"
        )
    for each in state.server:
        what = f"{each.vectors} vectors, {each.bytes} bytes, {each.backend} on {each.device}"
        typer.echo(f"server, {each.model_id}: {each.failure or what}")


def _done(rebuilt: "RebuiltIndex | None") -> str:
    if rebuilt is None:
        return "would be rebuilt"
    done = f"rebuilt, {rebuilt.memories} memories"
    if rebuilt.server_loaded is False:
        done += "; the index server is still loading, PostgreSQL answers until then"
    return done


def _or_dash(number: float | None) -> str:
    return "-" if number is None else f"{number:g}"


def _show_outcome(name: str, outcome: "IndexVerification") -> None:
    typer.echo(
        f"{name}: {outcome.mismatch_count} mismatches in {outcome.memories} memories"
        f" and {outcome.vectors} vectors ({', '.join(outcome.compared)}),"
        f" {outcome.in_motion} memories changing"
    )
    for each in outcome.mismatches:
        what = "words" if each.vector_id is None else f"vector {each.vector_id}"
        memory = each.memory_id or "unknown"
        typer.echo(f"  {each.fault} in {each.holder}: {what} of memory {memory}")
