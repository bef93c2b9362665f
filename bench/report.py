"""``python -m bench report``: the tables of docs/benchmarks.md, made of the raw results."""

import re
from pathlib import Path
from typing import Annotated

import typer

from bench.errors import BenchError
from bench.markdown import Results
from bench.progress import console
from bench.report_tables import TABLES, read_results

_ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = _ROOT / "docs" / "benchmarks.md"
RESULTS = _ROOT / "bench" / "results"

_MADE = re.compile(
    r"(?P<begin><!-- made by `python -m bench report`: (?P<name>[a-z0-9-]+) -->\n)"
    r".*?(?P<end><!-- end of what is made -->)",
    re.DOTALL,
)

DocumentOption = Annotated[Path, typer.Option("--document", help="Whose tables are made.")]
ResultsOption = Annotated[Path, typer.Option("--results", help="Folder of the raw results.")]
CheckOption = Annotated[
    bool, typer.Option("--check", help="Change nothing; fail if something would change.")
]


def report(
    *,
    document: DocumentOption = DOCUMENT,
    results: ResultsOption = RESULTS,
    check: CheckOption = False,
) -> None:
    """Put the tables of the results into the document, between their marks."""
    before = document.read_text(encoding="utf-8")
    after = with_tables(before, read_results(results))
    if check and after != before:
        raise BenchError(f"{document.name} differs from the results: run `make bench-docs`.")
    if not check:
        document.write_text(after, encoding="utf-8")
    console.print(f"{document.name}: {len(_MADE.findall(after))} tables")


def with_tables(document: str, results: Results) -> str:
    """Return the document with every table made anew; the rest stays as it is.

    Raises ``BenchError`` for a table that is not known, or whose results are not there.
    """

    def made(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in TABLES:
            raise BenchError(f"There is no table {name!r}: {', '.join(TABLES)}.")
        return f"{match['begin']}\n{TABLES[name](results)}\n\n{match['end']}"

    return _MADE.sub(made, document)
