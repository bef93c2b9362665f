"""The table of pitfalls names tests that exist, and has each that it has to have."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/pitfalls-checked.md"
WANTED = {*range(1, 9), *range(15, 23), 26}
_ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> dict[int, str]:
    """Return the lines of the table by the pitfall's number."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return {int(found[1]): line for line in lines if (found := _ROW.match(line))}


def defined_in(path: Path) -> set[str]:
    """Return the names of a module's tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.walk(tree) if isinstance(node, functions)}


def test_every_pitfall_of_organising_memory_has_a_test() -> None:
    named = {number for number, line in rows().items() if _TEST.search(line)}
    assert named == WANTED


def test_every_test_that_is_named_exists() -> None:
    named = [found for line in rows().values() for found in _TEST.findall(line)]
    assert named
    missing = [f"{path}::{name}" for path, name in named if not (ROOT / path).is_file()]
    missing += [
        f"{path}::{name}"
        for path, name in named
        if (ROOT / path).is_file() and name not in defined_in(ROOT / path)
    ]
    assert missing == []
