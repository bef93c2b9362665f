"""The pgvector rows of ``bench index``, on a database of their own."""

import json
from pathlib import Path

from typer.testing import CliRunner

from bench.__main__ import app


def test_pgvector_is_measured_exactly_and_with_each_iterative_scan(tmp_path: Path) -> None:
    out = tmp_path / "index.json"
    sizes = ["--vectors", "2000", "--dim", "32", "--partitions", "10", "--queries", "20"]
    given = ["index", *sizes, "--data", "random", "--row-budget", "0.5", "--peer", "pgvector"]
    result = CliRunner().invoke(app, [*given, "--out", str(out)])
    assert result.exit_code == 0, result.output
    exact, *graph = json.loads(out.read_text())["rows"][1:]
    assert exact["setting"] == "exact plan"
    # Half precision may swap two neighbours at the cut.
    assert exact["recall_at_10"] > 0.97
    assert [row["setting"] for row in graph] == [
        f"HNSW, ef_search {ef}, iterative scan {iterative}"
        for ef in (40, 200)
        for iterative in ("off", "relaxed_order", "strict_order")
    ]
    found = {row["setting"]: row["recall_at_10"] for row in graph}
    off, relaxed = (
        found[f"HNSW, ef_search 40, iterative scan {iterative}"]
        for iterative in ("off", "relaxed_order")
    )
    assert off < relaxed
    assert all(row["bytes"] > exact["bytes"] for row in graph)
