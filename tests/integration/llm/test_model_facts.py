"""What a model says of facts and entities is kept like triples from elsewhere, and settled."""

import json

import pytest

from memsvc.domain.facts.settling import Fact
from memsvc.domain.graph.given import MODEL_ORIGIN
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import JobState
from memsvc.domain.model_calls import Budget, Budgets
from memsvc.domain.operations import OperationKind, OperationListing
from memsvc.domain.organising.extraction import (
    Annotations,
    ExtractedEntity,
    ExtractedFact,
    ExtractedItem,
)
from memsvc.domain.organising.giving import given_of
from memsvc.domain.paging import PageRequest
from memsvc.llm.client import ProviderEndpoint
from memsvc.llm.model_extractor import ModelExtractor
from memsvc.llm.structured import StructuredModel
from memsvc.memory_index.replicas import BankReplicas
from memsvc.services.model_calls import ModelCalls
from memsvc.services.organising.giving import ApplyGiven
from memsvc.settings import IndexSettings
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from tests.fixtures.openai_server import OpenAIServer, chat
from tests.fixtures.organising import Organiser

TEXTS = ("Ann lives in Lisbon and likes tea.", "Ann resides in Porto and likes rum.")


def fact(relation: str, object_: str, since: str | None = None) -> dict[str, object]:
    told = {"subject": "Ann", "relation": relation, "object": object_, "valid_from": since}
    return told | {"confidence": 0.9}


def answer(*facts: list[dict[str, object]]) -> str:
    """Return what a model says of a window of as many items."""
    people = [{"name": "Ann", "kind": "Person"}, {"name": "...", "kind": "thing"}]
    items = [
        {"handle": no, "context": "Told.", "facts": some, "entities": people}
        for no, some in enumerate(facts, start=1)
    ]
    return json.dumps({"items": items})


async def facts_of(organiser: Organiser, *ids: MemoryId) -> dict[str | None, Fact]:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.facts.of_memories(organiser.scope.bank_id, ids)
    return {each.claim.object: each for each in found}


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


@pytest.mark.usefixtures("key")
async def test_a_models_facts_are_kept_and_end_only_what_has_one_value_at_a_time(
    organiser: Organiser, openai_server: OpenAIServer
) -> None:
    store = organiser.database.store
    endpoint = ProviderEndpoint(
        model="openai/scripted", api_base=openai_server.url, api_key=None, timeout_s=5.0
    )
    calls = ModelCalls(store, SystemClock(), Budgets(everybody=Budget()))
    model = StructuredModel(endpoint, calls, most_output_tokens=500)
    handler = organiser.handler(ModelExtractor(model), more=[ApplyGiven()])
    ids = await organiser.write(*TEXTS, source="talk")
    openai_server.script.append(
        chat(
            answer(
                [fact("lives in", "Lisbon", "2024-01-01"), fact("likes", "tea", "2024-01-01")],
                [fact("resides in", "Porto", "2025-03-01"), fact("likes", "rum", "2025-03-01")],
            )
        )
    )

    job = await organiser.run(handler)

    assert job.state is JobState.SUCCEEDED
    assert (job.counts["facts_given"], job.counts["rejected"]) == (4, 4)
    found = await facts_of(organiser, *ids)
    assert {each.origin for each in found.values()} == {MODEL_ORIGIN}
    assert found["lisbon"].superseded_by == found["porto"].id
    assert [found[each].superseded_by for each in ("porto", "tea", "rum")] == [None] * 3
    replicas = BankReplicas(organiser.service.feed, IndexSettings(), model_id=None)
    graph = await replicas.graph(organiser.scope)
    entities = {str(form): count for form, count in graph.entities()}
    assert (entities["ann"], entities["lisbon"], entities["porto"]) == (2, 1, 1)
    async with store.read(DEFAULT_TENANT) as tx:
        page, listing = PageRequest(limit=9), OperationListing(kind=OperationKind.GIVE)
        [operation] = (await tx.operations.list(organiser.scope.bank_id, listing, page)).items
    assert "Lisbon" not in json.dumps(operation.details)

    await organiser.write("Ann likes figs now.", TEXTS[1], source="talk")
    openai_server.script.append(chat(answer([fact("likes", "figs")])))
    await organiser.run(handler)
    again = await facts_of(organiser, *ids)
    assert again.keys() == {"figs", "porto", "rum"}, "a new text has new facts, and no old ones"
    await model.close()


def test_what_a_model_doubts_or_cannot_name_is_left_out_and_counted() -> None:
    sure = ExtractedFact(subject="Ann", relation="met", object="Bo")
    unsure = ExtractedFact(subject="Ann", relation="met", object="Cy", confidence=0.4)
    unnamed = ExtractedFact(subject="Ann", relation="met", object="?!")
    item = ExtractedItem(
        handle=1,
        annotations=Annotations(),
        entities=(
            ExtractedEntity(name=" Ann ", kind="Person"),
            ExtractedEntity(name="Bo", kind="thing"),
        ),
        facts=(sure, unsure, unnamed),
    )
    found, dropped = given_of(item)
    assert dropped == 2
    [kept] = found.facts
    assert (kept.subject.name, kept.subject.type, kept.object.type) == ("Ann", "person", None)
