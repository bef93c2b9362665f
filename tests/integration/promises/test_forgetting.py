"""Forgetting a third of a bank costs no answer that was ever of use, and can be had back."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

import numpy as np
import pytest
from memsvc_client import AsyncBank, AsyncClient, NewMemory, RetentionPolicy

from bench.texts import TextSource
from memsvc.embedding.onnx_embedder import OnnxEmbedder
from tests.fixtures.database import Database
from tests.fixtures.serving import ON_DEMAND, serving

NAMES = ("Ada", "Ben", "Cora", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ida", "Jon")
THINGS = {
    "passport": "blue drawer",
    "violin": "attic",
    "tent": "garage",
    "kayak": "boathouse",
    "camera": "wardrobe",
    "recipes": "kitchen shelf",
    "skates": "cellar",
    "telescope": "greenhouse",
    "ladder": "shed",
    "chess set": "library",
}
NOISE = 200
SHARE_FORGOTTEN = 0.3
K = 3
LATER = datetime.now(UTC) + timedelta(days=30)


@dataclass(frozen=True)
class Golden:
    """A question, and what answers it."""

    question: str
    text: str


@dataclass(frozen=True)
class Seeded:
    """A bank of golden facts among noise, oldest and newest alike."""

    bank: AsyncBank
    client: AsyncClient
    ids: Mapping[str, UUID]
    """By text."""

    async def answered(self, golden: Sequence[Golden]) -> list[tuple[UUID, UUID]]:
        """Return the answers with the fact of their question among the best ``K``, and the fact."""
        found = []
        for each in golden:
            answer = await self.bank.recall(each.question, k=K)
            fact = self.ids[each.text]
            if fact in {hit.memory.id for hit in answer.hits}:
                assert answer.id is not None
                found.append((answer.id, fact))
        return found

    async def active(self) -> set[UUID]:
        """Return what has not been forgotten."""
        return {each.id async for each in self.bank.memories(state="active")}


def golden_facts() -> list[Golden]:
    """Return a hundred facts; each shares its name with nine others, and its thing with nine."""
    return [
        Golden(
            question=f"Where does {name} keep the {thing}?",
            text=f"{name} keeps the {thing} in the {place} at number {number}.",
        )
        for number, (name, (thing, place)) in enumerate(product(NAMES, THINGS.items()))
    ]


@pytest.fixture
async def seeded(database: Database, minilm: OnnxEmbedder) -> AsyncIterator[Seeded]:
    random = np.random.default_rng(19)
    vocabulary = sorted({word for each in golden_facts() for word in each.text.split()})
    noise = TextSource([*vocabulary, *(f"word{no}" for no in range(2_000))], seed=19).turns(NOISE)
    texts = [each.text for each in golden_facts()] + [each.text for each in noise]
    random.shuffle(texts)
    async with serving(database, minilm, ON_DEMAND) as (client, _):
        bank = client.bank("ann")
        written = await bank.add_memories([NewMemory(text=text) for text in texts], create=True)
        ids = dict(zip(texts, (each.id for each in written.results), strict=True))
        assert len(ids) == len(texts)
        yield Seeded(bank=bank, client=client, ids=ids)


async def test_golden_questions_are_answered_as_before_when_a_third_is_forgotten(
    seeded: Seeded,
) -> None:
    golden, bank, everything = golden_facts(), seeded.bank, set(seeded.ids.values())
    before = await seeded.answered(golden)
    assert len(before) >= 0.9 * len(golden)
    for answer, fact in before:  # as an agent says that has used it
        await bank.feedback(answer, helped=[fact])
    forgotten = round(SHARE_FORGOTTEN * len(seeded.ids))
    policy = RetentionPolicy(threshold=0.0, capacity=len(seeded.ids) - forgotten)

    preview = await bank.preview_prune(policy=policy, now=LATER)
    assert await seeded.active() == everything, "a dry run does nothing"
    sweep = await bank.prune(policy=policy, now=LATER)
    await seeded.client.wait_for_jobs("ann", timeout_s=60)

    gone = everything - await seeded.active()
    assert gone == {each.memory_id for each in preview.items}
    assert len(gone) == forgotten
    after = await seeded.answered(golden)
    assert len(after) >= len(before) - 0.01 * len(golden)

    await bank.undo(sweep.operation_id)
    assert await seeded.active() == everything
