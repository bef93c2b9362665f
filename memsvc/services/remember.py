"""The write path: embed outside any transaction, then store everything in one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Episode, ResolvedBank
from memsvc.ports import Clock
from memsvc.services.commands import (
    BankReference,
    Caller,
    EpisodeWritten,
    NewBank,
    NewEpisode,
    NewMemory,
    Remembered,
    RequestKey,
)
from memsvc.services.courtesy import Courtesy
from memsvc.services.drafts import (
    Draft,
    SentDocument,
    draft_episode,
    draft_item,
    drafts_of_episode,
    refuse_repeated_items,
    refuse_repeated_sources,
    sent_documents,
)
from memsvc.services.embedders import Embedders
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.new_banks import DEFAULT_LANGUAGE, check_bank_name, new_bank
from memsvc.services.preparation import Preparation, Prepared
from memsvc.services.writing import BatchWriter, WrittenBatch
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction
from memsvc.telemetry import MEMORIES_WRITTEN

_ANSWER: TypeAdapter[Remembered] = TypeAdapter(Remembered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A write as it goes through the use case."""

    caller: Caller
    bank: BankReference
    recorded_at: datetime
    drafts: Sequence[Draft]
    episodes: Sequence[Episode] = ()
    documents: Sequence[SentDocument] = ()


class Remember:
    """Stores what happened; acknowledged means durable and recallable."""

    def __init__(
        self,
        store: Store,
        embedders: Embedders,
        clock: Clock,
        *,
        organise_after_s: float | None = None,
        courtesy: Courtesy | None = None,
    ) -> None:
        """Have what is written organised so many seconds later; ``None`` leaves it waiting.

        Background work with the same ``courtesy`` steps aside meanwhile.
        """
        self._courtesy = courtesy or Courtesy()
        self._store = store
        self._organise_after_s = organise_after_s
        self._new_model = embedders.default.model
        self._clock = clock
        self._prepare = Preparation(embedders=embedders)
        self._once = Once(
            store=store, result=_ANSWER, bank_of=lambda remembered: remembered.bank_id
        )

    async def episodes(
        self,
        caller: Caller,
        bank: BankReference,
        new: Sequence[NewEpisode],
        key: RequestKey | None = None,
    ) -> Outcome[Remembered]:
        """Store episodes with their messages or passages, all of them or none."""
        now = self._clock.now()
        episodes = [draft_episode(each, now) for each in new]
        drafts = [
            draft
            for no, (each, episode) in enumerate(zip(new, episodes, strict=True))
            for draft in drafts_of_episode(each, episode, no, now)
        ]
        request = _Request(
            caller=caller,
            bank=bank,
            recorded_at=now,
            drafts=drafts,
            episodes=episodes,
            documents=sent_documents(new, episodes, drafts),
        )
        return await self._remember(request, key)

    async def items(
        self,
        caller: Caller,
        bank: BankReference,
        new: Sequence[NewMemory],
        key: RequestKey | None = None,
    ) -> Outcome[Remembered]:
        """Store verbatim items, all of them or none."""
        now = self._clock.now()
        drafts = [draft_item(each, now) for each in new]
        return await self._remember(
            _Request(caller=caller, bank=bank, recorded_at=now, drafts=drafts), key
        )

    async def _remember(self, request: _Request, key: RequestKey | None) -> Outcome[Remembered]:
        with self._courtesy.answering():
            return await self._write(request, key)

    async def _write(self, request: _Request, key: RequestKey | None) -> Outcome[Remembered]:
        replayed = await self._once.replay(request.caller, key)
        if replayed is not None:
            return replayed
        refuse_repeated_items(request.drafts)
        refuse_repeated_sources(request.episodes)
        async with self._store.read(request.caller.tenant_id) as tx:
            bank = await self._find_bank(tx, request.bank)
            unchanged = set() if bank is None else await _unchanged(tx, bank, request.drafts)
        prepared = await self._prepare(
            request.drafts,
            tenant_id=request.caller.tenant_id,
            language=DEFAULT_LANGUAGE if bank is None else bank.language,
            skip=unchanged,
            model_ids=self._models_of(bank),
        )

        async def work(tx: WriteTransaction) -> Remembered:
            return await self._apply(tx, request, prepared)

        outcome = await self._once.run(request.caller, key, work)
        if not outcome.replayed:
            for each in outcome.value.memories:
                MEMORIES_WRITTEN.labels(status=each.status).inc()
        return outcome

    def _models_of(self, bank: ResolvedBank | None) -> list[str]:
        if bank is None:
            return [self._new_model.id]
        return [each for each in (bank.model_id, bank.building_model_id) if each is not None]

    async def _find_bank(
        self, tx: ReadTransaction, reference: BankReference
    ) -> ResolvedBank | None:
        if not reference.create:
            return await tx.banks.resolve(reference.value)
        found = await tx.banks.find(reference.value)
        if found is None:
            check_bank_name(reference.value)
        return found

    async def _apply(
        self, tx: WriteTransaction, request: _Request, prepared: Sequence[Prepared]
    ) -> Remembered:
        bank = await self._bank_to_write(tx, request)
        bank_id = bank.scope.bank_id
        # It may have moved to another model since it was looked up: the row that is locked tells.
        bank = replace(bank, model_id=await tx.banks.lock(bank_id))
        sources = {each.source for each in request.episodes}
        sources |= {draft.source for draft in request.drafts if draft.external_id is not None}
        await tx.episodes.lock_sources(bank_id, sources)
        open_episodes = [await tx.episodes.open(bank_id, each) for each in request.episodes]
        writer = BatchWriter(
            tx=tx,
            bank=bank,
            actor=request.caller.actor,
            now=request.recorded_at,
            organise_after_s=self._organise_after_s,
        )
        batch = await writer.write(prepared, open_episodes)
        await writer.supersede_former_passages(request.documents)
        episodes = [each.episode for each in open_episodes]
        return _answer(bank_id, request, batch, episodes)

    async def _bank_to_write(self, tx: WriteTransaction, request: _Request) -> ResolvedBank:
        if not request.bank.create:
            return await tx.banks.resolve(request.bank.value)
        found = await tx.banks.find(request.bank.value)
        if found is not None:
            return found
        new = new_bank(
            NewBank(name=request.bank.value),
            request.caller.tenant_id,
            self._new_model,
            request.recorded_at,
        )
        # Somebody else may be making it too: whoever comes second finds the first one's.
        await tx.banks.create(new)
        return await tx.banks.resolve(request.bank.value)


async def _unchanged(tx: ReadTransaction, bank: ResolvedBank, drafts: Sequence[Draft]) -> set[int]:
    """Return the positions of drafts that are stored already, so that nobody embeds them."""
    items = [draft.item for draft in drafts if draft.item is not None]
    known = await tx.memories.known_items(bank.scope.bank_id, items)
    return {
        no
        for no, draft in enumerate(drafts)
        if draft.item is not None
        and (stored := known.get(draft.item)) is not None
        and stored.content_hash == draft.content_hash
    }


def _answer(
    bank_id: BankId, request: _Request, batch: WrittenBatch, episodes: Sequence[Episode]
) -> Remembered:
    by_episode = [
        EpisodeWritten(
            episode=episode,
            memories=[
                written
                for written, draft in zip(batch.written, request.drafts, strict=True)
                if draft.episode_no == no
            ],
        )
        for no, episode in enumerate(episodes)
    ]
    return Remembered(
        bank_id=bank_id,
        episodes=by_episode,
        memories=batch.written,
        embedded=batch.embedded,
        jobs=batch.jobs,
    )
