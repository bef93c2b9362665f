import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.__main__ import app
from bench.errors import BenchError
from bench.markdown import Results
from bench.report import DOCUMENT, RESULTS, with_tables
from bench.report_tables import TABLES, read_results

MARKED = """Before.

<!-- made by `python -m bench report`: peers -->
what was here
<!-- end of what is made -->

After.
"""
PEERS: Results = {
    "recall-mem0-5k": {
        "peers": [
            {
                "name": "memsvc",
                "memories": 1000,
                "adds_per_s": 50.0,
                "searches_per_s": 20.0,
                "cpu_ms": {"add": 1.0, "search": 10.0},
                "with_encoder": {
                    "adds_per_s": 40.0,
                    "searches_per_s": 15.0,
                    "add_cpu_ms": 5.0,
                    "search_cpu_ms": 15.0,
                },
                "recall_at_10": 0.7489,
                "facts": {"version": "1"},
            },
            {"name": "other", "reason": "It is not installed."},
        ],
        "ratios": {},
    }
}


def test_the_committed_document_is_what_the_results_make_of_it() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")

    assert with_tables(document, read_results(RESULTS)) == document, "run `make bench-docs`"
    missing = [name for name in TABLES if f"report`: {name} -->" not in document]
    assert missing == []


def test_a_table_takes_the_place_of_what_was_between_the_marks() -> None:
    made = with_tables(MARKED, PEERS)

    assert made.startswith("Before.\n\n<!-- made")
    assert made.endswith("<!-- end of what is made -->\n\nAfter.\n")
    assert "what was here" not in made
    assert "| memsvc | 1,000 | 50.0 / 40.0 | 20.0 / 15.0 | 1.0 / 5.0 | 10.0 / 15.0 | 74.9 |" in made
    assert "| other | It is not installed. |" in made
    assert with_tables(made, PEERS) == made


def test_a_table_that_cannot_be_made_says_why() -> None:
    with pytest.raises(BenchError, match=r"no recall-mem0-5k\.json"):
        with_tables(MARKED, {})
    with pytest.raises(BenchError, match="no table 'peas'"):
        with_tables(MARKED.replace("peers", "peas"), PEERS)


def test_check_fails_where_the_document_is_old_and_leaves_it(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(MARKED)
    (tmp_path / "recall-mem0-5k.json").write_text(json.dumps(PEERS["recall-mem0-5k"]))
    given = ["report", "--document", str(document), "--results", str(tmp_path)]

    refused = CliRunner().invoke(app, [*given, "--check"])
    assert isinstance(refused.exception, BenchError)
    assert document.read_text() == MARKED

    assert CliRunner().invoke(app, given).exit_code == 0
    assert CliRunner().invoke(app, [*given, "--check"]).exit_code == 0
