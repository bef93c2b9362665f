"""`memsvc eval`: how good recall is, on your own questions and memories."""

import typer

from memsvc.cli.commands.eval_ablate import ablate
from memsvc.cli.commands.eval_calibrate import calibrate
from memsvc.cli.commands.eval_compare import compare
from memsvc.cli.commands.eval_record import record
from memsvc.cli.commands.eval_report import report
from memsvc.cli.commands.eval_run import run

app = typer.Typer(
    help="How good recall is on questions of your own.",
    no_args_is_help=True,
)
app.command()(run)
app.command()(record)
app.command()(report)
app.command()(ablate)
app.command()(calibrate)
app.command()(compare)
