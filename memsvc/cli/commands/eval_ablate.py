"""`memsvc eval ablate`: which arms of recall earn their time on a bank's own questions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.commands.eval_compare import MetricOption, SeedOption, metric_of
from memsvc.cli.commands.eval_run import GoldenInsteadOption, NewestRecallsOption, WorkersOption
from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient

    from memsvc.cli.evaluation.ablating import Ablation, AblationRules, Trial
    from memsvc.cli.evaluation.cases import Case

_SAID = {
    "earns": "earns its time",
    "idle": "does not earn it",
    "undecided": "undecided: more questions are needed",
}


def ablate(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    golden: GoldenInsteadOption = None,
    recalls: NewestRecallsOption = 5000,
    metric: MetricOption = "recall",
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="At how many places.")] = 10,
    tolerance: Annotated[
        float,
        typer.Option(
            "--tolerance", min=0, max=100, metavar="POINTS", help="What may be lost, in points."
        ),
    ] = 1.0,
    least: Annotated[
        int, typer.Option("--least", min=2, help="Questions below which nothing is decided.")
    ] = 30,
    seed: SeedOption = 0,
    workers: WorkersOption = 1,
    apply: Annotated[
        bool, typer.Option("--apply", help="Switch arms of the bank accordingly.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --apply: only say what it would do.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Ask a bank its own questions with each arm off: what is lost, and what time is saved.

    An arm does not earn its time where, without it and the others that are off, no more than
    --tolerance is lost by the upper end of a 95 % interval. --apply switches it off for recalls
    that do not name arms.
    """
    from memsvc.cli.connection import ask
    from memsvc.cli.evaluation.ablating import AblationRules
    from memsvc.cli.evaluation.ablating import ablate as ablate_bank
    from memsvc.cli.evaluation.comparing import Measure
    from memsvc.cli.output import print_json
    from memsvc.cli.progress import progress_bar

    rules = AblationRules(
        measure=Measure(metric=metric_of(metric), k=k),
        tolerance=tolerance / 100,
        least=least,
        seed=seed,
        workers=workers,
    )

    with progress_bar("ask") as advance:

        async def work(client: "AsyncClient") -> "tuple[Ablation, bool]":
            cases = await cases_of(client, bank, golden, recalls)
            found = await ablate_bank(client, bank, cases, rules, advance)
            applies = apply and not dry_run and found.is_change
            if applies:
                await client.update_bank(bank, arms_off=found.off)
            return found, applies

        found, applied = ask(url, work)
    if as_json:
        print_json({**found.as_json(), "measure": rules.measure.name, "applied": applied})
    else:
        _show(found, rules)
        _show_change(found, bank, applied=applied, wanted=apply)


async def cases_of(
    client: "AsyncClient", bank: str, golden: Path | None, recalls: int
) -> "list[Case]":
    """Return the questions of a golden file, else those that feedback on recalls makes."""
    import json

    from memsvc.cli.evaluation.golden import parse_case, read_golden
    from memsvc.cli.evaluation.recording import collect_cases
    from memsvc.cli.evaluation.running import posed

    if golden is not None:
        return await posed(client.bank(bank), read_golden(golden))
    collected = await collect_cases(client.bank(bank), recalls, with_text=True)
    return [
        parse_case(json.dumps(line), number, f"case {number}").case
        for number, line in enumerate(collected.lines, start=1)
    ]


def _show(found: "Ablation", rules: "AblationRules") -> None:
    from memsvc.cli.output import print_table

    typer.echo(
        f"{found.questions} questions, {rules.measure.name} {found.value * 100:.1f} with all arms."
    )
    print_table(
        ("without", "lost, points", "95 % interval", "takes ms", "skipped", "saves ms", ""),
        (_row(each) for each in found.trials),
    )


def _row(each: "Trial") -> tuple[str, ...]:
    loss = each.loss
    return (
        each.arm,
        f"{loss.mean * 100:+.1f}",
        f"{loss.low * 100:+.1f} … {loss.high * 100:+.1f}",
        "-" if each.takes_ms is None else f"{each.takes_ms:.1f}",
        str(each.skipped),
        f"{each.saves_ms:+.1f}",
        _SAID[each.verdict],
    )


def _show_change(found: "Ablation", bank: str, *, applied: bool, wanted: bool) -> None:
    before, after = (", ".join(each) or "none" for each in (found.was_off, found.off))
    if not found.is_change:
        typer.echo(f"Switched off for {bank}: {before}. That stays.")
        return
    if found.together is not None and len(found.off) > 1:
        high = found.together.loss.high * 100
        typer.echo(f"Without {after}, at most {high:.1f} points are lost.")
    if {"dense", "lexical"} & set(found.off):
        typer.echo("Without the dense or the lexical arm `answerable` cannot be judged.")
    written = ",".join(found.was_off) or "none"
    if applied:
        typer.echo(f"Switched off for {bank}: {after} (before: {before}).")
        typer.echo(f"To take it back: memsvc bank update {bank} --arms-off {written}")
    else:
        typer.echo(f"Should be switched off for {bank}: {after} (now: {before}).")
        if not wanted:
            typer.echo("--apply does so.")
