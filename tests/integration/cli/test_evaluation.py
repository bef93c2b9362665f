"""`memsvc eval`, on a database of its own."""

import json
from pathlib import Path
from typing import Any

import pytest
from memsvc_client import AsyncBank, AsyncClient, BankNotFoundError, RetentionPolicy

from memsvc.bootstrap import Application
from memsvc.cli.evaluation.asking import AskOptions
from memsvc.cli.evaluation.golden import read_golden
from memsvc.cli.evaluation.results import EvalResult, Miss
from memsvc.cli.evaluation.running import Evaluation, Progress
from memsvc.cli.evaluation.sets import read_set
from memsvc.cli.failures import CommandError
from memsvc.system_clock import SystemClock

STORED = {
    "m1": "Ada lives in Porto",
    "m2": "Ben drinks green tea",
    "m3": "Ben drinks coffee",
    "m4": "Ben drinks water",
}


def evaluation(client: AsyncClient, **options: Any) -> Evaluation:
    def nobody(_: int, __: int) -> None:
        pass

    return Evaluation(
        client=client,
        clock=SystemClock(),
        options=AskOptions(**options),
        label="now",
        progress=Progress(loading=nobody, asking=nobody),
    )


async def asked(
    client: AsyncClient, path: Path, *lines: dict[str, Any], **options: Any
) -> EvalResult:
    file = path / "golden.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return await evaluation(client, **options).of_golden("golden", read_golden(file), "ada")


def external(*names: str) -> list[dict[str, str]]:
    return [{"external_id": name} for name in names]


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    found = client.bank("ada")
    for name, text in STORED.items():
        written = await found.add_memory(text, external_id=name, create=True)
        if name == "m3":
            await found.archive(written.id)
    return found


async def test_what_did_not_come_is_told_apart(
    client: AsyncClient, bank: AsyncBank, tmp_path: Path, application: Application
) -> None:
    await bank.set_retention_policy(RetentionPolicy(reinforce="returned"))
    line = {
        "question": "What does Ben drink? green tea",
        "expected": [*external("m2", "m4", "m3", "m9"), {"text": "nobody said this"}],
        "misleading": external("m2"),
        "category": "drinks",
    }
    result = await asked(
        client,
        tmp_path,
        line,
        {"question": "Where does Ada live in", "expected": external("m1")},
        k=1,
    )
    drinks, home = result.questions
    assert drinks.ranks == (1, None, None, None, None)
    cut, archived, *unknown = drinks.misses
    assert cut == Miss(expected="external_id:m4", kind="cut_by_budget", rank=2, cut_by="k")
    assert archived == Miss(expected="external_id:m3", kind="not_retrieved", state="archived")
    assert [each.kind for each in unknown] == ["not_stored", "not_stored"]
    assert result.failures == {"not_stored": 2, "not_retrieved": 1, "cut_by_budget": 1}
    assert home.ranks == (1,)
    assert "episode" in home.skipped
    assert result.figures.recall == {"1": (1 / 5 + 1) / 2}
    assert result.figures.misled == {"1": 1.0}
    assert result.by_category.keys() == {"drinks"}
    assert result.figures.mrr == 1.0
    # Nothing is left of it in the bank.
    await application.recall_log.flush()
    assert [each async for each in bank.recalls()] == []
    assert {each.strength async for each in bank.memories()} == {1.0}
    assert "Ben" not in result.model_dump_json()
    assert "nobody" not in result.model_dump_json()


async def test_a_token_budget_cuts_too(
    client: AsyncClient, bank: AsyncBank, tmp_path: Path
) -> None:
    line = {"question": "Ben drinks green tea", "expected": external("m2", "m4")}
    recalled = await asked(client, tmp_path, line, k=5, budget_tokens=8)
    [cut] = recalled.questions[0].misses
    assert (cut.kind, cut.cut_by, cut.rank) == ("cut_by_budget", "tokens", 2)
    composed = await asked(client, tmp_path, line, budget_tokens=200, context=True)
    assert composed.figures.recall["20"] == 1.0
    assert composed.options["judged"] == "context"
    # A question that is kept by the service alone may be gone.
    gone = {"recall": "0190f3a1-0000-7000-8000-000000000009", "expected": external("m1")}
    with pytest.raises(CommandError, match="is gone"):
        await asked(client, tmp_path, gone)


async def test_a_set_is_loaded_into_fresh_banks_which_go_afterwards(
    client: AsyncClient, tmp_path: Path
) -> None:
    turns = [{"id": name, "speaker": "Ada", "text": text} for name, text in STORED.items()]
    session = {"conversation_id": "c", "session_id": "s", "datetime": None, "turns": turns}
    (tmp_path / "sessions.jsonl").write_text(json.dumps(session))
    question = {
        "id": "q",
        "conversation_id": "c",
        "question": "Who lives in Porto?",
        "evidence_turn_ids": ["m1"],
    }
    (tmp_path / "queries.jsonl").write_text(json.dumps(question))
    evaluation_set = read_set(tmp_path)
    result = await evaluation(client).of_set(evaluation_set, None, keep=False)
    assert result.figures.recall["2"] == 1.0
    assert [each.name async for each in client.list_banks()] == []
    kept = await evaluation(client).of_set(evaluation_set, None, keep=True)
    assert [each.memory_count async for each in client.list_banks()] == [len(STORED)]
    assert kept.questions[0].key == result.questions[0].key
    with pytest.raises(BankNotFoundError):
        await evaluation(client).of_set(evaluation_set, "nobody", keep=False)


@pytest.mark.usefixtures("migrated", "minilm_dir")
def test_the_command_writes_what_it_shows(run: Any, tmp_path: Path) -> None:
    golden, out = tmp_path / "golden.jsonl", tmp_path / "result.json"
    golden.write_text(json.dumps({"question": "Ada's home", "expected": [{"text": "Porto"}]}))
    run("remember", "ada", "Ada lives in Porto", "--create")
    options = ("--golden", str(golden), "--bank", "ada", "--out", str(out))
    shown = run("eval", "run", *options)
    assert shown.exit_code == 0, shown.stderr
    assert "Of 1 expected, 0 did not come" in shown.stdout
    assert json.loads(out.read_text())["figures"]["mrr"] == 1.0
    assert run("eval", "run", "--golden", str(golden), "--out", str(out)).exit_code == 2

    other = json.dumps({"question": "Who is in Porto?", "expected": [{"text": "Porto"}]})
    golden.write_text(f"{golden.read_text()}\n{other}")
    measured = ("eval", "ablate", "ada", "--golden", str(golden), "--least", "2", "--apply")
    assert "Should be switched off" in run(*measured, "--dry-run").stdout
    done = run(*measured)
    assert "To take it back: memsvc bank update ada --arms-off none" in done.stdout
    assert "`answerable` cannot be judged" in done.stdout
    again = json.loads(run(*measured, "--json").stdout)
    assert {"graph", "episode"} < set(again["was_off"])
    assert again["applied"] is False
