"""The running check, its database scripted: what it keeps, when it looks, what it says."""

import asyncio
import inspect
import random
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import numpy as np
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from memsvc.domain.identifiers import BankId, MemoryId, TenantId
from memsvc.domain.memory import BankScope, ResolvedBank
from memsvc.errors import DatabaseUnavailableError, ExternalCallInTransactionError
from memsvc.ports import Candidate, DenseQuery
from memsvc.services.index_check import IndexCheck
from memsvc.services.recalling.arms import ArmQuery, Arms
from memsvc.settings import IndexSettings
from memsvc.store.exact_answers import ExactAnswer, ExactAnswers, Moment
from memsvc.store.transactions import _in_transaction, assert_no_transaction

SCOPE = BankScope(tenant_id=TenantId(UUID(int=1)), bank_id=BankId(UUID(int=2)))
RANKED = [Candidate(memory_id=MemoryId(UUID(int=no)), score=1 - no / 100) for no in range(20)]
QUERY = DenseQuery(vector=np.ones(4, np.float32), model_id="sha256:model", k=20, asked_at=10.0)
ALWAYS = IndexSettings(check_share=1.0)


@dataclass
class ScriptedIndex:
    """Answers with ``found``; refuses to be asked inside a transaction."""

    found: Sequence[Candidate] = field(default_factory=lambda: RANKED)
    asked: list[DenseQuery] = field(default_factory=list)
    backend: str = "scripted"

    async def search(self, scope: BankScope, query: DenseQuery) -> list[Candidate]:
        del scope
        assert_no_transaction("A search")
        self.asked.append(query)
        await asyncio.sleep(0)
        return list(self.found)

    async def refresh(self, scope: BankScope, model_id: str, asked_at: float) -> None:
        """Nothing to do."""

    async def forget_bank(self, scope: BankScope) -> None:
        """Nothing to do."""


class ScriptedAnswers(ExactAnswers):
    """Knows that ``RANKED`` is exact, and reports writes as told."""

    def __init__(self, *changes: bool) -> None:
        self.changes = list(changes)
        self.since: list[str] = []
        self.moments = 0
        self.meet: Callable[[], Awaitable[None]] | None = None
        self.defects = 0

    async def moment(self, scope: BankScope) -> Moment:
        del scope
        self.moments += 1
        if self.defects:
            self.defects -= 1
            raise TypeError
        return Moment(snapshot=f"moment {self.moments}", trimmed_below=7)

    async def answer(
        self, scope: BankScope, query: DenseQuery, found: Sequence[MemoryId], since: Moment
    ) -> ExactAnswer:
        del scope
        if self.meet is not None:
            await self.meet()
        self.since.append(since.snapshot)
        return ExactAnswer(
            best=RANKED[: query.k],
            scores={each.memory_id: each.score for each in RANKED if each.memory_id in found},
            has_changed=self.changes.pop(0) if self.changes else False,
        )


@dataclass
class Watch:
    """A clock that is set."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class Tally:
    """What the metrics have counted since it was made."""

    def __init__(self) -> None:
        self._before = self._now()

    @staticmethod
    def _now() -> dict[str, float]:
        counted: dict[str, float] = {}
        for metric in REGISTRY.collect():
            for sample in metric.samples:
                if sample.labels.get("index") != "scripted":
                    continue
                if sample.name == "memsvc_index_checks_total":
                    counted[sample.labels["outcome"]] = sample.value
                if sample.name == "memsvc_index_recall_at_k_sum":
                    counted["recall"] = sample.value
        return counted

    def counts(self) -> dict[str, float]:
        gained = {k: round(v - self._before.get(k, 0.0), 6) for k, v in self._now().items()}
        return {k: v for k, v in gained.items() if v}


def check_of(
    index: ScriptedIndex, exact: ExactAnswers, settings: IndexSettings = ALWAYS, **given: object
) -> IndexCheck:
    return IndexCheck(index, exact, settings, **given)  # type: ignore[arg-type]


async def test_an_answer_is_compared_with_the_exact_one() -> None:
    tally, index = Tally(), ScriptedIndex()
    check = check_of(index, ScriptedAnswers())

    check.offer(SCOPE, QUERY, [each for no, each in enumerate(RANKED) if no % 3])
    await check.step()

    assert tally.counts() == {"compared": 1, "recall": 1.0}, "asked anew: no moment was noted yet"
    assert len(index.asked) == 1


async def test_the_very_answer_is_judged_if_a_moment_before_it_is_known() -> None:
    tally, index, exact = Tally(), ScriptedIndex(), ScriptedAnswers()
    check = check_of(index, exact, clock=Watch(9.0))
    check.offer(SCOPE, QUERY, RANKED)
    await check.step()  # Notes a moment at 9, before the question at 10.
    exact.since.clear()
    index.asked.clear()

    lying = [each for no, each in enumerate(RANKED) if no % 3]
    check.offer(SCOPE, QUERY, lying)
    await check.step()

    assert tally.counts() == {"compared": 2, "recall": 1.6}
    assert (index.asked, exact.since) == ([], ["moment 1"])


async def test_a_moment_after_the_question_says_nothing_of_its_answer() -> None:
    index, exact, watch = ScriptedIndex(), ScriptedAnswers(), Watch(10.5)
    check = check_of(index, exact, clock=watch)
    check.offer(SCOPE, QUERY, RANKED)
    await check.step()
    index.asked.clear()

    check.offer(SCOPE, QUERY, RANKED)
    await check.step()

    assert len(index.asked) == 1, "both were asked again"


async def test_both_are_asked_again_when_the_bank_was_written_to() -> None:
    tally, index, exact = Tally(), ScriptedIndex(), ScriptedAnswers(True, True, False)
    check = check_of(index, exact)

    check.offer(SCOPE, QUERY, RANKED[5:])
    await check.step()

    assert tally.counts() == {"compared": 1, "recall": 1.0}
    assert [query.asked_at for query in index.asked] == [None] * 3
    assert len(set(exact.since)) == 3, "a moment of its own each time"


async def test_an_answer_is_let_go_when_writes_never_pause() -> None:
    tally, exact = Tally(), ScriptedAnswers(*[True] * 10)
    check = check_of(ScriptedIndex(), exact)

    check.offer(SCOPE, QUERY, RANKED[5:])
    await check.step()

    assert tally.counts() == {"written": 1}
    assert len(exact.changes) == 7


async def test_a_full_queue_drops_and_counts() -> None:
    tally, exact = Tally(), ScriptedAnswers()
    check = check_of(ScriptedIndex(), exact, replace_settings(check_queue=3))

    for _ in range(5):
        check.offer(SCOPE, QUERY, RANKED)
    for _ in range(5):
        await check.step()

    assert tally.counts() == {"queue_full": 2, "compared": 3, "recall": 3.0}


async def test_a_filter_too_broad_to_keep_is_counted() -> None:
    tally, check = Tally(), check_of(ScriptedIndex(), ScriptedAnswers())
    many = [MemoryId(UUID(int=no)) for no in range(1_001)]

    check.offer(SCOPE, replace(QUERY, allowed=many), RANKED)
    check.offer(SCOPE, replace(QUERY, allowed=many[1:]), RANKED)
    await check.step()

    assert tally.counts() == {"filtered": 1, "compared": 1, "recall": 1.0}


async def test_about_the_share_is_taken() -> None:
    tally = Tally()
    settings = replace_settings(check_share=0.1, check_queue=10_000)
    drawn = random.Random(5)
    expected = sum(drawn.random() < 0.1 for _ in range(2_000))
    check = check_of(ScriptedIndex(), ScriptedAnswers(), settings, generator=random.Random(5))

    for _ in range(2_000):
        check.offer(SCOPE, QUERY, RANKED)

    assert len(check._waiting) == expected
    assert 150 <= expected <= 250
    assert tally.counts() == {}


async def test_without_a_share_nothing_is_kept_and_nothing_runs() -> None:
    exact = ScriptedAnswers()
    check = check_of(ScriptedIndex(), exact, replace_settings(check_share=0.0))
    tasks = asyncio.all_tasks()

    async with check.running():
        check.offer(SCOPE, QUERY, RANKED)
        assert asyncio.all_tasks() == tasks
        await check.step()

    assert (len(check._waiting), exact.moments, exact.since) == (0, 0, [])


async def test_nothing_is_asked_of_the_database_while_nobody_searches() -> None:
    exact = ScriptedAnswers()
    check = check_of(ScriptedIndex(), exact, replace_settings(check_share=1e-12))

    await check.step()
    assert exact.moments == 0
    check.offer(SCOPE, QUERY, RANKED)
    await check.step()
    await check.step()

    assert exact.moments == 1


async def test_a_check_inside_a_transaction_is_refused() -> None:
    check = check_of(ScriptedIndex(), ScriptedAnswers())
    check.offer(SCOPE, QUERY, RANKED)
    token = _in_transaction.set(True)
    try:
        with pytest.raises(ExternalCallInTransactionError):
            await check.step()
    finally:
        _in_transaction.reset(token)


async def test_failures_are_counted_and_end_nothing() -> None:
    tally, exact = Tally(), ScriptedAnswers()
    check = check_of(ScriptedIndex(), exact, replace_settings(check_timeout_s=0.01))
    errors: list[Exception] = [DatabaseUnavailableError(), TypeError("secret text"), TimeoutError()]

    async def fail() -> None:
        raise errors.pop()

    exact.meet = fail
    for _ in range(3):
        check.offer(SCOPE, QUERY, RANKED)
        await check.step()
    exact.meet = asyncio.Event().wait  # type: ignore[assignment]
    check.offer(SCOPE, QUERY, RANKED)
    await check.step()

    assert tally.counts() == {"unavailable": 1, "failed": 1, "late": 2}


async def test_a_defect_outside_a_comparison_ends_nothing_either() -> None:
    tally, exact = Tally(), ScriptedAnswers()
    exact.defects = 1
    compared = asyncio.Event()
    check = check_of(ScriptedIndex(), exact, replace_settings(check_interval_s=0.001))

    async def tell() -> None:
        compared.set()

    exact.meet = tell
    async with check.running():
        check.offer(SCOPE, QUERY, RANKED)
        await compared.wait()

    assert tally.counts() == {"compared": 1, "recall": 1.0}


async def test_a_low_mean_is_warned_of_once_for_each_stretch_and_without_contents() -> None:
    watch, index = Watch(), ScriptedIndex(found=RANKED[5:])
    check = check_of(index, ScriptedAnswers(), replace_settings(check_report_s=60), clock=watch)

    async def ask(at: float, found: Sequence[Candidate]) -> None:
        watch.now, index.found = at, found
        check.offer(SCOPE, replace(QUERY, asked_at=None), found)
        await check.step()

    with capture_logs() as logs:
        await ask(0, RANKED[5:])
        await ask(30, RANKED)
        assert logs == []
        await ask(61, RANKED)
        assert len(logs) == 1
        for at in (100, 130, 200):
            await ask(at, RANKED)
    assert logs == [
        {
            "event": "index.recall_low",
            "log_level": "warning",
            "index": "scripted",
            "recall": 0.8333,
            "least": 0.99,
            "checks": 3,
            "worst_recall": 0.5,
            "worst_bank_id": str(SCOPE.bank_id),
        }
    ]


async def test_the_end_lets_a_check_finish_and_takes_no_further_one() -> None:
    tally, exact = Tally(), ScriptedAnswers()
    begun, may_go_on = asyncio.Event(), asyncio.Event()
    check = check_of(ScriptedIndex(), exact, replace_settings(check_interval_s=0.001))

    async def wait() -> None:
        begun.set()
        await may_go_on.wait()

    exact.meet = wait
    async with check.running():
        check.offer(SCOPE, QUERY, RANKED)
        check.offer(SCOPE, QUERY, RANKED)
        await begun.wait()
        asyncio.get_running_loop().call_soon(may_go_on.set)

    assert tally.counts() == {"compared": 1, "recall": 1.0}
    assert len(check._waiting) == 1


def suspensions(share: float) -> int:
    """Count how often a dense search gives the event loop back, driven by hand."""
    index = ScriptedIndex()
    check = check_of(index, ScriptedAnswers(), replace_settings(check_share=share))
    arms = Arms(embedders=None, index=index, exact=index, lexical=None, check=check)  # type: ignore[arg-type]
    bank = ResolvedBank(scope=SCOPE, name="ann", model_id=QUERY.model_id, language="auto")
    asked = ArmQuery(text="", bank=bank, k=20, allowed=None, active_only=True)
    searching: Generator[object, None, object] = arms._nearest(asked, QUERY).__await__()
    count = sum(1 for _ in iter(lambda: next(searching, StopIteration), StopIteration))
    assert len(check._waiting) == share
    return count


def test_a_recall_waits_for_nothing_more_when_its_answer_is_kept() -> None:
    assert not inspect.iscoroutinefunction(IndexCheck.offer)
    assert suspensions(1.0) == suspensions(0.0) == 1


def replace_settings(**given: float) -> IndexSettings:
    return ALWAYS.model_copy(update=given)
