"""An evaluation from end to end: banks, questions, answers, figures."""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from memsvc_client import AsyncBank, AsyncClient, JobState, RecallNotFoundError
from pydantic import JsonValue

from memsvc.cli.evaluation.asking import Advance, AskOptions, evaluate
from memsvc.cli.evaluation.cases import Case, case_of
from memsvc.cli.evaluation.corpora import (
    Corpus,
    count_memories,
    episode_batches,
    passage_batches,
)
from memsvc.cli.evaluation.golden import CORPUS, GoldenCase
from memsvc.cli.evaluation.results import (
    FAILURES,
    EvalResult,
    QuestionResult,
    figures_by_category,
    figures_of,
    ks_up_to,
    latency_of,
    stage_latencies,
)
from memsvc.cli.evaluation.sets import EvaluationSet
from memsvc.cli.failures import CommandError
from memsvc.ports import Clock

_JOBS_LIMIT_S = 6 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Who hears how far the work is: done, and of how much."""

    loading: Advance
    asking: Advance


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Measures one service."""

    client: AsyncClient
    clock: Clock
    options: AskOptions
    label: str
    progress: Progress

    async def of_set(
        self, evaluation_set: EvaluationSet, bank: str | None, *, keep: bool
    ) -> EvalResult:
        """Ask the questions of a set: of ``bank``, else of fresh banks with its conversations.

        These are deleted afterwards, unless kept.
        """
        cases = [case_of(each) for each in evaluation_set.questions]
        asked_of: dict[str, JsonValue] = {"set": evaluation_set.name}
        if bank is not None:
            one = dict.fromkeys(evaluation_set.corpora, self.client.bank(bank))
            return await self._measured(cases, one, asked_of | await self._known_of(bank))
        async with self._loaded(evaluation_set.corpora, keep=keep) as fresh:
            return await self._measured(cases, fresh, asked_of)

    async def of_golden(self, name: str, golden: Sequence[GoldenCase], bank: str) -> EvalResult:
        """Ask the questions of a golden file of ``bank``, which stays as it is."""
        found = self.client.bank(bank)
        cases = await posed(found, golden)
        asked_of = {"golden": name, **await self._known_of(bank)}
        return await self._measured(cases, {CORPUS: found}, asked_of)

    @asynccontextmanager
    async def _loaded(
        self, corpora: Mapping[str, Corpus], *, keep: bool
    ) -> AsyncIterator[Mapping[str, AsyncBank]]:
        run = uuid.uuid4().hex[:8]
        banks: dict[str, AsyncBank] = {}
        try:
            for number, corpus in enumerate(corpora):
                name = f"eval-{run}-{number}"
                await self.client.create_bank(name, description="made by memsvc eval run")
                banks[corpus] = self.client.bank(name)
            await self._load(corpora, banks)
            yield banks
        finally:
            if not keep:
                for bank in banks.values():
                    await self.client.delete_bank(bank.reference)

    async def _load(self, corpora: Mapping[str, Corpus], banks: Mapping[str, AsyncBank]) -> None:
        total, done = sum(map(count_memories, corpora.values())), 0
        for name, corpus in corpora.items():
            for episodes in episode_batches(corpus):
                written = await banks[name].add_episodes(episodes)
                done += sum(len(each.memories) for each in written.results)
                self.progress.loading(done, total)
            for passages in passage_batches(corpus):
                done += len((await banks[name].add_memories(passages)).results)
                self.progress.loading(done, total)
        for bank in banks.values():
            await self.client.wait_for_jobs(bank.reference, timeout_s=_JOBS_LIMIT_S)
            async for job in self.client.jobs(state=JobState.FAILED, bank=bank.reference):
                raise CommandError(f"The job {job.kind} of loading failed: {job.reason}")

    async def _measured(
        self,
        cases: Sequence[Case],
        banks: Mapping[str, AsyncBank],
        asked_of: Mapping[str, JsonValue],
    ) -> EvalResult:
        questions = await evaluate(cases, banks, self.options, self.progress.asking)
        return EvalResult(
            label=self.label,
            made_at=self.clock.now(),
            options={**asked_of, **self.options.as_json()},
            service=await self._described(),
            **summed_up(questions, self.options.k),
        )

    async def _known_of(self, bank: str) -> dict[str, JsonValue]:
        """Return what answers depend on of a bank that is there; raises if it is not."""
        found = await self.client.get_bank(bank)
        return {
            "bank": bank,
            "memories": found.memory_count,
            "model": found.embedding_model.id,
            "arms_off": [*found.arms_off],
        }

    async def _described(self) -> dict[str, JsonValue]:
        version = await self.client.version()
        checks = (await self.client.ready()).checks
        return {
            "version": version.version,
            **{part: checks[part].detail for part in ("embedder", "index") if part in checks},
        }


def summed_up(questions: Sequence[QuestionResult], k: int) -> dict[str, object]:
    """Return the fields of a result that follow from its questions."""
    ks = ks_up_to(k)
    missed = [miss.kind for each in questions for miss in each.misses]
    return {
        "figures": figures_of(questions, ks),
        "by_category": figures_by_category(questions, ks),
        "failures": {kind: missed.count(kind) for kind in FAILURES},
        "waited_ms": latency_of([each.waited_ms for each in questions]),
        "stages_ms": stage_latencies(questions),
        "questions": tuple(questions),
    }


async def posed(bank: AsyncBank, golden: Sequence[GoldenCase]) -> list[Case]:
    """Return the cases, those that name a recall with what it was asked.

    Raises ``CommandError`` where such a recall is not kept any more.
    """
    cases = []
    for each in golden:
        if each.recall is None:
            cases.append(each.case)
            continue
        try:
            cases.append(each.asked_as(await bank.recorded_recall(each.recall)))
        except RecallNotFoundError as error:
            raise CommandError(
                f"The question {each.case.id} is not kept any more: its recall {each.recall} is"
                " gone. `memsvc eval record --with-text` writes questions into the file."
            ) from error
    return cases
