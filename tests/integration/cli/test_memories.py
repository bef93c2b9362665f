"""Remembering and recalling from the command line, with no service running."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.command_line import Run
from tests.integration.cli.conftest import Administrator

pytestmark = pytest.mark.usefixtures("minilm_dir", "migrated")


@pytest.fixture
def do(run: Run) -> Any:
    """Run a command that must succeed; return its JSON."""

    def run_command(*arguments: str) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run_command


def sessions(folder: Path) -> str:
    lines = [
        {
            "conversation_id": conversation,
            "session_id": f"{conversation}/1",
            "datetime": "2023/05/20 (Sat) 02:21",
            "turns": [
                {"id": "t1", "speaker": "Ann", "text": f"My dog is called {dog}."},
                {"id": "t2", "speaker": "Ben", "text": "Nice!", "blip_caption": f"{dog}, a dog"},
            ],
        }
        for conversation, dog in (("ann", "Momo"), ("张曼婷", "Lulu"))
    ]
    path = folder / "sessions.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return str(folder)


def test_what_is_remembered_is_recalled_archived_and_restored(do: Any) -> None:
    written = do("remember", "ada", "The dog is called Momo.", "It rains.", "--create")
    [memory_id, _] = [each["id"] for each in written["results"]]

    [hit, *_] = do("recall", "ada", "What is the dog's name?")["hits"]
    assert hit["memory"]["id"] == memory_id

    assert do("memory", "archive", "ada", memory_id)["state"] == "archived"
    [left] = do("recall", "ada", "What is the dog's name?")["hits"]
    assert left["memory"]["text"] == "It rains."
    assert do("memory", "restore", "ada", memory_id)["state"] == "active"


def test_an_external_id_makes_versions(do: Any) -> None:
    options = ("--external-id", "dog", "--create")
    [first] = do("remember", "ada", "The dog is called Momo.", *options)["results"]
    [second] = do("remember", "ada", "The dog is called Lulu.", *options)["results"]
    assert (second["status"], second["id"]) == ("updated", first["id"])
    history = do("memory", "history", "ada", first["id"])
    assert [each["text"] for each in history] == [
        "The dog is called Momo.",
        "The dog is called Lulu.",
    ]


def test_an_unknown_bank_is_not_made_unasked(run: Run) -> None:
    result = run("remember", "nobody", "x")
    assert result.exit_code == 1
    assert "no such bank" in result.stderr


def test_conversations_are_loaded_into_banks_of_their_own_and_stay_when_loaded_again(
    do: Any, tmp_path: Path
) -> None:
    load = ("load", sessions(tmp_path), "--format", "sessions", "--bank", "set", "--create")
    first = do(*load, "--bank-per-conversation")
    assert first["created"] == 4
    [ann, other] = sorted(first["banks"], key=len)
    assert ann == "set.ann"
    [hit] = do("recall", other, "What is the dog called?", "-k", "1", "--arm", "dense")["hits"]
    assert "Lulu" in hit["memory"]["text"]
    assert hit["memory"]["occurred_at"] == "2023-05-20T02:21:00Z"

    again = do(*load, "--bank-per-conversation")
    assert (again["created"], again["unchanged"]) == (0, 4)


def test_a_feed_is_continued_when_it_has_grown(do: Any, tmp_path: Path) -> None:
    path = tmp_path / "chat.jsonl"
    path.write_text('{"text": "one"}\n{"text": "two"}\n', encoding="utf-8")
    load = ("load", str(path), "--format", "messages", "--bank", "ada", "--create")
    assert do(*load)["created"] == 2
    with path.open("a", encoding="utf-8") as file:
        file.write('{"text": "three"}\n')
    grown = do(*load)
    assert (grown["created"], grown["unchanged"]) == (1, 2)
    hits = do("recall", "ada", "one two three", "--source", "chat")["hits"]
    assert sorted((each["memory"]["seq"], each["memory"]["text"]) for each in hits) == [
        (0, "one"),
        (1, "two"),
        (2, "three"),
    ]


def test_passages_are_loaded_with_their_titles(do: Any, tmp_path: Path) -> None:
    line = {"id": "p1", "title": "Porto", "text": "A city on the Douro."}
    (tmp_path / "corpus.jsonl").write_text(json.dumps(line), encoding="utf-8")
    load = ("load", str(tmp_path), "--format", "passages", "--bank", "wiki", "--create")
    assert do(*load)["created"] == 1
    [hit] = do("recall", "wiki", "Douro", "--kind", "passage")["hits"]
    assert hit["memory"]["text"] == "Porto\nA city on the Douro."
    assert hit["memory"]["external_id"] == "p1"


def test_a_bank_is_removed_with_its_content_though_no_worker_runs(do: Any) -> None:
    do("bank", "create", "ada")
    do("remember", "ada", "It rains.")
    job = do("bank", "delete", "ada", "--yes")
    assert (job["kind"], job["state"]) == ("bank.delete", "succeeded")
    assert do("bank", "list") == []
    assert job["id"] in [each["id"] for each in do("jobs", "list")]


def test_a_database_of_another_version_is_told_with_the_remedy(
    run: Run, migrated: Administrator
) -> None:
    migrated.does("UPDATE alembic_version SET version_num = '0001'")
    result = run("bank", "list")
    assert result.exit_code == 3
    assert "memsvc db upgrade" in result.stderr


def test_a_missing_model_is_told_with_the_remedy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMSVC_EMBEDDING__MODEL", "hub:nobody/nothing")
    result = run("bank", "list")
    assert result.exit_code == 3
    assert "memsvc models install" in result.stderr
