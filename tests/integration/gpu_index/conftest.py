from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpu_index.addresses import Address
from gpu_index.client import ClientOptions, RemoteIndex
from gpu_index.server import IndexServer, ServerOptions
from tests.fixtures.toy_index import ToyIndex

SECRET = b"sixteen bytes or more"
Serve = Callable[..., IndexServer]
Connect = Callable[..., RemoteIndex]


@pytest.fixture(params=["unix", "tcp"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Address:
    if request.param == "unix":
        return Address(path=str(tmp_path / "index.sock"))
    return Address(host="127.0.0.1")


@pytest.fixture
def toy() -> ToyIndex:
    return ToyIndex()


@pytest.fixture
def serve(address: Address, toy: ToyIndex) -> Iterator[Serve]:
    """Start a server of the toy index; the keyword arguments are its options."""
    servers = list[IndexServer]()

    def start(at: Address | None = None, **options: object) -> IndexServer:
        chosen = ServerOptions(**({"secret": SECRET} | options))  # type: ignore[arg-type]
        server = IndexServer(at or address, {"toy": toy}, chosen)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close(timeout_s=1)


_PATIENT = {"secret": SECRET, "connect_timeout_s": 30.0, "request_timeout_s": 30.0}


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make a client of a server; the keyword arguments are its options."""
    clients = list[RemoteIndex]()

    def make(
        server: IndexServer | Address, name: str = "toy", dimension: int = 4, **options: object
    ) -> RemoteIndex:
        at = server.address if isinstance(server, IndexServer) else server
        chosen = ClientOptions(**(_PATIENT | options))  # type: ignore[arg-type]
        client = RemoteIndex(at, name, dimension, chosen)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()
