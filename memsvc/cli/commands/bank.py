"""`memsvc bank`: the banks that memories are kept in."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.commands.reembed import models, reembed
from memsvc.cli.options import AsJson, Bank, Metadata, Url, arms_off_of, fact_policy_of

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, BankInfo, Job

app = typer.Typer(help="Banks: where memories are kept.", no_args_is_help=True)
app.command()(reembed)
app.command()(models)

Description = Annotated[str | None, typer.Option("--description", help="What it is for.")]
Language = Annotated[
    str | None,
    typer.Option("--language", metavar="CODE", help="ISO 639-1 code of its texts, or auto."),
]
FactPolicy = Annotated[
    str | None,
    typer.Option(
        "--fact-policy",
        metavar="supersede|append_only|fuse",
        help="What becomes of a fact where another holds later in its place.",
    ),
]
ArmsOff = Annotated[
    str | None,
    typer.Option(
        "--arms-off",
        metavar="ARM,…|none",
        help="Arms that recalls do not ask unless they name them: dense, lexical, episode,"
        " contiguity, links, graph.",
    ),
]
_POLL_S = 0.2


@app.command("list")
def list_banks(url: Url = None, as_json: AsJson = False) -> None:
    """List all banks."""
    from memsvc.cli.connection import ask, collect
    from memsvc.cli.output import print_records

    banks = ask(url, lambda client: collect(client.list_banks()))
    print_records(banks, as_json=as_json, show=_show_banks)


@app.command()
def create(  # noqa: PLR0913 — a command's options
    bank: Annotated[str, typer.Argument(metavar="NAME", help="Of a-z, 0-9, dot, _ and -.")],
    *,
    description: Description = None,
    language: Language = None,
    metadata: Metadata = None,
    fact_policy: FactPolicy = None,
    exist_ok: Annotated[
        bool, typer.Option("--exist-ok", help="Do nothing if there is one of this name.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Create a bank."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    policy = fact_policy_of(fact_policy)
    created = ask(
        url,
        lambda client: client.create_bank(
            bank,
            exist_ok=exist_ok,
            description=description,
            language=language,
            metadata=metadata,
            fact_policy=policy,
        ),
    )
    print_record(created, as_json=as_json, show=_show_bank)


@app.command()
def show(bank: Bank, url: Url = None, as_json: AsJson = False) -> None:
    """Show a bank."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.get_bank(bank))
    print_record(found, as_json=as_json, show=_show_bank)


@app.command()
def update(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    description: Description = None,
    language: Language = None,
    metadata: Metadata = None,
    fact_policy: FactPolicy = None,
    arms_off: ArmsOff = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Change a bank; what is not given stays, metadata are replaced as a whole."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    policy = fact_policy_of(fact_policy)
    given = (description, language, metadata, policy, arms_off)
    if all(each is None for each in given):
        raise typer.BadParameter(
            "give --description, --language, --metadata, --fact-policy or --arms-off"
        )
    changed = ask(
        url,
        lambda client: client.update_bank(
            bank,
            description=description,
            language=language,
            metadata=metadata,
            fact_policy=policy,
            arms_off=arms_off_of(arms_off),
        ),
    )
    print_record(changed, as_json=as_json, show=_show_bank)


@app.command()
def delete(
    bank: Bank,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    wait: Annotated[
        bool, typer.Option(help="Wait until its content is physically removed.")
    ] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Delete a bank with everything in it, for good."""
    from memsvc.cli.connection import ask
    from memsvc.cli.failures import CommandError
    from memsvc.cli.output import print_record

    if not yes:
        typer.confirm(f"Delete the bank {bank} and everything in it?", abort=True, err=True)

    async def run(client: "AsyncClient") -> "Job":
        job = await client.delete_bank(bank)
        while wait and job.is_open:
            await asyncio.sleep(_POLL_S)
            job = await client.get_job(job.id)
        return job

    job = ask(url, run, works=wait)
    print_record(job, as_json=as_json, show=_show_deletion)
    if wait and job.state != "succeeded":
        raise CommandError(f"The bank's content is not removed: the job {job.id} is {job.state}.")


def _show_deletion(job: "Job") -> None:
    typer.echo(f"The bank is gone; the removal of its content (job {job.id}) is {job.state}.")


def _show_banks(banks: Sequence["BankInfo"]) -> None:
    from memsvc.cli.output import moment, print_table

    columns = ("name", "memories", "language", "model", "updated", "description")
    print_table(
        columns,
        (
            (
                bank.name,
                str(bank.memory_count),
                bank.language,
                f"{bank.embedding_model.dimension} dimensions",
                moment(bank.updated_at),
                bank.description,
            )
            for bank in banks
        ),
    )


def _show_bank(bank: "BankInfo") -> None:
    from memsvc.cli.output import compact_json, moment, print_fields

    print_fields(
        (
            ("name", bank.name),
            ("id", str(bank.id)),
            ("description", bank.description),
            ("language", bank.language),
            ("facts", bank.fact_policy),
            ("arms off", ", ".join(bank.arms_off)),
            ("memories", str(bank.memory_count)),
            ("state", bank.state),
            ("model", f"{bank.embedding_model.id}, {bank.embedding_model.dimension} dimensions"),
            ("metadata", compact_json(dict(bank.metadata))),
            ("created", moment(bank.created_at)),
            ("updated", moment(bank.updated_at)),
        )
    )
