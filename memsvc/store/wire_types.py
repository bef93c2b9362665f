"""How some values travel to and from the server: quicker than the driver does it by itself."""

from collections.abc import Iterable
from json import JSONDecoder
from typing import Any
from uuid import UUID

import psycopg
from psycopg import postgres
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.json import set_json_loads

_UUID = postgres.types["uuid"]
_HEADER = b"".join(number.to_bytes(4, "big") for number in (1, 0, _UUID.oid))
"""One dimension, no NULL, of UUIDs; how many there are and where they begin comes next."""
_FIRST = (1).to_bytes(4, "big")
_LENGTH = (16).to_bytes(4, "big")

_decode = JSONDecoder().decode


class UuidArray(tuple[UUID, ...]):
    """UUIDs to be sent as one array: of any number of them a list is looked through one by one."""

    __slots__ = ()


class _UuidArrayDumper(Dumper):
    """Writes an array as ``array_send`` does."""

    format = Format.BINARY
    oid = _UUID.array_oid

    def dump(self, obj: Iterable[UUID]) -> bytes:
        packed = [_LENGTH + each.bytes for each in obj]
        return b"".join((_HEADER, len(packed).to_bytes(4, "big"), _FIRST, *packed))


def register(connection: psycopg.AsyncConnection[Any]) -> None:
    """Have a connection know these types."""
    connection.adapters.register_dumper(UuidArray, _UuidArrayDumper)
    # Told that it is text, the decoder need not find out which of its encodings it is in.
    set_json_loads(_loads, connection)


def _loads(data: str | bytes) -> Any:  # noqa: ANN401 — whatever JSON holds
    return _decode(data if isinstance(data, str) else data.decode())
