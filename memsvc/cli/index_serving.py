"""The process of `memsvc index serve`: the database open, the server up, the follower at work."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gpu_index import open_index
from gpu_index.addresses import Address
from gpu_index.errors import VectorIndexError
from gpu_index.server import IndexServer, ServerOptions
from gpu_index.serving import READING
from memsvc.bootstrap import data_dir_of
from memsvc.cli.failures import CommandError
from memsvc.cli.processes import ready_file, stop_on_signal
from memsvc.domain.identifiers import uuid7
from memsvc.errors import ConfigurationError
from memsvc.index_process.follower import Follower
from memsvc.index_process.partitions import Partitions
from memsvc.index_process.running import IndexProcess, Timing
from memsvc.index_process.snapshots import Snapshots
from memsvc.settings import Settings
from memsvc.store.announcements import Listener
from memsvc.store.database import index_url, open_database
from memsvc.store.engine import connected
from memsvc.store.followers import Follower as Registration
from memsvc.store.followers import Followers
from memsvc.store.shared_feed import SharedFeed
from memsvc.system_clock import SystemClock
from memsvc.telemetry import serve_metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexServeOptions:
    """What of serving an index is no setting."""

    ready_file: Path | None = None
    """Holds ``{"url", "pid"}`` while every bank is held and searches are answered."""
    status_file: Path | None = None
    """Holds how far the index is, written every second."""
    metrics_port: int | None = None


async def serve_index_until_signalled(settings: Settings, options: IndexServeOptions) -> None:
    """Follow PostgreSQL and answer searches until the process is asked to end.

    Raises ``ConfigurationError``, ``CommandError`` when the address cannot be listened on, and
    the errors of ``open_database``.
    """
    backend = settings.index.serve_backend
    partitions = Partitions(partial(open_index, backend))
    snapshots = Snapshots(settings.index.snapshot_folder)
    with ready_file(options.ready_file) as announce, stop_on_signal() as stop:
        if options.metrics_port is not None:
            serve_metrics(options.metrics_port)
        async with (
            open_database(settings, data_dir_of(settings)) as urls,
            connected(index_url(settings, urls), settings.database) as engine,
            _served(settings, partitions) as server,
        ):
            clock = SystemClock()
            name = f"{socket.gethostname()}/{os.getpid()}"
            registration = Registration(id=uuid7(clock.now()), kind="index server", name=name)
            process = IndexProcess(
                Follower(SharedFeed(engine), partitions, snapshots),
                (Followers(engine, clock), registration),
                Listener(index_url(settings, urls), engine),
                Timing(
                    poll_s=settings.index.poll_s,
                    poll_listening_s=settings.index.poll_listening_s,
                    save_every_s=settings.index.save_every_s,
                ),
                options.status_file,
            )
            await process.run(stop, partial(announce, str(server.address)))


@asynccontextmanager
async def _served(settings: Settings, partitions: Partitions) -> AsyncIterator[IndexServer]:
    secret = settings.index.serve_secret
    options = ServerOptions(
        secret=None if secret is None else secret.get_secret_value().encode(), operations=READING
    )
    try:
        address = Address.parse(settings.index.serve_address)
        server = IndexServer(address, partitions.indexes, options)
    except VectorIndexError as error:
        raise ConfigurationError(error.message) from error
    except OSError as error:
        raise CommandError(f"The index server cannot listen: {error}.") from error
    try:
        yield server
    finally:
        await asyncio.to_thread(server.close)
