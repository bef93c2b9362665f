"""What two users say of the same thing stays apart when it is organised."""

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import JobState
from memsvc.domain.memory import ScopeKeys
from memsvc.services.commands import NewMemory
from tests.fixtures.organising import Organiser, ScriptedExtractor
from tests.integration.services.organising.reading import links_of


async def write(organiser: Organiser, user: str | None, *texts: str) -> list[MemoryId]:
    items = [
        NewMemory(text=text, keys=ScopeKeys(user_id=user), source="chat", external_id=f"{user}{n}")
        for n, text in enumerate(texts)
    ]
    written = await organiser.service.remember_items("notes", *items)
    return [each.id for each in written.memories]


async def test_neighbours_are_found_behind_a_crowd_of_other_users(organiser: Organiser) -> None:
    first = "The flat near the harbour was bright."
    crowd = [f"A bright flat near the harbour, number {no}." for no in range(9)]
    own = await write(organiser, "ann", first)
    others = [
        *await write(organiser, "bo", *crowd),
        *await write(organiser, None, "Bright flats near the harbour."),
    ]
    assert (await organiser.run()).state is JobState.SUCCEEDED
    extractor = ScriptedExtractor()
    own += await write(
        organiser, "ann", first, "The bright flat near the harbour, number 3, is ours"
    )

    job = await organiser.run(organiser.handler(extractor, neighbours=2))

    assert job.state is JobState.SUCCEEDED
    [window] = extractor.asked
    assert [each.text for each in window.neighbours] == [first]
    assert window.near == {(1, 2)}
    links = await links_of(organiser, [*own, *others])
    assert links
    assert all((each.from_id in own) == (each.to_id in own) for each in links)


async def test_a_window_holds_one_users_memories_though_they_came_together(
    organiser: Organiser,
) -> None:
    keys = [ScopeKeys(user_id=user) for user in ("ann", "bo", "ann", None)]
    items = [
        NewMemory(text=f"Turn {no} of a talk.", keys=each, source="talk", external_id=f"{no}")
        for no, each in enumerate(keys)
    ]
    await organiser.service.remember_items("notes", *items)
    extractor = ScriptedExtractor()

    await organiser.run(organiser.handler(extractor))

    windows = [[each.text for each in window.items] for window in extractor.asked]
    assert windows == [
        ["Turn 0 of a talk.", "Turn 2 of a talk."],
        ["Turn 1 of a talk."],
        ["Turn 3 of a talk."],
    ]
