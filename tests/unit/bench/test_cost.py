"""What calls bring is counted alike on both sides; the stand-in for a model holds to the form."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest

from bench.amem_calls import NEIGHBOURS, Prompted, amem_calls
from bench.cost import brought, compare
from bench.scripted_model import ReceivedCall, ShownItem, ShownWindow, answer_to
from memsvc.domain.organising.extraction import WindowItem
from memsvc.llm.model_writer import PortraitAnswer, SummaryAnswer
from memsvc.llm.window_answer import WindowAnswer
from tests.fixtures.embedder import HashingEmbedder


class Words:
    """Counts words."""

    name = "words"

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def turn(number: int, text: str = "we climbed near Lisbon") -> WindowItem:
    return WindowItem(
        handle=number,
        text=text,
        speaker="Ann",
        occurred_at=datetime(2024, 1, 1, tzinfo=UTC),
        language="en",
    )


def counted(turns: int) -> Prompted:
    asked = [turn(each) for each in range(1, turns + 1)]
    return asyncio.run(amem_calls(asked, HashingEmbedder(), Words()))


def test_a_turn_takes_two_calls_but_the_first_has_nothing_beside_it() -> None:
    assert [counted(each).calls for each in (0, 1, 2, 7)] == [0, 1, 3, 13]


def test_a_turn_brings_its_note_and_at_most_five_neighbours() -> None:
    totals = [counted(each).prompt_tokens for each in range(1, 10)]
    steps = np.diff(totals).tolist()
    growth = np.diff(steps).tolist()
    # One neighbour more with each turn, until there are five.
    assert all(each > 0 for each in growth[: NEIGHBOURS - 1])
    assert growth[NEIGHBOURS - 1 :] == [0] * len(growth[NEIGHBOURS - 1 :])


def test_what_was_received_is_counted_with_its_schema() -> None:
    calls = [ReceivedCall(messages=["one two", "three"], schema='{"a": 1}')] * 2
    assert brought(calls, Words()) == Prompted(calls=2, prompt_tokens=6, schema_tokens=4)


@pytest.mark.parametrize(
    ("calls", "tokens", "meets"), [(10, 500, True), (11, 500, False), (10, 501, False)]
)
def test_the_aims_are_a_tenth_of_a_call_and_half_the_tokens(
    calls: int, tokens: int, meets: bool
) -> None:
    ours = Prompted(calls=calls, prompt_tokens=tokens, schema_tokens=0)
    theirs = Prompted(calls=199, prompt_tokens=1000, schema_tokens=0)
    result = compare(100, "words", ours, theirs)
    assert result["meets"] is meets
    assert result["ours"]["calls_per_10_turns"] == calls / 10


def test_the_scripted_model_answers_every_item_in_the_form_that_is_asked_for() -> None:
    window = ShownWindow(
        items=[
            ShownItem(handle=1, text="Maria climbed mountains near Lisbon", speaker="Ann"),
            ShownItem(handle=2, text="ok"),
        ],
        neighbours=[ShownItem(handle=3, text="She saw Lisbon and its mountains")],
    )
    answer = WindowAnswer.model_validate(answer_to(window.model_dump_json()))
    assert [each.handle for each in answer.items] == [1, 2]
    assert [(each.from_handle, each.to_handle) for each in answer.links] == [(1, 3)]
    assert [(each.handle, each.because_of) for each in answer.evolutions] == [(3, 1)]


def test_the_scripted_model_writes_summaries_and_portraits_within_their_bounds() -> None:
    pieces = [{"number": number, "text": f"Sentence {number}."} for number in range(1, 8)]

    summary = answer_to(json.dumps({"pieces": pieces, "most_sentences": 3, "most_characters": 90}))
    portrait = answer_to(json.dumps({"user": "ann", "pieces": pieces, "most_lines": 24}))

    said = SummaryAnswer.model_validate(summary).sentences
    assert [(each.text, each.sources) for each in said] == [
        ("Sentence 1.", [1]),
        ("Sentence 3.", [3]),
        ("Sentence 5.", [5]),
    ]
    assert PortraitAnswer.model_validate(portrait).lines == []
