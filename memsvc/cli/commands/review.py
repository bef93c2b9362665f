"""`memsvc review`: pairs that may be duplicates, for a person to decide about."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, Review

app = typer.Typer(
    help="Memories that may say the same, entities that may be one: `memsvc consolidate` asks.",
    no_args_is_help=True,
)

ReviewId = Annotated[str, typer.Argument(metavar="REVIEW", help="Id of the pair.")]


@app.command("list")
def list_reviews(
    bank: Bank,
    *,
    state: Annotated[
        str, typer.Option("--state", help="open, accepted or rejected.", show_default=True)
    ] = "open",
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List pairs with their texts, newest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_json

    async def read(client: "AsyncClient") -> "list[tuple[Review, tuple[str, ...]]]":
        asked = client.bank(bank)
        found = await collect(asked.reviews(state=state), limit=limit)
        return [
            (each, tuple([(await asked.get(one)).text for one in each.memory_ids or ()]))
            if each.names is None
            else (each, each.names)
            for each in found
        ]

    found = ask(url, read)
    if as_json:
        print_json([{**each.model_dump(mode="json"), "texts": [*texts]} for each, texts in found])
        return
    _show(found)


@app.command()
def accept(bank: Bank, review: ReviewId, *, url: Url = None, as_json: AsJson = False) -> None:
    """Merge a pair."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    decided = ask(url, lambda client: client.bank(bank).accept_review(review))
    print_record(
        decided,
        as_json=as_json,
        show=lambda each: typer.echo(
            f"Merged. To have both back: memsvc operations undo {bank} {each.operation_id}"
        ),
    )


@app.command()
def reject(bank: Bank, review: ReviewId, *, url: Url = None, as_json: AsJson = False) -> None:
    """Keep a pair apart; it is not proposed again while both texts stay as they are."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    decided = ask(url, lambda client: client.bank(bank).reject_review(review))
    print_record(decided, as_json=as_json, show=lambda _: typer.echo("Both stay."))


def _show(found: "list[tuple[Review, tuple[str, ...]]]") -> None:
    from memsvc.cli.output import print_table

    print_table(
        ("id", "kind", "score", "state", "one", "other"),
        (
            (str(each.id), each.kind, f"{each.score:.3f}", each.state, *texts)
            for each, texts in found
        ),
    )
