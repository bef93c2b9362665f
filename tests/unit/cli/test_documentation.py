"""`docs/cli.md` lists every command, in the words of its help."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from memsvc.cli.main import app

DOCUMENT = Path(__file__).parents[3] / "docs" / "cli.md"


def test_every_command_is_in_the_table_in_the_words_of_its_help() -> None:
    rows = [f"| `{name}` | {told} |" for name, told in commands(get_command(app))]
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()

    begin = lines.index("| command | what it does |") + 2
    assert lines[begin : lines.index("", begin)] == rows, "write these rows there:\n" + "\n".join(
        rows
    )


def commands(group: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Name each command of a group, with the first line of its help, in the order of the help."""
    for word, command in group.commands.items():
        whole = f"{name} {word}".strip()
        if hasattr(command, "commands"):
            yield from commands(command, whole)
        else:
            yield whole, (command.help or "").splitlines()[0]
