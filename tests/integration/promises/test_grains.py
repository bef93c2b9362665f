"""Hits that stand for their event or episode, of what may be shown and of nothing else."""

from datetime import datetime, timedelta

import pytest
from memsvc_client import AsyncBank, AsyncClient, Filter, Message, Recall

from memsvc.bootstrap import Application
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.two_subjects import BOAT, BREAD, WHEN

OTHER = ("Somebody else's boat has an old mast.", "It leaks.")


async def _say(bank: AsyncBank, source: str, texts: tuple[str, ...], **of: str) -> list[str]:
    said = [
        Message(text=text, speaker="Ada", occurred_at=WHEN + timedelta(minutes=no))
        for no, text in enumerate(texts)
    ]
    stored = await bank.add_episode(said, source=source, **of)  # type: ignore[arg-type]
    return [str(each.id) for each in stored.memories]


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    """An empty bank."""
    await client.create_bank("ann")
    return client.bank("ann")


@pytest.fixture
async def talk(bank: AsyncBank) -> list[str]:
    """Ids of a talk about a boat, then bread; of another one there is a boat too."""
    ids = await _say(bank, "talk", BOAT + BREAD)
    await _say(bank, "other", OTHER)
    return ids


def _units(answer: Recall) -> list[list[str] | None]:
    return [
        None if hit.unit is None else [str(each) for each in hit.unit.memory_ids]
        for hit in answer.hits
    ]


async def test_by_default_a_hit_is_a_memory(bank: AsyncBank, talk: list[str]) -> None:
    plain = await bank.recall("boat mast", k=3)
    asked = await bank.recall("boat mast", k=3, grain="memory")

    assert plain.grain is None
    assert _units(plain) == [None] * 3
    assert [hit.memory.id for hit in asked.hits] == [hit.memory.id for hit in plain.hits]
    assert [hit.score for hit in asked.hits] == [hit.score for hit in plain.hits]


async def test_the_best_hit_of_an_event_stands_for_it(bank: AsyncBank, talk: list[str]) -> None:
    plain = await bank.recall("boat mast", k=9)
    found = await bank.recall("boat mast", k=3, grain="event", explain=True)

    assert found.grain is not None
    assert (found.grain.grain, found.grain.weights) == ("event", {})
    ranks = [hit.memory.id for hit in plain.hits]
    places = [ranks.index(hit.memory.id) for hit in found.hits]
    assert places == sorted(places)
    assert places[0] == 0
    [boat] = [hit for hit in found.hits if str(hit.memory.id) in talk[:4]]
    assert boat.unit is not None
    assert [str(each) for each in boat.unit.memory_ids] == talk[:4]
    assert (boat.unit.first, boat.unit.last) == (0, 3)
    assert boat.unit.found[0] == boat.memory.id
    assert {str(each) for each in boat.unit.found} <= set(talk[:4])
    assert found.dropped is not None
    folded = {each.memory_id for each in found.dropped if each.reason == "folded"}
    assert folded >= set(boat.unit.found[1:]) - {hit.memory.id for hit in found.hits}


async def test_the_hits_are_so_many_units(bank: AsyncBank, talk: list[str]) -> None:
    found = await bank.recall("boat mast bread", k=2, grain="episode")

    assert len(found.hits) == 2
    assert {tuple(unit or ()) for unit in _units(found)} >= {tuple(talk)}
    assert len({hit.memory.episode_id for hit in found.hits}) == 2


async def test_memories_without_vectors_stand_for_themselves_unless_it_is_for_the_episode(
    bank: AsyncBank, embedder: HashingEmbedder
) -> None:
    await _say(bank, "talk", BOAT[:3])
    embedder.down = True
    await _say(bank, "talk", ("The boat sank.",))
    await bank.add_memory("A boat of no episode.")
    embedder.down = False

    found = await bank.recall("boat", k=9, grain="event")
    whole = await bank.recall("boat", k=9, grain="episode")

    by_text = dict(zip([hit.memory.text for hit in found.hits], _units(found), strict=True))
    assert by_text["The boat sank."] is None
    assert by_text["A boat of no episode."] is None
    assert len(found.hits) == 3
    assert sorted(len(unit or ()) for unit in _units(whole)) == [0, 4]


async def test_the_question_chooses_where_its_similarities_stand_out(
    bank: AsyncBank, talk: list[str]
) -> None:
    found = await bank.recall("boat mast", k=2, grain="auto")

    assert found.grain is not None
    weights = {grain: each.weight for grain, each in found.grain.weights.items()}
    assert set(weights) == {"memory", "event", "episode"}
    assert sum(weights.values()) == pytest.approx(1)
    assert found.grain.grain == max(weights, key=lambda grain: weights[grain])
    assert found.grain.weights["memory"].units == len(talk) + len(OTHER)
    assert found.grain.weights["episode"].units == 2
    without = await bank.recall("boat mast", k=2, grain="auto", arms=["lexical"])
    assert without.grain is not None
    assert (without.grain.grain, without.grain.weights) == ("memory", {})
    assert "dense arm" in (without.grain.reason or "")


async def test_only_what_may_be_shown_is_in_a_unit(bank: AsyncBank, talk: list[str]) -> None:
    await bank.archive(talk[1])
    later = WHEN + timedelta(minutes=2)

    async def units(after: datetime | None = None) -> list[str]:
        narrowing = Filter(source="talk", occurred_after=after)
        found = await bank.recall("boat mast", k=1, grain="episode", filter=narrowing)
        return _units(found)[0] or []

    then = await bank.recall(
        "boat mast", k=1, grain="event", filter=Filter(source="talk"), as_of=later
    )
    assert await units() == [talk[0], *talk[2:]]
    assert await units(later) == talk[2:]
    assert _units(then) == [[talk[0], talk[2]]]


async def test_owners_of_one_source_are_not_folded_into_each_other(bank: AsyncBank) -> None:
    ada = await _say(bank, "shared", BOAT[:2], user_id="ada")
    bo = await _say(bank, "shared", BOAT[2:], user_id="bo")

    found = await bank.recall("boat", k=5, grain="episode")

    assert sorted(_units(found), key=str) == sorted([ada, bo], key=str)


async def test_a_context_shows_the_unit_nearest_first_as_far_as_it_fits(
    bank: AsyncBank, talk: list[str]
) -> None:
    asked = {"mode": "ranked", "k": 1, "summaries": 0, "neighbours": 0}
    roomy = await bank.context("sail", grain="event", **asked)  # type: ignore[arg-type]
    whole = await bank.context("sail", grain="episode", **asked)  # type: ignore[arg-type]
    plain = await bank.context("sail", **asked)  # type: ignore[arg-type]

    def shown(context: object) -> list[str]:
        return [str(piece.memory.id) for piece in context.sections[0].pieces]  # type: ignore[attr-defined]

    assert shown(plain) == [talk[1]]
    assert shown(roomy) == talk[:4]
    assert shown(whole) == talk
    [hit] = [piece for piece in roomy.sections[0].pieces if piece.role == "hit"]
    assert hit.unit is not None
    assert [str(each) for each in hit.unit.memory_ids] == talk[:4]
    assert roomy.grain is not None
    assert (roomy.grain.grain, plain.grain) == ("event", None)
    cost = whole.total_tokens
    tight = await bank.context("sail", grain="episode", budget_tokens=cost - 20, **asked)  # type: ignore[arg-type]
    assert talk[1] in shown(tight)
    assert talk[6] not in shown(tight)
    assert tight.total_tokens <= cost - 20


async def test_everything_that_fits_is_no_ranking_and_has_no_grain(
    bank: AsyncBank, talk: list[str]
) -> None:
    context = await bank.context("boat", grain="event", budget_tokens=5000)
    recall = await bank.recall("boat", grain="event", mode="auto", budget_tokens=5000)

    assert (context.mode, context.grain) == ("passthrough", None)
    assert (recall.mode, recall.grain) == ("passthrough", None)


async def test_what_was_asked_at_a_grain_is_asked_at_it_again(
    application: Application, bank: AsyncBank, talk: list[str]
) -> None:
    answer = await bank.recall("boat mast", k=2, grain="auto", record=True)
    other = await bank.recall("boat mast", k=2, grain="episode", record=True)
    await application.recall_log.flush()
    assert answer.id is not None
    assert other.id is not None

    replayed = await bank.replay(answer.id)
    again = await bank.replay(other.id)

    assert replayed.same
    assert again.same
    hits = [each.memory_id for each in again.memories if each.now is not None]
    assert set(hits) == {hit.memory.id for hit in other.hits}
    assert not [each for each in again.circumstances if "grain" in each.name]
