"""Contexts are recorded as the recall in them: judged by feedback, replayed, erased, trimmed."""

from datetime import timedelta
from uuid import UUID

import pytest
from memsvc_client import AsyncBank, AsyncClient, Context, RecallNotFoundError

from memsvc.bootstrap import Application
from memsvc.domain.erasure import Subject, SubjectKind
from memsvc.services.tidy import Tidy
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock

SESSION = Subject(kind=SubjectKind.SESSION, values=("s1",))
TEXTS = ("ships sail at sea", "the cook of the ship", "a ship in a storm", "tea is ready")


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    found = client.bank("ada")
    for text in TEXTS:
        await found.add_memory(text, create=True)
    return found


async def composed(application: Application, bank: AsyncBank, **fields: object) -> Context:
    context = await bank.context("ships at sea", record=True, **fields)  # type: ignore[arg-type]
    await application.recall_log.flush()
    assert context.recorded
    assert context.recall_id is not None
    return context


def id_of(context: Context) -> UUID:
    assert context.recall_id is not None
    return context.recall_id


async def test_the_recall_in_it_is_kept_with_what_was_asked(
    application: Application, bank: AsyncBank
) -> None:
    context = await composed(application, bank, mode="ranked", k=2, budget_tokens=300)
    kept = await bank.recorded_recall(id_of(context))

    hits = [
        (piece.memory.id, piece.score)
        for section in context.sections
        for piece in section.pieces
        if piece.role == "hit"
    ]
    assert sorted((each.memory_id, each.score) for each in kept.hits) == sorted(hits)
    assert (kept.query, kept.mode, kept.parameters["k"]) == ("ships at sea", "ranked", 2)
    asked = kept.parameters["context"]
    assert isinstance(asked, dict)
    assert (asked["budget_tokens"], asked["mode"], asked["neighbours"]) == (300, "ranked", 2)
    assert "compose" in kept.took_ms
    assert not any(text in kept.model_dump_json() for text in TEXTS)


async def test_feedback_on_a_context_is_kept_with_its_recording(
    application: Application, bank: AsyncBank
) -> None:
    context = await composed(application, bank, mode="ranked")
    helped, misled = [context.citations[number] for number in sorted(context.citations)[:2]]
    await bank.feedback(id_of(context), helped=[helped], misled=[misled])
    kept = await bank.recorded_recall(id_of(context))
    assert (kept.helped, kept.misled) == ((helped,), (misled,))


@pytest.mark.parametrize("fields", [{"mode": "ranked", "k": 3, "answerable": True}, {}])
async def test_a_replay_explains_its_recall(
    application: Application, bank: AsyncBank, fields: dict[str, object]
) -> None:
    context = await composed(application, bank, **fields)
    first = context.citations[1]
    replayed = await bank.replay(id_of(context))
    assert replayed.same, replayed
    assert len(replayed.memories) == len(context.citations)
    assert replayed.circumstances == ()

    await bank.archive(first)

    replayed = await bank.replay(id_of(context))
    [lost] = [each for each in replayed.memories if each.change == "lost"]
    assert (lost.memory_id, lost.reasons) == (first, ("hidden",))


async def test_everything_shown_is_recorded_as_that(
    application: Application, bank: AsyncBank
) -> None:
    context = await composed(application, bank)
    kept = await bank.recorded_recall(id_of(context))
    assert (context.mode, kept.mode) == ("passthrough", "passthrough")
    assert [each.memory_id for each in kept.hits] == [
        context.citations[number] for number in sorted(context.citations)
    ]


async def test_one_that_is_not_to_be_recorded_has_an_id_all_the_same(
    application: Application, bank: AsyncBank
) -> None:
    context = await bank.context("ships", record=False)
    await application.recall_log.flush()
    assert context.recall_id is not None
    assert not context.recorded
    with pytest.raises(RecallNotFoundError):
        await bank.recorded_recall(context.recall_id)


async def test_recordings_go_when_their_time_is_over(
    application: Application, bank: AsyncBank, store: Store
) -> None:
    context = await composed(application, bank)
    await Tidy(store, DEFAULT_TENANT, SystemClock(), keep_recalls=timedelta(0))()
    with pytest.raises(RecallNotFoundError):
        await bank.recorded_recall(id_of(context))


async def test_what_was_asked_for_a_session_goes_with_the_session(
    application: Application, bank: AsyncBank, store: Store
) -> None:
    of_session = await composed(application, bank, mode="ranked", session_id="s1")
    other = await composed(application, bank, mode="ranked", session_id="s2")
    async with store.write(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve("ada")).scope.bank_id
        await tx.eraser.remove_traces(bank_id, [], SESSION, [])
    with pytest.raises(RecallNotFoundError):
        await bank.recorded_recall(id_of(of_session))
    await bank.recorded_recall(id_of(other))


async def test_one_that_waits_while_its_session_is_erased_is_not_written(
    application: Application, bank: AsyncBank
) -> None:
    context = await bank.context("ships", mode="ranked", session_id="s1", record=True)
    await bank.erase(session_id="s1")  # no worker runs: it goes on
    await application.recall_log.flush()
    with pytest.raises(RecallNotFoundError):
        await bank.recorded_recall(id_of(context))
