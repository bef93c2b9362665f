"""A turn that answers only together with those beside it is found, said through the client."""

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    Episode,
    Filter,
    InvalidRequestError,
    Message,
    NewMemory,
)

TALK = [
    "Shall we talk about the holidays?",
    "Did the boiler man come about the heating in Porto?",
    "Yes, last Tuesday, and it took him an hour.",
    "Good. I am off to the market now.",
]


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """A bank with one talk, and much that shares a word with it."""
    await client.create_bank("ann")
    bank = client.bank("ann")
    await bank.add_episodes(
        [Episode(source="talk", messages=[Message(text=text, speaker="Ann") for text in TALK])]
    )
    await bank.add_memories(
        [NewMemory(text=f"Tuesday number {no} was a day for the market.") for no in range(20)]
    )
    return bank


async def _ranks(bank: AsyncBank, question: str, **fields: object) -> dict[str, int]:
    found = await bank.recall(question, k=30, **fields)  # type: ignore[arg-type]
    return {hit.memory.text: rank for rank, hit in enumerate(found.hits, start=1)}


async def test_an_answer_is_found_by_what_was_asked_before_it(bank: AsyncBank) -> None:
    question = "When did the boiler man come about the heating in Porto?"

    alone = await _ranks(bank, question, arms=["lexical"])
    together = await _ranks(bank, question, arms=["lexical", "episode"])

    assert together[TALK[1]] == 1
    # The talk it is about comes next, the answer with it, before all that shares a word.
    assert together[TALK[2]] <= len(TALK) < alone.get(TALK[2], 99)


async def test_the_answer_says_what_the_arm_made_of_it(bank: AsyncBank) -> None:
    found = await bank.recall("boiler man heating Porto", k=10)

    assert found.arms["episode"].status == "ok"
    [told] = [hit for hit in found.hits if hit.memory.text == TALK[2]]
    # All four words are said one place before.
    assert told.parts["episode"].score == pytest.approx(0.85)


async def test_what_a_filter_leaves_out_has_no_say(bank: AsyncBank) -> None:
    await bank.add_episodes(
        [
            Episode(
                source="other",
                messages=[
                    Message(text="The lighthouse is closed.", speaker="Bob"),
                    Message(text="Then we stay.", speaker="Ann"),
                    Message(text="So we do.", speaker="Ann"),
                ],
            )
        ]
    )

    found = await bank.recall("Is the lighthouse closed?", k=30, filter=Filter(speakers=["Ann"]))

    hits = [hit for hit in found.hits if hit.memory.text in {"Then we stay.", "So we do."}]
    assert all("episode" not in hit.parts for hit in hits)


async def test_without_episodes_the_arm_says_why_it_stays_out(client: AsyncClient) -> None:
    await client.create_bank("bea")
    bank = client.bank("bea")
    await bank.add_memories([NewMemory(text=f"Note {no} about tea.") for no in range(5)])

    found = await bank.recall("tea", k=5)

    assert found.arms["episode"].status == "skipped"
    assert "beside it" in (found.arms["episode"].reason or "")
    assert len(found.hits) == 5


@pytest.mark.parametrize("arm", ["episode", "graph"])
async def test_an_arm_that_goes_on_from_others_says_so_when_asked_alone(
    bank: AsyncBank, arm: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await bank.recall("nothing of this is known", arms=[arm])

    assert refused.value.code == "no_seeds"
