"""How arms are put together: the same answer every time, told truly, and within the filter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from httpx2 import ASGITransport
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    Episode,
    Filter,
    InvalidRequestError,
    Message,
    NewMemory,
    Recall,
)

from memsvc.api.app import create_app
from memsvc.bootstrap import Application, build_application
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.links import LinkType, NewLink
from memsvc.services.embedders import Embedders
from memsvc.setting_groups.recalling import RecallSettings
from memsvc.settings import ApiSettings, OrganiseSettings, Settings
from memsvc.store.engine import normalise_url
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.application import LOCAL
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder

Opened = Callable[..., AbstractAsyncContextManager[AsyncBank]]
TALK = [
    ("Ann", "Good morning, how is everybody?"),
    ("Bob", "The lighthouse keeper retired on Sunday."),
    ("Ann", "Who follows him?"),
    ("Bob", "His niece Clara, from Porto."),
    ("Ann", "I have to go now."),
]
QUESTION = "When did the lighthouse keeper retire?"


@pytest.fixture
def opened(database: Database) -> Opened:
    """Open a bank with a talk, of a service whose recalls have these settings."""

    @asynccontextmanager
    async def open_bank(**recall: object) -> AsyncIterator[AsyncBank]:
        transport = ASGITransport(create_app(_application(database, recall), ApiSettings()))
        async with AsyncClient(LOCAL, transport=transport, max_retries=0) as client:
            await client.create_bank("ann")
            bank = client.bank("ann")
            messages = [Message(text=text, speaker=speaker) for speaker, text in TALK]
            await bank.add_episodes([Episode(source="talk", messages=messages)])
            yield bank

    return open_bank


def _application(database: Database, recall: dict[str, object]) -> Application:
    return build_application(
        Settings(
            organise=OrganiseSettings(automatic=False),
            # What takes too long is left out and said so: that is no other answer to the question.
            recall=RecallSettings.model_validate({"graph": {"budget_ms": 20_000}, **recall}),
        ),
        normalise_url(database.url),
        database.engine,
        Embedders(default=HashingEmbedder()),
    )


async def _link(database: Database, bank: AsyncBank, *ends: tuple[str, str, float]) -> None:
    """Link memories, named by their texts, with weights."""
    ids = {each.text: MemoryId(each.id) async for each in bank.memories()}
    links = [
        NewLink(from_id=ids[one], to_id=ids[other], type=LinkType.RELATED, weight=weight)
        for one, other, weight in ends
    ]
    async with database.store.write(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve("ann")).scope.bank_id
        await tx.links.add(bank_id, links)


def _scores(found: Recall, arm: str) -> dict[str, float]:
    """Return what an arm scores the hits, by their texts."""
    return {hit.memory.text: hit.parts[arm].score for hit in found.hits if arm in hit.parts}


def _bytes(found: Recall) -> bytes:
    """Return the answer as it was sent, but for its name and for the time that it took."""
    arms = {name: {"took_ms"} for name in found.arms}
    return found.model_dump_json(exclude={"id": True, "took_ms": True, "arms": arms}).encode()


@pytest.mark.parametrize("fusion", ["ranks", "scores"])
async def test_the_same_state_and_question_give_the_same_bytes(
    opened: Opened, database: Database, fusion: str
) -> None:
    async with opened(fusion=fusion, contiguity_weight=0.5, links_weight=0.5) as bank:
        # Twins, whose scores are equal, and enough to be told apart by little.
        twins = [
            NewMemory(text="The lighthouse is white.", external_id=f"t{no}") for no in range(4)
        ]
        notes = [NewMemory(text=f"Keeper {no} came in {1900 + no}.") for no in range(20)]
        await bank.add_memories([*twins, *notes])
        await _link(database, bank, (TALK[1][1], notes[3].text, 0.7))

        async def ask() -> bytes:
            return _bytes(await bank.recall(QUESTION, k=25, explain=True, record=False))

        alone = [await ask() for _ in range(3)]
        at_once = await asyncio.gather(*(ask() for _ in range(12)))

    assert len({*alone, *at_once}) == 1


@pytest.mark.parametrize("fusion", ["ranks", "scores"])
async def test_parts_of_every_arm_add_up_to_the_score(
    opened: Opened, database: Database, fusion: str
) -> None:
    async with opened(fusion=fusion, contiguity_weight=1, links_weight=1) as bank:
        await _link(database, bank, (TALK[1][1], TALK[4][1], 0.9))
        found = await bank.recall(QUESTION, k=5)

    assert {name for name, arm in found.arms.items() if arm.status == "ok"} >= {
        "contiguity",
        "links",
        "graph",
    }
    assert {arm for hit in found.hits for arm in hit.parts} >= {"contiguity", "links"}
    for hit in found.hits:
        hop = hit.hop
        parts = sum(part.contribution for part in hit.parts.values())
        told = parts + (0.0 if hop is None else hop.linked + hop.similar + hop.open)
        for factor in hit.factors.values():
            told *= factor
        assert hit.score == pytest.approx(told, abs=1e-6)


async def test_what_is_linked_to_the_best_is_found_by_the_weight_of_the_link(
    opened: Opened, database: Database
) -> None:
    async with opened(links_weight=1) as bank:
        far, former = "Clara keeps bees.", "Clara sold her boat."
        await bank.add_memory(far)
        gone = await bank.add_memory(former)
        await _link(database, bank, (TALK[1][1], far, 0.8), (former, TALK[1][1], 0.9))
        await bank.archive(gone.id)
        arms = ["lexical", "links"]
        found = await bank.recall("lighthouse keeper", k=10, arms=arms)
        narrowed = await bank.recall(
            "lighthouse keeper", k=10, arms=arms, filter=Filter(speakers=["Bob"])
        )

    # The best hit scores 1, and what is archived is not found by links either.
    assert _scores(found, "links") == {far: pytest.approx(0.8)}
    assert _scores(narrowed, "links") == {}
    assert narrowed.hits[0].memory.text == TALK[1][1]


async def test_what_stands_beside_the_best_is_found_unless_a_filter_hides_it(
    opened: Opened,
) -> None:
    async with opened(contiguity_weight=1) as bank:
        arms = ["lexical", "episode", "contiguity"]
        found = await bank.recall("keeper retired", k=10, arms=arms)
        narrowed = await bank.recall(
            "keeper retired", k=10, arms=arms, filter=Filter(speakers=["Bob"])
        )

    assert _scores(found, "contiguity")[TALK[2][1]] == pytest.approx(0.85)
    assert _scores(narrowed, "contiguity")[TALK[3][1]] == pytest.approx(0.5)
    assert {hit.memory.speaker for hit in narrowed.hits} == {"Bob"}


async def test_contiguity_takes_part_by_default(opened: Opened) -> None:
    async with opened() as bank:
        found = await bank.recall(QUESTION, k=5)

    assert found.arms["contiguity"].status == "ok"
    assert "links" not in found.arms
    assert found.took_ms.beside is not None


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("When did I see the keeper retire?", 0.4 * 0.85),
        ("When did the keeper retire?", 0.7 * 0.85),
        ("What did you say of the keeper retiring?", 0.85),
    ],
)
async def test_a_reply_beside_a_hit_counts_by_whose_words_are_asked_for(
    opened: Opened, question: str, reply: float
) -> None:
    talk = [
        ("user", "The keeper retired on Sunday."),
        ("assistant", "Congratulations to him!"),
        ("user", "His niece follows."),
    ]
    async with opened(contiguity_weight=1) as bank:
        messages = [Message(text=text, speaker=speaker) for speaker, text in talk]
        await bank.add_episodes([Episode(source="chat", messages=messages)])
        arms = ["lexical", "episode", "contiguity"]
        found = await bank.recall(question, k=10, arms=arms, filter=Filter(source="chat"))

    scores = _scores(found, "contiguity")
    assert scores[talk[1][1]] == pytest.approx(reply)


async def test_without_a_weight_nothing_is_asked_and_who_asks_is_told(opened: Opened) -> None:
    async with opened(contiguity_weight=0) as bank:
        found = await bank.recall(QUESTION, k=5)
        named = await bank.recall(QUESTION, k=5, arms=["lexical", "links", "contiguity"])
        with pytest.raises(InvalidRequestError, match="gives the arm no weight"):
            await bank.recall(QUESTION, arms=["links"])

    assert not {"links", "contiguity"} & set(found.arms)
    assert found.took_ms.beside is None
    assert named.arms["links"].status == named.arms["contiguity"].status == "skipped"
    assert "MEMSVC_RECALL__LINKS_WEIGHT" in (named.arms["links"].reason or "")


async def test_contiguity_says_so_where_the_episode_arm_has_nothing(opened: Opened) -> None:
    async with opened(contiguity_weight=1) as bank:
        found = await bank.recall(QUESTION, k=5, arms=["lexical", "contiguity"])

    assert found.arms["contiguity"].status == "skipped"
    assert "episode arm" in (found.arms["contiguity"].reason or "")
    assert found.hits
