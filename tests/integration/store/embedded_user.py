"""A process that uses the embedded server, told what to do line by line on its stdin."""

import sys
from collections.abc import Callable
from pathlib import Path

import psycopg

from memsvc.store.embedded.supervisor import EmbeddedPostgres


def main(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    actions: dict[str, Callable[[], object]] = {
        "start": server.start,
        "stop": server.stop,
        "ensure_running": server.ensure_running,
        "select": lambda: _select(server),
    }
    for line in sys.stdin:
        try:
            result: object = actions[line.strip()]()
        except Exception as error:  # noqa: BLE001 - the test asserts on the answer
            result = f"{type(error).__name__}: {error}"
        print(repr(result), flush=True)  # noqa: T201


def _select(server: EmbeddedPostgres) -> str:
    with psycopg.connect(server.conninfo("postgres", "postgres")) as connection:
        row = connection.execute("SELECT current_setting('server_encoding')").fetchone()
        assert row is not None
        return str(row[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
