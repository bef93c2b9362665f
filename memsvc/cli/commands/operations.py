"""`memsvc operations`: what was done to a bank, and undoing it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, Effect, Operation
    from pydantic import JsonValue

app = typer.Typer(help="What was done to a bank, and undoing it.", no_args_is_help=True)

OperationId = Annotated[str, typer.Argument(metavar="OPERATION", help="Id of the operation.")]


@app.command("list")
def list_operations(
    bank: Bank,
    *,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only those of this kind, such as sweep.")
    ] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="ID", help="Only those that changed it.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List what was done to a bank, newest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    found = ask(
        url,
        lambda client: collect(
            client.bank(bank).operations(kind=kind, memory_id=memory), limit=limit
        ),
    )
    print_records(found, as_json=as_json, show=_show_operations)


@app.command()
def show(
    bank: Bank,
    operation: OperationId,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Changes shown at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show an operation and what it changed."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_json

    async def read(client: "AsyncClient") -> "tuple[Operation, list[Effect]]":
        found = await client.bank(bank).operation(operation)
        return found, await collect(client.bank(bank).effects(operation), limit=limit)

    found, effects = ask(url, read)
    if as_json:
        listed: list[JsonValue] = [each.model_dump(mode="json") for each in effects]
        print_json({**found.model_dump(mode="json"), "effects": listed})
        return
    _show_operations([found])
    _show_effects(effects)


@app.command()
def undo(bank: Bank, operation: OperationId, *, url: Url = None, as_json: AsJson = False) -> None:
    """Set everything again as it was before an operation, or say what has changed since."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    undone = ask(url, lambda client: client.bank(bank).undo(operation))
    print_record(undone, as_json=as_json, show=_show_undone)


def _show_operations(operations: "Sequence[Operation]") -> None:
    from memsvc.cli.output import moment, print_table

    print_table(
        ("id", "kind", "state", "changes", "by", "at", "reason"),
        (
            (
                str(each.id),
                each.kind,
                each.state,
                str(each.effect_count),
                each.actor,
                moment(each.recorded_at),
                each.reason,
            )
            for each in operations
        ),
    )


def _show_effects(effects: "Sequence[Effect]") -> None:
    from memsvc.cli.output import compact_json, print_table

    rows = (
        (str(each.target_id), each.aspect, compact_json(each.before), compact_json(each.after))
        for each in effects
    )
    print_table(("target", "aspect", "before", "after"), rows)


def _show_undone(undone: "Operation") -> None:
    typer.echo(
        f"Undone: {undone.effect_count} changes taken back by operation {undone.id}."
        " Undo that one to have them again."
    )
