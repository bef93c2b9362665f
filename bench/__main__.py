"""``python -m bench``: what can be measured; docs/benchmarks.md says what each figure means."""

import signal
import sys

import typer
from memsvc_client import MemsvcError as ClientError

from bench import encoder
from bench.abstention import abstention
from bench.backlog import backlog
from bench.cost import cost
from bench.errors import BenchError
from bench.footprint import footprint
from bench.grains import grains
from bench.index import index
from bench.ingest import ingest
from bench.organise import organise
from bench.ppr import ppr
from bench.progress import console
from bench.recall import recall
from bench.report import report
from bench.retention import retention
from bench.retrieval import retrieval
from bench.scale import scale
from memsvc.errors import MemsvcError

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
app.command()(retrieval)
app.command()(abstention)
app.command()(retention)
app.command()(grains)
app.command()(recall)
app.command()(scale)
app.command()(ingest)
app.command()(footprint)
app.command()(index)
app.command()(ppr)
app.command()(organise)
app.command()(cost)
app.command()(backlog)
app.command()(report)


@app.command(
    "encoder",
    # It reads its own options: it is a program by itself too.
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def run_encoder(context: typer.Context) -> None:
    """Tell how fast the configured local encoder is here, and what it weighs."""
    encoder.main(context.args)


def main() -> None:
    """Run a command; what stops it is told in one line."""
    # As Ctrl-C does, so that a service started here ends with it.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except (BenchError, MemsvcError, ClientError) as error:
        console.print(f"Error: {error}", style="red", soft_wrap=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
