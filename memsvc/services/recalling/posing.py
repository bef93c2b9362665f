"""A query made ready to be asked: its bank, its times, and what it may be answered with."""

from dataclasses import replace

from memsvc.domain.asked_speaker import asked_speaker
from memsvc.domain.filters import RecallFilter
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller
from memsvc.services.recalling.finding import Find
from memsvc.services.recalling.found import Question
from memsvc.services.recalling.looking_back import PastEntries, day_of, look_back
from memsvc.services.recalling.question_times import beyond, read_times, within
from memsvc.services.recalling.recalled import RecallQuery, without_stages
from memsvc.services.recalling.stages import Stages
from memsvc.services.recalling.telling import event_told, placed
from memsvc.store.recall_reads import RecallReads
from memsvc.store.transactions import Store

_EVENT_CANDIDATES = 20
"""Memories among which the telling of an event is looked for."""


class Pose:
    """Looks up what has to be known to ask a question."""

    def __init__(
        self, store: Store, reads: RecallReads, clock: Clock, find: Find, past: PastEntries
    ) -> None:
        self._store = store
        self._reads = reads
        self._clock = clock
        self._find = find
        self._past = past

    async def __call__(self, caller: Caller, bank: BankReference, query: RecallQuery) -> Question:
        """Return the question; raises ``BankNotFoundError``.

        Where its times are to filter and it names an event ("before the move"), the event is looked
        for first, and what was on its other side is left out; raises ``UnavailableError`` if that
        search cannot be done.
        """
        now = query.now or self._clock.now()
        read = read_times(query, now)
        question = Question(
            query=read.query,
            bank=await self._reads.resolve(caller.tenant_id, bank.value),
            now=now,
            allowed=None,
            spans=read.spans,
            named=read.spans,
            order=read.order,
            elapsed=read.elapsed,
            asked_speaker=asked_speaker(query.text),
        )
        if read.has_event:
            question = await self._bounded(question)
        return await self._over(question, question.query.filter)

    async def restrict(self, question: Question) -> Question:
        """Return the question over exactly those memories that may be shown."""
        scope = question.bank.scope
        async with self._store.read(scope.tenant_id) as tx:
            allowed = await tx.memories.allowed_ids(
                scope.bank_id, question.query.filter, question.now
            )
        return replace(question, allowed=allowed)

    async def _over(self, question: Question, wanted: RecallFilter) -> Question:
        """Return the question over what a filter lets through, and of another time if it says."""
        if wanted.is_trivial:
            return question
        scope, now = question.bank.scope, question.now
        async with self._store.read(scope.tenant_id) as tx:
            wanted = await look_back(tx, scope.bank_id, wanted, now)
            allowed = await tx.memories.allowed_ids(scope.bank_id, wanted, now)
        return replace(
            question,
            query=replace(question.query, filter=wanted),
            allowed=allowed,
            day=await day_of(self._past, scope, wanted, allowed, now),
        )

    async def _bounded(self, question: Question) -> Question:
        """Return the question narrowed to one side of its event, as it is if nobody tells of it."""
        order, query = question.order, question.query
        assert order is not None  # noqa: S101 — it names an event
        wanted = within(query.filter, question.spans) if order.is_dated else query.filter
        plain = replace(
            without_stages(query), text=order.event or "", k=_EVENT_CANDIDATES, explain=False
        )
        about = replace(question, query=replace(plain, answerable=False), order=None, spans=())
        about = await self._over(about, wanted)
        found = await self._find(about, Stages())
        shown = found.shown()
        memories = [found.visible[each.memory_id] for each in shown]
        candidates = placed(memories, [each.score for each in shown])
        event = event_told(order, memories, candidates, query.zone)
        if event is None:
            return replace(question, query=replace(query, filter=wanted))
        return replace(
            question,
            query=replace(query, filter=beyond(query.filter, order.order, event.moment)),
            # The time of the event is none of what is asked for.
            spans=() if order.is_dated else question.spans,
            event=event,
        )
