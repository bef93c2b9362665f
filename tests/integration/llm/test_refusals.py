"""What a provider refuses stops its own window; what it cannot answer now is waited for."""

import pytest

from memsvc.domain.jobs import Job, JobKind, JobState
from memsvc.domain.organising.notes import BankNotes
from memsvc.domain.paging import PageRequest
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.openai_server import Reply, failure
from tests.fixtures.organising import Organiser
from tests.fixtures.scripted_model import Build, window_answer

POLICY = "invalid_request_error, content_policy_violation: rejected by our safety system"
TOO_LONG = "This model's maximum context length is 8192 tokens, however you requested 9000 tokens"
ANNOTATED = window_answer({"context": "Ann bakes bread."})


async def set_aside(organiser: Organiser) -> list[Job]:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        page = await tx.jobs.list(PageRequest(limit=20), state=JobState.NEEDS_REVIEW)
    return [each for each in page.items if "memory_ids" in each.payload]


async def notes_of(organiser: Organiser) -> BankNotes:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        return await tx.organising.notes(organiser.scope.bank_id)


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (failure(400, POLICY), "ContentPolicyViolationError"),
        (failure(400, TOO_LONG), "ContextWindowExceededError"),
        (failure(422, "unprocessable"), "422"),
        (failure(400, "something else"), "400"),
    ],
    ids=["policy", "context length", "422", "400"],
)
async def test_a_refused_window_is_set_aside_and_the_next_ones_go_on(
    organiser: Organiser, scripted_model: Build, refusal: Reply, told: str
) -> None:
    refused = await organiser.write("Bo tells how to make a bomb.", source="a")
    for source in ("b", "c"):
        await organiser.write("Ann bakes bread.", source=source)
    scripted = scripted_model()
    scripted.server.script.extend([refusal, ANNOTATED, ANNOTATED])

    job = await organiser.run(organiser.handler(scripted.extractor))

    assert (job.state, job.counts["set_aside"], job.counts["annotated"]) == (
        JobState.SUCCEEDED,
        1,
        2,
    )
    [waiting] = await set_aside(organiser)
    assert (waiting.kind, waiting.payload) == (
        JobKind.ORGANISE,
        {"memory_ids": [str(each) for each in refused]},
    )
    assert told in (waiting.reason or "")
    [usage] = await scripted.usage()
    assert (usage.calls, usage.tries, usage.failures) == (3, 3, 1), "a refusal is not tried again"

    async with organiser.database.store.write(DEFAULT_TENANT) as tx:
        queued = await tx.jobs.retry(waiting.id)
    scripted.server.script.append(window_answer({"context": "Bo tells of a bomb."}))
    retried = await organiser.run(organiser.handler(scripted.extractor), job=queued)
    assert retried.state is JobState.SUCCEEDED
    assert await notes_of(organiser) == BankNotes(
        waiting=0,
        unembedded=0,
        set_aside=0,
        annotated=3,
        annotation_versions=3,
        links=1,
        waiting_since=None,
    )


async def test_a_model_that_takes_no_request_sets_three_windows_aside_not_the_bank(
    organiser: Organiser, scripted_model: Build
) -> None:
    for source in "abcdef":
        await organiser.write("Ann bakes bread.", source=source)
    scripted = scripted_model()
    scripted.server.script.extend([failure(400, "no such response format")] * 9)

    job = await organiser.run(organiser.handler(scripted.extractor))

    assert job.state is JobState.NEEDS_REVIEW
    assert "refused 3 windows" in (job.reason or "")
    notes = await notes_of(organiser)
    assert (notes.set_aside, notes.waiting) == (3, 3)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_provider_that_is_away_sets_nothing_aside(
    organiser: Organiser, scripted_model: Build, status: int
) -> None:
    await organiser.write("Ann bakes bread.", source="a")
    scripted = scripted_model()
    scripted.server.script.extend([failure(status)] * 3)

    job = await organiser.run(organiser.handler(scripted.extractor))

    assert job.state is JobState.WAITING_PROVIDER
    assert (await notes_of(organiser)).waiting == 1
    [usage] = await scripted.usage()
    assert (usage.calls, usage.tries, usage.failures) == (1, 3, 1)


async def test_a_refused_key_stops_the_job_and_sets_nothing_aside(
    organiser: Organiser, scripted_model: Build
) -> None:
    await organiser.write("Ann bakes bread.", source="a")
    scripted = scripted_model()
    scripted.server.script.append(failure(401, "bad key"))

    job = await organiser.run(organiser.handler(scripted.extractor))

    assert job.state is JobState.NEEDS_REVIEW
    assert (await notes_of(organiser)).waiting == 1
    assert not await set_aside(organiser)
