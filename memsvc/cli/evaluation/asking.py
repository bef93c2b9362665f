"""Asking the questions of an evaluation, and finding out why something did not come."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from memsvc_client import ArmStatus, AsyncBank, MemoryNotFoundError
from memsvc_client.models import ArmReport
from pydantic import JsonValue

from memsvc.cli.evaluation.cases import Case, Target, ranks_of
from memsvc.cli.evaluation.results import Failure, Miss, QuestionResult
from memsvc.cli.evaluation.units import Shown, UnitKind
from memsvc.cli.failures import CommandError

MOST_HITS = 200
"""How many hits the service gives at most."""
_HITS_PER_SESSION = 5
"""Several turns of one session come back together: so many more hits are asked for."""

Arms = Literal["all"] | Sequence[str]
Times = Literal["ignore", "boost", "filter"]
Advance = Callable[[int, int], None]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """How questions are asked, and how much of an answer counts."""

    k: int = 20
    """Places of the answer that count."""
    arms: Arms = "all"
    times: Times | None = None
    budget_tokens: int | None = None
    """Of the hits, or of the context."""
    context: bool = False
    """Whether to judge contexts instead of recalls."""
    depth: int = 100
    """Up to which place something counts as retrieved; at least ``k``."""
    workers: int = 1
    """Questions asked at the same time."""
    with_text: bool = False

    def as_json(self) -> dict[str, JsonValue]:
        """Return them as results have them."""
        return {
            "judged": "context" if self.context else "recall",
            "k": self.k,
            "arms": self.arms if isinstance(self.arms, str) else list(self.arms),
            "times": self.times,
            "budget_tokens": self.budget_tokens,
            "depth": self.depth,
            "workers": self.workers,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    shown: Sequence[Shown]
    stages_ms: Mapping[str, float]
    arms: Mapping[str, ArmReport] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    case: Case
    ranks: Sequence[int | None]
    misleading_ranks: Sequence[int | None]
    waited_ms: float
    answer: _Answer


async def evaluate(
    cases: Sequence[Case],
    banks: Mapping[str, AsyncBank],
    options: AskOptions,
    advance: Advance,
) -> list[QuestionResult]:
    """Ask every case of the bank of its corpus, and judge the answers; results in their order.

    Nothing is recorded, and being a hit is no use. Raises ``CommandError`` where an arm failed:
    what the others find is not the service's best.
    """
    asked = await _asked(cases, banks, options, advance)
    missing: dict[str, set[Target]] = {}
    deeper: dict[str, Sequence[int | None]] = {}
    for each in asked:
        if None in each.ranks:
            ranks = await _ranks_deeper(each.case, banks[each.case.corpus], options)
            deeper[each.case.id] = ranks
            nowhere = [
                target for target, rank in zip(each.case.expected, ranks, strict=True) if not rank
            ]
            missing.setdefault(each.case.corpus, set()).update(nowhere)
    states = {
        corpus: await states_of(banks[corpus], targets) for corpus, targets in missing.items()
    }
    return [
        _judged(each, deeper.get(each.case.id), states.get(each.case.corpus, {}), options)
        for each in asked
    ]


async def answers_of(
    cases: Sequence[Case],
    banks: Mapping[str, AsyncBank],
    options: AskOptions,
    advance: Advance,
) -> list[QuestionResult]:
    """Ask as ``evaluate`` does, and do not find out why something did not come."""
    return [_result(each, (), options) for each in await _asked(cases, banks, options, advance)]


async def _asked(
    cases: Sequence[Case],
    banks: Mapping[str, AsyncBank],
    options: AskOptions,
    advance: Advance,
) -> list[_Asked]:
    for bank in banks.values():
        # Loading a bank's index is no property of whichever question comes first.
        await bank.recall("warm-up", k=1, record=False, reinforce=False, arms=options.arms)
    return await in_turn(
        cases, lambda case: _ask(case, banks[case.corpus], options), options.workers, advance
    )


async def states_of(bank: AsyncBank, targets: set[Target]) -> dict[Target, str]:
    """Return the states of the targets that the bank holds; an active memory comes first.

    Targets that are no ids are looked for in all memories of the bank.
    """
    found: dict[Target, str] = {}
    for target in targets:
        if target.kind == "memory":
            try:
                found[target] = (await bank.get(target.value)).state
            except MemoryNotFoundError:
                continue
    others = [each for each in targets if each.kind != "memory"]
    if not others:
        return found
    async for memory in bank.memories():
        for target in others:
            if found.get(target) != "active" and target.matches(memory):
                found[target] = memory.state
    return found


def first_hits(unit: UnitKind, places: int) -> int:
    """Return how many hits to ask for, to see so many ``places`` of this kind."""
    return min(MOST_HITS, places * (_HITS_PER_SESSION if unit is UnitKind.SESSION else 1))


async def in_turn(
    items: Sequence[_Item],
    work: Callable[[_Item], Awaitable[_Result]],
    workers: int,
    advance: Advance,
) -> list[_Result]:
    """Return what ``work`` makes of each item, so many at a time, in their order."""
    turns, done = asyncio.Semaphore(workers), 0

    async def one(item: _Item) -> _Result:
        nonlocal done
        async with turns:
            result = await work(item)
        done += 1
        advance(done, len(items))
        return result

    return await asyncio.gather(*(one(item) for item in items))


async def _ask(case: Case, bank: AsyncBank, options: AskOptions) -> _Asked:
    began = time.perf_counter()
    answer = await (_compose if options.context else _recall)(case, bank, options)
    waited_ms = (time.perf_counter() - began) * 1000
    for arm, report in answer.arms.items():
        if report.status == ArmStatus.FAILED:
            raise CommandError(f"The arm {arm} failed: {report.reason or 'no reason given'}")
    return _Asked(
        case=case,
        ranks=_within(options.k, ranks_of(case.expected, answer.shown, case.unit)),
        misleading_ranks=_within(options.k, ranks_of(case.misleading, answer.shown, case.unit)),
        waited_ms=waited_ms,
        answer=answer,
    )


async def _recall(case: Case, bank: AsyncBank, options: AskOptions) -> _Answer:
    found = await bank.recall(
        case.text,
        k=first_hits(case.unit, options.k),
        filter=case.filter if case.filter.to_json() else None,
        arms=options.arms,
        budget_tokens=options.budget_tokens,
        now=case.now,
        as_of=case.as_of,
        known_at=case.known_at,
        timezone=case.timezone,
        times=options.times,
        record=False,
        reinforce=False,
    )
    return _Answer(
        shown=found.hits, stages_ms=found.took_ms.model_dump(exclude_none=True), arms=found.arms
    )


async def _compose(case: Case, bank: AsyncBank, options: AskOptions) -> _Answer:
    """Ask for a context; its pieces stand in the order of their citations."""
    found = await bank.context(
        case.text,
        budget_tokens=options.budget_tokens,
        filter=case.filter if case.filter.to_json() else None,
        arms=options.arms,
        now=case.now,
        as_of=case.as_of,
        known_at=case.known_at,
        timezone=case.timezone,
        record=False,
    )
    pieces = [piece for section in found.sections for piece in section.pieces]
    pieces.sort(key=lambda piece: piece.citation)
    return _Answer(
        shown=pieces,
        stages_ms=found.took_ms,
        arms=found.arms,
    )


async def _ranks_deeper(case: Case, bank: AsyncBank, options: AskOptions) -> Sequence[int | None]:
    """Return the ranks without a budget, as far down as counts as retrieved."""
    depth = max(options.depth, options.k)
    answer = await _recall(
        case,
        bank,
        AskOptions(k=depth, arms=options.arms, times=options.times),
    )
    return _within(depth, ranks_of(case.expected, answer.shown, case.unit))


def _within(k: int, ranks: Sequence[int | None]) -> list[int | None]:
    return [rank if rank is not None and rank <= k else None for rank in ranks]


def _judged(
    asked: _Asked,
    deeper: Sequence[int | None] | None,
    states: Mapping[Target, str],
    options: AskOptions,
) -> QuestionResult:
    case = asked.case
    misses = [
        _miss(target, rank_deeper, states.get(target), options)
        for target, rank, rank_deeper in zip(
            case.expected, asked.ranks, deeper or asked.ranks, strict=True
        )
        if rank is None
    ]
    return _result(asked, misses, options)


def _result(asked: _Asked, misses: Sequence[Miss], options: AskOptions) -> QuestionResult:
    case = asked.case
    return QuestionResult(
        id=case.id,
        key=case.key,
        categories=tuple(case.categories),
        ranks=tuple(asked.ranks),
        misleading_ranks=tuple(asked.misleading_ranks),
        misses=tuple(misses),
        waited_ms=asked.waited_ms,
        stages_ms=dict(asked.answer.stages_ms),
        arms_ms={
            arm: each.took_ms
            for arm, each in asked.answer.arms.items()
            if each.status == ArmStatus.OK
        },
        skipped={
            arm: each.reason or "no reason given"
            for arm, each in asked.answer.arms.items()
            if each.status == ArmStatus.SKIPPED
        },
        text=case.text if options.with_text else None,
    )


def _miss(target: Target, rank: int | None, state: str | None, options: AskOptions) -> Miss:
    kind: Failure = "not_stored"
    if rank is not None:
        kind = "cut_by_budget"
    elif state not in (None, "deleted"):
        kind = "not_retrieved"
    cut_by: Literal["k", "tokens"] | None = None
    if rank is not None:
        is_over = options.context or (options.budget_tokens is not None and rank <= options.k)
        cut_by = "tokens" if is_over else "k"
    return Miss(
        expected=target.shown(with_text=options.with_text),
        kind=kind,
        rank=rank,
        cut_by=cut_by,
        state=None if rank is not None or state == "active" else state,
    )
