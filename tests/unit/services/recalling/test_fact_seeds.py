"""Facts that a walk begins from, few or many, chosen by their scores or by a model."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.fact_choice import StatedFact, by_cosine, by_numbers, nearest_facts
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.identifiers import TenantId
from memsvc.domain.memory import BankScope
from memsvc.errors import ProviderUnavailableError
from memsvc.memory_index.memory_graph import MemoryGraph
from memsvc.ports import DenseQuery, FactFilter
from memsvc.services.compare_names import CompareNames
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.arms import ArmStatus
from memsvc.services.recalling.fact_seeds import FactSeeds
from memsvc.services.recalling.graph_walks import GraphWalks
from memsvc.services.recalling.second_hop import FirstHop, Hopped, SecondHop
from memsvc.settings import GraphSettings
from memsvc.store.graph_facts import FactsWanted
from memsvc.system_clock import SystemClock
from tests.fixtures.embedder import HashingEmbedder
from tests.unit.memory_index.fake_feed import memory_id
from tests.unit.memory_index.test_memory_graph import extracted
from tests.unit.services.recalling.test_second_hop import (
    BANK,
    QUESTION,
    Graphs,
    NoWords,
    Scores,
    first_hop,
)

EMBEDDER = HashingEmbedder(dimension=256)
DIRECTED = ("golden harbour", "director", "maria quintela")
BORN = ("maria quintela", "was born in", "barcelos")
SHIPS = ("ships", "lie in", "harbour")
BREAD = ("bakers", "sell", "bread")


class Facts:
    """Holds these facts, whatever is asked for."""

    def __init__(self, *facts: tuple[str, str, str]) -> None:
        self.facts = facts
        self.wanted: list[FactsWanted] = []

    async def near(self, _: BankScope, wanted: FactsWanted) -> Sequence[tuple[str, str, str]]:
        self.wanted.append(wanted)
        return self.facts


class Chooser:
    """Keeps these numbers, or fails."""

    def __init__(self, keep: Sequence[int] | Exception) -> None:
        self.keep = keep
        self.shown: Sequence[str] = ()

    async def choose(self, _: TenantId, __: str, facts: Sequence[str]) -> Sequence[int]:
        self.shown = facts
        if isinstance(self.keep, Exception):
            raise self.keep
        return self.keep


def graph() -> MemoryGraph:
    made = MemoryGraph()
    mentions = {1: ["golden harbour", "maria quintela"], 2: ["maria quintela", "barcelos"]}
    mentions[3] = ["harbour", "ships"]
    made.apply(
        {memory_id(no): extracted(list(map(EntityForm, some))) for no, some in mentions.items()}
    )
    return made


async def hopped(facts: Facts, chooser: FactFilter | None = None, least: float = 0.2) -> Hopped:
    settings = GraphSettings(budget_ms=60_000)
    hop = SecondHop(
        graphs=Graphs(graph()),
        words=NoWords(),
        index=Scores(),
        exact=Scores(),
        walks=GraphWalks(
            settings=settings,
            names=CompareNames(Embedders(default=EMBEDDER)),
            facts=FactSeeds(
                source=facts,
                embedders=Embedders(default=EMBEDDER),
                clock=SystemClock(),
                least_cosine=least,
                filter=chooser,
            ),
        ),
        settings=settings,
    )
    vector = await EMBEDDER.embed_query(QUESTION)
    posed = DenseQuery(vector=vector, model_id=EMBEDDER.model.id, k=9)
    return await hop(facts_hop(posed))


def facts_hop(posed: DenseQuery) -> FirstHop:
    asked = first_hop([3], explain=True)
    bank = replace(BANK, model_id=EMBEDDER.model.id)
    return replace(asked, query=replace(asked.query, bank=bank), posed=posed, mode=WalkMode.FACTS)


@pytest.mark.parametrize("count", range(5))
async def test_a_bank_of_few_facts_is_walked_like_any_other(count: int) -> None:
    """HippoRAG 2, 1: fewer than six facts end in an assertion there."""
    facts = (DIRECTED, SHIPS, BORN, BREAD)[:count]
    answer = await hopped(Facts(*facts))
    assert answer.outcome.report.status is ArmStatus.OK
    assert answer.walk is not None
    assert len(answer.walk.facts) == count
    if count == 0:
        assert "no fact is near" in str(answer.outcome.report.reason)
    else:
        assert "maria quintela" in answer.walk.seeds.entities
        assert memory_id(1) in answer.hops


async def test_facts_that_have_nothing_to_do_with_it_seed_nothing_and_it_is_said() -> None:
    """HippoRAG 2, 2: there the best fact is certain, whatever it is."""
    answer = await hopped(Facts(BREAD))
    assert answer.walk is not None
    assert [each.is_kept for each in answer.walk.facts] == [False]
    assert answer.walk.seeds.entities == {}
    assert "walked from the hits" in str(answer.outcome.report.reason)


async def test_a_model_keeps_facts_by_their_numbers_and_can_invent_none() -> None:
    """HippoRAG 2, 12: there an invented fact passes for the candidate it resembles."""
    chooser = Chooser([2, 2, 9, -1])
    answer = await hopped(Facts(DIRECTED, BORN, SHIPS), chooser)
    assert answer.walk is not None
    kept = [each.fact.text for each in answer.walk.facts if each.is_kept]
    assert kept == [chooser.shown[1]]
    assert answer.outcome.report.reason is None


@pytest.mark.parametrize(
    ("keep", "reason"),
    [
        ([], "the model kept no fact; walked from the hits"),
        (ProviderUnavailableError("away"), "the model did not choose facts"),
    ],
)
async def test_a_model_that_keeps_nothing_or_fails_is_reported(
    keep: Sequence[int] | Exception, reason: str
) -> None:
    """HippoRAG 2, 14: there a failing filter passes for "no facts"."""
    answer = await hopped(Facts(DIRECTED), Chooser(keep))
    assert answer.outcome.report.status is ArmStatus.OK
    assert reason in str(answer.outcome.report.reason)
    assert answer.walk is not None
    assert bool(answer.walk.seeds.entities) is isinstance(keep, Exception)


def test_a_predicate_tells_facts_of_the_same_ends_apart() -> None:
    """HippoRAG 2, 13: there predicate and direction are of no account."""
    ends = (EntityForm("ada"), EntityForm("lisbon"))
    loves, left = (
        StatedFact(subject="ada", predicate=each, object="lisbon", ends=ends)
        for each in ("loves", "has_left")
    )
    assert left.text == "ada has left lisbon"
    ranked = nearest_facts([(loves, 0.4), (left, 0.9), (left, 0.5)])
    assert ranked == [(left, 0.9), (loves, 0.4)]
    assert [each.is_kept for each in by_cosine(ranked, 0.5)] == [True, False]
    assert [each.is_kept for each in by_numbers(ranked, {2, 7})] == [False, True]
