"""Statements that go to the server together and come back together, past the driver's cursors.

A cursor in a pipeline waits for the socket before each thing it sends and after each thing that it
receives: ten turns of the event loop for a statement. Here all is written at once, and whoever
asked is woken when an answer has come.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


class Statement(NamedTuple):
    """SQL with the places ``%(name)s``, and what stands in them."""

    sql: LiteralString
    parameters: Mapping[str, object]


async def round_trip(
    driver: psycopg.AsyncConnection[Any], statements: Sequence[Statement]
) -> PGresult:
    """Run the statements as one implicit transaction; return the last one's result, in binary.

    The connection must have no transaction open. Raises ``psycopg.Error``; after that, or when it
    is cancelled, the connection is of no use: answers may still be on their way.
    """
    connection = driver.pgconn
    connection.enter_pipeline_mode()
    for statement in statements:
        _send(driver, statement)
    connection.pipeline_sync()
    await _flushed(connection)
    results = [await _result(connection) for _ in statements]
    await _synchronised(connection)
    connection.exit_pipeline_mode()
    return results[-1]


def rows_of(driver: psycopg.AsyncConnection[Any], result: PGresult) -> list[tuple[Any, ...]]:
    """Return the rows of a result as Python's types, as a cursor of the connection would."""
    transformer = Transformer(driver)
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


def columns_of(result: PGresult) -> list[str]:
    """Return the names of a result's columns."""
    names = (result.fname(place) for place in range(result.nfields))
    return [name.decode() for name in names if name is not None]


def _send(driver: psycopg.AsyncConnection[Any], statement: Statement) -> None:
    sql, names = _numbered(statement.sql)
    transformer = Transformer(driver)
    values = [statement.parameters[name] for name in names]
    dumped = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
    driver.pgconn.send_query_params(
        sql,
        dumped,
        param_types=transformer.types,
        param_formats=transformer.formats,
        result_format=Format.BINARY,
    )


@cache
def _numbered(sql: LiteralString) -> tuple[bytes, tuple[str, ...]]:
    """Return SQL as the server reads it, and the names of its parameters in their order."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        name = found.group(1)
        return "%" if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _PLACEHOLDER.sub(number, sql).encode(), tuple(names)


async def _flushed(connection: PGconn) -> None:
    """Send all that waits; what the server says meanwhile is taken, so that it goes on reading."""
    while connection.flush():
        await _ready(connection, also_to_write=True)
        connection.consume_input()


async def _result(connection: PGconn) -> PGresult:
    """Return the result of the next statement; raises the server's error."""
    result = await _next(connection)
    if result is None or result.status in _FAILED:
        raise _error(connection, result)
    if (end := await _next(connection)) is not None:  # Each statement's results end with nothing.
        raise _error(connection, end)
    return result


async def _synchronised(connection: PGconn) -> None:
    """Wait for the end of the implicit transaction."""
    result = await _next(connection)
    if result is None or result.status != ExecStatus.PIPELINE_SYNC:
        raise _error(connection, result)


async def _next(connection: PGconn) -> PGresult | None:
    while connection.is_busy():
        await _ready(connection)
        connection.consume_input()
    return connection.get_result()


def _error(connection: PGconn, result: PGresult | None) -> psycopg.Error:
    if result is None:
        return psycopg.OperationalError(connection.get_error_message())
    return error_from_result(result)


async def _ready(connection: PGconn, *, also_to_write: bool = False) -> None:
    """Wait until there is something to read, or room to write."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    socket = connection.socket

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(socket, wake)
    if also_to_write:
        loop.add_writer(socket, wake)
    try:
        await ready
    finally:
        loop.remove_reader(socket)
        if also_to_write:
            loop.remove_writer(socket)
