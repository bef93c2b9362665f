"""The server's parameters, given on its command line so that no edited file can undo them."""

from collections.abc import Mapping
from pathlib import Path

PORT = "5432"
"""Only part of the socket's name: the server listens on no network address."""


def server_parameters(socket_folder: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return every parameter of the server, ``extra`` winning."""
    return {
        **_reach(socket_folder),
        **_DURABILITY,
        **_SIZE,
        **_LOGGING,
        **extra,
    }


def _reach(socket_folder: Path) -> dict[str, str]:
    return {
        "listen_addresses": "",
        "port": PORT,
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        # Shown by `ps`, so that a stray process explains itself.
        "cluster_name": "memsvc",
    }


# The defaults, pinned: an acknowledged write survives a crash.
_DURABILITY = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}

_SIZE = {
    # A few pools of 20 and the tools beside them.
    "max_connections": "100",
    # Holds the hot pages of some 100,000 memories; the kernel caches the rest.
    "shared_buffers": "128MB",
    # Bounds what a crash recovery has to replay to well under a minute.
    "max_wal_size": "1GB",
    # Full page images are most of the log after a checkpoint, and text packs well.
    "wal_compression": "on",
    # Local solid-state disks: a random page costs about as much as the next one.
    "random_page_cost": "1.1",
    # Compiling pays for seconds of work; ours take milliseconds.
    "jit": "off",
    "timezone": "UTC",
}

_LOGGING = {
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # LOG ranks above ERROR here: starts, stops and crashes are written, errors of statements go
    # to the client alone. So the file stays small and holds no text of a memory.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
