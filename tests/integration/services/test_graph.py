"""The graph of a bank: always what its active memories say, and what recall gains by it."""

import random
from pathlib import Path
from typing import Literal

import networkx as nx
import pytest
from memsvc_client import AsyncBank, AsyncClient, EntityNotFoundError, Filter, RetentionPolicy
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.bootstrap import Application
from memsvc.cli.graph_files import central_entities, communities, draw_graph, write_graph
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import JobKind
from memsvc.memory_index.replicas import BankReplicas
from memsvc.services.read_entities import ReadEntities
from memsvc.services.run_job import JobContext
from memsvc.settings import IndexSettings
from memsvc.store.engine import normalise_url
from memsvc.store.feed import StoreFeed
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database

FILM = "The film Golden Harbour was directed by Maria Quintela."
DIRECTOR = "Maria Quintela\nQuintela was born in the town of Barcelos."
OTHERS = (
    "The film Silver Bridge was shown in Porto.",
    "A harbour is a sheltered place for ships.",
    "The town of Braga has a cathedral.",
)
QUESTION = "Where was the director of the film Golden Harbour born?"


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    bank = client.bank("ada")
    for each in (FILM, DIRECTOR, *OTHERS):
        await bank.add_memory(each, create=True)
    return bank


async def mentioned(bank: AsyncBank) -> dict[MemoryId, dict[str, int]]:
    return {MemoryId(each.memory_id): each.entities async for each in bank.mentions()}


async def test_entities_are_known_as_soon_as_a_memory_is_written(bank: AsyncBank) -> None:
    names = [each.name async for each in bank.entities("quintela")]
    detail = await bank.entity("MARIA  Quintela")

    assert "maria quintela" in names
    assert {memory.text for memory in detail.memories} == {FILM, DIRECTOR}
    assert detail.memories[0].text == DIRECTOR, "what is about it comes first"
    assert "golden harbour" in {each.name for each in detail.neighbours}
    statistics = await bank.graph_statistics()
    assert (statistics.memories, statistics.mentions > 4) == (5, True)


async def test_unknown_entities_are_not_found(bank: AsyncBank) -> None:
    with pytest.raises(EntityNotFoundError):
        await bank.entity("Nobody At All")
    assert [each async for each in bank.entities("nobody")] == []


async def test_a_path_goes_over_the_memories_that_name_both(bank: AsyncBank) -> None:
    path = await bank.path("Golden Harbour", "Barcelos")
    assert [step.name for step in path.steps] == ["golden harbour", "maria quintela", "barcelos"]
    assert (await bank.path("Barcelos", "Braga")).steps == ()


async def test_the_graph_around_a_question_is_that_of_its_hits(bank: AsyncBank) -> None:
    hits = (await bank.recall(QUESTION, k=2)).hits
    whole = await mentioned(bank)
    around = await bank.graph_around(QUESTION, memories=2)

    assert [each.memory_id for each in around.memories] == [hit.memory.id for hit in hits]
    assert {each.text for each in around.memories} == {FILM, DIRECTOR}
    for each in around.memories:
        assert each.entities == whole[MemoryId(each.memory_id)]
    names = [each.name for each in around.entities]
    assert set(names) == {name for each in around.memories for name in each.entities}
    shared = {each.name for each in around.entities if each.here == 2}
    assert "maria quintela" in shared
    assert set(names[: len(shared)]) == shared, "what most of them mention comes first"
    assert "golden harbour" in around.named
    assert around.entities_left_out == 0
    assert set(around.as_networkx()) == {
        *(f"memory:{each.memory_id}" for each in around.memories),
        *(f"entity:{name}" for name in names),
    }

    bare = await bank.graph_around(QUESTION, memories=2, entities=1, text=False)
    assert [each.name for each in bare.entities] == names[:1]
    assert bare.entities_left_out == len(names) - 1
    assert all(each.text is None and each.entities.keys() <= {names[0]} for each in bare.memories)
    elsewhere = await bank.graph_around("What is shown in Porto and Braga?", memories=1)
    assert {"porto", "braga"} <= set(elsewhere.named), "also what no hit mentions"
    assert (await bank.graph_around("Where is Atlantis?")).named == ()


async def test_looking_around_a_question_makes_nothing_stronger(
    bank: AsyncBank, application: Application
) -> None:
    await bank.set_retention_policy(RetentionPolicy(reinforce="returned"))
    around = await bank.graph_around(QUESTION)
    await application.recall_log.flush()
    counts = [(await bank.get(each.memory_id)).recall_count for each in around.memories]
    assert counts == [0] * 5


async def test_the_second_hop_finds_what_does_not_resemble_the_question(bank: AsyncBank) -> None:
    answer = await bank.recall(QUESTION, k=2)

    assert answer.arms["graph"].status == "ok"
    by_text = {hit.memory.text: hit for hit in answer.hits}
    assert by_text.keys() == {FILM, DIRECTOR}
    hop = by_text[DIRECTOR].hop
    assert hop is not None
    assert (hop.via, hop.entity) == (by_text[FILM].memory.id, "maria quintela")
    for hit in answer.hits:
        assert hit.hop is not None
        parts = sum(part.contribution for part in hit.parts.values())
        parts += hit.hop.linked + hit.hop.similar + hit.hop.open
        assert hit.score == pytest.approx(min(1.0, parts), abs=1e-6)


async def test_archived_memories_leave_the_graph_and_come_back(bank: AsyncBank) -> None:
    before = await mentioned(bank)
    [gone] = [each.id async for each in bank.memories() if each.text == DIRECTOR]
    await bank.archive(gone)
    assert (await mentioned(bank)).keys() == before.keys() - {gone}
    assert (await bank.path("Golden Harbour", "Maria Quintela")).steps
    with pytest.raises(EntityNotFoundError):
        await bank.path("Golden Harbour", "Barcelos")
    await bank.restore(gone)
    assert await mentioned(bank) == before


async def test_a_filter_holds_for_what_hops_reach(client: AsyncClient) -> None:
    bank = client.bank("ada")
    await bank.add_memory(FILM, create=True, session_id="a")
    await bank.add_memory(DIRECTOR, session_id="b")
    answer = await bank.recall(QUESTION, k=5, filter=Filter(session_id="a"))
    assert [hit.memory.text for hit in answer.hits] == [FILM]


async def test_arms_can_be_named_without_the_graph(bank: AsyncBank) -> None:
    answer = await bank.recall(QUESTION, k=2, arms=["dense", "lexical"])
    assert set(answer.arms) == {"dense", "lexical"}
    assert all(hit.hop is None for hit in answer.hits)


async def test_archived_memories_are_recalled_without_a_graph(bank: AsyncBank) -> None:
    [gone] = [each.id async for each in bank.memories() if each.text == DIRECTOR]
    await bank.archive(gone)
    answer = await bank.recall("Barcelos", k=5, filter=Filter(states=("archived",)))
    assert answer.arms["graph"].status == "skipped"
    assert [hit.memory.id for hit in answer.hits] == [gone]


@pytest.mark.parametrize("seed", range(3))
async def test_a_graph_kept_up_equals_one_loaded_afresh(
    client: AsyncClient, database: Database, seed: int
) -> None:
    drawn, bank = random.Random(seed), client.bank("ada")
    names = ["Lisbon", "Porto", "Maria Quintela", "北京", "Ünal Öz", "1984"]
    ids = []
    for number in range(12):
        text = f"I met {drawn.choice(names)} and {drawn.choice(names)}."
        written = await bank.add_memory(text, create=True, external_id=str(number))
        ids.append(written.id)
    await mentioned(bank)
    for _ in range(30):
        number = drawn.randrange(len(ids))
        memory = await bank.get(ids[number])
        if drawn.random() < 0.5:
            text = f"Now it is {drawn.choice(names)}, said {drawn.choice(names)}."
            await bank.add_memory(text, external_id=str(number))
        elif memory.state == "active":
            await bank.archive(memory.id)
        else:
            await bank.restore(memory.id)
        if drawn.random() < 0.3:
            await mentioned(bank)

    kept = await mentioned(bank)
    info = await client.get_bank("ada")
    feed = StoreFeed(database.engine, reload_after_changes=1000)
    replicas = BankReplicas(feed, IndexSettings(backend="exact"), model_id=None)
    async with database.store.read(DEFAULT_TENANT) as tx:
        scope = (await tx.banks.resolve(str(info.id))).scope
    fresh = await replicas.graph(scope)

    assert {m: dict(e.mentions) for m, e in fresh.memories(None, 100)} == kept


async def test_memories_from_before_the_graph_are_read_by_a_rebuild(
    bank: AsyncBank, application: Application, database: Database
) -> None:
    engine = create_engine(normalise_url(database.urls.superuser_url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM mentions"))
    # Nothing said that it changed: only a graph that is loaded afresh would see it.
    await bank.rebuild_graph()
    async with database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.banks.resolve("ada")
        job = await tx.jobs.find_open(JobKind.READ_ENTITIES, found.scope.bank_id)
    assert job is not None

    async def report(_: object) -> None: ...

    async def is_cancelled() -> bool:
        return False

    await ReadEntities(database.store)(
        JobContext(job=job, report_progress=report, is_cancelled=is_cancelled)
    )

    assert (await bank.entity("Maria Quintela")).entity.memories == 2


async def test_graph_goes_into_files_and_pictures(bank: AsyncBank, tmp_path: Path) -> None:
    graph = await bank.graph()
    for name in ("graph.graphml", "graph.gexf", "graph.json"):
        write_graph(graph, tmp_path / name)
    again = nx.read_graphml(tmp_path / "graph.graphml")
    assert set(again) == set(graph)
    assert again.number_of_edges() == graph.number_of_edges()
    assert central_entities(graph, 1)[0][1] > 0
    assert any("maria quintela" in group for group in communities(graph, 10))
    nodes = draw_graph(graph, tmp_path / "x.svg", around="Maria Quintela", limit=5)
    assert nodes == 5
    assert (tmp_path / "x.svg").read_text(encoding="utf-8").startswith("<?xml")


async def test_every_way_to_walk_tells_where_it_began_and_how_it_came_to_a_hit(
    bank: AsyncBank,
) -> None:
    modes: tuple[Literal["hits", "entities", "episodes"], ...] = ("hits", "entities", "episodes")
    for mode in modes:
        answer = await bank.recall(QUESTION, k=3, walk=mode, explain=True)
        assert answer.arms["graph"].status == "ok", mode
        assert answer.walk is not None
        assert answer.walk.mode == mode
        assert "golden harbour" in {each.entity for each in answer.walk.seeds}, mode
        assert any(each.memory_id for each in answer.walk.seeds) is (mode == "hits")
        [director] = [hit for hit in answer.hits if hit.memory.text == DIRECTOR]
        assert director.hop is not None
        assert director.hop.path is not None
        assert director.hop.path[-1].name == str(director.memory.id), mode
        names = {step.name for step in director.hop.path if step.kind == "entity"}
        assert ("maria quintela" in names) is (mode != "hits"), "it was found, and is a seed then"


async def test_without_facts_the_walk_begins_from_the_hits_and_says_so(bank: AsyncBank) -> None:
    answer = await bank.recall(QUESTION, k=3, walk="facts", explain=True)
    assert answer.arms["graph"].status == "ok"
    assert "walked from the hits" in str(answer.arms["graph"].reason)
    plain = await bank.recall(QUESTION, k=3, walk="hits")
    assert plain.walk is None
    assert [hit.memory.id for hit in plain.hits] == [hit.memory.id for hit in answer.hits]
    assert all(hit.hop is not None and hit.hop.path is None for hit in plain.hits)
