import pytest
from memsvc_client import Recall

from bench.latency import Timed, summarise
from tests.unit.memsvc_client.stub_service import RECALL


def timed(total: float, embed: float | None, http_ms: float) -> Timed:
    took_ms = {"embed": embed, "search": 1.0, "fetch": 0.5, "total": total}
    recall = Recall.model_validate(RECALL | {"took_ms": took_ms})
    return Timed(recall=recall, http_ms=http_ms)


def test_embedding_is_taken_out_of_the_total() -> None:
    assert timed(9.0, 5.0, 12.0).without_embedding_ms == pytest.approx(4.0)


def test_a_recall_that_embeds_nothing_keeps_its_total() -> None:
    assert timed(2.5, None, 4.0).without_embedding_ms == 2.5


def test_an_arm_that_ran_beside_the_embedding_counts_whole_when_that_is_free() -> None:
    # Of the total of 9 ms, 5 embed, 1 searches and 3 are the rest; the slowest arm took 1.5.
    assert timed(9.0, 5.0, 12.0).with_free_embedding_ms == pytest.approx(3.0 + 1.5)


def test_stages_and_arms_are_told_apart() -> None:
    latency = summarise([timed(8.0, 5.0, 10.0), timed(10.0, 5.0, 14.0)])
    assert latency["n"] == 2
    assert latency["without_embedding_ms"]["p50"] == pytest.approx(4.0)
    assert latency["stages_ms"]["search"] == {"p50": 1.0, "p95": 1.0}
    assert latency["arms_ms"]["dense"]["p50"] == 1.5
    assert latency["http_ms"]["p50"] == 12.0
