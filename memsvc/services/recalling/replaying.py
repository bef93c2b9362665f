"""Recorded recalls asked again: whether the answer is the same today, and if not, why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.memory import Json
from memsvc.domain.recorded_recalls import RecallId, RecordedHit, RecordedRecall
from memsvc.domain.replays import Change, Circumstance, ComparedMemory, Since, compare
from memsvc.services.commands import BankReference, Caller
from memsvc.services.recalling.found import SIFTED
from memsvc.services.recalling.looking_back import look_back
from memsvc.services.recalling.recall import Recall
from memsvc.services.recalling.recalled import Recalled, RecallQuery
from memsvc.services.recalling.recorded_answers import (
    KeptSettings,
    arms_of,
    hits_of,
    read_query,
    written_query,
)
from memsvc.store.meanwhile import Meanwhile
from memsvc.store.transactions import ReadTransaction, Store

_BESIDE = ("neighbours", "context")
"""Parameters of what stands beside the hits of an answer: a replay does not ask for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A recorded answer beside today's."""

    recall_id: RecallId
    question: str
    now: datetime
    """The instant that both were answered at."""
    memories: Sequence[ComparedMemory]
    circumstances: Sequence[Circumstance]
    """What else was not the same; it may, or may not, have changed the answer."""

    @property
    def same(self) -> bool:
        """Whether the hits are the same: memories, versions, order and scores."""
        return all(each.change is Change.SAME for each in self.memories)


class Replay:
    """Asks what was asked before. Nothing is recorded, and nothing grows stronger by it."""

    def __init__(self, store: Store, recall: Recall, kept: KeptSettings) -> None:
        self._store = store
        self._recall = recall
        self._kept = kept

    async def __call__(self, caller: Caller, bank: BankReference, recall_id: RecallId) -> Replayed:
        """Ask with the parameters and the instant of then, and compare.

        Raises ``RecallNotFoundError``, and what ``Recall`` raises.
        """
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            recorded = await tx.recall_log.get(bank_id, recall_id)
        query = read_query(recorded)
        answer = await self._recall(caller, bank, query)
        hits = hits_of(answer)
        ids = sorted({hit.memory_id for hit in (*recorded.hits, *hits)})
        async with self._store.read(caller.tenant_id) as tx:
            done = await tx.recall_log.meanwhile(bank_id, recall_id, ids)
            since = await _since(tx, recorded, query, hits, done)
        return Replayed(
            recall_id=recall_id,
            question=recorded.question,
            now=recorded.asked_for,
            memories=compare(recorded.hits, hits, since),
            circumstances=[
                *_unasked(recorded, query),
                *self._circumstances(recorded, answer),
                *_meanwhile(done),
            ],
        )

    def _circumstances(self, recorded: RecordedRecall, answer: Recalled) -> list[Circumstance]:
        then = {"mode": recorded.mode, "backend": recorded.backend, "model": recorded.model_id}
        now = {"mode": answer.mode.value, "backend": answer.backend}
        if answer.bank is not None:
            now["model"] = answer.bank.model_id
        then |= _flat("arms", recorded.arms) | _flat("settings", recorded.settings)
        now |= _flat("arms", arms_of(answer)) | _flat("settings", self._kept.of(answer))
        return _differences(then, now)


async def _since(
    tx: ReadTransaction,
    recorded: RecordedRecall,
    query: RecallQuery,
    hits: Sequence[RecordedHit],
    done: Meanwhile,
) -> Since:
    bank_id = recorded.bank_id
    ids = sorted({hit.memory_id for hit in (*recorded.hits, *hits)})
    ranked = sum(hit.dropped_for in {None, SIFTED} for hit in hits)
    # What an answer looked back at is shown by it, superseded or not.
    wanted = await look_back(tx, bank_id, query.filter, recorded.asked_for)
    memories = await tx.recall_log.memories_now(bank_id, ids)
    visible = await tx.memories.fetch_visible(bank_id, ids, wanted, recorded.asked_for)
    restored = await tx.recall_log.restored_since(bank_id, ids, recorded.recorded_at)
    return Since(
        recorded_at=recorded.recorded_at,
        memories=memories,
        visible=visible.keys(),
        restored={each for each in memories if each in restored},
        states=wanted.states,
        annotated=done.annotated,
        has_room=query.budget_tokens is not None and ranked < query.k,
    )


def _unasked(recorded: RecordedRecall, query: RecallQuery) -> list[Circumstance]:
    """Return what was asked then that this version cannot ask, or asks otherwise."""
    then = _flat("asked", {**recorded.parameters, **dict.fromkeys(_BESIDE)})
    now = _flat("asked", {**written_query(query), **dict.fromkeys(_BESIDE)})
    # What could not be asked yet when it was recorded is not asked now.
    return _differences(then, {name: now[name] for name in then.keys() & now.keys()})


def _differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[Circumstance]:
    return [
        Circumstance(name=name, then=then.get(name, "-"), now=now.get(name, "-"))
        for name in sorted(then.keys() | now.keys())
        if then.get(name, "-") != now.get(name, "-")
    ]


def _meanwhile(done: Meanwhile) -> list[Circumstance]:
    """Return how often the bank was changed since: scores depend on all of it."""
    return [
        Circumstance(name=f"since.{operation}", then="0", now=str(times))
        for operation, times in done.counts.items()
    ]


def _written(value: Json) -> str:
    if value is None:
        return "-"
    if isinstance(value, Sequence) and not isinstance(value, str):
        # PostgreSQL keeps the members of objects in an order of its own.
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def _flat(prefix: str, values: Mapping[str, Json]) -> dict[str, str]:
    """Return nested values by dotted name."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flat(f"{prefix}.{name}", value)
        else:
            flat[f"{prefix}.{name}"] = _written(value)
    return flat
