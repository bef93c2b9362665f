"""Events of an episode: made of what is stored, and only of what may be shown."""

import pytest
from memsvc_client import AsyncBank, AsyncClient, Event, InvalidRequestError, Message

from memsvc.bootstrap import Application
from memsvc.domain.paging import PageRequest
from memsvc.errors import InvalidRequestError as InvalidCursor
from memsvc.services.commands import BankReference, Caller
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.two_subjects import BOAT, BREAD, WHEN


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """An empty bank."""
    await client.create_bank("ann")
    return client.bank("ann")


async def _say(bank: AsyncBank, texts: tuple[str, ...], **of: str) -> list[str]:
    said = [Message(text=text, speaker="Ada", occurred_at=WHEN) for text in texts]
    stored = await bank.add_episode(said, source="talk", **of)  # type: ignore[arg-type]
    return [str(each.id) for each in stored.memories]


async def _events(bank: AsyncBank, source: str = "talk") -> list[Event]:
    return [each async for each in bank.events(source)]


def _ids(events: list[Event]) -> list[list[str]]:
    return [[str(each) for each in event.memory_ids] for event in events]


async def test_a_change_of_subject_begins_an_event(bank: AsyncBank) -> None:
    ids = await _say(bank, BOAT + BREAD)

    first, second = await _events(bank)

    assert _ids([first, second]) == [ids[:4], ids[4:]]
    assert (first.begin, first.first, first.last, first.at) == ("start", 0, 3, None)
    assert (second.begin, second.first, second.last, second.at) == ("surprise", 4, 6, 4)
    assert second.surprise is not None
    assert second.threshold is not None
    assert second.surprise > second.threshold


async def test_owners_who_share_a_source_have_events_of_their_own(bank: AsyncBank) -> None:
    ada = await _say(bank, BOAT[:2], user_id="ada")
    bo = await _say(bank, BOAT[2:], user_id="bo")
    ada += await _say(bank, BREAD[:1], user_id="ada")

    events = await _events(bank)

    assert _ids(events) == [ada, bo]
    assert [each.user_id for each in events] == ["ada", "bo"]


async def test_what_is_archived_is_in_no_event(bank: AsyncBank) -> None:
    ids = await _say(bank, BOAT + BREAD)
    await bank.archive(ids[1])

    events = _ids(await _events(bank))
    assert [each for event in events for each in event] == ids[:1] + ids[2:]


async def test_memories_without_vectors_are_in_events_all_the_same(
    bank: AsyncBank, embedder: HashingEmbedder
) -> None:
    embedder.down = True
    ids = await _say(bank, BOAT + BREAD + BOAT)
    embedder.down = False

    events = await _events(bank)

    assert _ids(events) == [ids[:8], ids[8:]]
    assert [(each.begin, each.surprise) for each in events] == [("start", None), ("length", None)]


async def test_pages_go_on_where_the_last_ended(application: Application, bank: AsyncBank) -> None:
    await _say(bank, BOAT + BREAD + BOAT)
    caller = Caller(tenant_id=application.default_tenant, actor="test")
    firsts: list[int] = []
    cursor: str | None = None
    while True:
        request = PageRequest(limit=1, cursor=cursor)
        page = await application.events.list(caller, BankReference(value="ann"), "talk", request)
        firsts += [each.first for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert firsts == [each.first for each in await _events(bank)]
    assert len(firsts) > 1
    request = PageRequest(cursor="²")
    with pytest.raises(InvalidCursor):
        await application.events.list(caller, BankReference(value="ann"), "talk", request)


async def test_there_are_none_of_an_episode_that_is_not_there(bank: AsyncBank) -> None:
    assert await _events(bank, "nothing") == []
    with pytest.raises(InvalidRequestError):
        await _events(bank, "")
