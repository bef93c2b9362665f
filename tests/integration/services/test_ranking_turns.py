"""Recalls are ranked two at a time, so that many at once do not run each other out of time."""

import asyncio

import pytest

from memsvc.bootstrap import Application
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.services.commands import BankReference, NewMemory
from memsvc.services.recalling.finding import RANKED_AT_ONCE
from memsvc.services.recalling.recalled import Recalled, RecallQuery
from memsvc.services.recalling.second_hop import FirstHop, Hopped, SecondHop
from tests.fixtures.services import Service

ANN = BankReference(value="ann")
PATIENCE_S = 30
ASKED = 3 * RANKED_AT_ONCE


class Watched:
    """Counts walks; the first ones last until as many are under way as ``together`` says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most = self._now = 0
        self.fails = False
        self.together = RANKED_AT_ONCE
        reached = asyncio.Event()
        self._walk = SecondHop.__call__

        async def walk(hop: SecondHop, first: FirstHop) -> Hopped:
            self._now += 1
            self.most = max(self.most, self._now)
            if self._now >= self.together:
                reached.set()
            try:
                await asyncio.wait_for(reached.wait(), PATIENCE_S)
                await asyncio.sleep(0.02)  # one too many would come now
                if self.fails:
                    raise RuntimeError("a defect")
                return await self._walk(hop, first)
            finally:
                self._now -= 1

        monkeypatch.setattr(SecondHop, "__call__", walk)


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


async def ask_many(
    application: Application, service: Service, walk: WalkMode | None = None
) -> list[Recalled]:
    """Ask at once as many as come one after the other."""
    await service.remember_items("ann", NewMemory(text="ships at sea"))
    query = RecallQuery(text="ships", walk=walk)
    asked = [application.recall(service.caller, ANN, query) for _ in range(ASKED)]
    return await asyncio.gather(*asked)


async def test_two_are_ranked_at_a_time_and_an_answer_tells_how_long_it_waited(
    application: Application, service: Service, walks: Watched
) -> None:
    answers = await ask_many(application, service)

    assert walks.most == RANKED_AT_ONCE
    waited = sorted(each.took_ms["wait"] for each in answers)
    assert waited[-1] > waited[0]
    assert all(each.hits for each in answers)


async def test_walks_that_may_ask_a_model_take_no_turn(
    application: Application, service: Service, walks: Watched
) -> None:
    walks.together = ASKED
    await ask_many(application, service, WalkMode.FACTS)
    assert walks.most == ASKED


async def test_a_recall_that_fails_or_is_cancelled_gives_its_turn_back(
    application: Application, service: Service, walks: Watched
) -> None:
    walks.fails = True
    with pytest.raises(RuntimeError):
        await ask_many(application, service)
    walks.fails = False
    asking = asyncio.create_task(ask_many(application, service))
    await asyncio.sleep(0.06)
    asking.cancel()

    assert len(await ask_many(application, service)) == ASKED
