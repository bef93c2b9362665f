"""`memsvc replay`: ask a recorded recall again, and see what is different."""

from typing import TYPE_CHECKING

import typer

from memsvc.cli.commands.recalls import RecallId
from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import ComparedMemory, Place, Replay

_WORDS = {
    "new": "stored since",
    "edited": "has a newer version",
    "restored": "was not active then",
    "hidden": "is {state} now",
    "gone": "there is none any more",
    "filtered": "the filter does not let it through any more",
    "budget": "does not fit the budget",
    "outranked": "others come before it now",
    "came_up": "others left or count less",
    "score": "another score",
    "annotated": "its metadata or pin were changed",
}


def replay(bank: Bank, recall: RecallId, *, url: Url = None, as_json: AsJson = False) -> None:
    """Ask a recorded recall again as of its instant: the same answer, or what differs and why.

    `memsvc recalls list BANK` names those that were recorded. Nothing is changed.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).replay(recall))
    print_record(found, as_json=as_json, show=_show)


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
