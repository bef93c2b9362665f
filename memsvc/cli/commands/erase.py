"""`memsvc erase`: remove somebody's data for good, and keep the receipt."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from uuid import UUID

    from memsvc_client import AsyncClient, Erasure, Job
    from memsvc_client.erasures import Subject

User = Annotated[str | None, typer.Option("--user", metavar="ID", help="All of this user.")]
Session = Annotated[
    str | None, typer.Option("--session", metavar="ID", help="All of this session.")
]
Memories = Annotated[
    list[str] | None,
    typer.Option("--memory", metavar="ID", help="A memory by id; can be given several times."),
]


def erase(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    user: User = None,
    session: Session = None,
    memory: Memories = None,
    whole: Annotated[
        bool, typer.Option("--bank", help="Everything, and the bank with it, as `bank delete`.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many memories that is.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="Write the signed receipt to a new file."),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Erase what a user or a session said, some memories or the bank, for good; nothing undoes it.

    Versions, vectors, notes, history and what was made from them go too. Then every table is
    searched, and what was found is signed.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.failures import CommandError
    from memsvc.cli.output import print_json, print_record

    subject = subject_of(user, session, memory, whole=whole)
    _check_free(receipt)
    memories = ask(url, lambda client: _count(client, bank, subject))
    what = "and the bank" if subject is None else "and what was made from them"
    said = f"{memories} memories of {bank}, {what}"
    if dry_run:
        if as_json:
            print_json({"memories": memories})
        else:
            typer.echo(f"Would erase {said}.")
        return
    if not yes:
        typer.confirm(f"Erase {said}, for good?", abort=True, err=True)
    erasure, job = _carry_out(bank, subject, url)
    if receipt is not None and erasure.receipt is not None:
        _write(receipt, erasure)
    print_record(erasure, as_json=as_json, show=show_erasure)
    if erasure.state != "complete":
        raise CommandError(
            f"The erasure is {erasure.state}: its job {job.id} is {job.state}."
            f" {job.reason or ''} `memsvc jobs retry {job.id}` tries again."
        )


def subject_of(
    user: str | None, session: str | None, memory: list[str] | None, *, whole: bool
) -> "Subject | None":
    """Return whose data is meant, ``None`` for the ``whole`` bank.

    A usage error unless exactly one is given.
    """
    given: list[Subject] = []
    if user is not None:
        given.append({"user_id": user})
    if session is not None:
        given.append({"session_id": session})
    if memory:
        given.append({"memory_ids": memory})
    if len(given) + whole != 1:
        raise typer.BadParameter("give exactly one of --user, --session, --memory and --bank")
    return None if whole else given[0]


def show_erasure(erasure: "Erasure") -> None:
    """Print an erasure for people."""
    from memsvc.cli.output import moment, print_fields

    removed = (f"{number} {table}" for table, number in sorted(erasure.removed.items()) if number)
    print_fields(
        (
            ("id", str(erasure.id)),
            ("state", erasure.state),
            ("memories", str(erasure.memories)),
            ("removed", ", ".join(removed) or "nothing"),
            ("asked for", moment(erasure.recorded_at)),
            ("searched", moment(erasure.finished_at)),
        )
    )


async def _count(client: "AsyncClient", bank: str, subject: "Subject | None") -> int:
    if subject is None:
        return (await client.get_bank(bank)).memory_count
    return (await client.bank(bank).preview_erasure(**subject)).memories


def _carry_out(bank: str, subject: "Subject | None", url: str | None) -> "tuple[Erasure, Job]":
    from memsvc.cli.connection import ask
    from memsvc.cli.progress import followed, progress_bar

    async def run(client: "AsyncClient") -> "tuple[Erasure, Job]":
        reference, job_id = await _start(client, bank, subject)
        with progress_bar("erasing") as advance:
            job = await followed(client, job_id, advance)
        return await _erasure_by(client, reference, job), job

    return ask(url, run, works=True)


async def _start(
    client: "AsyncClient", bank: str, subject: "Subject | None"
) -> "tuple[str | UUID, UUID]":
    """Return what the bank is known by from now on, and the job."""
    if subject is not None:
        return bank, (await client.bank(bank).erase(**subject)).job_id
    # A bank that is gone is only known by its id.
    bank_id = (await client.get_bank(bank)).id
    return bank_id, (await client.delete_bank(bank_id)).id


async def _erasure_by(client: "AsyncClient", bank: "str | UUID", job: "Job") -> "Erasure":
    from memsvc.cli.failures import CommandError

    async for erasure in client.bank(bank).erasures():
        if erasure.job_id == job.id:
            return erasure
    raise CommandError(f"The job {job.id} has left no receipt.")


def _check_free(receipt: Path | None) -> None:
    # Before anything is erased: a receipt that cannot be written is noticed too late.
    if receipt is None:
        return
    if receipt.exists():
        raise typer.BadParameter(f"{receipt} exists already", param_hint="--receipt")
    if not receipt.absolute().parent.is_dir():
        raise typer.BadParameter(
            f"{receipt.absolute().parent} is no folder", param_hint="--receipt"
        )


def _write(receipt: Path, erasure: "Erasure") -> None:
    import json

    from memsvc.cli.output import note

    text = json.dumps(erasure.receipt, indent=2, ensure_ascii=False) + "\n"
    with receipt.open("x", encoding="utf-8") as file:
        file.write(text)
    note(f"receipt written to {receipt}")
