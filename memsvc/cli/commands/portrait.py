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
    versions: Annotated[
        bool, typer.Option("--versions", help="List every edition, newest first.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what a user says of themselves; `memsvc consolidate` makes and renews it."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    if versions:
        _list(url, bank, user, as_json=as_json)
        return
    found = ask(url, lambda client: client.bank(bank).portrait(user))
    print_record(found, as_json=as_json, show=_show)


def _list(url: str | None, bank: str, user: str, *, as_json: bool) -> None:
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import moment, print_json, print_table

    found = ask(url, lambda client: collect(client.bank(bank).portrait_versions(user), limit=500))
    if as_json:
        print_json([each.model_dump(mode="json") for each in found])
        return
    print_table(
        ("edition", "state", "made", "memory", "text"),
        (
            (str(each.number), each.state, moment(each.made_at), str(each.memory_id), each.text)
            for each in found
        ),
    )


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
