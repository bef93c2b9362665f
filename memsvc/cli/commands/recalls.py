"""`memsvc recalls`: past questions with what answered them, and how good the answers were."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import Feedback, RecordedRecall
    from pydantic import JsonValue

app = typer.Typer(
    help="Past questions with what answered them, and how good the answers were.",
    no_args_is_help=True,
)

RecallId = Annotated[str, typer.Argument(metavar="RECALL", help="Id of the recall.")]


@app.command("list")
def list_recalls(
    bank: Bank,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List recorded recalls, newest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    found = ask(url, lambda client: collect(client.bank(bank).recalls(), limit=limit))
    print_records(found, as_json=as_json, show=_show_recalls)


@app.command()
def show(bank: Bank, recall: RecallId, *, url: Url = None, as_json: AsJson = False) -> None:
    """Show a recorded recall: what was asked, with what, and which memories answered."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).recorded_recall(recall))
    print_record(found, as_json=as_json, show=_show_recall)


@app.command()
def feedback(  # noqa: PLR0913 — a command's options
    bank: Bank,
    recall: RecallId,
    *,
    helped: Annotated[
        list[str] | None,
        typer.Option("--helped", metavar="ID", help="A memory that was of use; may be repeated."),
    ] = None,
    misled: Annotated[
        list[str] | None,
        typer.Option("--misled", metavar="ID", help="One that led astray; may be repeated."),
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", help="In which each memory counts once.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Say which memories of an answer were of use: those fade later, misleading ones sooner."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    if not helped and not misled:
        raise typer.BadParameter("name a memory with --helped or --misled")
    given = ask(
        url,
        lambda client: client.bank(bank).feedback(
            recall, helped=helped or (), misled=misled or (), session_id=session
        ),
    )
    print_record(given, as_json=as_json, show=lambda each: _show_feedback(bank, each))


def _show_recalls(recalls: "Sequence[RecordedRecall]") -> None:
    from memsvc.cli.output import moment, print_table

    print_table(
        ("id", "at", "hits", "question"),
        (
            (
                str(each.id),
                moment(each.now),
                str(sum(hit.dropped_for is None for hit in each.hits)),
                each.query,
            )
            for each in recalls
        ),
    )


def _show_recall(recall: "RecordedRecall") -> None:
    from memsvc.cli.output import compact_json, moment, print_fields, print_table

    given: JsonValue = {name: value for name, value in recall.parameters.items() if value}
    print_fields(
        [
            ("question", recall.query),
            ("answered as of", moment(recall.now)),
            ("by", recall.actor),
            ("mode", recall.mode),
            ("index", recall.backend),
            ("parameters", compact_json(given)),
            ("arms", compact_json(dict(recall.arms))),
        ]
    )
    print_table(
        ("memory", "version", "score", "not shown for"),
        (
            (
                str(each.memory_id),
                None if each.version is None else str(each.version),
                f"{each.score:.3f}",
                each.dropped_for,
            )
            for each in recall.hits
        ),
    )


def _show_feedback(bank: str, given: "Feedback") -> None:
    from memsvc.cli.output import print_table

    print_table(
        ("memory", "judged", "", "strength"),
        (
            (str(each.memory_id), each.cause, each.status.replace("_", " "), f"{each.strength:g}")
            for each in given.memories
        ),
    )
    if given.operation_id is not None:
        typer.echo(f"To take it back: memsvc operations undo {bank} {given.operation_id}")
