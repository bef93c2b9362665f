"""The comparison with other libraries, with systems that are not there or made up."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from bench.peers import running
from bench.peers.comparison import ratios
from bench.peers.measuring import measure_peer
from bench.peers.orders import Costs, Item, Material, PeerOrders, PeerRow
from bench.peers.running import run_peer
from bench.texts import GeneratedTurn
from memsvc.ports import Vector


class Shelf:
    """Keeps items by scope and finds the first ones; notes whether it was given vectors."""

    def __init__(self) -> None:
        self.items: dict[str, list[Item]] = {}
        self.vectors: Mapping[str, Vector] | None = None
        self.added_with_vectors = 0

    def precomputed(self, vectors: Mapping[str, Vector] | None) -> None:
        self.vectors = vectors

    def add(self, scope: str, items: Sequence[Item]) -> None:
        if self.vectors is not None:
            assert all(each.text in self.vectors for each in items)
            self.added_with_vectors += len(items)
        self.items.setdefault(scope, []).extend(items)

    def search(self, scope: str, question: str) -> list[str]:
        assert self.vectors is None or question in self.vectors
        return [each.id for each in self.items.get(scope, [])[:10]]

    def facts(self) -> Mapping[str, str]:
        return {"version": "0"}


def orders(folder: Path, **members: object) -> PeerOrders:
    given = {"data": None, "add_budget_s": 60.0, "encoded": 5, "models": []} | members
    return PeerOrders(system="shelf", folder=str(folder), **given)  # type: ignore[arg-type]


@pytest.fixture
def material(tmp_path: Path) -> Path:
    turns = [GeneratedTurn(text=f"turn {no}", speaker="Ada", topic=0) for no in range(45)]
    Material(
        turns=turns,
        vectors=np.eye(45, 8, dtype=np.float32),
        questions=["q0", "q1"],
        question_vectors=np.eye(2, 8, dtype=np.float32),
    ).write(tmp_path)
    return tmp_path


def test_every_system_stores_with_vectors_first_and_then_with_the_encoder(material: Path) -> None:
    shelf = Shelf()
    row = measure_peer("shelf", shelf, orders(material), lambda: 0.0)

    assert row["memories"] == shelf.added_with_vectors == 40
    assert [each.id for each in shelf.items["speed"][40:]] == ["0", "1", "2", "3", "4"]
    assert row["searches_per_s"] > 0
    assert row["recall_at_10"] is None


def test_adding_ends_with_its_time(material: Path) -> None:
    row = measure_peer("shelf", Shelf(), orders(material, add_budget_s=1e-9), lambda: 0.0)
    assert row["memories"] <= 20


def test_a_set_is_asked_conversation_by_conversation(material: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    talk = {
        "conversation_id": "c1",
        "session_id": "s1",
        "datetime": "2024-01-01T10:00:00Z",
        "turns": [{"id": f"t{no}", "speaker": "Ann", "text": f"word {no}"} for no in range(12)],
    }
    questions = [
        {"id": "a", "question": "?", "conversation_id": "c1", "evidence_turn_ids": ["t1"]},
        {"id": "b", "question": "?", "conversation_id": "c1", "evidence_turn_ids": ["t11", "t2"]},
    ]
    (folder / "sessions.jsonl").write_text(json.dumps(talk) + "\n")
    (folder / "queries.jsonl").write_text("".join(json.dumps(q) + "\n" for q in questions))

    row = measure_peer("shelf", Shelf(), orders(material, data=str(folder)), lambda: 0.0)
    # The first ten turns come back: all of the one, half of the other.
    assert row["recall_at_10"] == pytest.approx(0.75)


def test_a_peer_that_is_not_installed_is_a_row_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_ENVIRONMENTS", tmp_path)
    row = run_peer(orders(tmp_path), 5.0)
    assert row == {"name": "shelf", "reason": "It is not installed: run `make bench-peers`."}


def test_a_peer_that_fails_or_takes_too_long_is_a_row_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_ENVIRONMENTS", tmp_path)
    python = tmp_path / "shelf" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\ncat > /dev/null; echo first >&2; echo no shelf >&2; exit 3\n")
    python.chmod(0o755)
    assert run_peer(orders(tmp_path), 30.0).get("reason") == "It failed: no shelf"

    python.write_text("#!/bin/sh\nexec sleep 60\n")
    assert run_peer(orders(tmp_path), 0.2).get("reason") == "Stopped after 0 s."


def test_ratios_are_how_many_times_as_much_ours_does() -> None:
    def row(name: str, factor: float) -> PeerRow:
        rates = Costs(
            adds_per_s=10 * factor, searches_per_s=2 * factor, add_cpu_ms=1, search_cpu_ms=1
        )
        return PeerRow(
            name=name,
            adds_per_s=100 * factor,
            searches_per_s=20 * factor,
            cpu_ms={"add": 8 / factor, "search": 30 / factor},
            with_encoder=rates,
        )

    found = ratios(row("memsvc", 6.0), row("other", 1.0))
    assert found == {
        "adds_per_s": pytest.approx(6.0),
        "adds_per_s_with_encoder": pytest.approx(6.0),
        "searches_per_s": pytest.approx(6.0),
        "searches_per_s_with_encoder": pytest.approx(6.0),
        "add_cpu": pytest.approx(6.0),
        "search_cpu": pytest.approx(6.0),
    }
    assert ratios(row("memsvc", 1.0), PeerRow(name="other", reason="no")) == {}


def test_another_interpreter_can_import_what_the_benchmark_needs() -> None:
    """The client too, wherever it was installed for editing."""
    program = f"{running.with_our_packages()}; import bench.asking, memsvc_client, memsvc.ports"
    bare = [sys.executable, "-I", "-S", "-c", program]
    subprocess.run(bare, check=True, capture_output=True)
