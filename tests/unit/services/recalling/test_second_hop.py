"""The graph arm beside the others: what it does where it cannot help, and what bounds it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Event, Thread
from uuid import UUID

import numpy as np
import pytest

from memsvc.domain.fusion import Arm, FusionWeights, fuse
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.identifiers import BankId, TenantId
from memsvc.domain.index_segment import Keys
from memsvc.domain.inverted_index import WordPresence
from memsvc.domain.memory import BankScope, ResolvedBank
from memsvc.errors import DatabaseUnavailableError
from memsvc.memory_index.memory_graph import MemoryGraph, Seeds, WalkSettings
from memsvc.ports import Candidate, DenseQuery
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.arms import ArmQuery, ArmStatus
from memsvc.services.recalling.graph_assembly import graph_walks
from memsvc.services.recalling.graph_walks import GraphWalks, WalkAnswer, WalkQuestion
from memsvc.services.recalling.second_hop import FirstHop, SecondHop
from memsvc.settings import GraphSettings
from memsvc.system_clock import SystemClock
from tests.fixtures.embedder import HashingEmbedder
from tests.unit.memory_index.fake_feed import memory_id

TEXTS = {
    1: "The film Golden Harbour was directed by Maria Quintela.",
    2: "Maria Quintela\nQuintela was born in Barcelos.",
    3: "A harbour is a sheltered place for ships.",
}
QUESTION = "Where was the director of Golden Harbour born?"
BANK = ResolvedBank(
    scope=BankScope(tenant_id=TenantId(UUID(int=1)), bank_id=BankId(UUID(int=2))),
    name="ada",
    language="en",
    model_id="model",
)
WEIGHTS = FusionWeights(rank_constant=10, weights=dict.fromkeys(Arm, 1.0))


class Graphs:
    """Hands out one graph, or what stands in the way of it."""

    def __init__(self, graph: MemoryGraph | None, error: Exception | None = None) -> None:
        self.held = graph
        self.error = error

    async def graph(self, *_: object, **__: object) -> MemoryGraph | None:
        if self.error is not None:
            raise self.error
        return self.held


class NoWords:
    """Knows no word of any question."""

    async def presence(self, scope: BankScope, text: str, keys: Keys, **_: object) -> WordPresence:
        del scope, text
        return WordPresence(
            has=np.zeros((len(keys), 0), np.bool_),
            weights=np.zeros(0),
            words=(),
            unknown=(),
            unknown_weight=0.0,
        )


class NoIndex:
    """Is never asked: no question here has a vector."""

    backend = "none"

    async def search(self, _: BankScope, query: DenseQuery) -> list[Candidate]:
        del query
        raise AssertionError("asked without a vector")

    async def refresh(self, *_: object) -> None:
        raise AssertionError("asked without a vector")

    async def forget_bank(self, *_: object) -> None:
        raise AssertionError("no bank is deleted here")


def graph_of(texts: Mapping[int, str]) -> MemoryGraph:
    graph = MemoryGraph()
    graph.apply({memory_id(no): extract_entities(text) for no, text in texts.items()})
    return graph


def first_hop(hits: Sequence[int], *, explain: bool = False) -> FirstHop:
    ranking = [(memory_id(no), 1.0 / (place + 1)) for place, no in enumerate(hits)]
    return FirstHop(
        query=ArmQuery(text=QUESTION, bank=BANK, k=100, allowed=None, active_only=True),
        rankings={Arm.LEXICAL: ranking},
        posed=None,
        weights=WEIGHTS,
        most=10,
        explain=explain,
    )


class NoFacts:
    """Has none."""

    async def near(self, *_: object) -> Sequence[tuple[str, str, str]]:
        return ()


class Scores(NoIndex):
    """Finds every memory equally near."""

    async def search(self, _: BankScope, query: DenseQuery) -> list[Candidate]:
        return [Candidate(memory_id=each, score=0.5) for each in query.allowed or ()]


def walks_of(settings: GraphSettings) -> GraphWalks:
    return graph_walks(
        settings, NoFacts(), Embedders(default=HashingEmbedder()), SystemClock(), None
    )


def second_hop(graphs: Graphs, settings: GraphSettings | None = None) -> SecondHop:
    chosen = settings or GraphSettings(budget_ms=60_000)
    return SecondHop(
        graphs=graphs,
        words=NoWords(),
        index=NoIndex(),
        exact=NoIndex(),
        walks=walks_of(chosen),
        settings=chosen,
    )


async def test_what_a_hit_names_is_found_and_the_way_told() -> None:
    hopped = await second_hop(Graphs(graph_of(TEXTS)))(first_hop([1, 3]))
    assert hopped.outcome.report.status is ArmStatus.OK
    assert {each.memory_id for each in hopped.fused[:2]} == {memory_id(1), memory_id(2)}
    assert hopped.hops[memory_id(2)].via == memory_id(1)
    assert hopped.hops[memory_id(2)].entity == "maria quintela"


@pytest.mark.parametrize(
    ("graphs", "status", "reason"),
    [
        (Graphs(None, DatabaseUnavailableError("gone")), ArmStatus.FAILED, "gone"),
        (Graphs(None), ArmStatus.SKIPPED, "time budget"),
    ],
)
async def test_an_arm_that_cannot_help_says_so_and_leaves_the_order(
    graphs: Graphs, status: ArmStatus, reason: str
) -> None:
    """HippoRAG 1, 2 and 2, 14: a failure there passes for "no entities" or "no facts"."""
    asked = first_hop([3, 1])
    hopped = await second_hop(graphs)(asked)
    assert hopped.outcome.report.status is status
    assert reason in str(hopped.outcome.report.reason)
    assert list(hopped.fused) == list(fuse(asked.rankings, WEIGHTS, 10))


async def test_a_walk_over_its_budget_is_skipped_and_says_so() -> None:
    hop = second_hop(Graphs(graph_of(TEXTS)), GraphSettings(budget_ms=1e-6))
    hopped = await hop(first_hop([1, 3]))
    assert hopped.outcome.report.status is ArmStatus.SKIPPED
    assert "budget" in str(hopped.outcome.report.reason)


async def test_a_graph_that_is_busy_does_not_hold_the_answer_up() -> None:
    """Whatever has its turn in a thread, putting edges together say, is not waited for."""
    graph, is_free = graph_of(TEXTS), Event()
    waits: list[bool] = []
    holder = Thread(target=_hold, args=(graph, is_free, waits))
    holder.start()
    try:
        hopped = await second_hop(Graphs(graph), GraphSettings(budget_ms=30))(first_hop([1, 3]))
    finally:
        is_free.set()
        holder.join()
    assert hopped.outcome.report.status is ArmStatus.SKIPPED
    assert hopped.fused
    assert all(waits), "the answer came only when the graph had been let go"


def _hold(graph: MemoryGraph, is_free: Event, waits: list[bool]) -> None:
    def wait() -> None:
        waits.append(is_free.wait(5))

    settings = WalkSettings()
    seeds = Seeds(memories={memory_id(1): 1.0}, entities={})
    graph.walk(seeds, 1, settings, wait)


async def test_a_way_through_what_the_filter_hides_is_not_told() -> None:
    texts = {1: "Golden Harbour and Rosa Lima.", 2: "Rosa Lima met Ada Faro.", 3: "Ada Faro."}
    hop = second_hop(Graphs(graph_of(texts)))
    asked = first_hop([3, 1], explain=True)
    open_way = (await hop(asked)).hops[memory_id(3)].path
    assert memory_id(2) in [step.key for step in open_way]
    allowed = [memory_id(1), memory_id(3)]
    narrow = replace(asked, query=replace(asked.query, allowed=allowed))
    hops = (await hop(narrow)).hops
    assert hops[memory_id(3)].path == ()
    assert [step.key for step in hops[memory_id(1)].path] == ["golden harbour", memory_id(1)]


async def test_only_the_best_hits_are_seeds() -> None:
    """HippoRAG 2, 15: there every passage is one, and each question walks the whole graph."""
    texts = {no: f"Page {no} of Anna{no}." for no in range(1, 60)}
    asked: list[WalkQuestion] = []

    class Watched(GraphWalks):
        async def __call__(self, question: WalkQuestion) -> WalkAnswer:
            asked.append(question)
            return await super().__call__(question)

    settings = GraphSettings(budget_ms=60_000)
    made = walks_of(settings)
    watched = Watched(settings=settings, names=made.names, facts=made.facts)
    hop = replace(second_hop(Graphs(graph_of(texts))), walks=watched)
    await hop(first_hop(list(texts)))
    assert list(asked[0].hits) == [memory_id(no) for no in range(1, 21)]
