"""``bench index`` as a whole, at tiny sizes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.__main__ import app
from bench.similarity.rows import Row
from bench.similarity.running import run_system
from bench.similarity.worker import Orders
from gpu_index import open_index

FIGURES = {"name", "setting", "build_s", "bytes", "single_ms", "qps", "recall_at_10"}


needs_index = pytest.mark.skipif(
    not hasattr(open_index("exact", 2), "save"), reason="The index is not as its protocol says yet."
)


def run_index(out: Path, *options: str) -> dict[str, list[Row]]:
    sizes = ["--vectors", "2000", "--dim", "32", "--partitions", "10", "--queries", "30"]
    given = ["index", *sizes, "--data", "random", "--row-budget", "0.5", "--out", str(out)]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*given, *options])
    assert result.exit_code == 0, result.output
    parsed: dict[str, list[Row]] = json.loads(out.read_text())
    return parsed


@needs_index
@pytest.mark.parametrize("sizes", ["equal", "zipf"])
def test_a_run_has_the_documented_form_with_ours_first(tmp_path: Path, sizes: str) -> None:
    results = run_index(
        tmp_path / "index.json", "--backend", "exact", "--sizes", sizes, "--peer", "faiss-flat"
    )
    assert set(results) == {"rows", "settings"}
    ours, filtered, ranged = results["rows"]
    assert ours["name"].startswith("gpu_index exact")
    assert (filtered["setting"], ranged["setting"]) == ("tenant filter", "tenant as id range")
    for row in results["rows"]:
        assert set(row) >= FIGURES
        assert row["recall_at_10"] == 1.0
        assert row["qps"] > 0
        assert set(row["single_ms"]) == {"p50", "p95"}
        assert set(row["cpu_ms"]) == {"single", "batch"}
        assert row["cpu_ms"]["batch"] > 0


@needs_index
def test_our_index_tells_its_structures_and_times_its_operations(tmp_path: Path) -> None:
    options = ("--backend", "exact", "--ops", "--peer", "none")
    (ours,) = run_index(tmp_path / "index.json", *options)["rows"]
    assert ours["structures"] == {"partitions": {"scan": 10}, "lowest_measured_recall": 1.0}
    operations = ours["operations"]
    # At most half of a partition's 200 vectors.
    assert operations["partitions_changed"] == 10
    assert operations["remove_1000_ms"] > 0
    assert operations["add_per_s"] > 0
    assert operations["save_s"] > 0
    assert operations["load_s"] > 0


@needs_index
def test_our_index_is_measured_behind_its_server(tmp_path: Path) -> None:
    pytest.importorskip("gpu_index.server", reason="The index has no server yet.")
    options = ("--backend", "exact", "--server", "--peer", "none")
    ours, served = run_index(tmp_path / "index.json", *options)["rows"]
    assert ours["recall_at_10"] == served["recall_at_10"] == 1.0
    assert served["name"].startswith("gpu_index exact behind its server")
    assert served["bytes"] > 0


def test_peers_have_a_row_for_each_setting(tmp_path: Path) -> None:
    rows = run_index(tmp_path / "index.json", "--peer", "faiss-ivf", "--peer", "faiss-hnsw")["rows"]
    peers = [row for row in rows if not row["name"].startswith("gpu_index")]
    assert [row["setting"] for row in peers] == [
        *(f"nlist 40, nprobe {nprobe}" for nprobe in (8, 32, 40)),
        *(f"M 32, efSearch {ef}" for ef in (32, 128, 512)),
    ]
    # As many lists as there are: everything is looked at.
    assert peers[2]["recall_at_10"] == 1.0


def test_one_partition_needs_no_filter(tmp_path: Path) -> None:
    options = ("--partitions", "1", "--peer", "faiss-flat", "--peer", "faiss-ivf")
    flat, *lists = run_index(tmp_path / "index.json", *options)["rows"][1:]
    assert flat["setting"] == "no filter"
    assert flat["recall_at_10"] == 1.0
    recalls = [row["recall_at_10"] for row in lists]
    assert recalls == sorted(recalls)


def test_a_system_that_fails_is_a_row_with_its_reason(tmp_path: Path) -> None:
    rows = run_index(tmp_path / "index.json", "--backend", "unheard", "--peer", "faiss-flat")[
        "rows"
    ]
    assert rows[0]["name"] == "gpu_index"
    assert "There is no backend 'unheard'" in rows[0]["reason"]
    assert rows[1]["recall_at_10"] == 1.0


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import time; print('{}', flush=True); time.sleep(60)", "Stopped after 1 s"),
        ("print('{}'); raise SystemExit(7)", "ended with status 7"),
        ("import os; print('{}', flush=True); os.abort()", "ended with status -6"),
    ],
)
def test_what_a_process_has_finished_is_kept_when_it_ends_early(program: str, reason: str) -> None:
    orders = Orders(
        system="usearch",
        folder="",
        backend="",
        threads=1,
        build_threads=1,
        budget_s=1,
        wants_operations=False,
    )
    rows: list[Row] = []
    run_system(orders, 1.0, rows.append, (sys.executable, "-c", program))
    assert len(rows) == 2
    assert rows[1]["name"] == "usearch"
    assert reason in rows[1]["reason"]


def test_ctrl_c_keeps_what_is_finished(tmp_path: Path) -> None:
    out = tmp_path / "index.json"
    # The graph of so many vectors takes much longer than reading the line that announces it.
    sizes = ["--vectors", "50000", "--dim", "64", "--partitions", "10", "--queries", "20"]
    peers = ["--peer", "faiss-flat", "--peer", "faiss-hnsw", "--row-budget", "0.5"]
    given = ["index", *sizes, "--data", "random", *peers, "--out", str(out)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", *given], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process.stderr:
        while not process.stderr.readline().startswith("faiss-hnsw"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert process.wait() == 130
    results = json.loads(out.read_text())
    assert [row["name"] for row in results["rows"][1:]] == [
        "FAISS flat, tenant filter",
        "FAISS flat, tenant as id range",
    ]
    assert results["settings"]["interrupted"] is True


def test_usearch_searches_each_partition_by_itself(tmp_path: Path) -> None:
    pytest.importorskip("usearch", reason="usearch is a peer of benchmarks: make bench-peers")
    rows = run_index(tmp_path / "index.json", "--peer", "usearch")["rows"]
    exact = rows[-1]
    assert exact["setting"] == "an index per partition, f16, exact"
    assert exact["recall_at_10"] > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--vectors", "5", "--partitions", "6"], "fewer vectors than partitions"),
        (["--peer", "milvus"], "milvus: give none, or some of faiss-flat"),
    ],
)
def test_it_refuses_what_cannot_be(tmp_path: Path, options: list[str], message: str) -> None:
    out = tmp_path / "index.json"
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["index", "--out", str(out), *options])
    assert result.exit_code == 2
    assert message in result.output
    assert not out.exists()
