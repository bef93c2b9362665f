"""Who follows the change log: registered with a heartbeat, forgotten when it stays away."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, cast, delete, literal, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.ports import Clock
from memsvc.store import tables as t
from memsvc.store.changes import SILENT_FOR
from memsvc.store.roles import INDEX_ROLE
from memsvc.store.transactions import translated_errors
from memsvc.store.types import TransactionId

_BEGIN = text("SELECT set_config('role', :role, true)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """One process that follows."""

    id: UUID
    kind: str
    name: str


class Followers:
    """Registers a follower, as the index role."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def beat(self, follower: Follower, *, source: str, horizon: int) -> None:
        """Say that the follower lives and needs what is at or above ``horizon``; drop dead ones."""
        now = self._clock.now()
        reached = cast(cast(literal(str(horizon)), Text), TransactionId)
        statement = insert(t.index_followers).values(
            follower_id=follower.id,
            kind=follower.kind,
            name=follower.name,
            source=source,
            horizon=reached,
            started_at=now,
            heartbeat_at=now,
        )
        async with translated_errors(), self._engine.begin() as connection:
            await connection.execute(_BEGIN, {"role": INDEX_ROLE})
            await connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["follower_id"],
                    set_={"source": source, "horizon": reached, "heartbeat_at": now},
                )
            )
            await connection.execute(
                delete(t.index_followers).where(t.index_followers.c.heartbeat_at < now - SILENT_FOR)
            )

    async def leave(self, follower: Follower) -> None:
        """Forget the follower: it has ended."""
        async with translated_errors(), self._engine.begin() as connection:
            await connection.execute(_BEGIN, {"role": INDEX_ROLE})
            await connection.execute(
                delete(t.index_followers).where(t.index_followers.c.follower_id == follower.id)
            )
