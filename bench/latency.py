"""How long recalls take, by stage, as the service itself tells."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from memsvc_client import Bank, Recall

from bench.asking import refuse_failed_arms
from bench.metrics import Percentiles, percentiles
from bench.options import Arms

EMBED = "embed"
SEARCH = "search"
TOTAL = "total"


class Latency(TypedDict):
    """Milliseconds of recalls asked one after the other."""

    n: int
    without_embedding_ms: Percentiles
    """On the server, from the request's arrival to its answer, less embedding the query."""
    with_free_embedding_ms: Percentiles
    """On the server, if embedding took no time: never less than the slowest arm, part of which
    the time to embed can hide."""
    stages_ms: dict[str, Percentiles]
    """On the server, by stage; ``total`` is all of them."""
    arms_ms: dict[str, Percentiles]
    """Each arm's own time without embedding; arms run side by side."""
    http_ms: Percentiles
    """As the caller waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One recall with its times."""

    recall: Recall
    http_ms: float

    @property
    def stages_ms(self) -> dict[str, float]:
        """The service's own times by stage."""
        stages: Mapping[str, float | None] = self.recall.took_ms.model_dump()
        return {name: took for name, took in stages.items() if took is not None}

    @property
    def without_embedding_ms(self) -> float:
        """Its time on the server, less embedding the query."""
        stages = self.stages_ms
        return stages[TOTAL] - stages.get(EMBED, 0.0)

    @property
    def with_free_embedding_ms(self) -> float:
        """Its time on the server, had every arm begun at once."""
        slowest_arm = max(report.took_ms for report in self.recall.arms.values())
        return self.without_embedding_ms - self.stages_ms[SEARCH] + slowest_arm


def time_recall(bank: Bank, question: str, *, k: int, arms: Arms) -> Timed:
    """Ask once."""
    began = time.perf_counter()
    recall = bank.recall(question, k=k, arms=arms)
    http_ms = (time.perf_counter() - began) * 1000
    refuse_failed_arms(recall)
    return Timed(recall=recall, http_ms=http_ms)


def time_recalls(
    asked: Sequence[tuple[Bank, str]],
    *,
    k: int,
    arms: Arms,
    on_asked: Callable[[int], None],
) -> Latency:
    """Ask one question after the other; return how long they took."""
    timed: list[Timed] = []
    for bank, question in asked:
        timed.append(time_recall(bank, question, k=k, arms=arms))
        on_asked(1)
    return summarise(timed)


def summarise(timed: Sequence[Timed]) -> Latency:
    """Return the percentiles of recalls."""
    stages: defaultdict[str, list[float]] = defaultdict(list)
    arms: defaultdict[str, list[float]] = defaultdict(list)
    for each in timed:
        for stage, took_ms in each.stages_ms.items():
            stages[stage].append(took_ms)
        for arm, report in each.recall.arms.items():
            arms[arm].append(report.took_ms)
    return Latency(
        n=len(timed),
        without_embedding_ms=percentiles([each.without_embedding_ms for each in timed]),
        with_free_embedding_ms=percentiles([each.with_free_embedding_ms for each in timed]),
        stages_ms={stage: percentiles(times) for stage, times in stages.items()},
        arms_ms={arm: percentiles(times) for arm, times in arms.items()},
        http_ms=percentiles([each.http_ms for each in timed]),
    )
