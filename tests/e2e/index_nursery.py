"""Starts index processes quickly: everything is imported once, then each line forks one.

Arguments: database URL, URL of the index role, folder. Prints the process id of each.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from pydantic import SecretStr

from memsvc.cli import index_serving
from memsvc.settings import IndexSettings, Settings


def _serve(folder: Path) -> None:
    settings = Settings(
        database_url=SecretStr(sys.argv[1]),
        index=IndexSettings(
            serve_backend="exact",
            serve_address=f"unix://{folder}/index.sock",
            serve_database_url=SecretStr(sys.argv[2]),
            snapshot_folder=folder / "snapshots",
            save_every_s=0.02,
            poll_s=0.005,
            poll_listening_s=0.005,
        ),
    )
    options = index_serving.IndexServeOptions(
        ready_file=folder / "ready", status_file=folder / "status"
    )
    asyncio.run(index_serving.serve_index_until_signalled(settings, options))


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Fork a server for each line read, after the last one is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for _ in sys.stdin:
        if (child := os.fork()) == 0:
            os.dup2(2, 1)  # what it logs is no answer
            _serve(Path(sys.argv[3]))
            os._exit(0)
        _answer(child)
        _, status = os.waitpid(child, 0)
        _answer(status)


if __name__ == "__main__":
    main()
