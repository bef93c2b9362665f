"""`memsvc events`: where an episode is cut, and why there."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memsvc_client import AsyncClient, Event


def events(
    bank: Bank,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Name of the episode.")],
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 500,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the events of an episode: stretches that hang together, and why each begins."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import note, print_json

    async def read(client: "AsyncClient") -> "Sequence[Event]":
        return await collect(client.bank(bank).events(source), limit=limit)

    found = ask(url, read)
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    if not found:
        note(f"There is no episode {source!r} with memories in it.")
        return
    _show(found)


def _show(found: "Sequence[Event]") -> None:
    from memsvc.cli.output import print_table

    print_table(
        ("positions", "memories", "of", "begins by", "at", "surprise", "threshold", "first memory"),
        (
            (
                f"{each.first} to {each.last}",
                str(len(each.memory_ids)),
                " ".join(filter(None, (each.user_id, each.session_id))),
                each.begin,
                "" if each.at is None else str(each.at),
                _number(each.surprise),
                _number(each.threshold),
                str(each.memory_ids[0]),
            )
            for each in found
        ),
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
