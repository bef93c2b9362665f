"""Importing any module touches no file of the user's, no socket and no environment variable."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Runs in a fresh interpreter: an audit hook sees what no patch could.
PROBE = """
import importlib, os, pkgutil, sys

package, exempt = sys.argv[1], set(sys.argv[2:])
allowed = tuple(os.path.realpath(each) for each in {*sys.path, sys.prefix, sys.base_prefix} if each)
touched = []

def is_code(path):
    # What the interpreter itself reads to import: modules, packages and their data.
    return os.path.realpath(path).startswith((*allowed, "/proc", "/sys", "/dev"))

def watch(event, arguments):
    if event.startswith(("socket.connect", "socket.bind", "subprocess", "os.mkdir", "os.remove",
                         "os.rename", "os.chmod", "os.putenv")):
        touched.append((event, str(arguments[:1])))
    elif event == "open" and isinstance(arguments[0], (str, bytes)):
        path, mode = os.fsdecode(arguments[0]), arguments[1] or ""
        if set(mode) & set("wax+") and not path.endswith(".pyc") and ".pyc." not in path:
            touched.append((event, path))
        elif not is_code(path) and os.path.exists(path) and not path.startswith("/etc/"):
            touched.append((event, path))

reads = []
class Watched(type(os.environ)):
    def __getitem__(self, key):
        frame = sys._getframe(1)
        while frame and not frame.f_globals.get("__name__", "").startswith(package):
            if frame.f_globals.get("__name__", "").partition(".")[0] not in ("os", "posix",
                    "collections", "_collections_abc"):
                break
            frame = frame.f_back
        if frame and frame.f_globals.get("__name__", "").startswith(package):
            reads.append(key)
        return super().__getitem__(key)
os.environ.__class__ = Watched

sys.addaudithook(watch)
root = importlib.import_module(package)
for module in pkgutil.walk_packages(root.__path__, package + "."):
    if module.name not in exempt and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
assert not touched, touched
assert not reads, reads
"""


@pytest.mark.parametrize(
    ("package", "exempt"),
    [
        ("memsvc", []),
        # FAISS's own loader looks at the processor and the environment.
        ("gpu_index", ["gpu_index.backends.faiss_cpu"]),
        ("memsvc_client", []),
    ],
)
def test_importing_touches_nothing(package: str, exempt: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", PROBE, package, *exempt],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'clients/python'}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.mark.parametrize("heavy", ["litellm", "torch", "onnx", "faiss", "onnxruntime"])
def test_importing_memsvc_loads_nothing_heavy(heavy: str) -> None:
    code = f"import sys, memsvc, memsvc.settings, memsvc.errors; sys.exit({heavy!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
