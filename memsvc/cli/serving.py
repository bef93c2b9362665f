"""The process of `memsvc serve`: from a free port to an orderly end."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from memsvc.api.app import create_app
from memsvc.api.loop_lag import loop_lag_measured
from memsvc.bootstrap import Application, open_application
from memsvc.cli.addresses import client_url
from memsvc.cli.failures import CommandError
from memsvc.cli.processes import collected_rarely, ready_file, stop_on_signal
from memsvc.domain.languages import recognise_language
from memsvc.errors import ConfigurationError
from memsvc.settings import Settings
from memsvc.worker.runner import WorkerRunner


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """What of serving is no setting."""

    on_ready: Callable[[str], None]
    """Called with the URL once requests are answered."""
    ready_file: Path | None = None
    """Holds ``{"url", "pid"}`` while requests are answered."""


async def serve_until_signalled(settings: Settings, options: ServeOptions) -> None:
    """Serve HTTP, and do background jobs beside it, until the process is asked to end.

    Raises ``ConfigurationError``, ``CommandError`` when the address cannot be listened on, and
    the errors of ``open_application``.
    """
    with (
        _bound_socket(settings) as listener,
        ready_file(options.ready_file) as announce,
        stop_on_signal() as stop,
    ):
        url = client_url(*listener.getsockname()[:2])

        def on_started() -> None:
            announce(url)
            options.on_ready(url)

        async with open_application(settings) as application:
            # Loads its statistics, so that the first write does not wait for them.
            await asyncio.to_thread(recognise_language, "Which language is this written in?")
            if not stop.is_set():
                with collected_rarely():
                    async with loop_lag_measured(settings.api.measure_lag_s):
                        await _serve(application, listener, stop, on_started)


def runs_worker(settings: Settings) -> bool:
    """Tell whether the serving process does background jobs too."""
    in_process = settings.worker.in_process
    return settings.database_url is None if in_process is None else in_process


class _Server(uvicorn.Server):
    """Uvicorn, with signals left to this process and a word when it is ready."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would end by the signal instead of with exit code 0."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self._on_started()


async def _serve(
    application: Application,
    listener: socket.socket,
    stop: asyncio.Event,
    on_started: Callable[[], None],
) -> None:
    settings = application.settings
    server = _Server(_uvicorn_config(application), on_started)
    worker = WorkerRunner(application.work)
    if runs_worker(settings):
        worker.start()
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="memsvc http")
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        # Requests and jobs are finished side by side: both have the same grace.
        ended = await asyncio.gather(serving, worker.stop(), return_exceptions=True)
    _raise_first(ended)


def _uvicorn_config(application: Application) -> uvicorn.Config:
    settings = application.settings
    return uvicorn.Config(
        create_app(application, settings.api, api_key=settings.api_key),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.api.shutdown_grace_s)),
    )


def _raise_first(ended: Iterable[BaseException | None]) -> None:
    for error in ended:
        if isinstance(error, OSError):
            raise _not_listening(error) from error
        if error is not None:
            raise error


@contextmanager
def _bound_socket(settings: Settings) -> Iterator[socket.socket]:
    """Yield a socket at the address to serve; nobody is answered before it listens.

    Taken first: a second service on the port should fail before it opens a database.
    """
    host, port = settings.api.host, settings.api.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigurationError(f"The host {host!r} is not known: {error}.") from error
    has_key = settings.api_key is not None and bool(settings.api_key.get_secret_value().strip())
    if not has_key and not ip_address(address[0]).is_loopback:
        raise ConfigurationError(
            f"Without an API key the service listens on this machine only, not on {host}: set"
            " MEMSVC_API_KEY to a long random string that callers have to send."
        )
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise _not_listening(error) from error
        yield listener


def _not_listening(error: OSError) -> CommandError:
    if error.errno == errno.EADDRINUSE:
        return CommandError(
            "The address is in use: another service may be running there. Choose another port"
            " with --port, or 0 for any free one."
        )
    return CommandError(f"The address cannot be listened on: {error}.")
