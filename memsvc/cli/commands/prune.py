"""`memsvc prune` and `memsvc restore`: archive what has faded, and have it back."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, PolicyFile, Url

if TYPE_CHECKING:
    from memsvc_client import (
        AsyncClient,
        Fate,
        Job,
        Operation,
        RetentionPolicy,
        Sweep,
        SweepPreview,
    )
    from pydantic import JsonValue

_EXAMPLES = 10
_REASONS = {"faded": "faded", "over_capacity": "over capacity", "too_old": "too old"}
_DONE = {"faded": "archived", "over_capacity": "archived", "too_old": "expired for good"}
_PLANNED = {
    "faded": "to be archived",
    "over_capacity": "to be archived",
    "too_old": "to expire for good",
}

Now = Annotated[
    datetime | None,
    typer.Option(
        "--now",
        metavar="TIME",
        formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"],
        help="As of when, in UTC if no offset is given; by default the present.",
    ),
]


def prune(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    policy: PolicyFile = None,
    now: Now = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be archived, and why.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Archive what has faded by the bank's retention policy; one command has it all back.

    With --dry-run every memory that would leave recall is listed with what it retains.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_json
    from memsvc.cli.policies import read_policy

    given, at = read_policy(policy), _in_utc(now)
    if dry_run:
        plan, fates = ask(url, lambda client: _whole_plan(client, bank, given, at))
        if as_json:
            listed: list[JsonValue] = [each.model_dump(mode="json") for each in fates]
            print_json({**plan.model_dump(mode="json", exclude=_PAGING), "items": listed})
        else:
            _show_plan(plan, fates)
        return
    plan = ask(url, lambda client: client.bank(bank).preview_prune(policy=given, now=at))
    if not as_json:
        _show_plan(plan, plan.items[:_EXAMPLES])
    if plan.leaving and not yes:
        typer.confirm(f"Prune {plan.leaving} memories of {bank}?", abort=True, err=True)
    if not plan.leaving:
        if as_json:
            print_json(plan.model_dump(mode="json", exclude=_PAGING))
        return
    _carry_out(bank, given, plan.now, url, as_json=as_json)


def restore(
    bank: Bank,
    memories: Annotated[
        list[str] | None, typer.Argument(metavar="[MEMORY]...", help="Ids of memories.")
    ] = None,
    *,
    operation: Annotated[
        str | None, typer.Option("--operation", metavar="ID", help="Everything a sweep archived.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Bring archived memories back: some of them, or all that one operation archived."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_json, print_record

    if (operation is None) == (not memories):
        raise typer.BadParameter("give memories, or --operation with a sweep's id")
    if operation is not None:
        undone = ask(url, lambda client: client.bank(bank).undo(operation))
        print_record(undone, as_json=as_json, show=_show_restored)
        return

    async def each_one(client: "AsyncClient") -> list[str]:
        found = [await client.bank(bank).restore(memory) for memory in memories or ()]
        return [str(memory.id) for memory in found]

    restored = ask(url, each_one)
    if as_json:
        print_json({"restored": [*restored]})
    else:
        typer.echo(f"{len(restored)} memories are active again.")


_PAGING = {"items", "has_more", "next_cursor"}


def _carry_out(
    bank: str, policy: "RetentionPolicy | None", now: datetime, url: str | None, *, as_json: bool
) -> None:
    from memsvc.cli.connection import ask
    from memsvc.cli.failures import CommandError
    from memsvc.cli.output import print_json
    from memsvc.cli.progress import followed, progress_bar

    async def run(client: "AsyncClient") -> "tuple[Sweep, Job, Operation]":
        sweep = await client.bank(bank).prune(policy=policy, now=now)
        with progress_bar("pruning") as advance:
            job = await followed(client, sweep.job_id, advance)
        return sweep, job, await client.bank(bank).operation(sweep.operation_id)

    sweep, job, done = ask(url, run, works=True)
    if as_json:
        print_json(
            {
                **sweep.model_dump(mode="json"),
                "state": job.state,
                "operation": done.model_dump(mode="json"),
            }
        )
    else:
        _show_done(bank, done)
    if job.state != "succeeded":
        raise CommandError(f"The sweep is not done: its job {job.id} is {job.state}.")


async def _whole_plan(
    client: "AsyncClient", bank: str, policy: "RetentionPolicy | None", now: datetime | None
) -> "tuple[SweepPreview, list[Fate]]":
    plan = await client.bank(bank).preview_prune(policy=policy, now=now)
    fates, page = [*plan.items], plan
    while page.has_more:
        page = await client.bank(bank).preview_prune(
            policy=policy, now=plan.now, cursor=page.next_cursor
        )
        fates += page.items
    return plan, fates


def _show_plan(plan: "SweepPreview", fates: "list[Fate] | tuple[Fate, ...]") -> None:
    from memsvc.cli.output import moment, print_table

    if fates:
        print_table(
            ("memory", "kind", "retention", "threshold", "age", "strength", "why"),
            (
                (
                    str(each.memory_id),
                    each.kind,
                    f"{each.retention:.4f}",
                    f"{each.threshold:g}",
                    f"{each.age_days:.1f} days",
                    f"{each.strength:g}",
                    each.reason,
                )
                for each in fates
            ),
        )
    if len(fates) < plan.leaving:
        typer.echo(f"and {plan.leaving - len(fates)} more")
    for reason, count in sorted(plan.reasons.items()):
        typer.echo(f"{count} {_REASONS.get(reason, reason)}: {_PLANNED.get(reason, 'to go')}")
    if not plan.leaving:
        typer.echo("Nothing has faded.")
    typer.echo(f"{plan.staying} of {plan.examined} memories stay, as of {moment(plan.now)}.")


def _show_done(bank: str, operation: "Operation") -> None:
    details = operation.details or {}
    for reason, said in _REASONS.items():
        if count := details.get(reason):
            typer.echo(f"{count} {said}: {_DONE[reason]}")
    typer.echo(f"To have what was archived back: memsvc restore {bank} --operation {operation.id}")


def _show_restored(undone: "Operation") -> None:
    typer.echo(f"{undone.effect_count} memories are active again (operation {undone.id}).")


def _in_utc(now: datetime | None) -> datetime | None:
    from datetime import UTC

    return now.replace(tzinfo=UTC) if now is not None and now.tzinfo is None else now
