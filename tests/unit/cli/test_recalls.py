"""`memsvc recalls` against a scripted service."""

import json
from pathlib import Path
from typing import Any

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import BANK, BANK_ID, MEMORY_ID, TIME

RECALL_ID = "0190f3a1-0000-7000-8000-000000000009"
OPERATION_ID = "0190f3a1-0000-7000-8000-000000000002"
RECORDED: dict[str, Any] = {
    "id": RECALL_ID,
    "query": "Where does Ada live?",
    "parameters": {"k": 3, "arms": None},
    "settings": {},
    "model_id": "m",
    "backend": "faiss_cpu",
    "mode": "ranked",
    "arms": {},
    "took_ms": {},
    "actor": "api",
    "now": TIME,
    "recorded_at": TIME,
    "hits": [
        {"memory_id": MEMORY_ID, "version": 1, "score": 0.5, "parts": {}, "dropped_for": None},
        {"memory_id": RECALL_ID, "version": None, "score": 0.2, "parts": {}, "dropped_for": "rank"},
    ],
}
GIVEN = {
    "recall_id": RECALL_ID,
    "operation_id": OPERATION_ID,
    "memories": [{"memory_id": MEMORY_ID, "cause": "helped", "status": "applied", "strength": 2.0}],
}


def test_recorded_recalls_are_listed_with_how_many_hits_they_had(
    run: Run, service: ScriptedService
) -> None:
    service.answer({"items": [RECORDED], "has_more": False, "next_cursor": None})
    [_, line] = run("recalls", "list", "ada", "--url", service.url).stdout.splitlines()
    assert line.split()[0] == RECALL_ID
    assert line.split()[-5:] == ["1", *["Where", "does", "Ada", "live?"]]


def test_one_is_shown_with_near_misses(run: Run, service: ScriptedService) -> None:
    service.answer(RECORDED)
    shown = run("recalls", "show", "ada", RECALL_ID, "--url", service.url).stdout
    assert '{"k": 3}' in shown
    assert "rank" in shown


def test_feedback_is_sent_and_says_how_to_take_it_back(run: Run, service: ScriptedService) -> None:
    service.answer(GIVEN)
    options = ("--helped", MEMORY_ID, "--session", "s1", "--url", service.url)
    done = run("recalls", "feedback", "ada", RECALL_ID, *options)
    assert service.body == {"helped": [MEMORY_ID], "misled": [], "session_id": "s1"}
    assert f"memsvc operations undo ada {OPERATION_ID}" in done.stdout


def test_feedback_as_json_is_what_the_service_said(run: Run, service: ScriptedService) -> None:
    service.answer(GIVEN)
    done = run(
        *("recalls", "feedback", "ada", RECALL_ID, "--misled", MEMORY_ID, "--json"),
        *("--url", service.url),
    )
    assert json.loads(done.stdout) == GIVEN


def test_feedback_about_nothing_is_wrong_usage(run: Run) -> None:
    done = run("recalls", "feedback", "ada", RECALL_ID)
    assert done.exit_code == 2
    assert "--helped" in done.stderr


def replayed(*memories: dict[str, Any], same: bool) -> dict[str, Any]:
    return {
        "recall_id": RECALL_ID,
        "query": "Where does Ada live?",
        "now": TIME,
        "same": same,
        "memories": list(memories),
        "circumstances": [{"name": "arms.dense.status", "then": "failed", "now": "ok"}],
    }


def test_a_replay_with_the_same_answer_says_so(run: Run, service: ScriptedService) -> None:
    place = {"rank": 1, "score": 0.5, "version": 1}
    kept = {
        "memory_id": MEMORY_ID,
        "change": "same",
        "reasons": [],
        "state": "active",
        "then": place,
        "now": place,
    }
    service.answer(replayed(kept, same=True))
    assert "same answer: 1" in run("replay", "ada", RECALL_ID, "--url", service.url).stdout
    assert service.requests[-1][:2] == ("POST", f"/v1/banks/ada/recalls/{RECALL_ID}/replay")


def test_a_replay_finds_the_bank_of_a_recall(run: Run, service: ScriptedService) -> None:
    banks = [BANK | {"id": RECALL_ID, "name": "ben"}, BANK]
    service.answer({"items": banks, "has_more": False, "next_cursor": None})
    missing = {"code": "recall_not_found", "title": "t", "status": 404}
    service.answer(missing, 404)
    service.answer(RECORDED)
    service.answer(replayed(same=True))
    assert "same answer" in run("replay", RECALL_ID, "--url", service.url).stdout
    assert service.requests[-1][1] == f"/v1/banks/{BANK_ID}/recalls/{RECALL_ID}/replay"

    service.answer({"items": [], "has_more": False, "next_cursor": None})
    nowhere = run("replay", RECALL_ID, "--url", service.url)
    assert (nowhere.exit_code, "No bank has" in nowhere.stderr) == (1, True)
    assert run("replay", "ada", RECALL_ID, "more", "--url", service.url).exit_code == 2


def test_a_replay_explains_each_difference(run: Run, service: ScriptedService) -> None:
    lost = {
        "memory_id": MEMORY_ID,
        "change": "lost",
        "parts": [{"name": "lexical", "then": 0.25, "now": None}],
        "reasons": ["hidden"],
        "state": "merged",
        "then": {"rank": 1, "score": 0.5, "version": 1},
        "now": None,
    }
    service.answer(replayed(lost, same=False))
    shown = run("replay", "ada", RECALL_ID, "--url", service.url).stdout
    assert "is merged now, lexical 0.250 → -" in shown
    assert "arms.dense.status: failed then, ok now" in shown


def past(*items: dict[str, Any], answers: int) -> dict[str, Any]:
    counts = {"answers": answers, "hits": 9, "lost": 1, "unknown": 2, "poorer": len(items)}
    return {**counts, "without_evidence": 1, "items": list(items)}


def test_a_policy_from_a_file_is_tried_on_past_answers(
    run: Run, service: ScriptedService, tmp_path: Path
) -> None:
    fate = {
        "memory_id": MEMORY_ID,
        "kind": "turn",
        "reason": "faded",
        "retention": 0.01,
        "threshold": 0.2,
        "age_days": 40.0,
        "strength": 1.0,
    }
    poorer = {
        "recall_id": RECALL_ID,
        "query": "Where does Ada live?",
        "now": TIME,
        "hits": 1,
        "lost": [{"rank": 1, "fate": fate}],
    }
    service.answer(past(poorer, answers=3))
    file = tmp_path / "policy.json"
    file.write_text('{"threshold": 0.2}')

    options = ("--policy", str(file), "--recalls", "9", "--url", service.url)
    shown = run("decay", "replay", "ada", *options).stdout

    assert service.body == {"policy": {"threshold": 0.2}, "recalls": 9, "listed": 20}
    assert "faded" in shown
    assert "1 of 3 answers would have lost 1 of 9 hits, 1 of them all." in shown
    assert "2 hits nothing can be said" in shown


def test_a_bank_without_recorded_recalls_says_so(run: Run, service: ScriptedService) -> None:
    service.answer(past(answers=0))
    assert "was recorded" in run("decay", "replay", "ada", "--url", service.url).stdout
