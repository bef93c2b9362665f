"""Which processes follow the change log now."""

from sqlalchemy import select

from memsvc.domain.index_states import FollowerState
from memsvc.store import tables as t
from memsvc.store.changes import SILENT_FOR
from memsvc.store.session import Session


class FollowerReader:
    """Looks followers up, within a transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self) -> list[FollowerState]:
        """Return the followers that have not been silent for too long, oldest first."""
        columns = t.index_followers.c
        statement = (
            select(t.index_followers)
            .where(columns.heartbeat_at >= self._session.clock.now() - SILENT_FOR)
            .order_by(columns.started_at, columns.follower_id)
        )
        return [
            FollowerState(
                kind=row.kind,
                name=row.name,
                horizon=row.horizon,
                started_at=row.started_at,
                heartbeat_at=row.heartbeat_at,
            )
            for row in await self._session.connection.execute(statement)
        ]
