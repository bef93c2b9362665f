"""Install the built wheels into an empty folder and import everything from there.

A file that was forgotten in the package data shows here, and nowhere else before a release.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REQUIRED = (
    "memsvc/py.typed",
    "memsvc/cli/labelled/duplicates.jsonl",
    "gpu_index/py.typed",
    "memsvc_client/py.typed",
    "migrations/env.py",
    "migrations/script.py.mako",
    "migrations/versions/0001_first_schema.py",
)
IMPORTS = "import memsvc.bootstrap, memsvc.cli.main, gpu_index, memsvc_client, migrations"


def main(folder: Path) -> None:
    """Check every wheel in ``folder``."""
    wheels = sorted(folder.glob("*.whl"))
    if len(wheels) != 2:
        sys.exit(f"expected two wheels, found {[wheel.name for wheel in wheels]}")
    with tempfile.TemporaryDirectory() as target:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(target)
        missing = [name for name in REQUIRED if not (Path(target) / name).is_file()]
        if missing:
            sys.exit(f"the wheels lack {missing}")
        check = f"{IMPORTS}; assert memsvc.bootstrap.__file__.startswith({target!r})"
        subprocess.run([sys.executable, "-c", check], cwd=target, check=True)
    print("wheels are complete:", ", ".join(wheel.name for wheel in wheels))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
