"""`memsvc decay`: retention policies, and what will fade when."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient, BankPolicy, DecayReplay, Forecast

app = typer.Typer(help="Forgetting: policies and forecasts.", no_args_is_help=True)
policies = typer.Typer(help="The retention policy of a bank.", no_args_is_help=True)
app.add_typer(policies, name="policy")

_WEEK = 7


@policies.command()
def show(bank: Bank, *, url: Url = None, as_json: AsJson = False) -> None:
    """Show a bank's policy; without one nothing of it fades."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).retention_policy())
    print_record(found, as_json=as_json, show=_show_policy)


@policies.command("set")
def set_policy(  # noqa: PLR0913 — a command's options
    bank: Bank,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="JSON with a whole policy.")
    ] = None,
    *,
    days: Annotated[
        float | None, typer.Option("--days", min=0, help="c of R = exp(-t / (c S)), in days.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option("--threshold", min=0, help="What retains less is archived.")
    ] = None,
    capacity: Annotated[
        int | None, typer.Option("--capacity", min=0, help="How many memories stay at most.")
    ] = None,
    ttl_days: Annotated[
        float | None,
        typer.Option("--ttl-days", min=0, help="Older ones expire for good, pinned ones too."),
    ] = None,
    reinforce: Annotated[
        str | None,
        typer.Option(
            "--reinforce",
            metavar="none|returned|used",
            help="What makes memories stronger: nothing, being a hit as well, feedback alone.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what past answers would have lost.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Have memories fade from now on; the bank is swept every hour. Options change the file's.

    Recorded answers are tried on the policy first: if any would have lost hits, it asks.
    """
    from memsvc_client import Curve, RetentionPolicy

    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record
    from memsvc.cli.policies import read_policy

    policy = read_policy(file) or RetentionPolicy()
    if days is not None:
        curve = policy.curve or Curve()
        policy = policy.model_copy(update={"curve": curve.model_copy(update={"days": days})})
    given = {
        "threshold": threshold,
        "capacity": capacity,
        "ttl_days": ttl_days,
        "reinforce": reinforce,
    }
    policy = policy.model_copy(update={k: v for k, v in given.items() if v is not None})
    tried = ask(url, lambda client: client.bank(bank).replay_decay(policy=policy, listed=0))
    if dry_run:
        print_record(tried, as_json=as_json, show=_show_replay)
        return
    if tried.poorer:
        typer.echo(_told(tried), err=True)
        if not yes:
            typer.confirm(f"Set this policy for {bank}?", abort=True, err=True)
    found = ask(url, lambda client: client.bank(bank).set_retention_policy(policy))
    print_record(found, as_json=as_json, show=_show_policy)


@policies.command()
def clear(bank: Bank, *, url: Url = None, as_json: AsJson = False) -> None:
    """Have nothing of a bank fade from now on; what is archived stays archived."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.bank(bank).set_retention_policy(None))
    print_record(found, as_json=as_json, show=_show_policy)


@app.command()
def forecast(
    bank: Bank,
    *,
    days: Annotated[int, typer.Option("--days", min=1, help="How far to look.")] = 90,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            "--policy", metavar="FILE", help="JSON with a policy to compare; may be repeated."
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw it as .svg or .png.")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Say what will fade when, if nothing is reinforced or added, under this and other policies."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_json
    from memsvc.cli.policies import read_policy

    others = [each for path in policy or () if (each := read_policy(path)) is not None]

    async def run(client: "AsyncClient") -> "tuple[list[str], tuple[Forecast, ...]]":
        own = (await client.bank(bank).retention_policy()).policy is not None
        names = [*(["current"] if own or not others else []), *(p.stem for p in policy or ())]
        answer = await client.bank(bank).forecast(days=days, policies=others, with_current=own)
        return names, answer.forecasts

    names, forecasts = ask(url, run)
    if plot is not None:
        from memsvc.cli.plots import plot_forecasts

        plot_forecasts(plot, bank, names, forecasts)
    if as_json:
        print_json(
            {
                name: each.model_dump(mode="json")
                for name, each in zip(names, forecasts, strict=True)
            }
        )
    else:
        _show_forecasts(names, forecasts, days)


@app.command()
def replay(
    bank: Bank,
    *,
    policy: Annotated[
        Path | None,
        typer.Option("--policy", metavar="FILE", help="JSON with a policy; else the bank's own."),
    ] = None,
    recalls: Annotated[
        int, typer.Option("--recalls", min=1, max=5000, help="How many of the newest to look at.")
    ] = 500,
    limit: Annotated[
        int, typer.Option("--limit", min=0, max=500, help="How many answers to show at most.")
    ] = 20,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Say which recorded answers would have lost hits under a policy; nothing is changed."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record
    from memsvc.cli.policies import read_policy

    tried = read_policy(policy)
    found = ask(
        url,
        lambda client: client.bank(bank).replay_decay(policy=tried, recalls=recalls, listed=limit),
    )
    print_record(found, as_json=as_json, show=_show_replay)


def _show_replay(replayed: "DecayReplay") -> None:
    from memsvc.cli.output import moment, print_table

    if not replayed.answers:
        typer.echo("No recall of this bank was recorded: `memsvc recalls list` shows those.")
        return
    if replayed.items:
        print_table(
            ("recall", "at", "hits", "lost ranks", "lost for", "question"),
            (
                (
                    str(each.recall_id),
                    moment(each.now),
                    str(each.hits),
                    ", ".join(str(hit.rank) for hit in each.lost),
                    ", ".join(sorted({hit.fate.reason for hit in each.lost})),
                    each.query,
                )
                for each in replayed.items
            ),
        )
    typer.echo(_told(replayed))
    if replayed.unknown:
        typer.echo(f"Of {replayed.unknown} hits nothing can be said: their memories are gone.")


def _told(replayed: "DecayReplay") -> str:
    return (
        f"{replayed.poorer} of {replayed.answers} answers would have lost"
        f" {replayed.lost} of {replayed.hits} hits, {replayed.without_evidence} of them all."
    )


def _show_policy(found: "BankPolicy") -> None:
    from memsvc.cli.output import moment, print_fields
    from memsvc.cli.policies import policy_lines

    if found.policy is None:
        typer.echo("No policy: nothing of this bank fades.")
        return
    print_fields(
        [
            *policy_lines(found.policy),
            ("version", str(found.version)),
            ("set", f"{moment(found.recorded_at)} by {found.actor}"),
        ]
    )


def _show_forecasts(names: list[str], forecasts: "tuple[Forecast, ...]", days: int) -> None:
    from memsvc.cli.output import print_table

    step = 1 if days <= _WEEK else _WEEK
    rows = []
    for start in range(0, days, step):
        end = min(start + step, days)
        left = [each.examined - sum(each.leaving[:end]) for each in forecasts]
        going = [sum(each.leaving[start:end]) for each in forecasts]
        if any(going) or end == days:
            cells = [f"-{gone}, {stay} stay" for gone, stay in zip(going, left, strict=True)]
            rows.append((f"until day {end}", *cells))
    print_table(("when", *names), rows)
    for name, each in zip(names, forecasts, strict=True):
        typer.echo(f"{name}: {each.staying} of {each.examined} memories are left after {days} days")
