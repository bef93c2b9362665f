"""`memsvc review`: pairs that may be duplicates, for a person to decide about."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, Memory, Review

app = typer.Typer(
    help="Pairs of memories that may say the same: `memsvc consolidate` proposes them.",
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

    async def read(client: "AsyncClient") -> "list[tuple[Review, Memory, Memory]]":
        asked = client.bank(bank)
        found = await collect(asked.reviews(state=state), limit=limit)
        return [
            (each, await asked.get(each.memory_ids[0]), await asked.get(each.memory_ids[1]))
            for each in found
        ]

    found = ask(url, read)
    if as_json:
        print_json(
            [
                {**each.model_dump(mode="json"), "texts": [one.text, other.text]}
                for each, one, other in found
            ]
        )
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


def _show(found: "list[tuple[Review, Memory, Memory]]") -> None:
    from memsvc.cli.output import print_table

    print_table(
        ("id", "score", "state", "older", "newer"),
        (
            (str(each.id), f"{each.score:.3f}", each.state, one.text, other.text)
            for each, one, other in found
        ),
    )
