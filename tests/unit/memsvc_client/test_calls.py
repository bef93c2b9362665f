"""Descriptions of calls: what holds for all of them."""

from inspect import getmembers, isfunction
from typing import Any
from uuid import UUID

import pytest
from memsvc_client import (
    calibrations,
    calls,
    contexts,
    erasures,
    events,
    facts,
    given,
    graph,
    history,
    notes,
    portraits,
    recorded_recalls,
    replays,
    retention,
    reviews,
    summaries,
    thoughts,
    usage,
)
from memsvc_client.call import Call, next_page
from memsvc_client.models import BankInfo, Page

FIGURES = calibrations.DiscriminationFigures(
    area_under_roc=0.9, calibration_error=0.1, answerable_refused=0.05, unanswerable_caught=0.5
)
CALIBRATION = calibrations.Calibration(
    slope=1.0,
    intercept=0.0,
    threshold=0.5,
    stamp=calibrations.RankingStamp(ranking_version=1, embedder="e", weights="w"),
    source="golden",
    answerable=30,
    unanswerable=10,
    before=FIGURES,
    after=FIGURES,
)
CALLS: dict[str, Call[Any]] = {
    "create_bank": calls.create_bank("a", exist_ok=False),
    "list_banks": calls.list_banks(),
    "get_bank": calls.get_bank("a"),
    "update_bank": calls.update_bank("a"),
    "delete_bank": calls.delete_bank("a"),
    "add_episode": calls.add_episode("a", None, document="Text.", create=False),
    "add_episodes": calls.add_episodes("a", [], create=False),
    "add_memory": calls.add_memory("a", "Text.", create=False),
    "add_memories": calls.add_memories("a", [], create=False),
    "recall": calls.recall("a", "tea"),
    "compose_context": contexts.compose_context("a", "tea"),
    "get_calibration": calibrations.get_calibration("a"),
    "set_calibration": calibrations.set_calibration("a", CALIBRATION),
    "clear_calibration": calibrations.clear_calibration("a"),
    "list_recalls": recorded_recalls.list_recalls("a"),
    "get_recall": recorded_recalls.get_recall("a", "b"),
    "replay_recall": replays.replay_recall("a", "b"),
    "replay_decay": replays.replay_decay("a"),
    "give_feedback": recorded_recalls.give_feedback("a", "b"),
    "list_memories": calls.list_memories("a"),
    "get_memory": notes.get_memory("a", "b"),
    "list_annotations": notes.list_annotations("a", "b"),
    "consolidate_bank": notes.consolidate_bank("a"),
    "consolidation_plan": notes.consolidation_plan("a"),
    "list_versions": calls.list_versions("a", "b"),
    "update_memory": calls.update_memory("a", "b", metadata=None, pinned=True),
    "archive_memory": calls.archive_memory("a", "b"),
    "restore_memory": calls.restore_memory("a", "b"),
    "list_operations": history.list_operations("a"),
    "get_operation": history.get_operation("a", "b"),
    "list_effects": history.list_effects("a", "b"),
    "undo_operation": history.undo_operation("a", "b"),
    "get_portrait": portraits.get_portrait("a", "b"),
    "list_portrait_versions": portraits.list_portrait_versions("a", "b"),
    "list_summaries": summaries.list_summaries("a"),
    "list_events": events.list_events("a", "b"),
    "list_reviews": reviews.list_reviews("a"),
    "accept_review": reviews.accept_review("a", "b"),
    "reject_review": reviews.reject_review("a", "b"),
    "think": thoughts.think("a"),
    "insert_thought": thoughts.insert_thought("a", "Text.", ["b"]),
    "forget_thought": thoughts.forget_thought("a", "b", "obsolete"),
    "merge_thoughts": thoughts.merge_thoughts("a", ["b", "c"]),
    "get_retention_policy": retention.get_retention_policy("a"),
    "set_retention_policy": retention.set_retention_policy("a", retention.RetentionPolicy()),
    "clear_retention_policy": retention.clear_retention_policy("a"),
    "preview_prune": retention.preview_prune("a"),
    "prune_bank": retention.prune_bank("a"),
    "forecast_decay": retention.forecast_decay("a"),
    "list_facts": facts.list_facts("a"),
    "give_facts": given.give_facts("a"),
    "graph_statistics": graph.graph_statistics("a"),
    "list_entities": graph.list_entities("a"),
    "get_entity": graph.get_entity("a", "b"),
    "find_path": graph.find_path("a", "b", "c"),
    "graph_around": graph.graph_around("a", "b"),
    "list_mentions": graph.list_mentions("a"),
    "rebuild_graph": graph.rebuild_graph("a"),
    "erase": erasures.erase("a", user_id="u"),
    "preview_erasure": erasures.preview_erasure("a", user_id="u"),
    "list_erasures": erasures.list_erasures("a"),
    "get_erasure": erasures.get_erasure("a", "b"),
    "erasure_key": erasures.erasure_key(),
    "model_usage": usage.model_usage(),
    "list_jobs": calls.list_jobs(),
    "find_open_jobs": calls.find_open_jobs()[0],
    "get_job": calls.get_job("a"),
    "retry_job": calls.retry_job("a"),
    "cancel_job": calls.cancel_job("a"),
    "reembed_bank": calls.reembed_bank("a", model="new"),
    "list_bank_models": calls.list_bank_models("a"),
    "index_state": calls.index_state(),
    "verify_index": calls.verify_index("a"),
    "rebuild_index": calls.rebuild_index("a"),
    "health": calls.health(),
    "ready": calls.ready(),
    "version": calls.version(),
}
BANKS = calls.list_banks()


def test_every_call_is_under_test() -> None:
    described = {
        name
        for module in (
            calibrations,
            calls,
            contexts,
            erasures,
            events,
            facts,
            given,
            graph,
            history,
            notes,
            portraits,
            recorded_recalls,
            replays,
            retention,
            reviews,
            summaries,
            thoughts,
            usage,
        )
        for name, function in getmembers(module, isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    described -= {"to_networkx", "change_retention_policy"}
    assert described == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_a_call_mutates_unless_it_reads_or_asks(name: str) -> None:
    call = CALLS[name]
    # Comparing changes nothing, and a copy may be loaded afresh any number of times.
    repeatable = {"recall", "compose_context", "verify_index", "rebuild_index"}
    repeatable |= {"preview_prune", "forecast_decay", "replay_recall", "replay_decay"}
    repeatable |= {"preview_erasure"}
    assert call.mutates == (call.method != "GET" and name not in repeatable)


def test_the_next_page_keeps_what_narrows_the_listing() -> None:
    call = calls.list_memories("a", kind="turn")
    following = next_page(call, Page(items=(), has_more=True, next_cursor="2"))
    assert following is not None
    assert following.params == {"limit": 200, "kind": "turn", "cursor": "2"}


@pytest.mark.parametrize(("has_more", "cursor"), [(False, None), (False, "2"), (True, None)])
def test_no_page_follows_when_the_service_has_no_more(has_more: bool, cursor: str | None) -> None:
    last = Page[BankInfo](items=(), has_more=has_more, next_cursor=cursor)
    assert next_page(BANKS, last) is None


def test_an_erasure_has_exactly_one_subject() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        erasures.erase("a")
    with pytest.raises(ValueError, match="exactly one"):
        erasures.erase("a", user_id="u", session_id="s")
    assert erasures.erase("a", memory_ids=[UUID(int=1)]).json == {"memory_ids": [str(UUID(int=1))]}
