"""Every published defect has a test that exists (docs/defects.md)."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = (TESTS.parent / "docs" / "defects.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
_DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
COUNTS = {"A-MEM": 16, "Think-in-Memory": 8, "MemoryBank": 14, "All such systems": 15}


def sections() -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    for section in TABLE.split("\n## ")[1:]:
        yield section.partition(":")[0], _ROW.findall(section)


@cache
def defined_in(path: str) -> frozenset[str]:
    return frozenset(_DEFINED.findall((TESTS / path).read_text(encoding="utf-8")))


def test_no_defect_of_the_lists_is_left_out() -> None:
    found = {name: [int(no) for no, _, _ in rows] for name, rows in sections()}
    assert found == {name: list(range(1, count + 1)) for name, count in COUNTS.items()}


def test_every_test_that_is_named_exists() -> None:
    for name, rows in sections():
        for no, _, cell in rows:
            tests = _TEST.findall(cell)
            assert tests, (name, no)
            for path, test in tests:
                assert test in defined_in(path), f"{name} {no}: {path}::{test}"
