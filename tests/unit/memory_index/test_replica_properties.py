"""A replica that follows a bank answers as one that loads it now, whatever happened to it."""

import asyncio
from itertools import count

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from memsvc.memory_index.dense import LocalMemoryIndex
from memsvc.memory_index.lexical_arm import LexicalArm
from memsvc.memory_index.replicas import BankReplicas
from memsvc.ports import Candidate, DenseQuery
from memsvc.settings import IndexSettings
from tests.unit.memory_index.fake_feed import MODEL, FakeFeed, memory_id, scope

_NUMBERS = st.integers(0, 15)
_TEXTS = st.lists(st.sampled_from(["run", "runs", "house", "the", "猫", "白猫"])).map(" ".join)
_VECTORS = st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 2)), max_size=3)


class FollowedReplica(RuleBasedStateMachine):
    """Compares replicas that live through everything with replicas made for one question."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.feed = self.runner.run(_new_feed())
        self.replicas = self._new_replicas()
        self.vector_ids = count(1)

    def teardown(self) -> None:
        self.runner.close()

    @rule(number=_NUMBERS, text=_TEXTS, vectors=_VECTORS)
    def put(self, number: int, text: str, vectors: list[tuple[float, float]]) -> None:
        self.feed.bank().put(number, text, *vectors)

    @rule(number=_NUMBERS, text=_TEXTS)
    def retitle(self, number: int, text: str) -> None:
        if memory_id(number) in self.feed.bank().memories:
            self.feed.bank().retitle(number, text)

    @rule(number=_NUMBERS)
    def remove(self, number: int) -> None:
        self.feed.bank().remove(number)

    @rule()
    def trim_the_log(self) -> None:
        self.feed.forgets_before = len(self.feed.bank().log)

    @rule()
    def forget_the_bank(self) -> None:
        self.replicas.release(scope())

    @rule(
        text=_TEXTS,
        k=st.sampled_from([1, 4, 50]),
        allowed=st.none() | st.lists(_NUMBERS, max_size=8),
    )
    def ask(self, text: str, k: int, allowed: list[int] | None) -> None:
        followed = self.runner.run(_answers(self.replicas, text, k, allowed))
        anew = self.runner.run(_answers(self._new_replicas(), text, k, allowed))
        assert followed == anew

    def _new_replicas(self) -> BankReplicas:
        return BankReplicas(self.feed, IndexSettings(backend="exact"), model_id=MODEL)


async def _new_feed() -> FakeFeed:
    feed = FakeFeed()
    feed.bank()
    return feed


async def _answers(
    replicas: BankReplicas, text: str, k: int, allowed: list[int] | None
) -> tuple[list[Candidate], list[Candidate]]:
    ids = None if allowed is None else [memory_id(number) for number in allowed]
    vector = np.array([1.0, 0.5], np.float32)
    query = DenseQuery(vector=vector, model_id=MODEL, k=k, allowed=ids)
    return await asyncio.gather(
        LocalMemoryIndex(replicas).search(scope(), query),
        LexicalArm(replicas).search(scope(), text, k=k, allowed=ids, language="en"),
    )


TestFollowedReplica = FollowedReplica.TestCase
TestFollowedReplica.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
