"""What each command asks of the service, and what it prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import (
    BANK,
    EPISODE_RESULT,
    JOB_ID,
    MEMORY,
    MEMORY_ID,
    RECALL,
    TIME,
    WRITTEN,
)

JOB = {
    "id": JOB_ID,
    "kind": "bank.delete",
    "state": "succeeded",
    "reason": None,
    "progress": {"done": 2, "total": 2},
    "bank_id": None,
    "attempts": 1,
    "created_at": TIME,
    "started_at": TIME,
    "finished_at": TIME,
}
BATCH = {"results": [WRITTEN], "embedded": True, "jobs": []}


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "has_more": False, "next_cursor": None}


@pytest.fixture
def ask(run: Run, service: ScriptedService) -> Run:
    """Run a command against the scripted service; it must succeed."""

    def run_command(*arguments: str, stdin: str | None = None) -> Any:
        result = run(*arguments, "--url", service.url, stdin=stdin)
        assert result.exit_code == 0, result.output
        assert not service.answers, "not all answers were used"
        return result

    return run_command


class TestBank:
    def test_a_list_names_every_bank(self, ask: Run, service: ScriptedService) -> None:
        service.answer(page(BANK, {**BANK, "name": "ben"}))
        lines = ask("bank", "list").stdout.splitlines()
        assert [line.split()[:2] for line in lines[1:]] == [["ada", "2"], ["ben", "2"]]

    def test_json_is_what_the_service_said(self, ask: Run, service: ScriptedService) -> None:
        service.answer(page(BANK))
        [bank] = json.loads(ask("bank", "list", "--json").stdout)
        assert bank == BANK

    def test_creating_sends_what_was_given(self, ask: Run, service: ScriptedService) -> None:
        service.answer(BANK, 201)
        options = ("--description", "d", "--language", "en", "--fact-policy", "append_only")
        metadata = ("--metadata", '{"team": "blue"}')
        ask("bank", "create", "ada", *options, *metadata, "--exist-ok")
        assert service.body == {
            "name": "ada",
            "description": "d",
            "language": "en",
            "fact_policy": "append_only",
            "metadata": {"team": "blue"},
            "exist_ok": True,
        }

    def test_a_bank_is_shown_with_its_model(self, ask: Run, service: ScriptedService) -> None:
        service.answer(BANK)
        shown = ask("bank", "show", "ada").stdout
        assert "384 dimensions" in shown
        assert '{"team": "blue"}' in shown

    def test_updating_sends_only_what_was_given(self, ask: Run, service: ScriptedService) -> None:
        service.answer(BANK)
        ask("bank", "update", "ada", "--language", "de")
        assert service.requests == [("PATCH", "/v1/banks/ada", {"language": "de"})]

    def test_arms_are_switched_off_by_name_and_on_again(
        self, ask: Run, service: ScriptedService
    ) -> None:
        for written, sent in (("graph, episode", ["graph", "episode"]), ("none", [])):
            service.answer(BANK | {"arms_off": sent})
            shown = ask("bank", "update", "ada", "--arms-off", written).stdout
            assert service.body == {"arms_off": sent}
            assert ", ".join(sent) in shown

    def test_updating_nothing_is_wrong_usage(self, run: Run, service: ScriptedService) -> None:
        assert run("bank", "update", "ada", "--url", service.url).exit_code == 2
        assert service.requests == []

    def test_a_policy_that_there_is_not_is_wrong_usage(self, run: Run) -> None:
        assert run("bank", "update", "ada", "--fact-policy", "forget").exit_code == 2

    def test_metadata_that_are_no_object_are_wrong_usage(self, run: Run) -> None:
        for written in ("[1]", "{", "x"):
            assert run("bank", "create", "ada", "--metadata", written).exit_code == 2

    def test_deleting_waits_for_the_removal(self, ask: Run, service: ScriptedService) -> None:
        service.answer({**JOB, "state": "queued"}, 202)
        service.answer({**JOB, "state": "running"})
        service.answer(JOB)
        assert "succeeded" in ask("bank", "delete", "ada", "--yes").stdout

    def test_deleting_does_not_wait_when_told(self, ask: Run, service: ScriptedService) -> None:
        service.answer({**JOB, "state": "queued"}, 202)
        assert "queued" in ask("bank", "delete", "ada", "--yes", "--no-wait").stdout

    def test_a_removal_that_fails_is_a_failure(self, run: Run, service: ScriptedService) -> None:
        service.answer({**JOB, "state": "failed"}, 202)
        result = run("bank", "delete", "ada", "--yes", "--url", service.url)
        assert result.exit_code == 1
        assert f"the job {JOB_ID} is failed" in result.stderr

    def test_deleting_asks_first(self, run: Run, service: ScriptedService) -> None:
        result = run("bank", "delete", "ada", "--url", service.url, stdin="n\n")
        assert result.exit_code == 1
        assert service.requests == []


class TestRemember:
    def test_each_text_is_a_memory_with_what_was_given(
        self, ask: Run, service: ScriptedService
    ) -> None:
        service.answer({**BATCH, "results": [WRITTEN, WRITTEN]}, 201)
        options = ("--speaker", "Ann", "--at", "2026-03-01T10:00", "--timezone", "Europe/Berlin")
        more = ("--kind", "note", "--session", "s", "--user", "u", "--agent", "a", "--create")
        result = ask("remember", "ada", "one", "two", *options, *more)
        method, path, body = service.requests[-1]
        assert (method, path) == ("POST", "/v1/banks/ada/memories:batch?create=true")
        assert body is not None
        assert [each["text"] for each in body["memories"]] == ["one", "two"]
        assert body["memories"][0] == {
            "text": "one",
            "kind": "note",
            "speaker": "Ann",
            "occurred_at": "2026-03-01T10:00:00",
            "timezone": "Europe/Berlin",
            "session_id": "s",
            "user_id": "u",
            "agent_id": "a",
        }
        assert result.stdout.splitlines() == [f"created  {MEMORY_ID}  version 1"] * 2

    def test_a_dash_is_standard_input(self, ask: Run, service: ScriptedService) -> None:
        service.answer(BATCH, 201)
        ask("remember", "ada", "-", stdin="from a\npipe\n")
        assert service.body == {"memories": [{"text": "from a\npipe"}]}

    def test_a_time_without_a_zone_is_refused(self, run: Run, service: ScriptedService) -> None:
        result = run("remember", "ada", "x", "--at", "2026-03-01T10:00", "--url", service.url)
        assert result.exit_code == 1
        assert "time zone" in result.stderr
        assert service.requests == []

    @pytest.mark.parametrize(
        "options", [["--at", "soon"], ["--timezone", "Mars/Base"], ["--timezone", "../etc/passwd"]]
    )
    def test_what_is_no_time_or_zone_is_wrong_usage(self, run: Run, options: list[str]) -> None:
        assert run("remember", "ada", "x", *options).exit_code == 2

    def test_one_external_id_for_several_texts_is_wrong_usage(self, run: Run) -> None:
        assert run("remember", "ada", "a", "b", "--external-id", "1").exit_code == 2

    def test_a_missing_vector_is_told(self, ask: Run, service: ScriptedService) -> None:
        service.answer({**BATCH, "embedded": False}, 201)
        assert "embedding model is away" in ask("remember", "ada", "x").stderr


class TestRecall:
    def test_every_option_is_sent(self, ask: Run, service: ScriptedService) -> None:
        service.answer(RECALL)
        ask(
            *("recall", "ada", "Where?", "-k", "3", "--arm", "dense", "--budget", "100"),
            *("--explain", "--kind", "turn", "--kind", "note", "--speaker", "Ann"),
            *("--state", "archived", "--user", "u", "--agent", "a", "--session", "s"),
            *("--source", "f", "--after", "2026-01-01T00:00:00Z", "--before", "2026-02-01"),
            *("--where", '{"key": "x", "op": "eq", "value": 1}', "--now", "2026-03-01"),
            *(
                "--timezone",
                "UTC",
                "--times",
                "filter",
                "--turns-before",
                "2",
                "--turns-after",
                "1",
            ),
        )
        assert service.body == {
            "query": "Where?",
            "k": 3,
            "times": "filter",
            "neighbours_before": 2,
            "neighbours_after": 1,
            "arms": ["dense"],
            "budget_tokens": 100,
            "explain": True,
            "now": "2026-03-01T00:00:00",
            "timezone": "UTC",
            "filter": {
                "kinds": ["turn", "note"],
                "speakers": ["Ann"],
                "states": ["archived"],
                "user_id": "u",
                "agent_id": "a",
                "session_id": "s",
                "source": "f",
                "occurred_after": "2026-01-01T00:00:00Z",
                "occurred_before": "2026-02-01T00:00:00",
                "metadata": {"key": "x", "op": "eq", "value": 1},
            },
        }

    def test_nothing_is_sent_that_was_not_given(self, ask: Run, service: ScriptedService) -> None:
        service.answer(RECALL)
        ask("recall", "ada", "Where?")
        assert service.body == {"query": "Where?", "explain": False}

    def test_hits_are_shown_with_text_date_speaker_and_arms(
        self, ask: Run, service: ScriptedService
    ) -> None:
        service.answer(RECALL)
        shown = ask("recall", "ada", "Where?").stdout
        hit = RECALL["hits"][0]
        assert hit["memory"]["text"] in shown
        assert "2026-03-01 09:30:00 UTC" in shown
        assert "Ada" in shown
        assert "+".join(hit["arms"]) in shown
        assert "rank" not in shown

    def test_scores_and_timings_are_shown_when_asked(
        self, ask: Run, service: ScriptedService
    ) -> None:
        service.answer(RECALL)
        shown = ask("recall", "ada", "Where?", "--explain").stdout
        assert "rank 1" in shown
        assert "dense arm: ok" in shown
        assert "time: " in shown

    def test_an_arm_that_failed_is_told_unasked(self, ask: Run, service: ScriptedService) -> None:
        arms = {"dense": {"status": "failed", "reason": "no model", "candidates": 0, "took_ms": 1}}
        service.answer({**RECALL, "arms": arms, "hits": []})
        shown = ask("recall", "ada", "Where?").stdout
        assert "Nothing was found." in shown
        assert "The dense arm failed: no model" in shown

    def test_a_text_cannot_steer_the_terminal(self, ask: Run, service: ScriptedService) -> None:
        hit = RECALL["hits"][0]
        evil = {**hit, "memory": {**hit["memory"], "text": "\x1b[2Jgone", "speaker": "\x1b]0;x"}}
        service.answer({**RECALL, "hits": [evil]})
        assert "\x1b" not in ask("recall", "ada", "Where?").stdout


class TestMemory:
    def test_a_memory_is_shown(self, ask: Run, service: ScriptedService) -> None:
        service.answer(MEMORY)
        assert MEMORY["text"] in ask("memory", "show", "ada", MEMORY_ID).stdout
        assert service.requests == [("GET", f"/v1/banks/ada/memories/{MEMORY_ID}", None)]

    @pytest.mark.parametrize("verb", ["archive", "restore"])
    def test_a_memory_changes_its_state(
        self, ask: Run, service: ScriptedService, verb: str
    ) -> None:
        service.answer(MEMORY)
        ask("memory", verb, "ada", MEMORY_ID)
        assert service.requests[0][:2] == ("POST", f"/v1/banks/ada/memories/{MEMORY_ID}:{verb}")

    def test_versions_are_listed_oldest_first(self, ask: Run, service: ScriptedService) -> None:
        versions = [
            {
                "version": number,
                "text": f"text {number}",
                "occurred_at": TIME,
                "operation": "update",
                "actor": "api",
                "content_hash": "0",
                "recorded_at": TIME,
            }
            for number in (2, 1)
        ]
        service.answer(page(*versions))
        lines = ask("memory", "history", "ada", MEMORY_ID).stdout.splitlines()
        assert [line.split()[0] for line in lines[1:]] == ["1", "2"]


class TestJobs:
    def test_jobs_are_listed_as_far_as_asked(self, ask: Run, service: ScriptedService) -> None:
        service.answer(page(JOB, JOB, JOB))
        options = ("--state", "failed", "--kind", "bank.delete", "--bank", "ada", "--limit", "2")
        found = json.loads(ask("jobs", "list", *options, "--json").stdout)
        assert len(found) == 2
        path = service.requests[0][1]
        assert "state=failed" in path
        assert "kind=bank.delete" in path
        assert "bank=ada" in path

    def test_a_listed_job_says_why_it_waits(self, ask: Run, service: ScriptedService) -> None:
        service.answer(page({**JOB, "state": "waiting_provider", "reason": "no answer"}))
        shown = ask("jobs", "list").stdout
        assert "waiting_provider" in shown
        assert "no answer" in shown

    def test_a_job_is_shown_with_its_progress(self, ask: Run, service: ScriptedService) -> None:
        service.answer(JOB)
        assert "2 of 2" in ask("jobs", "show", JOB_ID).stdout

    def test_a_job_is_tried_again(self, ask: Run, service: ScriptedService) -> None:
        service.answer({**JOB, "state": "queued"})
        assert "queued" in ask("jobs", "retry", JOB_ID).stdout
        assert service.requests[0][:2] == ("POST", f"/v1/jobs/{JOB_ID}:retry")


class TestLoad:
    @pytest.fixture
    def messages(self, tmp_path: Path) -> str:
        path = tmp_path / "chat.jsonl"
        lines = [{"text": f"said {no}", "occurred_at": f"2024-03-0{no + 1}"} for no in range(3)]
        path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
        return str(path)

    def test_messages_are_sent_in_batches_of_one_feed(
        self, ask: Run, service: ScriptedService, messages: str
    ) -> None:
        answer = {"results": [{k: EPISODE_RESULT[k] for k in ("episode", "memories")}]}
        for _ in range(2):
            service.answer({**answer, "embedded": True, "jobs": []}, 201)
        options = ("--format", "messages", "--bank", "ada", "--batch", "2", "--create")
        result = ask("load", messages, *options, "--json")
        sent = [body["episodes"][0] for _, _, body in service.requests if body]
        assert [each["source"] for each in sent] == ["chat", "chat"]
        assert [len(each["messages"]) for each in sent] == [2, 1]
        summary = json.loads(result.stdout)
        assert (summary["items"], summary["banks"]) == (3, {"ada": 3})
        assert summary["created"] == 2

    def test_the_summary_says_where_to_what_happened_and_what_is_left(
        self, ask: Run, service: ScriptedService, messages: str
    ) -> None:
        answer = {"results": [{k: EPISODE_RESULT[k] for k in ("episode", "memories")}]}
        service.answer({**answer, "embedded": False, "jobs": []}, 201)
        result = ask("load", messages, "--format", "messages", "--bank", "ada")
        assert result.stdout.startswith("3 in ada: 1 created;")
        assert "embedding model is away" in result.stderr

    def test_a_dry_run_counts_and_sends_nothing(
        self, ask: Run, service: ScriptedService, messages: str
    ) -> None:
        options = ("--format", "messages", "--bank", "ada", "--dry-run", "--json")
        counted = json.loads(ask("load", messages, *options).stdout)
        assert counted == {
            "items": 3,
            "conversations": 0,
            "first": "2024-03-01T00:00:00+00:00",
            "last": "2024-03-03T00:00:00+00:00",
        }
        assert service.requests == []

    def test_a_wrong_line_is_found_before_anything_is_sent(
        self, run: Run, service: ScriptedService, messages: str
    ) -> None:
        with Path(messages).open("a", encoding="utf-8") as file:
            file.write("\nbroken\n")
        options = ("--format", "messages", "--bank", "ada", "--batch", "1", "--url", service.url)
        result = run("load", messages, *options)
        assert result.exit_code == 1
        assert "line 4" in result.stderr
        assert service.requests == []

    @pytest.mark.parametrize(
        "options",
        [
            ["--format", "csv"],
            ["--format", "messages", "--bank-per-conversation"],
            ["--format", "messages", "--batch", "0"],
            [],
        ],
    )
    def test_options_that_do_not_fit_are_wrong_usage(
        self, run: Run, messages: str, options: list[str]
    ) -> None:
        assert run("load", messages, "--bank", "ada", *options).exit_code == 2


class TestWhichService:
    def test_the_local_one_is_asked_when_it_answers(
        self, run: Run, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MEMSVC_API__PORT", str(service.port))
        service.answer({"version": "0.1.0", "api": "v1"})
        service.answer(page(BANK))
        result = run("bank", "list")
        assert [path for _, path, _ in service.requests] == ["/v1/version", "/v1/banks?limit=200"]
        assert "ada" in result.stdout
        assert f"asking the service at {service.url}" in result.stderr

    def test_the_key_of_the_local_one_is_not_gone_around(
        self, run: Run, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MEMSVC_API__PORT", str(service.port))
        service.answer({"code": "unauthorized", "detail": "A key is needed."}, 401)
        result = run("bank", "list")
        assert result.exit_code == 1
        assert "A key is needed." in result.stderr

    def test_the_environment_names_one(
        self, run: Run, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MEMSVC_URL", service.url)
        service.answer(page(BANK))
        assert run("bank", "list").exit_code == 0
        assert len(service.requests) == 1


class TestServe:
    """What `serve` refuses before it opens anything."""

    @pytest.mark.parametrize("key", [None, "", "  "])
    def test_nobody_beyond_this_machine_is_served_without_a_key(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, key: str | None
    ) -> None:
        if key is not None:
            monkeypatch.setenv("MEMSVC_API_KEY", key)
        result = run("serve", "--host", "0.0.0.0", "--port", "0")
        assert result.exit_code == 2
        assert "MEMSVC_API_KEY" in result.stderr

    def test_a_port_that_is_taken_is_named_as_the_reason(
        self, run: Run, service: ScriptedService
    ) -> None:
        result = run("serve", "--port", str(service.port))
        assert result.exit_code == 1
        assert "in use" in result.stderr
        assert "--port" in result.stderr

    def test_a_host_that_nobody_knows_is_wrong_usage(self, run: Run) -> None:
        result = run("serve", "--host", "no such host", "--port", "0")
        assert result.exit_code == 2
        assert "no such host" in result.stderr
