"""What recall promises, said through the Python client against the whole application."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    EmbedderUnavailableError,
    Filter,
    Message,
    NewMemory,
    meta,
)

from memsvc.bootstrap import Application
from memsvc.services.commands import BankReference, Caller
from tests.fixtures.embedder import HashingEmbedder

WHEN = datetime(2026, 3, 1, 18, tzinfo=UTC)


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """An empty bank."""
    await client.create_bank("ann")
    return client.bank("ann")


async def texts(bank: AsyncBank, query: str, **how: object) -> list[str]:
    answer = await bank.recall(query, **how)  # type: ignore[arg-type]
    return [hit.memory.text for hit in answer.hits]


async def test_what_is_acknowledged_is_found_by_the_next_recall(
    bank: AsyncBank, pytestconfig: pytest.Config
) -> None:
    """In the same session, with no worker: ``make own-writes`` looks ten thousand times."""
    for no in range(int(pytestconfig.getoption("trials"))):
        text, session = f"Locker {no} holds a red umbrella.", f"s{no // 20}"
        await bank.add_memory(text, session_id=session)

        within = Filter(session_id=session) if no % 2 else None
        assert text in await texts(bank, f"Locker {no}", k=20 if within else 5, filter=within)


async def test_concurrent_writers_each_find_their_own_write_at_once(bank: AsyncBank) -> None:
    async def write_and_look(no: int) -> None:
        await bank.add_memory(f"Parcel {no} is at the neighbour's.")
        assert f"Parcel {no} is at the neighbour's." in await texts(bank, f"Parcel {no}", k=5)

    await asyncio.gather(*(write_and_look(no) for no in range(40)))


async def test_min_of_k_and_available_memories_come_back(bank: AsyncBank) -> None:
    await bank.add_memories([NewMemory(text=f"Fact number {no}") for no in range(7)])

    assert len(await texts(bank, "fact", k=5)) == 5
    assert len(await texts(bank, "fact", k=20)) == 7


@pytest.mark.parametrize("arms", ["all", ["dense"]])
async def test_a_selective_filter_still_brings_everything_it_allows(
    bank: AsyncBank, arms: str | list[str]
) -> None:
    many = [NewMemory(text=f"Noise {no} about boats", speaker="Bo") for no in range(2_000)]
    few = [NewMemory(text=f"Quiet {no}", speaker="Cy", metadata={"rare": True}) for no in range(3)]
    await bank.add_memories(many + few)

    for wanted in (Filter(speakers=["Cy"]), Filter(metadata=meta("rare").eq(True))):
        found = await texts(bank, "boats", k=10, filter=wanted, arms=arms)
        assert sorted(found) == ["Quiet 0", "Quiet 1", "Quiet 2"]


async def test_an_archived_memory_is_gone_from_recall_until_it_is_restored(
    bank: AsyncBank,
) -> None:
    written = await bank.add_memory("The spare key is under the fern.")
    assert await texts(bank, "spare key")

    await bank.archive(written.id)
    assert await texts(bank, "spare key") == []
    archived = Filter(states=["archived"])
    assert await texts(bank, "spare key", filter=archived, arms=["dense"])

    await bank.restore(written.id)
    assert await texts(bank, "spare key")


async def test_an_expired_memory_is_not_shown_and_others_take_its_place(bank: AsyncBank) -> None:
    await bank.add_memories(
        [
            NewMemory(text="Meeting room code 1", expires_at=WHEN),
            NewMemory(text="Meeting room code 2", expires_at=WHEN + timedelta(days=2)),
            NewMemory(text="Something about lunch"),
        ]
    )

    found = await texts(bank, "meeting room code", k=2, now=WHEN + timedelta(days=1))
    assert found == ["Meeting room code 2", "Something about lunch"]


async def test_only_the_newest_version_is_found(bank: AsyncBank) -> None:
    for city in ("Porto", "Lisbon"):
        await bank.add_memories([NewMemory(text=f"Ann lives in {city}.", external_id="home")])

    assert await texts(bank, "Porto") == ["Ann lives in Lisbon."]
    [memory] = [each async for each in bank.memories()]
    history = [each.text async for each in bank.versions(memory.id)]
    assert history == ["Ann lives in Porto.", "Ann lives in Lisbon."]


async def test_with_the_encoder_away_words_still_find_and_the_answer_says_so(
    bank: AsyncBank, embedder: HashingEmbedder
) -> None:
    embedder.down = True
    written = await bank.add_memory("The boiler was serviced in May.")
    assert not written.embedded

    answer = await bank.recall("boiler service")

    assert [hit.memory.text for hit in answer.hits] == ["The boiler was serviced in May."]
    assert answer.arms["dense"].status == "failed"
    assert answer.arms["lexical"].status == "ok"
    with pytest.raises(EmbedderUnavailableError):
        await bank.recall("boiler", arms=["dense"])


async def test_scores_are_explained_and_add_up(bank: AsyncBank) -> None:
    await bank.add_memories([NewMemory(text=f"Note {no} on the sea") for no in range(30)])

    answer = await bank.recall("note on the sea", k=5, explain=True)

    for hit in answer.hits:
        assert 0 <= hit.score <= 1
        shares = [part.contribution for part in hit.parts.values()]
        if hit.hop is not None:
            shares += [hit.hop.linked, hit.hop.similar, hit.hop.open]
        assert sum(shares) == pytest.approx(hit.score)
        assert set(hit.arms) == set(hit.parts)
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)
    assert {each.reason for each in answer.dropped or ()} == {"rank"}


async def test_equal_questions_get_equal_answers(bank: AsyncBank) -> None:
    await bank.add_memories([NewMemory(text="The same words") for _ in range(40)])

    answers = [await bank.recall("same words", k=10) for _ in range(5)]

    found = [[hit.memory.id for hit in answer.hits] for answer in answers]
    assert found == [sorted(found[0])] * 5


async def test_the_budget_is_never_exceeded(bank: AsyncBank) -> None:
    await bank.add_memories([NewMemory(text="word " * length) for length in (1, 5, 10, 20, 40, 80)])

    for budget in (1, 3, 10, 37, 100, 1000):
        answer = await bank.recall("word", k=10, budget_tokens=budget, explain=True)
        assert answer.total_tokens <= budget
        assert answer.total_tokens == sum(hit.tokens for hit in answer.hits)


async def test_recall_changes_no_memory(bank: AsyncBank) -> None:
    await bank.add_memory("Read me.")
    before = [each async for each in bank.memories()]

    await bank.recall("read me")

    assert [each async for each in bank.memories()] == before


async def test_words_in_other_scripts_find_their_text(bank: AsyncBank) -> None:
    sentences = {
        "小雨对花生过敏": "花生过敏",
        "来週の火曜日に歯医者へ行きます": "歯医者",
        "내일 서울에서 친구를 만나요": "서울",
        "Die Krankenversicherung zahlt das nicht": "Krankenversicherung",
        "A reunião foi adiada para março": "reuniao",
    }
    await bank.add_memories([NewMemory(text=each) for each in sentences])

    for sentence, words in sentences.items():
        [first, *_] = await texts(bank, words, arms=["lexical"])
        assert first == sentence


async def test_a_bank_never_shows_what_another_one_holds(client: AsyncClient) -> None:
    for name in ("one", "two"):
        await client.bank(name).add_memory(f"The secret of {name}.", create=True)

    for name in ("one", "two"):
        assert await texts(client.bank(name), "secret", k=10) == [f"The secret of {name}."]


async def test_a_deleted_bank_is_gone_at_once_and_its_name_is_free(client: AsyncClient) -> None:
    await client.bank("temp").add_memory("Forget me.", create=True)
    await client.delete_bank("temp")

    await client.create_bank("temp")
    assert await texts(client.bank("temp"), "forget") == []


async def test_turns_come_back_with_speaker_time_and_provenance(bank: AsyncBank) -> None:
    await bank.add_episode(
        [Message(speaker="Ann", text="I moved to Lisbon.", occurred_at=WHEN, external_id="m1")],
        source="chat-17",
        session_id="s17",
    )

    [hit] = (await bank.recall("Where did Ann move?", k=1)).hits
    found = hit.memory
    assert (found.speaker, found.source, found.external_id) == ("Ann", "chat-17", "m1")
    assert (found.occurred_at, found.kind, found.session_id) == (WHEN, "turn", "s17")


async def test_recall_from_the_database_alone_agrees_with_the_index(
    application: Application, bank: AsyncBank
) -> None:
    """pgvector is the other implementation of the dense arm: same question, same answer."""
    from memsvc.ports import DenseQuery

    await bank.add_memories([NewMemory(text=f"Row {no} of {no % 7} beans") for no in range(200)])
    caller = Caller(tenant_id=application.default_tenant, actor="test")
    scope = (await application.banks.get(caller, BankReference(value="ann"))).scope
    arms = application.recall._recall._find._arms
    vector = await arms.embedders.default.embed_query("3 beans in a row")
    query = DenseQuery(vector=vector, model_id=arms.embedders.default.model.id, k=20)

    mine = await arms.index.search(scope, query)
    theirs = await arms.exact.search(scope, query)

    assert arms.index.backend != arms.exact.backend
    assert [each.score for each in mine] == pytest.approx([each.score for each in theirs], abs=1e-5)
    tied = {round(each.score, 5) for each in theirs}
    for score in tied:
        group = [
            {e.memory_id for e in found if round(e.score, 5) == score} for found in (mine, theirs)
        ]
        assert group[0] == group[1] or score == round(theirs[-1].score, 5)


async def test_near_duplicates_take_no_places_from_what_says_more(bank: AsyncBank) -> None:
    said = "We saw three herons at the old harbour while the ferry was late again and it rained"
    await bank.add_memories(
        [NewMemory(text=said + end, speaker="Bo") for end in ("", "!", " Really.", " Well.")]
        + [NewMemory(text="The harbour has a heron house.", speaker="Bo")]
    )

    apart = await bank.recall("herons at the old harbour", k=2)
    beside = await bank.recall("herons at the old harbour", k=2, diversity=0)

    assert [said in hit.memory.text for hit in apart.hits] == [True, False]
    assert [said in hit.memory.text for hit in beside.hits] == [True, True]
    assert {tuple(hit.factors) for hit in beside.hits} == {()}
