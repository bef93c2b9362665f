"""Thoughts: what was read for them, which stand, and which are to be looked at again."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.facts.claims import Claim
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import MemoryState, ScopeKeys
from memsvc.domain.operations import Aspect, OperationKind
from memsvc.domain.thoughts.records import NewThought, Thought
from memsvc.store import tables as t
from memsvc.store.readings import mark_read, read_again
from memsvc.store.session import Session
from memsvc.store.thought_clauses import (
    WITH_MEMORIES,
    WITH_TEXTS,
    changed,
    of_bank,
    unread,
    unsettled,
)
from memsvc.store.undone import undone_effects

Slot = tuple[str, str]


class ThoughtReader:
    """Looks up thoughts, and what is to be done about them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def unread(
        self, bank_id: BankId, limit: int, only: Collection[MemoryId] | None = None
    ) -> Sequence[MemoryId]:
        """Return active memories whose present text was not read for thoughts yet, by id."""
        statement = select(t.memories.c.memory_id).where(*unread(bank_id))
        if only is not None:
            statement = statement.where(t.memories.c.memory_id == func.any(list(only)))
        statement = statement.order_by(t.memories.c.memory_id).limit(limit)
        return [MemoryId(each) for each in await self._session.connection.scalars(statement)]

    async def count_todo(self, bank_id: BankId) -> int:
        """Return how many memories are to be read, and thoughts to be looked at again."""
        to_read = select(func.count()).where(*unread(bank_id)).select_from(t.memories)
        stale = (
            select(func.count())
            .select_from(WITH_MEMORIES)
            .where(*of_bank(bank_id), or_(changed(bank_id), unsettled(bank_id)))
        )
        connection = self._session.connection
        return (await connection.scalar(to_read) or 0) + (await connection.scalar(stale) or 0)

    async def changed(self, bank_id: BankId, limit: int) -> Mapping[MemoryId, bool]:
        """Return thoughts that stand now and did not, or the other way round."""
        statement = (
            select(t.thoughts.c.memory_id, t.thoughts.c.stood)
            .select_from(WITH_MEMORIES)
            .where(*of_bank(bank_id), changed(bank_id))
            .order_by(t.thoughts.c.memory_id)
            .limit(limit)
        )
        rows = await self._session.connection.execute(statement)
        return {MemoryId(row.memory_id): not row.stood for row in rows}

    async def unsettled(self, bank_id: BankId, limit: int) -> list[Thought]:
        """Return thoughts that came, went, or were forgotten for one that is gone."""
        return await self._thoughts(bank_id, unsettled(bank_id), limit=limit)

    async def of_slots(self, bank_id: BankId, slots: Collection[Slot]) -> list[Thought]:
        """Return every thought of the slots, whatever its state."""
        if not slots:
            return []
        key = tuple_(t.thoughts.c.head, t.thoughts.c.relation)
        return await self._thoughts(bank_id, key.in_(sorted(slots)))

    async def fetch(self, bank_id: BankId, ids: Collection[MemoryId]) -> Mapping[MemoryId, Thought]:
        """Return those of the memories that are thoughts, by id."""
        found = await self._thoughts(bank_id, t.thoughts.c.memory_id == func.any(list(ids)))
        return {each.memory_id: each for each in found}

    async def frames(self, bank_id: BankId, after: str, limit: int) -> list[str]:
        """Return beginnings that several active thoughts share, in lower case, in order."""
        frame = func.lower(t.thoughts.c.frame)
        statement = (
            select(frame)
            .select_from(WITH_MEMORIES)
            .where(
                *of_bank(bank_id),
                t.memories.c.state == MemoryState.ACTIVE,
                t.thoughts.c.frame != "",
                frame > after,
            )
            .group_by(frame)
            .having(func.count() > 1)
            .order_by(frame)
            .limit(limit)
        )
        return list(await self._session.connection.scalars(statement))

    async def of_frame(self, bank_id: BankId, frame: str) -> list[Thought]:
        """Return the active thoughts of a beginning; none whose merging somebody took back."""
        found = await self._thoughts(
            bank_id,
            func.lower(t.thoughts.c.frame) == frame,
            t.memories.c.state == MemoryState.ACTIVE,
        )
        return await self._mergeable(bank_id, found)

    async def of_heads(self, bank_id: BankId, heads: Collection[str]) -> list[Thought]:
        """Return the active thoughts about these that list; none whose merging was taken back."""
        found = await self._thoughts(
            bank_id,
            t.thoughts.c.head.in_(sorted(heads)),
            t.thoughts.c.frame != "",
            t.memories.c.state == MemoryState.ACTIVE,
        )
        return await self._mergeable(bank_id, found)

    async def of_several_heads(self, bank_id: BankId) -> list[Thought]:
        """Return active merged thoughts whose parts are about different heads."""
        links, part = t.links.c, t.thoughts.alias("part").c
        mixed = (
            select(links.to_id)
            .where(
                links.bank_id == bank_id,
                part.bank_id == bank_id,
                links.type == LinkType.MERGED_INTO,
                part.memory_id == links.from_id,
            )
            .group_by(links.to_id)
            .having(func.count(part.head.distinct()) > 1)
        )
        return await self._thoughts(
            bank_id, t.thoughts.c.memory_id.in_(mixed), t.memories.c.state == MemoryState.ACTIVE
        )

    async def _mergeable(self, bank_id: BankId, found: Sequence[Thought]) -> list[Thought]:
        ids = [each.memory_id for each in found]
        undone = undone_effects(bank_id, OperationKind.MERGE, Aspect.LINK, ids)
        rows = await self._session.connection.execute(undone)
        apart = {row.target_id for row in rows}
        return [each for each in found if each.memory_id not in apart]

    async def parts(self, bank_id: BankId, memory_id: MemoryId) -> list[Thought]:
        """Return the thoughts that live on in a merged one."""
        columns = t.links.c
        statement = select(columns.from_id).where(
            columns.bank_id == bank_id,
            columns.to_id == memory_id,
            columns.type == LinkType.MERGED_INTO,
        )
        ids = [MemoryId(each) for each in await self._session.connection.scalars(statement)]
        return list((await self.fetch(bank_id, ids)).values())

    async def same_text(self, bank_id: BankId, new: NewThought) -> Sequence[MemoryId]:
        """Return active thoughts of the same owner with the very text."""
        columns = t.memories.c
        statement = (
            select(columns.memory_id)
            .select_from(WITH_TEXTS)
            .where(
                *of_bank(bank_id),
                t.memory_versions.c.bank_id == bank_id,
                columns.state == MemoryState.ACTIVE,
                columns.user_id.is_not_distinct_from(new.keys.user_id),
                columns.agent_id.is_not_distinct_from(new.keys.agent_id),
                t.memory_versions.c.text == new.text,
            )
            .order_by(columns.memory_id)
        )
        return [MemoryId(each) for each in await self._session.connection.scalars(statement)]

    async def unhashed(self, bank_id: BankId, key: str, limit: int) -> list[Thought]:
        """Return active thoughts that have vectors and no group of these parameters."""
        return await self._thoughts(
            bank_id,
            t.memories.c.state == MemoryState.ACTIVE,
            t.memories.c.embedded.is_(True),
            t.thoughts.c.hash_key.is_distinct_from(key),
            limit=limit,
        )

    async def of_groups(
        self, bank_id: BankId, key: str, groups: Collection[int], like: Thought, limit: int
    ) -> list[Thought]:
        """Return other active thoughts of the same owner in any of the groups, newest first."""
        columns = t.memories.c
        found = await self._thoughts(
            bank_id,
            t.thoughts.c.hash_key == key,
            t.thoughts.c.hash_group.in_(sorted(groups)),
            t.thoughts.c.memory_id != like.memory_id,
            columns.state == MemoryState.ACTIVE,
            columns.user_id.is_not_distinct_from(like.keys.user_id),
            columns.agent_id.is_not_distinct_from(like.keys.agent_id),
            limit=limit,
            is_newest_first=True,
        )
        return found[:limit]

    async def _thoughts(
        self,
        bank_id: BankId,
        *conditions: ColumnElement[bool],
        limit: int | None = None,
        is_newest_first: bool = False,
    ) -> list[Thought]:
        columns, order = t.memories.c, t.thoughts.c.memory_id
        statement = (
            select(
                t.thoughts,
                columns.state,
                columns.user_id,
                columns.agent_id,
                columns.session_id,
                columns.occurred_at,
                columns.expires_at,
                columns.pinned,
                t.memory_versions.c.text,
            )
            .select_from(WITH_TEXTS)
            .where(*of_bank(bank_id), t.memory_versions.c.bank_id == bank_id, *conditions)
            .order_by(order.desc() if is_newest_first else order)
            .limit(limit)
        )
        return [_to_thought(row) for row in await self._session.connection.execute(statement)]


class ThoughtWriter(ThoughtReader):
    """Keeps what is known of thoughts beside their memories."""

    async def lock(self, bank_id: BankId) -> None:
        """Keep others from changing thoughts of the bank until the transaction ends."""
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"thoughts {bank_id}", 0))
        await self._session.connection.execute(select(lock))

    async def add(self, bank_id: BankId, memory_id: MemoryId, new: NewThought) -> None:
        """Keep the triple of a thought whose memory is there; its slot is to be settled."""
        claim = new.claim
        await self._session.connection.execute(
            insert(t.thoughts).values(
                bank_id=bank_id,
                memory_id=memory_id,
                tenant_id=self._session.tenant_id,
                head=claim.subject if claim else new.head,
                relation=claim.predicate if claim else None,
                tail=claim.object if claim else None,
                rule=claim.rule if claim else "",
                frame=new.frame,
                listed=new.listed,
                made_by=new.made_by,
                denies=claim.denies if claim else False,
                is_functional=claim.is_functional if claim else False,
                is_change=claim.is_change if claim else False,
                needs_all=new.needs_all,
                valid_from=claim.valid_from if claim else new.occurred_at,
                said_at=claim.said_at if claim else new.occurred_at,
                superseded_by=None,
                stood=True,
                retired=False,
                settled=False,
                hash_key=None,
                hash_group=None,
            )
        )

    async def mark_read(self, bank_id: BankId, versions: Mapping[MemoryId, int]) -> None:
        """Note that these versions of memories were read for thoughts."""
        await mark_read(self._session, t.thought_readings, bank_id, versions)

    async def read_again(self, bank_id: BankId, ids: Collection[MemoryId]) -> None:
        """Have memories read once more."""
        await read_again(self._session, t.thought_readings, bank_id, ids)

    async def set(self, bank_id: BankId, ids: Collection[MemoryId], **values: object) -> None:
        """Set columns of thoughts, such as ``stood``, ``retired`` or ``superseded_by``."""
        columns = t.thoughts.c
        await self._session.connection.execute(
            update(t.thoughts)
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(list(ids)))
            .values(**values)
        )

    async def unsettle(self, bank_id: BankId) -> None:
        """Have every slot settled again."""
        statement = update(t.thoughts).where(t.thoughts.c.bank_id == bank_id)
        await self._session.connection.execute(statement.values(settled=False))


def _to_thought(row: Row[Any]) -> Thought:
    claim = None
    if row.relation is not None:
        claim = Claim(
            subject=row.head,
            predicate=row.relation,
            object=row.tail,
            valid_from=row.valid_from,
            said_at=row.said_at,
            rule=row.rule,
            denies=row.denies,
            is_functional=row.is_functional,
            is_change=row.is_change,
        )
    return Thought(
        memory_id=MemoryId(row.memory_id),
        state=MemoryState(row.state),
        text=row.text,
        keys=ScopeKeys(user_id=row.user_id, agent_id=row.agent_id, session_id=row.session_id),
        occurred_at=row.occurred_at,
        expires_at=row.expires_at,
        pinned=row.pinned,
        claim=claim,
        head=row.head,
        frame=row.frame,
        listed=row.listed,
        made_by=row.made_by,
        needs_all=row.needs_all,
        superseded_by=None if row.superseded_by is None else MemoryId(row.superseded_by),
        stood=row.stood,
        retired=row.retired,
    )
