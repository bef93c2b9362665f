"""`memsvc replay`: ask a recorded recall again, and see what is different."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, ComparedMemory, Place, Replay

_WORDS = {
    "new": "stored since",
    "edited": "has a newer version",
    "restored": "was not active then",
    "hidden": "is {state} now",
    "gone": "there is none any more",
    "filtered": "the filter does not let it through any more",
    "budget": "does not fit the budget",
    "outranked": "others come before it now",
    "sifted": "the language model leaves it out now",
    "unsifted": "the language model had left it out",
    "came_up": "others left or count less",
    "score": "another score",
    "annotated": "its metadata or pin were changed",
}


Names = Annotated[
    list[str],
    typer.Argument(metavar="[BANK] RECALL", help="Id of the recall; its bank makes it quicker."),
]
_MOST_NAMES = 2


def replay(names: Names, *, url: Url = None, as_json: AsJson = False) -> None:
    """Ask a recorded recall again as of its instant: the same answer, or what differs and why.

    `memsvc recalls list BANK` names those that were recorded. Without a bank, each is looked into.
    Nothing is changed.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    if len(names) > _MOST_NAMES:
        raise typer.BadParameter("give the recall, or its bank and the recall")
    *bank, recall = names

    async def work(client: "AsyncClient") -> "Replay":
        where = bank[0] if bank else await _bank_of(client, recall)
        return await client.bank(where).replay(recall)

    print_record(ask(url, work), as_json=as_json, show=_show)


async def _bank_of(client: "AsyncClient", recall: str) -> str:
    """Return the bank that a recall was recorded of; raises ``CommandError``."""
    from memsvc_client import RecallNotFoundError

    from memsvc.cli.failures import CommandError

    async for bank in client.list_banks():
        try:
            await client.bank(bank.id).recorded_recall(recall)
        except RecallNotFoundError:
            continue
        return str(bank.id)
    raise CommandError(f"No bank has a recorded recall {recall}.")


def _show(replayed: "Replay") -> None:
    from memsvc.cli.output import moment, print_table, safe

    typer.echo(f"{safe(replayed.query)} (as of {moment(replayed.now)})")
    if replayed.same:
        typer.echo(f"The same answer: {len(replayed.memories)} memories.")
    else:
        print_table(
            ("memory", "then", "now", "why"),
            (
                (str(each.memory_id), _place(each.then), _place(each.now), _why(each))
                for each in replayed.memories
            ),
        )
    for each in replayed.circumstances:
        typer.echo(f"{each.name}: {safe(each.then)} then, {safe(each.now)} now")


def _place(place: "Place | None") -> str | None:
    return None if place is None else f"{place.rank}. {place.score:.3f}"


def _why(memory: "ComparedMemory") -> str:
    told = [_WORDS.get(reason, reason).format(state=memory.state) for reason in memory.reasons]
    parts = [f"{each.name} {_number(each.then)} → {_number(each.now)}" for each in memory.parts]
    return ", ".join(told + parts) or "same"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
