"""Where an index server listens: a TCP port or a Unix socket."""

import os
import socket
import stat
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from gpu_index.errors import InvalidInputError

_BACKLOG = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Either ``path``, of a Unix socket, or ``host`` and ``port``."""

    host: str = ""
    port: int = 0
    """0 lets the system choose a free one when listening."""
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read ``unix:///run/memsvc/index.sock`` or ``tcp://127.0.0.1:8702``."""
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _not_an_address(text) from error
        if parts.query or parts.fragment or parts.username is not None:
            raise _not_an_address(text)
        if parts.scheme == "unix" and parts.path and not parts.netloc:
            return cls(path=parts.path)
        if parts.scheme != "tcp" or not host or port is None or parts.path:
            raise _not_an_address(text)
        return cls(host=host, port=port)

    def __str__(self) -> str:
        """Return what ``parse`` reads."""
        if self.path:
            return f"unix://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it: a Unix socket or a loopback address."""
        if self.path or self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def connect(self, timeout_s: float) -> socket.socket:
        """Return a connection; raises ``OSError``."""
        if not self.path:
            connection = socket.create_connection((self.host, self.port), timeout_s)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout_s)
            connection.connect(self.path)
        except OSError:
            connection.close()
            raise
        return connection

    def listen(self) -> socket.socket:
        """Return a listening socket; a Unix socket is open to its owner alone. Raises ``OSError``.

        The socket file that a killed server left is replaced, that of a living one is not.
        """
        if not self.path:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            return socket.create_server(
                (self.host, self.port), family=family, backlog=_BACKLOG, reuse_port=False
            )
        self._clear_path()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # Bound without rights for anyone else from the first moment on; a chmod afterwards
            # would leave a gap, and the process's umask belongs to all of its threads.
            os.fchmod(listener.fileno(), stat.S_IRUSR | stat.S_IWUSR)
            listener.bind(self.path)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
        return listener

    def remove(self) -> None:
        """Remove the file of a Unix socket that no longer listens."""
        if self.path:
            Path(self.path).unlink(missing_ok=True)

    def _clear_path(self) -> None:
        if not Path(self.path).is_socket():
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(self.path)
            except ConnectionRefusedError:
                self.remove()


def _not_an_address(text: str) -> InvalidInputError:
    return InvalidInputError(
        f"An index server's address is unix:///path or tcp://host:port, not {text!r}."
    )
