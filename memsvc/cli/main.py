"""`memsvc`: long-term memory for AI agents, from the command line.

Commands import what they run inside themselves, so that `memsvc --help` is quick.
"""

import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from memsvc.cli.commands import (
    bank,
    consolidate,
    context,
    database,
    decay,
    dedupe,
    doctor,
    entities,
    erase,
    erasures,
    evaluation,
    events,
    facts,
    graph,
    index,
    jobs,
    llm,
    load,
    memory,
    models,
    operations,
    portrait,
    prune,
    recall,
    recalls,
    remember,
    replay,
    review,
    serve,
    summaries,
    think,
    worker,
)


class _ErrorEdge(TyperGroup):
    """Turns errors of commands into a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 — typer's own classes are private
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.TyperException, typer.Exit, typer.Abort, BrokenPipeError):
            raise  # usage, and what ends a command on purpose
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            _print_and_exit(error, self._options_of(ctx))

    def _options_of(self, ctx: Any) -> list[str]:  # noqa: ANN401 — typer's own classes are private
        # Of commands in groups it sees the group's, which has none: no remedy names one of theirs.
        command = self.get_command(ctx, ctx.invoked_subcommand or "")
        return [] if command is None else [each for one in command.params for each in one.opts]


app = typer.Typer(
    name="memsvc",
    cls=_ErrorEdge,
    help="Long-term memory for AI agents. Exit codes: 0 done, 1 failed, 2 wrong usage or"
    " configuration, 3 service, database or model not available.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve.serve)
app.command()(worker.worker)
app.command()(doctor.doctor)
app.command()(remember.remember)
app.command()(recall.recall)
app.command()(context.context)
app.command()(replay.replay)
app.command()(portrait.portrait)
app.command()(summaries.summaries)
app.command()(events.events)
app.command()(load.load)
app.command()(consolidate.consolidate)
app.command()(think.think)
app.command()(prune.prune)
app.command()(prune.restore)
app.command()(erase.erase)
app.add_typer(bank.app, name="bank")
app.add_typer(memory.app, name="memory")
app.add_typer(graph.app, name="graph")
app.add_typer(decay.app, name="decay")
app.add_typer(dedupe.app, name="dedupe")
app.add_typer(facts.app, name="facts")
app.add_typer(entities.app, name="entities")
app.add_typer(operations.app, name="operations")
app.add_typer(recalls.app, name="recalls")
app.add_typer(evaluation.app, name="eval")
app.add_typer(review.app, name="review")
app.add_typer(erasures.app, name="erasures")
app.add_typer(jobs.app, name="jobs")
app.add_typer(llm.app, name="llm")
app.add_typer(models.app, name="models")
app.add_typer(database.app, name="db")
app.add_typer(index.app, name="index")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError
        from importlib.metadata import version as installed_version

        try:
            typer.echo(f"memsvc {installed_version('memsvc')}")
        except PackageNotFoundError:
            typer.echo("memsvc, not installed as a package")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error happened.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Options of every command; what they do is done before this."""


def _print_and_exit(error: Exception, options: list[str]) -> None:
    from memsvc.cli.failures import explain
    from memsvc.cli.output import notes

    failure = explain(error, options)
    console = notes()
    console.print("Error: ", style="bold red", end="")
    console.print(failure.message, soft_wrap=True)
    sys.exit(failure.exit_code)


def main() -> None:
    """Run the command line of this process; the console script's entry."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Where the terminal's encoding lacks a character, the rest is still worth reading.
            stream.reconfigure(errors="replace")
    app()
