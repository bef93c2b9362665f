"""Whose words a question asks for, said through the client."""

import pytest
from memsvc_client import AsyncBank, AsyncClient, Filter, Message

ASKED = "When does my first sprint end?"
SAID = "My first sprint ends on March 29."
REPLY = (
    "Your first sprint ends when the first sprint's goals are met. When a sprint ends, review it."
)


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """A bank with a user's words, and replies that take up every one of them."""
    await client.create_bank("ann")
    bank = client.bank("ann")
    replies = [Message(speaker="assistant", text=f"{REPLY} Rule {no}.") for no in range(12)]
    await bank.add_episode([Message(speaker="user", text=SAID), *replies], source="chat")
    return bank


async def _first(bank: AsyncBank, question: str, *, k: int = 3) -> tuple[str, dict[str, float]]:
    found = await bank.recall(question, k=k)
    return found.hits[0].memory.text, dict(found.hits[0].factors)


async def test_what_the_user_said_comes_before_long_replies(bank: AsyncBank) -> None:
    assert await _first(bank, ASKED) == (SAID, {})
    found = await bank.recall(ASKED, k=3)
    assert [hit.factors["speaker"] for hit in found.hits[1:]] == [0.4, 0.4]


async def test_a_score_is_told_with_the_factor_of_its_speaker(bank: AsyncBank) -> None:
    alone = await bank.recall("What did you say of my first sprint?", k=13)
    weighed = await bank.recall(ASKED, k=13, filter=Filter(speakers=["user", "assistant"]))

    assert all("speaker" not in hit.factors for hit in alone.hits)
    assert {hit.factors.get("speaker", 1.0) for hit in weighed.hits} == {0.4, 1.0}


async def test_a_reply_comes_first_where_it_is_asked_for(bank: AsyncBank) -> None:
    text, factors = await _first(bank, "When did you say that a first sprint ends, by its goals?")

    assert text.startswith(REPLY)
    assert "speaker" not in factors


async def test_where_nobody_replies_nothing_is_weighed(client: AsyncClient) -> None:
    await client.create_bank("two")
    bank = client.bank("two")
    await bank.add_episode(
        [Message(speaker="Ann", text=SAID), Message(speaker="Bob", text=REPLY)], source="chat"
    )

    found = await bank.recall(ASKED, k=2)
    assert [hit.factors for hit in found.hits] == [{}, {}]
