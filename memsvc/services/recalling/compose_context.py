"""The composer: what a model should read before it answers a question, within a token budget."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from memsvc.domain.context.composing import Format, compose, compose_whole
from memsvc.domain.context.material import Context, HitMaterial, Material
from memsvc.domain.filters import RecallFilter
from memsvc.domain.fusion import Arm
from memsvc.domain.grains import AskedGrain
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory
from memsvc.domain.model_calls import CallsMade
from memsvc.domain.recorded_recalls import RecallId
from memsvc.domain.times.asked_times import TimeUse
from memsvc.ports import TokenCounter
from memsvc.services.commands import BankReference, Caller
from memsvc.services.recalling.accompanying import Sides, sides_of, sides_within
from memsvc.services.recalling.found import Question
from memsvc.services.recalling.pass_through import TOKENS_PER_MEMORY, Mode, PassThrough, Scope
from memsvc.services.recalling.posing import Pose
from memsvc.services.recalling.recall import Recall
from memsvc.services.recalling.recalled import Hit, Recalled, RecallQuery, unranked, without_stages
from memsvc.services.recalling.stages import Stages
from memsvc.services.recalling.telling import told_among
from memsvc.store.context_reads import Reach
from memsvc.store.summaries import Level
from memsvc.store.transactions import ReadTransaction, Store
from memsvc.telemetry import CONTEXTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextQuery:
    """A question, and how much may be read before it is answered."""

    text: str
    budget_tokens: int = 2000
    pass_through: bool = True
    """Whether everything is shown if it fits, instead of the best of it."""
    k: int = 20
    """How many hits at most."""
    reach: int = 2
    """How many neighbours of a hit on either side, where it stands for itself alone."""
    grain: AskedGrain = AskedGrain.MEMORY
    """What a hit stands for; what is in its unit is its neighbour then, as far as it fits."""
    summaries: int = 5
    """How many of sessions. With any, the portrait and the summary of all sessions come too, where
    the filter lets through one of them."""
    session_id: str | None = None
    """Whose latest turns are wanted."""
    recent: int = 6
    """How many of them."""
    filter: RecallFilter = field(default_factory=RecallFilter)
    """Holds for all that is shown."""
    arms: frozenset[Arm] | None = None
    diversity: float | None = None
    """How much near-duplicates among the hits lose, 0 to 1."""
    rewrite: bool = False
    """Whether a language model adds queries and clues."""
    iterate: bool = False
    """Whether a language model searches on in rounds."""
    rerank: bool = False
    """Whether a cross-encoder reads the best candidates."""
    sift: bool = False
    """Whether a language model leaves out hits that do not bear on the question."""
    answerable: bool = False
    """Whether to judge if the question is answered, and to say so on top where it is not."""
    record: bool | None = None
    """Whether the recall in it is recorded; ``None``: a share of them is."""
    times: TimeUse = TimeUse.BOOST
    """What is made of the times that ``text`` names; what they leave out is not shown at all."""
    now: datetime | None = None
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    """Of the times that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallWithin:
    """The recall that a context was made of, as it could be asked by itself."""

    query: RecallQuery
    answer: Recalled


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedContext:
    """What to read, and how it came about."""

    context: Context
    recall: RecallWithin
    budget_tokens: int
    tokenizer: str
    took_ms: Mapping[str, float]
    id: RecallId | None = None
    """Names that recall to the recorder; ``None`` for contexts within the service."""
    recorded: bool = False
    """Whether it was taken to be recorded."""
    model_calls: CallsMade = field(default_factory=CallsMade)
    """On the account, by whichever stages."""


class ComposeContext:
    """Composes contexts; changes nothing."""

    def __init__(
        self,
        store: Store,
        pose: Pose,
        recall: Recall,
        pass_through: PassThrough,
        tokens: TokenCounter,
    ) -> None:
        self._store = store
        self._pose = pose
        self._recall = recall
        self._pass_through = pass_through
        self._tokens = tokens

    async def __call__(
        self, caller: Caller, bank: BankReference, query: ContextQuery
    ) -> ComposedContext:
        """Return a context of at most ``query.budget_tokens``; raises what ``Recall`` does."""
        stages = Stages()
        asked = _asked(query)
        self._recall.refuse_if_absent(asked)
        question = await self._pose(caller, bank, asked)
        # Of another time if the filter names one, and narrowed if the question's times are to.
        scope = Scope(bank=question.bank.scope, filter=question.query.filter, now=question.now)
        stages.mark("resolve")
        whole: Sequence[Memory] | None = None
        recalled: Recalled | None = None
        if query.pass_through:
            whole = await self._pass_through.whole(scope, query.budget_tokens)
            stages.mark("whole")
        if whole is not None:
            # Judged is what a plain ranking finds; no model is asked for what is all shown.
            plain = replace(question, query=without_stages(question.query))
            judged = await self._ranked(plain, stages) if query.answerable else None
            # Counting takes milliseconds for every thousand tokens.
            form = self._format(query, judged)
            context = await asyncio.to_thread(compose_whole, whole, form)
            stages.mark("compose")
            if context is not None:
                when = await asyncio.to_thread(told_among, question, whole)
                shown = replace(self._shown(context, question, judged), when=when)
                recall = RecallWithin(query=_whole(asked, query), answer=shown)
                return self._composed(context, query, stages, recall)
            recalled = judged if plain == question else None
        if recalled is None:
            recalled = await self._ranked(question, stages)
        material = await self._gather(scope, query, recalled.hits)
        stages.mark("gather")
        form = self._format(query, recalled)
        context = await asyncio.to_thread(compose, material, form)
        stages.mark("compose")
        recall = RecallWithin(query=asked, answer=recalled)
        return self._composed(context, query, stages, recall)

    async def _ranked(self, question: Question, stages: Stages) -> Recalled:
        recalled = await self._recall.answer(question, Stages())
        parts = {stage: spent for stage, spent in recalled.took_ms.items() if stage != "total"}
        stages.mark("recall", of_which=parts)
        return recalled

    async def _gather(self, scope: Scope, query: ContextQuery, hits: Sequence[Hit]) -> Material:
        bank_id, wanted, now = scope.bank.bank_id, scope.filter, scope.now
        async with self._store.read(scope.bank.tenant_id) as tx:
            sides = await _sides(tx, scope, query, hits)
            summaries = await _summaries(tx, scope, query.summaries)
            recent: Sequence[Memory] = ()
            if query.session_id is not None:
                recent = await tx.context.session_turns(
                    bank_id, query.session_id, wanted, now, query.recent
                )
        return Material(
            summaries=summaries,
            hits=[
                HitMaterial(
                    memory=hit.memory, score=hit.score, before=side.before, after=side.after
                )
                for hit in hits
                for side in [sides[hit.memory.id]]
            ],
            recent=recent[::-1],
        )

    def _format(self, query: ContextQuery, recalled: Recalled | None) -> Format:
        return Format(
            note=_note(recalled),
            budget=query.budget_tokens,
            count=self._tokens.count,
            zone=query.zone,
            zone_name=query.zone_name,
        )

    def _shown(self, context: Context, question: Question, judged: Recalled | None) -> Recalled:
        """Return everything that is shown as the answer to a recall."""
        pieces = [each for section in context.sections for each in section.pieces]
        hits = unranked([each.piece.memory for each in pieces], [each.tokens for each in pieces])
        return Recalled(
            hits=hits,
            arms={} if judged is None else judged.arms,
            total_tokens=sum(hit.tokens for hit in hits),
            budget_tokens=None,
            tokenizer=self._tokens.name,
            dropped=(),
            took_ms={},
            backend=self._recall.backend,
            mode=Mode.PASSTHROUGH,
            answerable=None if judged is None else judged.answerable,
            bank=question.bank,
            now=question.now,
        )

    def _composed(
        self,
        context: Context,
        query: ContextQuery,
        stages: Stages,
        recall: RecallWithin,
    ) -> ComposedContext:
        CONTEXTS.labels(mode=recall.answer.mode).inc()
        took_ms = stages.took_ms()
        return ComposedContext(
            context=context,
            recall=replace(recall, answer=replace(recall.answer, took_ms=took_ms)),
            budget_tokens=query.budget_tokens,
            tokenizer=self._tokens.name,
            took_ms=took_ms,
        )


def _asked(query: ContextQuery) -> RecallQuery:
    return RecallQuery(
        text=query.text,
        k=query.k,
        filter=query.filter,
        arms=query.arms,
        grain=query.grain,
        now=query.now,
        times=query.times,
        zone=query.zone,
        diversity=query.diversity,
        rewrite=query.rewrite,
        iterate=query.iterate,
        rerank=query.rerank,
        sift=query.sift,
        answerable=query.answerable,
        record=query.record,
    )


def _whole(asked: RecallQuery, query: ContextQuery) -> RecallQuery:
    """Return the recall that shows everything, as a context of everything does."""
    return replace(asked, pass_through=True, budget_tokens=query.budget_tokens)


async def _sides(
    tx: ReadTransaction, scope: Scope, query: ContextQuery, hits: Sequence[Hit]
) -> Mapping[MemoryId, Sides]:
    """Return by hit what stands beside it: in its unit, or so many on either side without one."""
    alone = [hit.memory for hit in hits if hit.unit is None]
    reach = Reach(before=query.reach, after=query.reach)
    beside = await sides_of(tx, scope, alone, reach)
    units = {hit.memory.id: hit.unit for hit in hits if hit.unit is not None}
    # More than that could not be shown.
    most = query.budget_tokens // TOKENS_PER_MEMORY
    within = await sides_within(tx, scope, units, most) if units else {}
    return {**{each.id: side for each, side in zip(alone, beside, strict=True)}, **within}


async def _summaries(tx: ReadTransaction, scope: Scope, most: int) -> list[Memory]:
    """Return what sums up, most wanted first: the portrait, latest sessions, all sessions."""
    if not most:
        return []
    bank_id, wanted, now = scope.bank.bank_id, scope.filter, scope.now
    portrait = await tx.context.document(bank_id, Level.PORTRAIT, wanted, now)
    latest = await tx.context.summaries(bank_id, wanted, now, most)
    whole = await tx.context.document(bank_id, Level.WHOLE, wanted, now)
    return [each for each in (portrait, *latest, whole) if each is not None]


def _note(recalled: Recalled | None) -> str | None:
    """Return what stands on top where the question is not answered; no stored words are in it."""
    judged = None if recalled is None else recalled.answerable
    if judged is None or judged.verdict is None or judged.verdict.is_answerable:
        return None
    return judged.verdict.statement
