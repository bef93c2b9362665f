"""`memsvc llm`: what language models were used for."""

from typing import TYPE_CHECKING, Annotated

import typer

from memsvc.cli.options import AsJson, Url

if TYPE_CHECKING:
    from memsvc_client import ModelUsage

app = typer.Typer(help="Language models: use and budget.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `usage` a command of its own."""


@app.command()
def usage(
    *,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How far back.")] = 30,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show calls, faults, tokens and cost by day, purpose and model, and the daily budget."""
    from memsvc.cli.connection import ask
    from memsvc.cli.output import print_record

    found = ask(url, lambda client: client.model_usage(days=days))
    print_record(found, as_json=as_json, show=_show)


def _show(found: "ModelUsage") -> None:
    from memsvc.cli.output import print_table

    print_table(
        ("day", "purpose", "model", "calls", "tries", "failed", "faults", "in", "out", "usd"),
        (
            (
                f"{each.day}",
                each.purpose,
                each.model,
                str(each.calls),
                str(each.tries),
                str(each.failures),
                str(each.validation_errors),
                str(each.input_tokens),
                str(each.output_tokens),
                f"{each.cost_usd:.4f}",
            )
            for each in found.days
        ),
    )
    budgets = {"tokens": found.tokens_per_day, "USD": found.usd_per_day}
    for unit, budget in budgets.items():
        if budget is not None:
            typer.echo(f"budget: {budget} {unit} a day")
