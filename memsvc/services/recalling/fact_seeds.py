"""Facts that a walk begins from (HippoRAG 2): found by the hits, weighed against the question."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np

from memsvc.domain.graph.entity_forms import EntityForm, entity_form
from memsvc.domain.graph.fact_choice import (
    StatedFact,
    WeighedFact,
    by_cosine,
    by_numbers,
    nearest_facts,
)
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.errors import MemsvcError
from memsvc.ports import Clock, DenseQuery, FactFilter
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.arms import ArmQuery
from memsvc.store.graph_facts import FactsWanted

_NO_VECTOR = "facts are weighed by the question's vector, which the dense arm makes"
_NO_FACTS = "no fact is near the question"


class FactSource(Protocol):
    """Where facts come from."""

    async def near(self, scope: BankScope, wanted: FactsWanted) -> Sequence[tuple[str, str, str]]:
        """Return subject, predicate and object of facts that hold."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsAsked:
    """What facts are looked for with."""

    query: ArmQuery
    posed: DenseQuery | None
    hits: Sequence[MemoryId]
    named: Sequence[EntityForm]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsChosen:
    """The candidates, those that were kept among them."""

    facts: Sequence[WeighedFact]
    note: str | None = None
    """Why none was kept, or why a model's choice is missing."""
    waited_s: float = 0.0
    """For a model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactSeeds:
    """Chooses facts."""

    source: FactSource
    embedders: Embedders
    clock: Clock
    least_cosine: float
    """Of facts that are kept where no model chooses."""
    filter: FactFilter | None = None
    """A model that is shown the nearest facts and tells which of them matter."""

    async def __call__(self, asked: FactsAsked) -> FactsChosen:
        """Return the nearest facts and which to begin from.

        A model that cannot answer leaves the choice to the cosines, and the note says so.
        """
        query = asked.query
        embedder = self.embedders.of_model(query.bank.model_id, query.bank.scope.tenant_id)
        if asked.posed is None or embedder is None:
            return FactsChosen(facts=(), note=_NO_VECTOR)
        facts = await self._stated(asked)
        if not facts:
            return FactsChosen(facts=(), note=_NO_FACTS)
        vectors = await embedder.embed_documents([fact.text for fact in facts])
        cosines = np.stack([windows[0] for windows in vectors]) @ asked.posed.vector
        candidates = nearest_facts(list(zip(facts, cosines.tolist(), strict=True)))
        return await self._chosen(query, candidates)

    async def _stated(self, asked: FactsAsked) -> list[StatedFact]:
        query, day = asked.query, asked.query.day
        rows = await self.source.near(
            query.bank.scope,
            FactsWanted(
                of=asked.hits,
                about=asked.named,
                at=self._at(query),
                held=() if day is None else [each.memory_id for each in day.held],
                allowed=query.allowed,
            ),
        )
        stated = []
        for subject, predicate, object_ in rows:
            ends = entity_form(subject), entity_form(object_)
            if ends[0] is not None and ends[1] is not None:
                stated.append(
                    StatedFact(
                        subject=subject,
                        predicate=predicate,
                        object=object_,
                        ends=(ends[0], ends[1]),
                    )
                )
        return stated

    def _at(self, query: ArmQuery) -> datetime:
        return self.clock.now() if query.day is None else query.day.at

    async def _chosen(
        self, query: ArmQuery, candidates: Sequence[tuple[StatedFact, float]]
    ) -> FactsChosen:
        started, note = time.perf_counter(), None
        if self.filter is not None:
            try:
                numbers = await self.filter.choose(
                    query.bank.scope.tenant_id, query.text, [fact.text for fact, _ in candidates]
                )
            except MemsvcError as error:
                note = f"the model did not choose facts ({error.code}); their scores did"
            else:
                facts = by_numbers(candidates, frozenset(numbers))
                waited_s = time.perf_counter() - started
                none_kept = not any(each.is_kept for each in facts)
                why = "the model kept no fact" if none_kept else None
                return FactsChosen(facts=facts, note=why, waited_s=waited_s)
        waited_s = time.perf_counter() - started
        facts = by_cosine(candidates, self.least_cosine)
        if note is None and not any(each.is_kept for each in facts):
            note = _NO_FACTS
        return FactsChosen(facts=facts, note=note, waited_s=waited_s)
