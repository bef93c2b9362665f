"""Starts processes that recall and write as an API process does, to be killed at any point.

Arguments: database URL, folder, and the URL of an index server if it is to hold the vectors.
Everything is imported once, then each line, the number of a round, forks one. Prints its process
id, and its end. A process checks what the ones before it have acknowledged, compares all that it
holds with PostgreSQL, writes the file ``ready``, and goes on writing.
"""

import asyncio
import json
import os
import random
import sys
import time
import traceback
from pathlib import Path

import faiss  # noqa: F401 — once for all, not in each fork

from memsvc.bootstrap import Application, build_application
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.languages import recognise_language
from memsvc.domain.memory import BankScope
from memsvc.errors import IndexUnavailableError
from memsvc.memory_index.bank_contents import BankContents
from memsvc.memory_index.replicas import BankReplicas
from memsvc.memory_index.snapshot_folder import SnapshotFolder
from memsvc.services.commands import BankReference, Caller, NewMemory
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.settings import DatabaseSettings, IndexSettings, Settings
from memsvc.store.engine import Engine, connected, normalise_url
from memsvc.store.feed import StoreFeed
from memsvc.store.roles import DEFAULT_TENANT
from tests.e2e.journal import Journal
from tests.e2e.nurseries import PATIENCE_S
from tests.fixtures.embedder import HashingEmbedder

BANK = BankReference(value="bank", create=True)
CALLER = Caller(tenant_id=DEFAULT_TENANT, actor="test")
WRITERS = 3
OLDER_CHECKED = 10


class ApiProcess:
    """The use cases of one process over one folder of snapshots."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._embedder = HashingEmbedder()
        server_url = next(iter(sys.argv[3:]), None)
        self._settings = Settings(
            data_dir=folder,
            index=IndexSettings(
                backend="faiss_cpu" if server_url is None else "server",
                server_url=server_url,
                snapshot_min_memories=1,
                snapshot_after_changes=2,
            ),
        )
        self._engine = engine
        self._folder = folder
        self._journal = Journal(folder / "journal")
        self._ids: dict[str, MemoryId] = {}
        url = normalise_url(sys.argv[1])
        self._application: Application = build_application(
            self._settings, url, engine, Embedders(default=self._embedder)
        )

    async def check(self, chance: random.Random) -> int:
        """Compare recall and the resumed copy with what is right; return how many resumed."""
        scope = (await self._application.banks.get(CALLER, BANK)).scope
        # Copies of a process that asks an index server hold words alone.
        has_server = self._settings.index.backend == "server"
        resumed = 0 if has_server else await self._compare_copies(scope)
        await self._verify()
        state = self._journal.read()
        older = chance.sample(sorted(state.older), min(OLDER_CHECKED, len(state.older)))
        for slot in [*state.recent, *older]:
            texts = await self._recalled(state.asked_of(slot))
            assert not state.forbidden & texts, state.forbidden & texts
            assert state.expected_of(slot) <= texts, (slot, state.lines_of(slot), texts)
        self._journal.checked()
        return resumed

    async def write(self, number: int) -> None:
        """Add, rewrite and archive memories, and recall, until killed."""
        await asyncio.gather(*(self._write(f"r{number}w{no}") for no in range(WRITERS)))

    async def _compare_copies(self, scope: BankScope) -> int:
        feed = StoreFeed(self._engine, reload_after_changes=50_000)
        folder = SnapshotFolder(self._folder / "index", 1 << 30)
        model, settings = self._embedder.model.id, self._settings.index
        resumed = BankReplicas(feed, settings, model_id=model, folder=folder)
        fresh = BankReplicas(feed, settings, model_id=model)
        found, right = [await each.contents(scope) for each in (resumed, fresh)]
        assert _vectors(found) == _vectors(right)
        assert len(found) == len(right)
        return resumed.stats().resumptions

    async def _verify(self) -> None:
        """Compare what is held, by an index server too; that may have to come back first."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                found = await self._application.index_upkeep.verify(CALLER, BANK)
            except IndexUnavailableError:
                assert time.monotonic() < until, "the index server did not come back"
                await asyncio.sleep(0.02)
            else:
                assert not found.outcome.mismatches, found.outcome.mismatches
                return

    async def _recalled(self, text: str) -> set[str]:
        answer = await self._application.recall(CALLER, BANK, RecallQuery(text=text, k=5))
        return {hit.memory.text for hit in answer.hits}

    async def _write(self, name: str) -> None:
        chance = random.Random(name)
        number = 0
        while True:
            number += 1
            slot = f"{name}n{number}"
            await self._put(slot, 1)
            if chance.random() < 0.4:
                await self._put(slot, 2)
            if chance.random() < 0.3:
                await self._archive(slot)
            await self._recalled(f"memory {slot}")

    async def _put(self, slot: str, version: int) -> None:
        with self._journal.step(slot, str(version)) as text:
            item = NewMemory(text=text, external_id=slot)
            written = await self._application.remember.items(CALLER, BANK, [item])
        self._ids[slot] = written.value.memories[0].id

    async def _archive(self, slot: str) -> None:
        with self._journal.step(slot, "gone"):
            await self._application.memories.archive(CALLER, BANK, self._ids[slot])


def _vectors(contents: BankContents) -> dict[int, str]:
    """Return which memory each vector is of; a version's vectors have ids of their own."""
    if contents.vectors is None:
        return {}
    ids, keys = contents.vectors.owners()
    return dict(zip(map(int, ids), map(str, keys), strict=True))


async def _live(folder: Path, number: int) -> None:
    url = normalise_url(sys.argv[1])
    async with connected(url, DatabaseSettings(pool_size=WRITERS + 1)) as engine:
        process = ApiProcess(engine, folder)
        resumed = await process.check(random.Random(number))
        _tell(folder / "ready", json.dumps({"resumed": resumed}))
        await process.write(number)


def _fork(folder: Path, number: int) -> int:
    if (child := os.fork()) == 0:
        os.dup2(2, 1)  # what it logs is no answer
        try:
            asyncio.run(_live(folder, number))
        except Exception:  # noqa: BLE001 — whatever it is, the test shows it
            _tell(folder / "failure", traceback.format_exc())
        os._exit(1)
    return child


def _tell(file: Path, text: str) -> None:
    """Write a file that is there as a whole or not at all."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Fork a process for each line read, after the last one is gone."""
    recognise_language("The model behind this is loaded once for all forks, not in each of them.")
    for line in sys.stdin:
        child = _fork(Path(sys.argv[2]), int(line))
        _answer(child)
        _, status = os.waitpid(child, 0)
        _answer(status)


if __name__ == "__main__":
    main()
