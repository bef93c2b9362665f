"""How much of what language models have really said is kept, and how much of it at a wrong text.

Models of other projects have read these texts: their sentences, entities and triples are published
with the sets. At their own text they are to be kept; at another one of the same conversation or
topic most are to be dropped (some are true of it, too).
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memsvc.domain.organising.extraction import (
    Annotations,
    ExtractedEntity,
    ExtractedFact,
    ExtractedItem,
    Extraction,
    Window,
)
from memsvc.domain.organising.grounding import grounded
from tests.unit.domain.organising.windows import item

SETS = Path(__file__).parents[5] / "shared" / "data"
TURNS_A_WINDOW = 10

pytestmark = pytest.mark.skipif(not SETS.exists(), reason="the sets are not on this machine")


def lines(name: str) -> Iterator[dict[str, Any]]:
    with (SETS / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def kept_of(window: Window, said: ExtractedItem) -> ExtractedItem:
    [kept] = grounded(window, Extraction(items=[said])).items
    return kept


def test_observations_of_conversations() -> None:
    windows: dict[tuple[str, str], tuple[Window, int]] = {}
    for session in lines("locomo/sessions.jsonl"):
        turns = session["turns"]
        for start in range(0, len(turns), TURNS_A_WINDOW):
            some = turns[start : start + TURNS_A_WINDOW]
            window = Window(
                items=[
                    item(turn["text"], handle=no, speaker=turn["speaker"])
                    for no, turn in enumerate(some, start=1)
                ]
            )
            for no, turn in enumerate(some, start=1):
                windows[session["conversation_id"], turn["id"]] = window, no
    own, other, count = 0, 0, 0
    for told in lines("locomo/observations.jsonl"):
        found = windows.get((told["conversation_id"], told["evidence"][0]))
        if found is None:
            continue
        window, handle = found
        elsewhere = (handle + TURNS_A_WINDOW // 2) % len(window.items) + 1  # not the reply to it
        said = [
            ExtractedItem(handle=each, annotations=Annotations(context=told["text"]))
            for each in (handle, elsewhere)
        ]
        count += 1
        own += bool(kept_of(window, said[0]).annotations.context)
        other += elsewhere != handle and bool(kept_of(window, said[1]).annotations.context)
    assert count > 1_000
    assert own / count >= 0.9
    assert other / count <= 0.12


@pytest.mark.parametrize(
    ("name", "least_facts", "least_entities"),
    [("musique_train100", 0.99, 0.99), ("longmemeval_graphiti_slice", 0.88, 0.99)],
)
def test_triples_and_entities_of_passages(
    name: str, least_facts: float, least_entities: float
) -> None:
    texts = {each["id"]: each for each in lines(f"{name}/corpus.jsonl")}
    facts, entities, kept_facts, kept_entities = 0, 0, 0, 0
    for told in lines(f"{name}/openie.jsonl"):
        passage = texts[told["passage_id"]]
        text = "\n".join(filter(None, (passage.get("title"), passage["text"])))
        said = ExtractedItem(
            handle=1,
            annotations=Annotations(),
            entities=tuple(ExtractedEntity(name=e, kind="thing") for e in told["entities"] if e),
            facts=tuple(
                ExtractedFact(subject=s, relation=r, object=o)
                for s, r, o in told["triples"]
                if s and o
            ),
        )
        speaker = passage.get("speaker") or "user"
        kept = kept_of(Window(items=[item(text, speaker=speaker)]), said)
        facts += len(said.facts)
        entities += len(said.entities)
        kept_facts += len(kept.facts)
        kept_entities += len(kept.entities)
    assert kept_facts / facts >= least_facts
    assert kept_entities / entities >= least_entities
