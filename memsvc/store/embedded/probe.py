"""Whether a server answers: asked over its socket, never guessed from process ids."""

from dataclasses import dataclass
from enum import StrEnum

import psycopg
from psycopg.pq import PGconn, Ping

_CONNECT_TIMEOUT_S = 5


class Liveness(StrEnum):
    """What came back from the socket."""

    READY = "ready"
    """``SELECT 1`` was answered."""
    CHANGING = "changing"
    """A server is there, but starts, recovers or shuts down (SQLSTATE 57P03)."""
    REFUSING = "refusing"
    """A server is at work and does not let this process in."""
    SILENT = "silent"
    """Nobody answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The outcome of a probe, with what the server or the system said."""

    liveness: Liveness
    reason: str = ""


def probe(conninfo: str) -> Answer:
    """Ask the server at ``conninfo`` for ``SELECT 1``: milliseconds, or 15 s when it hangs."""
    failure = _select_one(conninfo)
    if failure is None:
        return Answer(liveness=Liveness.READY)
    # A refused connection carries no SQLSTATE in psycopg; libpq's ping tells what it was.
    match PGconn.ping(f"{conninfo}&connect_timeout={_CONNECT_TIMEOUT_S}".encode()):
        case Ping.REJECT:
            return Answer(liveness=Liveness.CHANGING, reason=failure)
        case Ping.OK:  # it may have got ready just now
            failure = _select_one(conninfo)
            liveness = Liveness.REFUSING if failure else Liveness.READY
            return Answer(liveness=liveness, reason=failure or "")
        case _:
            return Answer(liveness=Liveness.SILENT, reason=failure)


def _select_one(conninfo: str) -> str | None:
    """Return None when the server answers, else what it said instead."""
    try:
        with psycopg.connect(
            conninfo, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S
        ) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as error:
        return str(error).strip()
    return None
