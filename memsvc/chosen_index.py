"""The index that the settings name: parts of wiring it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from gpu_index.addresses import Address
from gpu_index.client import ClientOptions, RemoteIndex
from gpu_index.errors import VectorIndexError
from gpu_index.handshake import checked_secret
from memsvc.errors import ConfigurationError
from memsvc.memory_index.marks import decode_mark
from memsvc.memory_index.remote import RemoteMemoryIndex, RemoteOptions
from memsvc.memory_index.replicas import BankReplicas
from memsvc.memory_index.snapshot_folder import SnapshotFolder
from memsvc.ports import MemoryIndex
from memsvc.services.index_upkeep import IndexServer
from memsvc.settings import IndexSettings
from memsvc.store.engine import Engine
from memsvc.store.feed import StoreFeed
from memsvc.store.overlay import OverlayReads


def remote_index(settings: IndexSettings, engine: Engine) -> RemoteMemoryIndex:
    """Return the index server as an index.

    Raises ``ConfigurationError`` without an address that can be read.
    """
    if settings.server_url is None:
        raise ConfigurationError(
            "The backend is an index server: say where with MEMSVC_INDEX__SERVER_URL, for"
            " instance tcp://127.0.0.1:8702."
        )
    secret = settings.server_secret
    client = ClientOptions(
        secret=None if secret is None else secret.get_secret_value().encode(),
        connect_timeout_s=settings.server_connect_timeout_s,
        request_timeout_s=settings.server_timeout_s,
    )
    try:
        address = Address.parse(settings.server_url)
        checked_secret(client.secret)
    except VectorIndexError as error:
        raise ConfigurationError(error.message) from error
    options = RemoteOptions(
        most_changes=settings.overlay_changes,
        most_wait_s=settings.overlay_wait_s,
        decode_mark=decode_mark,
    )

    def opened(model_id: str, dimension: int) -> RemoteIndex:
        return RemoteIndex(address, model_id, dimension, client)

    return RemoteMemoryIndex(opened, OverlayReads(engine), options)


def server_of(index: MemoryIndex, feed: StoreFeed, settings: IndexSettings) -> IndexServer | None:
    """Return the access to the index server for upkeep, where one is used."""
    if not isinstance(index, RemoteMemoryIndex):
        return None
    return IndexServer.of(index, feed, settings.server_rebuild_wait_s)


def snapshot_folder(settings: IndexSettings, data_dir: Path) -> SnapshotFolder | None:
    """Return where snapshots of the index are kept, if they are."""
    if not settings.snapshots:
        return None
    return SnapshotFolder(data_dir / "index", settings.snapshot_max_mib << 20)


def index_probe(replicas: BankReplicas, index: MemoryIndex) -> Callable[[], Awaitable[str]]:
    """Return what tells, for readiness, which index answers and what it holds."""

    async def probe() -> str:
        held = replicas.stats()
        return f"{index.backend}, {held.memories} memories of {held.banks} banks in memory"

    return probe
