"""The package stands alone: NumPy is all it needs, and importing it does nothing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run(program: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_search_works_where_only_numpy_can_be_imported() -> None:
    printed = run("""
import sys
for name in ("faiss", "memsvc", "memsvc_client", "pydantic", "scipy"):
    sys.modules[name] = None
import numpy as np
import gpu_index
index = gpu_index.open_index("exact", 2)
index.add(1, np.array([5, 6]), np.eye(2, dtype=np.float32))
print(index.search(np.eye(2, dtype=np.float32), 1, np.array([1, 1])).ids.tolist())
print(gpu_index.available()["faiss_cpu"].usable)
try:
    gpu_index.open_index("faiss_cpu", 2)
except gpu_index.BackendUnavailableError as error:
    print(error.code)
""")
    assert printed.splitlines() == ["[[5], [6]]", "False", "backend_unavailable"]


def test_import_loads_no_backend() -> None:
    printed = run("""
import sys
import gpu_index
print([name for name in sys.modules if "faiss" in name or name.startswith("gpu_index.backends")])
""")
    assert printed.strip() == "[]"


def test_import_touches_no_file_socket_or_environment_variable() -> None:
    run("""
import os
import sys
import numpy  # its own import is not under test

class Forbidden(dict):
    def refuse(self, *arguments):
        raise AssertionError("the environment was read")
    __getitem__ = get = __contains__ = refuse

def audit(event, arguments):
    code = event == "open" and str(arguments[0]).endswith((".py", ".pyc"))
    if event.startswith(("open", "socket.", "subprocess.", "os.putenv", "os.mkdir")) and not code:
        raise AssertionError((event, arguments))

sys.dont_write_bytecode = True
os.environ = Forbidden()
os.getenv = Forbidden().get
sys.addaudithook(audit)
import gpu_index
from gpu_index.backends import exact
""")


def test_public_names_exist() -> None:
    run("""
import gpu_index
assert all(hasattr(gpu_index, name) for name in gpu_index.__all__)
assert gpu_index.__all__ == sorted(gpu_index.__all__)
""")
