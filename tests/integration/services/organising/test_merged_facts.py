"""Facts of merged memories: what was said again counts, at once and after undoing too."""

import random
from datetime import UTC, datetime
from uuid import UUID

import pytest
from memsvc_client import AsyncBank, AsyncClient, GivenEntity, Operation

LISBON, PORTO, ROME = "I live in Lisbon.", "I moved to Porto.", "I live in Rome."
AGAIN = "I live in Lisbon!"


def month(number: int) -> datetime:
    return datetime(2024, number, 1, tzinfo=UTC)


async def said(serving_client: AsyncClient, name: str, *texts: tuple[str, int]) -> list[UUID]:
    await serving_client.create_bank(name)
    bank = serving_client.bank(name)
    return [(await bank.add_memory(text, occurred_at=month(at))).id for text, at in texts]


async def consolidate(serving_client: AsyncClient, name: str, *stages: str) -> None:
    await serving_client.bank(name).consolidate(stages=stages)
    await serving_client.wait_for_jobs(name, timeout_s=30, poll_s=0.05)


async def merges(bank: AsyncBank) -> list[Operation]:
    return [each async for each in bank.operations(kind="merge")]


async def homes(bank: AsyncBank, as_of: datetime | None = None) -> set[str | None]:
    return {each.object async for each in bank.facts(predicate="lives in", as_of=as_of)}


async def shown(bank: AsyncBank, as_of: datetime | None = None) -> set[str]:
    found = await bank.recall("where do I live", k=9, as_of=as_of)
    return {hit.memory.text for hit in found.hits}


async def states(bank: AsyncBank) -> dict[UUID, str]:
    return {each.id: each.state async for each in bank.memories()}


async def ends(bank: AsyncBank) -> dict[UUID, tuple[str | None, datetime | None]]:
    return {each.memory_id: (each.object, each.valid_to) async for each in bank.facts(all=True)}


@pytest.mark.parametrize("stages", [("dedupe", "facts"), ("facts", "dedupe")])
async def test_what_is_said_again_after_something_else_holds_now(
    serving_client: AsyncClient, stages: tuple[str, str]
) -> None:
    """Merged into what was said first, it is still said last."""
    written = [(LISBON, 1), (AGAIN, 6), (PORTO, 3)]
    if stages[0] == "facts":  # Porto is told of later: all three would be apart by then
        [first, again] = await said(serving_client, "ada", *written[:2])
        bank = serving_client.bank("ada")
        for stage in stages:
            await consolidate(serving_client, "ada", stage)
        porto = (await bank.add_memory(PORTO, occurred_at=month(3))).id
        await consolidate(serving_client, "ada", "facts")
    else:
        [first, again, porto] = await said(serving_client, "ada", *written)
        bank = serving_client.bank("ada")
        await consolidate(serving_client, "ada", *stages)

    assert await states(bank) == {first: "active", again: "merged", porto: "superseded"}
    assert await homes(bank) == {"lisbon"}
    assert await homes(bank, as_of=month(4)) == {"porto"}
    assert await shown(bank) == {LISBON}
    assert await shown(bank, as_of=month(2)) == {LISBON}
    assert PORTO in await shown(bank, as_of=month(4))


async def test_undoing_such_a_merge_settles_the_facts_by_itself(
    serving_client: AsyncClient,
) -> None:
    [first, again, porto] = await said(serving_client, "ada", (LISBON, 1), (AGAIN, 6), (PORTO, 3))
    bank = serving_client.bank("ada")
    await consolidate(serving_client, "ada", "dedupe", "facts")

    await bank.undo((await merges(bank))[0].id)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)

    assert await states(bank) == {first: "superseded", again: "active", porto: "superseded"}
    assert await homes(bank) == {"lisbon"}


async def test_a_merge_of_what_was_read_changes_no_fact(serving_client: AsyncClient) -> None:
    """And what is said twice is listed once."""
    [first, again] = await said(serving_client, "ada", (LISBON, 1), (AGAIN, 6))
    bank = serving_client.bank("ada")
    await consolidate(serving_client, "ada", "facts")
    assert set(await ends(bank)) == {first, again}

    await consolidate(serving_client, "ada", "dedupe")

    assert await ends(bank) == {first: ("lisbon", None)}
    assert await homes(bank, as_of=month(8)) == {"lisbon"}


async def test_what_was_merged_goes_and_comes_back_with_what_it_lives_on_in(
    serving_client: AsyncClient,
) -> None:
    [first, _, porto] = await said(serving_client, "ada", (LISBON, 1), (AGAIN, 6), (PORTO, 3))
    bank = serving_client.bank("ada")
    await consolidate(serving_client, "ada", "dedupe", "facts")

    await bank.archive(first)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    assert (await states(bank))[porto] == "active"
    assert await homes(bank) == {"porto"}

    await bank.restore(first)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    assert (await states(bank))[porto] == "superseded"
    assert await homes(bank) == {"lisbon"}


async def test_it_ends_when_the_last_of_what_was_said_does(serving_client: AsyncClient) -> None:
    [first, _, _, rome] = await said(
        serving_client, "ada", (LISBON, 1), (AGAIN, 6), (PORTO, 3), (ROME, 9)
    )
    bank = serving_client.bank("ada")
    await consolidate(serving_client, "ada", "dedupe", "facts")

    now = await states(bank)
    assert (now[first], now[rome]) == ("superseded", "active")
    assert await shown(bank) == {ROME}
    assert LISBON in await shown(bank, as_of=month(7))


@pytest.mark.parametrize("seed", range(2))
async def test_undoing_every_merge_gives_the_facts_of_a_bank_without_any(
    serving_client: AsyncClient, seed: int
) -> None:
    draw = random.Random(seed)
    texts = [
        (draw.choice((LISBON, AGAIN, PORTO, "I moved to Porto!", ROME)), number)
        for number in range(1, 10)
    ]
    draw.shuffle(texts)
    with_merges = await said(serving_client, "merged", *texts)
    without = await said(serving_client, "apart", *texts)
    await consolidate(serving_client, "merged", "dedupe", "facts")
    await consolidate(serving_client, "apart", "facts")
    one, other = serving_client.bank("merged"), serving_client.bank("apart")
    places = [await homes(each) for each in (one, other)]
    assert places[0] == places[1]
    done = await merges(one)
    assert done

    for each in done:  # newest first
        await one.undo(each.id)
    await serving_client.wait_for_jobs("merged", timeout_s=30, poll_s=0.05)

    assert [(await states(one))[each] for each in with_merges] == [
        (await states(other))[each] for each in without
    ]
    facts = [await ends(one), await ends(other)]
    assert [facts[0][each] for each in with_merges] == [facts[1][each] for each in without]


@pytest.mark.parametrize("stages", [("dedupe", "think"), ("think",)])
async def test_a_thought_follows_what_was_said_again_and_falls_with_it(
    serving_client: AsyncClient, stages: tuple[str, ...]
) -> None:
    """Merged or not, and though all is read in one page."""
    await serving_client.create_bank("ada")
    bank = serving_client.bank("ada")
    for text, at in ((LISBON, 1), (AGAIN, 6), (PORTO, 3)):
        await bank.add_memory(text, speaker="Ann", user_id="ann", occurred_at=month(at))
    await consolidate(serving_client, "ada", *stages)

    async def thoughts() -> list[str]:
        found = [each async for each in bank.memories() if each.kind == "thought"]
        return [each.text for each in found if each.state == "active"]

    assert await thoughts() == ["Ann lives in Lisbon."]
    last = LISBON if "dedupe" in stages else AGAIN  # merged, it lives on in what was said first
    [kept] = [each.id async for each in bank.memories() if each.text == last]
    await bank.archive(kept)
    await consolidate(serving_client, "ada", "think")
    assert await thoughts() == ["Ann lives in Porto."]


async def test_undoing_a_merge_gives_exactly_the_graph_before(serving_client: AsyncClient) -> None:
    """Names that were given of either memory too; and the graph kept up is the one built anew."""
    await serving_client.create_bank("ada")
    bank = serving_client.bank("ada")
    for number, text in enumerate(
        ("Ann Lee met Bob Ray in Lisbon.", "Ann Lee met Bob Ray in Lisbon!")
    ):
        await bank.add_memory(text, external_id=str(number))
    await bank.give_facts(entities=[GivenEntity(external_id="1", name="Bob Ray", type="person")])
    await consolidate(serving_client, "ada", "facts", "entities")

    async def graph() -> tuple[dict[str, tuple[str | None, int]], object]:
        entities = {each.name: (each.type, each.memories) async for each in bank.entities()}
        return entities, {each.memory_id: each async for each in bank.mentions()}

    before = await graph()
    await consolidate(serving_client, "ada", "dedupe")
    merged, _ = await graph()
    assert {each[1] for each in merged.values()} == {1}

    await bank.undo((await merges(bank))[0].id)
    assert await graph() == before
    await bank.rebuild_graph()
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    assert await graph() == before
