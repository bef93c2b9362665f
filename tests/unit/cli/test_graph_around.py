"""`memsvc graph around`: what it asks for, shows, draws and writes."""

import json
from pathlib import Path
from typing import Any

import networkx as nx

from tests.fixtures.command_line import Run
from tests.unit.cli.conftest import ScriptedService
from tests.unit.memsvc_client.stub_service import MEMORY_ID

LISBON = {"name": "lisbon", "shown": "Lisbon", "type": "place", "aliases": []}
AROUND: dict[str, Any] = {
    "memories": [
        {
            "memory_id": MEMORY_ID,
            "score": 0.5,
            "text": "I moved to Lisbon.",
            "entities": {"lisbon": 2},
        }
    ],
    "entities": [{**LISBON, "memories": 31, "here": 1}],
    "named": ["lisbon", "porto"],
    "entities_left_out": 4,
}


def test_the_graph_around_a_question_is_shown_and_drawn(
    run: Run, service: ScriptedService, tmp_path: Path
) -> None:
    ask = ("graph", "around", "ada", "Lisbon or Porto?", "--url", service.url)
    service.answer(AROUND)
    picture = tmp_path / "x.svg"
    result = run(*ask, "--memories", "7", "--out", str(picture))
    assert result.exit_code == 0, result.output
    assert "memories=7" in service.requests[-1][1]
    assert "I moved to Lisbon." in result.stdout
    assert "The question also names porto." in result.stdout
    assert "4 more entities" in result.stderr
    assert picture.read_text(encoding="utf-8").startswith("<?xml")

    service.answer(AROUND)
    written = run(*ask, "--json", "--out", str(tmp_path / "x.graphml"))
    assert json.loads(written.stdout) == AROUND
    graph = nx.read_graphml(tmp_path / "x.graphml")
    assert set(graph) == {f"memory:{MEMORY_ID}", "entity:lisbon"}
    assert [edge["count"] for *_, edge in graph.edges(data=True)] == [2]
    assert graph.nodes["entity:lisbon"]["named"] is True

    service.answer(AROUND)
    refused = run(*ask, "--out", str(tmp_path / "x.txt"))
    assert refused.exit_code != 0
