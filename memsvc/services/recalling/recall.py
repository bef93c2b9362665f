"""The read path: arms in parallel, fused, re-read from their rows, packed into the budget."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from memsvc.domain.packing import fit_budget
from memsvc.ports import TokenCounter
from memsvc.services.commands import BankReference, Caller
from memsvc.services.recalling.accompanying import Accompany, Accompanying
from memsvc.services.recalling.answerable import AssessAnswerable
from memsvc.services.recalling.finding import Find
from memsvc.services.recalling.found import (
    Found,
    Question,
    asking,
    explain_dropped,
    judged,
    sifted_out,
)
from memsvc.services.recalling.linked import LinkedMemories, Neighbour, fitting
from memsvc.services.recalling.pass_through import Mode, PassThrough, Scope
from memsvc.services.recalling.posing import Pose
from memsvc.services.recalling.recalled import Hit, Recalled, RecallQuery, unranked, without_stages
from memsvc.services.recalling.refining import Refine, Refined
from memsvc.services.recalling.stages import Stages
from memsvc.services.recalling.telling import told_among, told_times
from memsvc.services.recalling.widening import Widen, Widened
from memsvc.store.context_reads import Reach
from memsvc.store.transactions import Store
from memsvc.telemetry import RECALL_STAGE_CPU_SECONDS, RECALL_STAGE_SECONDS, RECALLS


class Recall:
    """Answers questions; changes nothing."""

    def __init__(  # noqa: PLR0913 — wired in one place
        self,
        store: Store,
        tokens: TokenCounter,
        *,
        pose: Pose,
        find: Find,
        pass_through: PassThrough,
        widen: Widen,
        refine: Refine,
        assess: AssessAnswerable,
    ) -> None:
        self._pose = pose
        self._tokens = tokens
        self._find = find
        self._pass_through = pass_through
        self._widen = widen
        self._refine = refine
        self._assess = assess
        self._linked = LinkedMemories(store=store)
        self._accompany = Accompany(store=store, tokens=tokens)

    @property
    def backend(self) -> str:
        """The dense arm's index."""
        return self._find.backend

    async def __call__(self, caller: Caller, bank: BankReference, query: RecallQuery) -> Recalled:
        """Return min(k, available) memories of the bank that the filter lets through.

        Raises ``UnavailableError`` only when no arm that was asked for could answer.
        """
        self.refuse_if_absent(query)
        stages = Stages()
        question = await self._pose(caller, bank, query)
        stages.mark("resolve")
        return await self.answer(question, stages)

    async def answer(self, question: Question, stages: Stages) -> Recalled:
        """Answer a question that was posed; raises what asking for it raises."""
        query, asked_at = question.query, time.monotonic()
        whole = await self._whole(question, stages) if query.pass_through else None
        if whole is not None:
            if not query.answerable:
                return whole
            # Judged is what a ranking finds.
            plain = replace(question, query=without_stages(query))
            ranked = await self.answer(plain, Stages())
            return replace(whole, answerable=ranked.answerable, arms=ranked.arms)
        needs = self._refine.needs(query)
        found = await self._find(question, stages, needs)
        if found.fell_short(question):
            # The indexes proposed memories that may not be shown (expired since, say): ask
            # again over exactly those that may.
            question = await self._pose.restrict(question)
            found = await self._find(question, stages, needs)
        verdict = None
        if query.answerable:
            verdict = await self._assess(judged(question, found, asked_at))
            stages.mark("answerable")
        widened = await self._widened(question, found, needs, stages)
        refined = await self._refine(question, widened.found, stages)
        answer = await self._answer(question, refined, stages)
        return replace(
            answer,
            rewrite=widened.rewrite,
            iterate=widened.iterate,
            answerable=verdict,
            bank=question.bank,
            now=question.now,
        )

    async def _widened(
        self, question: Question, found: Found, needs: int, stages: Stages
    ) -> Widened:
        """Return what further questions found too, if a request wants any."""

        async def ask(text: str) -> Found:
            # Several are asked at the same time: their parts of it are not told apart.
            return await self._find(asking(question, text), Stages(), needs)

        widened = await self._widen(question, found, ask)
        if widened.rewrite is not None or widened.iterate is not None:
            stages.mark("widen")
        return widened

    def refuse_if_absent(self, query: RecallQuery) -> None:
        """Raise ``InvalidRequestError`` if a stage is asked for that no model is there for."""
        self._widen.refuse_if_absent(query)
        self._refine.refuse_if_absent(query)

    async def _whole(self, question: Question, stages: Stages) -> Recalled | None:
        """Return everything the filter lets through, if it fits the budget."""
        query, budget = question.query, question.query.budget_tokens
        if budget is None:
            return None
        scope = Scope(bank=question.bank.scope, filter=query.filter, now=question.now)
        memories = await self._pass_through.whole(scope, budget)
        stages.mark("whole")
        if memories is None:
            return None
        costs = await asyncio.to_thread(self._tokens.count, [each.text for each in memories])
        if sum(costs) > budget:
            return None
        when = await asyncio.to_thread(told_among, question, memories)
        stages.mark("pack")
        return Recalled(
            hits=unranked(memories, costs),
            arms={},
            total_tokens=sum(costs),
            budget_tokens=budget,
            tokenizer=self._tokens.name,
            dropped=(),
            took_ms=_observed(stages),
            backend=self._find.backend,
            mode=Mode.PASSTHROUGH,
            when=when,
            bank=question.bank,
            now=question.now,
        )

    async def _answer(self, question: Question, refined: Refined, stages: Stages) -> Recalled:
        query, found = question.query, refined.found
        shown = found.hits(query.k)
        costs = self._tokens.count([found.visible[each.memory_id].text for each in shown])
        kept = fit_budget(costs, query.budget_tokens)
        hits = [
            Hit(
                memory=found.visible[each.memory_id],
                score=each.score,
                parts=each.parts,
                tokens=tokens,
                hop=found.hops.get(each.memory_id),
                asked=found.asked.get(each.memory_id, ()),
                relevance=found.relevance.get(each.memory_id),
                factors=found.factors.get(each.memory_id, {}),
                unit=found.units.get(each.memory_id),
            )
            for each, tokens, fits in zip(shown, costs, kept, strict=True)
            if fits
        ]
        stages.mark("pack")
        neighbours: Sequence[Neighbour] = ()
        if query.neighbours:
            neighbours = await self._linked_to(question, hits)
        beside = await self._beside(question, hits, neighbours)
        if query.neighbours or beside:
            stages.mark("neighbours")
        return Recalled(
            hits=hits,
            arms={arm: outcome.report for arm, outcome in found.arms.items()},
            total_tokens=sum(hit.tokens for hit in hits)
            + sum(each.tokens for each in neighbours)
            + sum(each.tokens for each in beside),
            budget_tokens=query.budget_tokens,
            tokenizer=self._tokens.name,
            dropped=(explain_dropped(found, hits, query.k) if query.explain else sifted_out(found)),
            neighbours=neighbours,
            beside=beside,
            walk=found.walk if query.explain else None,
            when=told_times(
                question, [hit.memory for hit in hits], [hit.score for hit in hits], found.event
            ),
            rerank=refined.rerank,
            grain=refined.grain,
            sift=refined.sift,
            took_ms=_observed(stages),
            backend=self._find.backend,
        )

    async def _linked_to(self, question: Question, hits: Sequence[Hit]) -> list[Neighbour]:
        """Return memories linked to the hits, as far as the hits leave room in the budget."""
        query = question.query
        found = await self._linked(
            question.bank.scope,
            {hit.memory.id: hit.score for hit in hits},
            query.neighbours,
            lambda memory_ids: self._find.visible(question, memory_ids),
        )
        costs = self._tokens.count([memory.text for _, memory in found])
        return fitting(found, costs, _left(query, hits))

    async def _beside(
        self, question: Question, hits: Sequence[Hit], neighbours: Sequence[Neighbour]
    ) -> list[Accompanying]:
        """Return what was said before and after the hits, as far as the rest leaves room."""
        query = question.query
        return await self._accompany(
            Scope(bank=question.bank.scope, filter=query.filter, now=question.now),
            [hit.memory for hit in hits],
            Reach(before=query.neighbours_before, after=query.neighbours_after),
            shown={each.memory.id for each in neighbours},
            budget=_left(query, [*hits, *neighbours]),
        )


def _left(query: RecallQuery, shown: Sequence[Hit | Neighbour]) -> int | None:
    """Return what is left of the budget, ``None`` without one."""
    if query.budget_tokens is None:
        return None
    return query.budget_tokens - sum(each.tokens for each in shown)


def _observed(stages: Stages) -> Mapping[str, float]:
    RECALLS.inc()
    took_ms = stages.took_ms()
    for stage, spent in took_ms.items():
        RECALL_STAGE_SECONDS.labels(stage=stage).observe(spent / 1000)
    for stage, spent in stages.cpu_s().items():
        RECALL_STAGE_CPU_SECONDS.labels(stage=stage).inc(spent)
    return took_ms
