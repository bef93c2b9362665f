"""`memsvc portrait`: what a user says of themselves."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import Portrait


def portrait(
    bank: Bank,
    user: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    *,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what a user says of themselves; `memsvc consolidate` makes and renews it."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).portrait(user))
    print_record(found, as_json=as_json, show=_show)


def _show(found: "Portrait") -> None:
    from memsvc.cli.output import moment, note, print_table

    print_table(
        ("topic", "statement", "said on", "memory"),
        (
            (each.topic, each.text, f"{each.said_on}", "\n".join(map(str, each.evidence)))
            for each in found.lines
        ),
    )
    note(f"edition {found.editions}, made {moment(found.made_at)}; kept as {found.memory_id}")
