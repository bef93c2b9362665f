"""`memsvc index`: the copies of banks in memory, and the shared vector index."""

from pathlib import Path
from typing import Annotated

import typer

from memsvc.cli.commands.index_upkeep import rebuild, status, verify

app = typer.Typer(help="Copies of banks in memory; the shared vector index.", no_args_is_help=True)
app.command()(status)
app.command()(verify)
app.command()(rebuild)


@app.command()
def serve(
    *,
    address: Annotated[
        str | None,
        typer.Option("--address", help="unix:///path or tcp://host:port to listen at."),
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend", metavar="faiss_cpu|faiss_gpu|exact", help="What holds the vectors."
        ),
    ] = None,
    snapshots: Annotated[
        Path | None,
        typer.Option("--snapshots", help="Folder for snapshots, so that a restart is quick."),
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", help="Serve Prometheus metrics on loopback.")
    ] = None,
    ready_file: Annotated[
        Path | None,
        typer.Option("--ready-file", help="Write the address and the process id when ready."),
    ] = None,
    status_file: Annotated[
        Path | None, typer.Option("--status-file", help="Write how far the index is, each second.")
    ] = None,
) -> None:
    """Hold every bank's vectors, follow PostgreSQL and answer searches until SIGTERM or Ctrl-C."""
    import asyncio

    from memsvc.cli.configuration import load_settings
    from memsvc.cli.index_serving import IndexServeOptions, serve_index_until_signalled
    from memsvc.telemetry import configure_logging

    settings = load_settings(
        {
            "index": {
                "serve_address": address,
                "serve_backend": backend,
                "snapshot_folder": snapshots,
            }
        }
    )
    configure_logging(settings.log_level, settings.log_format)
    options = IndexServeOptions(
        ready_file=ready_file, status_file=status_file, metrics_port=metrics_port
    )
    asyncio.run(serve_index_until_signalled(settings, options))
