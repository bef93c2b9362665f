"""Files of labelled pairs, with which decisions are measured."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from memsvc.cli.failures import CommandError

_Pair = TypeVar("_Pair")


def read_pairs(path: Path, label: str, make: Callable[[Mapping[str, Any]], _Pair]) -> list[_Pair]:
    """Return the pairs of a file with a JSON object a line, of which ``label`` is the decision.

    Raises ``CommandError`` for a file that is missing or empty, or holds anything else.
    """
    if not path.is_file():
        raise CommandError(
            f"There are no labelled pairs at {path}; name a file with --pairs. Each of its lines is"
            f' {{"id", "language", "class", "{label}", "one", "other"}}.'
        )
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(make(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(f"Line {number} of {path} is not a labelled pair.") from error
    if not found:
        raise CommandError(f"There are no pairs in {path}.")
    return found


def share(value: float | None) -> str:
    """Return a share as a table shows it."""
    return "-" if value is None else f"{value:.3f}"
