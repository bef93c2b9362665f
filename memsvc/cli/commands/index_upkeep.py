"""`memsvc index status`, `verify` and `rebuild`: the copies that a service answers from."""

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
    """Show which banks the service holds in memory."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    print_record(ask(url, lambda client: client.index_state()), as_json=as_json, show=_show)


def verify(bank: OneBank = None, url: Url = None, as_json: AsJson = False) -> None:
    """Compare the service's copies with PostgreSQL; the exit code is 1 if they differ."""
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
            done = "would be rebuilt" if each is None else f"rebuilt, {each.memories} memories"
            typer.echo(f"{name}: {done}")
    if not all(each is None or each.holds_vectors for each in rebuilt.values()):
        note(_WORDS_ONLY)


async def _names(client: "AsyncClient", bank: str | None) -> list[str]:
    from memsvc.cli.connection import collect

    if bank is not None:
        return [bank]
    return [each.name for each in await collect(client.list_banks())]


def _show(state: "IndexState") -> None:
    from memsvc.cli.output import print_table

    rows = [(str(each.bank_id), str(each.memories)) for each in state.banks]
    print_table(("bank", "memories"), rows)
    holds = "words and vectors" if state.holds_vectors else "words"
    typer.echo(f"{len(rows)} banks in memory with their {holds}; {state.bytes} bytes in all")


def _show_outcome(name: str, outcome: "IndexVerification") -> None:
    typer.echo(
        f"{name}: {outcome.mismatch_count} mismatches in {outcome.memories} memories"
        f" and {outcome.vectors} vectors, {outcome.in_motion} memories changing"
    )
    for each in outcome.mismatches:
        what = "words" if each.vector_id is None else f"vector {each.vector_id}"
        typer.echo(f"  {each.fault} {what} of memory {each.memory_id or 'unknown'}")
