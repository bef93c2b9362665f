"""`memsvc worker`: background jobs in a process of their own."""

from typing import Annotated

import typer


def worker(
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, help="Jobs at the same time.")
    ] = None,
    log_format: Annotated[
        str | None, typer.Option("--log-format", metavar="console|json", help="Form of the log.")
    ] = None,
    nice: Annotated[
        int,
        typer.Option(
            "--nice",
            min=0,
            max=19,
            help="By how much to take less of the processors than what answers on this machine.",
        ),
    ] = 10,
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", help="Serve Prometheus metrics on loopback.")
    ] = None,
) -> None:
    """Do background jobs until SIGTERM or Ctrl-C."""
    import asyncio
    import os

    from memsvc.cli.configuration import load_settings
    from memsvc.telemetry import configure_logging, serve_metrics

    settings = load_settings({"worker": {"concurrency": concurrency}, "log_format": log_format})
    configure_logging(settings.log_level, settings.log_format)
    os.nice(nice)
    if metrics_port is not None:
        serve_metrics(metrics_port)

    async def work() -> None:
        from memsvc.bootstrap import open_application
        from memsvc.worker.runner import WorkerRunner

        async with open_application(settings) as application:
            await WorkerRunner(application.work).run_until_signalled()

    asyncio.run(work())
