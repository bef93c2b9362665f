"""`memsvc eval calibrate` against a scripted service."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import MEMORY_ID, RECALL

STAMP = {"ranking_version": 1, "embedder": "minilm", "weights": "abc"}
NONE: dict[str, Any] = {
    "calibration": None,
    "actor": None,
    "recorded_at": None,
    "in_use": False,
    "note": None,
    "current": STAMP,
    "model_threshold": 0.4,
}
ANSWERABLE, UNANSWERABLE = 30, 10


def judged(uncalibrated: float | None, **more: Any) -> dict[str, Any]:
    answerable = {"uncalibrated": uncalibrated, "closest": MEMORY_ID, "model": "abc", **more}
    return RECALL | {"answerable": answerable}


@pytest.fixture
def golden(tmp_path: Path) -> str:
    """Questions, first those with an answer."""
    path = tmp_path / "golden.jsonl"
    expected: list[list[str]] = [[MEMORY_ID]] * ANSWERABLE + [[]] * UNANSWERABLE
    lines = [
        json.dumps({"question": f"Question {number}?", "expected": each})
        for number, each in enumerate(expected)
    ]
    path.write_text("\n".join(lines))
    return str(path)


def script(service: ScriptedService) -> None:
    """Judge those with an answer a little higher; nothing at all is found for the last."""
    service.answer(NONE)
    for number in range(ANSWERABLE):
        service.answer(judged(0.5 + number / 100))
    for number in range(UNANSWERABLE):
        service.answer(judged(0.45 + number / 50))


def calls(service: ScriptedService) -> list[tuple[str, str]]:
    return [(method, path.rsplit("/", 1)[1]) for method, path, _ in service.requests]


def test_it_asks_every_question_unrecorded_and_sets_what_it_shows(
    run: Run, service: ScriptedService, golden: str
) -> None:
    script(service)
    service.answer(NONE)

    done = run("eval", "calibrate", "ada", "--golden", golden, "--url", service.url)

    assert done.exit_code == 0, done.output
    assert "30 questions with an answer, 10 without." in done.stdout
    assert "after, held out" in done.stdout
    assert calls(service) == [
        ("GET", "calibration"),
        *[("POST", "recall")] * 40,
        ("PUT", "calibration"),
    ]
    asked = service.requests[1][2]
    assert asked is not None
    assert (asked["answerable"], asked["record"], asked["reinforce"]) == (True, False, False)
    assert service.body is not None
    assert (service.body["stamp"], service.body["source"]) == (STAMP, "golden")
    assert (service.body["answerable"], service.body["unanswerable"]) == (30, 10)


def test_a_dry_run_sets_nothing(run: Run, service: ScriptedService, golden: str) -> None:
    script(service)
    options = ("--golden", golden, "--dry-run", "--json", "--url", service.url)

    done = run("eval", "calibrate", "ada", *options)

    found = json.loads(done.stdout)
    assert (found["applied"], found["was"], found["left_out"]) == (False, None, 0)
    assert 0 < found["calibration"]["threshold"] < 1
    assert ("PUT", "calibration") not in calls(service)


def test_questions_for_which_nothing_is_found_are_left_out(
    run: Run, service: ScriptedService, golden: str
) -> None:
    service.answer(NONE)
    for _ in range(ANSWERABLE + UNANSWERABLE):
        service.answer(judged(0.0, closest=None))

    done = run("eval", "calibrate", "ada", "--golden", golden, "--url", service.url)

    assert done.exit_code == 1
    assert "there are 0 and 0" in done.stderr


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (judged(None, reason="It takes the dense arm."), "It takes the dense arm"),
        (judged(0.5, model="xyz"), "changed its weights meanwhile"),
    ],
)
def test_a_question_that_is_not_judged_ends_it(
    run: Run, service: ScriptedService, golden: str, answer: dict[str, Any], told: str
) -> None:
    service.answer(NONE)
    service.answer(answer)

    done = run("eval", "calibrate", "ada", "--golden", golden, "--url", service.url)

    assert done.exit_code == 1
    assert told in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Is taken away: ada judges as the model does."),
        (("--dry-run",), "Would be taken away"),
        (("--json",), '"applied": true'),
    ],
)
def test_a_calibration_is_taken_away(
    run: Run, service: ScriptedService, golden: str, options: tuple[str, ...], told: str
) -> None:
    figures = dict.fromkeys(
        ("area_under_roc", "calibration_error", "answerable_refused", "unanswerable_caught"), 0.5
    )
    kept = {
        "slope": 1.0,
        "intercept": 0.0,
        "threshold": 0.3,
        "stamp": STAMP,
        "source": "golden",
        "answerable": 30,
        "unanswerable": 10,
        "before": figures,
        "after": figures,
    }
    service.answer(NONE | {"calibration": kept, "in_use": True})
    service.answer(NONE)

    done = run("eval", "calibrate", "ada", "--clear", *options, "--url", service.url)

    assert told in done.stdout
    assert (("DELETE", "calibration") in calls(service)) == ("--dry-run" not in options)


def test_there_may_be_none_to_take_away(run: Run, service: ScriptedService, golden: str) -> None:
    service.answer(NONE)
    assert (
        "has no calibration"
        in run("eval", "calibrate", "ada", "--clear", "--url", service.url).stdout
    )
    refused = run("eval", "calibrate", "ada", "--clear", "--golden", golden, "--url", service.url)
    assert refused.exit_code == 2
