"""Files of labelled pairs, with which decisions are measured."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

import typer
from pydantic import JsonValue

from memsvc.cli.failures import CommandError

_Pair = TypeVar("_Pair")
_SHIPPED = Path(__file__).parent / "labelled"


class ShownPair(Protocol):
    """What is shown of a pair."""

    @property
    def number(self) -> int:
        """Its id in the file."""
        ...

    @property
    def group(self) -> str:
        """Its class."""
        ...

    @property
    def one(self) -> str:
        """The first."""
        ...

    @property
    def other(self) -> str:
        """The second."""
        ...


def shipped_pairs(name: str) -> Path:
    """Return the file of the pairs of this name that were written for memsvc and come with it."""
    return _SHIPPED / f"{name}.jsonl"


def read_pairs(
    path: Path,
    label: str,
    make: Callable[[Mapping[str, Any]], _Pair],
    told: Sequence[str] = ("one", "other"),
) -> list[_Pair]:
    """Return the pairs of a file with a JSON object a line, of which ``label`` is the decision.

    Or other cases that are ``told`` by other keys.

    Raises ``CommandError`` for a file that is missing or empty, or holds anything else.
    """
    if not path.is_file():
        keys = ", ".join(f'"{each}"' for each in ("id", "language", "class", label, *told))
        raise CommandError(
            f"There are no labelled pairs at {path}; name a file with --pairs. Each of its lines is"
            f" {{{keys}}}."
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


def pair_json(pair: ShownPair) -> dict[str, JsonValue]:
    """Return a pair as ``--json`` prints it."""
    return {"id": pair.number, "class": pair.group, "one": pair.one, "other": pair.other}


def tell_pairs(title: str, pairs: Iterable[ShownPair]) -> None:
    """Print pairs, a line each."""
    for each in pairs:
        typer.echo(f"{title} ({each.group}): {each.one} | {each.other}")


def share(value: float | None) -> str:
    """Return a share as a table shows it."""
    return "-" if value is None else f"{value:.3f}"
