"""What recalls gave is no evidence again: conversations with contexts in them, written back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from memsvc_client import AsyncBank, AsyncClient, Document, Message

WHEN = datetime(2026, 3, 1, 18, tzinfo=UTC)
PROMPT = "You are a friendly helper, and ask what I can do for you."
SAID = [
    ("Ann", "I live in Lisbon. I work for Siemens."),
    ("assistant", "Lisbon is lovely in spring."),
    ("Ann", "My dentist is Clara Lopes. I'm a vegetarian."),
    ("Ann", "Bob moved to Porto. He has a boat."),
    ("Ann", "I play the cello. I prefer tea to coffee."),
]


async def write(bank: AsyncBank, talk: list[tuple[str, str]], source: str, day: int) -> list[UUID]:
    at = WHEN + timedelta(days=day)
    written = await bank.add_episode(
        [Message(text=text, speaker=speaker, occurred_at=at) for speaker, text in talk],
        source=source,
        user_id="ann",
    )
    return [each.id for each in written.memories]


async def consolidate(client: AsyncClient, bank: AsyncBank) -> None:
    await bank.consolidate()
    await client.wait_for_jobs("ann", timeout_s=60)


async def derived(bank: AsyncBank) -> dict[str, set[str]]:
    """Return facts, thoughts, names and the portrait, in words."""
    portrait = await bank.portrait("ann")
    return {
        "facts": {f"{e.subject} {e.predicate} {e.object}" async for e in bank.facts(all=True)},
        "thoughts": {each.text async for each in bank.memories(kind="thought", state=None)},
        "entities": {each.name async for each in bank.entities()},
        "portrait": {each.text for each in portrait.lines},
    }


async def unsupported_share(bank: AsyncBank) -> float:
    """Return how much of the facts and thoughts no words outside of contexts bear."""
    texts = {each.id: each.text async for each in bank.memories(state=None)}
    found = [each.evidence async for each in bank.facts(all=True)]
    found += [
        (await bank.get(each.id)).evidence
        async for each in bank.memories(kind="thought", state="active")
    ]
    quoted = [[texts[each.memory_id][each.start : each.end] for each in some] for some in found]
    said = [text for _, text in SAID] + ["I drive a Volvo."]
    assert all(any(words in text for text in said) for some in quoted for words in some)
    return sum(not some for some in quoted) / len(quoted)


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    await serving_client.create_bank("ann")
    bank = serving_client.bank("ann")
    await write(bank, SAID, "talk", 0)
    await consolidate(serving_client, bank)
    return bank


async def test_an_echo_yields_nothing_and_what_stands_beside_it_does(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    before = await derived(bank)
    assert len(before["facts"]) >= 6
    assert len(before["thoughts"]) >= 5
    context = await bank.context("Where does Ann live?", budget_tokens=2000)
    assert "I work for Siemens" in context.text
    talk = [
        ("system", f"{PROMPT}\n\n{context.text}"),
        ("Ann", "Hi there, how are you?"),
        ("assistant", context.text),
        ("Ann", f"You told me this:\n> {context.text}".replace("\n", "\n> ")),
        ("Ann", f"{context.text}\nI drive a Volvo."),
    ]

    written = await write(bank, talk, "echo", 1)
    await consolidate(serving_client, bank)

    after = await derived(bank)
    assert {name: after[name] - before[name] for name in ("facts", "thoughts")} == {
        "facts": {"ann drives volvo"},
        "thoughts": {"Ann drives a Volvo."},
    }
    assert before["facts"] <= after["facts"]
    assert after["portrait"] == before["portrait"]
    assert after["entities"] - before["entities"] <= {"system", "volvo"}
    assert (await bank.get(written[0])).text == talk[0][1]
    assert await unsupported_share(bank) < 0.02


async def test_an_echo_is_found_for_what_stands_beside_it_alone(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    context = await bank.context("Where does Ann live?", budget_tokens=2000)
    talk = [("assistant", context.text), ("Ann", f"{context.text}\nMy kayak leaks.")]
    repeated, said = await write(bank, talk, "echo", 1)

    found = await bank.recall("work for Siemens", arms=["lexical"])
    beside = await bank.recall("kayak", arms=["lexical"])
    again = await bank.context("Where does Ann live?", budget_tokens=4000)

    assert SAID[0][1] in {hit.memory.text for hit in found.hits}
    assert not {repeated, said} & {hit.memory.id for hit in found.hits}
    assert [hit.memory.id for hit in beside.hits] == [said]
    assert "kayak" in again.text
    assert again.text.count("I work for Siemens") == 1


async def test_a_document_with_a_context_in_it_is_cut_around_it(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    before = await derived(bank)
    text = (await bank.context("Where does Ann live?", budget_tokens=4000)).text
    long = text.replace(
        "# Memories\n", "# Memories\n" + "[9] Sun 2026-03-01 18:00: Ann skis.\n" * 99
    )

    log = f"{PROMPT}\n{long}\nBob works for Bosch."
    await bank.add_episode(document=Document(text=log), source="log")
    await consolidate(serving_client, bank)

    after = await derived(bank)
    assert after["facts"] - before["facts"] == {"bob works for bosch"}
