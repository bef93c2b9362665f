"""A worker killed at any point of organising leaves every effect exactly once."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import Job, JobState
from memsvc.domain.operations import Aspect, OperationKind
from memsvc.domain.paging import PageRequest
from memsvc.store.roles import DEFAULT_TENANT
from tests.e2e.nurseries import kill_after, working_nursery
from tests.fixtures.organising import Organiser
from tests.integration.services.organising.reading import (
    links_of,
    notes_of,
    operations_of,
    versions_of,
)

WRITTEN_A_ROUND = 6


@pytest.mark.timeout(600)
async def test_every_effect_is_there_exactly_once_however_often_the_worker_is_killed(
    organiser: Organiser, rounds: int, tmp_path: Path
) -> None:
    chance, ids, jobs, killed = random.Random(3), [], [], 0
    with working_nursery(organiser.database.urls, tmp_path) as processes:
        for number in range(rounds):
            texts = [
                f"{chance.choice(['Maria', 'Ben', 'Ida'])} went climbing in"
                f" {chance.choice(['Lisbon', 'Porto'])}, tour {number} {part}."
                for part in range(WRITTEN_A_ROUND)
            ]
            ids += await organiser.write(*texts, source=f"round {number}")
            job = await organiser.add_job()
            jobs.append(job)
            pause_s = chance.random() * 0.4
            killed += await asyncio.to_thread(kill_after, processes, str(job.id), pause_s)
    for job in jobs:
        await organiser.run(job=job)

    assert killed > rounds // 4
    assert (await notes_of(organiser)).waiting == 0
    await _assert_once(organiser, ids)
    done = [await _job(organiser, job) for job in jobs]
    assert {job.state for job in done} == {JobState.SUCCEEDED}
    counted: Counter[str] = Counter()
    for job in done:
        counted.update(job.counts)
    assert counted["annotated"] == len(ids)
    assert counted["linked"] == len(await links_of(organiser, ids))


async def _assert_once(organiser: Organiser, ids: list[MemoryId]) -> None:
    versions = {each: await versions_of(organiser, each) for each in ids}
    first = {
        each: sum(version.because_of is None for version in found)
        for each, found in versions.items()
    }
    assert first == dict.fromkeys(ids, 1)
    annotated = await _targets(organiser, OperationKind.ANNOTATE)
    assert annotated == dict.fromkeys(ids, 1)
    links = await links_of(organiser, ids)
    assert sum((await _targets(organiser, OperationKind.LINK)).values()) == len(links)
    evolved = sum((await _targets(organiser, OperationKind.EVOLVE)).values())
    assert sum(map(len, versions.values())) == len(ids) + evolved


async def _targets(organiser: Organiser, kind: OperationKind) -> Counter[MemoryId]:
    targets: Counter[MemoryId] = Counter()
    for operation in await operations_of(organiser, kind):
        async with organiser.database.store.read(DEFAULT_TENANT) as tx:
            page = await tx.operations.effects(
                organiser.scope.bank_id, operation.id, PageRequest(limit=500)
            )
        wanted = {Aspect.ANNOTATIONS, Aspect.LINK}
        targets.update(
            MemoryId(effect.target_id) for effect in page.items if effect.aspect in wanted
        )
    return targets


async def _job(organiser: Organiser, job: Job) -> Job:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        return await tx.jobs.get(job.id)
