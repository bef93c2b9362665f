"""Importing any module touches no file of the user's, no socket and no environment variable."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Runs in a fresh interpreter: an audit hook sees what no patch could. What a library does while it
# is imported is its own affair; what our modules do at their top level is not.
PROBE = """
import importlib, os, pkgutil, sys

package, root, *exempt = sys.argv[1:]
done = []

def is_ours():
    # From the innermost frame outwards: who is the first that is not the standard library?
    frame = sys._getframe(2)
    while frame:
        file = frame.f_code.co_filename
        if "importlib" in file or "site-packages" in file:
            return False
        if file.startswith(root):
            return True
        frame = frame.f_back
    return False

def watch(event, arguments):
    if event == "open" or event.startswith(("socket.", "subprocess.", "os.")):
        if is_ours():
            done.append((event, str(arguments[:1])))

class Watched(type(os.environ)):
    def __getitem__(self, key):
        if is_ours():
            done.append(("environ", key))
        return super().__getitem__(key)

os.environ.__class__ = Watched
sys.addaudithook(watch)
top = importlib.import_module(package)
for module in pkgutil.walk_packages(top.__path__, package + "."):
    if module.name not in exempt and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert not done, done
"""


def probe(package: str, root: Path, *exempt: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE, package, str(root), *exempt],
        cwd=root,
        env={
            "PYTHONPATH": f"{root}:{ROOT}:{ROOT / 'clients/python'}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("package", ["memsvc", "gpu_index", "memsvc_client"])
def test_importing_any_module_touches_nothing(package: str) -> None:
    result = probe(package, ROOT)
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.environ['PATH']",
        "import os; os.environ.get('PATH')",
        "open('/etc/hostname').close()",
        "import pathlib; pathlib.Path('made').mkdir()",
        "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "import subprocess; subprocess.run(['true'])",
    ],
)
def test_a_module_that_does_touch_something_is_caught(tmp_path: Path, line: str) -> None:
    (tmp_path / "culprit").mkdir()
    (tmp_path / "culprit" / "__init__.py").write_text("")
    (tmp_path / "culprit" / "module.py").write_text(line)

    assert "AssertionError: [(" in probe("culprit", tmp_path).stderr


@pytest.mark.parametrize("heavy", ["litellm", "torch", "onnx", "faiss", "onnxruntime"])
def test_importing_memsvc_loads_nothing_heavy(heavy: str) -> None:
    code = f"import sys, memsvc, memsvc.settings, memsvc.errors; sys.exit({heavy!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
