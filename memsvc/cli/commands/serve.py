"""`memsvc serve`: the HTTP service."""

from pathlib import Path
from typing import Annotated

import typer


def serve(
    *,
    host: Annotated[
        str | None,
        typer.Option("--host", help="Address to listen on; beyond this machine with an API key."),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")
    ] = None,
    worker: Annotated[
        bool | None,
        typer.Option(
            "--worker/--no-worker",
            help="Do background jobs in this process; the default with the embedded database.",
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option("--log-format", metavar="console|json", help="Form of the log.")
    ] = None,
    ready_file: Annotated[
        Path | None,
        typer.Option("--ready-file", help="Write the URL and the process id there when ready."),
    ] = None,
    install_models: Annotated[
        bool, typer.Option("--install-models", help="Install the embedding model if missing.")
    ] = False,
) -> None:
    """Serve the HTTP API until SIGTERM or Ctrl-C; without a database URL on an embedded one."""
    import asyncio
    from functools import partial

    from memsvc.cli.configuration import load_settings
    from memsvc.cli.installation import install
    from memsvc.cli.serving import ServeOptions, serve_until_signalled
    from memsvc.telemetry import configure_logging

    settings = load_settings(
        {
            "api": {"host": host, "port": port},
            "worker": {"in_process": worker},
            "log_format": log_format,
        }
    )
    configure_logging(settings.log_level, settings.log_format)
    if install_models and settings.embedding.provider == "onnx":
        install(settings)
    announce = partial(_announce, needs_key=settings.api_key is not None)
    asyncio.run(
        serve_until_signalled(settings, ServeOptions(on_ready=announce, ready_file=ready_file))
    )


def _announce(url: str, *, needs_key: bool) -> None:
    # A browser sends no key, so it cannot open the page where one is needed.
    described = "" if needs_key else f" (its API is described at {url}/docs)"
    typer.echo(f"memsvc is ready at {url}{described}")
