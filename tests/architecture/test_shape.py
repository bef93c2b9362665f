"""The shape of the code: small modules, small classes, no junk drawers."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("memsvc", "gpu_index", "clients/python/memsvc_client", "bench")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TEST_MODULES = sorted((ROOT / "tests").rglob("*.py"))
JUNK_DRAWERS = {"utils", "util", "helpers", "common", "misc", "manager", "base", "core"}
CURATED = {
    ROOT / "gpu_index/__init__.py",
    ROOT / "clients/python/memsvc_client/__init__.py",
    ROOT / "memsvc/store/tables/__init__.py",
}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_modules_have_at_most_400_lines() -> None:
    assert {name_of(path): lines(path) for path in MODULES if lines(path) > 400} == {}


def test_test_modules_have_at_most_500_lines() -> None:
    assert {name_of(path): lines(path) for path in TEST_MODULES if lines(path) > 500} == {}


def test_classes_have_at_most_250_lines() -> None:
    found = {
        f"{name_of(path)}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    assert {name: size for name, size in found.items() if size > 250} == {}


def test_no_module_is_a_junk_drawer() -> None:
    assert [name_of(path) for path in MODULES if path.stem in JUNK_DRAWERS] == []


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name == "__init__.py"], ids=name_of
)
def test_package_files_are_empty_but_for_the_curated_ones(path: Path) -> None:
    assert path in CURATED or not path.read_text(encoding="utf-8").strip()
