"""Printing: results on standard output, for people or as JSON; everything else on standard error.

Colours follow rich: none where the stream is no terminal, or NO_COLOR is set.
"""

import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from pydantic import BaseModel, JsonValue
from rich.console import Console
from rich.table import Table
from rich.text import Text

Result = TypeVar("Result", bound=BaseModel)
Cell = str | Text | None

_UNBROKEN = 100_000
_CONTROLS = dict.fromkeys(
    set(range(32)) - {ord("\n"), ord("\t")} | set(range(127, 160)), "\N{REPLACEMENT CHARACTER}"
)


def console() -> Console:
    """Return the console of results; texts are printed as they are, never as markup.

    Into a file or a pipe they are not broken into lines.
    """
    width = None if sys.stdout.isatty() else _UNBROKEN
    return Console(width=width, markup=False, highlight=False, emoji=False)


def notes() -> Console:
    """Return the console of progress, notes and errors."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def note(text: str) -> None:
    """Tell something that is not part of the result."""
    notes().print(text, style="dim", soft_wrap=True)


def safe(text: str) -> str:
    """Return ``text`` without what would steer a terminal: whoever wrote it is not trusted."""
    return text.translate(_CONTROLS)


def print_json(value: JsonValue) -> None:
    """Print JSON for programs, escaped where the output's encoding does not hold all characters."""
    takes_all = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=not takes_all) + "\n")


def print_record(record: Result, *, as_json: bool, show: Callable[[Result], None]) -> None:
    """Print one record: as JSON, or as ``show`` does it."""
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        show(record)


def print_records(
    records: Sequence[Result], *, as_json: bool, show: Callable[[Sequence[Result]], None]
) -> None:
    """Print a list of records: as a JSON array, or as ``show`` does it."""
    if as_json:
        print_json([record.model_dump(mode="json") for record in records])
    else:
        show(records)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows under their column names."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        # What stands first names the row, to be copied.
        table.add_column(name, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*(_shown(cell) for cell in row))
    console().print(table)


def print_fields(fields: Iterable[tuple[str, Cell]]) -> None:
    """Print names with their values, one a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields:
        table.add_row(name, _shown(value))
    console().print(table)


def moment(time: datetime | None) -> str | None:
    """Return a time as people read it, in UTC."""
    return None if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def compact_json(value: JsonValue) -> str:
    """Return JSON in one line."""
    return json.dumps(value, ensure_ascii=False)


def _shown(cell: Cell) -> str | Text:
    return cell if isinstance(cell, Text) else safe(cell or "-")
