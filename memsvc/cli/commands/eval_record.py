"""`memsvc eval record`: what was said of real answers becomes questions to measure with."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.commands.eval_run import OutFile
from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc.cli.evaluation.recording import Collected


def record(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    out: OutFile,
    recalls: Annotated[
        int, typer.Option("--recalls", min=1, help="How many of the newest to look at.")
    ] = 5000,
    with_text: Annotated[
        bool, typer.Option("--with-text", help="Write the questions, not where they are kept.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Make golden cases of recorded recalls with feedback: what helped is expected.

    Without --with-text the file holds no text: questions are looked up when they are asked, as long
    as their recalls are kept.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.evaluation.recording import collect_cases
    from memsvc.cli.evaluation.results import write_file
    from memsvc.cli.output import print_json

    found = ask(url, lambda client: collect_cases(client.bank(bank), recalls, with_text=with_text))
    if not dry_run:
        write_file(out, found.written())
    if as_json:
        print_json(found.as_json())
    else:
        _show(found, bank)


def _show(found: "Collected", bank: str) -> None:
    typer.echo(f"{len(found.lines)} questions of {found.recalls} recorded recalls.")
    for why, count in found.left_out.most_common():
        typer.echo(f"Left out: {count} {why}.")
    if not found.lines:
        typer.echo(f"Feedback makes some: memsvc recalls feedback {bank} RECALL --helped MEMORY")
