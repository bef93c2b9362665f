"""`memsvc eval calibrate`: a bank's own idea of which questions it has an answer to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.commands.eval_ablate import cases_of
from memsvc.cli.commands.eval_run import GoldenInsteadOption, NewestRecallsOption, WorkersOption
from memsvc.cli.options import AsJson, Bank, Url

if TYPE_CHECKING:
    from memsvc_client import AsyncClient
    from memsvc_client.calibrations import DiscriminationFigures

    from memsvc.cli.evaluation.calibrating import Calibrated


def calibrate(  # noqa: PLR0913 — a command's options
    bank: Bank,
    *,
    golden: GoldenInsteadOption = None,
    recalls: NewestRecallsOption = 5000,
    workers: WorkersOption = 1,
    clear: Annotated[
        bool, typer.Option("--clear", help="Take the bank's calibration away instead.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what the calibration would be.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Calibrate how probable an answer is in a bank, and from where on a question has none.

    Questions that expect nothing have no answer; of feedback, those of which nothing helped. It
    takes 30 questions with an answer and 10 without. Figures after are cross-validated.
    """
    if clear:
        _clear(bank, golden, url, dry_run=dry_run, as_json=as_json)
        return
    from memsvc.cli.connection import ask
    from memsvc.cli.evaluation.calibrating import calibrate as calibrate_bank
    from memsvc.cli.output import print_json
    from memsvc.cli.progress import progress_bar

    with progress_bar("ask") as advance:

        async def work(client: "AsyncClient") -> "Calibrated":
            cases = await cases_of(client, bank, golden, recalls)
            found = await calibrate_bank(
                client.bank(bank),
                cases,
                "feedback" if golden is None else "golden",
                workers,
                advance,
            )
            if not dry_run:
                await client.bank(bank).set_calibration(found.calibration)
            return found

        found = ask(url, work)
    if as_json:
        print_json({**found.as_json(), "applied": not dry_run})
    else:
        _show(found, bank, applied=not dry_run)


def _clear(
    bank: str, golden: Path | None, url: str | None, *, dry_run: bool, as_json: bool
) -> None:
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_json

    if golden is not None:
        raise typer.BadParameter("nothing is asked then.", param_hint="--golden with --clear")
    was = ask(url, lambda client: client.bank(bank).calibration())
    had = was.calibration is not None
    if had and not dry_run:
        ask(url, lambda client: client.bank(bank).clear_calibration())
    if as_json:
        print_json({"had": had, "applied": had and not dry_run})
    elif not had:
        typer.echo(f"{bank} has no calibration.")
    else:
        typer.echo(
            f"{'Would be' if dry_run else 'Is'} taken away: {bank} judges as the model does."
        )


def _show(found: "Calibrated", bank: str, *, applied: bool) -> None:
    from memsvc.cli.output import print_table

    made = found.calibration
    typer.echo(f"{made.answerable} questions with an answer, {made.unanswerable} without.")
    if found.left_out:
        typer.echo(f"Left out: {found.left_out} for which nothing was found.")
    print_table(
        ("", "AUROC", "calibration error", "refused", "caught"),
        (
            _row("before", made.before),
            _row("after, held out", made.after),
        ),
    )
    typer.echo(
        f"Probability: slope {made.slope:.3f}, intercept {made.intercept:+.3f}; no answer below"
        f" {made.threshold:.3f} (before: {found.was.model_threshold:.3f})."
    )
    if applied:
        typer.echo(f"{bank} judges so from now on. Back: memsvc eval calibrate {bank} --clear")
    else:
        typer.echo("Nothing was set.")


def _row(name: str, figures: "DiscriminationFigures") -> tuple[str, ...]:
    return (
        name,
        f"{figures.area_under_roc:.3f}",
        f"{figures.calibration_error:.3f}",
        f"{figures.answerable_refused:.1%}",
        f"{figures.unanswerable_caught:.1%}",
    )
