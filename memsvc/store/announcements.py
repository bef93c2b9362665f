"""Says that the change log has grown, and hears it: a hint that spares waiting for a poll.

What is announced carries nothing and may be lost: followers read the log itself, and poll it.
"""

import asyncio
from uuid import uuid4

import psycopg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.errors import MemsvcError
from memsvc.store.engine import DatabaseUrl
from memsvc.store.transactions import translated_errors

ANNOUNCING = "memsvc announcements"
"""Name of the tasks that announce."""
_CHANNEL = "memsvc_index_changes"
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")
_log = structlog.get_logger(__name__)

_GATHERED_S = 0.01
"""A process announces at most once in this time, however many writes it commits."""
_ECHO_LIMIT_S = 2.0
_RETRY_S = 1.0
_RETRY_WITHOUT_ECHO_S = 60.0


class Announcer:
    """Announces committed changes, from outside their transactions.

    A NOTIFY within the transaction takes a lock until its commit is flushed, which all such
    commits of the server share; the writes themselves stay free of it here.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._is_due = False
        self._task: asyncio.Task[None] | None = None

    def announce(self) -> None:
        """Have followers told soon that something was committed; never waits, never fails."""
        self._is_due = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send(), name=ANNOUNCING)

    async def close(self) -> None:
        """Send what is due."""
        if self._task is not None:
            await self._task

    async def _send(self) -> None:
        while self._is_due:
            self._is_due = False
            try:
                await notify(self._engine)
            except MemsvcError as error:
                _log.info("announcement.lost", code=error.code)  # a poll covers it
            await asyncio.sleep(_GATHERED_S)


async def notify(engine: AsyncEngine, payload: str = "") -> None:
    """Wake every listener. Raises ``DatabaseUnavailableError``."""
    async with translated_errors(), engine.begin() as connection:
        await connection.execute(_NOTIFY, {"channel": _CHANNEL, "payload": payload})


class Listener:
    """Hears announcements on a connection of its own, which comes back when it is lost.

    Behind a proxy that pools transactions, LISTEN is accepted or refused, but nothing is heard:
    a listener counts as hearing only once it has heard an echo of its own.
    """

    def __init__(self, url: DatabaseUrl, engine: AsyncEngine) -> None:
        """Do nothing until it runs; ``engine`` sends the echo."""
        self._conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._engine = engine
        self._has_warned = False
        self.is_hearing = False
        """Whether announcements arrive; otherwise polling is all there is."""
        self.heard = asyncio.Event()
        """Set with each announcement, and when hearing begins; whoever waits clears it."""

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            reason, pause_s = "", _RETRY_S
            try:
                await self._listen()
            except (psycopg.Error, OSError, MemsvcError) as error:
                reason = type(error).__name__
            except TimeoutError:
                reason, pause_s = (
                    "no echo: is there a transaction-pooling proxy?",
                    _RETRY_WITHOUT_ECHO_S,
                )
            finally:
                was_hearing, self.is_hearing = self.is_hearing, False
            if was_hearing or not self._has_warned:
                _log.warning("announcements.not_heard", reason=reason, instead="polling")
                self._has_warned = True
            await asyncio.sleep(pause_s)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            connect_timeout=5,
            application_name="memsvc listener",
            keepalives_idle=30,  # a network that vanishes unnoticed is noticed
            keepalives_interval=10,
            keepalives_count=3,
        )
        async with connection:
            await connection.execute(f"LISTEN {_CHANNEL}")
            await self._hear_echo(connection)
            self.is_hearing = True
            self.heard.set()  # what was announced before was not heard
            async for _ in connection.notifies():
                self.heard.set()
        raise psycopg.OperationalError("The connection has ended.")

    async def _hear_echo(self, connection: psycopg.AsyncConnection) -> None:
        """Raises ``TimeoutError`` when what is sent on another connection does not arrive."""
        echo = str(uuid4())
        await notify(self._engine, echo)
        async for heard in connection.notifies(timeout=_ECHO_LIMIT_S):
            if heard.payload == echo:
                return
        raise TimeoutError
