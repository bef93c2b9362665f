"""`memsvc erasures`: what was erased, and whether a receipt is genuine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.commands.erase import Memories, Session, User, show_erasure, subject_of
from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memsvc_client import Erasure
    from pydantic import JsonValue

    from memsvc.domain.erasure import Subject

app = typer.Typer(
    help="What was erased: `memsvc erase` erases, the receipts stay.", no_args_is_help=True
)


@app.command("list")
def list_erasures(
    bank: Bank,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the erasures of a bank, newest first."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    found = ask(url, lambda client: collect(client.bank(bank).erasures(), limit=limit))
    print_records(found, as_json=as_json, show=_show)


@app.command()
def show(
    bank: Bank,
    erasure: Annotated[str, typer.Argument(metavar="ERASURE", help="Id of the erasure.")],
    *,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show an erasure; --json prints its signed receipt too."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).erasure(erasure))
    print_record(found, as_json=as_json, show=show_erasure)


@app.command()
def key(*, url: Url = None, as_json: AsJson = False) -> None:
    """Print the public key that receipts are checked with; keep it somewhere else."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.erasure_key())
    print_record(found, as_json=as_json, show=lambda each: typer.echo(each.public_key))


@app.command()
def verify(  # noqa: PLR0913 — a command's options
    receipt: Annotated[
        Path, typer.Argument(metavar="RECEIPT", help="File with a receipt.", exists=True)
    ],
    *,
    key: Annotated[
        str,
        typer.Option(
            "--key", metavar="KEY", help="The public key, base64, or a file that holds it."
        ),
    ],
    user: User = None,
    session: Session = None,
    memory: Memories = None,
    bank: Annotated[
        str | None, typer.Option("--bank", metavar="ID", help="The bank, whole, by its id.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the signature of a receipt, and whose data it is about if you name somebody.

    Asks no service. Exit code 1 if the receipt is not what the key has signed.
    """
    from memsvc.cli.failures import CommandError
    from memsvc.cli.output import print_json
    from memsvc.domain.erasure import concerns, is_authentic

    envelope = _read(receipt)
    if not is_authentic(envelope, _key_of(key)):
        raise CommandError(f"{receipt} was not signed with this key, or was changed since.")
    document = envelope["receipt"]
    assert isinstance(document, dict)  # noqa: S101 — what is authentic has one
    if user is not None or session is not None or memory or bank is not None:
        subject = _subject(user, session, memory, bank)
        if not concerns(document, subject):
            raise CommandError("The receipt is genuine, but is not about this subject.")
    if as_json:
        print_json(document)
    else:
        _show_document(document)


def _read(receipt: Path) -> "dict[str, JsonValue]":
    import json

    from memsvc.cli.failures import CommandError

    try:
        read = json.loads(receipt.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{receipt} holds no JSON: {error}") from error
    if not isinstance(read, dict):
        raise CommandError(f"{receipt} holds no receipt.")
    return read


def _key_of(key: str) -> str:
    file = Path(key)
    return file.read_text(encoding="utf-8").strip() if file.is_file() else key


def _subject(
    user: str | None, session: str | None, memory: list[str] | None, bank: str | None
) -> "Subject":
    from memsvc.domain.erasure import Subject, SubjectKind

    asked = subject_of(user, session, memory, whole=bank is not None)
    if asked is None:
        return Subject(kind=SubjectKind.BANK, values=[str(bank).lower()])
    if "user_id" in asked:
        return Subject(kind=SubjectKind.USER, values=[asked["user_id"]])
    if "session_id" in asked:
        return Subject(kind=SubjectKind.SESSION, values=[asked["session_id"]])
    return Subject(
        kind=SubjectKind.MEMORIES, values=sorted({each.lower() for each in memory or ()})
    )


def _show(found: "Sequence[Erasure]") -> None:
    from memsvc.cli.output import moment, print_table

    print_table(
        ("id", "state", "memories", "asked for", "searched", "by"),
        (
            (
                str(each.id),
                each.state,
                str(each.memories),
                moment(each.recorded_at),
                moment(each.finished_at),
                each.actor,
            )
            for each in found
        ),
    )


def _show_document(document: "Mapping[str, JsonValue]") -> None:
    from memsvc.cli.output import compact_json, print_fields

    typer.echo("The receipt is genuine.")
    names = ("erasure_id", "bank_id", "state", "memories", "asked_at", "verified_at", "backups")
    print_fields((name.replace("_", " "), _plain(document.get(name))) for name in names)
    searched = document.get("verification")
    if isinstance(searched, dict):
        told = ((name, compact_json(searched.get(name))) for name in ("leftovers", "pending"))
        print_fields(told)


def _plain(value: "JsonValue") -> str:
    return "-" if value is None else str(value)
